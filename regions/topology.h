// Topology: the graph of regions, and the one place where it is edited.
//
//    system (container) --+-- ram-below-4g (alias) - - -> pc.ram (RAM)
//                         +-- pci (container, prio -1)        ^
//                         |     +-- vga.vram (RAM)            .
//                         +-- pam-ram (alias, prio 1) . . . . '
//
// Links (---) make trees: a region has at most one container. Aliases (- ->)
// make a graph of them. Several windows may show one region, windows onto the
// container they lie in are ordinary, and only a window that shows itself
// without end is refused (X4).
//
// INVARIANTS (CheckInvariants())
//   T1  A region is among its container's children exactly once, and no region
//       is below itself.
//   T2  Children ascend by (priority, time of link), so the last one wins.
//   T3  An alias has no children; nothing else has an alias target.
//   T4  A region knows each alias that targets it, and no other; each alias
//       knows its place among them.
//   T5-T8  What Children, ChildIndex and IntervalTree say of themselves.
// THREAD SAFETY  Edits from any thread, one Transaction at a time. Getters of
//   Region are safe inside a Transaction, or while nobody edits.
// LIFETIME  Outlives its owners, pins and readers; its destructor checks that.
// ERRORS  An edit that fails names both sides and changes nothing (X2):
//     kInvalidArgument    can never work: of two topologies, below itself, an
//                         alias as container, a setter of the wrong kind
//     kFailedPrecondition can't work now: has a container, has none, its owner
//                         was retired (X5), endless alias recursion (X4)
//     kResourceExhausted  Limits, or host memory
//   An edit outside a Transaction commits by itself, so it can also return what
//   Transaction::Commit() can.
// COST  Edit: O(log siblings) where it concerns a region's place, extent or
//   whether it is enabled, O(1) otherwise; a resize also O(aliases of the
//   region). Then the commit's. Creating a region costs no commit.
// SOURCES  SEMANTICS.md sections 1 and 2; PROTOCOL X1-X5.

#ifndef PLANISH_REGIONS_TOPOLOGY_H_
#define PLANISH_REGIONS_TOPOLOGY_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "planish/base/addr.h"
#include "planish/base/mutex.h"
#include "planish/base/rcu/backoff.h"
#include "planish/base/rcu/domain_reclaimer.h"
#include "planish/base/rcu/rcu_domain.h"
#include "planish/base/reclaim_queue.h"
#include "planish/base/status_macros.h"
#include "planish/regions/change_log.h"
#include "planish/regions/change_observer.h"
#include "planish/regions/commit_report.h"
#include "planish/regions/iommu_port.h"
#include "planish/regions/limits.h"
#include "planish/regions/owner.h"
#include "planish/regions/owner_end.h"
#include "planish/regions/ram_block.h"
#include "planish/regions/region.h"
#include "planish/regions/region_ops.h"
#include "planish/regions/transaction.h"

namespace planish {

class Topology {
 public:
  explicit Topology(Limits limits = Limits(),
                    RcuDomain::Options rcu_options = RcuDomain::Options());
  ~Topology();
  Topology(const Topology&) = delete;
  Topology& operator=(const Topology&) = delete;

  const Limits& limits() const { return limits_; }
  // Commits that publish are numbered from 1 on. This is the newest one; 0 if
  // there was none. REQUIRES: inside a Transaction, or while nobody edits.
  uint64_t commit_number() const { return commit_number_; }

  // ---- What commits have replaced, until nobody sees it (reclaim_queue.h).
  // Each commit frees some of that, up to about twice what it replaced itself;
  // so nothing piles up, and no commit pays for a large view at once.

  // Who reads. What a ReadGuard or an RcuReader of this domain has found in an
  // address space stays while it reads.
  RcuDomain& rcu() const { return rcu_; }
  // Does up to `budget` of what waits: frees nodes, takes owners' ends further,
  // finalizers included, and polls the domain. Never waits. True if there is
  // more to do now. In a listener it frees nodes only. Aborts under a guard
  // (G5) and in a Transaction (X1).
  bool Poll(size_t budget = 1000);
  // Keeps the newest version whole, and says which it is, until it is released
  // as often as it was held.
  uint64_t HoldNewest();
  void ReleaseHeld(uint64_t version);
  // Returns when listeners have been told of all that was committed before.
  // Aborts inside a Transaction (X1), and in a listener (L1).
  void Flush();
  // Who keeps something, a line each (E3).
  std::vector<std::string> WhoHolds() { return WhoHolds(nullptr); }
  // Pieces that wait to be freed.
  size_t waiting_pieces();
  // What Limits::max_waiting_bytes bounds. REQUIRES: as commit_number().
  uint64_t waiting_bytes() const { return waiting_bytes_; }

  // ---- Creating regions. Enabled, without a container, priority 0. Names need
  // not be unique. The region lives as long as `owner`, which must not have
  // been retired. For the kinds see region.h.
  absl::StatusOr<Region*> AddContainer(Owner& owner, std::string name,
                                       ByteCount size = ByteCount::TwoTo64());
  absl::StatusOr<Region*> AddRam(Owner& owner, std::string name, ByteCount size,
                                 RamBacking backing = RamBacking::Anonymous());
  absl::StatusOr<Region*> AddRom(Owner& owner, std::string name, ByteCount size,
                                 RamBacking backing = RamBacking::Anonymous());
  // Starts in romd mode.
  absl::StatusOr<Region*> AddRomDevice(
      Owner& owner, std::string name, ByteCount size,
      RamBacking backing = RamBacking::Anonymous(), const RegionIo& io = {});
  // Host memory that is really a mapped device BAR.
  absl::StatusOr<Region*> AddRamDevice(Owner& owner, std::string name,
                                       ByteCount size, RamBacking backing);
  absl::StatusOr<Region*> AddMmio(Owner& owner, std::string name,
                                  ByteCount size, const RegionIo& io = {});
  absl::StatusOr<Region*> AddReservation(Owner& owner, std::string name,
                                         ByteCount size);
  absl::StatusOr<Region*> AddIommu(Owner& owner, std::string name,
                                   ByteCount size = ByteCount::TwoTo64(),
                                   const RegionIommu& iommu = {});
  // A window of `size` bytes onto `target` from `offset` on. The window may be
  // larger than what it shows: the rest of it is a hole.
  absl::StatusOr<Region*> AddAlias(Owner& owner, std::string name,
                                   Region& target, uint64_t offset,
                                   ByteCount size);

  // Ends a region before its owner, by the same rules: it leaves its container,
  // its children and aliases are cut, at the commit; it is freed when no reader
  // and no pin of its owner's is left, right after `finalizer`, if any, has
  // returned. Can't fail (X5). False if it had been destroyed or its owner
  // retired; then `finalizer` is not called.
  bool Destroy(Region& region, absl::AnyInvocable<void() &&> finalizer = {});

  // ---- Edits. Each takes effect at the outermost commit.

  // Puts `child` into `container` at `at`, as the newest of its priority. It
  // may overlap its siblings and hang over the container's end.
  absl::Status Link(Region& container, Region& child, Addr at,
                    int32_t priority = 0);
  absl::Status Unlink(Region& child);

  // TRAP (R2.3): counts as linking again, so the region becomes the newest of
  // its priority and may begin to cover a sibling of the same priority. The
  // same address as before is no edit.
  absl::Status SetAddress(Region& region, Addr at);
  // Counts as linking again, like SetAddress(), if the priority changes.
  absl::Status SetPriority(Region& region, int32_t priority);
  // These keep the order among siblings.
  absl::Status SetEnabled(Region& region, bool enabled);
  // Not for regions with host memory.
  absl::Status SetSize(Region& region, ByteCount size);
  absl::Status SetReadonly(Region& region, bool readonly);
  absl::Status SetNonvolatile(Region& region, bool nonvolatile);
  absl::Status SetUnmergeable(Region& region, bool unmergeable);
  absl::Status SetDirtyLogMask(Region& region, uint8_t mask);
  absl::Status SetRomd(Region& rom_device, bool romd);
  absl::Status SetAliasOffset(Region& alias, uint64_t offset);

  // Aborts with the id of the first invariant that doesn't hold.
  // REQUIRES: inside a Transaction, or while nobody edits.
  void CheckInvariants() const;

  // ---- For the layer that renders. Set once, before the first commit that
  // should be seen; lives as long as the topology.
  void set_observer(std::unique_ptr<ChangeObserver> observer);
  ChangeObserver* observer() const { return observer_.get(); }
  // True on the thread that holds a Transaction.
  bool InTransaction() const;
  // Makes the outermost commit call the observer, whatever else was edited.
  // REQUIRES: InTransaction().
  void MarkChanged() { changed_ = true; }
  // Owners that the transaction under way has retired.
  const std::vector<Owner*>& retired_here() const { return retired_here_; }
  // It has ended something: an owner, a region, or what Owner::EndNow() is for.
  bool ends_something() const {
    return !retired_here_.empty() || !ended_here_.empty();
  }
  // Changes when a way up from an alias may have come to be: an alias, or a
  // region with one below it, was linked, or an alias got another target.
  uint64_t ways_up() const { return ways_up_; }
  // To be called, newest first, if the transaction under way is undone; before
  // the graph is.
  // REQUIRES: InTransaction().
  void OnUndo(std::function<void()> inverse) {
    on_undo_.push_back(std::move(inverse));
  }

 private:
  friend class GraphEditor;
  friend class Owner;
  friend class Transaction;

  // Fails if too much waits for readers, and this is the outermost (X4).
  absl::Status CheckWaiting();
  void BeginTransaction();
  absl::Status CommitTransaction(CommitReport* report);
  void Undo();
  // What the commit has ended begins to wait.
  void BeginEnds();
  void BeginEnd(std::unique_ptr<internal::Ending> ending);
  void PollEnds(size_t& budget);
  // Some of what was made waits no more; and `bytes` were made.
  void CountWaiting(size_t bytes);

  // For who waits for an end.
  void CheckMayWait(const char* rule) const;
  template <typename Done>
  void PollUntil(Done done);
  // Of one owner's end, or all.
  std::vector<std::string> WhoHolds(const internal::OwnerBody* body);

  absl::StatusOr<Region*> Create(Owner& owner, RegionKind kind,
                                 std::string name, ByteCount size,
                                 RamBacking backing, const RegionIo& io = {},
                                 const RegionIommu& iommu = {});
  // Fails unless edits may name `region`.
  absl::Status CheckEditable(const Region& region) const;

  // Opens a Transaction, checks `region`, runs `edit`, commits.
  template <typename Edit>
  absl::Status RunEdit(Region& region, Edit edit);
  // The same for an edit that only sets `field`, by SetRaw().
  template <typename T>
  absl::Status SetField(Region& region, T Region::State::*field, T value);

  // What a region was when this transaction first edited it.
  struct Before {
    Region* region;
    Region::State state;
  };
  // Comes before each change of a region's state.
  void Remember(Region& region);

  // Raw edits: no checks, but the region is remembered, and what change_set.h
  // says is marked.
  void LinkRaw(Region& container, Region& child);
  void UnlinkRaw(Region& child);
  // Also of a region that is linked: it stays so.
  void SetPlaceRaw(Region& region, const Region::Place& place);
  void SetEnabledRaw(Region& region, bool enabled);
  void SetSizeRaw(Region& region, ByteCount size);
  void SetTargetRaw(Region& alias, Region* target);
  void SetAliasOffsetRaw(Region& alias, uint64_t offset);
  // For fields that say what a region shows, not where.
  template <typename T>
  void SetRaw(Region& region, T Region::State::*field, T value);
  // The graph half of Owner::Retire(): nothing leads to its regions (O2).
  void IsolateOwner(Owner& owner);
  void IsolateRegion(Region& region);

  // Mark a region whole: itself, or its container where it is, if it has one.
  void MarkAll(const Region& region);
  void MarkLink(const Region& region);
  // The same for some bytes of the region. REQUIRES: it has a container.
  void MarkInContainer(const Region& region, AddrRange interval);

  const Limits limits_;
  std::unique_ptr<ChangeObserver> observer_;
  // Behind the observer, so that what it replaced goes before what it has.
  mutable RcuDomain rcu_;
  DomainReclaimer reclaimer_{rcu_};
  ReclaimQueue reclaim_{reclaimer_};
  OwnerEnds ends_;

  // The writer lock, held by a Transaction from its first Begin to its last
  // Commit. Recursive by hand: only holder_ itself can read its own id there,
  // so relaxed order suffices.
  Mutex mu_;
  std::atomic<std::thread::id> holder_;
  // The rest belongs to the holder.
  int depth_ = 0;
  bool changed_ = false;
  uint64_t transaction_ = 0;  // The number of the one under way.
  uint64_t commit_number_ = 0;
  uint64_t next_link_seq_ = 1;
  uint64_t next_region_number_ = 1;
  uint64_t ways_up_ = 0;
  ChangeLog marks_;
  std::vector<Before> before_;
  std::vector<std::function<void()>> on_undo_;
  std::vector<Owner*> retired_here_;
  std::vector<std::unique_ptr<internal::Ending>> ended_here_;
  std::vector<Owner*> owners_;
  // What commits have made since the oldest version that somebody may see.
  struct Made {
    uint64_t commit;
    size_t bytes;
  };
  std::deque<Made> made_;
  uint64_t waiting_bytes_ = 0;
};

// ---- Shared with GraphEditor.

template <typename T>
void Topology::SetRaw(Region& region, T Region::State::*field, T value) {
  Remember(region);
  region.state_.*field = value;
  if (region.state_.enabled) MarkAll(region);
}

template <typename Done>
void Topology::PollUntil(Done done) {
  for (Backoff backoff; !done(); backoff.Wait()) {
    Poll();
    if (done()) return;
  }
}

template <typename Edit>
absl::Status Topology::RunEdit(Region& region, Edit edit) {
  PLANISH_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(*this));
  absl::Status status = CheckEditable(region);
  if (status.ok()) status = edit();
  status.Update(transaction.Commit());
  return status;
}

template <typename T>
absl::Status Topology::SetField(Region& region, T Region::State::*field,
                                T value) {
  return RunEdit(region, [&] {
    if (region.state_.*field != value) SetRaw(region, field, value);
    return absl::OkStatus();
  });
}

}  // namespace planish

#endif  // PLANISH_REGIONS_TOPOLOGY_H_
