#include "planish/tests/protocol/simulation.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "planish/base/check.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace planish::protocol {
namespace {

constexpr size_t kStackBytes = size_t{64} << 10;
constexpr uint64_t kMaxSteps = 1'000'000;

bool Acquires(std::memory_order order) {
  return order == std::memory_order_acquire ||
         order == std::memory_order_acq_rel ||
         order == std::memory_order_seq_cst;
}
bool Releases(std::memory_order order) {
  return order == std::memory_order_release ||
         order == std::memory_order_acq_rel ||
         order == std::memory_order_seq_cst;
}

}  // namespace

thread_local Simulation* Simulation::current_ = nullptr;

Simulation::Memory& Simulation::OfAllRuns() {
  static thread_local auto memory = std::make_unique<Memory>();
  return *memory;
}

Simulation::Simulation(uint64_t seed) : Simulation(seed, false) {}
Simulation::Simulation(InTurn) : Simulation(0, true) {}

Simulation::Simulation(uint64_t seed, bool in_turn)
    : random_(seed * 2 + 1),
      in_turn_(in_turn),
      // A third of the seeds each: often, seldom, by priority.
      switch_one_in_(std::array<uint64_t, 3>{2, 6, 0}[seed % 3]),
      memory_(OfAllRuns()) {
  PLANISH_CHECK(current_ == nullptr, "one simulation at a time");
  current_ = this;
  for (int i = 0; i < 4; ++i) Random(2);
}

Simulation::~Simulation() {
  for (auto& history : memory_.histories) history.clear();
  current_ = nullptr;
}

uint64_t Simulation::Random(uint64_t below) {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  return (random_ * 0x2545'f491'4f6c'dd1d >> 32) % below;
}

void Simulation::Fail(const std::string& what) {
  if (failure_.empty()) failure_ = what;
}

// ---- Threads.

void Simulation::Run(std::vector<std::function<void()>> threads) {
  PLANISH_CHECK(threads.size() <= kThreads, "too many threads");
  thread_count_ = threads.size();
  Thread& main = threads_[kThreads];
  for (size_t i = 0; i < thread_count_; ++i) {
    Thread& thread = threads_[i];
    thread.now = main.now;
    thread.priority = static_cast<uint32_t>(Random(1000));
    thread.body = std::move(threads[i]);
    if (memory_.stacks[i] == nullptr) {
      memory_.stacks[i] = std::make_unique<std::byte[]>(kStackBytes);
    }
    getcontext(&thread.context);
    thread.context.uc_stack.ss_sp = memory_.stacks[i].get();
    thread.context.uc_stack.ss_size = kStackBytes;
    thread.context.uc_link = nullptr;
    makecontext(&thread.context, &Simulation::Start, 0);
  }
  main.ended = true;  // Until the others have.
  SwitchToNext(true);
  for (size_t i = 0; i < thread_count_; ++i) main.now.Join(threads_[i].now);
}

void Simulation::Start() {
  Simulation& simulation = *current_;
  simulation.FinishSwitch();
  Thread& thread = simulation.threads_[simulation.self_];
  thread.body();
  thread.body = nullptr;
  thread.ended = true;
  simulation.SwitchToNext(true);
}

void Simulation::MaybeSwitch() {
  if (self_ == kThreads) return;
  PLANISH_CHECK(++steps_ < kMaxSteps, "a simulation that never ends");
  if (in_turn_) return;
  if (switch_one_in_ != 0) {
    if (Random(switch_one_in_) == 0) SwitchToNext(false);
    return;
  }
  // By priority: a thread runs on until it loses it, which is seldom. So one
  // thread does much between two steps of another.
  if (Random(24) == 0) {
    threads_[self_].priority = static_cast<uint32_t>(Random(1000));
    SwitchToNext(false);
  }
}

void Simulation::Yield() {
  if (self_ == kThreads) return;
  PLANISH_CHECK(++steps_ < kMaxSteps, "a simulation that never ends");
  SwitchToNext(true);
}

void Simulation::SwitchToNext(bool others_first) {
  std::array<size_t, kThreads> able;
  size_t count = 0;
  for (size_t i = 0; i < thread_count_; ++i) {
    if (!threads_[i].ended && !(others_first && i == self_)) able[count++] = i;
  }
  if (count == 0) {
    if (self_ != kThreads && !threads_[self_].ended) return;
    SwitchTo(kThreads);
    return;
  }
  size_t next = able[Random(count)];
  if (switch_one_in_ == 0 && !others_first) {
    next = *std::max_element(
        able.begin(), able.begin() + count, [this](size_t a, size_t b) {
          return threads_[a].priority < threads_[b].priority;
        });
  }
  SwitchTo(next);
}

void Simulation::SwitchTo(size_t next) {
  if (next == self_) return;
  Thread& from = threads_[self_];
  Thread& to = threads_[next];
#if defined(__SANITIZE_ADDRESS__)
  static thread_local const void* main_stack = nullptr;
  static thread_local size_t main_size = 0;
  if (self_ == kThreads) {
    pthread_attr_t attributes;
    void* stack = nullptr;
    pthread_getattr_np(pthread_self(), &attributes);
    pthread_attr_getstack(&attributes, &stack, &main_size);
    pthread_attr_destroy(&attributes);
    main_stack = stack;
  }
  const bool gone = self_ != kThreads && from.ended;
  __sanitizer_start_switch_fiber(
      gone ? nullptr : &from.fake_stack,
      next == kThreads ? main_stack : to.context.uc_stack.ss_sp,
      next == kThreads ? main_size : kStackBytes);
#endif
  self_ = next;
  swapcontext(&from.context, &to.context);
  FinishSwitch();
}

void Simulation::FinishSwitch() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(threads_[self_].fake_stack, nullptr, nullptr);
#endif
}

// ---- Memory.

void Simulation::View::Join(const View& other, bool with_clock) {
  for (size_t i = 0; i < kLocations; ++i) {
    from[i] = std::max(from[i], other.from[i]);
  }
  if (!with_clock) return;
  for (size_t i = 0; i < clock.size(); ++i) {
    clock[i] = std::max(clock[i], other.clock[i]);
  }
}

size_t Simulation::AddLocation(uint64_t value) {
  PLANISH_CHECK(location_count_ < kLocations, "too many atomics");
  const size_t location = location_count_++;
  // Whoever finds it by a pointer that was not released could see nothing
  // there yet; nobody here gets at an atomic in such a way.
  memory_.histories[location].push_back({value, threads_[self_].now});
  return location;
}

uint64_t Simulation::Load(size_t location, const void* address,
                          std::memory_order order) {
  MaybeSwitch();
  Thread& thread = threads_[self_];
  const auto& history = memory_.histories[location];
  const size_t newest = history.size() - 1;
  size_t at = newest;
  if (const size_t oldest = thread.now.from[location];
      oldest != newest && !in_turn_ && Random(2) == 0) {
    at = oldest + Random(newest - oldest + 1);
  }
  thread.now.from[location] = static_cast<uint16_t>(at);
  const bool acquires = Acquires(order) && address != weak_loads_;
  (acquires ? thread.now : thread.read).Join(history[at].view);
  return history[at].value;
}

void Simulation::Publish(size_t location, const void* address, uint64_t value,
                         std::memory_order order, const View* before) {
  Thread& thread = threads_[self_];
  auto& history = memory_.histories[location];
  Tick();
  thread.now.from[location] = static_cast<uint16_t>(history.size());
  const bool releases = Releases(order) && address != weak_stores_;
  history.push_back({value, releases ? thread.now : thread.fenced});
  if (before != nullptr) history.back().view.Join(*before);
}

void Simulation::Store(size_t location, const void* address, uint64_t value,
                       std::memory_order order) {
  MaybeSwitch();
  Publish(location, address, value, order, nullptr);
}

uint64_t Simulation::Change(size_t location, const void* address,
                            std::memory_order order,
                            const std::function<bool(uint64_t& value)>& f) {
  MaybeSwitch();
  Thread& thread = threads_[self_];
  const auto& history = memory_.histories[location];
  thread.now.from[location] = static_cast<uint16_t>(history.size() - 1);
  const uint64_t was = history.back().value;
  const View before = history.back().view;
  const bool acquires = Acquires(order) && address != weak_loads_;
  (acquires ? thread.now : thread.read).Join(before);
  uint64_t value = was;
  if (f(value)) Publish(location, address, value, order, &before);
  return was;
}

// Two fences alone order no uses of objects: that is left to what releases and
// acquires. Nor does a fence that another executes on one's behalf.
void Simulation::FenceOf(size_t index, bool own) {
  Thread& thread = threads_[index];
  thread.now.Join(thread.read, own);
  thread.now.Join(fences_, /*with_clock=*/false);
  fences_.Join(thread.now, /*with_clock=*/false);
  thread.fenced.Join(thread.now, own);
}

void Simulation::Fence() {
  MaybeSwitch();
  FenceOf(self_, true);
}

void Simulation::FenceOfEvery() {
  Fence();
  for (size_t i = 0; i < thread_count_; ++i) {
    MaybeSwitch();  // An ended thread's stores arrive as well.
    FenceOf(i, i == self_);
  }
  Fence();
}

// ---- Time.

uint32_t Simulation::Tick() { return ++threads_[self_].now.clock[self_]; }

bool Simulation::After(size_t thread, uint32_t time) const {
  return threads_[self_].now.clock[thread] >= time;
}

SimObject::SimObject()
    : maker_(Simulation::Current().self()),
      made_(Simulation::Current().Tick()) {}

void SimObject::Use() {
  Simulation& simulation = Simulation::Current();
  if (ended_) simulation.Fail("used after its end");
  if (!simulation.After(maker_, made_)) simulation.Fail("used while made");
  used_[simulation.self()] = simulation.Tick();
}

void SimObject::End() {
  Simulation& simulation = Simulation::Current();
  if (ended_) simulation.Fail("ended twice");
  ended_ = true;
  for (size_t i = 0; i < used_.size(); ++i) {
    if (!simulation.After(i, used_[i])) simulation.Fail("ended while used");
  }
}

}  // namespace planish::protocol
