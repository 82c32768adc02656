// What a radix slot holds: the two kinds of cache line that part the runs of
// one slot. Both keep starts of runs as 32-bit numbers within the slot, in
// units of the level (radix.h), behind starts of 0 when there are fewer; both
// answer without a branch.
//
//   Bucket   | start 1..4 | payload 0..4 | last |       up to 5 runs
//              the line is the answer: one miss; for maps with a hole or two
//              around each range, spread evenly
//   Ranked   | start 1..15 | first |  -> terminals      up to 16 runs
//              the answer is terminal first + rank, 16 bytes elsewhere; for
//              maps whose ranges differ in size and lie close together
//
// COST  Bucket: 4 compares. Ranked: 15, four at a time (SSE2, a part of x86-64;
//   one at a time elsewhere), and a second load.

#ifndef PLANISH_DISPATCH_SLOTS_H_
#define PLANISH_DISPATCH_SLOTS_H_

#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "absl/base/attributes.h"
#include "planish/dispatch/line_arena.h"
#include "planish/dispatch/terminal.h"

namespace planish::internal {

struct Bucket {
  static constexpr int kRuns = 5;

  uint32_t starts[kRuns - 1];  // Of runs 1 to 4.
  Payload payloads[kRuns];
  uint64_t last;  // Where the final run ends, wherever that is.
};
static_assert(sizeof(Bucket) == sizeof(Line));

// The run of `bucket` that holds `sub`.
ABSL_ATTRIBUTE_ALWAYS_INLINE inline uint32_t RankIn(const Bucket& bucket,
                                                    uint32_t sub) {
  return static_cast<uint32_t>(bucket.starts[0] <= sub) +
         static_cast<uint32_t>(bucket.starts[1] <= sub) +
         static_cast<uint32_t>(bucket.starts[2] <= sub) +
         static_cast<uint32_t>(bucket.starts[3] <= sub);
}

struct Ranked {
  static constexpr int kRuns = 16;
  // Starts are stored with the top bit flipped: SSE2 compares signed numbers.
  static constexpr uint32_t kBias = uint32_t{1} << 31;

  alignas(64) uint32_t starts[kRuns - 1];  // Of runs 1 to 15.
  // Of run 0, in terminals from the arena's beginning, modulo 2^32; it need not
  // exist: the terminals of the runs that do end at first + 15.
  uint32_t first;
};
static_assert(sizeof(Ranked) == sizeof(Line));

// The run of `slot` that holds `sub`.
ABSL_ATTRIBUTE_ALWAYS_INLINE inline uint32_t RankIn(const Ranked& slot,
                                                    uint32_t sub) {
#if defined(__SSE2__)
  const __m128i wanted = _mm_set1_epi32(static_cast<int>(sub ^ Ranked::kBias));
  const auto* lanes = reinterpret_cast<const __m128i*>(&slot);
  const auto above = [&](int i) {
    return _mm_cmpgt_epi32(_mm_load_si128(lanes + i), wanted);
  };
  // Sixteen bytes of all ones or zeros; the last lane was `first`.
  const __m128i all = _mm_packs_epi16(_mm_packs_epi32(above(0), above(1)),
                                      _mm_packs_epi32(above(2), above(3)));
  const int mask = _mm_movemask_epi8(all) | 1 << (Ranked::kRuns - 1);
  return static_cast<uint32_t>(__builtin_ctz(static_cast<unsigned>(mask)));
#else
  uint32_t rank = 0;
  for (const uint32_t start : slot.starts) {
    rank += static_cast<uint32_t>((start ^ Ranked::kBias) <= sub);
  }
  return rank;
#endif
}

}  // namespace planish::internal

#endif  // PLANISH_DISPATCH_SLOTS_H_
