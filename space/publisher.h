// Publisher: the one observer of a topology. It knows the spaces, finds the
// root that each really shows, and keeps the rest in step:
//
//   spaces        cpu0   cpu1   nvme   e1000 (bus master off)
//                   \     |     /        |
//   root_forest.h    walks, step by step
//                       \ | /            |
//   root_classes.h   [system's cell]   [the empty cell]    one per normalised
//                         |                  |             root (R2.17)
//   version_line.h         {view, table}     {no ranges}
//
// All errors happen in Prepare(); Publish() only splices, patches and stores.
// A space goes from what it showed before a commit to what it shows after it,
// and shows nothing else in between. A root whose ranges didn't change keeps
// its snapshot, unless it meets roots that it is like now, or parts with some.
//
// INVARIANTS (CheckInvariants(), with those of root_forest.h and
//   root_classes.h)
//   P1  A space's cell is that of the root its walk ends at; that of (none), if
//       it ends nowhere or past the limit, or an owner was retired.
//   P2  A root counts its spaces.
// THREAD SAFETY  As ChangeObserver: the holder of the Transaction.
// COST  Of a commit: by what was edited and the spaces that find another root.

#ifndef PLANISH_SPACE_PUBLISHER_H_
#define PLANISH_SPACE_PUBLISHER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "planish/base/retire_list.h"
#include "planish/regions/change_observer.h"
#include "planish/regions/change_set.h"
#include "planish/regions/commit_report.h"
#include "planish/regions/owner.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"
#include "planish/space/address_space.h"
#include "planish/space/delivery.h"
#include "planish/space/root_classes.h"
#include "planish/space/root_forest.h"

namespace planish {

class Publisher final : public ChangeObserver {
 public:
  // The topology's, made at first use. REQUIRES: inside a Transaction.
  static Publisher& Of(Topology& topology);

  explicit Publisher(Topology& topology);
  ~Publisher() override;

  // REQUIRES: inside a Transaction. A space shows the empty view until its
  // transaction has been published, and for good if that is undone.
  void Add(AddressSpace& space);
  // From the commit on, it shows the empty view, whatever else is undone. It
  // stays until then.
  void Remove(AddressSpace& space);

  absl::Status Prepare(const ChangeSet& changes) override;
  void PrepareAnyway(const ChangeSet& changes) override;
  void Publish(RetireList& replaced) override;
  void Report(CommitReport& report) const override;

  Delivery& delivery() { return delivery_; }
  void Deliver() override { delivery_.Deliver(); }
  uint64_t DeliveredTo() const override { return delivery_.DeliveredTo(); }
  void Flush() override { delivery_.Flush(); }
  bool Delivering() const override { return delivery_.Delivering(); }
  void NameUndelivered(std::vector<std::string>& who) const override {
    delivery_.NameUndelivered(who);
  }

  // REQUIRES: inside a Transaction, nothing edited.
  void CheckInvariants() const;

 private:
  // What it knows of a space.
  using Record = internal::SpaceRecord;

  absl::Status PrepareSpaces(const ChangeSet& changes, bool anyway);
  void FindTouched(const ChangeSet& changes);
  absl::Status FindRoot(Record& record, bool anyway);
  void Touch(Record& record);
  void Forget();

  Topology& topology_;
  RootForest forest_;
  RootClasses classes_;
  Delivery delivery_;
  size_t spaces_ = 0;
  absl::flat_hash_map<const Owner*, std::vector<Record*>> by_owner_;

  // Of the commit under way:
  std::vector<Record*> touched_;  // Whose root is to be found again.
  std::vector<RootForest::Walker*> lost_;
  absl::flat_hash_set<const AddressSpace*> added_;
  std::vector<AddressSpace*> removed_;
  CommitReport report_;
};

}  // namespace planish

#endif  // PLANISH_SPACE_PUBLISHER_H_
