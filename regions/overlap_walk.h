// OverlapWalk: which children of a container reach into an interval of it, the
// one that wins first (R2.2, R2.3). Lazy: who has seen enough stops, and what
// lies under that costs nothing.
//
//   OverlapWalk walk(bus, interval);
//   while (const Region* child = walk.Next()) { ... }
//
// Disabled children and those of no bytes are left out. A child lies at its
// extent(); it may hang over the container's end, which is not looked at here.
//
// THREAD SAFETY  As Region's getters.
// LIFETIME  An edit of the container's children ends it.
// COST  ChildIndex::Search's. O(n) for all n children once a sixteenth of them
//   has been found, or if the interval is all of the container and so many are
//   enabled: then it looks at each. It allocates nothing unless many children
//   overlap there, or the ends of the interval are where very many meet.

#ifndef PLANISH_REGIONS_OVERLAP_WALK_H_
#define PLANISH_REGIONS_OVERLAP_WALK_H_

#include <cstddef>
#include <optional>

#include "planish/base/addr.h"
#include "planish/regions/child_index.h"
#include "planish/regions/children.h"
#include "planish/regions/region.h"

namespace planish {

class OverlapWalk {
 public:
  // `interval` is in the container's own coordinates: 0 is where it begins.
  OverlapWalk(const Region& container, AddrRange interval)
      : interval_(interval),
        children_(container.children()),
        next_(children_.rbegin()) {
    const ChildIndex* const index = children_.index_.get();
    const bool wants_most = interval.size() >= container.size() &&
                            children_.enabled() * kMany > children_.size();
    if (index != nullptr && !wants_most) search_.emplace(*index, interval);
  }
  OverlapWalk(const OverlapWalk&) = delete;
  OverlapWalk& operator=(const OverlapWalk&) = delete;

  // Null: there are no more.
  const Region* Next() {
    if (search_.has_value()) {
      const Region* const child = search_->Next();
      if (child != nullptr && ++found_ * kMany > children_.size()) {
        next_ = children_.Below(*child);
        search_.reset();
      }
      return child;
    }
    while (next_ != children_.rend()) {
      const Region* const child = *next_++;
      const std::optional<AddrRange> extent = child->extent();
      if (child->enabled() && extent.has_value() &&
          extent->Overlaps(interval_)) {
        return child;
      }
    }
    return nullptr;
  }

  // Nodes of the index looked at so far, for tests of its cost. 0: without it.
  size_t nodes_seen() const { return search_ ? search_->nodes_seen() : 0; }

 private:
  // Of so many children, one that the index finds is worth looking at all.
  static constexpr size_t kMany = 16;

  const AddrRange interval_;
  const Children& children_;
  std::optional<ChildIndex::Search> search_;
  size_t found_ = 0;                       // By the search.
  Children::const_reverse_iterator next_;  // Without one.
};

}  // namespace planish

#endif  // PLANISH_REGIONS_OVERLAP_WALK_H_
