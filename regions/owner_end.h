// OwnerEnds: what was retired, and what it waits for. All of it ends by the
// same steps, in this order: owners, and single regions and address spaces that
// were ended before their owner.
//
//    step       over when
//    unheld     no version from before the retirement is held. An undelivered
//               commit holds the version before it, so listeners have been told
//    quiet      readers that entered before that have left
//    unpinned   no slot holds something of the owner's (P4)
//    finalizer  it has returned; its parts ended before it was called
//    freed      nothing of it is left
//
// INVARIANTS
//   E1   The steps come in this order, the finalizer once. While it runs, no
//        lock of ours is held, and all that ends with it can still be read.
//   E1a  One thread at a time takes steps. Finalizers may wait for other ends:
//        that thread then takes steps within a step.
//   O3   Pins in a topology's domain are OwnerPins: a key is a region, or names
//        a whole owner. Only here regions are freed, so whoever takes steps may
//        ask a pinned region whose it is.
// ORDERS
//   [N] is_retired.store(true, release), then the grace period | load(acquire)
//       within a guard, then the pin: who finds false is waited for.
//   [O] oldest_held.store(release) | load(acquire): what was done under a hold
//       comes before the end that it delayed.
// THREAD SAFETY  Any thread. Lock order: the writer lock, mu_, the domain's.
// COST  Begin: O(1), but for what ends. A poll: a look at each end that waits,
//   and of a whole owner at the pins' slots.
// SOURCES  PROTOCOL E1-E3, P4, G5, L2.

#ifndef PLANISH_REGIONS_OWNER_END_H_
#define PLANISH_REGIONS_OWNER_END_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "planish/base/mutex.h"
#include "planish/base/rcu/rcu_domain.h"
#include "planish/base/retire_list.h"
#include "planish/regions/region.h"

namespace planish {

class Owner;

namespace internal {

// What an Owner has. It survives the Owner, if a finalizer deletes that.
struct OwnerBody {
  OwnerBody(const Owner* owner, std::string owner_name)
      : id(owner), name(std::move(owner_name)) {}

  // As the key of a pin that keeps the owner, and no region in particular.
  const void* Key() const {
    return reinterpret_cast<const void*>(reinterpret_cast<uintptr_t>(this) | 1);
  }
  // Whether a pin with this key keeps it. REQUIRES: O3.
  bool IsKeptBy(const void* key) const {
    if ((reinterpret_cast<uintptr_t>(key) & 1) != 0) return key == Key();
    return &static_cast<const Region*>(key)->owner() == id;
  }

  // Not followed here: the Owner may be gone.
  const Owner* const id;
  const std::string name;
  absl::AnyInvocable<void() &&> finalizer;
  std::atomic<bool> is_retired{false};  // Published. [N]
  // The writer's.
  std::vector<std::unique_ptr<Region>> regions;
  // Of layers above; by Piece::context.
  absl::flat_hash_map<void*, RetireList::Piece> belongings;

  uint64_t end = 0;  // Its number, once retired.

  // Guarded by OwnerEnds' lock.
  size_t parts = 0;  // Ends of parts that are not over.
};

struct Ending {
  // The first version without it. Set by OwnerEnds::Begin().
  uint64_t commit = 0;
  // Whose it is, and whether it is all of that.
  OwnerBody* of = nullptr;
  bool is_whole = false;
  absl::AnyInvocable<void() &&> finalizer;
  std::vector<std::unique_ptr<Region>> regions;
  std::vector<RetireList::Piece> belongings;
  // The owner's, once the Owner is gone.
  std::unique_ptr<OwnerBody> body;

  // OwnerEnds'.
  enum class Step : uint8_t { kUnheld, kQuiet, kUnpinned, kFinalizer, kFreed };
  Step step = Step::kUnheld;
  std::atomic<uint64_t> epoch{0};  // Quiet when it has passed. 0: unheld.
  std::optional<PinScan> scan;
  // Guarded by its lock: some frame of the poller's stack is at it.
  bool in_step = false;
  bool in_finalizer = false;
};

}  // namespace internal

class OwnerEnds {
 public:
  // `release(ending)`, with no lock held, moves all that is to be freed into
  // the ending.
  OwnerEnds(RcuDomain& rcu, absl::AnyInvocable<void(internal::Ending&)> release)
      : rcu_(rcu), release_(std::move(release)) {}
  OwnerEnds(const OwnerEnds&) = delete;
  OwnerEnds& operator=(const OwnerEnds&) = delete;

  // A number for an end, by which to know whether it is over, when nothing else
  // may be left to look at.
  uint64_t NewNumber();
  // `commit`, which has been published, is the first one without it.
  void Begin(uint64_t number, std::unique_ptr<internal::Ending> ending,
             uint64_t commit);
  // The oldest version that is held; UINT64_MAX: none.
  void SetOldestHeld(uint64_t version) {
    oldest_held_.store(version, std::memory_order_release);  // [O]
  }

  // Takes steps, unless another thread is at it. Takes what it frees, and a
  // finalizer, off the budget. True if the budget ended it.
  bool Poll(size_t& budget);

  bool empty() const;
  // Of an end that has begun: it isn't over.
  bool Has(uint64_t number) const;
  // This thread is in the owner's finalizer. Aborts (P3) where it is in another
  // step of that end: in what a pin was given to be called.
  bool IsFinalizing(const internal::OwnerBody& body) const;
  // The Owner goes, from within its own finalizer.
  void Adopt(std::unique_ptr<internal::OwnerBody> body);

  // What an owner waits for at most: versions before `commit`, readers that
  // entered before `epoch`. 0: none of these.
  struct Wait {
    uint64_t commit = UINT64_MAX;
    uint64_t epoch = UINT64_MAX;
  };
  Wait WaitOf(const internal::OwnerBody& body) const;
  // What keeps this owner's end; of all that wait, if null. A line each, of
  // pins and finalizers. REQUIRES: inside a Transaction.
  void NameHolders(const internal::OwnerBody* body,
                   std::vector<std::string>& who) const;

 private:
  using Ending = internal::Ending;

  // False if it has to wait, or the budget has ended.
  bool TakeSteps(Ending& ending, size_t& budget, bool& is_short);
  // False while it has parts.
  bool EnterFinalizer(Ending& ending);
  void LeaveFinalizer(Ending& ending);
  const Ending* Find(const internal::OwnerBody& body) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  RcuDomain& rcu_;
  absl::AnyInvocable<void(internal::Ending&)> release_;
  std::atomic<uint64_t> oldest_held_{UINT64_MAX};

  mutable Mutex mu_;
  // By number, which ascends.
  std::map<uint64_t, std::unique_ptr<Ending>> endings_ ABSL_GUARDED_BY(mu_);
  uint64_t last_ ABSL_GUARDED_BY(mu_) = 0;
  std::thread::id poller_ ABSL_GUARDED_BY(mu_);
};

}  // namespace planish

#endif  // PLANISH_REGIONS_OWNER_END_H_
