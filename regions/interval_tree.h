// IntervalTree: a B+ tree of intervals that have a precedence. Every slot says
// what the intervals below it span, and which precedence is the best there, so
// that a search for the best one that meets an interval can pass by the rest:
//
//    inner   [key | hull | best] [key | hull | best] ...        up to kWidth
//                 |                   `--> node
//    leaf    [key | hull | best] [key | hull | best] ...
//                 `--> item
//
// The order is the caller's choice: ChildIndex has trees of three orders.
//
// INVARIANTS (CheckInvariants())
//   T7  Slots ascend by key. The slot of a node has its least key, the hull of
//       its intervals, and the best precedence of them. All leaves are equally
//       deep, no node is empty or too full, and an inner root has two slots at
//       least.
// THREAD SAFETY  As Region's getters.
// COST  Insert, Erase, Replace, FindLast: O(log n). To keep that so under any
//   mix, a node that lost a slot joins a neighbour if both together fill no
//   more than three quarters of one.

#ifndef PLANISH_REGIONS_INTERVAL_TREE_H_
#define PLANISH_REGIONS_INTERVAL_TREE_H_

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "planish/base/addr.h"
#include "planish/regions/precedence.h"

namespace planish {

class IntervalTree {
 public:
  // Slots of a node. Measured: 8 is slower by a third, 24 and 32 are no faster.
  static constexpr int kWidth = 16;

  // No two items of a tree have the same.
  struct Key {
    uint64_t major = 0;
    uint64_t minor = 0;
    friend constexpr auto operator<=>(Key, Key) = default;
  };

  struct Item {
    Key key;
    AddrRange hull;
    Precedence best;
    // A child, for the tree's user to understand; in inner nodes, a Node.
    uintptr_t below;
  };

  // An array for each field: a search compares many hulls, and little else.
  struct Node {
    int height = 0;  // A leaf has 0.
    int count = 0;
    Key key[kWidth];
    Addr first[kWidth];
    Addr last[kWidth];
    Precedence best[kWidth];
    uintptr_t below[kWidth];

    Item At(int i) const;
    void Set(int i, const Item& item);
    void Insert(int i, const Item& item);
    void Erase(int i);
    // Moves slots from `from` on to the end of `to`.
    void MoveTail(int from, Node& to);
    // The slot that an inner node has for this one.
    Item Summary() const;
    // The last slot whose key is not above `at`; -1 if there is none.
    int Find(Key at) const;
    Node* Child(int i) const { return reinterpret_cast<Node*>(below[i]); }
  };

  IntervalTree() = default;
  ~IntervalTree();
  IntervalTree(const IntervalTree&) = delete;
  IntervalTree& operator=(const IntervalTree&) = delete;

  // Null: the tree is empty.
  const Node* root() const { return root_; }

  // The item with the greatest key not above `key`.
  std::optional<Item> FindLast(Key key) const;
  // REQUIRES: there is no item of this key.
  void Insert(const Item& item);
  // REQUIRES: there is one.
  void Replace(const Item& item);
  // False if there is none.
  bool Erase(Key key);

  // Calls `visit` for the items from `from` to `to`, both included, in order,
  // until it returns false. REQUIRES: no edit meanwhile.
  template <typename Visit>
  void ForEach(Key from, Key to, Visit visit) const {
    if (root_ != nullptr) VisitBelow(*root_, from, to, visit);
  }

  void CheckInvariants() const;

 private:
  // Nodes that meet in a slot hold more than three quarters of kWidth, or are
  // alone, so a tree this high does not fit into memory.
  static constexpr int kMaxHeight = 32;

  // From the root to a leaf: the inner nodes, and the slot taken in each.
  struct Path {
    Node* node[kMaxHeight];
    int slot[kMaxHeight];
    int length = 0;
    Node* leaf;
    int at;  // Of the key, in the leaf.
  };

  Path Descend(Key key) const;
  template <typename Visit>
  static bool VisitBelow(const Node& node, Key from, Key to, Visit& visit);
  static void Split(Node& parent, int i);
  // Takes up that the child at `i` has changed. True if the parent has, too.
  static bool Update(Node& parent, int i);
  static bool MergeIfSmall(Node& parent, int i);

  Node* root_ = nullptr;
};

// Recursive, as deep as the tree is high.
template <typename Visit>
bool IntervalTree::VisitBelow(const Node& node, Key from, Key to,
                              Visit& visit) {
  for (int i = std::max(node.Find(from), 0);
       i < node.count && node.key[i] <= to; ++i) {
    if (node.height > 0) {
      if (!VisitBelow(*node.Child(i), from, to, visit)) return false;
    } else if (node.key[i] >= from && !visit(node.At(i))) {
      return false;
    }
  }
  return true;
}

}  // namespace planish

#endif  // PLANISH_REGIONS_INTERVAL_TREE_H_
