// ChildIndex: which children of a container reach into an interval, the one
// that wins first. Lazy, and sure of its cost however they overlap.
//
// Each child has a *meeting point*: its only byte, or else the address in it,
// behind the first one, that the highest power of two divides. Children with
// the same meeting point all hold it, and none of them reaches as far as the
// next point of that power:
//
//    0        4        8        12       16
//    |        |        |        |        |
//    |        |        a-----   |        |        a: 8..10   meets at 10
//    |        |    b--------    |        |        b: 6..10   meets at 8
//    |        |       c--------------    |        c: 7..13   meets at 8
//    |        |        |       d         |        d: 11      meets at 11
//
// So an address is in reach of one meeting point for each power of two at most,
// and of 65 in all. The children are in an IntervalTree, by meeting point. A
// search takes the best slot that meets the interval, again and again. What can
// lead it astray is a slot that has such a child, but a better one that misses
// the interval: of these there are no more than meeting points within reach of
// the interval's ends. Points with many children are *crowds*; there two more
// trees, by first and by last address, lead to the best child in O(log n).
//
//    main tree   ... [b] [c] [a] [crowd] [d] ...          key: point, link_seq
//                                   |
//                      by first [...] by last [...]       key: end, link_seq
//
// INVARIANTS (CheckInvariants())
//   T8  An item is in the order of its meeting point (of its first or last
//       address, in a crowd), and a crowd's slot has the hull and the best
//       precedence of it. A crowd has more than kFewAgain children; what is no
//       crowd, at most kFew. A crowd's two trees hold the same children.
// THREAD SAFETY  As Region's getters.
// COST  Insert, Erase: O(log n). A search: O(65 log n) for all of it, however
//   the children overlap, and O(log n) for each child that it yields. Memory:
//   about 80 bytes a child.
// SOURCES  Interval trees after Edelsbrunner, with the binary digits of the
//   address in place of a balanced tree, so that nothing has to be rotated.

#ifndef PLANISH_REGIONS_CHILD_INDEX_H_
#define PLANISH_REGIONS_CHILD_INDEX_H_

#include <cstddef>
#include <cstdint>

#include "absl/container/inlined_vector.h"
#include "absl/functional/function_ref.h"
#include "planish/base/addr.h"
#include "planish/regions/interval_tree.h"
#include "planish/regions/precedence.h"

namespace planish {

class Region;

class ChildIndex {
 public:
  struct Child {
    AddrRange extent;  // In the container's coordinates.
    Precedence precedence;
    Region* region;  // Never looked at here.
  };

  class Search {
   public:
    Search(const ChildIndex& index, AddrRange interval);
    // Null: there are no more.
    Region* Next();

    // Nodes looked at so far: what a search costs, for tests.
    size_t nodes_seen() const { return nodes_seen_; }

   private:
    // The best slot of `node` that meets the interval, of those not yet taken.
    struct Cursor {
      Precedence best;
      const IntervalTree::Node* node;
      int at;

      friend bool operator<(const Cursor& a, const Cursor& b) {
        return a.best < b.best;
      }
    };

    void Push(const IntervalTree::Node* node, Precedence below);

    const AddrRange interval_;
    absl::InlinedVector<Cursor, 8> heap_;
    size_t nodes_seen_ = 0;
  };

  ChildIndex() = default;
  ~ChildIndex();
  ChildIndex(const ChildIndex&) = delete;
  ChildIndex& operator=(const ChildIndex&) = delete;

  // An erased child is as it was when it was inserted.
  void Insert(const Child& child);
  void Erase(const Child& child);

  size_t size() const { return size_; }
  // In no order. REQUIRES: no edit meanwhile.
  void ForEach(absl::FunctionRef<void(const Child&)> visit) const;
  void CheckInvariants() const;

 private:
  static constexpr size_t kFew = 16;
  static constexpr size_t kFewAgain = 8;

  struct Crowd;

  void MakeCrowd(uint64_t point);
  void DissolveCrowd(uint64_t point, Crowd* crowd);

  IntervalTree tree_;
  size_t size_ = 0;
};

}  // namespace planish

#endif  // PLANISH_REGIONS_CHILD_INDEX_H_
