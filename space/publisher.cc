#include "planish/space/publisher.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "planish/base/check.h"
#include "planish/base/status_macros.h"
#include "planish/flatview/resolve.h"

namespace planish {

namespace internal {

struct SpaceRecord : RootForest::Walker {
  AddressSpace* space = nullptr;
  size_t index = 0;  // Among the spaces of its owner.
  // What it shows, and what after the commit under way.
  RootClasses::Root* root = nullptr;
  RootClasses::Root* next = nullptr;
  // Its walk passed the limit: X5.
  bool past_limit = false;
  bool next_past_limit = false;
  bool touched = false;
};

}  // namespace internal

namespace {

// The root that a space still shows: null once an owner has been retired.
const Region* LiveRoot(const AddressSpace& space) {
  const Region* root = space.root();
  return root == nullptr || root->retired() ? nullptr : root;
}

// It shows nothing, by a retirement, and stops nobody else's commits.
bool IsExcused(const internal::SpaceRecord& record) {
  return record.past_limit || RootClasses::IsPastLimit(*record.root);
}

}  // namespace

Publisher& Publisher::Of(Topology& topology) {
  if (topology.observer() == nullptr) {
    topology.set_observer(std::make_unique<Publisher>(topology));
  }
  // Nobody else sets one: set_observer() is for this layer.
  return static_cast<Publisher&>(*topology.observer());
}

Publisher::Publisher(Topology& topology)
    : topology_(topology), classes_(topology.limits()), delivery_(topology) {}

Publisher::~Publisher() {
  PLANISH_CHECK(spaces_ == 0, "E2: an AddressSpace outlives its Topology");
}

// ---- Spaces.

void Publisher::Touch(Record& record) {
  if (!std::exchange(record.touched, true)) touched_.push_back(&record);
}

void Publisher::Add(AddressSpace& space) {
  auto* const record = new Record;
  space.record_ = record;
  record->space = &space;
  record->root = &classes_.none();
  RootClasses::Gain(*record->root, /*excused=*/false);
  std::vector<Record*>& of_owner = by_owner_[&space.owner()];
  record->index = of_owner.size();
  of_owner.push_back(record);
  space.cell_.store(record->root->cell.get(), std::memory_order_relaxed);
  ++spaces_;
  Touch(*record);
  added_.insert(&space);
  topology_.OnUndo([this, added = &space] {
    // It may be gone again; if another took its place, that one is new too.
    if (added_.contains(added)) added->root_ = nullptr;
  });
  topology_.MarkChanged();
}

void Publisher::Remove(AddressSpace& space) {
  delivery_.DetachAll(space.cell_);
  const std::unique_ptr<Record> record(std::exchange(space.record_, nullptr));
  forest_.Start(*record, nullptr);
  classes_.Lose(*record->root, RootClasses::IsPastLimit(*record->root));
  const auto owned = by_owner_.find(&space.owner());
  std::vector<Record*>& of_owner = owned->second;
  of_owner.back()->index = record->index;
  of_owner[record->index] = of_owner.back();
  of_owner.pop_back();
  if (of_owner.empty()) by_owner_.erase(owned);
  if (record->touched) {
    touched_.erase(std::find(touched_.begin(), touched_.end(), record.get()));
  }
  added_.erase(&space);
  removed_.push_back(&space);
  --spaces_;
  topology_.MarkChanged();  // Its root may have lost its last space.
}

// ---- Commits.

void Publisher::FindTouched(const ChangeSet& changes) {
  lost_.clear();
  for (const Region* region : changes.resolve_again) {
    forest_.Ask(*region, lost_);
    if (region->retired()) {
      forest_.AddThoseAt(*region, lost_);
      classes_.Discard(*region);
    }
  }
  for (RootForest::Walker* walker : lost_) {
    Touch(*static_cast<Record*>(walker));
  }
  for (const Owner* owner : topology_.retired_here()) {
    // E2: its spaces go with it. Remove() erases the entry with the last.
    while (true) {
      const auto owned = by_owner_.find(owner);
      if (owned == by_owner_.end()) break;
      Remove(*owned->second.back()->space);
    }
  }
}

absl::Status Publisher::FindRoot(Record& record, bool anyway) {
  const bool excused = IsExcused(record);
  forest_.Start(record, LiveRoot(*record.space));
  absl::StatusOr<const Region*> found =
      forest_.Resolve(record, topology_.limits());
  record.next_past_limit = !found.ok();
  if (!found.ok()) {
    if (!anyway && !excused) return found.status();
    found = nullptr;
  }
  record.next = &classes_.Get(*found);
  if (record.next == record.root) return absl::OkStatus();
  classes_.Lose(*record.root, RootClasses::IsPastLimit(*record.root));
  RootClasses::Gain(*record.next, excused);
  ++report_.spaces_moved;
  return absl::OkStatus();
}

void Publisher::Forget() {
  for (Record* record : touched_) {
    if (record->next != nullptr && record->next != record->root) {
      classes_.Lose(*record->next, IsExcused(*record));
      RootClasses::Gain(*record->root, RootClasses::IsPastLimit(*record->root));
    }
    record->next = nullptr;
  }
  classes_.Forget();
  report_ = CommitReport();
}

absl::Status Publisher::PrepareSpaces(const ChangeSet& changes, bool anyway) {
  Forget();
  FindTouched(changes);
  report_.changes_marked = changes.shown.size();
  report_.walks_resolved = touched_.size();
  for (Record* record : touched_) {
    PLANISH_RETURN_IF_ERROR(FindRoot(*record, anyway));
  }
  // Without a retirement, what was undone is as it was published.
  if (anyway && !topology_.ends_something()) return absl::OkStatus();
  return classes_.Prepare(changes, topology_.ways_up(), anyway, report_);
}

absl::Status Publisher::Prepare(const ChangeSet& changes) {
  return PrepareSpaces(changes, /*anyway=*/false);
}

void Publisher::PrepareAnyway(const ChangeSet& changes) {
  PLANISH_CHECK_OK(PrepareSpaces(changes, /*anyway=*/true));
}

void Publisher::Publish(RetireList& replaced) {
  classes_.Make(replaced, report_);
  // Partner of all stores: AddressSpace::Current(). Readers see a cell with its
  // snapshot. Readers of spaces that were removed may still be inside.
  for (Record* record : touched_) {
    if (record->next == record->root) continue;
    record->space->cell_.store(&classes_.Ahead(*record->next, replaced),
                               std::memory_order_release);
  }
  for (AddressSpace* space : removed_) {
    space->root_ = nullptr;
    space->cell_.store(classes_.none().cell.get(), std::memory_order_release);
  }
  classes_.Show(replaced);
  for (Record* record : touched_) {
    AddressSpace& space = *record->space;
    record->touched = false;
    record->past_limit = record->next_past_limit;
    record->root = std::exchange(record->next, nullptr);
    space.root_ = LiveRoot(space);
    space.cell_.store(record->root->cell.get(), std::memory_order_release);
  }
  touched_.clear();
  added_.clear();
  removed_.clear();
  delivery_.Enqueue();
}

void Publisher::Report(CommitReport& report) const {
  report.changes_marked = report_.changes_marked;
  report.walks_resolved = report_.walks_resolved;
  report.spaces_moved = report_.spaces_moved;
  report.lines_touched = report_.lines_touched;
  report.lines_changed = report_.lines_changed;
  report.lines_built = report_.lines_built;
  report.intervals_rendered = report_.intervals_rendered;
  report.ranges_out = report_.ranges_out;
  report.ranges_in = report_.ranges_in;
}

void Publisher::CheckInvariants() const {
  forest_.CheckInvariants();
  classes_.CheckInvariants();
  absl::flat_hash_map<const RootClasses::Root*, size_t> counts;
  size_t spaces = 0;
  for (const auto& [owner, records] : by_owner_) {
    for (size_t i = 0; i < records.size(); ++i) {
      const Record& record = *records[i];
      const AddressSpace& space = *record.space;
      PLANISH_CHECK(space.record_ == &record && record.index == i &&
                        &space.owner() == owner && !record.touched,
                    "P1: a space that is somebody else's");
      const Region* const begin = LiveRoot(space);
      const Region* end = nullptr;
      bool past_limit = false;
      if (begin != nullptr) {
        const auto found = ResolveRoot(*begin, topology_.limits());
        past_limit = !found.ok();
        if (found.ok()) end = *found;
      }
      PLANISH_CHECK(
          record.root->region == end && record.past_limit == past_limit,
          "P1: a space with another root than its walk's");
      PLANISH_CHECK(space.cell_.load(std::memory_order_relaxed) ==
                        record.root->cell.get(),
                    "P1: a space with another root's cell");
      ++counts[record.root];
      ++spaces;
    }
  }
  PLANISH_CHECK_EQ(spaces, spaces_, "P2: spaces, miscounted");
  for (const auto& [root, count] : counts) {
    PLANISH_CHECK_EQ(root->spaces, count, "P2: spaces of a root, miscounted");
  }
}

}  // namespace planish
