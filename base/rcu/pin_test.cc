#include "planish/base/rcu/pin.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planish/base/rcu/lifetime_checks.h"
#include "planish/base/rcu/rcu_domain.h"
#include "planish/base/rcu/read_guard.h"

namespace planish {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr size_t kAll = ~size_t{0};

class PinTest : public ::testing::Test {
 protected:
  // True if a scan for `key` ends; hooks are called.
  bool ScanEnds(PinScan& scan, const void* key, size_t budget = kAll) {
    return scan.Step([key](const void* k) { return k == key; },
                     [this](PinSlot& slot, const void* k) {
                       domain_.RequestRelease(slot, k);
                     },
                     budget);
  }
  bool IsPinned(const void* key) {
    PinScan scan(domain_.pins());
    return !ScanEnds(scan, key);
  }
  Pin MakePin(const void* key, const char* tag = "test") {
    const ReadGuard guard(domain_);
    return Pin(guard, key, tag);
  }

  RcuDomain domain_;
  int a_ = 0;
  int b_ = 0;
};

TEST_F(PinTest, HoldsItsKeyFromBirthToEnd) {
  EXPECT_FALSE(IsPinned(&a_));
  {
    const Pin pin = MakePin(&a_);
    EXPECT_EQ(pin.key(), &a_);
    EXPECT_TRUE(IsPinned(&a_));
    EXPECT_FALSE(IsPinned(&b_));
  }
  EXPECT_FALSE(IsPinned(&a_));
}

TEST_F(PinTest, MovesByHandleAndStaysInItsSlot) {
  std::optional<Pin> pin(MakePin(&a_));
  Pin moved(std::move(*pin));
  pin.reset();  // Drops nothing.
  EXPECT_EQ(moved.key(), &a_);
  EXPECT_TRUE(IsPinned(&a_));
}

TEST_F(PinTest, EndsWithItsLastShare) {
  for (const bool first_goes_first : {true, false}) {
    std::optional<Pin> one(MakePin(&a_));
    std::optional<Pin> two(one->Split());
    std::optional<Pin> three(two->Split());
    (first_goes_first ? one : three).reset();
    two.reset();
    EXPECT_TRUE(IsPinned(&a_));
    (first_goes_first ? three : one).reset();
    EXPECT_FALSE(IsPinned(&a_));
  }
}

TEST_F(PinTest, MayBeDroppedByAnotherThreadAndOutliveItsOwn) {
  std::optional<Pin> pin;
  std::thread([&] { pin.emplace(MakePin(&a_)); }).join();
  EXPECT_TRUE(IsPinned(&a_));
  std::thread([&] { pin.reset(); }).join();
  EXPECT_FALSE(IsPinned(&a_));
}

TEST_F(PinTest, SlotsAreReused) {
  for (int i = 0; i < 100000; ++i) const Pin pin = MakePin(&a_);
  EXPECT_EQ(domain_.pins().CountSlots(), PinSlots::Block::kSlots);
}

TEST_F(PinTest, NextThreadInherits) {
  std::vector<Pin> pins;
  std::thread([&] {
    for (int i = 0; i < 1000; ++i) pins.push_back(MakePin(&a_));
  }).join();
  const size_t slots = domain_.pins().CountSlots();
  pins.erase(pins.begin() + 100, pins.end());
  std::thread([&] {
    for (int i = 0; i < 900; ++i) pins.push_back(MakePin(&a_));
  }).join();
  EXPECT_EQ(domain_.pins().CountSlots(), slots);
}

// ---- Growth. P1: claims are O(1), amortised, and slots follow the pins.

TEST_F(PinTest, SlotsAreAtMostAQuarterMoreThanPins) {
  std::vector<Pin> pins;
  for (size_t i = 0; i < 100000; ++i) {
    pins.push_back(MakePin(&a_));
    ASSERT_LE(domain_.pins().CountSlots(), pins.size() * 5 / 4 + 200);
  }
}

// Whatever is dropped when: keeps `live` pins of which a program's random part
// comes and goes, in runs, so that full and empty blocks lie in every order.
TEST_F(PinTest, SlotsStayBoundedUnderAnyTraffic) {
  constexpr size_t kLive = 2000;
  uint64_t random = 20;
  const auto below = [&](uint64_t n) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    return (random >> 33) % n;
  };
  std::vector<std::unique_ptr<Pin>> pins;
  for (int round = 0; round < 3000; ++round) {
    while (pins.size() < kLive) {
      pins.push_back(std::make_unique<Pin>(MakePin(&a_)));
    }
    const auto first = pins.begin() + static_cast<ptrdiff_t>(below(kLive));
    const auto run = static_cast<ptrdiff_t>(1 + below(600));
    pins.erase(first, first + std::min(run, pins.end() - first));
  }
  EXPECT_LE(domain_.pins().CountSlots(), kLive * 3 / 2);
}

TEST_F(PinTest, SlotsStayBoundedWhenTheSameOnesStay) {
  std::vector<Pin> forever;
  for (int i = 0; i < 1000; ++i) forever.push_back(MakePin(&a_));
  for (int round = 0; round < 1000; ++round) {
    std::vector<Pin> passing;
    for (int i = 0; i < 200; ++i) passing.push_back(MakePin(&b_));
  }
  EXPECT_LE(domain_.pins().CountSlots(), size_t{1200 * 5 / 4 + 200});
}

// ---- Scans.

TEST_F(PinTest, ScanGoesOnWhereItStopped) {
  std::vector<std::optional<Pin>> pins;
  for (int i = 0; i < 300; ++i) pins.emplace_back(MakePin(i % 100 ? &b_ : &a_));
  PinScan scan(domain_.pins());
  EXPECT_FALSE(ScanEnds(scan, &a_, 10));
  EXPECT_FALSE(ScanEnds(scan, &a_));
  for (int i = 0; i < 300; i += 100) {
    EXPECT_FALSE(ScanEnds(scan, &a_)) << i;
    pins[static_cast<size_t>(i)].reset();
  }
  EXPECT_TRUE(ScanEnds(scan, &a_));
}

TEST_F(PinTest, ScanKeepsToItsBudget) {
  std::vector<Pin> pins;
  for (int i = 0; i < 200; ++i) pins.push_back(MakePin(&b_));
  PinScan scan(domain_.pins());
  size_t steps = 1;
  while (!ScanEnds(scan, &a_, 10)) ++steps;
  EXPECT_EQ(steps, (domain_.pins().CountSlots() + 9) / 10);
}

// ---- Release requested (P3).

TEST_F(PinTest, EveryHolderIsAskedOnce) {
  int asked[3] = {};
  std::vector<Pin> pins;
  for (int& count : asked) {
    pins.push_back(MakePin(&a_));
    pins.back().OnReleaseRequested(domain_, [&count] { ++count; });
  }
  Pin other = MakePin(&b_);
  other.OnReleaseRequested(domain_, [] { FAIL(); });
  PinScan scan(domain_.pins());
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(ScanEnds(scan, &a_));
  EXPECT_THAT(asked, ::testing::Each(1));
}

TEST_F(PinTest, CallbackMayDropItsPin) {
  std::optional<Pin> pin(MakePin(&a_));
  pin->OnReleaseRequested(domain_, [&] { pin.reset(); });
  PinScan scan(domain_.pins());
  EXPECT_TRUE(ScanEnds(scan, &a_));
  EXPECT_FALSE(pin.has_value());
}

TEST_F(PinTest, HolderWhoIsLateToCarryACallbackIsAskedAtTheNextPoll) {
  Pin pin = MakePin(&a_);
  PinScan scan(domain_.pins());
  EXPECT_FALSE(ScanEnds(scan, &a_));
  int asked = 0;
  pin.OnReleaseRequested(domain_, [&] { ++asked; });
  EXPECT_FALSE(ScanEnds(scan, &a_));
  EXPECT_EQ(asked, 1);
}

TEST_F(PinTest, WhoDropsThePinWaitsForItsCallback) {
  std::optional<Pin> pin(MakePin(&a_));
  std::latch running(1);
  std::atomic<bool> dropped = false;
  std::thread dropper;
  pin->OnReleaseRequested(domain_, [&] {
    dropper = std::thread([&] {
      running.count_down();
      pin.reset();
      dropped = true;
    });
    running.wait();
    // It can't tell that it waits; but see that it does not end before.
    for (int i = 0; i < 1000; ++i) std::this_thread::yield();
    EXPECT_FALSE(dropped);
  });
  PinScan scan(domain_.pins());
  ScanEnds(scan, &a_);
  dropper.join();
  EXPECT_TRUE(ScanEnds(scan, &a_));
}

TEST_F(PinTest, SlotOfAHookedPinIsLikeNewAfterwards) {
  {
    Pin pin = MakePin(&a_);
    pin.OnReleaseRequested(domain_, [] { FAIL(); });
    const Pin share = pin.Split();
  }
  const Pin next = MakePin(&a_);
  EXPECT_TRUE(IsPinned(&a_));
}

// ---- Reports.

TEST_F(PinTest, ReportsNameTagThreadAndAge) {
  std::optional<Pin> pin;
  std::thread([&] {
    pthread_setname_np(pthread_self(), "blk0");
    pin.emplace(MakePin(&a_, "dma-read"));
    EXPECT_EQ(domain_.Pins([](const void*) { return true; })[0].thread, "blk0");
  }).join();
  domain_.Advance();
  const auto pins = domain_.Pins([&](const void* key) { return key == &a_; });
  ASSERT_THAT(pins, SizeIs(1));
  EXPECT_EQ(pins[0].key, &a_);
  EXPECT_STREQ(pins[0].tag, "dma-read");
  EXPECT_GT(pins[0].tid, 0);
  EXPECT_GT(pins[0].in_the_way.count(), 0);
  EXPECT_THAT(domain_.Pins([&](const void* key) { return key == &b_; }),
              IsEmpty());
}

// ---- Misuse.

TEST(PinDeathTest, DomainThatEndsBeforeAPin) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  auto domain = std::make_unique<RcuDomain>();
  int key = 0;
  std::optional<Pin> pin;
  {
    const ReadGuard guard(*domain);
    pin.emplace(guard, &key, "iotlb");
  }
  EXPECT_DEATH(domain.reset(), "P2: a domain ended before the pin 'iotlb'");
  pin.reset();
}

TEST(PinDeathTest, PinOutsideItsGuard) {
  if (!kLifetimeChecks) GTEST_SKIP() << "built without lifetime checks";
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  RcuDomain domain;
  int key = 0;
  const ReadGuard guard(domain);
  const GuardPause pause(guard);
  EXPECT_DEATH(const Pin pin(guard, &key, "late"),
               "P2: a pin outside its guard");
}

TEST(PinDeathTest, SecondCallback) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  RcuDomain domain;
  int key = 0;
  const ReadGuard guard(domain);
  Pin pin(guard, &key, "twice");
  pin.OnReleaseRequested(domain, [] {});
  EXPECT_DEATH(pin.OnReleaseRequested(domain, [] {}), "P3: ");
}

}  // namespace
}  // namespace planish
