#include "planish/space/publisher.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/base/status_macros.h"
#include "planish/dispatch/dispatch_table.h"
#include "planish/flatview/render.h"
#include "planish/flatview/resolve.h"
#include "planish/regions/owner.h"

namespace planish {
namespace {

uint64_t NextGeneration() {
  // Unique in the process; orders nothing else, so relaxed.
  static std::atomic<uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

// The root that a space still shows: null once an owner has been retired.
const Region* LiveRoot(const AddressSpace& space) {
  const Region* root = space.root();
  if (root == nullptr || root->owner().retired()) return nullptr;
  return space.owner().retired() ? nullptr : root;
}

std::unique_ptr<const Snapshot> FirstSnapshot(const Region* root,
                                              std::vector<FlatRange> ranges) {
  auto view = FlatView::Build(root, std::move(ranges));
  auto table = DispatchTable::Build(*view);
  return std::make_unique<const Snapshot>(NextGeneration(), std::move(view),
                                          std::move(table));
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
    : topology_(topology),
      empty_(cells_.emplace(nullptr, std::make_unique<Cell>())
                 .first->second.get()) {
  empty_->current.store(FirstSnapshot(nullptr, {}).release(),
                        std::memory_order_relaxed);
}

Publisher::~Publisher() {
  PLANISH_CHECK(spaces_.empty(), "E2: an AddressSpace outlives its Topology");
  for (const auto& [root, cell] : cells_) {
    delete cell->current.load(std::memory_order_relaxed);
  }
}

void Publisher::Add(AddressSpace& space) {
  space.cell_.store(empty_, std::memory_order_relaxed);
  spaces_.push_back(&space);
  topology_.OnUndo([this, added = &space] {
    // It may be gone again; if another took its place, that one is new too.
    const auto at = std::find(spaces_.begin(), spaces_.end(), added);
    if (at != spaces_.end()) added->root_ = nullptr;
  });
  topology_.MarkChanged();
}

void Publisher::Remove(AddressSpace& space) {
  spaces_.erase(std::find(spaces_.begin(), spaces_.end(), &space));
  topology_.MarkChanged();  // Its cell may have lost its last space.
}

absl::StatusOr<size_t> Publisher::RenderOnce(const Region* root) {
  const auto known = index_of_.find(root);
  if (known != index_of_.end()) return known->second;
  std::vector<FlatRange> ranges;
  if (root != nullptr) {
    PLANISH_ASSIGN_OR_RETURN(
        ranges, Render(*root, AddrRange::All(), topology_.limits()));
  }
  const size_t index = rendered_.size();
  index_of_.emplace(root, index);
  Rendered& r = rendered_.emplace_back();
  r.root = root;
  r.ranges = std::move(ranges);
  const auto cell = cells_.find(root);
  r.cell = cell == cells_.end() ? nullptr : cell->second.get();
  r.changed = true;
  if (r.cell != nullptr) {
    const FlatView& view =
        r.cell->current.load(std::memory_order_relaxed)->view();
    r.changed =
        !std::equal(view.begin(), view.end(), r.ranges.begin(), r.ranges.end());
  }
  return index;
}

absl::StatusOr<size_t> Publisher::RenderRootOf(const AddressSpace& space) {
  const Region* root = LiveRoot(space);
  if (root != nullptr) {
    PLANISH_ASSIGN_OR_RETURN(root, ResolveRoot(*root, topology_.limits()));
  }
  return RenderOnce(root);
}

void Publisher::Forget() {
  rendered_.clear();
  index_of_.clear();
  of_space_.clear();
  past_limit_.clear();
}

absl::Status Publisher::PrepareSpaces(bool anyway) {
  Forget();
  for (const AddressSpace* space : spaces_) {
    absl::StatusOr<size_t> index = RenderRootOf(*space);
    past_limit_.push_back(!index.ok());
    if (!index.ok()) {
      // Who shows nothing already must not stop everybody else's commits.
      if (!anyway && !space->past_limit_) return index.status();
      index = RenderOnce(nullptr);
    }
    of_space_.push_back(*index);
  }
  return absl::OkStatus();
}

absl::Status Publisher::Prepare(const ChangeSet&) {
  return PrepareSpaces(/*anyway=*/false);
}

void Publisher::PrepareAnyway(const ChangeSet&) {
  PLANISH_CHECK_OK(PrepareSpaces(/*anyway=*/true));
}

void Publisher::Publish(RetireList& replaced) {
  for (auto& [root, cell] : cells_) cell->used = false;
  empty_->used = true;
  for (Rendered& r : rendered_) {
    const Snapshot* next = nullptr;
    if (r.cell == nullptr) {
      auto& cell = cells_[r.root];
      cell = std::make_unique<Cell>();
      r.cell = cell.get();
      next = FirstSnapshot(r.root, std::move(r.ranges)).release();
    } else if (r.changed) {
      const Snapshot* old = r.cell->current.load(std::memory_order_relaxed);
      const AddrRange all = AddrRange::All();
      auto view = old->view().Splice(all, r.ranges, replaced);
      auto table = DispatchTable::Patch(old->table(), *view,
                                        absl::MakeConstSpan(&all, 1), replaced);
      next = new Snapshot(NextGeneration(), std::move(view), std::move(table));
      replaced.Add(old);
    }
    r.cell->used = true;
    // Partner: AddressSpace::Current().
    if (next) r.cell->current.store(next, std::memory_order_release);
  }
  for (size_t i = 0; i < spaces_.size(); ++i) {
    AddressSpace& space = *spaces_[i];
    space.root_ = LiveRoot(space);
    space.past_limit_ = past_limit_[i];
    const Cell* cell = rendered_[of_space_[i]].cell;
    // Partner: AddressSpace::Current(). Readers see a cell with its snapshot.
    space.cell_.store(cell, std::memory_order_release);
  }
  for (auto it = cells_.begin(); it != cells_.end();) {
    const auto at = it++;
    if (at->second->used) continue;
    replaced.Add(at->second->current.load(std::memory_order_relaxed));
    replaced.Add(static_cast<const Cell*>(at->second.release()));
    cells_.erase(at);
  }
  rendered_.clear();
}

}  // namespace planish
