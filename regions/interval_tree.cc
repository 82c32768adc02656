#include "planish/regions/interval_tree.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "planish/base/check.h"

namespace planish {
namespace {

constexpr int kMergeUpTo = IntervalTree::kWidth * 3 / 4;

AddrRange Hull(AddrRange a, AddrRange b) {
  return {std::min(a.first, b.first), std::max(a.last, b.last)};
}

void Delete(IntervalTree::Node* node) {
  if (node == nullptr) return;
  // As deep as the tree is high.
  for (int i = 0; node->height > 0 && i < node->count; ++i) {
    Delete(node->Child(i));
  }
  delete node;
}

void Check(const IntervalTree::Node& node, bool is_root) {
  PLANISH_CHECK(node.count >= (is_root && node.height > 0 ? 2 : 1) &&
                    node.count <= IntervalTree::kWidth,
                "T7: a node with too few or too many slots");
  for (int i = 0; i < node.count; ++i) {
    PLANISH_CHECK(i == 0 || node.key[i - 1] < node.key[i],
                  "T7: keys do not ascend");
    if (node.height == 0) continue;
    const IntervalTree::Node& child = *node.Child(i);
    PLANISH_CHECK_EQ(child.height + 1, node.height, "T7: uneven depth");
    const IntervalTree::Item is = node.At(i);
    const IntervalTree::Item should = child.Summary();
    PLANISH_CHECK(is.key == should.key && is.hull == should.hull &&
                      is.best == should.best,
                  "T7: a slot differs from what is below it");
    PLANISH_CHECK(
        i + 1 == node.count || child.key[child.count - 1] < node.key[i + 1],
        "T7: keys do not ascend from node to node");
    Check(child, /*is_root=*/false);
  }
}

}  // namespace

// ---- Nodes.

IntervalTree::Item IntervalTree::Node::At(int i) const {
  return {key[i], {first[i], last[i]}, best[i], below[i]};
}

void IntervalTree::Node::Set(int i, const Item& item) {
  key[i] = item.key;
  first[i] = item.hull.first;
  last[i] = item.hull.last;
  best[i] = item.best;
  below[i] = item.below;
}

void IntervalTree::Node::Insert(int i, const Item& item) {
  const auto shift = [&](auto* slots) {
    std::copy_backward(slots + i, slots + count, slots + count + 1);
  };
  shift(key), shift(first), shift(last), shift(best), shift(below);
  ++count;
  Set(i, item);
}

void IntervalTree::Node::Erase(int i) {
  const auto shift = [&](auto* slots) {
    std::copy(slots + i + 1, slots + count, slots + i);
  };
  shift(key), shift(first), shift(last), shift(best), shift(below);
  --count;
}

void IntervalTree::Node::MoveTail(int from, Node& to) {
  const auto move = [&](const auto* slots, auto* target) {
    std::copy(slots + from, slots + count, target + to.count);
  };
  move(key, to.key), move(first, to.first), move(last, to.last);
  move(best, to.best), move(below, to.below);
  to.count += count - from;
  count = from;
}

IntervalTree::Item IntervalTree::Node::Summary() const {
  Item all = At(0);
  for (int i = 1; i < count; ++i) {
    all.hull = Hull(all.hull, {first[i], last[i]});
    all.best = std::max(all.best, best[i]);
  }
  all.below = reinterpret_cast<uintptr_t>(this);
  return all;
}

int IntervalTree::Node::Find(Key at) const {
  return static_cast<int>(std::upper_bound(key, key + count, at) - key) - 1;
}

// ---- Trees.

IntervalTree::~IntervalTree() { Delete(root_); }

IntervalTree::Path IntervalTree::Descend(Key key) const {
  Path path;
  Node* node = root_;
  while (node->height > 0) {
    const int i = std::max(node->Find(key), 0);
    path.node[path.length] = node;
    path.slot[path.length++] = i;
    node = node->Child(i);
  }
  path.leaf = node;
  path.at = node->Find(key);
  return path;
}

std::optional<IntervalTree::Item> IntervalTree::FindLast(Key key) const {
  if (root_ == nullptr) return std::nullopt;
  const Path path = Descend(key);
  // A slot's key is the least below it, so only the first leaf of all can have
  // nothing but greater ones.
  if (path.at < 0) return std::nullopt;
  return path.leaf->At(path.at);
}

void IntervalTree::Split(Node& parent, int i) {
  Node& left = *parent.Child(i);
  Node* const right = new Node;
  right->height = left.height;
  left.MoveTail(kWidth / 2, *right);
  parent.Insert(i + 1, right->Summary());
  parent.Set(i, left.Summary());
}

bool IntervalTree::MergeIfSmall(Node& parent, int i) {
  if (i < 0 || i + 1 >= parent.count) return false;
  Node& left = *parent.Child(i);
  Node* const right = parent.Child(i + 1);
  if (left.count + right->count > kMergeUpTo) return false;
  right->MoveTail(0, left);
  delete right;
  parent.Erase(i + 1);
  parent.Set(i, left.Summary());
  return true;
}

bool IntervalTree::Update(Node& parent, int i) {
  Node* const child = parent.Child(i);
  if (child->count == 0) {
    delete child;
    parent.Erase(i);
    return true;
  }
  const Item is = parent.At(i);
  const Item should = child->Summary();
  parent.Set(i, should);
  // Both, whatever comes of the first.
  const bool up = MergeIfSmall(parent, i);
  const bool down = MergeIfSmall(parent, i - 1);
  return up || down || is.key != should.key || is.hull != should.hull ||
         is.best != should.best;
}

void IntervalTree::Insert(const Item& item) {
  if (root_ == nullptr) root_ = new Node;
  if (root_->count == kWidth) {
    Node* const top = new Node;
    top->height = root_->height + 1;
    top->Insert(0, root_->Summary());
    root_ = top;
  }
  // On the way down, full nodes are split, so there is always room above.
  Node* node = root_;
  while (node->height > 0) {
    int i = std::max(node->Find(item.key), 0);
    if (node->Child(i)->count == kWidth) {
      Split(*node, i);
      if (item.key > node->key[i + 1]) ++i;
    }
    Item slot = node->At(i);
    slot.key = std::min(slot.key, item.key);
    slot.hull = Hull(slot.hull, item.hull);
    slot.best = std::max(slot.best, item.best);
    node->Set(i, slot);
    node = node->Child(i);
  }
  node->Insert(node->Find(item.key) + 1, item);
}

void IntervalTree::Replace(const Item& item) {
  const Path path = Descend(item.key);
  PLANISH_CHECK(path.at >= 0 && path.leaf->key[path.at] == item.key,
                "T7: no item to replace");
  path.leaf->Set(path.at, item);
  int i = path.length;
  while (i-- > 0 && Update(*path.node[i], path.slot[i])) {
  }
}

bool IntervalTree::Erase(Key key) {
  if (root_ == nullptr) return false;
  const Path path = Descend(key);
  if (path.at < 0 || path.leaf->key[path.at] != key) return false;
  path.leaf->Erase(path.at);
  int i = path.length;
  while (i-- > 0 && Update(*path.node[i], path.slot[i])) {
  }
  while (root_->height > 0 && root_->count == 1) {
    Node* const only = root_->Child(0);
    delete root_;
    root_ = only;
  }
  if (root_->count == 0) {
    delete root_;
    root_ = nullptr;
  }
  return true;
}

void IntervalTree::CheckInvariants() const {
  if (root_ != nullptr) Check(*root_, /*is_root=*/true);
}

}  // namespace planish
