#include "planish/flatview/diff.h"

#include <cstddef>

#include "planish/base/addr.h"
#include "planish/flatview/flat_range.h"
#include "planish/flatview/flat_view.h"
#include "planish/flatview/view_nodes.h"

namespace planish {

using internal::ViewChild;
using internal::ViewNode;
using internal::ViewPath;

namespace {

// SEMANTICS 3.2: all but the dirty log mask.
bool SameToListeners(const FlatRange& a, FlatRange b) {
  b.dirty_log_mask = a.dirty_log_mask;
  return a == b;
}

// A walk through a view that can pass a node without looking into it: it stands
// before a whole node, or before a range of a leaf that it has entered.
class Cursor {
 public:
  Cursor(const ViewNode* tree, DiffCost& cost) : cost_(cost) {
    if (tree == nullptr) return;
    path_.top = tree->height;
    path_.node[path_.top] = tree;
    node_ = tree;
  }

  bool at_end() const { return node_ == nullptr && range_ == nullptr; }
  // Null: it stands before a range, or at the end.
  const ViewNode* node() const { return node_; }
  // Null: before a node, or at the end.
  const FlatRange* range() const { return range_; }

  // Of what it stands before. REQUIRES: !at_end().
  Addr first() const {
    if (range_ != nullptr) return range_->range.first;
    const ViewNode* node = node_;
    while (node->height > 0) node = node->children().front().node;
    return node->ranges().front().range.first;
  }

  // REQUIRES: it stands before a node.
  void Enter() {
    ++cost_.nodes;
    path_.index[node_->height] = 0;
    if (node_->height == 0) {
      range_ = node_->ranges().data();
      node_ = nullptr;
      ++cost_.ranges;
    } else {
      StandBefore(node_->height - 1, node_->children().front().node);
    }
  }
  // Passes what it stands before. REQUIRES: !at_end().
  void Pass() {
    size_t height = 0;  // Of the node of which the next item is wanted.
    if (range_ != nullptr) {
      if (++path_.index[0] < path_.leaf().count) {
        ++cost_.ranges;
        ++range_;
        return;
      }
      range_ = nullptr;
      height = 1;
    } else {
      height = node_->height + 1;
      node_ = nullptr;
    }
    while (height <= path_.top &&
           ++path_.index[height] == path_.node[height]->count) {
      ++height;
    }
    if (height > path_.top) return;
    StandBefore(height - 1,
                path_.node[height]->children()[path_.index[height]].node);
  }

 private:
  void StandBefore(size_t height, const ViewNode* node) {
    path_.node[height] = node;
    node_ = node;
  }

  DiffCost& cost_;
  ViewPath path_;
  const ViewNode* node_ = nullptr;
  const FlatRange* range_ = nullptr;
};

}  // namespace

class DiffWalk {
 public:
  DiffWalk(const FlatView& before, const FlatView& after, DiffSink& sink)
      : was_(before.tree_, cost_),
        is_(after.tree_, cost_),
        sink_(sink),
        wants_kept_(sink.WantsKept()) {}

  DiffCost Run() {
    while (!was_.at_end() || !is_.at_end()) {
      if (is_.at_end()) {
        Remove();
      } else if (was_.at_end()) {
        Add();
      } else if (was_.node() != nullptr && was_.node() == is_.node()) {
        if (wants_kept_) KeepAll(*was_.node());
        was_.Pass();
        is_.Pass();
      } else {
        Compare();
      }
    }
    return cost_;
  }

 private:
  // Neither at its end, nor both before the same node.
  void Compare() {
    const Addr was_first = was_.first();
    const Addr is_first = is_.first();
    if (was_first < is_first) return Remove();
    if (is_first < was_first) return Add();
    // If the two have a node in common that begins here, they come to stand
    // before it both, as the higher one is entered first.
    const ViewNode* const was = was_.node();
    const ViewNode* const is = is_.node();
    if (was == nullptr && is == nullptr) return CompareRanges();
    const bool enters_was =
        is == nullptr || (was != nullptr && was->height >= is->height);
    const bool enters_is =
        was == nullptr || (is != nullptr && is->height >= was->height);
    if (enters_was) was_.Enter();
    if (enters_is) is_.Enter();
  }
  void CompareRanges() {
    if (!SameToListeners(*was_.range(), *is_.range())) {
      sink_.Removed(*was_.range());
      sink_.Added(*is_.range());
    } else if (wants_kept_) {
      sink_.Kept(*was_.range(), *is_.range());
    }
    was_.Pass();
    is_.Pass();
  }
  // What comes next in one view begins before all that is left in the other.
  void Remove() {
    if (was_.node() != nullptr) return was_.Enter();
    sink_.Removed(*was_.range());
    was_.Pass();
  }
  void Add() {
    if (is_.node() != nullptr) return is_.Enter();
    sink_.Added(*is_.range());
    is_.Pass();
  }
  void KeepAll(const ViewNode& node) {
    ++cost_.nodes;
    if (node.height > 0) {
      for (const ViewChild& child : node.children()) KeepAll(*child.node);
      return;
    }
    cost_.ranges += node.count;
    for (const FlatRange& r : node.ranges()) sink_.Kept(r, r);
  }

  DiffCost cost_;
  Cursor was_;
  Cursor is_;
  DiffSink& sink_;
  const bool wants_kept_;
};

DiffCost Diff(const FlatView& before, const FlatView& after, DiffSink& sink) {
  return DiffWalk(before, after, sink).Run();
}

}  // namespace planish
