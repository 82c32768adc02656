#include "planish/space/bulk_access.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "absl/types/span.h"
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

using testing::Each;

constexpr AccessResult kOk = AccessResult::kOk;
constexpr AccessResult kDecodeError = AccessResult::kDecodeError;
constexpr AccessResult kAccessError = AccessResult::kAccessError;
constexpr AccessResult kDeviceError = AccessResult::kDeviceError;

//   0000 ram   1000 rom   2000 flash   3000 regs   4000 a hole   5000 ram @2000
//   6000 reservation      7000 ram's first page, read-only       8000 nothing
class BulkAccessTest : public testing::Test {
 protected:
  BulkAccessTest() {
    Window(0, 0x1000, 0);
    Link(rom_, 0x1000);
    Link(flash_, 0x2000);
    Link(regs_, 0x3000);
    Window(0x2000, 0x1000, 0x5000);
    Link(**topology_.AddReservation(board_, "none", 0x1000), 0x6000);
    PLANISH_CHECK_OK(topology_.SetReadonly(Window(0, 0x1000, 0x7000), true));
    space_ = AddressSpace::Create(board_, "cpu", system_).value();
    for (Region* r : {&ram_, &rom_, &flash_}) {
      for (uint64_t i = 0; i < r->ram()->size_bytes(); ++i) {
        r->ram()->host()[i] = Pattern(i, r->name().size());
      }
    }
  }

  static std::byte Pattern(uint64_t i, uint64_t salt) {
    return static_cast<std::byte>((i * 37 + (i >> 8) + salt) % 251 + 1);
  }
  void Link(Region& region, uint64_t at) {
    PLANISH_CHECK_OK(topology_.Link(system_, region, Addr(at)));
  }
  Region& Window(uint64_t offset, uint64_t size, uint64_t at) {
    Region& window = **topology_.AddAlias(board_, "window", ram_, offset, size);
    Link(window, at);
    return window;
  }
  // The device as its ops are now, over all else at `at`.
  void Relink(uint64_t at, bool strict = false, ByteCount size = 0x1000) {
    Region& regs =
        **topology_.AddMmio(board_, "regs", size, device_.io(strict));
    PLANISH_CHECK_OK(topology_.Link(system_, regs, Addr(at), ++priority_));
  }

  // Into buffer_, which is full of 0xaa before.
  BulkResult ReadAt(uint64_t at, size_t bytes,
                    AccessAttributes attributes = {}) {
    buffer_.assign(bytes, std::byte{0xaa});
    return Read(guard_, *space_, Addr(at), absl::MakeSpan(buffer_), attributes,
                options_);
  }
  BulkResult WriteAt(uint64_t at, size_t bytes,
                     AccessAttributes attributes = {}) {
    buffer_.resize(bytes);
    for (size_t i = 0; i < bytes; ++i) buffer_[i] = Pattern(i, 99);
    return Write(guard_, *space_, Addr(at), buffer_, attributes, options_);
  }
  absl::Span<const std::byte> Buffer(size_t from, size_t bytes) const {
    return absl::MakeConstSpan(buffer_).subspan(from, bytes);
  }
  static absl::Span<std::byte> Memory(const Region& region, uint64_t offset,
                                      size_t bytes) {
    return {region.ram()->host() + offset, bytes};
  }

  Topology topology_;
  Owner board_{topology_, "board"};
  RecordingDevice device_{{1, 4, false}, {1, 4, false}};
  RecordingDevice flash_device_{{1, 4, false}, {1, 4, false}};
  Region& system_ = **topology_.AddContainer(board_, "system");
  Region& ram_ = **topology_.AddRam(board_, "ram", 0x4000);
  Region& rom_ = **topology_.AddRom(board_, "rom", 0x1000);
  Region& flash_ = **topology_.AddRomDevice(
      board_, "flash", 0x1000, RamBacking::Anonymous(), flash_device_.io());
  Region& regs_ = **topology_.AddMmio(board_, "regs", 0x1000, device_.io());
  const AddressSpace* space_;
  AccessOptions options_;
  std::vector<std::byte> buffer_;
  int32_t priority_ = 0;
  // Last: it goes first.
  const ReadGuard guard_{topology_.rcu()};
};

// ---- R5.4: reading and writing.

TEST_F(BulkAccessTest, NoBytesAreAlwaysFine) {
  EXPECT_EQ(ReadAt(0x4000, 0), BulkResult{});
  EXPECT_EQ(WriteAt(0x1000, 0), BulkResult{});
  EXPECT_EQ(Fill(guard_, *space_, Addr(0x4000), std::byte{1}, 0), BulkResult{});
  EXPECT_EQ(Copy(guard_, *space_, Addr(0x4000), *space_, Addr(0x4000), 0),
            BulkResult{});
  EXPECT_TRUE(IsAccessible(guard_, *space_, Addr(0x4000), 0, true));
}

TEST_F(BulkAccessTest, MemoryIsCopiedAcrossRanges) {
  EXPECT_EQ(ReadAt(0xff0, 0x2010), (BulkResult{kOk, 0x2010}));
  EXPECT_EQ(Buffer(0, 0x10), Memory(ram_, 0xff0, 0x10));
  EXPECT_EQ(Buffer(0x10, 0x1000), Memory(rom_, 0, 0x1000));
  EXPECT_EQ(Buffer(0x1010, 0x1000), Memory(flash_, 0, 0x1000));
  EXPECT_EQ(WriteAt(0x5001, 0xfff), (BulkResult{kOk, 0xfff}));
  EXPECT_EQ(Buffer(0, 0xfff), Memory(ram_, 0x2001, 0xfff));
  EXPECT_EQ(Memory(ram_, 0x2000, 1)[0], Pattern(0x2000, 3));
  EXPECT_EQ(Memory(ram_, 0x3000, 1)[0], Pattern(0x3000, 3));
}

TEST_F(BulkAccessTest, OffTheEndOfMemoryThereAreZeros) {
  EXPECT_EQ(ReadAt(0x5ff0, 0x20), (BulkResult{kDecodeError, 0x10}));
  EXPECT_EQ(Buffer(0, 0x10), Memory(ram_, 0x2ff0, 0x10));
  EXPECT_THAT(Buffer(0x10, 0x10), Each(std::byte{0}));
  EXPECT_EQ(WriteAt(0x5ff0, 0x20), (BulkResult{kDecodeError, 0x10}));
  EXPECT_EQ(Buffer(0, 0x10), Memory(ram_, 0x2ff0, 0x10));
}

TEST_F(BulkAccessTest, HolesAreZerosAndWhatFollowsIsRead) {
  EXPECT_EQ(ReadAt(0x3ffc, 0x1008), (BulkResult{kDecodeError, 4}));
  EXPECT_THAT(Buffer(4, 0x1000), Each(std::byte{0}));
  EXPECT_EQ(Buffer(0x1004, 4), Memory(ram_, 0x2000, 4));
  EXPECT_EQ(WriteAt(0x4ffe, 4), (BulkResult{kDecodeError, 0}));
  EXPECT_EQ(Buffer(2, 2), Memory(ram_, 0x2000, 2));
}

TEST_F(BulkAccessTest, WritesToRomVanishAndTheRestIsDone) {
  const std::vector<std::byte> rom(rom_.ram()->host(),
                                   rom_.ram()->host() + 0x1000);
  EXPECT_EQ(WriteAt(0xffe, 0x1004), (BulkResult{kDecodeError, 2}));
  EXPECT_EQ(Buffer(0, 2), Memory(ram_, 0xffe, 2));
  EXPECT_EQ(Memory(rom_, 0, 0x1000), absl::MakeConstSpan(rom));
  EXPECT_EQ(flash_device_.calls(), "w(0,2)=af8a");
  EXPECT_EQ(WriteAt(0x1000, 8, {.debug = true}), (BulkResult{kOk, 8}));
  EXPECT_EQ(Buffer(0, 8), Memory(rom_, 0, 8));
}

TEST_F(BulkAccessTest, WindowsThatAreReadOnly) {
  EXPECT_EQ(WriteAt(0x7000, 8), (BulkResult{kDecodeError, 0}));
  EXPECT_EQ(Memory(ram_, 0, 1)[0], Pattern(0, 3));
  options_.r5_10_windows_are_writable = true;
  EXPECT_EQ(WriteAt(0x7000, 8), (BulkResult{kOk, 8}));
  EXPECT_EQ(Buffer(0, 8), Memory(ram_, 0, 8));
}

TEST_F(BulkAccessTest, RegistersGetPiecesOfTheirAlignment) {
  EXPECT_EQ(ReadAt(0x3001, 9), (BulkResult{kOk, 9}));
  EXPECT_EQ(device_.calls(), "r(1,1) r(2,2) r(4,4) r(8,2)");
  for (size_t i = 0; i < 9; ++i) EXPECT_EQ(buffer_[i], std::byte(0x11 + i));
  EXPECT_EQ(WriteAt(0x3006, 3), (BulkResult{kOk, 3}));
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(std::byte{device_.file()[6 + i]}, buffer_[i]);
  }
}

TEST_F(BulkAccessTest, BytesAreInTheOrderOfAddressesWhateverTheDevices) {
  device_.ops().order = ByteOrder::kBig;
  Relink(0x3000);
  EXPECT_EQ(ReadAt(0x3000, 4).result, kOk);
  EXPECT_EQ(buffer_[0], std::byte{0x10});
  EXPECT_EQ(buffer_[3], std::byte{0x13});
}

TEST_F(BulkAccessTest, ADeviceThatFailsKeepsItsValueAndStopsNobody) {
  int call = 0;
  device_.inside = [&] { device_.result = ++call == 2 ? kDeviceError : kOk; };
  EXPECT_EQ(ReadAt(0x3000, 12), (BulkResult{kDeviceError, 4}));
  EXPECT_EQ(buffer_[4], std::byte{0x14});
  EXPECT_EQ(buffer_[8], std::byte{0x18});
  call = 0;
  EXPECT_EQ(WriteAt(0x3000, 12), (BulkResult{kDeviceError, 4}));
  EXPECT_EQ(std::byte{device_.file()[8]}, buffer_[8]);
}

TEST_F(BulkAccessTest, ResultsOfAllPartsAreORed) {
  device_.result = kDeviceError;
  EXPECT_EQ(ReadAt(0x3ffc, 8).result, kDeviceError | kDecodeError);
}

TEST_F(BulkAccessTest, RejectedPiecesReadAsZero) {
  device_.ops().valid = {4, 4, false};
  Relink(0x3000);
  EXPECT_EQ(ReadAt(0x3001, 7), (BulkResult{kDecodeError, 0}));
  EXPECT_EQ(device_.calls(), "r(4,4)");
  EXPECT_THAT(Buffer(0, 3), Each(std::byte{0}));
  EXPECT_EQ(buffer_[3], std::byte{0x14});
}

TEST_F(BulkAccessTest, APieceMayReachOverTheEndUnlessStrict) {
  // Ends in the middle of a word; RAM follows.
  Window(0, 0x1000, 0x8006);
  Relink(0x8000, /*strict=*/false, 6);
  EXPECT_EQ(ReadAt(0x8000, 8).result, kOk);
  EXPECT_EQ(device_.calls(), "r(0,4) r(4,4)");
  EXPECT_EQ(buffer_[7], std::byte{0x17});
  Relink(0x8000, /*strict=*/true, 6);
  EXPECT_EQ(ReadAt(0x8000, 8).result, kOk);
  EXPECT_EQ(device_.calls(), "r(0,4) r(4,2)");
  EXPECT_EQ(Buffer(6, 2), Memory(ram_, 0, 2));
}

TEST_F(BulkAccessTest, PastTheLastAddressThereIsNothing) {
  Window(0, 0x1000, 0xfffffffffffff000);
  EXPECT_EQ(ReadAt(0xfffffffffffffff8, 16), (BulkResult{kDecodeError, 8}));
  EXPECT_EQ(Buffer(0, 8), Memory(ram_, 0xff8, 8));
  EXPECT_THAT(Buffer(8, 8), Each(std::byte{0}));
  EXPECT_EQ(WriteAt(0xfffffffffffffff8, 16), (BulkResult{kDecodeError, 8}));
  EXPECT_EQ(Memory(ram_, 0, 1)[0], Pattern(0, 3));
}

TEST_F(BulkAccessTest, AHostBufferMayBeTheGuestsOwnMemory) {
  std::vector<std::byte> before(ram_.ram()->host(), ram_.ram()->host() + 0x200);
  EXPECT_EQ(Write(guard_, *space_, Addr(0x80), Memory(ram_, 0, 0x100)).result,
            kOk);
  EXPECT_EQ(Memory(ram_, 0x80, 0x100),
            absl::MakeConstSpan(before).subspan(0, 0x100));
  before.assign(ram_.ram()->host(), ram_.ram()->host() + 0x200);
  EXPECT_EQ(Read(guard_, *space_, Addr(0x80), Memory(ram_, 0, 0x100)).result,
            kOk);
  EXPECT_EQ(Memory(ram_, 0, 0x100),
            absl::MakeConstSpan(before).subspan(0x80, 0x100));
}

// ---- memory_only.

TEST_F(BulkAccessTest, MemoryOnlyStopsAtTheFirstOtherThing) {
  const AccessAttributes only = {.memory_only = true};
  EXPECT_EQ(ReadAt(0x3000, 8, only), (BulkResult{kAccessError, 0}));
  EXPECT_THAT(buffer_, Each(std::byte{0}));
  EXPECT_EQ(WriteAt(0x4ffc, 8, only), (BulkResult{kAccessError, 0}));
  EXPECT_EQ(Memory(ram_, 0x2000, 1)[0], Pattern(0x2000, 3));
  // ROM is memory; a ROM device is none.
  EXPECT_EQ(ReadAt(0xffc, 8, only), (BulkResult{kOk, 8}));
  EXPECT_EQ(WriteAt(0x2000, 4, only), (BulkResult{kAccessError, 0}));
  EXPECT_EQ(ReadAt(0x5ffc, 8, only), (BulkResult{kAccessError, 4}));
  EXPECT_EQ(device_.calls() + flash_device_.calls(), "");
}

// ---- Lengths that a guest makes up.

TEST_F(BulkAccessTest, HugeLengthsOverRegistersEnd) {
  options_.max_device_calls = 100;
  Link(**topology_.AddMmio(board_, "wide", uint64_t{1} << 60, device_.io()),
       uint64_t{1} << 62);
  const Addr wide(uint64_t{1} << 62);
  const Addr other(wide.raw() + (uint64_t{1} << 59));
  constexpr uint64_t kHuge = uint64_t{1} << 59;
  EXPECT_EQ(Fill(guard_, *space_, wide, std::byte{1}, kHuge, {}, options_),
            (BulkResult{kAccessError, 400}));
  EXPECT_EQ(Copy(guard_, *space_, wide, *space_, other, kHuge, {}, options_),
            (BulkResult{kAccessError, 400}));
  EXPECT_EQ(Copy(guard_, *space_, Addr(uint64_t{1} << 61), *space_, other,
                 kHuge, {}, options_),
            (BulkResult{kDecodeError, 0}));
  // Upwards, onto itself.
  EXPECT_EQ(Copy(guard_, *space_, wide, *space_, Addr(wide.raw() + 4), kHuge,
                 {}, options_),
            (BulkResult{kAccessError, 0}));
  EXPECT_TRUE(IsAccessible(guard_, *space_, wide, uint64_t{1} << 60, true));
}

TEST_F(BulkAccessTest, HugeLengthsOverNothingAreOneStep) {
  EXPECT_EQ(Fill(guard_, *space_, Addr(0x8000), std::byte{1}, UINT64_MAX),
            (BulkResult{kDecodeError, 0}));
  EXPECT_EQ(
      Copy(guard_, *space_, Addr(0x9000), *space_, Addr(0x8000), UINT64_MAX),
      (BulkResult{kDecodeError, 0}));
  EXPECT_FALSE(IsAccessible(guard_, *space_, Addr(0x8000), UINT64_MAX, false));
}

// ---- Fill.

TEST_F(BulkAccessTest, FillFillsWhatCanBeWritten) {
  EXPECT_EQ(Fill(guard_, *space_, Addr(0xf00), std::byte{0x5a}, 0x100),
            (BulkResult{kOk, 0x100}));
  EXPECT_THAT(Memory(ram_, 0xf00, 0x100), Each(std::byte{0x5a}));
  EXPECT_EQ(Memory(ram_, 0xeff, 1)[0], Pattern(0xeff, 3));
  EXPECT_EQ(Memory(ram_, 0x1000, 1)[0], Pattern(0x1000, 3));
  EXPECT_EQ(Fill(guard_, *space_, Addr(0x3002), std::byte{0x5a}, 6),
            (BulkResult{kOk, 6}));
  EXPECT_EQ(device_.calls(), "w(2,2)=5a5a w(4,4)=5a5a5a5a");
  EXPECT_EQ(Fill(guard_, *space_, Addr(0xffe), std::byte{1}, 4),
            (BulkResult{kDecodeError, 2}));
}

// ---- Copy.

TEST_F(BulkAccessTest, CopyGoesBetweenSpaces) {
  Region& mine = **topology_.AddRam(board_, "mine", 0x1000);
  Region& bus = **topology_.AddContainer(board_, "bus");
  PLANISH_CHECK_OK(topology_.Link(bus, mine, Addr(0x100)));
  const auto card = AddressSpace::Create(board_, "card", bus).value();
  EXPECT_EQ(Copy(guard_, *space_, Addr(0xf80), *card, Addr(0x100), 0x100),
            (BulkResult{kOk, 0x100}));
  EXPECT_EQ(Memory(mine, 0, 0x80), Memory(ram_, 0xf80, 0x80));
  EXPECT_EQ(Memory(mine, 0x80, 0x80), Memory(rom_, 0, 0x80));
  // What can't be read is not written, what can't be written vanishes.
  EXPECT_EQ(Copy(guard_, *card, Addr(0xf0), *space_, Addr(0xff0), 0x20),
            (BulkResult{kDecodeError, 0}));
  EXPECT_EQ(Memory(ram_, 0xff0, 1)[0], Pattern(0xff0, 3));
}

TEST_F(BulkAccessTest, CopyGoesThroughRegisters) {
  EXPECT_EQ(Copy(guard_, *space_, Addr(0x3002), *space_, Addr(0x101), 6),
            (BulkResult{kOk, 6}));
  EXPECT_EQ(device_.calls(), "r(2,2) r(4,4)");
  for (size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(Memory(ram_, 0x101 + i, 1)[0], std::byte(0x12 + i));
  }
  EXPECT_EQ(Copy(guard_, *space_, Addr(0), *space_, Addr(0x3004), 6),
            (BulkResult{kOk, 6}));
  for (size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(std::byte{device_.file()[4 + i]}, Memory(ram_, i, 1)[0]);
  }
  device_.calls();
  EXPECT_EQ(Copy(guard_, *space_, Addr(0x3010), *space_, Addr(0x3000), 6),
            (BulkResult{kOk, 6}));
  EXPECT_EQ(device_.calls(), "r(10,4) w(0,4)=23222120 r(14,2) w(4,2)=2524");
}

TEST_F(BulkAccessTest, CopyKeepsWhatADeviceDoesNotGive) {
  device_.result = kDeviceError;
  EXPECT_EQ(Copy(guard_, *space_, Addr(0x2ffc), *space_, Addr(0x100), 8),
            (BulkResult{kDeviceError, 4}));
  EXPECT_EQ(Memory(ram_, 0x100, 4), Memory(flash_, 0xffc, 4));
  EXPECT_EQ(Memory(ram_, 0x104, 1)[0], Pattern(0x104, 3));
}

TEST_F(BulkAccessTest, CopiesMayOverlap) {
  Window(0, 0x4000, 0x10000);
  for (const uint64_t distance : {1, 0x123, 0x1000, 0x1fff}) {
    for (const bool up : {false, true}) {
      const std::vector<std::byte> before(ram_.ram()->host(),
                                          ram_.ram()->host() + 0x4000);
      const uint64_t from = up ? 0 : distance;
      const uint64_t to = up ? distance : 0;
      EXPECT_EQ(Copy(guard_, *space_, Addr(0x10000 + from), *space_,
                     Addr(0x10000 + to), 0x2000),
                (BulkResult{kOk, 0x2000}));
      EXPECT_EQ(Memory(ram_, to, 0x2000),
                absl::MakeConstSpan(before).subspan(from, 0x2000))
          << "by " << distance << (up ? " up" : " down");
    }
  }
}

TEST_F(BulkAccessTest, OverlappingCopiesTellWhatFailedFirst) {
  // RAM to 0x1000, ROM to 0x2000, and so on: upwards by 0x800.
  EXPECT_EQ(Copy(guard_, *space_, Addr(0), *space_, Addr(0x800), 0x1000),
            (BulkResult{kDecodeError, 0x800}));
  EXPECT_EQ(Memory(ram_, 0x800, 1)[0], Pattern(0, 3));
  EXPECT_EQ(Memory(rom_, 0, 1)[0], Pattern(0, 3));
}

// ---- R5.11.

TEST_F(BulkAccessTest, WriteRomWritesAllMemoryAndNothingElse) {
  std::vector<std::byte> image(0x6000);
  for (size_t i = 0; i < image.size(); ++i) image[i] = Pattern(i, 50);
  WriteRom(guard_, *space_, Addr(0), image);
  const auto at = [&](size_t from, size_t bytes) {
    return absl::MakeConstSpan(image).subspan(from, bytes);
  };
  EXPECT_EQ(Memory(ram_, 0, 0x1000), at(0, 0x1000));
  EXPECT_EQ(Memory(rom_, 0, 0x1000), at(0x1000, 0x1000));
  EXPECT_EQ(Memory(flash_, 0, 0x1000), at(0x2000, 0x1000));
  EXPECT_EQ(Memory(ram_, 0x2000, 0x1000), at(0x5000, 0x1000));
  EXPECT_EQ(device_.calls() + flash_device_.calls(), "");
}

// ---- R5.12.

TEST_F(BulkAccessTest, AccessibleIsWhatWouldGoWell) {
  const auto accessible = [&](uint64_t at, uint64_t bytes, bool is_write,
                              AccessAttributes attributes = {}) {
    return IsAccessible(guard_, *space_, Addr(at), bytes, is_write, attributes,
                        options_);
  };
  EXPECT_TRUE(accessible(0, 0x4000, false));
  EXPECT_FALSE(accessible(0, 0x4001, false));
  EXPECT_TRUE(accessible(0, 0x1000, true));
  EXPECT_FALSE(accessible(0, 0x1001, true));
  EXPECT_TRUE(accessible(0, 0x1001, true, {.debug = true}));
  EXPECT_TRUE(accessible(0x2000, 0x2000, true));
  EXPECT_FALSE(accessible(0x6000, 1, false));
  EXPECT_FALSE(accessible(0x7000, 1, true));
  EXPECT_FALSE(accessible(0x3000, 1, false, {.memory_only = true}));
  EXPECT_FALSE(accessible(UINT64_MAX, 2, false));
  device_.ops().valid = {4, 4, false};
  Relink(0x3000);
  EXPECT_TRUE(accessible(0x3000, 0x1000, true));
  EXPECT_FALSE(accessible(0x3002, 8, true));
  EXPECT_FALSE(accessible(0x3000, 6, true));
  device_.ops().accepts = [](void*, uint64_t offset, unsigned, bool,
                             AccessAttributes) { return offset != 0x20; };
  Relink(0x3000);
  EXPECT_TRUE(accessible(0x3000, 0x20, true));
  EXPECT_FALSE(accessible(0x3000, 0x24, true));
  EXPECT_EQ(device_.calls() + flash_device_.calls(), "");
}

TEST_F(BulkAccessTest, QemusProbeCutsByTheAddress) {
  device_.ops().valid = {4, 4, false};
  Relink(0x8002, /*strict=*/false, 0x10);
  EXPECT_TRUE(IsAccessible(guard_, *space_, Addr(0x8002), 4, false));
  EXPECT_EQ(ReadAt(0x8002, 4), (BulkResult{kOk, 4}));
  options_.r5_12_probe_by_address = true;
  EXPECT_FALSE(
      IsAccessible(guard_, *space_, Addr(0x8002), 4, false, {}, options_));
}

// ---- The log.

TEST_F(BulkAccessTest, TheLogHearsOfARangeOnce) {
  std::vector<uint64_t> sizes;
  AccessLog log(
      [](void* of, const AccessReport& report) {
        static_cast<std::vector<uint64_t>*>(of)->push_back(report.size_bytes);
      },
      &sizes);
  options_.log = &log;
  ReadAt(0x3ffe, 0x1004);
  EXPECT_THAT(sizes, testing::ElementsAre(0x1000));
  IsAccessible(guard_, *space_, Addr(0x4000), 1, false, {}, options_);
  EXPECT_THAT(sizes, testing::ElementsAre(0x1000));
}

}  // namespace
}  // namespace planish
