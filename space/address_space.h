// AddressSpace: what a CPU or a device sees: a root region, a name, and the
// current version of the root's view and table.
//
//   AddressSpace --> cell of its normalised root --> Snapshot
//   AddressSpace --'                                   |-- FlatView
//                    cell of a root just like it --'   '-- DispatchTable
//
// Spaces whose roots resolve to the same region share one cell (R2.17), so
// also the view, by pointer; those that resolve to none share the empty one.
// Roots that are windows onto the same things share their snapshots (V4).
//
// TRAPS (quirks of QEMU's that the corpus relies on; resolve.h)
//   R2.18  A root that is only a full window onto another region loses its own
//          readonly, nonvolatile and unmergeable flags.
//   R2.19  A root that is linked into a container at a non-zero address shows
//          everything displaced by that address.
//   X5     A root that a retirement left past a limit (its walk went on where a
//          sibling was) shows nothing until an edit has put that right; other
//          edits are not refused on its account.
// THREAD SAFETY  Lookups: any threads, whatever others commit. root(): as
//   Region's getters. Name, owner: any time.
// LIFETIME  Its owner's (E2), or up to Retire(): from then on it shows nothing;
//   readers may still be inside. When the owner of its root is retired, it
//   shows nothing, too. A Snapshot, and what a Section of it points at, is good
//   while the guard reads that it was found under; see snapshot.h for longer.
// COST  Lookup: cell, snapshot, cell, table: four loads, then the table's own.
// SOURCES  SEMANTICS 2.5, PROTOCOL V1, V2, E2.

#ifndef PLANISH_SPACE_ADDRESS_SPACE_H_
#define PLANISH_SPACE_ADDRESS_SPACE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "planish/base/addr.h"
#include "planish/base/rcu/lifetime_checks.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/dispatch/section.h"
#include "planish/regions/owner.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"
#include "planish/space/listener.h"
#include "planish/space/snapshot.h"
#include "planish/space/snapshot_cell.h"
#include "planish/space/snapshot_hold.h"

namespace planish {

namespace internal {
struct SpaceRecord;
}

class AddressSpace {
 public:
  // Renders `root` if no space shows it yet; inside a Transaction that happens
  // at the outermost commit, and the space is empty until then.
  // Errors: kInvalidArgument (of two topologies), kFailedPrecondition
  // (retired), Limits.
  static absl::StatusOr<AddressSpace*> Create(Owner& owner, std::string name,
                                              Region& root);
  AddressSpace(const AddressSpace&) = delete;
  AddressSpace& operator=(const AddressSpace&) = delete;

  const std::string& name() const { return name_; }
  // Null once its owner, or the root's, has been retired.
  const Region* root() const { return root_; }
  Owner& owner() const { return owner_; }
  Topology& topology() const { return topology_; }

  // Ends it before its owner does. In an open Transaction, at its commit.
  // Returns false if it had been retired.
  bool Retire();

  // What it shows now: two calls may differ, never backwards (V1).
  const Snapshot& Current(const Reading& guard) const {
    return *Now(guard).snapshot;
  }
  Section Lookup(const Reading& guard, Addr a) const {
    return Current(guard).Lookup(a);
  }
  // The normalised root, which stands for the view in dumps (R2.17): spaces
  // with the same one show the same. Others may, too. Null: none.
  const Region* shown_root(const Reading& guard) const {
    const Shown now = Now(guard);
    // A root past a limit shows what no root shows (X5).
    const bool is_none = now.snapshot->view().root() == nullptr;
    return is_none ? nullptr : now.cell->root;
  }

  // Keeps the current version until the hold goes. Waits for the commit under
  // way, if it is another thread's.
  SnapshotHold Hold() const;

  // `listener` is told of what is there, and from the next commit on of what
  // changes. It is the space's until Detached() is called: after Detach(), or
  // when the space goes. Neither waits for that; Topology::Flush() does.
  void Attach(Listener& listener);
  void Detach(Listener& listener);

 private:
  friend class Publisher;
  AddressSpace(Owner& owner, std::string name, Region& root);
  ~AddressSpace() = default;
  struct Shown {
    const internal::SnapshotCell* cell;
    const Snapshot* snapshot;
  };
  Shown Now(const Reading& guard) const {
    if (kLifetimeChecks) guard.CheckIsReading(topology_.rcu());
    // Partners: Publisher::Publish(), which moves spaces, and then
    // RootClasses::ShowNewest(). Who sees a version that was shown after the
    // space had gone elsewhere sees that, too, and looks there. Orders the
    // snapshot's contents before us.
    const internal::SnapshotCell* cell = cell_.load(std::memory_order_acquire);
    for (;;) {
      const Snapshot* const snapshot =
          cell->current.load(std::memory_order_acquire);
      const internal::SnapshotCell* const still =
          cell_.load(std::memory_order_acquire);
      if (still == cell) return {cell, snapshot};
      cell = still;
    }
  }
  // As RetireList::Piece::free.
  static bool Free(void* space, uint64_t, size_t& budget);

  Topology& topology_;
  Owner& owner_;
  const std::string name_;
  const Region* root_;
  internal::SpaceRecord* record_ = nullptr;  // The Publisher's.
  std::atomic<const internal::SnapshotCell*> cell_;
};

}  // namespace planish

#endif  // PLANISH_SPACE_ADDRESS_SPACE_H_
