// The end of an owner: E1-E3, P2-P4, G5, X4, X5. What address spaces and
// listeners add to it: space/.

#include "planish/regions/owner_end.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/base/retire_list.h"
#include "planish/regions/change_observer.h"
#include "planish/regions/change_set.h"
#include "planish/regions/limits.h"
#include "planish/regions/owner.h"
#include "planish/regions/owner_pin.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"
#include "planish/regions/transaction.h"

namespace planish {
namespace {

using absl::StatusCode;
using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Publishes everything, says that each commit made 1,000 bytes, and fails when
// told to.
class Observer : public ChangeObserver {
 public:
  explicit Observer(bool& fails) : fails_(fails) {}
  absl::Status Prepare(const ChangeSet&) override {
    return fails_ ? absl::ResourceExhaustedError("as told") : absl::OkStatus();
  }
  void PrepareAnyway(const ChangeSet&) override {}
  void Publish(RetireList& replaced) override {
    replaced.CountMade(1, 1000);
    replaced.Add(new int(0));
  }

 private:
  bool& fails_;
};

// A thread that does things when it is told to.
class Other {
 public:
  Other() : thread_([this] { Run(); }) {}
  ~Other() {
    Do([this] { stop_ = true; });
    thread_.join();
  }
  // Returns when it is done.
  void Do(std::function<void()> what) {
    what_ = std::move(what);
    busy_.store(true, std::memory_order_release);
    while (busy_.load(std::memory_order_acquire)) std::this_thread::yield();
  }
  void Enter(RcuDomain& domain) {
    Do([&] { guard_.emplace(domain); });
  }
  void Leave() {
    Do([&] { guard_.reset(); });
  }
  const ReadGuard& guard() const { return *guard_; }

 private:
  void Run() {
    while (!stop_) {
      while (!busy_.load(std::memory_order_acquire)) std::this_thread::yield();
      what_();
      busy_.store(false, std::memory_order_release);
    }
  }

  bool stop_ = false;
  std::function<void()> what_;
  std::atomic<bool> busy_{false};
  std::optional<ReadGuard> guard_;
  std::thread thread_;
};

class OwnerEndTest : public testing::Test {
 protected:
  OwnerEndTest() {
    topology_.set_observer(std::make_unique<Observer>(fails_));
    Ok(topology_.Link(bus_, bar_, Addr(0x1000)));
  }
  ~OwnerEndTest() override {
    Transaction look = Transaction::BeginAnyway(topology_);
    topology_.CheckInvariants();
    Ok(look.Commit());
  }

  static void Ok(const absl::Status& status) { PLANISH_CHECK_OK(status); }
  // An owner on the heap that counts its end in ends_.
  Owner& Make(const std::string& name) {
    return *new Owner(topology_, name, [this] { ++ends_; });
  }
  void PollAll() {
    while (topology_.Poll()) {
    }
  }

  bool fails_ = false;
  int ends_ = 0;
  Topology topology_{Limits{.max_waiting_bytes = 100'000}};
  Owner board_{topology_, "board"};
  Owner card_{topology_, "card", [this] { ++ends_; }};
  Region& bus_ = **topology_.AddContainer(board_, "bus");
  Region& bar_ = **topology_.AddRam(card_, "bar", 0x1000);
};

// ---- When.

TEST_F(OwnerEndTest, ThePollFinalizesOnceAndFrees) {
  bool was_readable = false;
  card_.set_finalizer([&] {
    ++ends_;
    was_readable = bar_.name() == "bar" && card_.regions().size() == 1 &&
                   bar_.ram()->host()[0] == std::byte{0};
  });
  EXPECT_TRUE(card_.Retire());
  EXPECT_EQ(bar_.container(), nullptr);
  EXPECT_EQ(ends_, 0);  // Not in the commit,
  Ok(topology_.SetAddress(bus_, Addr(1)));
  EXPECT_EQ(ends_, 0);  // and not in the next.
  EXPECT_FALSE(topology_.Poll());
  EXPECT_EQ(ends_, 1);
  EXPECT_TRUE(was_readable);
  EXPECT_THAT(card_.regions(), IsEmpty());
  PollAll();
  EXPECT_FALSE(card_.Retire());
  card_.RetireAndWait();
  EXPECT_EQ(ends_, 1);
  EXPECT_THAT(card_.WhoHolds(), IsEmpty());
}

TEST_F(OwnerEndTest, PollingTheDomainIsEnough) {
  card_.Retire();
  topology_.rcu().Poll();
  EXPECT_EQ(ends_, 1);
  EXPECT_THAT(card_.regions(), IsEmpty());
}

TEST_F(OwnerEndTest, RetireAndWaitIsOverWhenItReturns) {
  card_.RetireAndWait();
  EXPECT_EQ(ends_, 1);
  EXPECT_THAT(card_.regions(), IsEmpty());
}

TEST_F(OwnerEndTest, TheDestructorWaits) {
  delete &Make("other");
  EXPECT_EQ(ends_, 1);
}

TEST_F(OwnerEndTest, ManyRegionsAreFreedInSteps) {
  for (int i = 0; i < 1000; ++i) {
    PLANISH_CHECK_OK(topology_.AddMmio(card_, "reg", 0x10));
  }
  card_.Retire();
  int polls = 0;
  while (topology_.Poll(20)) ++polls;
  EXPECT_GE(polls, 45);
  EXPECT_LE(polls, 60);
  EXPECT_EQ(ends_, 1);
  EXPECT_THAT(card_.regions(), IsEmpty());
}

// Whoever has it found it before it was retired: without a grace period its
// memory would go under the reader's hands.
TEST_F(OwnerEndTest, AReaderInsideDelaysIt) {
  Other reader;
  reader.Enter(topology_.rcu());
  card_.Retire();
  PollAll();
  EXPECT_EQ(ends_, 0);
  EXPECT_EQ(bar_.ram()->host()[0], std::byte{0});
  EXPECT_THAT(card_.WhoHolds(),
              ElementsAre(ContainsRegex("^thread [0-9]+ .*in a guard")));
  EXPECT_THAT(board_.WhoHolds(), IsEmpty());
  reader.Leave();
  PollAll();
  EXPECT_EQ(ends_, 1);
}

TEST_F(OwnerEndTest, OnesOwnGuardDelaysIt) {
  {
    const ReadGuard guard(topology_.rcu());
    card_.Retire();
    Ok(topology_.SetAddress(bus_, Addr(1)));
    EXPECT_EQ(ends_, 0);
    EXPECT_EQ(bar_.name(), "bar");
  }
  PollAll();
  EXPECT_EQ(ends_, 1);
}

TEST_F(OwnerEndTest, WhoEnteredLaterDoesNot) {
  card_.Retire();
  Other reader;
  reader.Enter(topology_.rcu());
  PollAll();
  EXPECT_EQ(ends_, 1);
  reader.Leave();
}

TEST_F(OwnerEndTest, AnOlderVersionThatIsHeldDelaysIt) {
  const uint64_t before = topology_.HoldNewest();
  card_.Retire();
  const uint64_t after = topology_.HoldNewest();
  PollAll();
  EXPECT_EQ(ends_, 0);
  EXPECT_THAT(card_.WhoHolds(),
              ElementsAre(HasSubstr("version " + std::to_string(before))));
  topology_.ReleaseHeld(before);
  PollAll();
  EXPECT_EQ(ends_, 1);
  topology_.ReleaseHeld(after);
}

// What was found by a held version may have been pinned by a guard that was
// entered long after the retirement.
TEST_F(OwnerEndTest, TheGracePeriodBeginsWhenNothingOlderIsHeld) {
  const uint64_t before = topology_.HoldNewest();
  card_.Retire();
  Other reader;
  reader.Enter(topology_.rcu());
  topology_.ReleaseHeld(before);
  PollAll();
  EXPECT_EQ(ends_, 0);
  reader.Leave();
  PollAll();
  EXPECT_EQ(ends_, 1);
}

TEST_F(OwnerEndTest, ItEndsWithoutAnObserverToo) {
  Topology topology;
  int ends = 0;
  Owner owner(topology, "owner", [&] { ++ends; });
  PLANISH_CHECK_OK(topology.AddMmio(owner, "m", 1));
  owner.Retire();
  topology.Poll();
  EXPECT_EQ(ends, 1);
}

TEST_F(OwnerEndTest, TheDomainsThreadEndsIt) {
  std::atomic<bool> ended{false};
  card_.set_finalizer([&] { ended.store(true); });
  topology_.rcu().StartPolling();
  card_.Retire();
  while (!ended.load()) std::this_thread::yield();
}

TEST_F(OwnerEndTest, ManyThreadsMayWaitForOne) {
  std::vector<std::thread> threads;
  std::atomic<int> ends{0};
  card_.set_finalizer([&] { ends.fetch_add(1); });
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      card_.RetireAndWait();
      EXPECT_EQ(ends.load(), 1);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(card_.regions(), IsEmpty());
}

// ---- From where.

TEST_F(OwnerEndTest, InATransactionItWaitsForTheCommit) {
  Transaction edit = Transaction::Begin(topology_).value();
  EXPECT_TRUE(card_.Retire());
  EXPECT_FALSE(card_.Retire());
  std::thread([&] { EXPECT_EQ(topology_.rcu().Poll(), 0u); }).join();
  EXPECT_EQ(ends_, 0);
  Ok(edit.Commit());
  PollAll();
  EXPECT_EQ(ends_, 1);
}

TEST_F(OwnerEndTest, InATransactionThatFailsItStands) {
  Transaction edit = Transaction::Begin(topology_).value();
  Ok(topology_.SetSize(bus_, 0x5000));
  card_.Retire();
  topology_.Destroy(bus_, [this] { ++ends_; });
  fails_ = true;
  EXPECT_EQ(edit.Commit().code(), StatusCode::kResourceExhausted);
  fails_ = false;
  EXPECT_TRUE(card_.retired());
  EXPECT_TRUE(bus_.retired());
  EXPECT_EQ(bus_.size(), ByteCount::TwoTo64());
  topology_.CheckInvariants();
  PollAll();
  EXPECT_EQ(ends_, 2);
}

TEST_F(OwnerEndTest, InItsOwnCallback) {
  {
    const ReadGuard guard(topology_.rcu());
    const CallbackMark mark(guard);
    EXPECT_TRUE(card_.Retire());
    EXPECT_EQ(bar_.name(), "bar");
  }
  PollAll();
  EXPECT_EQ(ends_, 1);
}

TEST_F(OwnerEndTest, InAnotherOnesFinalizer) {
  Owner& disk = Make("disk");
  card_.set_finalizer([&] {
    ++ends_;
    EXPECT_TRUE(disk.Retire());
    EXPECT_FALSE(card_.Retire());
  });
  card_.RetireAndWait();
  PollAll();
  EXPECT_EQ(ends_, 2);
  delete &disk;
}

// A controller that owns its disks. Somebody has to run the inner finalizer
// while the outer one waits for it.
TEST_F(OwnerEndTest, AFinalizerMayWaitForAnotherOwner) {
  Owner& disk = Make("disk");
  card_.set_finalizer([&] {
    EXPECT_EQ(ends_, 0);
    delete &disk;
    EXPECT_EQ(ends_, 1);
    card_.RetireAndWait();  // Its own: at once.
    ++ends_;
  });
  card_.RetireAndWait();
  EXPECT_EQ(ends_, 2);
}

// Under counts, two that hold each other never end.
TEST_F(OwnerEndTest, TwoThatContainEachOther) {
  for (const bool other_way : {false, true}) {
    ends_ = 0;
    Owner& a = Make("a");
    Owner& b = Make("b");
    Region& a_bus = **topology_.AddContainer(a, "a bus");
    Region& a_part = **topology_.AddMmio(a, "a part", 0x10);
    Region& b_bus = **topology_.AddContainer(b, "b bus");
    Region& b_part = **topology_.AddMmio(b, "b part", 0x10);
    Ok(topology_.Link(a_bus, b_part, Addr(0)));
    Ok(topology_.Link(b_bus, a_part, Addr(0)));
    PLANISH_CHECK_OK(topology_.AddAlias(a, "a window", b_bus, 0, 0x10));
    PLANISH_CHECK_OK(topology_.AddAlias(b, "b window", a_bus, 0, 0x10));
    Owner& first = other_way ? b : a;
    Owner& second = other_way ? a : b;
    first.Retire();
    PollAll();
    EXPECT_EQ(ends_, 1);
    topology_.CheckInvariants();
    second.Retire();
    PollAll();
    EXPECT_EQ(ends_, 2);
    delete &a;
    delete &b;
  }
}

TEST_F(OwnerEndTest, TwoWhoseFinalizersEndEachOther) {
  Owner& a = *new Owner(topology_, "a");
  Owner& b = *new Owner(topology_, "b");
  std::string order;
  a.set_finalizer([&] {
    order += "a(";
    b.RetireAndWait();
    order += ")";
  });
  b.set_finalizer([&] {
    order += "b(";
    a.RetireAndWait();
    order += ")";
  });
  a.Retire();
  PollAll();
  EXPECT_EQ(order, "a(b())");
  delete &a;
  delete &b;
}

// ---- What a finalizer may do.

struct Device {
  explicit Device(Topology& topology, int& gone)
      : ends(gone), owner(topology, "device", [this] { delete this; }) {
    PLANISH_CHECK_OK(topology.AddRam(owner, "ram", 0x1000));
    PLANISH_CHECK_OK(topology.AddMmio(owner, "regs", 0x1000));
  }
  ~Device() { ++ends; }
  int& ends;
  Owner owner;
};

TEST_F(OwnerEndTest, ItMayDeleteTheOwner) {
  auto* device = new Device(topology_, ends_);
  device->owner.Retire();
  EXPECT_EQ(ends_, 0);
  EXPECT_TRUE(topology_.Poll(2));  // Some of its regions outlive it.
  EXPECT_EQ(ends_, 1);
  // An owner in its place, as like as not.
  auto* next = new Device(topology_, ends_);
  PollAll();
  EXPECT_EQ(next->owner.regions().size(), 2u);
  next->owner.Retire();
  PollAll();
  EXPECT_EQ(ends_, 2);
}

TEST_F(OwnerEndTest, WhoWaitsForItMayFindTheOwnerDeleted) {
  auto* device = new Device(topology_, ends_);
  device->owner.RetireAndWait();  // Device and Owner go within.
  EXPECT_EQ(ends_, 1);
}

TEST_F(OwnerEndTest, OneThatWaitsForItsEndIsDeletedByIt) {
  Topology topology;
  auto* device = new Device(topology, ends_);
  device->owner.Retire();
  topology.rcu().Poll(1);  // No further than the finalizer.
  EXPECT_EQ(ends_, 1);
  // ~Topology() frees the rest.
}

TEST_F(OwnerEndTest, ItMayCallAnything) {
  std::unique_ptr<Owner> made;
  card_.set_finalizer([&] {
    ++ends_;
    made = std::make_unique<Owner>(topology_, "made", [&] { ++ends_; });
    Region& region = **topology_.AddMmio(*made, "region", 0x10);
    Ok(topology_.Link(bus_, region, Addr(0)));
    topology_.Poll();
    topology_.rcu().Poll();
    topology_.rcu().Synchronize();
    topology_.Flush();
    topology_.ReleaseHeld(topology_.HoldNewest());
    const ReadGuard guard(topology_.rcu());
    made->Retire();
    EXPECT_FALSE(card_.TryPin(guard, "too late").has_value());
  });
  card_.RetireAndWait();
  PollAll();
  EXPECT_EQ(ends_, 2);
}

// Under a lock, one who waits for a thread that commits would hang.
TEST_F(OwnerEndTest, NoLockIsHeld) {
  card_.set_finalizer([&] {
    std::thread([&] {
      Ok(topology_.SetAddress(bus_, Addr(7)));
      topology_.Poll();
      const ReadGuard guard(topology_.rcu());
      EXPECT_THAT(topology_.WhoHolds(),
                  testing::Contains("the finalizer of 'card': runs"));
    }).join();
    ++ends_;
  });
  card_.RetireAndWait();
  EXPECT_EQ(ends_, 1);
}

// ---- Pins.

TEST_F(OwnerEndTest, APinKeepsIt) {
  std::optional<OwnerPin> dma;
  {
    const ReadGuard guard(topology_.rcu());
    dma.emplace(guard, bar_, "dma");
  }
  card_.Retire();
  PollAll();
  EXPECT_EQ(ends_, 0);
  bar_.ram()->host()[5] = std::byte{1};
  EXPECT_THAT(card_.WhoHolds(),
              ElementsAre(ContainsRegex(
                  "^pin 'dma' of thread [0-9]+ \\(.*\\): keeps 'bar' of "
                  "'card', for [0-9]+ ms$")));
  EXPECT_THAT(topology_.WhoHolds(), ElementsAre(HasSubstr("pin 'dma'")));
  dma.reset();
  PollAll();
  EXPECT_EQ(ends_, 1);
}

TEST_F(OwnerEndTest, APinOfAnotherOwnerDoesNot) {
  std::optional<OwnerPin> pin;
  {
    const ReadGuard guard(topology_.rcu());
    pin.emplace(guard, bus_, "dma");
  }
  card_.RetireAndWait();
  EXPECT_EQ(ends_, 1);
  pin.reset();
}

TEST_F(OwnerEndTest, APinMayBeTakenAfterTheRetirementByWhoWasInside) {
  std::optional<OwnerPin> pin;
  {
    const ReadGuard guard(topology_.rcu());
    card_.Retire();
    pin.emplace(guard, bar_, "late");
  }
  PollAll();
  EXPECT_EQ(ends_, 0);
  EXPECT_EQ(bar_.name(), "bar");
  pin.reset();
  PollAll();
  EXPECT_EQ(ends_, 1);
}

TEST_F(OwnerEndTest, BothSharesOfAPinKeepIt) {
  std::optional<OwnerPin> pin;
  {
    const ReadGuard guard(topology_.rcu());
    pin.emplace(guard, bar_, "dma");
  }
  std::optional<OwnerPin> part(pin->Split());
  card_.Retire();
  pin.reset();
  PollAll();
  EXPECT_EQ(ends_, 0);
  OwnerPin moved(*std::move(part));
  part.reset();
  PollAll();
  EXPECT_EQ(ends_, 0);
  { const OwnerPin last(std::move(moved)); }
  PollAll();
  EXPECT_EQ(ends_, 1);
}

TEST_F(OwnerEndTest, APinOutlivesItsThread) {
  std::optional<OwnerPin> pin;
  std::thread([&] {
    const ReadGuard guard(topology_.rcu());
    pin.emplace(guard, bar_, "dma");
  }).join();
  card_.Retire();
  PollAll();
  EXPECT_EQ(ends_, 0);
  pin.reset();
  PollAll();
  EXPECT_EQ(ends_, 1);
}

TEST_F(OwnerEndTest, TryPinWorksUntilTheRetirementIsPublished) {
  std::optional<OwnerPin> pin;
  {
    const ReadGuard guard(topology_.rcu());
    Transaction edit = Transaction::Begin(topology_).value();
    card_.Retire();
    pin = card_.TryPin(guard, "timer");
    EXPECT_TRUE(pin.has_value());
    Ok(edit.Commit());
    EXPECT_FALSE(card_.TryPin(guard, "timer").has_value());
  }
  PollAll();
  EXPECT_EQ(ends_, 0);
  EXPECT_THAT(card_.WhoHolds(), ElementsAre(HasSubstr("keeps 'card'")));
  pin.reset();
  PollAll();
  EXPECT_EQ(ends_, 1);
}

TEST_F(OwnerEndTest, AnOwnerWithoutRegionsCanBePinned) {
  Owner& disk = Make("disk");
  std::optional<OwnerPin> pin;
  {
    const ReadGuard guard(topology_.rcu());
    pin = disk.TryPin(guard, "timer");
  }
  disk.Retire();
  PollAll();
  EXPECT_EQ(ends_, 0);
  pin.reset();
  delete &disk;
  EXPECT_EQ(ends_, 1);
}

TEST_F(OwnerEndTest, AHolderIsAskedOnceToLetGo) {
  std::optional<OwnerPin> pin;
  {
    const ReadGuard guard(topology_.rcu());
    pin.emplace(guard, bar_, "cache");
  }
  int asked = 0;
  pin->OnReleaseRequested([&] { ++asked; });
  PollAll();
  EXPECT_EQ(asked, 0);
  card_.Retire();
  PollAll();
  PollAll();
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(ends_, 0);
  pin.reset();
  PollAll();
  EXPECT_EQ(ends_, 1);
}

TEST_F(OwnerEndTest, AHolderMayLetGoAtOnce) {
  std::optional<OwnerPin> pin;
  {
    const ReadGuard guard(topology_.rcu());
    pin.emplace(guard, bar_, "cache");
  }
  pin->OnReleaseRequested([&] { pin.reset(); });
  card_.RetireAndWait();
  EXPECT_EQ(ends_, 1);
}

// ---- Regions that end before their owner.

TEST_F(OwnerEndTest, ARegionEndsEarly) {
  Region& part = **topology_.AddMmio(card_, "part", 0x10);
  Region& window = **topology_.AddAlias(board_, "w", bar_, 0, 0x10);
  Ok(topology_.Link(bar_, part, Addr(0)));
  bool was_readable = false;
  EXPECT_TRUE(topology_.Destroy(bar_, [&] {
    ++ends_;
    was_readable = bar_.ram()->host()[1] == std::byte{0};
  }));
  EXPECT_THAT(bus_.children(), IsEmpty());
  EXPECT_EQ(part.container(), nullptr);
  EXPECT_EQ(window.alias_target(), nullptr);
  EXPECT_TRUE(bar_.retired());
  EXPECT_EQ(topology_.Link(bus_, bar_, Addr(0)).code(),
            StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(topology_.SetEnabled(bar_, false).message()),
              HasSubstr("was destroyed"));
  EXPECT_FALSE(topology_.Destroy(bar_));
  EXPECT_EQ(card_.regions().size(), 1u);
  EXPECT_EQ(ends_, 0);
  topology_.CheckInvariants();
  PollAll();
  EXPECT_EQ(ends_, 1);
  EXPECT_TRUE(was_readable);
  EXPECT_FALSE(card_.retired());
  card_.Retire();
  EXPECT_FALSE(topology_.Destroy(part));
}

TEST_F(OwnerEndTest, AReaderOrAPinDelaysARegionsEnd) {
  std::optional<OwnerPin> pin;
  {
    const ReadGuard guard(topology_.rcu());
    topology_.Destroy(bar_, [&] { ++ends_; });
    EXPECT_EQ(bar_.name(), "bar");
    pin.emplace(guard, bar_, "dma");
  }
  PollAll();
  EXPECT_EQ(ends_, 0);
  EXPECT_EQ(bar_.name(), "bar");
  pin.reset();
  PollAll();
  EXPECT_EQ(ends_, 1);
}

TEST_F(OwnerEndTest, PartsEndBeforeTheWhole) {
  std::string order;
  card_.set_finalizer([&] { order += " whole"; });
  std::optional<OwnerPin> pin;
  {
    const ReadGuard guard(topology_.rcu());
    pin.emplace(guard, bar_, "dma");
    // Under the pin, the part's scan stops at another slot than the whole's.
    topology_.Destroy(bar_, [&] { order += " part"; });
    card_.Retire();
  }
  PollAll();
  EXPECT_EQ(order, "");
  pin.reset();
  PollAll();
  EXPECT_EQ(order, " part whole");
}

TEST_F(OwnerEndTest, APartsFinalizerMayEndTheWhole) {
  Owner& disk = Make("disk");
  Region& region = **topology_.AddMmio(disk, "region", 1);
  topology_.Destroy(region, [&] { disk.Retire(); });
  PollAll();
  EXPECT_EQ(ends_, 1);
  delete &disk;
}

// ---- X4.

TEST_F(OwnerEndTest, ATransactionIsRefusedWhileTooMuchWaitsForAReader) {
  Other reader;
  reader.Enter(topology_.rcu());
  absl::Status status;
  int commits = 0;
  for (; status.ok() && commits < 1000; ++commits) {
    status = topology_.SetEnabled(bar_, commits % 2 != 0);
  }
  EXPECT_EQ(commits, 102);
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()),
              ContainsRegex("^X4: 101000 bytes.*thread [0-9]+ "));
  EXPECT_GT(topology_.rcu().waiting_bytes(), 100'000u);
  EXPECT_FALSE(Transaction::Begin(topology_).ok());
  // Ends are exempt.
  EXPECT_TRUE(topology_.Destroy(bus_));
  EXPECT_TRUE(card_.Retire());
  EXPECT_EQ(bar_.container(), nullptr);
  reader.Leave();
  EXPECT_TRUE(topology_.AddMmio(board_, "m", 1).ok());
  EXPECT_EQ(topology_.waiting_bytes(), 0u);
  EXPECT_EQ(topology_.rcu().waiting_bytes(), 0u);
}

// ---- Misuse.

using OwnerEndDeathTest = OwnerEndTest;

TEST_F(OwnerEndDeathTest, WaitingForItself) {
  EXPECT_DEATH(
      {
        const ReadGuard guard(topology_.rcu());
        card_.RetireAndWait();
      },
      "G5: RetireAndWait");
  EXPECT_DEATH(
      {
        const ReadGuard guard(topology_.rcu());
        delete &Make("other");
      },
      "G5: RetireAndWait");
  EXPECT_DEATH(
      {
        const ReadGuard guard(topology_.rcu());
        const CallbackMark mark(guard);
        const GuardPause pause(guard);
        card_.RetireAndWait();
      },
      "G5: RetireAndWait.. inside a callback");
  EXPECT_DEATH(
      {
        const Transaction edit = Transaction::Begin(topology_).value();
        card_.RetireAndWait();
      },
      "X1: the end of an owner");
  EXPECT_DEATH(
      {
        std::optional<OwnerPin> pin;
        {
          const ReadGuard guard(topology_.rcu());
          pin.emplace(guard, bar_, "cache");
        }
        pin->OnReleaseRequested([&] { card_.RetireAndWait(); });
        card_.RetireAndWait();
      },
      "P3: an end is waited for");
}

TEST_F(OwnerEndDeathTest, PollingUnderAGuardOrALock) {
  EXPECT_DEATH(
      {
        const ReadGuard guard(topology_.rcu());
        topology_.Poll();
      },
      "G5: Poll");
  EXPECT_DEATH(
      {
        const Transaction edit = Transaction::Begin(topology_).value();
        topology_.Poll();
      },
      "X1: Poll");
}

TEST_F(OwnerEndDeathTest, AReaderThatOutlivesTheTopology) {
  EXPECT_DEATH(
      {
        auto topology = std::make_unique<Topology>();
        const ReadGuard guard(topology->rcu());
        topology.reset();
      },
      "G2: a domain ended");
}

TEST_F(OwnerEndDeathTest, AFinalizerThatComesTooLate) {
  card_.Retire();
  EXPECT_DEATH(card_.set_finalizer([] {}), "E1: a finalizer");
}

// ---- Threads.

// Owners come and go while others read and pin them; each poisons itself in
// its finalizer, and its memory is unmapped after that.
TEST(OwnerEndStormTest, NobodyFindsWhatHasEnded) {
  Topology topology;
  Owner board(topology, "board");
  constexpr int kSlots = 4;
  static constexpr uint64_t kAlive = 0x5a5a5a5a;
  // How the region of a slot is found: as a cell of a space would be.
  std::atomic<const Region*> found[kSlots] = {};
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> looks{0};
  struct Card {
    Card(Topology& topology, std::atomic<int>& live)
        : count(live), owner(topology, "card", [this] { delete this; }) {
      count.fetch_add(1);
      ram = *topology.AddRam(owner, "ram", 0x1000);
      regs = *topology.AddMmio(owner, "regs", 0x1000);
      Word().store(kAlive, std::memory_order_relaxed);
    }
    ~Card() {
      Word().store(0, std::memory_order_relaxed);
      count.fetch_sub(1);
    }
    std::atomic<uint64_t>& Word() const {
      return *reinterpret_cast<std::atomic<uint64_t>*>(ram->ram()->host());
    }
    std::atomic<int>& count;
    Region* ram = nullptr;
    Region* regs = nullptr;
    Owner owner;
  };
  std::atomic<int> live{0};
  std::vector<std::thread> readers;
  for (int t = 0; t < 3; ++t) {
    readers.emplace_back([&, t] {
      std::optional<OwnerPin> pin;
      const std::byte* pinned = nullptr;
      const auto check = [](const std::byte* host) {
        const auto& word =
            *reinterpret_cast<const std::atomic<uint64_t>*>(host);
        EXPECT_EQ(word.load(std::memory_order_relaxed), kAlive);
      };
      for (uint64_t i = static_cast<uint64_t>(t);
           !stop.load(std::memory_order_relaxed); ++i) {
        const ReadGuard guard(topology.rcu());
        const Region* region =
            found[i % kSlots].load(std::memory_order_acquire);
        if (pinned != nullptr) check(pinned);
        if (region == nullptr) continue;
        check(region->ram()->host());
        if (i % 7 == 0) {
          pinned = region->ram()->host();
          pin.emplace(guard, *region, "storm");
        } else if (i % 31 == 0) {
          pinned = nullptr;
          pin.reset();
        }
        looks.fetch_add(1, std::memory_order_relaxed);
      }
    });
  }
  topology.rcu().StartPolling();
  Card* cards[kSlots] = {};
  const auto until =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(500);
  for (int i = 0; std::chrono::steady_clock::now() < until || i < 100; ++i) {
    const int slot = i % kSlots;
    if (cards[slot] != nullptr) {
      found[slot].store(nullptr, std::memory_order_release);
      if (i % 3 == 0) topology.Destroy(*cards[slot]->regs);
      cards[slot]->owner.Retire();
    }
    cards[slot] = new Card(topology, live);
    found[slot].store(cards[slot]->ram, std::memory_order_release);
    if (i % 5 == 0) topology.Poll();
  }
  for (int slot = 0; slot < kSlots; ++slot) {
    found[slot].store(nullptr, std::memory_order_release);
    cards[slot]->owner.Retire();
  }
  stop.store(true, std::memory_order_relaxed);
  for (std::thread& reader : readers) reader.join();
  while (live.load() != 0) topology.Poll();
  EXPECT_GT(looks.load(), 100u);
}

}  // namespace
}  // namespace planish
