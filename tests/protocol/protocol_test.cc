// Do guards, quiescent states, registration and pins keep what they promise, in
// every order and with memory as weak as C++'s? And would these tests notice?
//
// Each body runs three ways: a thread after the other; under a seeded scheduler
// with simulated memory (simulation.h); and on real threads, also under
// ThreadSanitizer (protocol_threads_test.cc).
//
// PLANISH_SCHEDULES: how many schedules a body runs; 100000 unless told, and a
// tenth of that under AddressSanitizer.

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "planish/tests/protocol/bodies.h"
#include "planish/tests/protocol/simulation.h"

namespace planish::protocol {
namespace {

template <bool kHeavy>
struct SimEnv {
  using Atomics = SimAtomics<kHeavy>;
  using Object = SimObject;
  static constexpr bool kReadUntilWritten = false;
  static bool IsTimeUp() { return false; }
  static void Yield() { Simulation::Current().Yield(); }
  static uint64_t Random(uint64_t below) {
    return Simulation::Current().Random(below);
  }
  static void Fail(const char* what) { Simulation::Current().Fail(what); }
};
using Sim = SimEnv<true>;
using NoBarrier = SimEnv<false>;

uint64_t Schedules() {
  const char* text = std::getenv("PLANISH_SCHEDULES");
  if (text != nullptr) return std::strtoull(text, nullptr, 10);
#if defined(__SANITIZE_ADDRESS__)
  return 10000;
#else
  return 100000;
#endif
}

// Runs a body once, by `seed`; returns what went wrong. `weaken` may spoil one
// of the body's atomics.
template <class Body>
std::string RunOnce(uint64_t seed, Twin twin,
                    const std::function<void(Simulation&, Body&)>& weaken) {
  constexpr int kRounds = 2;
  Simulation simulation(seed);
  Body body(twin, /*fences=*/seed % 2 == 0, kRounds);
  if (weaken) weaken(simulation, body);
  simulation.Run(body.Threads());
  return simulation.failure();
}

template <class Body>
void ExpectAllSchedulesHold() {
  const uint64_t schedules = Schedules();
  for (uint64_t seed = 0; seed < schedules; ++seed) {
    ASSERT_EQ(RunOnce<Body>(seed, Twin::kNone, nullptr), "") << "seed " << seed;
  }
}

template <class Body>
void ExpectCaught(
    Twin twin,
    const std::function<void(Simulation&, Body&)>& weaken = nullptr) {
  const uint64_t schedules = Schedules();
  for (uint64_t seed = 0; seed < schedules; ++seed) {
    const std::string failure = RunOnce<Body>(seed, twin, weaken);
    if (failure.empty()) continue;
    ::testing::Test::RecordProperty("seed", static_cast<int>(seed));
    std::printf("seed %d: %s\n", static_cast<int>(seed), failure.c_str());
    return;
  }
  ADD_FAILURE() << "not caught in " << schedules << " schedules";
}

// ---- The bodies: are they right where nothing runs beside them?

template <class Body>
void ExpectHoldsInTurn() {
  for (const bool fences : {false, true}) {
    Simulation simulation{Simulation::InTurn()};
    Body body(Twin::kNone, fences, /*rounds=*/50);
    simulation.Run(body.Threads());
    EXPECT_EQ(simulation.failure(), "");
    EXPECT_EQ(body.CountReplaced(), 50u);
    EXPECT_EQ(body.CountEnded(), 50u);
  }
}
TEST(ProtocolScaffoldTest, BodiesHoldInTurn) {
  ExpectHoldsInTurn<GuardBody<Sim>>();
  ExpectHoldsInTurn<QuiescentBody<Sim>>();
  ExpectHoldsInTurn<RegistrationBody<Sim>>();
  ExpectHoldsInTurn<PollersBody<Sim>>();
  ExpectHoldsInTurn<PinBody<Sim>>();
}

// ---- And in every order?

TEST(ProtocolTest, GuardsHold) { ExpectAllSchedulesHold<GuardBody<Sim>>(); }
TEST(ProtocolTest, QuiescentStatesHold) {
  ExpectAllSchedulesHold<QuiescentBody<Sim>>();
}
TEST(ProtocolTest, RegistrationHolds) {
  ExpectAllSchedulesHold<RegistrationBody<Sim>>();
}
TEST(ProtocolTest, PollersHold) { ExpectAllSchedulesHold<PollersBody<Sim>>(); }
TEST(ProtocolTest, PinsHold) { ExpectAllSchedulesHold<PinBody<Sim>>(); }

// ---- Fences and orders that are missing.

TEST(ProtocolTwinTest, MissingBarrierIsCaught) {
  ExpectCaught<GuardBody<NoBarrier>>(Twin::kNone);
  ExpectCaught<QuiescentBody<NoBarrier>>(Twin::kNone);
  ExpectCaught<RegistrationBody<NoBarrier>>(Twin::kNone);
  ExpectCaught<PinBody<NoBarrier>>(Twin::kNone);
}

template <class Body>
void ExpectWeakLoadsCaught(const std::function<const void*(Body&)>& address,
                           Twin twin = Twin::kNone) {
  ExpectCaught<Body>(twin, [&](Simulation& simulation, Body& body) {
    simulation.WeakenLoads(address(body));
  });
}
template <class Body>
void ExpectWeakStoresCaught(const std::function<const void*(Body&)>& address,
                            Twin twin = Twin::kNone) {
  ExpectCaught<Body>(twin, [&](Simulation& simulation, Body& body) {
    simulation.WeakenStores(address(body));
  });
}

// The line that the first thread to register will get.
template <class Body>
auto& FirstLine(Body& body) {
  auto& line = body.domain().Register(&body);
  body.domain().readers.Release(line);
  return line;
}
// The slot that its first pin will get.
template <class Body>
auto& FirstSlot(Body& body) {
  auto& slot = body.domain().pins.Claim(FirstLine(body), &body, "", 0);
  body.domain().pins.Drop(slot, [](auto&) {});
  return slot;
}

TEST(ProtocolTwinTest, RelaxedEpochLoadIsCaught) {  // [E]
  // The epoch is the first member.
  ExpectWeakLoadsCaught<GuardBody<Sim>>(
      [](auto& body) { return &body.domain().readers; });
}
TEST(ProtocolTwinTest, RelaxedEpochIncrementIsCaught) {  // [E]
  ExpectWeakStoresCaught<GuardBody<Sim>>(
      [](auto& body) { return &body.domain().readers; });
}
TEST(ProtocolTwinTest, RelaxedWordIsCaught) {  // [B]
  ExpectWeakStoresCaught<GuardBody<Sim>>(
      [](auto& body) { return &FirstLine(body).word; });
}
TEST(ProtocolTwinTest, RelaxedPublicationIsCaught) {  // [C]
  ExpectWeakStoresCaught<GuardBody<Sim>>(
      [](auto& body) { return &body.current(); });
  ExpectWeakLoadsCaught<GuardBody<Sim>>(
      [](auto& body) { return &body.current(); });
}
TEST(ProtocolTwinTest, RelaxedReuseOfALineIsCaught) {  // [G]
  ExpectWeakStoresCaught<RegistrationBody<Sim>>(
      [](auto& body) { return &FirstLine(body).thread; }, Twin::kEndsUnchecked);
  ExpectWeakLoadsCaught<RegistrationBody<Sim>>(
      [](auto& body) { return &FirstLine(body).thread; }, Twin::kEndsUnchecked);
}
TEST(ProtocolTwinTest, RelaxedPinIsCaught) {  // [D]
  ExpectWeakStoresCaught<PinBody<Sim>>(
      [](auto& body) { return &FirstSlot(body).key; });
  ExpectWeakLoadsCaught<PinBody<Sim>>(
      [](auto& body) { return &FirstSlot(body).key; });
}
TEST(ProtocolTwinTest, RelaxedShareIsCaught) {  // [K]
  ExpectWeakStoresCaught<PinBody<Sim>>(
      [](auto& body) { return &FirstSlot(body).extra; });
  ExpectWeakLoadsCaught<PinBody<Sim>>(
      [](auto& body) { return &FirstSlot(body).extra; });
}

// ---- Steps in a wrong order, or at a wrong place.

TEST(ProtocolTwinTest, InnerGuardThatLeavesIsCaught) {
  ExpectCaught<GuardBody<Sim>>(Twin::kInnerGuardLeaves);
}
TEST(ProtocolTwinTest, IgnoredQuiesceIsCaught) {
  ExpectCaught<QuiescentBody<Sim>>(Twin::kIgnoresQuiesce);
}
TEST(ProtocolTwinTest, FreeingUnaskedIsCaught) {
  ExpectCaught<GuardBody<Sim>>(Twin::kFreesUnasked);
  ExpectCaught<QuiescentBody<Sim>>(Twin::kFreesUnasked);
  ExpectCaught<RegistrationBody<Sim>>(Twin::kFreesUnasked);
}
TEST(ProtocolTwinTest, AdvanceBeforePublicationIsCaught) {
  ExpectCaught<GuardBody<Sim>>(Twin::kAdvancesTooEarly);
  ExpectCaught<PollersBody<Sim>>(Twin::kAdvancesTooEarly);
  ExpectCaught<PinBody<Sim>>(Twin::kAdvancesTooEarly);
}
TEST(ProtocolTwinTest, CopiedPinIsCaught) {
  ExpectCaught<PinBody<Sim>>(Twin::kCopiesPins);
}
TEST(ProtocolTwinTest, PinAfterItsGuardIsCaught) {
  ExpectCaught<PinBody<Sim>>(Twin::kPinsAfterGuard);
}
TEST(ProtocolTwinTest, ScanBeforeGraceIsCaught) {
  ExpectCaught<PinBody<Sim>>(Twin::kScansBeforeGrace);
}
TEST(ProtocolTwinTest, FinalizerBeforeDeliveryIsCaught) {
  ExpectCaught<PinBody<Sim>>(Twin::kFinalizesUndelivered);
}

// ---- The simulation itself: does it show what it says?

// Store buffering: both threads store, then load the other's. With fences, at
// least one of them sees a store; without, some schedule shows none.
bool SomeScheduleShowsNoStore(bool fences) {
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    Simulation simulation(seed);
    SimAtomic<int> x(0);
    SimAtomic<int> y(0);
    int seen[2];
    const auto thread = [&](SimAtomic<int>& mine, SimAtomic<int>& other,
                            int& result) {
      mine.store(1, std::memory_order_release);
      if (fences) simulation.Fence();
      result = other.load(std::memory_order_acquire);
    };
    simulation.Run(
        {[&] { thread(x, y, seen[0]); }, [&] { thread(y, x, seen[1]); }});
    if (seen[0] == 0 && seen[1] == 0) return true;
  }
  return false;
}

TEST(SimulationTest, ShowsStoreBuffers) {
  EXPECT_TRUE(SomeScheduleShowsNoStore(false));
  EXPECT_FALSE(SomeScheduleShowsNoStore(true));
}

// Message passing: data, then a flag.
bool SomeScheduleShowsOldData(std::memory_order store, std::memory_order load) {
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    Simulation simulation(seed);
    SimAtomic<int> data(0);
    SimAtomic<int> flag(0);
    bool old = false;
    simulation.Run({[&] {
                      data.store(1, std::memory_order_relaxed);
                      flag.store(1, store);
                    },
                    [&] {
                      old = flag.load(load) == 1 &&
                            data.load(std::memory_order_relaxed) == 0;
                    }});
    if (old) return true;
  }
  return false;
}

TEST(SimulationTest, ShowsWhatArmReorders) {
  constexpr auto kRelaxed = std::memory_order_relaxed;
  constexpr auto kAcquire = std::memory_order_acquire;
  constexpr auto kRelease = std::memory_order_release;
  EXPECT_TRUE(SomeScheduleShowsOldData(kRelaxed, kAcquire));
  EXPECT_TRUE(SomeScheduleShowsOldData(kRelease, kRelaxed));
  EXPECT_FALSE(SomeScheduleShowsOldData(kRelease, kAcquire));
}

TEST(SimulationTest, SameSeedDoesTheSame) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    std::vector<int> runs[2];
    for (auto& order : runs) {
      Simulation simulation(seed);
      SimAtomic<int> x(0);
      const auto thread = [&](int self) {
        for (int i = 0; i < 5; ++i) {
          order.push_back(10 * self + x.load(std::memory_order_relaxed));
          x.store(i, std::memory_order_relaxed);
        }
      };
      simulation.Run({[&] { thread(1); }, [&] { thread(2); }});
    }
    ASSERT_EQ(runs[0], runs[1]);
  }
}

}  // namespace
}  // namespace planish::protocol
