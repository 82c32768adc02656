#include "planish/space/climb.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"

namespace planish {
namespace {

// Intervals that a region collects before it joins some; more if more were
// marked to begin with.
constexpr size_t kFewIntervals = 64;
// After so many a region is taken to have changed everywhere.
constexpr int kMostRounds = 16;
// Up to here it is cheaper to go through all windows than to remember which.
constexpr size_t kFewAliases = 8;
// Regions that are looked at to find out whether a window leads to a root.
constexpr size_t kMostLooks = 64;

const AddrRange kEverything = AddrRange::All();

}  // namespace

void Climb::Watch(const Region& root) {
  if (watched_.insert(&root).second) ways_.clear();
}

Climb::Visit& Climb::VisitOf(const Region& region) {
  const auto [at, is_new] = index_.try_emplace(&region, visits_.size());
  if (is_new) visits_.emplace_back().region = &region;
  return visits_[at->second];
}

void Climb::Add(Visit& visit, const IntervalSet& intervals) {
  IntervalSet fresh;
  for (const AddrRange r : intervals) {
    if (!visit.seen.Covers(r)) fresh.Add(r);
  }
  if (fresh.empty()) return;
  visit.seen.AddAll(fresh);
  visit.pending.AddAll(fresh);
  if (visit.seen.size() > most_) {
    visit.seen.Coarsen(most_ / 2);
    visit.pending = visit.seen;
  }
  if (std::exchange(visit.queued, true)) return;
  queue_.push_back(static_cast<size_t>(&visit - visits_.data()));
}

void Climb::Arrive(const Region& region, const IntervalSet& intervals,
                   Addr last, Int128 shift) {
  if (!region.enabled() || region.size().IsZero()) return;  // R2.1, R2.5
  const Int128 end = region.size().LastOffset();
  IntervalSet arrived;
  for (const AddrRange r : intervals) {
    if (r.first > last) break;
    const Int128 from = r.first.raw() + shift;
    const Int128 to = std::min(r.last, last).raw() + shift;
    if (to < 0) continue;
    if (from > end) break;
    arrived.Add({Addr(static_cast<uint64_t>(std::max<Int128>(from, 0))),
                 Addr(static_cast<uint64_t>(std::min(to, end)))});
  }
  if (!arrived.empty()) Add(VisitOf(region), arrived);
}

void Climb::PassOn(Visit& visit) {
  const Region& region = *visit.region;
  visit.queued = false;
  if (++visit.rounds == kMostRounds) {
    visit.seen.Add(kEverything);
    visit.pending.Add(kEverything);
  }
  const IntervalSet intervals = visit.pending;
  visit.pending.Clear();
  // `visit` may move from here on.
  if (watched_.contains(&region)) {
    Hit& hit = hits_.emplace_back();
    hit.root = &region;
    const uint64_t room = UINT64_MAX - region.addr().raw();  // R2.10
    for (const AddrRange r : intervals) {
      if (r.first.raw() > room) break;
      hit.intervals.Add(
          {Addr(r.first.raw() + region.addr().raw()),
           Addr(std::min(r.last.raw(), room) + region.addr().raw())});
    }
  }
  // Windows show what the region has, whatever its size was (R2.7): of a part
  // that it lost, they have something to lose too.
  for (const Region* alias : WaysThrough(region)) {
    Arrive(*alias, intervals, Addr::Max(), -Int128{alias->alias_offset()});
  }
  // Its container was marked by itself, if the region has been switched, or has
  // another size.
  if (region.container() == nullptr || !region.enabled() ||
      region.size().IsZero()) {
    return;
  }
  Arrive(*region.container(), intervals, Addr(region.size().LastOffset()),
         region.addr().raw());
}

const std::vector<Region*>& Climb::WaysThrough(const Region& region) {
  if (region.aliases().size() <= kFewAliases) return region.aliases();
  const auto [at, is_new] = ways_.try_emplace(&region);
  if (is_new) {
    for (Region* alias : region.aliases()) {
      if (LeadsToWatched(*alias)) at->second.push_back(alias);
    }
  }
  return at->second;
}

bool Climb::LeadsToWatched(const Region& alias) const {
  absl::InlinedVector<const Region*, kMostLooks> seen = {&alias};
  const auto look = [&](const Region* region) {
    if (std::find(seen.begin(), seen.end(), region) == seen.end()) {
      seen.push_back(region);
    }
  };
  for (size_t i = 0; i < seen.size(); ++i) {
    const Region& region = *seen[i];
    if (watched_.contains(&region)) return true;
    if (seen.size() + region.aliases().size() >= kMostLooks) return true;
    if (region.container() != nullptr) look(region.container());
    for (const Region* up : region.aliases()) look(up);
  }
  return false;
}

const std::vector<Climb::Hit>& Climb::Run(const ChangeSet& changes,
                                          uint64_t ways_up) {
  if (std::exchange(ways_up_, ways_up) != ways_up) ways_.clear();
  most_ = std::max(kFewIntervals, 2 * changes.shown.size());
  visits_.clear();
  index_.clear();
  queue_.clear();
  hits_.clear();
  for (size_t i = 0; i < changes.shown.size();) {
    const Region& region = *changes.shown[i].region;
    IntervalSet intervals;
    for (; i < changes.shown.size() && changes.shown[i].region == &region;
         ++i) {
      intervals.Add(changes.shown[i].interval);
    }
    Add(VisitOf(region), intervals);
  }
  for (size_t i = 0; i < queue_.size(); ++i) PassOn(visits_[queue_[i]]);
  return hits_;
}

}  // namespace planish
