// AddressSpace: what a CPU or a device sees: a root region, a name, and the
// current version of the root's view and table.
//
//   AddressSpace --> cell of its normalised root --> Snapshot
//   AddressSpace --'                                   |-- FlatView
//                                                      '-- DispatchTable
//
// Spaces whose roots resolve to the same region share one cell (R2.17), so
// also the view, by pointer; those that resolve to none share the empty one.
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
//   points at, is good until the next commit. When the owner of the root or of
//   the space is retired, the space shows nothing from then on.
// COST  Lookup: cell, snapshot, table: three loads, then the table's own.
// SOURCES  SEMANTICS 2.5, PROTOCOL V1, V2.

#ifndef PLANISH_SPACE_ADDRESS_SPACE_H_
#define PLANISH_SPACE_ADDRESS_SPACE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "planish/base/addr.h"
#include "planish/dispatch/dispatch_table.h"
#include "planish/dispatch/section.h"
#include "planish/flatview/flat_view.h"
#include "planish/regions/owner.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"

namespace planish {

// One version of what a root shows. Immutable.
class Snapshot {
 public:
  Snapshot(uint64_t generation, std::unique_ptr<const FlatView> view,
           std::unique_ptr<const DispatchTable> table);

  const FlatView& view() const { return *view_; }
  const DispatchTable& table() const { return *table_; }
  // Unique in the process, never 0, larger than that of every older snapshot.
  uint64_t generation() const { return generation_; }

  Section Lookup(Addr a) const { return table_->Lookup(a); }

 private:
  const std::unique_ptr<const DispatchTable> table_;
  const std::unique_ptr<const FlatView> view_;
  const uint64_t generation_;
};

namespace internal {

// What the spaces of one normalised root share; kept by the Publisher.
struct SnapshotCell {
  std::atomic<const Snapshot*> current{nullptr};
};

}  // namespace internal

class AddressSpace {
 public:
  // Renders `root` if no space shows it yet; inside a Transaction that happens
  // at the outermost commit, and the space is empty until then.
  // Errors: kInvalidArgument (of two topologies), kFailedPrecondition (retired),
  // Limits.
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
    // Partner: Publisher::Publish(). Orders the snapshot's contents before us.
    return *cell_.load(std::memory_order_acquire)
                ->current.load(std::memory_order_acquire);
  }
  Section Lookup(Addr a) const { return Current().Lookup(a); }

 private:
  friend class Publisher;
  AddressSpace(Owner& owner, std::string name, Region& root);

  Topology& topology_;
  Owner& owner_;
  const std::string name_;
  const Region* root_;
  bool past_limit_ = false;  // The Publisher's: see X5 above.
  std::atomic<const internal::SnapshotCell*> cell_;
};

}  // namespace planish

#endif  // PLANISH_SPACE_ADDRESS_SPACE_H_
