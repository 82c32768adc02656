#include "planish/flatview/view_nodes.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>

#include "absl/types/span.h"

namespace planish::internal {
namespace {

static_assert(sizeof(FlatRange) == 40 && sizeof(ViewChild) == 16);
static_assert(sizeof(ViewNode) % alignof(FlatRange) == 0);
static_assert(std::is_trivially_destructible_v<FlatRange>);

// Counts; orders nothing, so relaxed.
std::atomic<size_t> live_nodes{0};

template <typename Item>
const ViewNode* Make(absl::Span<const Item> items, uint32_t height,
                     uint64_t born) {
  void* const memory =
      ::operator new(sizeof(ViewNode) + items.size() * sizeof(Item));
  auto* const node =
      new (memory) ViewNode{born, height, static_cast<uint32_t>(items.size())};
  std::uninitialized_copy(items.begin(), items.end(),
                          reinterpret_cast<Item*>(node + 1));
  live_nodes.fetch_add(1, std::memory_order_relaxed);
  return node;
}

}  // namespace

const ViewNode* MakeNode(absl::Span<const FlatRange> ranges, uint64_t born) {
  return Make(ranges, 0, born);
}

const ViewNode* MakeNode(absl::Span<const ViewChild> children, uint64_t born) {
  return Make(children, children.front().node->height + 1, born);
}

void FreeNode(const ViewNode* node) {
  live_nodes.fetch_sub(1, std::memory_order_relaxed);
  ::operator delete(const_cast<ViewNode*>(node));
}

bool FreeTree(const ViewNode** tree, size_t& budget) {
  while (*tree != nullptr && budget > 0) {
    // Down the last children to one that has none left.
    ViewNode* parent = nullptr;
    auto* node = const_cast<ViewNode*>(*tree);
    while (node->height > 0 && node->count > 0) {
      parent = node;
      node = const_cast<ViewNode*>(node->children().back().node);
    }
    FreeNode(node);
    --budget;
    if (parent == nullptr) {
      *tree = nullptr;
    } else {
      --parent->count;
    }
  }
  return *tree == nullptr;
}

size_t LiveViewNodes() { return live_nodes.load(std::memory_order_relaxed); }

const FlatRange* FirstNotBelow(absl::Span<const FlatRange> ranges, Addr a) {
  return std::partition_point(
      ranges.data(), ranges.data() + ranges.size(),
      [a](const FlatRange& r) { return r.range.last < a; });
}

const ViewChild* FirstNotBelow(absl::Span<const ViewChild> children, Addr a) {
  return std::partition_point(children.data(),
                              children.data() + children.size(),
                              [a](const ViewChild& c) { return c.last < a; });
}

ViewPath ViewPath::To(const ViewNode& tree, Addr a) {
  ViewPath path;
  path.top = tree.height;
  const ViewNode* node = &tree;
  for (size_t height = path.top; height > 0; --height) {
    const auto children = node->children();
    const auto at =
        static_cast<size_t>(FirstNotBelow(children, a) - children.data());
    path.node[height] = node;
    path.index[height] = std::min(at, children.size() - 1);
    node = children[path.index[height]].node;
  }
  path.node[0] = node;
  path.index[0] = static_cast<size_t>(FirstNotBelow(node->ranges(), a) -
                                      node->ranges().data());
  return path;
}

bool ViewPath::NextNode(size_t height) {
  size_t turn = height + 1;
  while (turn <= top && index[turn] + 1 == node[turn]->count) ++turn;
  if (turn > top) return false;
  ++index[turn];
  for (; turn > height; --turn) {
    node[turn - 1] = node[turn]->children()[index[turn]].node;
    index[turn - 1] = 0;
  }
  return true;
}

bool ViewPath::PreviousNode(size_t height) {
  size_t turn = height + 1;
  while (turn <= top && index[turn] == 0) ++turn;
  if (turn > top) return false;
  --index[turn];
  for (; turn > height; --turn) {
    node[turn - 1] = node[turn]->children()[index[turn]].node;
    index[turn - 1] = node[turn - 1]->count - 1;
  }
  return true;
}

}  // namespace planish::internal
