// The radix form of a table: a wide root whose slots are cache lines.
//
//   Level       base, shift: slot = min(sat_sub(a, base), window) >> shift
//                 |
//   directory   [ 0 | 1 | 2 | ... ]     2 bytes for each chunk of 32 slots, the
//                 |                     chunk's number; none up to 128 slots;
//                 |                     above 2^17, two such levels, with lines
//   chunk       [s0][s1] ... [s31]      32 slots, a line each, all buckets or
//                 |   |                 all ranked (slots.h); the slots of a
//                 |   |                 long run share one chunk
//   run         {payload, last}
//                     |
//   tree              node              where a slot is crowded (tree.h)
//
// A slot keeps where its runs begin as 32-bit numbers, in units of 2^unit
// bytes: 1 up to slots of 4 GiB, so that nothing is lost; above, boundaries
// must be multiples of the unit. Runs that are not, or too many for a slot, are
// in a tree of their own, which a node in place of a payload names.
//
// When a table is built, its base is at most one slot under its first boundary,
// and the window reaches beyond its last one. So clamping needs no test: what
// is below falls to the first run of slot 0, what is above to the last run of
// the last slot, and no address is special, 2^64-1 neither. Boundaries that
// come later and lie outside are in the trees of the first and the last slot.
//
// INVARIANTS  D1 to D3 of dispatch_table.h.
// THREAD SAFETY  Immutable once shown.
// COST  Find: a load for each directory, then one of the slot's line, then one
//   in it (bucket) or of the terminal (ranked). No branch, save for nodes.
// SOURCES  docs/DESIGN.md, "The node".

#ifndef PLANISH_DISPATCH_RADIX_H_
#define PLANISH_DISPATCH_RADIX_H_

#include <algorithm>
#include <cstdint>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "planish/dispatch/line_arena.h"
#include "planish/dispatch/slot_grid.h"
#include "planish/dispatch/slots.h"
#include "planish/dispatch/terminal.h"
#include "planish/dispatch/tree.h"

namespace planish::internal {

struct Level {
  static constexpr int kChunkBits = 5;
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
  SlotGrid grid() const { return {base, window, shift()}; }
};
static_assert(uint32_t{1} << Level::kChunkBits == LineArena::kChunkLines);

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
    const auto* top = reinterpret_cast<const uint16_t*>(line);
    line =
        lines + (uint64_t{top[slot >> Level::kChunkBits]} << Level::kChunkBits);
    slot &= kChunkMask;
  }
  return line + slot;
}

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
    return FindBelow(lines, found.payload, a);
  } else {
    const auto& bucket = *reinterpret_cast<const Bucket*>(slot);
    const uint32_t rank = RankIn(bucket, sub);
    const Payload payload = bucket.payloads[rank];
    if (ABSL_PREDICT_FALSE(payload.is_node())) {
      return FindBelow(lines, payload, a);
    }
    const uint64_t slot_base = units & ~uint64_t{level.sub_mask};
    const uint64_t next = bucket.starts[rank & (Bucket::kRuns - 2)];
    const uint64_t inside = level.base + ((slot_base | next) << level.unit) - 1;
    // A mask and not a choice, of which a compiler may make a branch.
    const uint64_t is_final = uint64_t{0} - rank / (Bucket::kRuns - 1);
    return {payload, inside ^ ((inside ^ bucket.last) & is_final)};
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

}  // namespace planish::internal

#endif  // PLANISH_DISPATCH_RADIX_H_
