// Publisher: the one observer of a topology. At a commit it finds what each
// space's root resolves to, renders each distinct one, and publishes what
// changed:
//
//   spaces    cpu0   cpu1   nvme   e1000 (bus master off)
//               \     |     /        |
//   cells      [system's cell]   [the empty cell]        one per normalised
//                     |                |                 root (R2.17)
//   snapshots    {view, table}    {no ranges}
//
// All errors happen in Prepare(); Publish() only splices, patches and swaps.
// A root whose ranges didn't change keeps its snapshot, generation and all.
//
// THREAD SAFETY  As ChangeObserver: the holder of the Transaction.
// COST  Today every root is rendered whole at each commit that changed the
//   graph.

#ifndef PLANISH_SPACE_PUBLISHER_H_
#define PLANISH_SPACE_PUBLISHER_H_

#include <atomic>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "planish/base/retire_list.h"
#include "planish/flatview/flat_range.h"
#include "planish/flatview/flat_view.h"
#include "planish/regions/change_observer.h"
#include "planish/regions/change_set.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"
#include "planish/space/address_space.h"

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
  void Remove(AddressSpace& space);

  absl::Status Prepare(const ChangeSet& changes) override;
  void PrepareAnyway(const ChangeSet& changes) override;
  void Publish(RetireList& replaced) override;

 private:
  struct Cell : internal::SnapshotCell {
    bool used = false;  // By a space, in the commit under way.
  };
  // What Prepare() found for one root.
  struct Rendered {
    const Region* root;  // Null: the empty view.
    std::vector<FlatRange> ranges;
    Cell* cell;
    bool changed;  // Against the cell's snapshot.
  };

  // The index in rendered_ of what `space` shows, rendered now if it is new.
  absl::StatusOr<size_t> RenderRootOf(const AddressSpace& space);
  absl::StatusOr<size_t> RenderOnce(const Region* root);
  absl::Status PrepareSpaces(bool anyway);
  void Forget();

  Topology& topology_;
  std::vector<AddressSpace*> spaces_;
  absl::flat_hash_map<const Region*, std::unique_ptr<Cell>> cells_;
  Cell* const empty_;  // The cell of "none". Always there.

  // Between Prepare() and Publish().
  std::vector<Rendered> rendered_;
  absl::flat_hash_map<const Region*, size_t> index_of_;
  std::vector<size_t> of_space_;  // By index in spaces_: which of rendered_.
  std::vector<bool> past_limit_;  // By index in spaces_: no, it can't be.
};

}  // namespace planish

#endif  // PLANISH_SPACE_PUBLISHER_H_
