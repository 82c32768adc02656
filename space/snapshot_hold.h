// SnapshotHold: keeps one version of a space, whatever is committed meanwhile:
//
//   SnapshotHold before = space.Hold();
//   ...                                   // Commits.
//   Diff(before->view(), space.Current(guard).view(), sink);
//
// Of what commits replace, only that is kept which this version has (V3).
// Topology::WhoHolds() names the version.
//
// THREAD SAFETY  Any thread; takes the writer lock when it comes and goes.
// LIFETIME  Goes before its Topology. Owners that are retired meanwhile end
//   after it, if it may show their regions.
// COST  Two additions to a short list. No memory is copied.
// SOURCES  PROTOCOL V3.

#ifndef PLANISH_SPACE_SNAPSHOT_HOLD_H_
#define PLANISH_SPACE_SNAPSHOT_HOLD_H_

#include <cstdint>
#include <utility>

#include "planish/regions/region.h"
#include "planish/regions/topology.h"
#include "planish/space/snapshot.h"

namespace planish {

class SnapshotHold {
 public:
  SnapshotHold(SnapshotHold&& other) noexcept
      : topology_(std::exchange(other.topology_, nullptr)),
        snapshot_(other.snapshot_),
        root_(other.root_),
        version_(other.version_) {}
  SnapshotHold& operator=(SnapshotHold&& other) noexcept {
    const SnapshotHold gone(std::move(*this));
    topology_ = std::exchange(other.topology_, nullptr);
    snapshot_ = other.snapshot_;
    root_ = other.root_;
    version_ = other.version_;
    return *this;
  }
  ~SnapshotHold() {
    if (topology_ != nullptr) topology_->ReleaseHeld(version_);
  }

  const Snapshot& operator*() const { return *snapshot_; }
  const Snapshot* operator->() const { return snapshot_; }
  // The normalised root of then; null: none.
  const Region* shown_root() const { return root_; }
  // The commit that published it, or one that left it as it was.
  uint64_t version() const { return version_; }

 private:
  friend class AddressSpace;
  SnapshotHold(Topology& topology, const Snapshot& snapshot, const Region* root)
      : topology_(&topology),
        snapshot_(&snapshot),
        root_(root),
        version_(topology.HoldNewest()) {}

  Topology* topology_;  // Null: moved from.
  const Snapshot* snapshot_;
  const Region* root_;
  uint64_t version_;
};

}  // namespace planish

#endif  // PLANISH_SPACE_SNAPSHOT_HOLD_H_
