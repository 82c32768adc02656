#include "planish/space/call_chain.h"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <latch>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/base/rcu/rcu_domain.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/regions/owner.h"
#include "planish/regions/ram_block.h"
#include "planish/regions/region.h"
#include "planish/regions/region_ops.h"
#include "planish/regions/topology.h"
#include "planish/regions/transaction.h"
#include "planish/space/access.h"
#include "planish/space/address_space.h"
#include "planish/space/bulk_access.h"
#include "planish/space/recording_device_for_test.h"

namespace planish {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr AccessResult kOk = AccessResult::kOk;

//   0000 old RAM, full of 1; or, after MoveRam(), new RAM, full of 2
//   1000 registers without a lock   2000 registers with one   3000 as at 0
class CallChainTest : public testing::Test {
 protected:
  CallChainTest() {
    for (auto [ram, byte] :
         {std::pair(&old_ram_, 1), std::pair(&new_ram_, 2)}) {
      for (uint64_t i = 0; i < 0x1000; ++i) {
        ram->ram()->host()[i] = static_cast<std::byte>(byte);
      }
    }
    Link(*low_, 0);
    Link(free_, 0x1000);
    Link(locked_, 0x2000);
    Link(*high_, 0x3000);
  }

  void Link(Region& region, uint64_t at) {
    PLANISH_CHECK_OK(topology_.Link(system_, region, Addr(at)));
  }
  // Both windows show the other RAM from now on.
  void MoveRam() {
    auto move = Transaction::Begin(topology_);
    PLANISH_CHECK_OK(move);
    for (Region* window : {low_, high_}) {
      PLANISH_CHECK_OK(topology_.SetAliasOffset(*window, 0x1000));
    }
    PLANISH_CHECK_OK(move->Commit());
  }
  RegionIo Locked(RecordingDevice& device) {
    RegionIo io = device.io();
    io.lock = RegionLock::Of(mutex_);
    return io;
  }
  Loaded<uint32_t> LoadAt(uint64_t at) {
    const ReadGuard guard(topology_.rcu());
    return Load<uint32_t>(guard, *space_, Addr(at));
  }
  // Nobody reads from before now: then a grace period would be over.
  bool NobodyInside() {
    return topology_.rcu().Passed(topology_.rcu().Advance());
  }
  std::vector<std::string> Pinned() {
    std::vector<std::string> names;
    const auto all = topology_.rcu().Pins([](const void*) { return true; });
    for (const RcuDomain::PinReport& pin : all) {
      names.push_back(static_cast<const Region*>(pin.key)->name());
    }
    return names;
  }

  Topology topology_;
  Owner board_{topology_, "board"};
  RecordingDevice free_device_{{1, 4, false}, {1, 4, false}};
  RecordingDevice locked_device_{{1, 4, false}, {1, 4, false}};
  std::mutex mutex_;
  Region& system_ = **topology_.AddContainer(board_, "system");
  Region& rams_ = **topology_.AddContainer(board_, "rams");
  Region& old_ram_ = **topology_.AddRam(board_, "old", 0x1000);
  Region& new_ram_ = **topology_.AddRam(board_, "new", 0x1000);
  Region* low_ = Window("low");
  Region* high_ = Window("high");
  Region& free_ =
      **topology_.AddMmio(board_, "free", 0x1000, free_device_.io());
  Region& locked_ =
      **topology_.AddMmio(board_, "locked", 0x1000, Locked(locked_device_));
  AddressSpace* const space_ =
      AddressSpace::Create(board_, "cpu", system_).value();

 private:
  Region* Window(const std::string& name) {
    if (old_ram_.container() == nullptr) {
      PLANISH_CHECK_OK(topology_.Link(rams_, old_ram_, Addr(0)));
      PLANISH_CHECK_OK(topology_.Link(rams_, new_ram_, Addr(0x1000)));
    }
    return *topology_.AddAlias(board_, name, rams_, 0, 0x1000);
  }
};

// ---- C1.

TEST_F(CallChainTest, WithoutALockItIsEnteredInsideTheGuard) {
  bool inside = false;
  free_device_.inside = [&] {
    inside = !NobodyInside();
    EXPECT_THAT(Pinned(), IsEmpty());
  };
  const ReadGuard guard(topology_.rcu());
  const uint32_t before = guard.interrupted();
  EXPECT_EQ(Load<uint32_t>(guard, *space_, Addr(0x1000)).result, kOk);
  EXPECT_TRUE(inside);
  EXPECT_EQ(guard.interrupted(), before);
}

TEST_F(CallChainTest, WithALockItIsEnteredOutsidePinned) {
  bool outside = false;
  locked_device_.inside = [&] {
    outside = NobodyInside();
    EXPECT_THAT(Pinned(), ElementsAre("locked"));
    EXPECT_FALSE(mutex_.try_lock()) << "it is held";
  };
  const ReadGuard guard(topology_.rcu());
  const uint32_t before = guard.interrupted();
  EXPECT_EQ(Load<uint32_t>(guard, *space_, Addr(0x2000)).result, kOk);
  EXPECT_TRUE(outside);
  EXPECT_EQ(guard.interrupted(), before + 1);
  EXPECT_THAT(Pinned(), IsEmpty());
  EXPECT_FALSE(NobodyInside()) << "the guard is back";
  EXPECT_TRUE(mutex_.try_lock());
  mutex_.unlock();
}

TEST_F(CallChainTest, ALockInsideACallbackPinsThatOnesOwnerToo) {
  bool outside = false;
  free_device_.inside = [&] {
    EXPECT_EQ(LoadAt(0x2000).result, kOk);  // DMA, to the locked registers.
    // This callback has been outside, so only its pin keeps its owner now.
    EXPECT_THAT(Pinned(), ElementsAre("free"));
  };
  locked_device_.inside = [&] {
    outside = NobodyInside();
    EXPECT_THAT(Pinned(), UnorderedElementsAre("free", "locked"));
  };
  EXPECT_EQ(LoadAt(0x1000).result, kOk);
  EXPECT_TRUE(outside);
  EXPECT_THAT(Pinned(), IsEmpty());
}

TEST_F(CallChainTest, InQuiescentStateModeToo) {
  bool outside = false;
  locked_device_.inside = [&] { outside = NobodyInside(); };
  RcuReader cpu(topology_.rcu());
  cpu.Online();
  EXPECT_EQ(Load<uint32_t>(cpu, *space_, Addr(0x2000)).result, kOk);
  EXPECT_TRUE(outside);
  EXPECT_TRUE(cpu.Quiesce()) << "what was found before is gone";
  cpu.Offline();
}

// One thread waits in a guard for a device's lock, another one has the lock and
// waits for readers. With the guard kept, neither ever goes on.
TEST_F(CallChainTest, OneWhoHoldsTheLockMayWaitForReaders) {
  std::latch has_lock(1);
  std::atomic<bool> waits{false};
  std::thread holder([&] {
    const std::lock_guard held(mutex_);
    has_lock.count_down();
    // Until the other one is in its guard or past it, or a moment has gone by.
    for (int i = 0; i < 1000 && !waits.load(); ++i) std::this_thread::yield();
    topology_.rcu().Synchronize();
  });
  has_lock.wait();
  {
    const ReadGuard guard(topology_.rcu());
    waits.store(true);
    EXPECT_EQ(Load<uint32_t>(guard, *space_, Addr(0x2000)).result, kOk);
  }
  holder.join();
}

// ---- C2.

TEST_F(CallChainTest, BlockingScopePinsTheWholeChainUntilItReturns) {
  RecordingDevice outer_device({1, 4, false}, {1, 4, false});
  Owner card(topology_, "card");
  Region& outer = **topology_.AddMmio(card, "outer", 0x1000, outer_device.io());
  Link(outer, 0x8000);
  outer_device.inside = [&] {
    EXPECT_EQ(LoadAt(0x1000).result, kOk);
    EXPECT_THAT(Pinned(), ElementsAre("outer"));
  };
  free_device_.inside = [&] {
    EXPECT_FALSE(NobodyInside());
    {
      const BlockingScope blocks;
      EXPECT_TRUE(NobodyInside());
      EXPECT_THAT(Pinned(), UnorderedElementsAre("free", "outer"));
      const BlockingScope again;  // There is nothing left to leave.
    }
    EXPECT_FALSE(NobodyInside());
    EXPECT_THAT(Pinned(), UnorderedElementsAre("free", "outer"));
  };
  EXPECT_EQ(LoadAt(0x8000).result, kOk);
  EXPECT_THAT(Pinned(), IsEmpty());
}

TEST_F(CallChainTest, BlockingScopeLeavesTheGuardsOfAllDomains) {
  Topology other;
  Owner owner(other, "other");
  RecordingDevice far_device({1, 4, false}, {1, 4, false});
  Region& root = **other.AddContainer(owner, "root");
  Region& far = **other.AddMmio(owner, "far", 0x1000, far_device.io());
  PLANISH_CHECK_OK(other.Link(root, far, Addr(0)));
  const AddressSpace& space = *AddressSpace::Create(owner, "far", root).value();
  bool outside = false;
  free_device_.inside = [&] {
    const ReadGuard guard(other.rcu());
    EXPECT_EQ(Load<uint32_t>(guard, space, Addr(0)).result, kOk);
  };
  far_device.inside = [&] {
    const BlockingScope blocks;
    outside = NobodyInside() && other.rcu().Passed(other.rcu().Advance());
  };
  EXPECT_EQ(LoadAt(0x1000).result, kOk);
  EXPECT_TRUE(outside);
}

// ---- Loops translate the rest anew, if a callback has left the guard.

// Each reaches over RAM, registers at 0x1000 or 0x2000, and RAM again; the
// callback moves the RAM.
class LoopTest : public CallChainTest {
 protected:
  // The last byte that Read() sees behind the registers at `regs`.
  std::byte ReadOver(uint64_t regs) {
    std::array<std::byte, 0x3000> buffer;
    const ReadGuard guard(topology_.rcu());
    const BulkResult got =
        Read(guard, *space_, Addr(regs + 0xffc),
             absl::MakeSpan(buffer).first(0x3000 - regs + 4));
    EXPECT_EQ(got.result, kOk);
    return buffer[0x3000 - regs + 3];
  }
  bool OnceInside(std::function<void()> call) {
    if (moved_) return false;
    moved_ = true;
    call();
    return true;
  }
  void MoveOnce() {
    if (std::exchange(moved_, true)) return;
    MoveRam();
  }
  void SetUp() override {
    // So that each loop meets RAM right behind the registers.
    PLANISH_CHECK_OK(topology_.SetAddress(*high_, Addr(0x3000)));
  }

  bool moved_ = false;
};

TEST_F(LoopTest, OneVersionForACallThatIsNotInterrupted) {
  // From inside the guard: the rest is as it was when the call began.
  PLANISH_CHECK_OK(topology_.Unlink(locked_));
  PLANISH_CHECK_OK(topology_.SetAddress(free_, Addr(0x2000)));
  free_device_.inside = [this] { MoveOnce(); };
  EXPECT_EQ(ReadOver(0x2000), std::byte{1});
  EXPECT_EQ(ReadOver(0x2000), std::byte{2}) << "the next call sees it";
}

TEST_F(LoopTest, ReadGoesOnInTheNewVersionBehindALock) {
  locked_device_.inside = [this] { MoveOnce(); };
  EXPECT_EQ(ReadOver(0x2000), std::byte{2});
}

TEST_F(LoopTest, ReadGoesOnInTheNewVersionAfterABlockingScope) {
  PLANISH_CHECK_OK(topology_.Unlink(locked_));
  PLANISH_CHECK_OK(topology_.SetAddress(free_, Addr(0x2000)));
  free_device_.inside = [this] {
    const BlockingScope blocks;
    MoveOnce();
  };
  EXPECT_EQ(ReadOver(0x2000), std::byte{2});
}

TEST_F(LoopTest, WriteAndFill) {
  for (const bool fills : {false, true}) {
    moved_ = false;
    PLANISH_CHECK_OK(topology_.SetAliasOffset(*high_, 0));
    locked_device_.inside = [this] { MoveOnce(); };
    const std::vector<std::byte> from(8, std::byte{7});
    const ReadGuard guard(topology_.rcu());
    const BulkResult did =
        fills ? Fill(guard, *space_, Addr(0x2ffc), std::byte{7}, 8)
              : Write(guard, *space_, Addr(0x2ffc), from);
    EXPECT_EQ(did, (BulkResult{kOk, 8}));
    EXPECT_EQ(old_ram_.ram()->host()[0], std::byte{1}) << fills;
    EXPECT_EQ(new_ram_.ram()->host()[0], std::byte{7}) << fills;
    new_ram_.ram()->host()[0] = std::byte{2};
  }
}

TEST_F(LoopTest, CopyFromAndTo) {
  for (const bool from : {false, true}) {
    moved_ = false;
    PLANISH_CHECK_OK(topology_.SetAliasOffset(*high_, 0));
    PLANISH_CHECK_OK(topology_.SetAliasOffset(*low_, 0));
    locked_device_.inside = [this] { MoveOnce(); };
    old_ram_.ram()->host()[0x804] = new_ram_.ram()->host()[0x804] =
        std::byte{9};
    const ReadGuard guard(topology_.rcu());
    const Addr there(0x2ffc);  // Registers, then RAM.
    const Addr here(0x800);
    const BulkResult did = from ? Copy(guard, *space_, there, *space_, here, 8)
                                : Copy(guard, *space_, here, *space_, there, 8);
    EXPECT_EQ(did, (BulkResult{kOk, 8}));
    if (from) {
      EXPECT_EQ(new_ram_.ram()->host()[0x804], new_ram_.ram()->host()[0]);
      EXPECT_EQ(old_ram_.ram()->host()[0x804], std::byte{9});
    } else {
      EXPECT_EQ(old_ram_.ram()->host()[0], std::byte{1});
      EXPECT_EQ(new_ram_.ram()->host()[0], std::byte{9});
    }
    new_ram_.ram()->host()[0] = std::byte{2};
  }
}

// ---- Misuse.

using CallChainDeathTest = CallChainTest;

TEST_F(CallChainDeathTest, WaitingForReadersInACallback) {
  for (const uint64_t at : {0x1000, 0x2000}) {
    const auto wait = [this] { topology_.rcu().Synchronize(); };
    free_device_.inside = wait;
    locked_device_.inside = wait;
    EXPECT_DEATH(LoadAt(at), "G5") << at;
  }
}

TEST_F(CallChainDeathTest, QuiescentInACallback) {
  RcuReader cpu(topology_.rcu());
  cpu.Online();
  free_device_.inside = [&] { cpu.Quiesce(); };
  EXPECT_DEATH(Load<uint32_t>(cpu, *space_, Addr(0x1000)),
               "G3: quiescent inside a callback");
  cpu.Offline();
  EXPECT_DEATH(BlockingScope(), "C2: a BlockingScope outside of callbacks");
}

}  // namespace
}  // namespace planish
