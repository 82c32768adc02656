#include "planish/regions/topology.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "planish/base/check.h"
#include "planish/base/reclaim_queue.h"
#include "planish/base/retire_list.h"
#include "planish/base/status_macros.h"
#include "planish/regions/device_port.h"
#include "planish/regions/owner_end.h"

namespace planish {
namespace {

// 'uart0' [0x1000 +0x20]: how messages name a region.
std::string Named(const Region& region) {
  std::ostringstream out;
  out << "'" << region.name() << "' [" << region.addr() << " +" << region.size()
      << "]";
  return out.str();
}

bool HasHostMemory(RegionKind kind) {
  return kind == RegionKind::kRam || kind == RegionKind::kRom ||
         kind == RegionKind::kRomDevice || kind == RegionKind::kRamDevice;
}

// thread 1234 (vcpu0): reads since 12 ms ago
std::string Text(const RcuDomain::ReaderReport& reader) {
  return absl::StrCat(
      "thread ", reader.tid, " (", reader.thread,
      "): ", reader.online ? "not quiescent for " : "in a guard for ",
      std::chrono::duration_cast<std::chrono::milliseconds>(reader.in_the_way)
          .count(),
      " ms");
}

// Regions remembered that a commit leaves room for.
constexpr size_t kRoomKept = 1024;
// What a commit frees of what earlier ones replaced, if it replaces nothing.
constexpr size_t kFreeAtLeast = 64;

// Times the parts of a commit, one after the other, if somebody asks.
class StopWatch {
 public:
  explicit StopWatch(CommitReport* report) : report_(report) {
    if (report != nullptr) last_ = Clock::now();
  }
  void Stop(int64_t CommitReport::*part) {
    if (report_ == nullptr) return;
    const Clock::time_point now = Clock::now();
    report_->*part =
        std::chrono::duration_cast<std::chrono::nanoseconds>(now - last_)
            .count();
    last_ = now;
  }

 private:
  using Clock = std::chrono::steady_clock;
  CommitReport* const report_;
  Clock::time_point last_;
};

// Whether `region` is an alias or has one below it. Looks at so many regions,
// and then says yes.
bool MayHoldAlias(const Region& region, int& looks) {
  if (region.kind() == RegionKind::kAlias || --looks < 0) return true;
  for (const Region* child : region.children()) {
    if (MayHoldAlias(*child, looks)) return true;
  }
  return false;
}

}  // namespace

Topology::Topology(Limits limits, RcuDomain::Options rcu_options)
    : limits_(limits),
      rcu_(std::move(rcu_options)),
      ends_(rcu_, [this](internal::Ending& ending) {
        BeginTransaction();  // Who looks at an owner's regions holds the lock.
        ending.regions = std::exchange(ending.of->regions, {});
        for (const auto& [context, piece] : ending.of->belongings) {
          ending.belongings.push_back(piece);
        }
        ending.of->belongings.clear();
        PLANISH_CHECK_OK(CommitTransaction(nullptr));
      }) {
  PLANISH_CHECK(limits.max_render_steps <= UINT32_MAX,
                "X4: Limits::max_render_steps past 2^32 - 1");
}

Topology::~Topology() {
  PLANISH_CHECK(owners_.empty(), "O1: an Owner outlives its Topology");
  rcu_.StopPolling();
  rcu_.CheckAllLeft();
  // What finalizers that deleted their Owners have left to free.
  size_t budget = SIZE_MAX;
  ends_.Poll(budget);
  PLANISH_CHECK(ends_.empty(), "E1: a Topology ends within a finalizer");
  rcu_.Barrier();
}

// ---- Transactions.

bool Topology::InTransaction() const {
  return holder_.load(std::memory_order_relaxed) == std::this_thread::get_id();
}

// Recursion by hand is beyond the analysis; X1.
void Topology::BeginTransaction() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  if (InTransaction()) {
    ++depth_;
    return;
  }
  mu_.Lock();
  holder_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  depth_ = 1;
  ++transaction_;
}

absl::Status Topology::CommitTransaction(CommitReport* report)
    ABSL_NO_THREAD_SAFETY_ANALYSIS {
  PLANISH_CHECK(InTransaction(), "X1: Commit on another thread");
  if (depth_ > 1) {
    --depth_;
    return absl::OkStatus();
  }
  absl::Status status;
  if (changed_ && observer_ != nullptr) {
    StopWatch watch(report);
    RetireList replaced(commit_number_ + 1);
    status = observer_->Prepare(marks_.Merged());
    if (!status.ok()) {
      Undo();
      // What was published before rendered within the limits, and retirement
      // takes out of that (X5). What remains may still pass them: R2.15 can go
      // on where a sibling was, to a root that R2.19 displaces less.
      observer_->PrepareAnyway(marks_.Merged());
    }
    watch.Stop(&CommitReport::prepare_ns);
    observer_->Publish(replaced);
    reclaimer_.Published(++commit_number_);
    watch.Stop(&CommitReport::publish_ns);
    // Under the lock, as all that touches nodes: an arena is shared by all
    // versions of its table. Bounded by what this commit did.
    const size_t retired = replaced.size();
    reclaim_.Add(replaced);
    reclaim_.Poll(kFreeAtLeast + 2 * (retired + replaced.nodes_made()));
    CountWaiting(replaced.bytes_made());
    watch.Stop(&CommitReport::free_ns);
    if (report != nullptr) {
      report->commit = commit_number_;
      report->nodes_made = replaced.nodes_made();
      report->bytes_made = replaced.bytes_made();
      report->pieces_retired = retired;
      report->pieces_waiting = reclaim_.size();
      observer_->Report(*report);
    }
  }
  BeginEnds();
  changed_ = false;
  before_.clear();
  if (before_.capacity() > kRoomKept) before_.shrink_to_fit();
  on_undo_.clear();
  marks_.Clear();
  retired_here_.clear();
  depth_ = 0;
  ChangeObserver* const observer = observer_.get();  // Set under the lock.
  holder_.store(std::thread::id(), std::memory_order_relaxed);
  mu_.Unlock();
  if (observer != nullptr) observer->Deliver();
  return status;
}

void Topology::Remember(Region& region) {
  changed_ = true;
  if (region.edited_in_ == transaction_) return;
  region.edited_in_ = transaction_;
  before_.push_back({&region, region.state_});
}

void Topology::Undo() {
  for (auto it = on_undo_.rbegin(); it != on_undo_.rend(); ++it) (*it)();
  // All loose first: two may have changed places.
  for (const Before& was : before_) {
    if (was.region->state_.container != nullptr) UnlinkRaw(*was.region);
  }
  for (const Before& was : before_) {
    SetTargetRaw(*was.region, was.state.alias_target);
    was.region->state_ = was.state;
    was.region->state_.container = nullptr;
    if (was.state.container != nullptr) {
      LinkRaw(*was.state.container, *was.region);
    }
  }
  // A retirement stands (X5), whatever else its transaction did.
  for (Owner* owner : retired_here_) IsolateOwner(*owner);
  for (const auto& ending : ended_here_) {
    for (const auto& region : ending->regions) IsolateRegion(*region);
  }
}

// ---- Ends.

void Topology::BeginEnds() {
  // Parts before the whole.
  for (auto& ending : ended_here_) BeginEnd(std::move(ending));
  ended_here_.clear();
  for (Owner* owner : retired_here_) {
    auto ending = std::make_unique<internal::Ending>();
    ending->of = owner->body_.get();
    ending->is_whole = true;
    BeginEnd(std::move(ending));
  }
}

void Topology::BeginEnd(std::unique_ptr<internal::Ending> ending) {
  const uint64_t number =
      ending->is_whole ? ending->of->end : ends_.NewNumber();
  ends_.Begin(number, std::move(ending), commit_number_);
  // For the domain's own thread, and whoever polls the domain only.
  rcu_.Defer([this, number](size_t& budget) {
    PollEnds(budget);
    return !ends_.Has(number);
  });
}

void Topology::PollEnds(size_t& budget) {
  BeginTransaction();
  const ChangeObserver* const observer = observer_.get();
  PLANISH_CHECK_OK(CommitTransaction(nullptr));  // Delivers.
  if (observer != nullptr && observer->Delivering()) return;
  ends_.Poll(budget);
}

bool Topology::Destroy(Region& region,
                       absl::AnyInvocable<void() &&> finalizer) {
  Owner& owner = region.owner();
  PLANISH_CHECK(&owner.topology() == this, "O1: a region of another topology");
  BeginTransaction();
  const bool first = !region.retired();
  if (first) {
    IsolateRegion(region);
    changed_ = true;  // Spaces may be rooted in it.
    auto& regions = owner.body_->regions;
    const auto at =
        std::find_if(regions.begin(), regions.end(),
                     [&](const auto& other) { return &*other == &region; });
    auto ending = std::make_unique<internal::Ending>();
    ending->of = owner.body_.get();
    ending->finalizer = std::move(finalizer);
    ending->regions.push_back(std::move(*at));
    regions.erase(at);
    ended_here_.push_back(std::move(ending));
  }
  CommitTransaction(nullptr).IgnoreError();  // As Owner::Retire().
  return first;
}

void Topology::CheckMayWait(const char* rule) const {
  rcu_.CheckMayWait(rule);
  PLANISH_CHECK(observer_ == nullptr || !observer_->Delivering(),
                absl::StrCat("L1: waits in a listener: ", rule));
}

// ---- What commits have replaced.

bool Topology::Poll(size_t budget) {
  PLANISH_CHECK(!InTransaction(), "X1: Poll() inside a Transaction");
  rcu_.CheckNoGuard("G5: Poll()");
  BeginTransaction();
  bool more = reclaim_.Poll(budget);
  CountWaiting(0);
  const ChangeObserver* const observer = observer_.get();
  PLANISH_CHECK_OK(CommitTransaction(nullptr));
  if (observer != nullptr && observer->Delivering()) return more;
  size_t left = budget;
  if (ends_.Poll(left)) more = true;
  if (left != 0 && rcu_.Poll(left) >= left) more = true;
  return more;
}

void Topology::CountWaiting(size_t bytes) {
  const uint64_t before = waiting_bytes_;
  if (bytes != 0) {
    made_.push_back({commit_number_, bytes});
    waiting_bytes_ += bytes;
  }
  if (made_.empty()) return;
  const uint64_t seen =
      reclaim_.waiting() == 0 ? commit_number_ : reclaimer_.OldestVisible();
  for (; !made_.empty() && made_.front().commit <= seen; made_.pop_front()) {
    waiting_bytes_ -= made_.front().bytes;
  }
  if (waiting_bytes_ != before) {
    rcu_.NoteWaiting(0, static_cast<ptrdiff_t>(waiting_bytes_ - before));
  }
}

absl::Status Topology::CheckWaiting() {
  const auto fits = [this] {
    return waiting_bytes_ <= limits_.max_waiting_bytes;
  };
  if (depth_ != 1 || fits()) return absl::OkStatus();
  reclaim_.Poll(kFreeAtLeast);
  CountWaiting(0);
  if (fits()) return absl::OkStatus();
  const auto readers = rcu_.ReadersInTheWay();
  return absl::ResourceExhaustedError(absl::StrCat(
      "X4: ", waiting_bytes_, " bytes wait for readers; the limit is ",
      limits_.max_waiting_bytes,
      readers.empty() ? "" : "; " + Text(readers.front())));
}

uint64_t Topology::HoldNewest() {
  BeginTransaction();
  const uint64_t version = commit_number_;
  reclaim_.Hold(version);
  ends_.SetOldestHeld(reclaim_.OldestHeld());
  PLANISH_CHECK_OK(CommitTransaction(nullptr));
  return version;
}

void Topology::ReleaseHeld(uint64_t version) {
  BeginTransaction();
  reclaim_.Release(version);
  ends_.SetOldestHeld(reclaim_.OldestHeld());
  PLANISH_CHECK_OK(CommitTransaction(nullptr));
}

std::vector<std::string> Topology::WhoHolds(const internal::OwnerBody* body) {
  BeginTransaction();
  std::vector<std::string> who;
  OwnerEnds::Wait wait;
  if (body != nullptr) wait = ends_.WaitOf(*body);
  for (const RcuDomain::ReaderReport& reader : rcu_.ReadersInTheWay()) {
    if (reader.epoch < wait.epoch) who.push_back(Text(reader));
  }
  for (const ReclaimQueue::HeldVersion& held : reclaim_.HeldVersions()) {
    if (held.version >= wait.commit) continue;
    who.push_back(absl::StrCat("version ", held.version, ": held ", held.holds,
                               " times, keeps ", held.pieces, " pieces"));
  }
  if (observer_ != nullptr && wait.commit != 0) observer_->NameUndelivered(who);
  ends_.NameHolders(body, who);
  PLANISH_CHECK_OK(CommitTransaction(nullptr));
  return who;
}

void Topology::Flush() {
  PLANISH_CHECK(!InTransaction(), "X1: Flush() inside a Transaction");
  BeginTransaction();
  ChangeObserver* const observer = observer_.get();
  PLANISH_CHECK_OK(CommitTransaction(nullptr));
  if (observer != nullptr) observer->Flush();
}

size_t Topology::waiting_pieces() {
  BeginTransaction();
  const size_t pieces = reclaim_.size();
  PLANISH_CHECK_OK(CommitTransaction(nullptr));
  return pieces;
}

void Topology::set_observer(std::unique_ptr<ChangeObserver> observer) {
  PLANISH_CHECK(observer_ == nullptr, "a second observer of one topology");
  observer_ = std::move(observer);
}

// ---- Marks.

void Topology::MarkInContainer(const Region& region, AddrRange interval) {
  // What would lie past 2^64-1 is nowhere.
  const uint64_t room = UINT64_MAX - region.addr().raw();
  if (interval.first.raw() > room) return;
  const uint64_t last = std::min(interval.last.raw(), room);
  marks_.Shown(*region.state_.container,
               {Addr(region.addr().raw() + interval.first.raw()),
                Addr(region.addr().raw() + last)});
}

void Topology::MarkAll(const Region& region) {
  const auto all = AddrRange::FromSize(Addr(0), region.state_.size);
  if (all.has_value()) marks_.Shown(region, *all);
}

void Topology::MarkLink(const Region& region) {
  if (region.state_.container == nullptr) return;
  const auto all = AddrRange::FromSize(Addr(0), region.state_.size);
  if (all.has_value()) MarkInContainer(region, *all);
  marks_.ResolveAgain(*region.state_.container);
}

// ---- Raw edits.

void Topology::LinkRaw(Region& container, Region& child) {
  Remember(child);
  container.children_.Insert(child);
  child.state_.container = &container;
  if (child.state_.enabled) MarkLink(child);
  int looks = 16;
  if (MayHoldAlias(child, looks)) ++ways_up_;
}

void Topology::UnlinkRaw(Region& child) {
  Remember(child);
  child.state_.container->children_.Erase(child);
  if (child.state_.enabled) MarkLink(child);
  child.state_.container = nullptr;
}

void Topology::SetPlaceRaw(Region& region, const Region::Place& place) {
  Remember(region);
  Region* const container = region.state_.container;
  if (container != nullptr) UnlinkRaw(region);
  if (region.addr() != place.addr) marks_.Moved(region);
  region.state_.place = place;
  if (container != nullptr) LinkRaw(*container, region);
}

void Topology::SetEnabledRaw(Region& region, bool enabled) {
  Remember(region);
  Region* const container = region.state_.container;
  if (container != nullptr) container->children_.Hide(region);
  region.state_.enabled = enabled;
  if (container != nullptr) container->children_.Show(region);
  MarkAll(region);
  MarkLink(region);
  marks_.ResolveAgain(region);
}

void Topology::SetSizeRaw(Region& region, ByteCount size) {
  Remember(region);
  Region* const container = region.state_.container;
  const ByteCount old = region.size();
  if (region.state_.enabled) {
    const AddrRange between{
        Addr(static_cast<uint64_t>(std::min(old, size).wide())),
        Addr(std::max(old, size).LastOffset())};
    marks_.Shown(region, between);
    marks_.ResolveAgain(region);
    if (container != nullptr) {
      MarkInContainer(region, between);
      marks_.ResolveAgain(*container);
    }
  }
  // R2.14 compares the sizes before it looks at the target.
  for (const Region* alias : region.aliases_) marks_.ResolveAgain(*alias);
  if (container != nullptr) container->children_.Hide(region);
  region.state_.size = size;
  if (container != nullptr) container->children_.Show(region);
}

void Topology::SetTargetRaw(Region& alias, Region* target) {
  Region* const old = alias.state_.alias_target;
  if (old == target) return;
  Remember(alias);
  if (old != nullptr) {
    // T4: the last of the list takes its place.
    std::vector<Region*>& list = old->aliases_;
    list.back()->alias_index_ = alias.alias_index_;
    list[alias.alias_index_] = list.back();
    list.pop_back();
  }
  alias.state_.alias_target = target;
  if (target != nullptr) {
    alias.alias_index_ = target->aliases_.size();
    target->aliases_.push_back(&alias);
  }
  ++ways_up_;
  if (alias.state_.enabled) {
    MarkAll(alias);
    marks_.ResolveAgain(alias);
  }
}

void Topology::SetAliasOffsetRaw(Region& alias, uint64_t offset) {
  if (alias.alias_offset() == offset) return;
  SetRaw(alias, &Region::State::alias_offset, offset);
  if (alias.state_.enabled) marks_.ResolveAgain(alias);
}

void Topology::IsolateOwner(Owner& owner) {
  owner.retired_ = true;
  for (const auto& region : owner.body_->regions) IsolateRegion(*region);
  changed_ = true;  // Spaces may be rooted in its regions.
}

void Topology::IsolateRegion(Region& region) {
  region.retired_ = true;
  if (region.state_.container != nullptr) UnlinkRaw(region);
  while (!region.children_.empty()) UnlinkRaw(*region.children_.back());
  while (!region.aliases_.empty()) {
    SetTargetRaw(*region.aliases_.back(), nullptr);
  }
  SetTargetRaw(region, nullptr);
  marks_.ResolveAgain(region);
}

// ---- Creating.

absl::StatusOr<Region*> Topology::Create(Owner& owner, RegionKind kind,
                                         std::string name, ByteCount size,
                                         RamBacking backing, const RegionIo& io,
                                         const RegionIommu& iommu) {
  if (&owner.topology() != this) {
    return absl::InvalidArgumentError(absl::StrCat(
        "'", name, "': owner '", owner.name(), "' is of another topology"));
  }
  auto block = RamBlock::Create(
      name.c_str(), size, HasHostMemory(kind) ? backing : RamBacking::None());
  if (!block.ok()) return block.status();
  auto port = DevicePort::Create(io, size);
  if (!port.ok()) return port.status();
  auto iommu_port = IommuPort::Create(iommu, size);
  if (!iommu_port.ok()) return iommu_port.status();
  PLANISH_ASSIGN_OR_RETURN(Transaction edit, Transaction::Begin(*this));
  Region* made = nullptr;
  if (!owner.retired()) {
    owner.body_->regions.push_back(absl::WrapUnique(
        new Region(owner, kind, std::move(name), size, next_region_number_++)));
    made = owner.body_->regions.back().get();
    made->ram_ = *std::move(block);
    made->port_ = *std::move(port);
    made->iommu_ = *std::move(iommu_port);
    if (kind == RegionKind::kRom) {
      made->state_.kind = RegionKind::kRam;
      made->state_.readonly = true;
    }
  }
  PLANISH_RETURN_IF_ERROR(edit.Commit());
  if (made == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat(
        "X5: a region for owner '", owner.name(), "', which was retired"));
  }
  return made;
}

absl::StatusOr<Region*> Topology::AddContainer(Owner& owner, std::string name,
                                               ByteCount size) {
  return Create(owner, RegionKind::kContainer, std::move(name), size,
                RamBacking::None());
}

absl::StatusOr<Region*> Topology::AddRam(Owner& owner, std::string name,
                                         ByteCount size, RamBacking backing) {
  return Create(owner, RegionKind::kRam, std::move(name), size, backing);
}

absl::StatusOr<Region*> Topology::AddRom(Owner& owner, std::string name,
                                         ByteCount size, RamBacking backing) {
  return Create(owner, RegionKind::kRom, std::move(name), size, backing);
}

absl::StatusOr<Region*> Topology::AddRomDevice(Owner& owner, std::string name,
                                               ByteCount size,
                                               RamBacking backing,
                                               const RegionIo& io) {
  return Create(owner, RegionKind::kRomDevice, std::move(name), size, backing,
                io);
}

absl::StatusOr<Region*> Topology::AddRamDevice(Owner& owner, std::string name,
                                               ByteCount size,
                                               RamBacking backing) {
  return Create(owner, RegionKind::kRamDevice, std::move(name), size, backing);
}

absl::StatusOr<Region*> Topology::AddMmio(Owner& owner, std::string name,
                                          ByteCount size, const RegionIo& io) {
  return Create(owner, RegionKind::kMmio, std::move(name), size,
                RamBacking::None(), io);
}

absl::StatusOr<Region*> Topology::AddReservation(Owner& owner, std::string name,
                                                 ByteCount size) {
  return Create(owner, RegionKind::kReservation, std::move(name), size,
                RamBacking::None());
}

absl::StatusOr<Region*> Topology::AddIommu(Owner& owner, std::string name,
                                           ByteCount size,
                                           const RegionIommu& iommu) {
  return Create(owner, RegionKind::kIommu, std::move(name), size,
                RamBacking::None(), {}, iommu);
}

absl::StatusOr<Region*> Topology::AddAlias(Owner& owner, std::string name,
                                           Region& target, uint64_t offset,
                                           ByteCount size) {
  PLANISH_ASSIGN_OR_RETURN(Transaction edit, Transaction::Begin(*this));
  absl::Status status = CheckEditable(target);
  Region* made = nullptr;
  if (status.ok()) {
    auto alias = Create(owner, RegionKind::kAlias, std::move(name), size,
                        RamBacking::None());
    status = alias.status();
    if (status.ok()) {
      made = *alias;
      // Part of the alias' making, and not of the transaction: it stays if that
      // is undone, as the region itself does.
      made->state_.alias_target = &target;
      made->state_.alias_offset = offset;
      made->alias_index_ = target.aliases_.size();
      target.aliases_.push_back(made);
    }
  }
  status.Update(edit.Commit());
  if (!status.ok()) return status;
  return made;
}

// ---- Edits.

absl::Status Topology::CheckEditable(const Region& region) const {
  if (&region.owner().topology() != this) {
    return absl::InvalidArgumentError(
        absl::StrCat(Named(region), " is of another topology"));
  }
  if (region.owner().retired()) {
    return absl::FailedPreconditionError(
        absl::StrCat("X5: ", Named(region), ": its owner '",
                     region.owner().name(), "' was retired"));
  }
  if (region.retired()) {
    return absl::FailedPreconditionError(
        absl::StrCat("X5: ", Named(region), " was destroyed"));
  }
  return absl::OkStatus();
}

absl::Status Topology::Link(Region& container, Region& child, Addr at,
                            int32_t priority) {
  return RunEdit(child, [&]() -> absl::Status {
    PLANISH_RETURN_IF_ERROR(CheckEditable(container));
    if (child.state_.container != nullptr) {
      return absl::FailedPreconditionError(absl::StrCat(
          Named(child), " can't go into ", Named(container),
          ": it already has container ", Named(*child.state_.container)));
    }
    if (container.state_.kind == RegionKind::kAlias) {
      return absl::InvalidArgumentError(
          absl::StrCat(Named(child), " can't go into ", Named(container),
                       ": an alias has no children"));
    }
    // Nothing lies below a child that has no children.
    const Region* up = &container;
    if (child.children_.empty() && up != &child) up = nullptr;
    for (; up != nullptr; up = up->state_.container) {
      if (up == &child) {
        return absl::InvalidArgumentError(
            absl::StrCat(Named(child), " can't go into ", Named(container),
                         ": it would lie below itself"));
      }
    }
    SetPlaceRaw(child, {at, priority, next_link_seq_++});
    LinkRaw(container, child);
    return absl::OkStatus();
  });
}

absl::Status Topology::Unlink(Region& child) {
  return RunEdit(child, [&]() -> absl::Status {
    if (child.state_.container == nullptr) {
      return absl::FailedPreconditionError(
          absl::StrCat(Named(child), " has no container"));
    }
    UnlinkRaw(child);
    return absl::OkStatus();
  });
}

absl::Status Topology::SetAddress(Region& region, Addr at) {
  return RunEdit(region, [&] {
    if (region.addr() != at) {
      SetPlaceRaw(region, {at, region.priority(), next_link_seq_++});
    }
    return absl::OkStatus();
  });
}

absl::Status Topology::SetPriority(Region& region, int32_t priority) {
  return RunEdit(region, [&] {
    if (region.priority() != priority) {
      SetPlaceRaw(region, {region.addr(), priority, next_link_seq_++});
    }
    return absl::OkStatus();
  });
}

absl::Status Topology::SetEnabled(Region& region, bool enabled) {
  return RunEdit(region, [&] {
    if (region.state_.enabled != enabled) SetEnabledRaw(region, enabled);
    return absl::OkStatus();
  });
}

absl::Status Topology::SetSize(Region& region, ByteCount size) {
  return RunEdit(region, [&]() -> absl::Status {
    if (region.state_.size == size) return absl::OkStatus();
    if (region.ram_ != nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat(Named(region), " has host memory of a fixed size"));
    }
    SetSizeRaw(region, size);
    return absl::OkStatus();
  });
}

absl::Status Topology::SetReadonly(Region& region, bool readonly) {
  return SetField(region, &Region::State::readonly, readonly);
}

absl::Status Topology::SetNonvolatile(Region& region, bool nonvolatile) {
  return SetField(region, &Region::State::nonvolatile, nonvolatile);
}

absl::Status Topology::SetUnmergeable(Region& region, bool unmergeable) {
  return SetField(region, &Region::State::unmergeable, unmergeable);
}

absl::Status Topology::SetDirtyLogMask(Region& region, uint8_t mask) {
  return SetField(region, &Region::State::dirty_log_mask, mask);
}

absl::Status Topology::SetRomd(Region& rom_device, bool romd) {
  return RunEdit(rom_device, [&]() -> absl::Status {
    if (rom_device.state_.kind != RegionKind::kRomDevice) {
      return absl::InvalidArgumentError(
          absl::StrCat(Named(rom_device), " is no ROM device but ",
                       RegionKindName(rom_device.kind())));
    }
    if (rom_device.state_.romd != romd)
      SetRaw(rom_device, &Region::State::romd, romd);
    return absl::OkStatus();
  });
}

absl::Status Topology::SetAliasOffset(Region& alias, uint64_t offset) {
  return RunEdit(alias, [&]() -> absl::Status {
    if (alias.state_.kind != RegionKind::kAlias) {
      return absl::InvalidArgumentError(absl::StrCat(
          Named(alias), " is no alias but ", RegionKindName(alias.kind())));
    }
    SetAliasOffsetRaw(alias, offset);
    return absl::OkStatus();
  });
}

// ---- Invariants.

void Topology::CheckInvariants() const {
  for (const Owner* owner : owners_) {
    for (const auto& region : owner->regions()) {
      const Region& r = *region;
      PLANISH_CHECK(&r.owner_ == owner, "O1: a region of another owner");
      if (owner->retired_) {
        PLANISH_CHECK(r.state_.container == nullptr && r.children_.empty() &&
                          r.aliases_.empty() &&
                          r.state_.alias_target == nullptr,
                      "O2: a retired owner's region is still linked");
      }
      if (r.state_.container != nullptr) {
        PLANISH_CHECK(r.state_.container->children_.Has(r),
                      "T1: a child is not among its container's");
      }
      const Region* fast = r.state_.container;
      for (const Region* up = &r; fast != nullptr; up = up->state_.container) {
        PLANISH_CHECK(fast != up, "T1: a region lies below itself");
        fast = fast->state_.container ? fast->state_.container->state_.container
                                      : nullptr;
      }
      r.children_.CheckInvariants(r);
      PLANISH_CHECK(r.state_.kind != RegionKind::kAlias || r.children_.empty(),
                    "T3: an alias with children");
      PLANISH_CHECK(
          r.state_.kind == RegionKind::kAlias || !r.state_.alias_target,
          "T3: a target, but no alias");
      if (r.state_.alias_target != nullptr) {
        const auto& aliases = r.state_.alias_target->aliases_;
        PLANISH_CHECK(
            r.alias_index_ < aliases.size() && aliases[r.alias_index_] == &r,
            "T4: a target that doesn't know its alias");
      }
      for (const Region* alias : r.aliases_) {
        PLANISH_CHECK(alias->state_.alias_target == &r,
                      "T4: an alias of something else");
      }
    }
  }
}

}  // namespace planish
