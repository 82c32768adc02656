// The radix form of a table: a wide root whose slots are cache lines that
// answer by themselves.
//
//   Level       base, shift: slot = min(sat_sub(a, base), window) >> shift
//                 |
//   directory   [ 0 | 1 | 2 | ... ]     4 bytes for each chunk of 64 slots;
//                 |                     two such levels above 2^17 slots
//   chunk       [b0][b1] ... [b63]      64 buckets, a line each; the slots of
//                     |                 a long run share one chunk
//   bucket      | start 1..4 | payload 0..4 | last |
//
// A bucket holds up to five runs. start[i] is where run i begins, as a 32-bit
// number within its slot, in units of 2^unit bytes: 1 up to slots of 4 GiB, so
// that nothing is lost; above, the boundaries must be multiples of the unit, or
// the slot gets a level of its own. Fewer runs stand at the end, behind starts
// of 0. `last` is where the final run ends, wherever that is. The answer is
//
//   r = the number of starts that are <= sub
//
// payload[r], with no branch. Six to 25 runs in a slot: a bucket whose
// payloads are nodes, each a bucket in the same coordinates. More: a node that
// is a Level of its own, down to single bytes.
//
// A level's base is one slot under its first boundary or less, and the window
// reaches beyond its last boundary. So clamping needs no test: what is below
// falls to the first run of slot 0, what is above to the last run of the last
// slot, and no address is special, 2^64-1 neither.
//
// INVARIANTS  D1 to D3 of dispatch_table.h.
// THREAD SAFETY  Immutable once built.
// COST  Find: for a bucket without nodes two loads on the way to the line (one
//   of them in the table object), one in it for the payload.
// SOURCES  docs/DESIGN.md, "The node".

#ifndef PLANISH_DISPATCH_RADIX_H_
#define PLANISH_DISPATCH_RADIX_H_

#include <algorithm>
#include <cstdint>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "absl/types/span.h"
#include "planish/dispatch/line_arena.h"
#include "planish/dispatch/terminal.h"

namespace planish::internal {

struct Bucket {
  static constexpr int kRuns = 5;

  uint32_t starts[kRuns - 1];  // Of runs 1 to 4.
  Payload payloads[kRuns];
  uint64_t last;
};
static_assert(sizeof(Bucket) == sizeof(Line));

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

  int shift() const { return unit + slot_bits; }
};
static_assert(sizeof(Level) <= sizeof(Line));

// The run of `bucket` that holds `sub`.
inline uint32_t RankIn(const Bucket& bucket, uint32_t sub) {
  return static_cast<uint32_t>(bucket.starts[0] <= sub) +
         static_cast<uint32_t>(bucket.starts[1] <= sub) +
         static_cast<uint32_t>(bucket.starts[2] <= sub) +
         static_cast<uint32_t>(bucket.starts[3] <= sub);
}

// `a` as the level sees it: how far behind its base, clamped to its window.
inline uint64_t ClampTo(const Level& level, uint64_t a) {
  const uint64_t above = a > level.base ? a - level.base : 0;
  return std::min(above, level.window);
}

// The bucket of a slot. `kDepth` is level.depth.
template <int kDepth>
inline const Bucket* BucketOf(const Line* lines, const Level& level,
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
  return reinterpret_cast<const Bucket*>(line + slot);
}

// Goes on at a deep node, a Level.
Terminal FindDeep(const Line* lines, uint32_t where, uint64_t a);

// The run that holds `a`, which is `units` in `level`, from its slot's bucket
// on.
ABSL_ATTRIBUTE_ALWAYS_INLINE inline Terminal FindIn(const Line* lines,
                                                    const Level& level,
                                                    const Bucket* bucket,
                                                    uint64_t units,
                                                    uint64_t a) {
  const uint32_t sub = static_cast<uint32_t>(units) & level.sub_mask;
  while (true) {
    const uint32_t rank = RankIn(*bucket, sub);
    const Payload payload = bucket->payloads[rank];
    if (ABSL_PREDICT_TRUE(!payload.is_node())) {
      const uint64_t slot_base = units & ~uint64_t{level.sub_mask};
      const uint64_t next = bucket->starts[rank & 3];
      const uint64_t inside =
          level.base + ((slot_base | next) << level.unit) - 1;
      return {payload, rank == Bucket::kRuns - 1 ? bucket->last : inside};
    }
    if (payload.is_deep()) return FindDeep(lines, payload.where(), a);
    bucket = reinterpret_cast<const Bucket*>(lines + payload.where());
  }
}

// REQUIRES: level.depth == kDepth.
template <int kDepth>
ABSL_ATTRIBUTE_ALWAYS_INLINE inline Terminal FindInLevel(const Line* lines,
                                                         const Level& level,
                                                         uint64_t a) {
  const uint64_t units = ClampTo(level, a) >> level.unit;
  const Bucket* bucket =
      BucketOf<kDepth>(lines, level, units >> level.slot_bits);
  return FindIn(lines, level, bucket, units, a);
}

// What a level of `runs` would be like, for the choice of a form.
struct RadixPlan {
  int shift = 0;
  uint64_t slots = 0;
  // Runs that are no holes, and how many of them need more than one bucket.
  uint64_t targets = 0;
  uint64_t crowded = 0;
};
RadixPlan PlanRadix(absl::Span<const Terminal> runs);

// Appends a level for `runs` to `arena`. REQUIRES: at least two runs.
Level BuildRadix(absl::Span<const Terminal> runs, const RadixPlan& plan,
                 LineArena& arena);

}  // namespace planish::internal

#endif  // PLANISH_DISPATCH_RADIX_H_
