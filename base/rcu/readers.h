// BasicReaders: the epoch of a domain and its readers' slots; the heart of
// RcuDomain, which see. Nothing here waits, allocates in a guard, or takes a
// lock.
//
//    domain   epoch | fences | first --> reader --> reader --> ...
//                                        | word |   a line of its own each
//                                          kIdle, or the epoch at entry
//
//    reader                                  writer
//    e = epoch               [E]             publish                  [C]
//    word = e                [A]             epoch + 1                [E]
//    light fence             [A]             heavy fence              [A]
//    find the snapshot       [C]             scan: the least word     [A] [B]
//    ... look up, pin        [D]             free what no word needs
//    word = kIdle            [B]
//
// ORDERS (each access names its letter; a letter's two sides are partners)
//   [A] word.store(epoch), light fence, then [C] | [C], heavy fence, then
//       word.load. So the writer sees the reader, or the reader sees the new.
//   [B] word.store(kIdle, release) | word.load(acquire). What was done under
//       the guard, pins too, comes before what the writer does after its scan.
//       The store of [A] releases too: a scan that finds a later guard's epoch
//       must have seen the last guard's work, and a release sequence ends at
//       the next plain store (C++20).
//   [C] the snapshot's pointer: store(release) | load(acquire). Not in here.
//   [E] epoch.fetch_add(release) | epoch.load(acquire), before [A]. So a word
//       that shows e belongs to a reader that finds version e or a later one.
//       (Relaxed, on Arm, the load of [C] could come first: the slot would show
//       the new epoch while its thread holds the old snapshot.) It is a
//       read-modify-write so that two publishers both precede the later epoch.
//   [F] first.compare_exchange(release) | first.load(acquire): the line is made
//       before it is found.
//   [G] thread.store(null, release) | thread.compare_exchange(acquire): a
//       line's last thread is done with it before the next one begins.
//   [H] fenced.store(release) | fenced.load(acquire): whoever skips the fence
//       comes after the fence of another.
//   [I] passed.compare_exchange(acq_rel) | passed.load(acquire): whoever trusts
//       another's scan comes after [B] of the readers that it saw leave.
//   [J] domain.store(null, release) | domain.load(acquire): a thread that finds
//       its line left behind comes after the domain's last use of it.
// On Arm, a reader's accesses are ldar (epoch), stlr (word), ldar (snapshot),
// stlr (word); on x86-64 all are plain moves.
// SOURCES  PROTOCOL G1-G4. Desnoyers and others, "User-Level Implementations of
//   Read-Copy Update", 2012: the signal-based kind, with membarrier for
//   signals.

#ifndef PLANISH_BASE_RCU_READERS_H_
#define PLANISH_BASE_RCU_READERS_H_

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "planish/base/check.h"

namespace planish {

template <class A>
struct BasicPinSlot;
template <class A>
class BasicReaders;

// The word of a thread that is in no guard: past every epoch.
inline constexpr uint64_t kIdle = ~uint64_t{0};

// One thread's line in one domain. Only that thread writes to it, save where
// it says else. Reused by another thread when the first one has ended.
template <class A>
struct alignas(64) BasicReader {
  template <typename T>
  using Atomic = typename A::template Atomic<T>;

  Atomic<uint64_t> word{kIdle};  // [A] [B]
  // Null when the domain is gone; the thread then owns the line. [J]
  Atomic<BasicReaders<A>*> domain{nullptr};
  Atomic<const void*> thread{nullptr};  // Null: free. [G]
  BasicReader* next = nullptr;          // In the domain; set once. [F]
  BasicReader* next_of_thread = nullptr;
  BasicPinSlot<A>* pin_hint = nullptr;  // BasicPinSlots'.
  Atomic<int32_t> tid{0};               // For reports.
  Atomic<bool> online{false};           // Quiescent-state mode. For reports.
  bool missed = false;          // Quiesce() owes a true: a pause has hidden it.
  Atomic<uint16_t> handles{0};  // RcuReaders on this thread.
  uint16_t callbacks = 0;       // CallbackMarks on it.
  uint16_t guards = 0;          // Guards on it; with lifetime checks only.
  uint32_t interrupted = 0;     // GuardPauses so far; wraps (C2).

  bool idle() const {
    return word.load(std::memory_order_relaxed) == kIdle;  // Own.
  }

  // Returns what the word was, which Leave() must be given (G2). There is no
  // depth: a signal handler may do both between any two steps of either.
  ABSL_ATTRIBUTE_ALWAYS_INLINE uint64_t Enter(const BasicReaders<A>& readers) {
    const uint64_t before = word.load(std::memory_order_relaxed);  // Own.
    if (before == kIdle) Show(readers);
    return before;
  }
  ABSL_ATTRIBUTE_ALWAYS_INLINE void Leave(uint64_t before) {
    if (before == kIdle) word.store(kIdle, std::memory_order_release);  // [B]
  }

  // Leaves every guard that this thread is in, and comes back into a new one.
  void Pause() {
    ++interrupted;
    missed = true;
    word.store(kIdle, std::memory_order_release);  // [B]
  }
  void Resume(const BasicReaders<A>& readers) { Show(readers); }

  // Quiescent-state mode (G4): the word always shows an epoch.
  void Online(const BasicReaders<A>& readers) {
    online.store(true, std::memory_order_relaxed);
    missed = false;
    Show(readers);
  }
  void Offline() {
    online.store(false, std::memory_order_relaxed);
    word.store(kIdle, std::memory_order_release);  // [B]
  }
  bool Quiesce(const BasicReaders<A>& readers) {
    const uint64_t seen = word.load(std::memory_order_relaxed);  // Own.
    if (ABSL_PREDICT_TRUE(readers.epoch() == seen && !missed)) return false;
    missed = false;
    Show(readers);
    return true;
  }

 private:
  ABSL_ATTRIBUTE_ALWAYS_INLINE void Show(const BasicReaders<A>& readers) {
    word.store(readers.epoch(), std::memory_order_release);  // [E] [A] [B]
    readers.LightFence();                                    // [A]
  }
};

// The padding keeps writers' stores off the line that readers load.
template <class A>
class BasicReaders {  // NOLINT(clang-analyzer-optin.performance.Padding)
 public:
  using Reader = BasicReader<A>;

  // `fences`: readers execute a full fence, and the writer no heavy one.
  explicit BasicReaders(bool fences) : fences_(fences) {}
  BasicReaders(const BasicReaders&) = delete;
  BasicReaders& operator=(const BasicReaders&) = delete;

  bool fences() const { return fences_; }
  ABSL_ATTRIBUTE_ALWAYS_INLINE uint64_t epoch() const {
    return epoch_.load(std::memory_order_acquire);  // [E]
  }

  // After publishing. Returns d: what this publication replaced may be freed
  // when Oldest() >= d. Any number of writers.
  uint64_t Advance() {
    return epoch_.fetch_add(1, std::memory_order_release) + 1;  // [E]
  }

  // Every reader that entered before this epoch has left. Doesn't wait. What
  // was said once holds, though a reader that took its epoch long ago and was
  // then delayed may show an older one: it finds the new snapshot, by [A].
  uint64_t Oldest() {
    const uint64_t now = epoch();                         // [E]
    if (fenced_.load(std::memory_order_acquire) < now) {  // [H]
      if (fences_) {
        A::FullFence();  // [A]
      } else {
        A::HeavyFence();  // [A]
      }
      Raise(fenced_, now);  // [H]
    }
    uint64_t oldest = now;
    for (const Reader* reader = first(); reader != nullptr;
         reader = reader->next) {
      // [A] [B]
      oldest = std::min(oldest, reader->word.load(std::memory_order_acquire));
    }
    return Raise(passed_, oldest);  // [I]
  }

  // Oldest() >= epoch, without a scan when one has found that before.
  bool Passed(uint64_t epoch) {
    return passed_.load(std::memory_order_acquire) >= epoch ||  // [I]
           Oldest() >= epoch;
  }

  // A line for `thread`: one whose thread has ended, or null.
  Reader* Reuse(const void* thread) {
    for (Reader* reader = first(); reader != nullptr; reader = reader->next) {
      const void* none = nullptr;
      if (reader->thread.load(std::memory_order_relaxed) == nullptr &&
          reader->thread.compare_exchange_strong(
              none, thread, std::memory_order_acquire,  // [G]
              std::memory_order_relaxed)) {
        return reader;
      }
    }
    return nullptr;
  }
  // Puts a new line among those that are scanned, for good.
  void Add(Reader& reader, const void* thread) {
    reader.thread.store(thread, std::memory_order_relaxed);  // By [F].
    reader.next = first_.load(std::memory_order_relaxed);    // By the exchange.
    while (!first_.compare_exchange_weak(reader.next, &reader,
                                         std::memory_order_release,  // [F]
                                         std::memory_order_relaxed)) {
    }
    A::FullFence();  // G3: before the first guard's [A].
  }
  // The thread of `reader` ends.
  void Release(Reader& reader) {
    PLANISH_CHECK(reader.idle(), "G2: a thread ended inside a guard");
    reader.thread.store(nullptr, std::memory_order_release);  // [G]
  }

  // All lines, for reports and the end of the domain.
  Reader* first() const {
    return first_.load(std::memory_order_acquire);  // [F]
  }

  ABSL_ATTRIBUTE_ALWAYS_INLINE void LightFence() const {
    if (ABSL_PREDICT_FALSE(fences_)) {
      A::FullFence();  // [A]
    } else {
      A::LightFence();  // [A]
    }
  }

 private:
  template <typename T>
  using Atomic = typename A::template Atomic<T>;

  // Stores the greater of `value` and what is there, and returns it. [H] [I]
  static uint64_t Raise(Atomic<uint64_t>& number, uint64_t value) {
    uint64_t was = number.load(std::memory_order_acquire);
    while (was < value) {
      if (number.compare_exchange_weak(was, value, std::memory_order_acq_rel,
                                       std::memory_order_acquire)) {
        return value;
      }
    }
    return was;
  }

  // What a guard reads stands first, in one line.
  Atomic<uint64_t> epoch_{1};  // [E]
  const bool fences_;
  Atomic<Reader*> first_{nullptr};  // [F]
  // What the writer writes, in another.
  alignas(64) Atomic<uint64_t> fenced_{1};  // [H]
  Atomic<uint64_t> passed_{1};              // [I]
};

}  // namespace planish

#endif  // PLANISH_BASE_RCU_READERS_H_
