// ReadGuard: what a reader finds in a domain's published versions stays until
// the guard goes.
//
//    {
//      ReadGuard guard(domain);      // It needs a name, or protects nothing.
//      const T& t = *cell.Get(guard);
//    }
//
// RcuReader: a vCPU loop's own handle. It spares a guard the search for the
// thread's line; and in quiescent-state mode the guard its stores, for the
// promise to say between guards when nothing of the past is needed any more:
//
//    RcuReader reader(domain);
//    reader.Online();
//    while (running) {
//      RunSomeGuestCode(reader);            // ReadGuard guard(reader), often
//      if (reader.Quiesce()) ForgetSpans(); // true: something was published
//    }
//    reader.Offline();                      // also before anything that blocks
//
// INVARIANTS  (an id is what the check that holds it prints)
//   G2  A guard belongs to the thread and the scope that made it. It stores
//       only over an idle word, and restores what it found; so guards nest, and
//       a signal handler may open one anywhere.
//   G3  Quiesce() and Offline() are called with no guard and no callback on the
//       stack. (Guards that leave no trace, in quiescent-state mode, are found
//       with PLANISH_LIFETIME_CHECKS only.)
//   G4  What was found in quiescent-state mode outlives its guard, up to a
//       Quiesce() that returns true, or Offline().
// Functions that need one or the other take a `const Reading&`.
//
// THREAD SAFETY  Each object here: its thread only.
// LIFETIME  An RcuReader must go before its domain and with its thread.
// COST  Guard: five loads, two stores, all but the epoch's load to lines of the
//   thread's own; two loads less with an RcuReader, and no store online.
//   Quiesce: a load. No fence, no read-modify-write.

#ifndef PLANISH_BASE_RCU_READ_GUARD_H_
#define PLANISH_BASE_RCU_READ_GUARD_H_

#include <cstdint>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "planish/base/check.h"
#include "planish/base/rcu/lifetime_checks.h"
#include "planish/base/rcu/rcu_domain.h"
#include "planish/base/rcu/thread_readers.h"

namespace planish {

// That this thread reads in a domain now: a ReadGuard, or an RcuReader that is
// online.
class Reading {
 public:
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

  RcuDomain& domain() const { return domain_; }
  // How often a GuardPause has left this thread's guards; who sees it change
  // over a call looks everything up anew (C2).
  uint32_t interrupted() const { return reader_.interrupted; }
  bool OnItsThread() const {
    return reader_.thread.load(std::memory_order_relaxed) ==
           internal::ThisThread();
  }
  // False inside a GuardPause, and for an RcuReader that is offline.
  bool is_reading() const { return !reader_.idle(); }
  // Aborts unless it is so.
  void CheckIsReading(const RcuDomain& domain) const {
    PLANISH_CHECK(&domain == &domain_, "G2: a guard of another domain");
    PLANISH_CHECK(OnItsThread(), "G2: a guard of another thread");
    PLANISH_CHECK(!reader_.idle(), "G2: nothing is read: paused, or offline");
  }

 protected:
  Reading(RcuDomain& domain, Reader& reader)
      : domain_(domain), reader_(reader) {}
  ~Reading() = default;

  RcuDomain& domain_;
  Reader& reader_;

 private:
  friend class CallbackMark;
  friend class GuardPause;
  friend class Pin;
};

class RcuReader : public Reading {
 public:
  // Registers this thread, if it isn't.
  explicit RcuReader(RcuDomain& domain)
      : Reading(domain, internal::ThisThreadIn(domain.readers())) {
    AddHandles(1);
  }
  ~RcuReader() {
    if (online()) Offline();
    AddHandles(-1);
  }

  bool online() const {
    return reader_.online.load(std::memory_order_relaxed);  // Own.
  }

  void Online() {
    PLANISH_CHECK(reader_.idle(), "G3: Online() online, or inside a guard");
    reader_.Online(domain_.readers());
  }
  void Offline() {
    CheckNothingOnStack();
    reader_.Offline();
  }
  // True if anything was published since the last call, or since Online(), or
  // if a GuardPause has been since.
  bool Quiesce() {
    CheckNothingOnStack();
    return reader_.Quiesce(domain_.readers());
  }

 private:
  friend class ReadGuard;

  void CheckNothingOnStack() const {
    if (ABSL_PREDICT_FALSE(!online() || reader_.callbacks != 0 ||
                           reader_.guards != 0)) {
      FailOnStack();
    }
  }
  [[noreturn]] void FailOnStack() const;
  void AddHandles(int n) {
    const int before = reader_.handles.load(std::memory_order_relaxed);  // Own.
    reader_.handles.store(static_cast<uint16_t>(before + n),
                          std::memory_order_relaxed);
  }
};

class ReadGuard : public Reading {
 public:
  [[nodiscard]] ABSL_ATTRIBUTE_ALWAYS_INLINE explicit ReadGuard(
      RcuDomain& domain)
      : ReadGuard(domain, internal::ThisThreadIn(domain.readers())) {}
  [[nodiscard]] ABSL_ATTRIBUTE_ALWAYS_INLINE explicit ReadGuard(
      RcuReader& reader)
      : ReadGuard(reader.domain_, reader.reader_) {}
  ABSL_ATTRIBUTE_ALWAYS_INLINE ~ReadGuard() {
    if (kLifetimeChecks) {
      PLANISH_CHECK(OnItsThread(), "G2: a guard ended on another thread");
      --reader_.guards;
    }
    reader_.Leave(before_);
  }

 private:
  ABSL_ATTRIBUTE_ALWAYS_INLINE ReadGuard(RcuDomain& domain, Reader& reader)
      : Reading(domain, reader), before_(reader.Enter(domain.readers())) {
    if (kLifetimeChecks) {
      PLANISH_CHECK(OnItsThread(), "G2: another thread's RcuReader");
      ++reader_.guards;
    }
  }

  const uint64_t before_;
};

// User code runs on this thread, under `guard` or a GuardPause of it: nothing
// in there may wait for readers, or be quiescent (G3, G5).
class CallbackMark {
 public:
  [[nodiscard]] explicit CallbackMark(const Reading& guard)
      : reader_(guard.reader_) {
    ++reader_.callbacks;
  }
  ~CallbackMark() { --reader_.callbacks; }
  CallbackMark(const CallbackMark&) = delete;
  CallbackMark& operator=(const CallbackMark&) = delete;

 private:
  Reader& reader_;
};

// For code that blocks: leaves all guards of this thread in this domain, and
// enters again at the end. What was found before is gone, but for what is
// pinned.
class GuardPause {
 public:
  [[nodiscard]] explicit GuardPause(const Reading& guard)
      : domain_(guard.domain_), reader_(guard.reader_) {
    PLANISH_CHECK(!reader_.idle(), "C2: a pause within a pause");
    reader_.Pause();
  }
  ~GuardPause() { reader_.Resume(domain_.readers()); }
  GuardPause(const GuardPause&) = delete;
  GuardPause& operator=(const GuardPause&) = delete;

 private:
  RcuDomain& domain_;
  Reader& reader_;
};

}  // namespace planish

#endif  // PLANISH_BASE_RCU_READ_GUARD_H_
