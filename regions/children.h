// Children: the children of one container, twice: in order of precedence, for
// whoever wants them all, and by interval (OverlapWalk). Up to kScan of them
// there is no index, and a walk looks at each.
//
// INVARIANTS (Topology::CheckInvariants())
//   T2  Children ascend by precedence, so the last one wins.
//   T5  The number of enabled children is right.
//   T6  There is an index if there are more than kScan children, and none if
//       there are no more than kScanAgain. It has those that are enabled and
//       have bytes, with their extents and precedence.
// THREAD SAFETY  As Region's getters.
// COST  Edits: O(log n).

#ifndef PLANISH_REGIONS_CHILDREN_H_
#define PLANISH_REGIONS_CHILDREN_H_

#include <cstddef>
#include <iterator>
#include <memory>

#include "absl/container/btree_set.h"
#include "planish/regions/child_index.h"
#include "planish/regions/precedence.h"

namespace planish {

class Region;

class Children {
  // With the key beside it, so that a search does not visit the regions.
  struct Entry {
    Precedence precedence;
    Region* region;

    friend bool operator<(const Entry& a, const Entry& b) {
      return a.precedence < b.precedence;
    }
  };
  using Set = absl::btree_set<Entry>;

 public:
  using value_type = Region*;

  class const_iterator {
   public:
    using iterator_category = std::bidirectional_iterator_tag;
    using value_type = Region*;
    using difference_type = std::ptrdiff_t;
    using pointer = Region* const*;
    using reference = Region* const&;

    const_iterator() = default;

    reference operator*() const { return at_->region; }
    const_iterator& operator++() {
      ++at_;
      return *this;
    }
    const_iterator operator++(int) { return const_iterator(at_++); }
    const_iterator& operator--() {
      --at_;
      return *this;
    }
    const_iterator operator--(int) { return const_iterator(at_--); }
    friend bool operator==(const const_iterator& a, const const_iterator& b) {
      return a.at_ == b.at_;
    }

   private:
    friend class Children;
    explicit const_iterator(Set::const_iterator at) : at_(at) {}
    Set::const_iterator at_;
  };
  using iterator = const_iterator;
  using const_reverse_iterator = std::reverse_iterator<const_iterator>;

  // Ascending precedence: the last one wins.
  const_iterator begin() const { return const_iterator(order_.begin()); }
  const_iterator end() const { return const_iterator(order_.end()); }
  const_reverse_iterator rbegin() const {
    return const_reverse_iterator(end());
  }
  const_reverse_iterator rend() const {
    return const_reverse_iterator(begin());
  }
  size_t size() const { return order_.size(); }
  bool empty() const { return order_.empty(); }
  // REQUIRES: !empty().
  Region* back() const { return order_.rbegin()->region; }

  // How many are enabled, those of no bytes included.
  size_t enabled() const { return enabled_; }

 private:
  friend class OverlapWalk;
  friend class Topology;

  static constexpr size_t kScan = 16;
  static constexpr size_t kScanAgain = 8;

  void Insert(Region& child);
  void Erase(Region& child);
  // Around a change of a child's size, or whether it is enabled.
  void Hide(Region& child);
  void Show(Region& child);

  // To the one that comes next behind `child`, which is one of them.
  const_reverse_iterator Below(const Region& child) const;

  bool Has(const Region& child) const;
  void CheckInvariants(const Region& container) const;

  Set order_;
  size_t enabled_ = 0;
  std::unique_ptr<ChildIndex> index_;
};

}  // namespace planish

#endif  // PLANISH_REGIONS_CHILDREN_H_
