#include "planish/flatview/flat_view.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "planish/base/check.h"

namespace planish {

struct FlatView::Storage {
  std::vector<FlatRange> ranges;
};

namespace {

// The part of `r` inside `window`, with its offset. REQUIRES: they overlap.
FlatRange Part(const FlatRange& r, AddrRange window) {
  FlatRange part = r;
  part.range = *r.range.Intersect(window);
  part.offset = r.OffsetOf(part.range.first);
  return part;
}

}  // namespace

FlatView::FlatView(const Region* root, std::unique_ptr<const Storage> storage)
    : root_(root),
      ranges_(storage->ranges.data()),
      size_(storage->ranges.size()),
      storage_(std::move(storage)) {}

FlatView::~FlatView() = default;

std::unique_ptr<const FlatView> FlatView::Build(const Region* root,
                                                std::vector<FlatRange> ranges) {
  MergeNeighbours(ranges);
  auto storage = std::make_unique<Storage>();
  storage->ranges = std::move(ranges);
  // NOLINTNEXTLINE(modernize-make-unique): the constructor is private.
  return std::unique_ptr<const FlatView>(
      new FlatView(root, std::move(storage)));
}

FlatView::Iterator FlatView::Seek(Addr a) const {
  return Iterator(std::partition_point(
      ranges_, ranges_ + size_,
      [a](const FlatRange& r) { return r.range.last < a; }));
}

const FlatRange* FlatView::Find(Addr a) const {
  const Iterator at = Seek(a);
  return at != end() && at->range.first <= a ? &*at : nullptr;
}

std::unique_ptr<const FlatView> FlatView::Splice(
    AddrRange interval, absl::Span<const FlatRange> ranges,
    RetireList& replaced) const {
  PLANISH_CHECK(storage_ != nullptr, "F3: an old version was spliced");
  std::vector<FlatRange> next;
  next.reserve(size_ + ranges.size() + 2);
  std::optional<AddrRange> below;
  std::optional<AddrRange> above;
  if (interval.first != Addr(0)) {
    below = AddrRange{Addr(0), Addr(interval.first.raw() - 1)};
  }
  if (interval.last != Addr::Max()) {
    above = AddrRange{Addr(interval.last.raw() + 1), Addr::Max()};
  }
  auto at = begin();
  for (; at != end() && below && at->range.first <= below->last; ++at) {
    next.push_back(Part(*at, *below));
  }
  next.insert(next.end(), ranges.begin(), ranges.end());
  if (above) {
    for (at = Seek(above->first); at != end(); ++at) {
      next.push_back(Part(*at, *above));
    }
  }
  auto made = Build(root_, std::move(next));
  replaced.Add(storage_.release());
  return made;
}

void FlatView::CheckInvariants() const {
  for (size_t i = 0; i < size_; ++i) {
    const FlatRange& r = ranges_[i];
    PLANISH_CHECK(r.range.first <= r.range.last, "F1: an empty range");
    PLANISH_CHECK(r.region != nullptr, "F1: a range without a region");
    if (i == 0) continue;
    PLANISH_CHECK(ranges_[i - 1].range.last < r.range.first,
                  "F1: ranges out of order, or overlapping");
    PLANISH_CHECK(!CanMerge(ranges_[i - 1], r), "F2: unmerged neighbours");
  }
  PLANISH_CHECK(root_ != nullptr || size_ == 0, "F1: ranges without a root");
}

}  // namespace planish
