#include "planish/dispatch/tree.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "planish/dispatch/line_arena.h"
#include "planish/dispatch/terminal.h"

namespace planish::internal {
namespace {

constexpr uint32_t kNodeLines = 2;  // A row, and an inner node.
constexpr size_t kTopLines = 4;

// Appends the rows, side by side, and puts what each ends with into `lasts`.
uint32_t AppendRows(absl::Span<const Terminal> runs, LineArena& arena,
                    std::vector<uint64_t>& lasts) {
  const size_t count = (runs.size() + TreeRow::kRuns - 1) / TreeRow::kRuns;
  const uint32_t first = arena.Append(count * kNodeLines);
  lasts.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    TreeRow& row =
        *arena.At<TreeRow>(static_cast<uint32_t>(first + i * kNodeLines));
    const auto part = runs.subspan(i * TreeRow::kRuns, TreeRow::kRuns);
    std::fill_n(row.lasts, TreeRow::kRuns, UINT64_MAX);
    for (size_t j = 0; j < part.size(); ++j) {
      row.lasts[j] = part[j].last;
      row.payloads[j] = part[j].payload;
    }
    lasts.push_back(part.back().last);
  }
  return first;
}

// Appends inner nodes over the nodes from `first` on, which end with `lasts`;
// replaces these by what the inner nodes end with.
uint32_t AppendInner(uint32_t first, LineArena& arena,
                     std::vector<uint64_t>& lasts) {
  constexpr size_t kChildren = TreeInner::kChildren;
  const size_t count = (lasts.size() + kChildren - 1) / kChildren;
  const uint32_t line = arena.Append(count * kNodeLines);
  for (size_t i = 0; i < count; ++i) {
    TreeInner& node =
        *arena.At<TreeInner>(static_cast<uint32_t>(line + i * kNodeLines));
    const size_t begin = i * kChildren;
    const size_t end = std::min(begin + kChildren, lasts.size());
    std::fill_n(node.lasts, kChildren - 1, UINT64_MAX);
    for (size_t j = begin; j + 1 < end; ++j) node.lasts[j - begin] = lasts[j];
    node.first_child = first + begin * kNodeLines;
    lasts[i] = lasts[end - 1];
  }
  lasts.resize(count);
  return line;
}

}  // namespace

Tree BuildTree(absl::Span<const Terminal> runs, LineArena& arena) {
  std::vector<uint64_t> lasts;
  Tree tree = {};
  tree.top = 1;
  tree.rows = AppendRows(runs, arena, lasts);
  tree.root = tree.rows;
  if (lasts.size() == 1) return tree;
  if (lasts.size() <= Tree::kMaxTop) {
    tree.top = static_cast<uint8_t>(lasts.size());
    tree.root = arena.Append(kTopLines);
    auto* top = arena.At<uint64_t>(tree.root);
    std::fill_n(top, Tree::kMaxTop, UINT64_MAX);
    std::copy(lasts.begin(), lasts.end() - 1, top);
    return tree;
  }
  while (lasts.size() > 1) {
    tree.root = AppendInner(tree.root, arena, lasts);
    ++tree.depth;
  }
  return tree;
}

Terminal FindInTree(const Line* lines, const Tree& tree, uint64_t a) {
  uint64_t line = tree.root;
  for (int i = 0; i < tree.depth; ++i) {
    const auto& node = *reinterpret_cast<const TreeInner*>(lines + line);
    line = node.first_child +
           CountBelow<TreeInner::kChildren - 1>(node.lasts, a) * kNodeLines;
  }
  return FindInRow(*reinterpret_cast<const TreeRow*>(lines + line), a);
}

}  // namespace planish::internal
