#include "planish/dispatch/tree.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "planish/dispatch/line_arena.h"
#include "planish/dispatch/rank.h"
#include "planish/dispatch/terminal.h"

namespace planish::internal {
namespace {

constexpr size_t kTopLines =
    ScanTree::kMaxTop * sizeof(uint64_t) / sizeof(Line);

size_t RowsFor(size_t runs) {
  return (runs + TreeRow::kRuns - 1) / TreeRow::kRuns;
}

}  // namespace

Terminal FindInTree(const Line* lines, Tree tree, uint64_t a) {
  uint64_t line = tree.root;
  for (int i = 0; i < tree.depth; ++i) {
    const auto& node = *reinterpret_cast<const TreeInner*>(lines + line);
    line = node.first_child +
           RankIn<TreeInner::kChildren - 1>(node.lasts, a) * kTreeNodeLines;
  }
  return FindInRow(*reinterpret_cast<const TreeRow*>(lines + line), a);
}

Terminal FindBelow(const Line* lines, Payload node, uint64_t a) {
  return FindInTree(lines, TreeOf(node), a);
}

int ChildrenOf(const TreeInner& node) {
  return 1 + static_cast<int>(
                 RankIn<TreeInner::kChildren - 1>(node.lasts, UINT64_MAX));
}

int RunsOf(const TreeRow& row) {
  int runs = 0;
  while (runs < TreeRow::kRuns && !row.payloads[runs].is_node()) ++runs;
  return runs;
}

TreeRow MakeRow(absl::Span<const Terminal> runs) {
  TreeRow row;
  size_t i = 0;
  for (; i < runs.size(); ++i) {
    row.lasts[i] = runs[i].last;
    row.payloads[i] = runs[i].payload;
  }
  for (; i < TreeRow::kRuns; ++i) {
    row.lasts[i] = UINT64_MAX;
    row.payloads[i] = Payload::Node(0, 0);
  }
  return row;
}

size_t ScanTreeLines(size_t runs) {
  const size_t rows = RowsFor(runs);
  return rows * kTreeNodeLines + (rows == 1 ? 0 : kTopLines);
}

ScanTree WriteScanTree(absl::Span<const Terminal> runs, Line* lines) {
  ScanTree tree = {};
  tree.count = static_cast<uint8_t>(RowsFor(runs.size()));
  tree.rows = tree.count == 1 ? 0 : kTopLines;
  auto* top = reinterpret_cast<uint64_t*>(lines);
  auto* rows = reinterpret_cast<TreeRow*>(lines + tree.rows);
  if (tree.count != 1) std::fill_n(top, ScanTree::kMaxTop, UINT64_MAX);
  for (size_t i = 0; i < tree.count; ++i) {
    const auto part = runs.subspan(i * TreeRow::kRuns, TreeRow::kRuns);
    rows[i] = MakeRow(part);
    if (i + 1u < tree.count) top[i] = part.back().last;
  }
  return tree;
}

}  // namespace planish::internal
