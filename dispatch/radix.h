// The radix form of a table: a wide root whose slots are cache lines.
//
//   Level       base, shift: slot = min(sat_sub(a, base), window) >> shift
//                 |
//   directory   [ 0 | 1 | 2 | ... ]     4 bytes for each chunk of 64 slots;
//                 |                     two such levels above 2^17 slots; none
//                 |                     up to 128
//   chunk       [s0][s1] ... [s63]      64 slots, a line each, all buckets or
//                     |                 all ranked (slots.h); the slots of a
//                     |                 long run share one chunk
//   run         {payload, last}
//
// A slot keeps where its runs begin as 32-bit numbers, in units of 2^unit
// bytes: 1 up to slots of 4 GiB, so that nothing is lost; above, boundaries
// must be multiples of the unit. Runs that are not, or too many for a slot, get
// a Level of their own: its line is named by a node in place of a payload. So
// it goes on, down to single bytes.
//
// A level's base is at most one slot under its first boundary, and the window
// reaches beyond its last one. So clamping needs no test: what is below falls
// to the first run of slot 0, what is above to the last run of the last slot,
// and no address is special, 2^64-1 neither.
//
// INVARIANTS  D1 to D3 of dispatch_table.h.
// THREAD SAFETY  Immutable once built.
// COST  Find: a load for each directory, then one of the slot's line, then one
//   in it (bucket) or of the terminal (ranked). No branch, save for nodes.
// SOURCES  docs/DESIGN.md, "The node".

#ifndef PLANISH_DISPATCH_RADIX_H_
#define PLANISH_DISPATCH_RADIX_H_

#include <algorithm>
#include <cstdint>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "absl/types/span.h"
#include "planish/dispatch/line_arena.h"
#include "planish/dispatch/slots.h"
#include "planish/dispatch/terminal.h"

namespace planish::internal {

struct Level {
  static constexpr int kChunkBits = 6;
  static constexpr int kMiddleBits = 8;  // Directory entries in a middle node.

  uint64_t base;
  uint64_t window;    // Addresses beyond base + window are clamped to it.
  uint32_t sub_mask;  // Of an address in units: its place in its slot.
  uint32_t root;      // The first line of what the slot number indexes.
  uint8_t unit;
  uint8_t slot_bits;  // shift == unit + slot_bits
  uint8_t depth;      // Of directories: 0 to 2.
  bool ranked;        // What slots are.

  int shift() const { return unit + slot_bits; }
};
static_assert(sizeof(Level) <= sizeof(Line));

// `a` as the level sees it: how far behind its base, clamped to its window.
ABSL_ATTRIBUTE_ALWAYS_INLINE inline uint64_t ClampTo(const Level& level,
                                                     uint64_t a) {
  return std::min(std::max(a, level.base) - level.base, level.window);
}

// The line of a slot. `kDepth` is level.depth.
template <int kDepth>
ABSL_ATTRIBUTE_ALWAYS_INLINE inline const Line* SlotOf(const Line* lines,
                                                       const Level& level,
                                                       uint64_t slot) {
  constexpr uint64_t kChunkMask = (uint64_t{1} << Level::kChunkBits) - 1;
  const Line* line = lines + level.root;
  if constexpr (kDepth == 2) {
    const auto* top = reinterpret_cast<const uint32_t*>(line);
    line = lines + top[slot >> (Level::kChunkBits + Level::kMiddleBits)];
    const auto* middle = reinterpret_cast<const uint32_t*>(line);
    constexpr uint64_t kMiddleMask = (uint64_t{1} << Level::kMiddleBits) - 1;
    line = lines + middle[slot >> Level::kChunkBits & kMiddleMask];
    slot &= kChunkMask;
  } else if constexpr (kDepth == 1) {
    const auto* top = reinterpret_cast<const uint32_t*>(line);
    line = lines + top[slot >> Level::kChunkBits];
    slot &= kChunkMask;
  }
  return line + slot;
}

// Goes on at a node, the line of a Level.
Terminal FindDeep(const Line* lines, uint32_t where, uint64_t a);

// The run that holds `a`, which is `units` in `level`, given its slot.
// `kRanked` is level.ranked.
template <bool kRanked>
ABSL_ATTRIBUTE_ALWAYS_INLINE inline Terminal FindInSlot(const Line* lines,
                                                        const Level& level,
                                                        const Line* slot,
                                                        uint64_t units,
                                                        uint64_t a) {
  const uint32_t sub = static_cast<uint32_t>(units) & level.sub_mask;
  if constexpr (kRanked) {
    const auto& ranked = *reinterpret_cast<const Ranked*>(slot);
    const uint32_t at = ranked.first + RankIn(ranked, sub);
    const Terminal found = reinterpret_cast<const Terminal*>(lines)[at];
    if (ABSL_PREDICT_TRUE(!found.payload.is_node())) return found;
    return FindDeep(lines, found.payload.where(), a);
  } else {
    const auto& bucket = *reinterpret_cast<const Bucket*>(slot);
    const uint32_t rank = RankIn(bucket, sub);
    const Payload payload = bucket.payloads[rank];
    if (ABSL_PREDICT_FALSE(payload.is_node())) {
      return FindDeep(lines, payload.where(), a);
    }
    const uint64_t slot_base = units & ~uint64_t{level.sub_mask};
    const uint64_t next = bucket.starts[rank & (Bucket::kRuns - 2)];
    const uint64_t inside = level.base + ((slot_base | next) << level.unit) - 1;
    return {payload, rank == Bucket::kRuns - 1 ? bucket.last : inside};
  }
}

// REQUIRES: level.depth == kDepth, level.ranked == kRanked.
template <int kDepth, bool kRanked>
ABSL_ATTRIBUTE_ALWAYS_INLINE inline Terminal FindInLevel(const Line* lines,
                                                         const Level& level,
                                                         uint64_t a) {
  const uint64_t units = ClampTo(level, a) >> level.unit;
  const Line* slot = SlotOf<kDepth>(lines, level, units >> level.slot_bits);
  return FindInSlot<kRanked>(lines, level, slot, units, a);
}

// What a level would be like.
struct RadixPlan {
  int shift = 0;
  bool ranked = false;
  uint64_t slots = 0;
  // Runs that are no holes, and how many of them lie below a node.
  uint64_t targets = 0;
  uint64_t crowded = 0;

  double crowding() const {
    return targets == 0
               ? 0
               : static_cast<double>(crowded) / static_cast<double>(targets);
  }
};
// The best level for `runs`. REQUIRES: at least two.
RadixPlan PlanRadix(absl::Span<const Terminal> runs);

// Appends that level to `arena`.
Level BuildRadix(absl::Span<const Terminal> runs, const RadixPlan& plan,
                 LineArena& arena);

}  // namespace planish::internal

#endif  // PLANISH_DISPATCH_RADIX_H_
