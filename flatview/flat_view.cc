#include "planish/flatview/flat_view.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "planish/base/check.h"
#include "planish/flatview/view_nodes.h"

namespace planish {

using internal::FirstNotBelow;
using internal::FreeNode;
using internal::FreeTree;
using internal::kMaxItems;
using internal::kMinItems;
using internal::MakeNode;
using internal::ViewChild;
using internal::ViewNode;
using internal::ViewPath;

namespace {

using Totals = FlatView::Totals;

// As few nodes as will do, of equal size. Counts them in `made`.
template <typename Item>
std::vector<ViewChild> MakeNodes(const std::vector<Item>& items, uint64_t born,
                                 Totals& made) {
  const auto all = absl::MakeConstSpan(items);
  const size_t n = (all.size() + kMaxItems<Item> - 1) / kMaxItems<Item>;
  std::vector<ViewChild> nodes;
  nodes.reserve(n);
  for (size_t i = 0; i < n; ++i) {
    const size_t from = all.size() * i / n;
    const size_t to = all.size() * (i + 1) / n;
    const ViewNode* const node = MakeNode(all.subspan(from, to - from), born);
    nodes.push_back({node->last(), node});
    made.bytes += node->bytes();
  }
  made.nodes += n;
  if constexpr (std::is_same_v<Item, FlatRange>) made.ranges += all.size();
  return nodes;
}

// The root of a tree of which `nodes` are the highest level so far.
const ViewNode* MakeRoot(std::vector<ViewChild> nodes, uint64_t born,
                         Totals& made) {
  while (nodes.size() > 1) nodes = MakeNodes(nodes, born, made);
  return nodes.empty() ? nullptr : nodes.front().node;
}

bool FreeReplaced(void* node, uint64_t, size_t& budget) {
  FreeNode(static_cast<const ViewNode*>(node));
  if (budget > 0) --budget;
  return true;
}

// One splice: the run of ranges that goes, what comes in its place, and the new
// nodes, level by level from the leaves up.
//
//    inner      [ * * begin_ * * end_ * ]     what is between the two goes, the
//                       |         |           rest (*) of both nodes is copied
//    leaves     [* * begin_ a] [b c end_ *]   along; here a, b and c go
class ViewEdit {
 public:
  ViewEdit(const ViewNode* tree, const Totals& totals, AddrRange interval,
           absl::Span<const FlatRange> ranges)
      : tree_(tree), totals_(totals) {
    const AddrRange with_seams = {
        Addr(interval.first.raw() - (interval.first > Addr(0) ? 1 : 0)),
        Addr(interval.last.raw() + (interval.last < Addr::Max() ? 1 : 0))};
    if (tree_ != nullptr) Choose(with_seams);
    coming_.reserve(ranges.size() + 2);
    if (!NothingGoes() && first().range.first < interval.first) {
      coming_.push_back(first().Part({Addr(0), with_seams.first}));
    }
    coming_.insert(coming_.end(), ranges.begin(), ranges.end());
    if (!NothingGoes() && last().range.last > interval.last) {
      coming_.push_back(last().Part({with_seams.last, Addr::Max()}));
    }
    MergeNeighbours(coming_);
    KeepWhatIsEqual();
  }

  void Perform(RetireList& replaced) {
    if (NothingGoes() && coming_.empty()) return;
    Totals made;
    std::vector<ViewChild> nodes;
    if (tree_ == nullptr) {
      nodes = MakeNodes(coming_, replaced.commit(), made);
    } else {
      nodes = Replace(0, begin_.index[0], std::move(coming_),
                      end_.leaf().count - end_.index[0], replaced, made);
      for (size_t level = 1; level <= begin_.top; ++level) {
        nodes = Replace(level, begin_.index[level], std::move(nodes),
                        end_.node[level]->count - end_.index[level] - 1,
                        replaced, made);
      }
    }
    tree_ = MakeRoot(std::move(nodes), replaced.commit(), made);
    totals_.ranges += made.ranges;
    totals_.nodes += made.nodes;
    totals_.bytes += made.bytes;
    replaced.CountMade(made.nodes, made.bytes);
  }

  // Of the new version.
  const ViewNode* tree() const { return tree_; }
  const Totals& totals() const { return totals_; }

 private:
  // All ranges that overlap `window` are to go.
  void Choose(AddrRange window) {
    begin_ = ViewPath::To(*tree_, window.first);
    end_ = ViewPath::To(*tree_, window.last);
    const auto ranges = end_.leaf().ranges();
    const size_t at = end_.index[0];
    if (at < ranges.size() && ranges[at].range.first <= window.last) {
      ++end_.index[0];
    }
    LeaveUntouchedLeaf();
  }
  // Those at both ends that would come back as they are, stay.
  void KeepWhatIsEqual() {
    size_t equal = 0;
    while (!NothingGoes() && equal < coming_.size() &&
           first() == coming_[equal]) {
      ++equal;
      if (++begin_.index[0] == begin_.leaf().count &&
          begin_.node[0] != end_.node[0]) {
        begin_.NextNode(0);
        begin_.index[0] = 0;
      }
    }
    coming_.erase(coming_.begin(),
                  coming_.begin() + static_cast<std::ptrdiff_t>(equal));
    while (!NothingGoes() && !coming_.empty() && last() == coming_.back()) {
      coming_.pop_back();
      --end_.index[0];
      LeaveUntouchedLeaf();
    }
  }
  // A leaf of which nothing goes need not be copied.
  void LeaveUntouchedLeaf() {
    if (end_.index[0] > 0 || end_.node[0] == begin_.node[0]) return;
    end_.PreviousNode(0);
    end_.index[0] = end_.leaf().count;
  }

  bool NothingGoes() const {
    return tree_ == nullptr ||
           (begin_.node[0] == end_.node[0] && begin_.index[0] == end_.index[0]);
  }
  // Of those that go.
  const FlatRange& first() const {
    return begin_.leaf().ranges()[begin_.index[0]];
  }
  const FlatRange& last() const {
    return end_.leaf().ranges()[end_.index[0] - 1];
  }

  // Replaces the nodes of one level from begin_ to end_ by new ones, made of
  // the first `before` items there, `items`, and the last `after` items.
  template <typename Item>
  std::vector<ViewChild> Replace(size_t level, size_t before,
                                 std::vector<Item> items, size_t after,
                                 RetireList& replaced, Totals& made) {
    const auto left = begin_.node[level]->Items<Item>().first(before);
    const auto right = end_.node[level]->Items<Item>().last(after);
    items.insert(items.begin(), left.begin(), left.end());
    items.insert(items.end(), right.begin(), right.end());
    if (items.size() < kMinItems<Item>) {
      if (end_.NextNode(level)) {
        const auto more = end_.node[level]->Items<Item>();
        items.insert(items.end(), more.begin(), more.end());
      } else if (begin_.PreviousNode(level)) {
        const auto more = begin_.node[level]->Items<Item>();
        items.insert(items.begin(), more.begin(), more.end());
      }
    }
    RetireLevel(level, replaced);
    if constexpr (std::is_same_v<Item, ViewChild>) {
      // All that there is on the level below: it was one level too many.
      if (items.size() <= 1) return items;
    }
    return MakeNodes(items, replaced.commit(), made);
  }

  void RetireLevel(size_t level, RetireList& replaced) {
    for (ViewPath at = begin_;; at.NextNode(level)) {
      const ViewNode* const node = at.node[level];
      totals_.nodes -= 1;
      totals_.bytes -= node->bytes();
      if (level == 0) totals_.ranges -= node->count;
      replaced.Add({&FreeReplaced, const_cast<ViewNode*>(node), 0, node->born});
      if (node == end_.node[level]) return;
    }
  }

  const ViewNode* tree_;
  Totals totals_;
  ViewPath begin_;  // To the first range that goes,
  ViewPath end_;    // and behind the last one.
  std::vector<FlatRange> coming_;
};

}  // namespace

std::unique_ptr<const FlatView> FlatView::Build(const Region* root,
                                                std::vector<FlatRange> ranges,
                                                uint64_t born) {
  MergeNeighbours(ranges);
  Totals totals;
  std::vector<ViewChild> leaves = MakeNodes(ranges, born, totals);
  const ViewNode* const tree = MakeRoot(std::move(leaves), born, totals);
  // NOLINTNEXTLINE(modernize-make-unique): the constructor is private.
  return std::unique_ptr<const FlatView>(
      new FlatView(root, tree, totals, born));
}

FlatView::~FlatView() {
  size_t budget = SIZE_MAX;
  if (newest_) FreeTree(&tree_, budget);
}

std::unique_ptr<const FlatView> FlatView::Splice(
    AddrRange interval, absl::Span<const FlatRange> ranges,
    RetireList& replaced) const {
  PLANISH_CHECK(newest_, "F3: an old version was spliced");
  ViewEdit edit(tree_, totals_, interval, ranges);
  edit.Perform(replaced);
  newest_ = false;
  // NOLINTNEXTLINE(modernize-make-unique): the constructor is private.
  return std::unique_ptr<const FlatView>(
      new FlatView(root_, edit.tree(), edit.totals(), line_born_));
}

void FlatView::Retire(std::unique_ptr<const FlatView> view,
                      RetireList& replaced) {
  if (view == nullptr) return;
  const uint64_t born = view->line_born_;
  replaced.Add({[](void* context, uint64_t, size_t& budget) {
                  auto* const retired = static_cast<FlatView*>(context);
                  if (retired->newest_ && !FreeTree(&retired->tree_, budget)) {
                    return false;
                  }
                  delete retired;
                  return true;
                },
                const_cast<FlatView*>(view.release()), 0, born});
}

FlatView::Iterator::Iterator(const ViewNode* tree, Addr a) : tree_(tree) {
  const ViewNode* node = tree;
  if (node == nullptr || node->last() < a) return;
  while (node->height > 0) {
    const auto children = node->children();
    child_ = FirstNotBelow(children, a);
    children_end_ = children.data() + children.size();
    node = child_->node;
  }
  at_ = FirstNotBelow(node->ranges(), a);
  leaf_end_ = node->ranges().data() + node->count;
}

void FlatView::Iterator::NextLeaf() {
  const Addr last = (leaf_end_ - 1)->range.last;
  if (child_ != children_end_ && ++child_ != children_end_) {
    at_ = child_->node->ranges().data();
    leaf_end_ = at_ + child_->node->count;
  } else if (last < tree_->last()) {
    *this = Iterator(tree_, Addr(last.raw() + 1));
  } else {
    *this = Iterator();
  }
}

const FlatRange* FlatView::Find(Addr a) const {
  const Iterator at = Seek(a);
  return at != end() && at->range.first <= a ? &*at : nullptr;
}

namespace {

// F5 below `node`. Counts what is there.
void CheckNode(const ViewNode& node, bool is_root, Totals& found) {
  const size_t least =
      node.height == 0 ? kMinItems<FlatRange> : kMinItems<ViewChild>;
  const size_t most =
      node.height == 0 ? kMaxItems<FlatRange> : kMaxItems<ViewChild>;
  const size_t least_in_root = node.height == 0 ? 1 : 2;
  PLANISH_CHECK(node.count >= (is_root ? least_in_root : least),
                "F5: a node with too little in it");
  PLANISH_CHECK(node.count <= most, "F5: a node with too much in it");
  found.nodes += 1;
  found.bytes += node.bytes();
  if (node.height == 0) {
    found.ranges += node.count;
    return;
  }
  for (const ViewChild& child : node.children()) {
    PLANISH_CHECK_EQ(child.node->height + 1, node.height,
                     "F5: a path of another length");
    PLANISH_CHECK_EQ(child.last, child.node->last(), "F5: a wrong last");
    PLANISH_CHECK(child.node->born <= node.born, "F5: below an older node");
    CheckNode(*child.node, false, found);
  }
}

}  // namespace

void FlatView::CheckInvariants() const {
  Totals found;
  if (tree_ != nullptr) CheckNode(*tree_, true, found);
  PLANISH_CHECK_EQ(found.ranges, totals_.ranges, "F5: ranges miscounted");
  PLANISH_CHECK_EQ(found.nodes, totals_.nodes, "F5: nodes miscounted");
  PLANISH_CHECK_EQ(found.bytes, totals_.bytes, "F5: bytes miscounted");
  PLANISH_CHECK(root_ != nullptr || empty(), "F1: ranges without a root");
  const FlatRange* before = nullptr;
  size_t seen = 0;
  for (const FlatRange& r : *this) {
    PLANISH_CHECK(r.range.first <= r.range.last, "F1: an empty range");
    PLANISH_CHECK(r.region != nullptr, "F1: a range without a region");
    if (before != nullptr) {
      PLANISH_CHECK(before->range.last < r.range.first,
                    "F1: ranges out of order, or overlapping");
      PLANISH_CHECK(!CanMerge(*before, r), "F2: unmerged neighbours");
    }
    before = &r;
    ++seen;
  }
  PLANISH_CHECK_EQ(seen, size(), "F5: iteration misses ranges");
}

}  // namespace planish
