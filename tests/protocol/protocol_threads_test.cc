// The bodies of the protocol tests on real threads: also under ThreadSanitizer
// and AddressSanitizer, which see each use of what has ended. (In turn, without
// threads, they run in protocol_test.cc.)

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "planish/base/rcu/atomics.h"
#include "planish/base/rcu/membarrier.h"
#include "planish/tests/protocol/bodies.h"

namespace planish::protocol {
namespace {

// Memory that is really freed; a use afterwards is a race, a use after free, or
// finds other than what was written.
class RealObject {
 public:
  void Use() {
    if (*word_ != kAlive) ADD_FAILURE() << "used after its end";
  }
  void End() {
    *word_ = 0;
    word_.reset();
  }
  bool ended() const { return word_ == nullptr; }

 private:
  static constexpr uint64_t kAlive = 0x616c'6976'6521'2121;
  std::unique_ptr<uint64_t> word_ = std::make_unique<uint64_t>(kAlive);
};

struct RealEnv {
  using Clock = std::chrono::steady_clock;
  static inline Clock::time_point deadline;

  using Atomics = StdAtomics;
  using Object = RealObject;
  static constexpr bool kReadUntilWritten = true;
  static bool IsTimeUp() { return Clock::now() > deadline; }
  static void Yield() { std::this_thread::yield(); }
  static uint64_t Random(uint64_t below) {
    static thread_local uint64_t state =
        std::hash<std::thread::id>()(std::this_thread::get_id()) | 1;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % below;
  }
  static void Fail(const char* what) { ADD_FAILURE() << what; }
};

// Both ways to fence, where there are both. Rounds take microseconds, or many
// time slices where others keep the processors busy.
template <class Body>
void RunThreads() {
  constexpr int kRounds = 5000;
  for (const bool fences : {false, true}) {
    if (!fences && !Membarrier::Works()) continue;
    Body body(Twin::kNone, fences, kRounds);
    RealEnv::deadline = RealEnv::Clock::now() + std::chrono::milliseconds(500);
    std::vector<std::thread> threads;
    for (auto& thread : body.Threads()) threads.emplace_back(std::move(thread));
    for (std::thread& thread : threads) thread.join();
    EXPECT_GT(body.CountReplaced(), 0u);
    EXPECT_EQ(body.CountEnded(), body.CountReplaced());
  }
}

TEST(ProtocolThreadsTest, GuardsHold) { RunThreads<GuardBody<RealEnv>>(); }
TEST(ProtocolThreadsTest, QuiescentStatesHold) {
  RunThreads<QuiescentBody<RealEnv>>();
}
TEST(ProtocolThreadsTest, RegistrationHolds) {
  RunThreads<RegistrationBody<RealEnv>>();
}
TEST(ProtocolThreadsTest, PollersHold) { RunThreads<PollersBody<RealEnv>>(); }
TEST(ProtocolThreadsTest, PinsHold) { RunThreads<PinBody<RealEnv>>(); }

}  // namespace
}  // namespace planish::protocol
