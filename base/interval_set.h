// IntervalSet: a set of addresses, as few intervals as can be: ascending, and
// with a gap between any two.
//
//    Add       [====]    [==]   + [=====]      ->   [============]
//    Coarsen   [====]  [==] [=]          [==]  ->   [==========]          [==]
//              to two: across the smallest gaps
//
// THREAD SAFETY  A plain value. Up to four intervals need no memory.
// COST  Add: O(log n), and O(n) moved if it is not at the end. AddAll: linear.
//   Covers: O(log n). Coarsen: linear.

#ifndef PLANISH_BASE_INTERVAL_SET_H_
#define PLANISH_BASE_INTERVAL_SET_H_

#include <cstddef>

#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"
#include "planish/base/addr.h"

namespace planish {

class IntervalSet {
 public:
  bool empty() const { return intervals_.empty(); }
  size_t size() const { return intervals_.size(); }
  absl::Span<const AddrRange> intervals() const { return intervals_; }
  const AddrRange* begin() const { return intervals_.data(); }
  const AddrRange* end() const { return intervals_.data() + size(); }

  void Add(AddrRange interval);
  void AddAll(const IntervalSet& other);
  bool Covers(AddrRange interval) const;
  // Adds what lies between some intervals, until there are at most `most`.
  // REQUIRES: most > 0.
  void Coarsen(size_t most);
  void Clear() { intervals_.clear(); }

  friend bool operator==(const IntervalSet&, const IntervalSet&) = default;

 private:
  absl::InlinedVector<AddrRange, 4> intervals_;
};

}  // namespace planish

#endif  // PLANISH_BASE_INTERVAL_SET_H_
