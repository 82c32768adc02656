#include "planish/regions/children.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>

#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/regions/region.h"

namespace planish {
namespace {

// How the index has `child`, if it does.
std::optional<ChildIndex::Child> Indexed(Region& child) {
  const std::optional<AddrRange> extent = child.extent();
  if (!child.enabled() || !extent.has_value()) return std::nullopt;
  return ChildIndex::Child{*extent, child.precedence(), &child};
}

}  // namespace

void Children::Insert(Region& child) {
  order_.insert({child.precedence(), &child});
  if (index_ == nullptr && order_.size() > kScan) {
    index_ = std::make_unique<ChildIndex>();
    for (const Entry& entry : order_) {
      const auto indexed = Indexed(*entry.region);
      if (indexed.has_value() && entry.region != &child) {
        index_->Insert(*indexed);
      }
    }
  }
  Show(child);
}

void Children::Erase(Region& child) {
  Hide(child);
  PLANISH_CHECK_EQ(order_.erase({child.precedence(), &child}), 1u,
                   "T2: a child is not where its precedence puts it");
  if (order_.size() <= kScanAgain) index_.reset();
}

void Children::Hide(Region& child) {
  if (child.enabled()) --enabled_;
  const auto indexed = Indexed(child);
  if (index_ != nullptr && indexed.has_value()) index_->Erase(*indexed);
}

void Children::Show(Region& child) {
  if (child.enabled()) ++enabled_;
  const auto indexed = Indexed(child);
  if (index_ != nullptr && indexed.has_value()) index_->Insert(*indexed);
}

Children::const_reverse_iterator Children::Below(const Region& child) const {
  const auto at = order_.find({child.precedence(), nullptr});
  return const_reverse_iterator(const_iterator(at));
}

bool Children::Has(const Region& child) const {
  const auto at = order_.find({child.precedence(), nullptr});
  return at != order_.end() && at->region == &child;
}

void Children::CheckInvariants(const Region& container) const {
  size_t enabled = 0;
  size_t indexed = 0;
  Precedence below;
  for (const Entry& entry : order_) {
    PLANISH_CHECK(entry.region->container() == &container,
                  "T1: a child of another container");
    PLANISH_CHECK(below < entry.precedence &&
                      entry.precedence == entry.region->precedence(),
                  "T2: children out of order");
    below = entry.precedence;
    if (entry.region->enabled()) ++enabled;
    if (Indexed(*entry.region).has_value()) ++indexed;
  }
  PLANISH_CHECK_EQ(enabled, enabled_, "T5: enabled children miscounted");
  if (index_ == nullptr) {
    PLANISH_CHECK(order_.size() <= kScan, "T6: no index");
    return;
  }
  PLANISH_CHECK(order_.size() > kScanAgain, "T6: an index for a few");
  index_->CheckInvariants();
  // As many, and each one of ours.
  PLANISH_CHECK_EQ(index_->size(), indexed,
                   "T6: children missing in the index");
  index_->ForEach([&](const ChildIndex::Child& child) {
    const auto should = Indexed(*child.region);
    PLANISH_CHECK(child.region->container() == &container &&
                      should.has_value() && should->extent == child.extent &&
                      should->precedence == child.precedence,
                  "T6: the index has a child otherwise");
  });
}

}  // namespace planish
