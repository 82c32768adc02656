// Snapshot: one version of what a root shows: a view, the table compiled from
// it, and a number by which to know it again. Roots that are alike share
// versions (version_line.h), so a snapshot does not know its root.
//
// THREAD SAFETY  Immutable.
// LIFETIME  Good while the guard reads that it was found under, or as long as
//   its SnapshotHold.

#ifndef PLANISH_SPACE_SNAPSHOT_H_
#define PLANISH_SPACE_SNAPSHOT_H_

#include <cstdint>

#include "planish/base/addr.h"
#include "planish/dispatch/dispatch_table.h"
#include "planish/dispatch/section.h"
#include "planish/flatview/flat_view.h"

namespace planish {

class Snapshot {
 public:
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  const FlatView& view() const { return *view_; }
  const DispatchTable& table() const { return *table_; }
  // Names what is shown: snapshots with one generation have the same ranges, in
  // the whole process, and it is never 0. So a space whose generation is what
  // it was shows what it showed, whatever it showed meanwhile. Not for
  // ordering: a space that goes over to another root (its bus master is off),
  // or whose root meets others like it, shows what may have been made earlier.
  uint64_t generation() const { return generation_; }

  Section Lookup(Addr a) const { return table_->Lookup(a); }

 private:
  friend class VersionLine;  // Makes and ends them.

  // Takes both over; VersionLine frees the three, each in its time.
  Snapshot(uint64_t generation, uint64_t born, const FlatView* view,
           const DispatchTable* table)
      : table_(table), view_(view), generation_(generation), born_(born) {}

  const DispatchTable* const table_;
  const FlatView* const view_;
  const uint64_t generation_;
  const uint64_t born_;  // The commit that published it.
};

}  // namespace planish

#endif  // PLANISH_SPACE_SNAPSHOT_H_
