// The search-tree form of a table: for small views, and for large ones that
// crowd a radix root. All paths are equally long, so no branch depends on the
// address.
//
//   up to 8 runs         row
//   up to 256            top (1 to 31 lasts) -> row
//   above                inner -> ... -> inner -> row
//
//   row      8 lasts, 8 payloads               two lines
//   inner    15 lasts and the first child      two lines; 16 children, which
//                                              stand side by side
//
// A step counts the lasts below the address; no instruction set is asked for.
// Unused places hold 2^64-1, which is below nothing.
//
// THREAD SAFETY  Immutable once built.
// COST  Find: `depth` steps of up to 15 compares and one of 7.

#ifndef PLANISH_DISPATCH_TREE_H_
#define PLANISH_DISPATCH_TREE_H_

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/base/attributes.h"
#include "absl/types/span.h"
#include "planish/dispatch/line_arena.h"
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
static_assert(sizeof(TreeRow) == 2 * sizeof(Line));
static_assert(sizeof(TreeInner) == 2 * sizeof(Line));

struct Tree {
  static constexpr int kMaxTop = 32;

  uint32_t root;  // The line of the row, the top or the inner node.
  uint32_t rows;  // Under a top: the line of the first row.
  uint8_t top;    // Children of the top; 1 without it.
  uint8_t depth;  // Inner nodes on each path.
};

// Written out, as a loop would not be unrolled at -O2.
template <size_t... kIndex>
ABSL_ATTRIBUTE_ALWAYS_INLINE inline uint64_t CountBelow(
    const uint64_t* lasts, uint64_t a, std::index_sequence<kIndex...>) {
  return (static_cast<uint64_t>(lasts[kIndex] < a) + ...);
}
template <size_t kLasts>
ABSL_ATTRIBUTE_ALWAYS_INLINE inline uint64_t CountBelow(const uint64_t* lasts,
                                                        uint64_t a) {
  return CountBelow(lasts, a, std::make_index_sequence<kLasts>());
}

ABSL_ATTRIBUTE_ALWAYS_INLINE inline Terminal FindInRow(const TreeRow& row,
                                                       uint64_t a) {
  const uint64_t rank = CountBelow<TreeRow::kRuns - 1>(row.lasts, a);
  return {row.payloads[rank], row.lasts[rank]};
}

// REQUIRES: tree.top is 2 to kTop.
template <int kTop>
ABSL_ATTRIBUTE_ALWAYS_INLINE inline Terminal FindInSmallTree(const Line* lines,
                                                             const Tree& tree,
                                                             uint64_t a) {
  const auto* top = reinterpret_cast<const uint64_t*>(lines + tree.root);
  const auto* rows = reinterpret_cast<const TreeRow*>(lines + tree.rows);
  return FindInRow(rows[CountBelow<kTop - 1>(top, a)], a);
}

// REQUIRES: tree.top is 1.
Terminal FindInTree(const Line* lines, const Tree& tree, uint64_t a);

// Appends a tree over `runs` to `arena`.
Tree BuildTree(absl::Span<const Terminal> runs, LineArena& arena);

}  // namespace planish::internal

#endif  // PLANISH_DISPATCH_TREE_H_
