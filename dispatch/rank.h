// How many of a few ascending numbers lie below an address: the step that the
// searches of this folder are made of. No branch depends on the address.
//
//   up to 7    one compare each, all at once
//   15, 31     every fourth first, then the three between two of them: 6 or 10
//              compares, and one load more to wait for
//
// COST  A compare is an addition with carry, of which some cores do one each
//   cycle. So a row of 15 takes as long as two steps of 3 and 3, of which the
//   second waits for the first, and keeps the core from other work.
//   docs/DESIGN.md, "Rejected, with numbers".

#ifndef PLANISH_DISPATCH_RANK_H_
#define PLANISH_DISPATCH_RANK_H_

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/base/attributes.h"

namespace planish::internal {

// Of lasts[kStride - 1], lasts[2 * kStride - 1] and so on. Written out, as a
// loop would not be unrolled at -O2.
template <size_t kStride, size_t... kIndex>
ABSL_ATTRIBUTE_ALWAYS_INLINE inline uint64_t CountBelow(
    const uint64_t* lasts, uint64_t a, std::index_sequence<kIndex...>) {
  return (static_cast<uint64_t>(lasts[(kIndex + 1) * kStride - 1] < a) + ...);
}

// Of the first `kLasts` of `lasts`, which ascend.
template <size_t kLasts>
ABSL_ATTRIBUTE_ALWAYS_INLINE inline uint64_t RankIn(const uint64_t* lasts,
                                                    uint64_t a) {
  constexpr size_t kStep = 4;
  if constexpr (kLasts > 2 * kStep) {
    static_assert(kLasts % kStep == kStep - 1);
    const uint64_t rank =
        kStep *
        CountBelow<kStep>(lasts, a, std::make_index_sequence<kLasts / kStep>());
    return rank + RankIn<kStep - 1>(lasts + rank, a);
  } else {
    return CountBelow<1>(lasts, a, std::make_index_sequence<kLasts>());
  }
}

}  // namespace planish::internal

#endif  // PLANISH_DISPATCH_RANK_H_
