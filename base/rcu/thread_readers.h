// This thread's readers, one in each domain that it has read in. They are found
// without a lock, end with the thread, and survive their domain, so that a
// thread may sleep through a domain's end.
//
//    thread  last --> the reader that was used last, in one load
//            all  --> reader --> reader --> ...     (next_of_thread)
//
// THREAD SAFETY  Find() may run in a signal handler, also within any function
//   of this file. FindThisThread() may too once the thread has registered.
// LIFETIME  A line belongs to its domain and, if it has one, to its thread;
//   who goes last deletes it.
// COST  A load and a compare, when a thread stays with one domain.

#ifndef PLANISH_BASE_RCU_THREAD_READERS_H_
#define PLANISH_BASE_RCU_THREAD_READERS_H_

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "planish/base/rcu/atomics.h"
#include "planish/base/rcu/lifetime_checks.h"
#include "planish/base/rcu/readers.h"

namespace planish {

using Reader = BasicReader<StdAtomics>;
using Readers = BasicReaders<StdAtomics>;
static_assert(sizeof(Reader) == 64, "a reader has its own line, and only one");

namespace internal {

// The one used last; a reader of no domain at first. Initial-exec: no call.
extern constinit thread_local Reader* t_last
    __attribute__((tls_model("initial-exec")));

// What Reader::thread shows for this thread.
inline const void* ThisThread() { return &t_last; }

// This thread's reader, registered now if it isn't (which allocates).
template <bool kChecks>
Reader& FindThisThread(Readers& readers);

ABSL_ATTRIBUTE_ALWAYS_INLINE inline Reader& ThisThreadIn(Readers& readers) {
  Reader& last = *t_last;
  if (ABSL_PREDICT_TRUE(last.domain.load(std::memory_order_relaxed) ==
                        &readers)) {
    return last;
  }
  return FindThisThread<kLifetimeChecks>(readers);
}

// Null if it hasn't registered.
Reader* FindRegistered(const Readers& readers);

// Aborts [G2, G3] if a thread is in a guard, or has an RcuReader.
void CheckAllLeft(const Readers& readers);
// Parts from all lines. REQUIRES: all have left.
void EndDomain(Readers& readers);

// After fork(), in the child, under the lock that LockThreads() took: nobody
// but this thread is in a guard of `readers`, or registered.
void ForgetOtherThreads(Readers& readers);
// Around fork().
void LockThreads();
void UnlockThreads();

}  // namespace internal
}  // namespace planish

#endif  // PLANISH_BASE_RCU_THREAD_READERS_H_
