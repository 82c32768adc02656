// SlotGrid: which addresses share a slot of a radix or page root.
//
//    0          base                                 base + window    2^64-1
//    |<---- slot 0 --->|<- slot 1 ->| ... |<--------- final slot -------->|
//                        2^shift bytes
//
// A lookup clamps: what is below the base falls to slot 0, what is above the
// window to the final slot.
//
// THREAD SAFETY  A plain value.

#ifndef PLANISH_DISPATCH_SLOT_GRID_H_
#define PLANISH_DISPATCH_SLOT_GRID_H_

#include <algorithm>
#include <cstdint>

namespace planish::internal {

struct SlotGrid {
  // Of 2^shift bytes each, from `base`, a multiple of that.
  static SlotGrid Make(uint64_t base, int shift, uint64_t slots) {
    return {base, ((slots - 1) << shift) + ((uint64_t{1} << shift) - 1), shift};
  }

  uint64_t base;
  uint64_t window;  // Bytes in all slots, minus 1.
  int shift;        // At most 63.

  uint64_t slots() const { return (window >> shift) + 1; }
  uint64_t SlotOf(uint64_t a) const {
    return std::min(std::max(a, base) - base, window) >> shift;
  }
  // The first and last address of a slot.
  uint64_t First(uint64_t slot) const {
    return slot == 0 ? 0 : base + (slot << shift);
  }
  uint64_t Last(uint64_t slot) const {
    return slot == slots() - 1 ? UINT64_MAX : base + ((slot + 1) << shift) - 1;
  }
  // Whether a search within the slots can tell `a` from the address before.
  bool HasBoundary(uint64_t a) const { return a > base && a - base <= window; }
};

}  // namespace planish::internal

#endif  // PLANISH_DISPATCH_SLOT_GRID_H_
