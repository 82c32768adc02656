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
// THREAD SAFETY  Until the RCU domain stands: no lookup while another thread
//   commits. Name, owner: any time.
// LIFETIME  Its Topology outlives it. A Snapshot, and what a Section of it
//   points at, is good until the next commit; see snapshot.h for longer. When
//   the owner of the root or of the space is retired, the space shows nothing
//   from then on.
// COST  Lookup: cell, snapshot, table: three loads, then the table's own.
// SOURCES  SEMANTICS 2.5, PROTOCOL V1, V2.

#ifndef PLANISH_SPACE_ADDRESS_SPACE_H_
#define PLANISH_SPACE_ADDRESS_SPACE_H_

#include <atomic>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "planish/base/addr.h"
#include "planish/dispatch/section.h"
#include "planish/regions/owner.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"
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
  static absl::StatusOr<std::unique_ptr<AddressSpace>> Create(Owner& owner,
                                                              std::string name,
                                                              Region& root);
  // REQUIRES: no lookup under way in this space.
  ~AddressSpace();
  AddressSpace(const AddressSpace&) = delete;
  AddressSpace& operator=(const AddressSpace&) = delete;

  const std::string& name() const { return name_; }
  // Null once its owner, or the root's, has been retired.
  const Region* root() const { return root_; }
  // REQUIRES: it has not been destroyed.
  Owner& owner() const { return owner_; }

  const Snapshot& Current() const {
    // Partners: Publisher::Publish(), RootClasses::PublishLine(). Orders the
    // snapshot's contents before us.
    return *cell_.load(std::memory_order_acquire)
                ->current.load(std::memory_order_acquire);
  }
  Section Lookup(Addr a) const { return Current().Lookup(a); }
  // The normalised root, which stands for the view in dumps (R2.17): spaces
  // with the same one show the same. Others may, too. Null: none.
  const Region* shown_root() const {
    // Partner: Publisher::Publish().
    const internal::SnapshotCell& cell = *cell_.load(std::memory_order_acquire);
    // A root past a limit shows what no root shows (X5).
    const bool is_none =
        cell.current.load(std::memory_order_acquire)->view().root() == nullptr;
    return is_none ? nullptr : cell.root;
  }

  // Keeps the current version until the hold goes. Waits for the commit under
  // way, if it is another thread's.
  SnapshotHold Hold() const;

 private:
  friend class Publisher;
  AddressSpace(Owner& owner, std::string name, Region& root);

  Topology& topology_;
  Owner& owner_;
  const std::string name_;
  const Region* root_;
  internal::SpaceRecord* record_ = nullptr;  // The Publisher's.
  std::atomic<const internal::SnapshotCell*> cell_;
};

}  // namespace planish

#endif  // PLANISH_SPACE_ADDRESS_SPACE_H_
