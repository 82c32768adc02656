#include "planish/regions/change_log.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace planish {
namespace {

// Marks that a commit leaves room for. A bulk load's room is given back.
constexpr size_t kRoomKept = 1024;

bool Meet(AddrRange a, AddrRange b) {
  return a.Overlaps(b) || a.Touches(b) || b.Touches(a);
}

AddrRange Hull(AddrRange a, AddrRange b) {
  return {std::min(a.first, b.first), std::max(a.last, b.last)};
}

bool Earlier(const Change& a, const Change& b) {
  if (a.region != b.region) return a.region->number() < b.region->number();
  return a.interval.first < b.interval.first;
}

void MergeNeighbours(std::vector<Change>& marks) {
  size_t kept = 0;
  for (const Change& mark : marks) {
    Change* const last = kept > 0 ? &marks[kept - 1] : nullptr;
    if (last != nullptr && last->region == mark.region &&
        Meet(last->interval, mark.interval)) {
      last->interval = Hull(last->interval, mark.interval);
    } else {
      marks[kept++] = mark;
    }
  }
  marks.erase(marks.begin() + static_cast<ptrdiff_t>(kept), marks.end());
}

void SortUnique(std::vector<const Region*>& regions) {
  std::sort(regions.begin(), regions.end(),
            [](auto* a, auto* b) { return a->number() < b->number(); });
  regions.erase(std::unique(regions.begin(), regions.end()), regions.end());
}

template <typename T>
void Empty(std::vector<T>& marks) {
  marks.clear();
  if (marks.capacity() > kRoomKept) marks.shrink_to_fit();
}

}  // namespace

void ChangeLog::Shown(const Region& region, AddrRange interval) {
  if (!set_.shown.empty()) {
    // Neighbours one after the other, as a load links them, are one mark.
    Change& last = set_.shown.back();
    if (last.region == &region && Meet(last.interval, interval)) {
      last.interval = Hull(last.interval, interval);
      return;
    }
  }
  set_.shown.push_back({&region, interval});
}

const ChangeSet& ChangeLog::Merged() {
  std::sort(set_.shown.begin(), set_.shown.end(), Earlier);
  MergeNeighbours(set_.shown);
  SortUnique(set_.moved);
  SortUnique(set_.resolve_again);
  return set_;
}

void ChangeLog::Clear() {
  Empty(set_.shown);
  Empty(set_.moved);
  Empty(set_.resolve_again);
}

}  // namespace planish
