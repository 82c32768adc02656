// Changes: what a commit did to the runs of a table. The view has the new ones,
// the old version of the table knows all others; together they are the runs of
// the new version, whichever part of it is written anew.
//
//    old       A      [ B  ][ C ]      D       [ E ]      F
//    dirty              |-----|      |-|
//    new       A      [B1][ G  ][ C ]  D       [ E ]      F
//                      `-----------'
//    group             new runs, from the one that holds the address before an
//                      interval to the one that holds the address behind it
//
// Outside the dirty intervals nothing was changed, so a run that has an address
// there keeps its payload, and with it its descriptor; but it may have grown or
// lost a part. What ends elsewhere than before must be written anew wherever it
// is, back to its beginning; what begins elsewhere, only where it begins. A run
// that became a part of the one before it is written anew to its end, unless
// they have one descriptor.
//
// THREAD SAFETY  The writer's.
// COST  Collect: O(log n + runs that meet the intervals, old and new).

#ifndef PLANISH_DISPATCH_CHANGES_H_
#define PLANISH_DISPATCH_CHANGES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "planish/base/addr.h"
#include "planish/dispatch/line_arena.h"
#include "planish/dispatch/table_memory.h"
#include "planish/dispatch/table_root.h"
#include "planish/dispatch/terminal.h"
#include "planish/flatview/flat_view.h"

namespace planish::internal {

// A version of a table. Nothing but a hole, if it has no lines.
struct TableVersion {
  TableRoot root;
  const Line* lines = nullptr;

  // Not inlined, unlike what it calls.
  Terminal Find(uint64_t a) const;
};

class Changes {
 public:
  struct Dirty {
    uint64_t first;
    uint64_t last;
    // The run that holds the address before `first` ended at this one, and does
    // so no longer; or it ends there still, if `reaches_back` is false.
    uint64_t old_last;
    bool reaches_back;
  };

  // Reads what is new within `intervals`, which ascend and don't touch; takes
  // descriptors for it and counts their uses. What is beyond `limit` is taken
  // for a hole. False, and of no use, if there are more than `most` runs.
  // REQUIRES: `old` and `view` outlive this, or the next Collect().
  bool Collect(const FlatView& view, absl::Span<const AddrRange> intervals,
               uint64_t limit, const TableVersion& old, size_t most,
               MemoryWriter& memory);

  // Room for so many new runs.
  void Reserve(size_t runs) { runs_.reserve(runs); }

  // Ascending. What meets them must be written anew.
  absl::Span<const Dirty> dirty() const { return dirty_; }
  // Groups, ascending: the runs that meet [from, to] are replaced by those that
  // do so now. No run, old or new, meets two of them.
  struct Group {
    uint64_t from;
    uint64_t to;
    size_t begin;  // Of its new runs, in runs_.
    size_t end;
    uint64_t last;  // What the final new run ends with.
  };
  absl::Span<const Group> groups() const { return groups_; }
  absl::Span<const Terminal> RunsOf(const Group& group) const {
    return absl::MakeConstSpan(runs_).subspan(group.begin,
                                              group.end - group.begin);
  }
  const TableVersion& old() const { return *old_; }

  // The run of the new version that holds `a`. Fastest if `a` ascends.
  Terminal Find(uint64_t a) const;

  // New runs in groups, and the old runs in their place; those that are no
  // holes.
  size_t runs() const { return runs_.size(); }
  size_t old_runs() const { return old_runs_; }
  size_t targets() const { return targets_; }
  size_t old_targets() const { return old_targets_; }

 private:
  class Reader;

  bool CountOldRuns(size_t most, MemoryWriter& memory);

  const TableVersion* old_ = nullptr;
  std::vector<Terminal> runs_;
  std::vector<Group> groups_;
  std::vector<Dirty> dirty_;
  size_t old_runs_ = 0;
  size_t targets_ = 0;
  size_t old_targets_ = 0;
  mutable size_t group_ = 0;  // Where Find() was last.
  mutable size_t run_ = 0;
};

}  // namespace planish::internal

#endif  // PLANISH_DISPATCH_CHANGES_H_
