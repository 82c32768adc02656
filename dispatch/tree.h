// The search-tree form of a table: for small views, for large ones that crowd a
// radix root, and below the slots of a radix or page root that are crowded. All
// paths are equally long, so no branch depends on the address.
//
//   up to 8 runs         row
//   up to 256            top (1 to 31 lasts) -> row       the scan forms
//   any number           inner -> ... -> inner -> row     tree_writer.h
//
//   row      8 lasts, 8 payloads               two lines
//   inner    15 lasts and the first child      two lines; 16 children, which
//                                              stand side by side
//
// A step counts the lasts below the address (rank.h); no instruction set is
// asked for.
// Unused lasts are 2^64-1, which is below nothing, so their payloads are never
// an answer; they are nodes, as no run's payload is.
//
// THREAD SAFETY  Immutable once shown.
// COST  Find: 6 compares for each inner node, up to 10 for the top, 7 for the
//   row.

#ifndef PLANISH_DISPATCH_TREE_H_
#define PLANISH_DISPATCH_TREE_H_

#include <cstddef>
#include <cstdint>

#include "absl/base/attributes.h"
#include "absl/types/span.h"
#include "planish/dispatch/line_arena.h"
#include "planish/dispatch/rank.h"
#include "planish/dispatch/terminal.h"

namespace planish::internal {

struct TreeRow {
  static constexpr int kRuns = 8;
  uint64_t lasts[kRuns];
  Payload payloads[kRuns];
};

struct TreeInner {
  static constexpr int kChildren = 16;
  uint64_t lasts[kChildren - 1];
  uint64_t first_child;  // A line number.
};
inline constexpr uint32_t kTreeNodeLines = 2;
static_assert(sizeof(TreeRow) == kTreeNodeLines * sizeof(Line));
static_assert(sizeof(TreeInner) == kTreeNodeLines * sizeof(Line));

// A tree of rows and inner nodes.
struct Tree {
  uint32_t root;  // The line of the row, or of the inner node.
  uint8_t depth;  // Inner nodes on each path.
};

// A tree of rows below a top, or of one row.
struct ScanTree {
  static constexpr int kMaxTop = 32;
  static constexpr size_t kMaxRuns = size_t{kMaxTop} * TreeRow::kRuns;

  uint32_t top;   // Its line; unused with one row.
  uint32_t rows;  // The line of the first row.
  uint8_t count;  // Of rows.
};

ABSL_ATTRIBUTE_ALWAYS_INLINE inline Terminal FindInRow(const TreeRow& row,
                                                       uint64_t a) {
  const uint64_t rank = RankIn<TreeRow::kRuns - 1>(row.lasts, a);
  return {row.payloads[rank], row.lasts[rank]};
}

// REQUIRES: tree.count is 2 to kTop.
template <int kTop>
ABSL_ATTRIBUTE_ALWAYS_INLINE inline Terminal FindInScanTree(
    const Line* lines, const ScanTree& tree, uint64_t a) {
  const auto* top = reinterpret_cast<const uint64_t*>(lines + tree.top);
  const auto* rows = reinterpret_cast<const TreeRow*>(lines + tree.rows);
  return FindInRow(rows[RankIn<kTop - 1>(top, a)], a);
}

Terminal FindInTree(const Line* lines, Tree tree, uint64_t a);

// The tree that a slot's `node` names.
inline Tree TreeOf(Payload node) {
  return {node.where(), static_cast<uint8_t>(node.depth())};
}
inline Payload NodeOf(Tree tree) {
  return Payload::Node(tree.root, tree.depth);
}
// FindInTree() there.
Terminal FindBelow(const Line* lines, Payload node, uint64_t a);

// How many children an inner node has, and runs a row.
int ChildrenOf(const TreeInner& node);
int RunsOf(const TreeRow& row);
// REQUIRES: at most kRuns runs.
TreeRow MakeRow(absl::Span<const Terminal> runs);

// The lines that a scan tree over so many runs takes, and such a tree, written
// to `lines`, from line 0 on. REQUIRES: at most kMaxRuns runs.
size_t ScanTreeLines(size_t runs);
ScanTree WriteScanTree(absl::Span<const Terminal> runs, Line* lines);

}  // namespace planish::internal

#endif  // PLANISH_DISPATCH_TREE_H_
