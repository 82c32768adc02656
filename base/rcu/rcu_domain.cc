#include "planish/base/rcu/rcu_domain.h"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "planish/base/check.h"
#include "planish/base/rcu/backoff.h"
#include "planish/base/rcu/membarrier.h"

namespace planish {
namespace {

constexpr size_t kPollBudget = 1000;

// What std::condition_variable_any calls a lock.
class Lockable {
 public:
  explicit Lockable(Mutex& mu) : mu_(mu) {}
  void lock() ABSL_NO_THREAD_SAFETY_ANALYSIS { mu_.Lock(); }
  void unlock() ABSL_NO_THREAD_SAFETY_ANALYSIS { mu_.Unlock(); }

 private:
  Mutex& mu_;
};

std::string ThreadName(int tid) {
  std::array<char, 32> name = {};
  const std::string path = absl::StrCat("/proc/self/task/", tid, "/comm");
  if (std::FILE* file = std::fopen(path.c_str(), "r")) {
    const size_t size = std::fread(name.data(), 1, name.size() - 1, file);
    std::fclose(file);
    if (size != 0 && name[size - 1] == '\n') name[size - 1] = '\0';
  }
  return name.data();
}

}  // namespace

// fork() leaves the child one thread; all locks are taken around it, so that
// this thread finds nothing half done.
struct ForkHandlers {
  // All domains. Guarded by LockThreads().
  static std::vector<RcuDomain*>& Domains() {
    static auto& domains = *new std::vector<RcuDomain*>;
    return domains;
  }
  static void Add(RcuDomain& domain) {
    static const int installed = pthread_atfork(&Prepare, &Parent, &Child);
    PLANISH_CHECK(installed == 0, "G3: no handlers for fork()");
    internal::LockThreads();
    Domains().push_back(&domain);
    internal::UnlockThreads();
  }
  static void Remove(RcuDomain& domain) {
    internal::LockThreads();
    Domains().erase(std::find(Domains().begin(), Domains().end(), &domain));
    internal::UnlockThreads();
  }

  static void Prepare() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    internal::LockThreads();
    for (RcuDomain* domain : Domains()) domain->mu_.Lock();
  }
  static void Parent() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    for (RcuDomain* domain : Domains()) domain->mu_.Unlock();
    internal::UnlockThreads();
  }
  static void Child() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    Membarrier::RegisterChild();
    for (RcuDomain* domain : Domains()) {
      ForgetOthers(*domain);
      domain->mu_.Unlock();
    }
    internal::UnlockThreads();
  }
  static void ForgetOthers(RcuDomain& domain) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    const std::thread::id self = std::this_thread::get_id();
    internal::ForgetOtherThreads(domain.readers_);
    domain.has_thread_ = false;
    // Waiters that are no more would keep its destructor waiting.
    new (&domain.changed_) std::condition_variable_any;
    if (domain.poller_ != self) {  // What it was at is lost, half done.
      domain.poller_ = {};
      domain.running_id_ = 0;
    }
    for (auto* b = domain.pins_.newest(); b != nullptr; b = b->older) {
      for (PinSlot& slot : b->slots) {
        if ((slot.extra.load(std::memory_order_relaxed) & PinSlot::kHooked) ==
            0) {
          continue;
        }
        auto* hook = static_cast<RcuDomain::PinHook*>(slot.hook);
        if (hook->state == RcuDomain::PinHook::State::kRunning &&
            hook->runner != self) {
          hook->state = RcuDomain::PinHook::State::kDone;
        }
      }
    }
  }
};

RcuDomain::RcuDomain(Options options)
    : readers_(options.fences || !Membarrier::Works()),
      watermark_bytes_(options.watermark_bytes),
      on_watermark_(std::move(options.on_watermark)) {
  ForkHandlers::Add(*this);
}

RcuDomain::~RcuDomain() {
  StopPolling();
  CheckAllLeft();
  Barrier();
  ForkHandlers::Remove(*this);
  internal::EndDomain(readers_);
}

uint64_t RcuDomain::Advance() {
  mu_.Lock();
  const uint64_t epoch = readers_.Advance();
  times_.Note(epoch, EpochTimes::Clock::now());
  mu_.Unlock();
  return epoch;
}

void RcuDomain::Retire(absl::AnyInvocable<void() &&> end, size_t bytes) {
  Defer(
      [end = std::move(end)](size_t& budget) mutable {
        --budget;
        std::move(end)();
        return true;
      },
      bytes);
}

void RcuDomain::Defer(absl::AnyInvocable<bool(size_t& budget)> step,
                      size_t bytes) {
  waiting_objects_.fetch_add(1, std::memory_order_relaxed);
  waiting_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  mu_.Lock();
  const bool wake = has_thread_ && queue_.empty() && started_.empty();
  // Readers of this epoch may have found it; those of the next can't.
  queue_.push_back({++last_id_, readers_.epoch() + 1, std::move(step), bytes});
  mu_.Unlock();
  if (wake) changed_.notify_all();
}

size_t RcuDomain::Poll(size_t budget) {
  CheckNoGuard("G5: Poll()");
  const size_t all = budget;
  mu_.Lock();
  if (poller_ != std::thread::id()) {
    mu_.Unlock();
    return 0;
  }
  poller_ = std::this_thread::get_id();
  // 1. What has begun, each once: it may be waiting for a pin.
  for (size_t left = started_.size(); left != 0 && budget != 0; --left) {
    RunFirst(started_, budget);
  }
  // 2. What is due now. One epoch, and one fence, for all that was retired
  //    since the last one.
  if (!queue_.empty() && queue_.back().epoch > readers_.epoch()) {
    times_.Note(readers_.Advance(), EpochTimes::Clock::now());
  }
  mu_.Unlock();
  const uint64_t oldest = Oldest();
  mu_.Lock();
  while (!queue_.empty() && queue_.front().epoch <= oldest && budget != 0) {
    RunFirst(queue_, budget);
  }
  mu_.Unlock();
  CheckWatermark();
  mu_.Lock();
  poller_ = {};
  mu_.Unlock();
  return all - budget;
}

void RcuDomain::RunFirst(std::deque<Entry>& from, size_t& budget) {
  Entry entry = std::move(from.front());
  from.pop_front();
  running_id_ = entry.id;
  mu_.Unlock();
  const bool done = entry.step(budget);
  if (done) {
    entry.step = nullptr;  // Its destructor may be the end of something, too.
    waiting_objects_.fetch_sub(1, std::memory_order_relaxed);
    waiting_bytes_.fetch_sub(entry.bytes, std::memory_order_relaxed);
  }
  mu_.Lock();
  running_id_ = 0;
  if (!done) started_.push_back(std::move(entry));
}

void RcuDomain::CheckWatermark() {
  const size_t bytes = waiting_bytes();
  if (bytes > watermark_bytes_ && !over_watermark_) {
    over_watermark_ = true;
    if (on_watermark_ != nullptr) on_watermark_(GetBacklog());
  } else if (bytes <= watermark_bytes_ / 2) {
    over_watermark_ = false;
  }
}

void RcuDomain::StartPolling() {
  mu_.Lock();
  if (!has_thread_) {
    stop_ = false;
    has_thread_ = true;
    PLANISH_CHECK(
        pthread_create(&thread_, nullptr, &RcuDomain::PollingThread, this) == 0,
        "G5: no thread to poll on");
  }
  mu_.Unlock();
}

void RcuDomain::StopPolling() {
  mu_.Lock();
  const bool had_thread = std::exchange(has_thread_, false);
  const pthread_t thread = thread_;
  stop_ = true;
  mu_.Unlock();
  if (!had_thread) return;
  changed_.notify_all();
  pthread_join(thread, nullptr);
}

void* RcuDomain::PollingThread(void* domain) {
  static_cast<RcuDomain*>(domain)->PollUntilStopped();
  return nullptr;
}

void RcuDomain::PollUntilStopped() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  constexpr std::chrono::microseconds kShortest(20);
  constexpr std::chrono::microseconds kLongest(1000);
  std::chrono::microseconds pause = kShortest;
  Lockable lock(mu_);
  lock.lock();
  while (!stop_) {
    if (queue_.empty() && started_.empty()) {
      changed_.wait(lock);
      pause = kShortest;
      continue;
    }
    lock.unlock();
    const size_t done = Poll(kPollBudget);
    lock.lock();
    if (done != 0) {
      pause = kShortest;
    } else if (!stop_) {
      changed_.wait_for(lock, pause);
      pause = std::min(pause * 2, kLongest);
    }
  }
  lock.unlock();
}

void RcuDomain::Synchronize() {
  CheckMayWait("G5: Synchronize()");
  const uint64_t epoch = Advance();
  for (Backoff backoff; !Passed(epoch); backoff.Wait()) {
  }
}

bool RcuDomain::IsDone(uint64_t id) const {
  if (running_id_ != 0 && running_id_ <= id) return false;
  if (!queue_.empty() && queue_.front().id <= id) return false;
  return std::none_of(started_.begin(), started_.end(),
                      [id](const Entry& entry) { return entry.id <= id; });
}

void RcuDomain::Barrier() {
  CheckMayWait("G5: Barrier()");
  mu_.Lock();
  PLANISH_CHECK(poller_ != std::this_thread::get_id(),
                "G5: Barrier() within what Poll() runs");
  const uint64_t last = last_id_;
  mu_.Unlock();
  for (Backoff backoff;; backoff.Wait()) {
    mu_.Lock();
    const bool done = IsDone(last);
    mu_.Unlock();
    if (done) return;
    Poll(kPollBudget);
  }
}

void RcuDomain::CheckAllLeft() const {
  internal::CheckAllLeft(readers_);
  for (const PinReport& pin : Pins([](const void*) { return true; })) {
    PLANISH_CHECK(false, absl::StrCat("P2: a domain ended before the pin '",
                                      pin.tag, "' of thread ", pin.tid));
  }
}

void RcuDomain::CheckMayWait(const char* rule) const {
  const Reader* reader = internal::FindRegistered(readers_);
  if (reader == nullptr) return;
  PLANISH_CHECK(
      !reader->online.load(std::memory_order_relaxed),
      absl::StrCat(rule, " in quiescent-state mode: Offline() first"));
  PLANISH_CHECK(reader->idle(), absl::StrCat(rule, " inside a guard"));
  PLANISH_CHECK(reader->callbacks == 0,
                absl::StrCat(rule, " inside a callback"));
}

void RcuDomain::CheckNoGuard(const char* rule) const {
  const Reader* reader = internal::FindRegistered(readers_);
  if (reader == nullptr || reader->idle()) return;
  // Online, guards leave no trace; a callback runs inside one.
  PLANISH_CHECK(reader->online.load(std::memory_order_relaxed) &&
                    reader->callbacks == 0 && reader->guards == 0,
                absl::StrCat(rule, " inside a guard"));
}

void RcuDomain::NoteWaiting(ptrdiff_t objects, ptrdiff_t bytes) {
  waiting_objects_.fetch_add(static_cast<size_t>(objects),
                             std::memory_order_relaxed);
  waiting_bytes_.fetch_add(static_cast<size_t>(bytes),
                           std::memory_order_relaxed);
}

RcuDomain::Backlog RcuDomain::GetBacklog() const {
  return {waiting_objects(), waiting_bytes(), ReadersInTheWay()};
}

std::vector<RcuDomain::ReaderReport> RcuDomain::ReadersInTheWay() const {
  std::vector<ReaderReport> reports;
  const uint64_t now = epoch();
  for (const Reader* reader = readers_.first(); reader != nullptr;
       reader = reader->next) {
    const uint64_t word = reader->word.load(std::memory_order_acquire);  // [B]
    if (word >= now) continue;
    const int tid = reader->tid.load(std::memory_order_relaxed);
    mu_.Lock();
    const auto in_the_way = times_.InTheWayFor(word, EpochTimes::Clock::now());
    mu_.Unlock();
    reports.push_back({tid, ThreadName(tid), word,
                       reader->online.load(std::memory_order_relaxed),
                       in_the_way});
  }
  std::sort(reports.begin(), reports.end(),
            [](const ReaderReport& a, const ReaderReport& b) {
              return a.epoch < b.epoch;
            });
  return reports;
}

RcuDomain::PinReport RcuDomain::ReportOf(const PinSlot& slot,
                                         const void* key) const {
  const int tid = slot.tid.load(std::memory_order_relaxed);
  const uint64_t epoch = slot.epoch.load(std::memory_order_relaxed);
  mu_.Lock();
  const auto in_the_way = times_.InTheWayFor(epoch, EpochTimes::Clock::now());
  mu_.Unlock();
  return {key, slot.tag.load(std::memory_order_relaxed), tid, ThreadName(tid),
          in_the_way};
}

// ---- What a pin may carry. As std::stop_callback: who drops the pin waits
// while the callback runs on another thread, and doesn't on the same one.

void RcuDomain::HookPin(PinSlot& slot, absl::AnyInvocable<void()> callback) {
  auto* hook = new PinHook(*this, std::move(callback));
  mu_.Lock();
  PLANISH_CHECK(
      (slot.extra.load(std::memory_order_relaxed) & PinSlot::kHooked) == 0,
      "P3: a pin carries one callback");
  slot.hook = hook;
  slot.extra.fetch_or(PinSlot::kHooked, std::memory_order_release);  // [K]
  mu_.Unlock();
}

void RcuDomain::UnhookPin(PinSlot& slot) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  auto* hook = static_cast<PinHook*>(slot.hook);
  Lockable lock(hook->domain.mu_);
  lock.lock();
  if (hook->state == PinHook::State::kRunning) {
    if (hook->runner == std::this_thread::get_id()) {
      hook->dropped = true;
      hook = nullptr;
    } else {
      hook->domain.changed_.wait(
          lock, [&] { return hook->state == PinHook::State::kDone; });
    }
  }
  slot.hook = nullptr;
  slot.extra.store(0, std::memory_order_relaxed);  // By [D].
  lock.unlock();
  delete hook;
}

void RcuDomain::RequestRelease(PinSlot& slot, const void* key) {
  // Most pins carry none; [K].
  if ((slot.extra.load(std::memory_order_acquire) & PinSlot::kHooked) == 0) {
    return;
  }
  mu_.Lock();
  // While it is hooked, and so under the lock, a slot keeps its key.
  if ((slot.extra.load(std::memory_order_relaxed) & PinSlot::kHooked) == 0 ||
      slot.key.load(std::memory_order_relaxed) != key) {
    mu_.Unlock();
    return;
  }
  auto* hook = static_cast<PinHook*>(slot.hook);
  if (hook->state != PinHook::State::kWaiting) {
    mu_.Unlock();
    return;
  }
  hook->state = PinHook::State::kRunning;
  hook->runner = std::this_thread::get_id();
  mu_.Unlock();
  hook->callback();
  mu_.Lock();
  hook->state = PinHook::State::kDone;
  const bool dropped = hook->dropped;
  mu_.Unlock();
  if (dropped) {
    delete hook;
  } else {
    changed_.notify_all();
  }
}

}  // namespace planish
