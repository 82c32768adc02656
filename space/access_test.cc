#include "planish/space/access.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/regions/access_attributes.h"
#include "planish/regions/owner.h"
#include "planish/regions/ram_block.h"
#include "planish/regions/region.h"
#include "planish/regions/region_ops.h"
#include "planish/regions/topology.h"
#include "planish/space/access_log.h"
#include "planish/space/address_space.h"
#include "planish/space/device_access.h"
#include "planish/space/recording_device_for_test.h"

namespace planish {
namespace {

using testing::ElementsAre;

constexpr AccessResult kOk = AccessResult::kOk;
constexpr AccessResult kDecodeError = AccessResult::kDecodeError;
constexpr AccessResult kAccessError = AccessResult::kAccessError;

// One of each kind, 0x1000 apart:
//   0000 ram   1000 rom   2000 flash   3000 bar (RAM device)
//   4000 regs  5000 reservation        6000 ram's first page, read-only
//   7000 a hole, then nothing
class AccessTest : public testing::Test {
 protected:
  AccessTest() {
    Link(ram_, 0);
    Link(rom_, 0x1000);
    Link(flash_, 0x2000);
    Link(bar_, 0x3000);
    Link(regs_, 0x4000);
    Link(**topology_.AddReservation(board_, "none", 0x1000), 0x5000);
    Region& window = **topology_.AddAlias(board_, "window", ram_, 0, 0x1000);
    PLANISH_CHECK_OK(topology_.SetReadonly(window, true));
    Link(window, 0x6000);
    space_ = AddressSpace::Create(board_, "cpu", system_).value();
    for (Region* r : {&ram_, &rom_, &flash_, &bar_}) {
      for (uint64_t i = 0; i < r->ram()->size_bytes(); ++i) {
        Host(*r)[i] = static_cast<std::byte>(i * 7 + r->name().size());
      }
    }
  }

  void Link(Region& region, uint64_t at) {
    PLANISH_CHECK_OK(topology_.Link(system_, region, Addr(at)));
  }
  static std::byte* Host(const Region& region) { return region.ram()->host(); }
  // Eight bytes of a region's memory, as a number of the host.
  static uint64_t Word(const Region& region, uint64_t offset) {
    uint64_t word = 0;
    std::memcpy(&word, Host(region) + offset, sizeof(word));
    return word;
  }

  Loaded<uint32_t> Load4(uint64_t at, AccessAttributes attributes = {}) const {
    return LoadLe<uint32_t>(guard_, *space_, Addr(at), attributes, options_);
  }
  AccessResult Store4(uint64_t at, uint32_t value,
                      AccessAttributes attributes = {}) const {
    return StoreLe<uint32_t>(guard_, *space_, Addr(at), value, attributes,
                             options_);
  }

  Topology topology_;
  Owner board_{topology_, "board"};
  RecordingDevice device_{{1, 8, false}, {1, 8, false}};
  RecordingDevice flash_device_{{1, 8, false}, {1, 8, false}};
  Region& system_ = **topology_.AddContainer(board_, "system");
  Region& ram_ = **topology_.AddRam(board_, "ram", 0x1000);
  Region& rom_ = **topology_.AddRom(board_, "rom", 0x1000);
  Region& flash_ = **topology_.AddRomDevice(
      board_, "flash", 0x1000, RamBacking::Anonymous(), flash_device_.io());
  std::array<std::byte, 0x1000> bar_memory_;
  Region& bar_ = **topology_.AddRamDevice(
      board_, "bar", 0x1000, RamBacking::Pointer(bar_memory_.data()));
  Region& regs_ = **topology_.AddMmio(board_, "regs", 0x1000, device_.io());
  const AddressSpace* space_;
  AccessOptions options_;
  // Last: it goes first.
  const ReadGuard guard_{topology_.rcu()};
};

// ---- Widths and orders.

TEST_F(AccessTest, EveryWidthAtEveryAlignment) {
  for (uint64_t at = 0x100; at < 0x110; ++at) {
    const uint64_t word = Word(ram_, at);
    EXPECT_EQ(Load<uint8_t>(guard_, *space_, Addr(at)).value,
              static_cast<uint8_t>(word));
    EXPECT_EQ(Load<uint16_t>(guard_, *space_, Addr(at)).value,
              static_cast<uint16_t>(word));
    EXPECT_EQ(Load<uint32_t>(guard_, *space_, Addr(at)).value,
              static_cast<uint32_t>(word));
    EXPECT_EQ(Load<uint64_t>(guard_, *space_, Addr(at)),
              (Loaded<uint64_t>{kOk, word}));
  }
  for (uint64_t at = 0x200; at < 0x210; ++at) {
    EXPECT_EQ(Store<uint64_t>(guard_, *space_, Addr(at), ~at), kOk);
    EXPECT_EQ(Word(ram_, at), ~at);
    EXPECT_EQ(Store<uint16_t>(guard_, *space_, Addr(at), uint16_t{0xabcd}),
              kOk);
    EXPECT_EQ(static_cast<uint16_t>(Word(ram_, at)), 0xabcd);
    // Not a byte more.
    EXPECT_EQ(Word(ram_, at) >> 16, ~at >> 16);
  }
}

TEST_F(AccessTest, OrdersInMemory) {
  EXPECT_EQ(StoreLe<uint32_t>(guard_, *space_, Addr(0x10), 0x11223344), kOk);
  EXPECT_EQ(Host(ram_)[0x10], std::byte{0x44});
  EXPECT_EQ(LoadLe<uint32_t>(guard_, *space_, Addr(0x10)).value, 0x11223344u);
  EXPECT_EQ(LoadBe<uint32_t>(guard_, *space_, Addr(0x10)).value, 0x44332211u);
  EXPECT_EQ(StoreBe<uint16_t>(guard_, *space_, Addr(0x20), 0x1234), kOk);
  EXPECT_EQ(Host(ram_)[0x20], std::byte{0x12});
  EXPECT_EQ(LoadBe<uint16_t>(guard_, *space_, Addr(0x20)).value, 0x1234u);
  EXPECT_EQ(StoreBe<uint64_t>(guard_, *space_, Addr(0x30), 0x0102030405060708),
            kOk);
  EXPECT_EQ(LoadLe<uint64_t>(guard_, *space_, Addr(0x30)).value,
            0x0807060504030201u);
  EXPECT_EQ(StoreBe<uint8_t>(guard_, *space_, Addr(0x40), 9), kOk);
  EXPECT_EQ(LoadBe<uint8_t>(guard_, *space_, Addr(0x40)).value, 9u);
}

TEST_F(AccessTest, OrdersAtADevice) {
  EXPECT_EQ(LoadLe<uint32_t>(guard_, *space_, Addr(0x4000)).value, 0x13121110u);
  EXPECT_EQ(LoadBe<uint32_t>(guard_, *space_, Addr(0x4000)).value, 0x10111213u);
  EXPECT_EQ(StoreBe<uint16_t>(guard_, *space_, Addr(0x4002), 0x1234), kOk);
  EXPECT_EQ(device_.calls(), "r(0,4) r(0,4) w(2,2)=3412");
  device_.ops().order = ByteOrder::kBig;
  Link(**topology_.AddMmio(board_, "big", 0x1000, device_.io()), 0x8000);
  EXPECT_EQ(LoadBe<uint16_t>(guard_, *space_, Addr(0x8006)).value, 0x1617u);
  EXPECT_EQ(StoreLe<uint16_t>(guard_, *space_, Addr(0x8006), 0x1234), kOk);
  EXPECT_EQ(device_.calls(), "r(6,2) w(6,2)=3412");
}

// ---- R5.3: what goes to memory.

TEST_F(AccessTest, Ram) {
  EXPECT_EQ(Store4(0x10, 0x01020304), kOk);
  EXPECT_EQ(Load4(0x10), (Loaded<uint32_t>{kOk, 0x01020304}));
}

TEST_F(AccessTest, RomIsReadAndDropsWrites) {
  const uint64_t before = Word(rom_, 0x10);
  EXPECT_EQ(Load4(0x1010).value, static_cast<uint32_t>(before));
  EXPECT_EQ(Store4(0x1010, 7), kDecodeError);
  EXPECT_EQ(Word(rom_, 0x10), before);
  EXPECT_EQ(Store4(0x1010, 7, {.debug = true}), kOk);
  EXPECT_EQ(Load4(0x1010).value, 7u);
}

TEST_F(AccessTest, RomDeviceReadsMemoryAndWritesToItsCallbacks) {
  const uint64_t before = Word(flash_, 0x10);
  EXPECT_EQ(Load4(0x2010).value, static_cast<uint32_t>(before));
  EXPECT_EQ(Store4(0x2010, 7), kOk);
  EXPECT_EQ(flash_device_.calls(), "w(10,4)=7");
  EXPECT_EQ(Word(flash_, 0x10), before);
  EXPECT_EQ(Store4(0x2010, 7, {.debug = true}), kOk);
  EXPECT_EQ(flash_device_.calls(), "");
  EXPECT_EQ(Load4(0x2010).value, 7u);
}

TEST_F(AccessTest, RomDeviceInMmioModeIsAllCallbacks) {
  PLANISH_CHECK_OK(topology_.SetRomd(flash_, false));
  EXPECT_EQ(Load4(0x2000), (Loaded<uint32_t>{kOk, 0x13121110}));
  EXPECT_EQ(Store4(0x2008, 7), kOk);
  EXPECT_EQ(Store4(0x2008, 8, {.debug = true}), kOk);
  EXPECT_EQ(flash_device_.calls(), "r(0,4) w(8,4)=7 w(8,4)=8");
}

TEST_F(AccessTest, RamDeviceIsMemory) {
  EXPECT_EQ(Store4(0x3010, 0x55667788), kOk);
  EXPECT_EQ(bar_memory_[0x13], std::byte{0x55});
  EXPECT_EQ(Load4(0x3010).value, 0x55667788u);
}

TEST_F(AccessTest, ReservationsAndHolesRejectAndReadAsZero) {
  for (const uint64_t at : {0x5000, 0x5ffe, 0x7000}) {
    EXPECT_EQ(Load4(at), (Loaded<uint32_t>{kDecodeError, 0}));
    EXPECT_EQ(Store4(at, 7), kDecodeError);
    EXPECT_EQ(Store4(at, 7, {.debug = true}), kDecodeError);
  }
  EXPECT_EQ(Load<uint64_t>(guard_, *space_, Addr::Max()).result, kDecodeError);
}

TEST_F(AccessTest, RamWithoutHostMemoryIsRejected) {
  Region& ghost =
      **topology_.AddRam(board_, "ghost", 0x1000, RamBacking::None());
  Link(ghost, 0x8000);
  EXPECT_EQ(Load4(0x8000), (Loaded<uint32_t>{kDecodeError, 0}));
  EXPECT_EQ(Store4(0x8000, 1), kDecodeError);
  EXPECT_EQ(Load4(0x8000, {.memory_only = true}).result, kDecodeError);
}

TEST_F(AccessTest, AnIommuWithoutATranslationIsRejected) {
  Link(**topology_.AddIommu(board_, "iommu", 0x1000), 0x8000);
  EXPECT_EQ(Load4(0x8000), (Loaded<uint32_t>{kDecodeError, 0}));
  EXPECT_EQ(Store4(0x8000, 1), kDecodeError);
}

// ---- R5.7: borders.

TEST_F(AccessTest, WhatHangsOverTheEndOfMemoryIsRejectedWhole) {
  const uint64_t before = Word(ram_, 0xff8);
  EXPECT_EQ(Load4(0xffe), (Loaded<uint32_t>{kDecodeError, 0}));
  EXPECT_EQ(Store4(0xffe, 7), kDecodeError);
  EXPECT_EQ(Word(ram_, 0xff8), before);
  EXPECT_EQ(Load4(0xffc).value, static_cast<uint32_t>(before >> 32));
  EXPECT_EQ(Load4(0x1ffe).result, kDecodeError);
  EXPECT_EQ(Load4(0x2ffe).result, kDecodeError);
  EXPECT_EQ(Store4(0x2ffe, 7, {.debug = true}), kDecodeError);
  EXPECT_EQ(flash_device_.calls(), "");
}

TEST_F(AccessTest, ADeviceGetsFullWidthAtItsLastByte) {
  device_.ops().valid = {1, 8, true};
  Region& regs = **topology_.AddMmio(board_, "odd", 0x10, device_.io());
  Link(regs, 0x8000);
  Load4(0x800f);
  Store4(0x800e, 5);
  EXPECT_EQ(device_.calls(), "r(f,4) w(e,4)=5");
}

// ---- R5.10, and its option.

TEST_F(AccessTest, AReadOnlyWindowKeepsWritesFromRamUnlessAsked) {
  const uint64_t before = Word(ram_, 0x10);
  EXPECT_EQ(Load4(0x6010).value, static_cast<uint32_t>(before));
  EXPECT_EQ(Store4(0x6010, 7), kDecodeError);
  EXPECT_EQ(Word(ram_, 0x10), before);
  EXPECT_EQ(Store4(0x6010, 8, {.debug = true}), kOk);
  EXPECT_EQ(Load4(0x10).value, 8u);
  options_.r5_10_windows_are_writable = true;
  EXPECT_EQ(Store4(0x6010, 7), kOk);
  EXPECT_EQ(Load4(0x10).value, 7u);
  // A region's own flag counts for QEMU too.
  EXPECT_EQ(Store4(0x1010, 7), kDecodeError);
}

// ---- Attributes.

TEST_F(AccessTest, MemoryOnlyMeansMemoryOnly) {
  const AccessAttributes only = {.memory_only = true};
  EXPECT_EQ(Load4(0x10, only).result, kOk);
  EXPECT_EQ(Load4(0x1010, only).result, kOk);
  EXPECT_EQ(Load4(0x3010, only).result, kOk);
  EXPECT_EQ(Store4(0x10, 1, only), kOk);
  EXPECT_EQ(Store4(0x1010, 1, only), kDecodeError);
  for (const uint64_t at : {0x4000, 0x5000, 0x7000}) {
    EXPECT_EQ(Load4(at, only), (Loaded<uint32_t>{kAccessError, 0})) << at;
    EXPECT_EQ(Store4(at, 1, only), kAccessError) << at;
  }
  EXPECT_EQ(Store4(0x2010, 1, only), kAccessError);
  EXPECT_EQ(device_.calls() + flash_device_.calls(), "");
}

TEST_F(AccessTest, AttributesReachTheDevice) {
  const AccessAttributes who = {.secure = true, .requester_id = 0x42};
  Load4(0x4000, who);
  EXPECT_EQ(device_.attributes(), who);
  Store4(0x4000, 1);
  EXPECT_EQ(device_.attributes(), AccessAttributes{});
}

TEST_F(AccessTest, DeviceErrorsComeBack) {
  device_.result = AccessResult::kDeviceError;
  EXPECT_EQ(Load4(0x4000).result, AccessResult::kDeviceError);
  EXPECT_EQ(Store4(0x4000, 1), AccessResult::kDeviceError);
}

// ---- The log.

TEST_F(AccessTest, TheLogHearsOfWhatFails) {
  std::vector<std::string> said;
  AccessLog log(
      [](void* of, const AccessReport& report) {
        std::ostringstream out;
        out << report;
        static_cast<std::vector<std::string>*>(of)->push_back(out.str());
      },
      &said);
  options_.log = &log;
  Load4(0x10);
  Load4(0x7010);
  Store4(0x1010, 7);
  Store4(0x5010, 7);
  Load4(0x4010, {.memory_only = true});
  Load4(0x4011);
  EXPECT_THAT(said, ElementsAre("read of 4 bytes at 0x7010: unassigned",
                                "write of 4 bytes at 'rom' +0x10: rejected",
                                "write of 4 bytes at 'none' +0x10: rejected",
                                "read of 4 bytes at 'regs' +0x10: denied",
                                "read of 4 bytes at 'regs' +0x11: rejected"));
}

// ---- A device that does DMA to itself.

TEST_F(AccessTest, DmaToItsOwnRegistersEndsWithAnAccessError) {
  AccessResult self = kOk;
  AccessResult memory = kOk;
  device_.inside = [&] {
    memory = Store4(0x10, 0x77);
    self = Store4(0x4020, 0x77);
  };
  EXPECT_EQ(Store4(0x4000, 1), kOk);
  EXPECT_EQ(memory, kOk);
  EXPECT_EQ(self, kAccessError);
  EXPECT_EQ(device_.calls(), "w(0,4)=1");
  EXPECT_EQ(Load<uint8_t>(guard_, *space_, Addr(0x10)).value, 0x77u);
}

// ---- Litmus: an aligned access is one.

template <typename T>
class LitmusTest : public testing::Test {};
using Words = testing::Types<uint16_t, uint32_t, uint64_t>;
TYPED_TEST_SUITE(LitmusTest, Words);

TYPED_TEST(LitmusTest, AlignedAccessesAreWhole) {
  using T = TypeParam;
  Topology topology;
  Owner board(topology, "board");
  Region& ram = **topology.AddRam(board, "ram", 0x1000);
  const auto space = AddressSpace::Create(board, "cpu", ram).value();
  constexpr T kOnes = static_cast<T>(~T{0});
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    const ReadGuard guard(topology.rcu());
    for (T value = 0; !stop.load(std::memory_order_relaxed);
         value = static_cast<T>(~value)) {
      Store<T>(guard, *space, Addr(0x40), value);
    }
  });
  const ReadGuard guard(topology.rcu());
  int torn = 0;
  int seen[2] = {0, 0};
  for (int i = 0; i < 20000 || seen[0] == 0 || seen[1] == 0; ++i) {
    const T value = Load<T>(guard, *space, Addr(0x40)).value;
    if (value != 0 && value != kOnes) ++torn;
    ++seen[value != 0];
  }
  stop.store(true, std::memory_order_relaxed);
  writer.join();
  EXPECT_EQ(torn, 0);
}

}  // namespace
}  // namespace planish
