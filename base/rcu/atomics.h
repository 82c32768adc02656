// StdAtomics: the atomics and fences that the protocols of this folder are
// written against. BasicReaders, BasicPinSlots and what stands on them take a
// type like this one, so that tests/protocol/ runs the same code under a
// scheduler of its own, with memory as weak as the language allows.
//
//    reader                         writer
//    store its slot                 publish
//    LightFence    [A]              HeavyFence    [A]
//    load the snapshot              load the slots
//
// Both fences together order a store before a load on both sides: the writer
// sees the slot, or the reader sees what was published. Nearly all of that is
// paid by the writer: membarrier(2) makes each running thread of the process
// execute a full fence, wherever it is, and so LightFence need only keep the
// compiler from moving the two. Where membarrier is missing, both are
// FullFence.
//
// ThreadSanitizer knows neither fences nor membarrier, and needs to know
// neither: [A] decides whether a reader gets the old snapshot, and each one
// that does releases its slot to the writer ([B]), which it understands.

#ifndef PLANISH_BASE_RCU_ATOMICS_H_
#define PLANISH_BASE_RCU_ATOMICS_H_

#include <atomic>
#include <cstddef>

#include "absl/base/attributes.h"
#include "planish/base/rcu/membarrier.h"

namespace planish {

struct StdAtomics {
  template <typename T>
  using Atomic = std::atomic<T>;

  // With its head, a block of pin slots takes a page.
  static constexpr size_t kPinSlotsPerBlock = 63;

  ABSL_ATTRIBUTE_ALWAYS_INLINE static void LightFence() {
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }
  // seq_cst. Not inline: a guard's instructions are those of the usual case.
  ABSL_ATTRIBUTE_NOINLINE static void FullFence() {
#if defined(__SANITIZE_THREAD__)
    __sync_synchronize();  // GCC refuses atomic_thread_fence under TSan.
#else
    std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
  }
  // REQUIRES: Membarrier::Works().
  static void HeavyFence() { Membarrier::Fence(); }
};

}  // namespace planish

#endif  // PLANISH_BASE_RCU_ATOMICS_H_
