// CallChain: whose callbacks are at work on this thread, the innermost first.
//
//   vCPU stores to nic.regs          CallScope(nic.regs)
//     nic.regs' callback does DMA
//       to ram                       no scope: memory is nobody's callback
//       to msi.regs                  CallScope(msi.regs)     fine, depth 2
//       to nic.regs                  CallScope(nic.regs)     refused
//
// A flag per device would stop this loop too, and legitimate chains with it (a
// device that fetches scripts from a RAM of its own made of registers), and it
// takes one thread's access for another's. The chain knows which is which.
//
// A device whose work goes on later, in a timer or a bottom half, opens a scope
// by hand there, so that DMA to its own registers is refused there as well.
//
//   the region has      a callback runs                 what was found before
//   no lock             inside the guard                stays
//   a lock (C1)         outside, its owner pinned,      is dead, but for what
//                       and all owners of the chain     is pinned
//   no lock, but opens  the same, from there on         the same, when it
//     a BlockingScope                                   returns
//
// For a thread that waits in a guard, for a device's lock, and one that holds
// the lock and waits for readers, would wait for each other. Whoever has left
// the guard shows it in Reading::interrupted().
//
// INVARIANTS
//   C1  No lock of a region is waited for, nor held, inside a guard of a domain
//       that is in the chain.
//   C2  Who leaves a guard has pinned every owner of the chain before; a pin
//       lasts until its callback returns.
// THREAD SAFETY  A scope belongs to its thread, and to its block.
// COST  Outermost: five stores in, two out. Nested: a step for each callback at
//   work. With a lock: the lock, a pin and a pause.
// SOURCES  SEMANTICS 5.9, PROTOCOL C1, C2.

#ifndef PLANISH_SPACE_CALL_CHAIN_H_
#define PLANISH_SPACE_CALL_CHAIN_H_

#include <memory>
#include <optional>

#include "absl/base/optimization.h"
#include "planish/base/check.h"
#include "planish/base/rcu/pin.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/regions/device_port.h"
#include "planish/regions/region.h"
#include "planish/regions/region_ops.h"

namespace planish {
namespace internal {

struct CallFrame {
  const Region* region = nullptr;
  CallFrame* outer = nullptr;
  unsigned depth = 0;              // 1: the outermost.
  const Reading* guard = nullptr;  // Under which `region` was found.
  std::optional<Pin> pin;          // Of `region`, if the guard was left.
};

inline constinit thread_local CallFrame* innermost_call = nullptr;

// The scope of a call that nothing can stop and no lock surrounds: no other
// callback is at work here.
class OutermostCall {
 public:
  // REQUIRES: innermost_call is null.
  OutermostCall(const Reading& guard, const Region& region)
      : mark_(guard), frame_{&region, nullptr, 1, &guard, std::nullopt} {
    innermost_call = &frame_;
  }
  ~OutermostCall() { innermost_call = nullptr; }
  OutermostCall(const OutermostCall&) = delete;
  OutermostCall& operator=(const OutermostCall&) = delete;

 private:
  const CallbackMark mark_;
  CallFrame frame_;
};

// Leaves the guards of all domains in the chain, until it goes.
class GuardsLeft {
 public:
  explicit GuardsLeft(CallFrame* innermost);
  GuardsLeft(const GuardsLeft&) = delete;
  GuardsLeft& operator=(const GuardsLeft&) = delete;

 private:
  std::optional<GuardPause> pause_;
  std::unique_ptr<GuardsLeft> others_;  // If there is more than one domain.
};

// Whether the rule lets `region` be called inside `frame`.
bool MayCallInside(const CallFrame& frame, const Region& region,
                   const ReentryRule& rule);

}  // namespace internal

class [[nodiscard]] CallScope {
 public:
  // REQUIRES: `region` was found under `guard`, and `port` is the region's.
  // Both last as long as the scope, the guard's other finds perhaps not (C1).
  CallScope(const Reading& guard, const Region& region, const DevicePort& port)
      : mark_(guard) {
    internal::CallFrame* outer = internal::innermost_call;
    if (outer != nullptr &&
        !internal::MayCallInside(*outer, region, port.reentry())) {
      return;
    }
    frame_.region = &region;
    frame_.outer = outer;
    frame_.depth = outer == nullptr ? 1 : outer->depth + 1;
    frame_.guard = &guard;
    internal::innermost_call = &frame_;
    if (ABSL_PREDICT_FALSE(port.lock().lock != nullptr)) Lock(port.lock());
  }
  ~CallScope() {
    if (!entered()) return;
    if (ABSL_PREDICT_FALSE(lock_ != nullptr)) {
      lock_->unlock(lock_->of);
      left_.reset();
    }
    internal::innermost_call = frame_.outer;
  }
  CallScope(const CallScope&) = delete;
  CallScope& operator=(const CallScope&) = delete;

  // False: the region's rule forbids it. It must not be called.
  bool entered() const { return frame_.depth != 0; }

 private:
  void Lock(const RegionLock& lock) {
    left_.emplace(&frame_);
    lock.lock(lock.of);
    lock_ = &lock;
  }

  const CallbackMark mark_;
  internal::CallFrame frame_;
  const RegionLock* lock_ = nullptr;
  std::optional<internal::GuardsLeft> left_;
};

// For a callback that blocks, on a lock of its own or another thread: leaves
// the guards that it was called in. What it has found before it must look up
// again, but for what is pinned; its own owner is.
class [[nodiscard]] BlockingScope {
 public:
  BlockingScope() : left_(internal::innermost_call) {
    PLANISH_CHECK(internal::innermost_call != nullptr,
                  "C2: a BlockingScope outside of callbacks");
  }
  BlockingScope(const BlockingScope&) = delete;
  BlockingScope& operator=(const BlockingScope&) = delete;

 private:
  const internal::GuardsLeft left_;
};

// How many callbacks are at work on this thread.
inline unsigned CallDepth() {
  const internal::CallFrame* call = internal::innermost_call;
  return call == nullptr ? 0 : call->depth;
}

}  // namespace planish

#endif  // PLANISH_SPACE_CALL_CHAIN_H_
