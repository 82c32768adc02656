#include "planish/regions/child_index.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "planish/base/check.h"

namespace planish {
namespace {

using Item = IntervalTree::Item;
using Key = IntervalTree::Key;
using Node = IntervalTree::Node;

uint64_t MeetingPoint(AddrRange extent) {
  const uint64_t last = extent.last.raw();
  const uint64_t differ = extent.first.raw() ^ last;
  if (differ == 0) return last;
  // Below the highest digit in which the ends differ, all are free to be 0.
  return last & ~(std::bit_floor(differ) - 1);
}

// No child's key in the main tree: a link_seq is not 0.
Key CrowdKey(uint64_t point) { return {point, 0}; }

bool IsCrowd(const Item& item) { return item.key.minor == 0; }

Item ItemOf(const ChildIndex::Child& child, uint64_t major) {
  return {{major, child.precedence.link_seq()},
          child.extent,
          child.precedence,
          reinterpret_cast<uintptr_t>(child.region)};
}

Region* RegionOf(const Item& item) {
  return reinterpret_cast<Region*>(item.below);
}

constexpr Key kGreatest = {UINT64_MAX, UINT64_MAX};

}  // namespace

struct ChildIndex::Crowd {
  IntervalTree by_first;
  IntervalTree by_last;
  size_t size = 0;

  void Insert(const Item& child) {
    const uint64_t link_seq = child.best.link_seq();
    Item item = child;
    item.key = {child.hull.first.raw(), link_seq};
    by_first.Insert(item);
    item.key = {child.hull.last.raw(), link_seq};
    by_last.Insert(item);
    ++size;
  }
  void Erase(const Child& child) {
    const uint64_t link_seq = child.precedence.link_seq();
    PLANISH_CHECK(by_first.Erase({child.extent.first.raw(), link_seq}) &&
                      by_last.Erase({child.extent.last.raw(), link_seq}),
                  "T8: a child that is not in its crowd");
    --size;
  }
  // What the main tree says of it.
  Item Summary(uint64_t point) const {
    Item all = by_first.root()->Summary();
    all.key = CrowdKey(point);
    all.below = reinterpret_cast<uintptr_t>(this);
    return all;
  }

  static Crowd* Of(uintptr_t below) { return reinterpret_cast<Crowd*>(below); }
};

// ---- Edits.

ChildIndex::~ChildIndex() {
  tree_.ForEach({}, kGreatest, [](const Item& item) {
    if (IsCrowd(item)) delete Crowd::Of(item.below);
    return true;
  });
}

void ChildIndex::Insert(const Child& child) {
  ++size_;
  const uint64_t point = MeetingPoint(child.extent);
  const std::optional<Item> here = tree_.FindLast({point, UINT64_MAX});
  if (!here.has_value() || here->key.major != point) {
    tree_.Insert(ItemOf(child, point));
    return;
  }
  if (IsCrowd(*here)) {
    Crowd* const crowd = Crowd::Of(here->below);
    crowd->Insert(ItemOf(child, point));
    tree_.Replace(crowd->Summary(point));
    return;
  }
  tree_.Insert(ItemOf(child, point));
  size_t count = 0;
  tree_.ForEach(CrowdKey(point), {point, UINT64_MAX},
                [&](const Item&) { return ++count <= kFew; });
  if (count > kFew) MakeCrowd(point);
}

void ChildIndex::Erase(const Child& child) {
  --size_;
  const uint64_t point = MeetingPoint(child.extent);
  if (tree_.Erase({point, child.precedence.link_seq()})) return;
  const std::optional<Item> here = tree_.FindLast(CrowdKey(point));
  PLANISH_CHECK(here.has_value() && here->key == CrowdKey(point),
                "T8: a child that is not in the index");
  Crowd* const crowd = Crowd::Of(here->below);
  crowd->Erase(child);
  if (crowd->size > kFewAgain) {
    tree_.Replace(crowd->Summary(point));
  } else {
    DissolveCrowd(point, crowd);
  }
}

void ChildIndex::MakeCrowd(uint64_t point) {
  Crowd* const crowd = new Crowd;
  std::vector<Key> keys;
  tree_.ForEach(CrowdKey(point), {point, UINT64_MAX}, [&](const Item& item) {
    crowd->Insert(item);
    keys.push_back(item.key);
    return true;
  });
  for (const Key& key : keys) tree_.Erase(key);
  tree_.Insert(crowd->Summary(point));
}

void ChildIndex::DissolveCrowd(uint64_t point, Crowd* crowd) {
  tree_.Erase(CrowdKey(point));
  crowd->by_first.ForEach({}, kGreatest, [&](Item item) {
    item.key.major = point;
    tree_.Insert(item);
    return true;
  });
  delete crowd;
}

// ---- Searches.

ChildIndex::Search::Search(const ChildIndex& index, AddrRange interval)
    : interval_(interval) {
  if (index.tree_.root() != nullptr) {
    Push(index.tree_.root(), Precedence::Highest());
  }
}

void ChildIndex::Search::Push(const Node* node, Precedence below) {
  ++nodes_seen_;
  Cursor cursor{Precedence(), node, -1};
  for (int i = 0; i < node->count; ++i) {
    if (node->first[i] <= interval_.last && interval_.first <= node->last[i] &&
        node->best[i] < below && node->best[i] > cursor.best) {
      cursor.best = node->best[i];
      cursor.at = i;
    }
  }
  if (cursor.at < 0) return;
  heap_.push_back(cursor);
  std::push_heap(heap_.begin(), heap_.end());
}

Region* ChildIndex::Search::Next() {
  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end());
    const Cursor cursor = heap_.back();
    heap_.pop_back();
    Push(cursor.node, cursor.best);

    const Item item = cursor.node->At(cursor.at);
    if (cursor.node->height > 0) {
      Push(cursor.node->Child(cursor.at), Precedence::Highest());
    } else if (IsCrowd(item)) {
      // All of a crowd begin at its point or before, and end there or behind:
      // one end decides, and the tree in its order leads straight to it.
      const Crowd& crowd = *Crowd::Of(item.below);
      const bool behind = interval_.first.raw() > item.key.major;
      Push((behind ? crowd.by_last : crowd.by_first).root(),
           Precedence::Highest());
    } else {
      return RegionOf(item);
    }
  }
  return nullptr;
}

// ---- Invariants.

void ChildIndex::ForEach(absl::FunctionRef<void(const Child&)> visit) const {
  const auto visit_item = [&](const Item& item) {
    visit({item.hull, item.best, RegionOf(item)});
    return true;
  };
  tree_.ForEach({}, kGreatest, [&](const Item& item) {
    if (!IsCrowd(item)) return visit_item(item);
    Crowd::Of(item.below)->by_first.ForEach({}, kGreatest, visit_item);
    return true;
  });
}

void ChildIndex::CheckInvariants() const {
  tree_.CheckInvariants();
  size_t children = 0;
  size_t here = 0;  // Children of one point that are no crowd.
  uint64_t point = 0;
  tree_.ForEach({}, kGreatest, [&](const Item& item) {
    if (item.key.major != point) here = 0;
    point = item.key.major;
    if (!IsCrowd(item)) {
      PLANISH_CHECK_EQ(MeetingPoint(item.hull), point,
                       "T8: a child at a strange meeting point");
      PLANISH_CHECK_EQ(item.best.link_seq(), item.key.minor,
                       "T8: a child under a strange key");
      PLANISH_CHECK(++here <= kFew, "T8: too many that are no crowd");
      ++children;
      return true;
    }
    const Crowd& crowd = *Crowd::Of(item.below);
    PLANISH_CHECK(crowd.size > kFewAgain, "T8: too few for a crowd");
    const Item should = crowd.Summary(point);
    PLANISH_CHECK(item.hull == should.hull && item.best == should.best,
                  "T8: a slot differs from its crowd");
    std::vector<std::pair<Precedence, uintptr_t>> first, last;
    crowd.by_first.CheckInvariants();
    crowd.by_first.ForEach({}, kGreatest, [&](const Item& child) {
      PLANISH_CHECK_EQ(MeetingPoint(child.hull), point,
                       "T8: a child in the wrong crowd");
      PLANISH_CHECK(child.key.major == child.hull.first.raw(),
                    "T8: a child under a strange first address");
      first.emplace_back(child.best, child.below);
      return true;
    });
    crowd.by_last.CheckInvariants();
    crowd.by_last.ForEach({}, kGreatest, [&](const Item& child) {
      PLANISH_CHECK(child.key.major == child.hull.last.raw(),
                    "T8: a child under a strange last address");
      last.emplace_back(child.best, child.below);
      return true;
    });
    std::sort(first.begin(), first.end());
    std::sort(last.begin(), last.end());
    PLANISH_CHECK(first == last && first.size() == crowd.size,
                  "T8: a crowd's trees differ");
    children += crowd.size;
    return true;
  });
  PLANISH_CHECK_EQ(children, size_, "T8: children miscounted");
}

}  // namespace planish
