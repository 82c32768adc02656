#include "planish/base/rcu/thread_readers.h"

#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "planish/base/check.h"
#include "planish/base/mutex.h"

#if defined(__linux__)
#include <sys/syscall.h>
#endif

namespace planish::internal {
namespace {

constinit Reader nobody;

// Taken by a thread that ends and by a domain that ends: who goes first leaves
// the line to the other.
Mutex& ThreadsMutex() {
  static auto& mu = *new Mutex;
  return mu;
}

// All of this thread's readers. Changed by its thread only, and only outside
// signal handlers.
constinit thread_local Reader* t_all = nullptr;

int ThreadId() {
#if defined(__linux__)
  return static_cast<int>(syscall(SYS_gettid));
#else
  return 0;
#endif
}

// Runs after the destructors of thread_local objects, and again when one of
// another key's destructors has used a guard.
void EndThread(void*) {
  t_last = &nobody;
  Mutex& mu = ThreadsMutex();
  mu.Lock();
  while (t_all != nullptr) {
    Reader& reader = *t_all;
    t_all = reader.next_of_thread;
    Readers* domain = reader.domain.load(std::memory_order_acquire);  // [J]
    if (domain == nullptr) {
      delete &reader;
    } else {
      domain->Release(reader);
    }
  }
  mu.Unlock();
}

pthread_key_t ThreadEndKey() {
  static const pthread_key_t key = [] {
    pthread_key_t made;
    PLANISH_CHECK(pthread_key_create(&made, EndThread) == 0,
                  "G3: no key for the end of a thread");
    return made;
  }();
  return key;
}

// Deletes the lines of domains that are gone.
void Sweep() {
  Reader** at = &t_all;
  while (*at != nullptr) {
    Reader* reader = *at;
    if (reader->domain.load(std::memory_order_acquire) != nullptr) {  // [J]
      at = &reader->next_of_thread;
      continue;
    }
    if (t_last == reader) t_last = &nobody;
    *at = reader->next_of_thread;
    std::atomic_signal_fence(std::memory_order_seq_cst);  // Before a handler.
    delete reader;
  }
}

Reader& Register(Readers& readers) {
  Sweep();
  Reader* reader = readers.Reuse(ThisThread());
  if (reader == nullptr) {
    reader = new Reader;
    reader->domain.store(&readers, std::memory_order_relaxed);  // By [F].
    readers.Add(*reader, ThisThread());
  }
  reader->tid.store(ThreadId(), std::memory_order_relaxed);
  reader->next_of_thread = t_all;
  t_all = reader;
  PLANISH_CHECK(pthread_setspecific(ThreadEndKey(), ThisThread()) == 0,
                "G3: no memory to note a thread");
  return *reader;
}

}  // namespace

constinit thread_local Reader* t_last = &nobody;

Reader* FindRegistered(const Readers& readers) {
  for (Reader* reader = t_all; reader != nullptr;
       reader = reader->next_of_thread) {
    // A thread sees its own line's domain; no other matters here.
    if (reader->domain.load(std::memory_order_relaxed) == &readers) {
      return reader;
    }
  }
  return nullptr;
}

template <bool kChecks>
Reader& FindThisThread(Readers& readers) {
  Reader* reader = FindRegistered(readers);
  if (reader == nullptr) reader = &Register(readers);
  t_last = reader;
  return *reader;
}
template Reader& FindThisThread<kLifetimeChecks>(Readers& readers);

void CheckAllLeft(const Readers& readers) {
  for (const Reader* reader = readers.first(); reader != nullptr;
       reader = reader->next) {
    const int tid = reader->tid.load(std::memory_order_relaxed);
    PLANISH_CHECK(
        reader->handles.load(std::memory_order_relaxed) == 0,
        absl::StrCat("G3: a domain ended before an RcuReader of thread ", tid));
    PLANISH_CHECK(
        reader->word.load(std::memory_order_acquire) == kIdle,  // [B]
        absl::StrCat("G2: a domain ended with thread ", tid, " in a guard"));
  }
}

void EndDomain(Readers& readers) {
  Mutex& mu = ThreadsMutex();
  mu.Lock();
  for (Reader* reader = readers.first(); reader != nullptr;) {
    Reader* next = reader->next;
    if (reader->thread.load(std::memory_order_acquire) == nullptr) {  // [G]
      delete reader;
    } else {
      reader->domain.store(nullptr, std::memory_order_release);  // [J]
    }
    reader = next;
  }
  mu.Unlock();
}

void ForgetOtherThreads(Readers& readers) {
  for (Reader* reader = readers.first(); reader != nullptr;
       reader = reader->next) {
    const void* thread = reader->thread.load(std::memory_order_relaxed);
    if (thread == ThisThread()) {
      reader->tid.store(ThreadId(), std::memory_order_relaxed);
    }
    if (thread == nullptr || thread == ThisThread()) continue;
    reader->handles.store(0, std::memory_order_relaxed);
    reader->online.store(false, std::memory_order_relaxed);
    reader->callbacks = 0;
    reader->guards = 0;
    reader->word.store(kIdle, std::memory_order_relaxed);
    reader->thread.store(nullptr, std::memory_order_relaxed);
  }
}

void LockThreads() ABSL_NO_THREAD_SAFETY_ANALYSIS { ThreadsMutex().Lock(); }
void UnlockThreads() ABSL_NO_THREAD_SAFETY_ANALYSIS { ThreadsMutex().Unlock(); }

}  // namespace planish::internal
