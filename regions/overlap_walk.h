// OverlapWalk: which children of a container reach into an interval of it, the
// one that wins first (R2.2, R2.3). Lazy: who has seen enough stops, and what
// lies under that costs nothing.
//
//   OverlapWalk walk(bus, interval);
//   while (const Region* child = walk.Next()) { ... }
//
// Disabled children and those of no bytes are left out. A child lies at
// [addr, addr + size - 1] of its container, cut off at 2^64-1; it may hang over
// the container's end, which is not looked at here.
//
// THREAD SAFETY  As Region's getters.
// LIFETIME  An edit of the container's children ends it.

#ifndef PLANISH_REGIONS_OVERLAP_WALK_H_
#define PLANISH_REGIONS_OVERLAP_WALK_H_

#include <cstddef>

#include "planish/base/addr.h"
#include "planish/regions/region.h"

namespace planish {

class OverlapWalk {
 public:
  // `interval` is in the container's own coordinates: 0 is where it begins.
  OverlapWalk(const Region& container, AddrRange interval)
      : container_(container),
        interval_(interval),
        left_(container.children().size()) {}
  OverlapWalk(const OverlapWalk&) = delete;
  OverlapWalk& operator=(const OverlapWalk&) = delete;

  // Null: there are no more.
  const Region* Next() {
    while (left_ > 0) {
      const Region* child = container_.children()[--left_];
      if (!child->enabled() || child->size().IsZero()) continue;
      if (child->addr() > interval_.last) continue;
      const Int128 last =
          Int128{child->addr().raw()} + child->size().LastOffset();
      if (last >= interval_.first.raw()) return child;
    }
    return nullptr;
  }

 private:
  const Region& container_;
  const AddrRange interval_;
  size_t left_;
};

}  // namespace planish

#endif  // PLANISH_REGIONS_OVERLAP_WALK_H_
