// ViewNode: what the tree of a FlatView is made of. Leaves hold the ranges, the
// nodes above say which child ends where. A node is written when it is made,
// and not again until it is freed, so it is no larger than what it holds.
//
//    inner   [last|child][last|child][last|child]   10 to 32; the root from 2
//                 |           |           `--> ...
//                 |           `--> ...
//    leaf    [range][range]  ...  [range]           8 to 24; the root from 1
//
//    last    of the last range below the child
//
// THREAD SAFETY  Immutable, but for FreeTree().
// LIFETIME  From a Make to FreeNode() or FreeTree(); see flat_view.h for whose
//   turn that is.
// COST  A leaf of n ranges takes 16 + 40 n bytes, an inner node 16 + 16 n. Both
//   stay below the 1 KiB up to which allocators are quickest.

#ifndef PLANISH_FLATVIEW_VIEW_NODES_H_
#define PLANISH_FLATVIEW_VIEW_NODES_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "planish/base/addr.h"
#include "planish/flatview/flat_range.h"

namespace planish::internal {

struct ViewNode;

struct ViewChild {
  Addr last;
  const ViewNode* node;
};

template <typename Item>
inline constexpr size_t kMinItems = 0;
template <>
inline constexpr size_t kMinItems<FlatRange> = 8;
template <>
inline constexpr size_t kMinItems<ViewChild> = 10;

template <typename Item>
inline constexpr size_t kMaxItems = 0;
template <>
inline constexpr size_t kMaxItems<FlatRange> = 24;
template <>
inline constexpr size_t kMaxItems<ViewChild> = 32;

// Half of one more than the most is enough for both halves of a split.
static_assert(2 * kMinItems<FlatRange> <= kMaxItems<FlatRange> + 1);
static_assert(2 * kMinItems<ViewChild> <= kMaxItems<ViewChild> + 1);

// 8 * 10^11 ranges, more than any machine's memory holds.
inline constexpr int kMaxViewHeight = 11;

struct ViewNode {
  uint64_t born;    // The commit that made it.
  uint32_t height;  // 0: a leaf.
  uint32_t count;   // Of ranges or children, which follow behind.

  // REQUIRES: a leaf if Item is FlatRange, an inner node if it is ViewChild.
  template <typename Item>
  absl::Span<const Item> Items() const {
    return absl::MakeConstSpan(reinterpret_cast<const Item*>(this + 1), count);
  }
  absl::Span<const FlatRange> ranges() const { return Items<FlatRange>(); }
  absl::Span<const ViewChild> children() const { return Items<ViewChild>(); }

  // Of all ranges below.
  Addr last() const {
    return height == 0 ? ranges().back().range.last : children().back().last;
  }
  size_t bytes() const {
    return sizeof(ViewNode) +
           count * (height == 0 ? sizeof(FlatRange) : sizeof(ViewChild));
  }
};

// REQUIRES: not empty, at most kMaxItems. The children are of one height.
const ViewNode* MakeNode(absl::Span<const FlatRange> ranges, uint64_t born);
const ViewNode* MakeNode(absl::Span<const ViewChild> children, uint64_t born);
void FreeNode(const ViewNode* node);

// Frees up to `budget` nodes of the tree below `*tree`, the last ones first,
// and takes them off `budget`. True if all are gone; then `*tree` is null.
// REQUIRES: nobody reads the tree any more.
bool FreeTree(const ViewNode** tree, size_t& budget);

// How many nodes there are in the process. For leak tests and reports.
size_t LiveViewNodes();

// The first of `items` that ends at or behind `a`; their end if none does.
const FlatRange* FirstNotBelow(absl::Span<const FlatRange> ranges, Addr a);
const ViewChild* FirstNotBelow(absl::Span<const ViewChild> children, Addr a);

// A way down a tree: a node at each height, and which of its items is meant.
struct ViewPath {
  // To the first range that ends at or behind `a`; past the last range of the
  // last leaf if there is none.
  static ViewPath To(const ViewNode& tree, Addr a);

  const ViewNode& leaf() const { return *node[0]; }
  // To the next node of this height, to the first item of those below it that
  // it comes by; or to the one before, and the last items. False, and nowhere,
  // if there is none.
  bool NextNode(size_t height);
  bool PreviousNode(size_t height);

  size_t top;  // The height of the tree.
  std::array<const ViewNode*, kMaxViewHeight + 1> node;
  std::array<size_t, kMaxViewHeight + 1> index;
};

}  // namespace planish::internal

#endif  // PLANISH_FLATVIEW_VIEW_NODES_H_
