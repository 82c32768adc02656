#include "planish/dispatch/tree_writer.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "planish/base/check.h"
#include "planish/dispatch/line_arena.h"
#include "planish/dispatch/table_memory.h"
#include "planish/dispatch/terminal.h"
#include "planish/dispatch/tree.h"

namespace planish::internal {
namespace {

constexpr size_t kMinRuns = 3;
constexpr size_t kMinChildren = 4;
constexpr int kMaxDepth = 31;  // A payload has five bits for it.

size_t Ceil(size_t n, size_t to) { return (n + to - 1) / to; }
size_t RowsFor(size_t runs) { return Ceil(runs, TreeRow::kRuns); }

}  // namespace

void TreeWriter::AppendRows(Runs runs, Nodes& out) {
  const size_t count = RowsFor(runs.size());
  for (size_t i = 0; i < count; ++i) {
    const size_t begin = i * runs.size() / count;
    const size_t end = (i + 1) * runs.size() / count;
    Node node;
    node.row() = MakeRow(runs.subspan(begin, end - begin));
    node.last = runs[end - 1].last;
    out.push_back(node);
  }
}

TreeWriter::Nodes TreeWriter::ParentsOf(const Nodes& nodes) {
  const size_t count = Ceil(nodes.size(), TreeInner::kChildren);
  Nodes parents;
  parents.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const size_t begin = i * nodes.size() / count;
    const size_t end = (i + 1) * nodes.size() / count;
    Node parent;
    parent.last = nodes[end - 1].last;
    parent.inner().first_child =
        memory_.NewBlock((end - begin) * kTreeNodeLines);
    std::fill_n(parent.inner().lasts, TreeInner::kChildren - 1, UINT64_MAX);
    auto* child =
        memory_.At<Line>(static_cast<uint32_t>(parent.inner().first_child));
    for (size_t j = begin; j < end; ++j) {
      if (j + 1 < end) parent.inner().lasts[j - begin] = nodes[j].last;
      child = std::copy_n(nodes[j].lines, kTreeNodeLines, child);
    }
    parents.push_back(parent);
  }
  return parents;
}

void TreeWriter::TakeChildren(Node& parent, Nodes& out) {
  const int count = ChildrenOf(parent.inner());
  const auto line = static_cast<uint32_t>(parent.inner().first_child);
  const auto* child = memory_.At<Line>(line);
  for (int i = 0; i < count; ++i) {
    Node node;
    std::copy_n(child, kTreeNodeLines, node.lines);
    child += kTreeNodeLines;
    node.last = i + 1 < count ? parent.inner().lasts[i] : parent.last;
    out.push_back(node);
  }
  memory_.RetireBlock(line, static_cast<size_t>(count) * kTreeNodeLines);
}

void TreeWriter::RetireChildren(const TreeInner& parent, int height) {
  const int count = ChildrenOf(parent);
  const auto line = static_cast<uint32_t>(parent.first_child);
  for (int i = 0; i < count; ++i) {
    const auto at =
        static_cast<uint32_t>(line + static_cast<uint32_t>(i) * kTreeNodeLines);
    if (height == 1) {
      added_ -= RunsOf(*memory_.At<TreeRow>(at));
    } else {
      RetireChildren(*memory_.At<TreeInner>(at), height - 1);
    }
  }
  memory_.RetireBlock(line, static_cast<size_t>(count) * kTreeNodeLines);
}

TreeWriter::Part TreeWriter::Meeting(const Nodes& nodes, uint64_t first,
                                     uint64_t last) {
  // What the final node ends with may not be known: it takes all that is left.
  Part part = {0, 0};
  while (part.first + 1 < nodes.size() && nodes[part.first].last < first) {
    ++part.first;
  }
  part.last = part.first;
  while (part.last + 1 < nodes.size() && nodes[part.last].last < last) {
    ++part.last;
  }
  return part;
}

void TreeWriter::SpliceRows(Nodes& rows, uint64_t first, uint64_t last,
                            Runs runs) {
  Part part = Meeting(rows, first, last);
  std::vector<Terminal> all;
  all.reserve(runs.size() + 3 * TreeRow::kRuns);
  const auto append = [&all](const TreeRow& row) {
    const int count = RunsOf(row);
    for (int i = 0; i < count; ++i) {
      all.push_back({row.payloads[i], row.lasts[i]});
    }
  };
  bool inserted = false;
  bool behind = false;
  for (size_t i = part.first; i <= part.last; ++i) {
    const TreeRow& row = rows[i].row();
    const int count = RunsOf(row);
    added_ -= count;
    for (int j = 0; j < count; ++j) {
      const bool below = row.lasts[j] < first;
      if (!below && !inserted) {
        all.insert(all.end(), runs.begin(), runs.end());
        inserted = true;
      }
      if (below || behind) all.push_back({row.payloads[j], row.lasts[j]});
      if (row.lasts[j] >= last) behind = true;
    }
  }
  added_ += static_cast<int64_t>(all.size());
  // A neighbour is copied anyway: it is taken in if that saves a row.
  const auto takes = [&](size_t neighbour) {
    const auto more = static_cast<size_t>(RunsOf(rows[neighbour].row()));
    return all.size() < kMinRuns ||
           RowsFor(all.size() + more) <= RowsFor(all.size());
  };
  if (part.last + 1 < rows.size() && takes(part.last + 1)) {
    append(rows[++part.last].row());
  } else if (part.first != 0 && takes(part.first - 1)) {
    const std::vector<Terminal> kept = std::exchange(all, {});
    append(rows[--part.first].row());
    all.insert(all.end(), kept.begin(), kept.end());
  }
  Nodes made;
  AppendRows(all, made);
  const auto begin = rows.begin() + static_cast<std::ptrdiff_t>(part.first);
  const auto end = rows.begin() + static_cast<std::ptrdiff_t>(part.last) + 1;
  rows.insert(rows.erase(begin, end), made.begin(), made.end());
}

// Recursion: as deep as the tree, which a payload's five bits bound.
void TreeWriter::SpliceNodes(Nodes& nodes, int height, uint64_t first,
                             uint64_t last, Runs runs) {
  if (height == 0) return SpliceRows(nodes, first, last, runs);
  Part part = Meeting(nodes, first, last);
  Nodes children;
  children.reserve(2 * TreeInner::kChildren);
  TakeChildren(nodes[part.first], children);
  for (size_t i = part.first + 1; i < part.last; ++i) {
    RetireChildren(nodes[i].inner(), height);
  }
  if (part.first != part.last) {
    TakeChildren(nodes[part.last], children);
  }
  SpliceNodes(children, height - 1, first, last, runs);
  if (children.size() < kMinChildren && part.last + 1 < nodes.size()) {
    TakeChildren(nodes[++part.last], children);
  } else if (children.size() < kMinChildren && part.first != 0) {
    const Nodes kept = std::exchange(children, {});
    TakeChildren(nodes[--part.first], children);
    children.insert(children.end(), kept.begin(), kept.end());
  }
  const Nodes parents = ParentsOf(children);
  const auto begin = nodes.begin() + static_cast<std::ptrdiff_t>(part.first);
  const auto end = nodes.begin() + static_cast<std::ptrdiff_t>(part.last) + 1;
  nodes.insert(nodes.erase(begin, end), parents.begin(), parents.end());
}

Tree TreeWriter::Finish(Nodes nodes, int depth) {
  while (nodes.size() > 1) {
    nodes = ParentsOf(nodes);
    ++depth;
  }
  while (depth > 0 && ChildrenOf(nodes[0].inner()) == 1) {
    Nodes child;
    TakeChildren(nodes[0], child);
    nodes = std::move(child);
    --depth;
  }
  PLANISH_CHECK(depth <= kMaxDepth, "D5: a tree of 2^62 runs");
  const uint32_t root = memory_.NewBlock(kTreeNodeLines);
  std::copy_n(nodes[0].lines, kTreeNodeLines, memory_.At<Line>(root));
  return {root, static_cast<uint8_t>(depth)};
}

Tree TreeWriter::Build(Runs runs) {
  added_ += static_cast<int64_t>(runs.size());
  Nodes rows;
  rows.reserve(RowsFor(runs.size()));
  AppendRows(runs, rows);
  return Finish(std::move(rows), 0);
}

Tree TreeWriter::Splice(Tree tree, uint64_t first, uint64_t last, Runs runs) {
  Nodes nodes(1);
  std::copy_n(memory_.At<Line>(tree.root), kTreeNodeLines, nodes[0].lines);
  nodes[0].last = UINT64_MAX;
  memory_.RetireBlock(tree.root, kTreeNodeLines);
  SpliceNodes(nodes, tree.depth, first, last, runs);
  return Finish(std::move(nodes), tree.depth);
}

void TreeWriter::Retire(Tree tree) {
  if (tree.depth == 0) {
    added_ -= RunsOf(*memory_.At<TreeRow>(tree.root));
  } else {
    RetireChildren(*memory_.At<TreeInner>(tree.root), tree.depth);
  }
  memory_.RetireBlock(tree.root, kTreeNodeLines);
}

}  // namespace planish::internal
