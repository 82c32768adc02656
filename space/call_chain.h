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
// THREAD SAFETY  A scope belongs to its thread, and to its block.
// COST  Outermost: two stores in, one out. Nested: a step for each callback at
//   work. PROTOCOL C1: a region's lock is taken here.
// SOURCES  SEMANTICS 5.9, PROTOCOL C1.

#ifndef PLANISH_SPACE_CALL_CHAIN_H_
#define PLANISH_SPACE_CALL_CHAIN_H_

#include <cstdint>

#include "absl/base/optimization.h"
#include "planish/regions/device_port.h"
#include "planish/regions/region.h"
#include "planish/regions/region_ops.h"

namespace planish {
namespace internal {

struct CallFrame {
  const Region* region;
  const CallFrame* outer;
  unsigned depth;  // 1: the outermost.
};

inline constinit thread_local const CallFrame* innermost_call = nullptr;

// The scope of a call that nothing can stop and no lock surrounds: no other
// callback is at work here.
class OutermostCall {
 public:
  // REQUIRES: innermost_call is null.
  explicit OutermostCall(const Region& region) : frame_{&region, nullptr, 1} {
    innermost_call = &frame_;
  }
  ~OutermostCall() { innermost_call = nullptr; }
  OutermostCall(const OutermostCall&) = delete;
  OutermostCall& operator=(const OutermostCall&) = delete;

 private:
  const CallFrame frame_;
};

// Whether the rule lets `region` be called inside `frame`.
bool MayCallInside(const CallFrame& frame, const Region& region,
                   const ReentryRule& rule);

}  // namespace internal

class [[nodiscard]] CallScope {
 public:
  // REQUIRES: `port` is the region's.
  CallScope(const Region& region, const DevicePort& port) {
    const internal::CallFrame* outer = internal::innermost_call;
    if (outer != nullptr &&
        !internal::MayCallInside(*outer, region, port.reentry())) {
      return;
    }
    frame_ = {&region, outer, outer == nullptr ? 1 : outer->depth + 1};
    internal::innermost_call = &frame_;
    const RegionLock& lock = port.lock();
    if (ABSL_PREDICT_FALSE(lock.lock != nullptr)) {
      lock.lock(lock.of);
      lock_ = &lock;
    }
  }
  ~CallScope() {
    if (!entered()) return;
    if (ABSL_PREDICT_FALSE(lock_ != nullptr)) lock_->unlock(lock_->of);
    internal::innermost_call = frame_.outer;
  }
  CallScope(const CallScope&) = delete;
  CallScope& operator=(const CallScope&) = delete;

  // False: the region's rule forbids it. It must not be called.
  bool entered() const { return frame_.depth != 0; }

 private:
  internal::CallFrame frame_{nullptr, nullptr, 0};
  const RegionLock* lock_ = nullptr;
};

// How many callbacks are at work on this thread.
inline unsigned CallDepth() {
  const internal::CallFrame* call = internal::innermost_call;
  return call == nullptr ? 0 : call->depth;
}

}  // namespace planish

#endif  // PLANISH_SPACE_CALL_CHAIN_H_
