// Simulation: runs a few threads on one, in an order and with a memory that a
// seed decides. The same seed does the same again, so a failure is a number.
//
// Memory is as weak as C++ allows without out-of-thin-air values or loads that
// see later stores. Each location keeps all that was stored to it:
//
//    slot     idle@0 --- 7@1 --- idle@2 --- 8@3
//                          ^                  ^
//    thread   has seen ----+   may load any from there on; the seed chooses
//
// A thread's *view* says for each location from where on. A release store takes
// the view along; an acquire load of it joins it; a sequentially consistent
// fence joins all such fences' views. So a load that lacks a fence or an order
// gets stale values here, on any host: what TSO's store buffers delay, and what
// Arm reorders as well.
//
// Along with views go vector clocks, by release and acquire only: they tell
// whether a use of an Object and its end are ordered, or only happened to come
// one after the other.
//
// LIMITS  Stores to one location are ordered as they were executed. Loads that
//   ask for seq_cst are acquire. 8 threads, 160 locations.
// SOURCES  The views are those of "A promising semantics", Kang and others,
//   2017, without promises; the way of running them is relacy's.

#ifndef PLANISH_TESTS_PROTOCOL_SIMULATION_H_
#define PLANISH_TESTS_PROTOCOL_SIMULATION_H_

#include <ucontext.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace planish::protocol {

class Simulation {
 public:
  static constexpr size_t kThreads = 8;
  static constexpr size_t kLocations = 160;

  // The one that is running, or being set up.
  static Simulation& Current() { return *current_; }

  explicit Simulation(uint64_t seed);
  // Without threads, so to say: one runs on until it yields, and every load
  // gets what was stored last. For a look at the test itself.
  struct InTurn {};
  explicit Simulation(InTurn);
  ~Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  // Runs all of `threads` to their ends. They begin with all that was done
  // before, and what is done afterwards comes after all of theirs.
  void Run(std::vector<std::function<void()>> threads);

  // The first thing that went wrong, or nothing.
  const std::string& failure() const { return failure_; }
  void Fail(const std::string& what);

  // What a broken twin does: loads from (or stores to) the atomic at `address`
  // are relaxed, whatever they ask for.
  void WeakenLoads(const void* address) { weak_loads_ = address; }
  void WeakenStores(const void* address) { weak_stores_ = address; }

  uint64_t Random(uint64_t below);
  // Lets others go first.
  void Yield();

  // ---- For SimAtomic, Object and SimAtomics.

  size_t AddLocation(uint64_t value);
  uint64_t Load(size_t location, const void* address, std::memory_order order);
  void Store(size_t location, const void* address, uint64_t value,
             std::memory_order order);
  // Replaces the newest value by f(value), unless f says no.
  uint64_t Change(size_t location, const void* address, std::memory_order order,
                  const std::function<bool(uint64_t& value)>& f);
  void Fence();         // seq_cst, of this thread.
  void FenceOfEvery();  // membarrier(2).

  using Clock = std::array<uint32_t, kThreads + 1>;
  // A point of time of this thread, and whether it comes after another's.
  size_t self() const { return self_; }
  uint32_t Tick();
  bool After(size_t thread, uint32_t time) const;

 private:
  struct View {
    std::array<uint16_t, kLocations> from = {};
    Clock clock = {};
    void Join(const View& other, bool with_clock = true);
  };
  struct Message {
    uint64_t value;
    View view;
  };
  struct Thread {
    View now;
    View read;    // By relaxed loads; a fence makes it known.
    View fenced;  // At the last fence; what relaxed stores take along.
    uint32_t priority = 0;
    bool ended = false;
    std::function<void()> body;
    ucontext_t context;
    void* fake_stack = nullptr;  // AddressSanitizer's.
  };

  Simulation(uint64_t seed, bool in_turn);
  static void Start();
  void MaybeSwitch();
  // To a thread that has not ended, or back to Run().
  void SwitchToNext(bool others_first);
  void SwitchTo(size_t thread);
  void FinishSwitch();
  void FenceOf(size_t thread, bool own);
  void Publish(size_t location, const void* address, uint64_t value,
               std::memory_order order, const View* before);

  static thread_local Simulation* current_;
  uint64_t random_;
  const bool in_turn_;
  const uint64_t switch_one_in_;  // 0: by priority instead.
  uint64_t steps_ = 0;
  std::string failure_;
  const void* weak_loads_ = nullptr;
  const void* weak_stores_ = nullptr;

  size_t self_ = kThreads;  // kThreads: whoever sets up and calls Run().
  size_t thread_count_ = 0;
  std::array<Thread, kThreads + 1> threads_;
  View fences_;  // Of all fences.
  size_t location_count_ = 0;
  // Kept from run to run, for speed.
  struct Memory {
    std::array<std::vector<Message>, kLocations> histories;
    std::array<std::unique_ptr<std::byte[]>, kThreads> stacks;
  };
  static Memory& OfAllRuns();
  Memory& memory_;
};

// std::atomic, simulated.
template <typename T>
class SimAtomic {
 public:
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 8);

  SimAtomic() : SimAtomic(T()) {}
  // NOLINTNEXTLINE(google-explicit-constructor): as std::atomic.
  SimAtomic(T value)
      : location_(Simulation::Current().AddLocation(ToWord(value))) {}
  SimAtomic(const SimAtomic&) = delete;
  SimAtomic& operator=(const SimAtomic&) = delete;

  T load(std::memory_order order) const {
    return FromWord(Simulation::Current().Load(location_, this, order));
  }
  void store(T value, std::memory_order order) {
    Simulation::Current().Store(location_, this, ToWord(value), order);
  }
  T fetch_add(T n, std::memory_order order) {
    return Change(order, [n](T value) { return static_cast<T>(value + n); });
  }
  T fetch_or(T bits, std::memory_order order) {
    return Change(order,
                  [bits](T value) { return static_cast<T>(value | bits); });
  }
  bool compare_exchange_strong(T& expected, T desired, std::memory_order order,
                               std::memory_order) {
    bool changed = false;
    const uint64_t was = Simulation::Current().Change(
        location_, this, order, [&](uint64_t& word) {
          changed = word == ToWord(expected);
          if (changed) word = ToWord(desired);
          return changed;
        });
    expected = FromWord(was);
    return changed;
  }
  bool compare_exchange_weak(T& expected, T desired, std::memory_order order,
                             std::memory_order failure) {
    return compare_exchange_strong(expected, desired, order, failure);
  }

 private:
  template <typename F>
  T Change(std::memory_order order, F f) {
    return FromWord(Simulation::Current().Change(
        location_, this, order, [&](uint64_t& word) {
          word = ToWord(f(FromWord(word)));
          return true;
        }));
  }
  static uint64_t ToWord(T value) {
    uint64_t word = 0;
    std::memcpy(&word, &value, sizeof(T));
    return word;
  }
  static T FromWord(uint64_t word) {
    T value;
    std::memcpy(&value, &word, sizeof(T));
    return value;
  }

  const size_t location_;
};

// StdAtomics, simulated. `kHeavy`: as it should be, or a twin without it.
template <bool kHeavy = true>
struct SimAtomics {
  template <typename T>
  using Atomic = SimAtomic<T>;
  static constexpr size_t kPinSlotsPerBlock = 2;
  static void LightFence() {}
  static void FullFence() {
    if (kHeavy) Simulation::Current().Fence();
  }
  static void HeavyFence() {
    if (kHeavy) Simulation::Current().FenceOfEvery();
  }
};

// Something that is made, used by many, and ended once; not atomic. Each use
// must come after the making, and before the end, by orders and not by luck.
class SimObject {
 public:
  SimObject();
  void Use();
  void End();
  bool ended() const { return ended_; }

 private:
  size_t maker_;
  uint32_t made_;
  bool ended_ = false;
  Simulation::Clock used_ = {};  // By each thread, last.
};

}  // namespace planish::protocol

#endif  // PLANISH_TESTS_PROTOCOL_SIMULATION_H_
