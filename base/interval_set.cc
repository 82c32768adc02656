#include "planish/base/interval_set.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

#include "planish/base/addr.h"

namespace planish {
namespace {

// `a` ends so far below `b` that an address lies between them.
bool IsApartBelow(AddrRange a, AddrRange b) {
  return a.last < b.first && !a.Touches(b);
}

}  // namespace

void IntervalSet::Add(AddrRange interval) {
  if (intervals_.empty() || IsApartBelow(intervals_.back(), interval)) {
    intervals_.push_back(interval);
    return;
  }
  // All that `interval` meets become one.
  AddrRange* const from = std::partition_point(
      intervals_.begin(), intervals_.end(),
      [&](AddrRange r) { return IsApartBelow(r, interval); });
  if (IsApartBelow(interval, *from)) {
    intervals_.insert(from, interval);
    return;
  }
  AddrRange* const to = std::partition_point(
      from, intervals_.end(),
      [&](AddrRange r) { return !IsApartBelow(interval, r); });
  from->first = std::min(from->first, interval.first);
  from->last = std::max(std::prev(to)->last, interval.last);
  intervals_.erase(std::next(from), to);
}

void IntervalSet::AddAll(const IntervalSet& other) {
  if (other.size() <= 2) {
    for (const AddrRange r : other) Add(r);
    return;
  }
  IntervalSet both;
  both.intervals_.reserve(size() + other.size());
  const AddrRange* a = begin();
  const AddrRange* b = other.begin();
  while (a != end() || b != other.end()) {
    const bool from_a =
        b == other.end() || (a != end() && a->first <= b->first);
    both.Add(from_a ? *a++ : *b++);  // At the end, every time.
  }
  *this = std::move(both);
}

bool IntervalSet::Covers(AddrRange interval) const {
  const AddrRange* const at =
      std::partition_point(intervals_.begin(), intervals_.end(),
                           [&](AddrRange r) { return r.last < interval.last; });
  return at != intervals_.end() && at->first <= interval.first;
}

void IntervalSet::Coarsen(size_t most) {
  if (size() <= most) return;
  // What stays apart: the `most - 1` largest gaps, by the index behind them.
  std::vector<std::pair<uint64_t, size_t>> gaps;
  gaps.reserve(size() - 1);
  for (size_t i = 1; i < size(); ++i) {
    gaps.emplace_back(intervals_[i].first - intervals_[i - 1].last, i);
  }
  const auto kept = gaps.begin() + static_cast<std::ptrdiff_t>(most - 1);
  std::nth_element(
      gaps.begin(), kept, gaps.end(), [](const auto& a, const auto& b) {
        return a.first != b.first ? a.first > b.first : a.second < b.second;
      });
  std::sort(gaps.begin(), kept,
            [](const auto& a, const auto& b) { return a.second < b.second; });
  size_t out = 0;
  size_t from = 0;
  for (auto gap = gaps.begin();; ++gap) {
    const size_t to = gap == kept ? size() : gap->second;
    intervals_[out++] = {intervals_[from].first, intervals_[to - 1].last};
    if (gap == kept) break;
    from = to;
  }
  intervals_.resize(out);
}

}  // namespace planish
