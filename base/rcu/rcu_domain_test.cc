#include "planish/base/rcu/rcu_domain.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <latch>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planish/base/rcu/epoch_times.h"
#include "planish/base/rcu/lifetime_checks.h"
#include "planish/base/rcu/pin.h"
#include "planish/base/rcu/read_guard.h"

namespace planish {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Both kinds: with membarrier(2), and with a fence in each reader.
class RcuDomainTest : public ::testing::TestWithParam<bool> {
 protected:
  RcuDomain::Options Options() const {
    RcuDomain::Options options;
    options.fences = GetParam();
    return options;
  }
  RcuDomain domain_{Options()};
};
INSTANTIATE_TEST_SUITE_P(Fences, RcuDomainTest, ::testing::Bool());

// A thread that stays where it is told to.
class Parked {
 public:
  // Calls `hold(release)`, which returns after release.wait().
  template <typename F>
  explicit Parked(F hold) : thread_([this, hold] { hold(parked_, release_); }) {
    parked_.wait();
  }
  ~Parked() { Release(); }
  void Release() {
    if (!thread_.joinable()) return;
    release_.count_down();
    thread_.join();
  }

 private:
  std::latch parked_{1};
  std::latch release_{1};
  std::thread thread_;
};

Parked ParkedInGuard(RcuDomain& domain) {
  return Parked([&domain](std::latch& parked, std::latch& release) {
    ReadGuard guard(domain);
    parked.count_down();
    release.wait();
  });
}

// ---- Epochs.

TEST_P(RcuDomainTest, EpochPassesAtOnceWithoutReaders) {
  const uint64_t epoch = domain_.Advance();
  EXPECT_EQ(domain_.epoch(), epoch);
  EXPECT_EQ(domain_.Oldest(), epoch);
  EXPECT_TRUE(domain_.Passed(epoch));
  EXPECT_FALSE(domain_.Passed(epoch + 1));
}

TEST_P(RcuDomainTest, GuardKeepsItsEpochAndThoseAfterIt) {
  const uint64_t before = domain_.Advance();
  auto guard = std::make_unique<ReadGuard>(domain_);
  const uint64_t after = domain_.Advance();
  EXPECT_EQ(domain_.Oldest(), before);
  EXPECT_TRUE(domain_.Passed(before));
  EXPECT_FALSE(domain_.Passed(after));
  guard.reset();
  EXPECT_TRUE(domain_.Passed(after));
}

TEST_P(RcuDomainTest, OuterGuardKeepsWhatInnerGuardsLeave) {
  auto outer = std::make_unique<ReadGuard>(domain_);
  const uint64_t epoch = domain_.Advance();
  { const ReadGuard inner(domain_); }
  { const ReadGuard inner(domain_); }
  EXPECT_FALSE(domain_.Passed(epoch));
  outer.reset();
  EXPECT_TRUE(domain_.Passed(epoch));
}

TEST_P(RcuDomainTest, OtherThreadsGuardKeepsToo) {
  Parked reader = ParkedInGuard(domain_);
  const uint64_t epoch = domain_.Advance();
  EXPECT_FALSE(domain_.Passed(epoch));
  reader.Release();
  EXPECT_TRUE(domain_.Passed(epoch));
}

TEST_P(RcuDomainTest, GuardOfAnotherDomainKeepsNothing) {
  RcuDomain other(Options());
  const ReadGuard guard(other);
  EXPECT_TRUE(domain_.Passed(domain_.Advance()));
  // And back again: each domain finds its own line.
  const uint64_t kept = other.Advance();
  const ReadGuard own(domain_);
  EXPECT_FALSE(other.Passed(kept));
}

TEST_P(RcuDomainTest, LinesAreReusedByLaterThreads) {
  for (int i = 0; i < 20; ++i) {
    std::thread([this] { const ReadGuard guard(domain_); }).join();
  }
  const Reader* first = domain_.readers().first();
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->next, nullptr);
}

TEST_P(RcuDomainTest, PauseLeavesAllGuardsAndEntersAgain) {
  const ReadGuard outer(domain_);
  const ReadGuard inner(domain_);
  const uint32_t interrupted = inner.interrupted();
  const uint64_t epoch = domain_.Advance();
  {
    const GuardPause pause(inner);
    EXPECT_TRUE(domain_.Passed(epoch));
  }
  EXPECT_EQ(outer.interrupted(), interrupted + 1);
  const uint64_t later = domain_.Advance();
  EXPECT_FALSE(domain_.Passed(later));
}

// ---- Quiescent-state mode.

TEST_P(RcuDomainTest, OnlineThreadKeepsUntilItQuiesces) {
  RcuReader reader(domain_);
  reader.Online();
  EXPECT_FALSE(reader.Quiesce());
  const uint64_t epoch = domain_.Advance();
  { const ReadGuard guard(reader); }
  EXPECT_FALSE(domain_.Passed(epoch));
  EXPECT_TRUE(reader.Quiesce());
  EXPECT_TRUE(domain_.Passed(epoch));
  EXPECT_FALSE(reader.Quiesce());
  reader.Offline();
  EXPECT_TRUE(domain_.Passed(domain_.Advance()));
}

TEST_P(RcuDomainTest, QuiesceIsTrueAfterAPauseThatHidAPublication) {
  RcuReader reader(domain_);
  reader.Online();
  {
    const ReadGuard guard(reader);
    const GuardPause pause(guard);
    EXPECT_TRUE(domain_.Passed(domain_.Advance()));
  }
  EXPECT_TRUE(reader.Quiesce());
  EXPECT_FALSE(reader.Quiesce());
}

TEST_P(RcuDomainTest, HandleThatGoesTakesItsThreadOffline) {
  {
    RcuReader reader(domain_);
    reader.Online();
  }
  EXPECT_TRUE(domain_.Passed(domain_.Advance()));
  domain_.Synchronize();
}

// ---- Signal handlers.

RcuDomain* interrupted_domain = nullptr;
int guards_in_handler = 0;
void OpenGuardInHandler(int) {
  const ReadGuard guard(*interrupted_domain);
  ++guards_in_handler;
}

TEST_P(RcuDomainTest, HandlerMayOpenGuardsAnywhere) {
  interrupted_domain = &domain_;
  guards_in_handler = 0;
  struct sigaction action = {};
  action.sa_handler = &OpenGuardInHandler;
  ASSERT_EQ(sigaction(SIGUSR1, &action, nullptr), 0);
  {
    const ReadGuard guard(domain_);
    const uint64_t epoch = domain_.Advance();
    ASSERT_EQ(raise(SIGUSR1), 0);
    EXPECT_FALSE(domain_.Passed(epoch));
  }
  ASSERT_EQ(raise(SIGUSR1), 0);
  EXPECT_TRUE(domain_.Passed(domain_.Advance()));
  EXPECT_EQ(guards_in_handler, 2);
}

// ---- What waits.

TEST_P(RcuDomainTest, RetiredRunsInTheFirstPollWithoutReaders) {
  Parked reader = ParkedInGuard(domain_);
  int ends = 0;
  domain_.Retire([&] { ++ends; }, 100);
  EXPECT_EQ(domain_.waiting_bytes(), 100u);
  EXPECT_EQ(domain_.Poll(), 0u);
  EXPECT_EQ(ends, 0);
  reader.Release();
  EXPECT_EQ(domain_.Poll(), 1u);
  EXPECT_EQ(ends, 1);
  EXPECT_EQ(domain_.waiting_bytes(), 0u);
  EXPECT_EQ(domain_.Poll(), 0u);
}

TEST_P(RcuDomainTest, ReaderThatCameLaterIsNotWaitedFor) {
  int ends = 0;
  domain_.Retire([&] { ++ends; });
  domain_.Advance();
  const Parked reader = ParkedInGuard(domain_);
  EXPECT_EQ(domain_.Poll(), 1u);
  EXPECT_EQ(ends, 1);
}

TEST_P(RcuDomainTest, PollKeepsToItsBudgetAndToTheOrder) {
  std::vector<int> ends;
  for (int i = 0; i < 5; ++i) domain_.Retire([&, i] { ends.push_back(i); });
  EXPECT_EQ(domain_.Poll(2), 2u);
  EXPECT_THAT(ends, ElementsAre(0, 1));
  EXPECT_EQ(domain_.Poll(), 3u);
  EXPECT_THAT(ends, ElementsAre(0, 1, 2, 3, 4));
}

TEST_P(RcuDomainTest, DeferredStepIsCalledOncePerPollUntilItIsDone) {
  int steps = 0;
  domain_.Defer([&](size_t&) { return ++steps == 3; });
  for (const int expected : {1, 2, 3, 3}) {
    domain_.Poll();
    EXPECT_EQ(steps, expected);
  }
  EXPECT_EQ(domain_.waiting_objects(), 0u);
}

TEST_P(RcuDomainTest, EndsMayRetireSynchronizeAndPoll) {
  int second = 0;
  domain_.Retire([&] {
    domain_.Retire([&] { ++second; });
    domain_.Synchronize();
    EXPECT_EQ(domain_.Poll(), 0u);  // Not within a poll.
    EXPECT_EQ(second, 0);
  });
  domain_.Poll();
  domain_.Poll();
  EXPECT_EQ(second, 1);
}

TEST_P(RcuDomainTest, BarrierReturnsWhenAllThatWasRetiredIsDone) {
  int ends = 0;
  for (int i = 0; i < 3000; ++i) domain_.Retire([&] { ++ends; });
  domain_.Barrier();
  EXPECT_EQ(ends, 3000);
}

TEST_P(RcuDomainTest, DestructorRunsWhatWaits) {
  int ends = 0;
  {
    RcuDomain domain(Options());
    domain.Retire([&] { ++ends; });
    domain.Retire(std::make_unique<int>(7));
    std::string text = "long enough to be somewhere else";
    domain.Defer([&, text](size_t&) { return ++ends == 3; });
  }
  EXPECT_EQ(ends, 3);
}

TEST_P(RcuDomainTest, PollingThreadRunsWhatIsRetired) {
  domain_.StartPolling();
  for (int i = 0; i < 3; ++i) {
    std::latch ended(1);
    domain_.Retire([&] { ended.count_down(); });
    ended.wait();
  }
  domain_.Synchronize();
  domain_.Barrier();
  domain_.StopPolling();
  domain_.StartPolling();  // And again.
}

// ---- Reports.

TEST_P(RcuDomainTest, StuckReaderIsNamedOncePerWatermark) {
  std::vector<RcuDomain::Backlog> reports;
  RcuDomain::Options options = Options();
  options.watermark_bytes = 1000;
  options.on_watermark = [&](const RcuDomain::Backlog& backlog) {
    reports.push_back(backlog);
  };
  RcuDomain domain(std::move(options));
  std::optional<Parked> stuck(
      std::in_place, [&](std::latch& parked, std::latch& release) {
        pthread_setname_np(pthread_self(), "stuck-vcpu");
        const ReadGuard guard(domain);
        parked.count_down();
        release.wait();
      });
  domain.Retire([] {}, 900);
  domain.Poll();
  EXPECT_THAT(reports, IsEmpty());
  domain.NoteWaiting(10, 200);  // The topology's nodes, say.
  domain.Poll();
  domain.Poll();
  ASSERT_THAT(reports, SizeIs(1));
  EXPECT_EQ(reports[0].objects, 11u);
  EXPECT_EQ(reports[0].bytes, 1100u);
  ASSERT_THAT(reports[0].readers, SizeIs(1));
  EXPECT_EQ(reports[0].readers[0].thread, "stuck-vcpu");
  EXPECT_GT(reports[0].readers[0].in_the_way.count(), 0);
  EXPECT_FALSE(reports[0].readers[0].online);
  stuck.reset();
  domain.Poll();
  domain.NoteWaiting(-10, -200);
  domain.Poll();
  domain.NoteWaiting(1, 5000);
  domain.Poll();
  ASSERT_THAT(reports, SizeIs(2));
  EXPECT_THAT(reports[1].readers, IsEmpty());
  domain.NoteWaiting(-1, -5000);
}

TEST_P(RcuDomainTest, ReaderOfTheNewestEpochIsInNobodysWay) {
  const ReadGuard guard(domain_);
  EXPECT_THAT(domain_.ReadersInTheWay(), IsEmpty());
  domain_.Advance();
  EXPECT_THAT(domain_.ReadersInTheWay(), SizeIs(1));
}

TEST(EpochTimesTest, AgeCountsFromTheNextEpochAndReachesBackForEver) {
  EpochTimes times;
  const EpochTimes::Clock::time_point start;
  const auto at = [&](int64_t ns) {
    return start + std::chrono::nanoseconds(ns);
  };
  EXPECT_EQ(times.InTheWayFor(0, at(9)).count(), 0);
  for (int64_t e = 1; e <= 100000; ++e) {
    times.Note(static_cast<uint64_t>(e), at(1000 * e));
  }
  const auto now = at(100001 * 1000);
  EXPECT_EQ(times.InTheWayFor(100000, now).count(), 0);
  EXPECT_EQ(times.InTheWayFor(99999, now).count(), 1000);
  // Never more than the truth, and of an old one at least half of it.
  for (const uint64_t epoch : {1u, 500u, 50000u, 90000u}) {
    const auto truth = static_cast<int64_t>((100000 - epoch) * 1000);
    EXPECT_LE(times.InTheWayFor(epoch, now).count(), truth);
    EXPECT_GE(times.InTheWayFor(epoch, now).count(), truth / 2);
  }
}

// ---- Ends.

TEST_P(RcuDomainTest, ThreadMaySleepThroughTheEndOfADomain) {
  alignas(RcuDomain) static char place[sizeof(RcuDomain)];
  auto* domain = new (place) RcuDomain(Options());
  std::latch replaced(1);
  Parked sleeper([&](std::latch& parked, std::latch& release) {
    { const ReadGuard guard(*domain); }
    parked.count_down();
    replaced.wait();
    // Another domain in the same place: the old line is not taken for its.
    const ReadGuard guard(*domain);
    EXPECT_FALSE(domain->Passed(domain->Advance()));
    release.wait();
  });
  domain->~RcuDomain();
  domain = new (place) RcuDomain(Options());
  replaced.count_down();
  sleeper.Release();
  EXPECT_TRUE(domain->Passed(domain->Advance()));
  domain->~RcuDomain();
}

// A thread_local that uses a guard when its thread's lines may be gone.
RcuDomain* late_domain = nullptr;
struct LateUser {
  ~LateUser() { const ReadGuard guard(*late_domain); }
};

TEST_P(RcuDomainTest, GuardsWorkWhileAThreadEnds) {
  late_domain = &domain_;
  for (int i = 0; i < 3; ++i) {
    std::thread([this] {
      thread_local LateUser late;
      static_cast<void>(late);
      const ReadGuard guard(domain_);
    }).join();
  }
  pthread_key_t key;
  ASSERT_EQ(pthread_key_create(
                &key, [](void*) { const ReadGuard guard(*late_domain); }),
            0);
  std::thread([&] {
    pthread_setspecific(key, &key);
    const ReadGuard guard(domain_);
  }).join();
  pthread_key_delete(key);
  EXPECT_TRUE(domain_.Passed(domain_.Advance()));
  EXPECT_EQ(domain_.readers().first()->next, nullptr);
}

TEST_P(RcuDomainTest, ForkedChildHasNoReadersButItsOwn) {
  domain_.StartPolling();
  Parked reader = ParkedInGuard(domain_);
  const ReadGuard own(domain_);
  const uint64_t epoch = domain_.Advance();
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    // 1. This thread's guard is still there. 2. The other's is not.
    if (domain_.Passed(epoch)) _exit(1);
    {
      const GuardPause pause(own);
      if (!domain_.Passed(epoch)) _exit(2);
      domain_.Synchronize();
      // 3. No thread polls until it is started.
      bool ended = false;
      domain_.Retire([&] { ended = true; });
      domain_.Barrier();
      if (!ended) _exit(3);
    }
#if !defined(__SANITIZE_THREAD__)  // It allows no thread in a child.
    domain_.StartPolling();
    domain_.StopPolling();
#endif
    // 4. Another domain can come and go.
    { RcuDomain other; }
    _exit(0);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_FALSE(domain_.Passed(epoch));
}

// ---- Misuse.

using RcuDomainDeathTest = RcuDomainTest;
INSTANTIATE_TEST_SUITE_P(Fences, RcuDomainDeathTest, ::testing::Bool());

TEST_P(RcuDomainDeathTest, WaitingInsideAGuard) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const ReadGuard guard(domain_);
  EXPECT_DEATH(domain_.Synchronize(), "G5: Synchronize\\(\\) inside a guard");
  EXPECT_DEATH(domain_.Barrier(), "G5: Barrier\\(\\) inside a guard");
  EXPECT_DEATH(domain_.Poll(), "G5: Poll\\(\\) inside a guard");
}

TEST_P(RcuDomainDeathTest, WaitingInsideACallback) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const ReadGuard guard(domain_);
  const CallbackMark callback(guard);
  const GuardPause pause(guard);
  EXPECT_DEATH(domain_.Synchronize(), "G5: .*inside a callback");
}

TEST_P(RcuDomainDeathTest, WaitingOnline) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  RcuReader reader(domain_);
  reader.Online();
  EXPECT_DEATH(domain_.Synchronize(), "G5: .*quiescent-state mode");
  domain_.Poll();  // Waits for nobody.
  const ReadGuard guard(reader);
  const CallbackMark callback(guard);
  EXPECT_DEATH(domain_.Poll(), "G5: .*inside a guard");
}

TEST_P(RcuDomainDeathTest, BarrierWithinAPoll) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        domain_.Retire([&] { domain_.Barrier(); });
        domain_.Poll();
      },
      "G5: Barrier\\(\\) within");
}

TEST_P(RcuDomainDeathTest, QuiescentWhereItIsNotOrMustNotBe) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  RcuReader reader(domain_);
  EXPECT_DEATH(reader.Quiesce(), "G3: not in quiescent-state mode");
  reader.Online();
  EXPECT_DEATH(reader.Online(), "G3: Online");
  const ReadGuard guard(reader);
  if (kLifetimeChecks) {
    EXPECT_DEATH(reader.Quiesce(), "G3: quiescent inside a guard");
  }
  const CallbackMark callback(guard);
  EXPECT_DEATH(reader.Quiesce(), "G3: quiescent inside a callback");
  EXPECT_DEATH(reader.Offline(), "G3: quiescent inside a callback");
}

TEST_P(RcuDomainDeathTest, ThreadThatEndsInsideAGuard) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(std::thread([&] { new ReadGuard(domain_); }).join(),
               "G2: a thread ended inside a guard");
}

TEST_P(RcuDomainDeathTest, DomainThatEndsBeforeItsReaders) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  auto* domain = new RcuDomain(Options());
  {
    const ReadGuard guard(*domain);
    EXPECT_DEATH(delete domain, "G2: a domain ended with thread [0-9]+");
  }
  {
    const RcuReader reader(*domain);
    EXPECT_DEATH(delete domain, "G3: a domain ended before an RcuReader");
  }
  delete domain;
}

TEST_P(RcuDomainDeathTest, GuardThatCrossesThreads) {
  if (!kLifetimeChecks) GTEST_SKIP() << "built without lifetime checks";
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        auto* guard = new ReadGuard(domain_);
        std::thread([=] { delete guard; }).join();
      },
      "G2: a guard ended on another thread");
}

}  // namespace
}  // namespace planish
