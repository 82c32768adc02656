// RcuDomain: who reads, and what waits until they have left. Readers tell by a
// store to a line of their own; the writer looks there. A machine has a domain
// of its own, so that one machine's idle thread never stalls another machine.
//
//     reader                                writer
//     {                                     publish the next version
//       ReadGuard guard(domain);            d = domain.Advance()
//       find the snapshot, look up          domain.Retire(what it replaced)
//       Pin pin(guard, key, "why")          ... a commit or a poll later:
//     }                                     domain.Oldest() >= d: readers of
//     ... DMA; ~Pin                           older versions have left
//                                           domain.Poll() frees
//
// An epoch is a number that Advance() adds to. A reader's line shows the epoch
// at which it entered, so it may hold versions that were published at that
// epoch or after it. What was replaced at d is free to go when Oldest() >= d.
//
// RULES (an id in brackets is what the check that holds it prints)
//   - A guard belongs to a thread and a scope; it can't move. [G2]
//   - A thread registers with its first guard, which allocates. A signal
//     handler may open guards on a registered thread, and claims no pins.
//   - A thread must not end inside a guard [G2]. It may end with pins: slots
//     are the domain's, and any thread may drop a pin.
//   - A domain must not end while a thread is in a guard [G2], an RcuReader
//     exists [G3] or a pin is held [P2]. Threads that sleep outside may sleep
//     on. What waits to be freed is freed by the destructor.
//   - After fork() the child has the one thread that called it: the others'
//     guards are over, their pins are not. No thread polls in the child until
//     StartPolling() is called there.
//   - Synchronize(), Barrier(): not inside a guard, a callback or
//     quiescent-state mode, or they would wait for themselves. [G5]
//   - Poll() and what it frees: not inside a guard. [G5] Retire() anywhere.
// THREAD SAFETY  Any thread. What Retire() and Defer() were given runs with no
//   lock held, one at a time, on a thread that polls. It may call all of this
//   but Barrier().
// ERRORS  None. Misuse: PLANISH_CHECK.
// COST  Guard: see ReadGuard. Advance: O(1). Oldest: a line for each thread,
//   and a membarrier(2) if there was an Advance() since the last one. No call
//   but Synchronize() and Barrier() waits for readers.
// SOURCES  PROTOCOL G1-G5. The proof is in readers.h, pin_slots.h and
//   tests/protocol/.

#ifndef PLANISH_BASE_RCU_RCU_DOMAIN_H_
#define PLANISH_BASE_RCU_RCU_DOMAIN_H_

#include <pthread.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "planish/base/mutex.h"
#include "planish/base/rcu/atomics.h"
#include "planish/base/rcu/epoch_times.h"
#include "planish/base/rcu/pin_slots.h"
#include "planish/base/rcu/thread_readers.h"

namespace planish {

using PinSlot = BasicPinSlot<StdAtomics>;
using PinSlots = BasicPinSlots<StdAtomics>;
using PinScan = BasicPinScan<StdAtomics>;

class RcuDomain {
 public:
  // A thread that keeps what was replaced since it entered.
  struct ReaderReport {
    int tid;
    std::string thread;  // Its name, if the system tells.
    uint64_t epoch;      // At which it entered, or reported quiescence last.
    bool online;         // In quiescent-state mode.
    std::chrono::nanoseconds in_the_way;  // For at least so long.
  };
  struct PinReport {
    const void* key;
    const char* tag;
    int tid;  // Of the thread that claimed it.
    std::string thread;
    std::chrono::nanoseconds in_the_way;
  };
  struct Backlog {
    size_t objects;  // That wait, with what NoteWaiting() was told.
    size_t bytes;
    std::vector<ReaderReport> readers;  // The one that entered first, first.
  };

  struct Options {
    // Readers execute a fence, as where membarrier(2) is missing.
    bool fences = false;
    // Poll() calls `on_watermark` when more than this waits; again after it has
    // been less than half of it.
    size_t watermark_bytes = SIZE_MAX;
    absl::AnyInvocable<void(const Backlog&)> on_watermark;
  };

  RcuDomain() : RcuDomain(Options()) {}
  explicit RcuDomain(Options options);
  ~RcuDomain();
  RcuDomain(const RcuDomain&) = delete;
  RcuDomain& operator=(const RcuDomain&) = delete;

  // ---- Epochs, for who frees by himself. None of these waits.

  uint64_t epoch() const { return readers_.epoch(); }
  // After publishing: what that replaced may be freed when Oldest() >= the
  // number returned.
  uint64_t Advance();
  uint64_t Oldest() { return readers_.Oldest(); }
  bool Passed(uint64_t epoch) { return readers_.Passed(epoch); }

  // ---- What waits.

  // Calls `end` once, in a Poll(), when no reader is left that entered before
  // now. `bytes` is what that will free, for reports.
  // REQUIRES: readers can no longer find what it ends.
  void Retire(absl::AnyInvocable<void() &&> end, size_t bytes = 0);
  template <typename T>
  void Retire(std::unique_ptr<T> object) {
    Retire([object = std::move(object)]() mutable { object.reset(); },
           sizeof(T));
  }
  // The same in bounded steps: step(budget) is called by one Poll() after the
  // other until it returns true. It takes what it did off the budget.
  void Defer(absl::AnyInvocable<bool(size_t& budget)> step, size_t bytes = 0);

  // Does up to `budget` of what need wait no more, and returns how much it did.
  // Does nothing while another Poll() is under way, so also within one.
  size_t Poll(size_t budget = 1000);

  // Polls on a thread of the domain's own.
  void StartPolling();
  void StopPolling();

  // Returns when no reader is left that entered before the call.
  void Synchronize();
  // Returns when all that was retired and deferred before the call is done. It
  // polls.
  void Barrier();

  // Aborts with "rule: ..." inside a guard or a callback, or online: for
  // functions that wait for readers, or for what Poll() does.
  void CheckMayWait(const char* rule) const;
  // Aborts inside a guard.
  void CheckNoGuard(const char* rule) const;
  // Aborts unless the domain could end now [G2, G3, P2].
  void CheckAllLeft() const;

  // ---- Reports.

  // Others' garbage that waits for these readers: more of it, or less.
  void NoteWaiting(ptrdiff_t objects, ptrdiff_t bytes);
  size_t waiting_bytes() const {
    return waiting_bytes_.load(std::memory_order_relaxed);
  }
  size_t waiting_objects() const {
    return waiting_objects_.load(std::memory_order_relaxed);
  }
  Backlog GetBacklog() const;
  // Readers that entered before the newest epoch.
  std::vector<ReaderReport> ReadersInTheWay() const;
  // Pins whose key satisfies holds(key).
  template <class Holds>
  std::vector<PinReport> Pins(Holds holds) const {
    std::vector<PinReport> reports;
    for (auto* b = pins_.newest(); b != nullptr; b = b->older) {
      for (const PinSlot& slot : b->slots) {
        const void* key = slot.key.load(std::memory_order_acquire);  // [D]
        if (key != nullptr && holds(key)) {
          reports.push_back(ReportOf(slot, key));
        }
      }
    }
    return reports;
  }

  // ---- For guards, pins and their scans.

  Readers& readers() { return readers_; }
  const Readers& readers() const { return readers_; }
  PinSlots& pins() { return pins_; }
  // For PinScan::Step(): calls what Pin::OnReleaseRequested() was given, once,
  // with no lock held.
  void RequestRelease(PinSlot& slot, const void* key);

 private:
  friend class Pin;
  friend struct ForkHandlers;

  struct Entry {
    uint64_t id;     // Ascends.
    uint64_t epoch;  // Due when readers from before it have left.
    absl::AnyInvocable<bool(size_t& budget)> step;
    size_t bytes;
  };
  struct PinHook {
    enum class State { kWaiting, kRunning, kDone };
    PinHook(RcuDomain& of, absl::AnyInvocable<void()> call)
        : domain(of), callback(std::move(call)) {}

    RcuDomain& domain;
    absl::AnyInvocable<void()> callback;
    State state = State::kWaiting;
    std::thread::id runner;
    bool dropped = false;  // By its own callback; the runner deletes it.
  };

  void HookPin(PinSlot& slot, absl::AnyInvocable<void()> callback);
  static void UnhookPin(PinSlot& slot);
  PinReport ReportOf(const PinSlot& slot, const void* key) const;
  // Takes the first entry and runs it unlocked. REQUIRES: this is the poller.
  void RunFirst(std::deque<Entry>& from, size_t& budget)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool IsDone(uint64_t id) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void CheckWatermark();
  void PollUntilStopped();
  static void* PollingThread(void* domain);

  Readers readers_;
  PinSlots pins_;

  mutable Mutex mu_;
  EpochTimes times_ ABSL_GUARDED_BY(mu_);
  std::deque<Entry> queue_ ABSL_GUARDED_BY(mu_);    // By epoch.
  std::deque<Entry> started_ ABSL_GUARDED_BY(mu_);  // Steps that said false.
  uint64_t last_id_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t running_id_ ABSL_GUARDED_BY(mu_) = 0;  // 0: none.
  std::thread::id poller_ ABSL_GUARDED_BY(mu_);   // In Poll() now.
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  bool has_thread_ ABSL_GUARDED_BY(mu_) = false;
  pthread_t thread_ ABSL_GUARDED_BY(mu_) = {};
  std::condition_variable_any changed_;  // queue_, stop_, or a hook's state.

  // Statistics; they order nothing.
  std::atomic<size_t> waiting_objects_{0};
  std::atomic<size_t> waiting_bytes_{0};

  const size_t watermark_bytes_;
  absl::AnyInvocable<void(const Backlog&)> on_watermark_;  // By the poller.
  bool over_watermark_ = false;                            // By the poller.
};

}  // namespace planish

#endif  // PLANISH_BASE_RCU_RCU_DOMAIN_H_
