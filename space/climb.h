// Climb: takes what the edits of a transaction marked, in the coordinates of
// the regions that they touched, up to the roots that are watched:
//
//    vga [0, fff] changed                     watched: system, smm 0
//      '-> pci      + its address there, cut at pci's end
//            |-> system   + pci's address  -----------------> view of system
//            |     '-> smm 0's window      + where it begins -> view of smm 0
//            '-> smram-region, a window onto pci: minus its offset, cut at its
//                  size --> system --> covered already: goes no further
//
// A region collects what reaches it, and passes on only what it has not passed
// on before. So diamonds don't multiply intervals, and windows that show
// themselves end. What grows all the same is made coarser: what is marked in
// excess is rendered and found to look as it did.
//
// Most windows onto a large container lead to no root: a thousand bus masters,
// whose spaces all end at what they show (R2.14). Climb remembers which of them
// do, and looks at the others no more until a new way up may have come to be.
//
// THREAD SAFETY  As Region's getters; one Run() at a time.
// COST  Run: O(regions on the way x intervals), not of windows that lead
//   nowhere. A region is passed at most kMostRounds times.
// SOURCES  regions/change_set.h; SEMANTICS R2.4, R2.5, R2.7, R2.19.

#ifndef PLANISH_SPACE_CLIMB_H_
#define PLANISH_SPACE_CLIMB_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "planish/base/addr.h"
#include "planish/base/interval_set.h"
#include "planish/regions/change_set.h"
#include "planish/regions/region.h"

namespace planish {

class Climb {
 public:
  // What of a watched root's view may look different now: addresses of the
  // view, so that the root's own address has been added (R2.19).
  struct Hit {
    const Region* root;
    IntervalSet intervals;
  };

  void Watch(const Region& root);
  void Unwatch(const Region& root) { watched_.erase(&root); }
  bool IsWatched(const Region& root) const { return watched_.contains(&root); }

  // A root may come more than once. `ways_up`: Topology's. Good until the next
  // call.
  const std::vector<Hit>& Run(const ChangeSet& changes, uint64_t ways_up);

  // Of the last Run(), for tests: how many regions it passed, how often.
  size_t steps() const { return queue_.size(); }

 private:
  struct Visit {
    const Region* region;
    IntervalSet seen;     // In the region's coordinates: all that came,
    IntervalSet pending;  // and what of that is to be passed on.
    bool queued = false;
    int rounds = 0;
  };

  Visit& VisitOf(const Region& region);
  // Takes `intervals` up, which are not above `last`, to `region`.
  void Arrive(const Region& region, const IntervalSet& intervals, Addr last,
              Int128 shift);
  void Add(Visit& visit, const IntervalSet& intervals);
  void PassOn(Visit& visit);
  const std::vector<Region*>& WaysThrough(const Region& region);
  bool LeadsToWatched(const Region& alias) const;

  absl::flat_hash_set<const Region*> watched_;
  // Of regions with many aliases: those that lead up to a watched root.
  absl::flat_hash_map<const Region*, std::vector<Region*>> ways_;
  uint64_t ways_up_ = 0;

  // Of a Run().
  size_t most_ = 0;  // Intervals that a region collects.
  std::vector<Visit> visits_;
  absl::flat_hash_map<const Region*, size_t> index_;  // In visits_.
  std::vector<size_t> queue_;
  std::vector<Hit> hits_;
};

}  // namespace planish

#endif  // PLANISH_SPACE_CLIMB_H_
