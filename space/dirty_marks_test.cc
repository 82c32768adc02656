// Every path that writes memory marks what it wrote, and nothing else: here
// with a granule of one byte.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/regions/access_attributes.h"
#include "planish/regions/dirty_bitmap.h"
#include "planish/regions/owner.h"
#include "planish/regions/ram_block.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"
#include "planish/space/access.h"
#include "planish/space/address_space.h"
#include "planish/space/bulk_access.h"

namespace planish {
namespace {

constexpr unsigned kDisplay = 0;
constexpr unsigned kMigration = 2;

//   0000 ram @800   1000 rom   2000 bar (RAM device)   3000 ram, read-only
//   window
class DirtyMarksTest : public testing::Test {
 protected:
  DirtyMarksTest() {
    Link(**topology_.AddAlias(board_, "low", ram_, 0x800, 0x800), 0);
    Link(rom_, 0x1000);
    Link(bar_, 0x2000);
    Region& window = **topology_.AddAlias(board_, "w", ram_, 0, 0x800);
    PLANISH_CHECK_OK(topology_.SetReadonly(window, true));
    Link(window, 0x3000);
    for (Region* region : {&ram_, &rom_, &bar_}) Log(*region, kMigration);
    space_ = AddressSpace::Create(board_, "cpu", system_).value();
  }

  void Link(Region& region, uint64_t at) {
    PLANISH_CHECK_OK(topology_.Link(system_, region, Addr(at)));
  }
  void Log(Region& region, unsigned client) {
    region.ram()->SetDirty(
        client, std::make_unique<DirtyBitmap>(region.ram()->size_bytes(), 1));
    PLANISH_CHECK_OK(topology_.SetDirtyLogMask(
        region, static_cast<uint8_t>(region.dirty_log_mask() | 1u << client)));
  }

  // "ram 810-813 bar 0-0", which were dirty, and are clean now.
  std::string Marks(unsigned client = kMigration) {
    std::string text;
    for (Region* region : {&ram_, &rom_, &bar_}) {
      DirtyBitmap* dirty = region->ram()->dirty(client);
      if (dirty == nullptr) continue;
      const uint64_t bytes = region->ram()->size_bytes();
      const DirtySnapshot taken = dirty->SnapshotAndClear(0, bytes);
      for (uint64_t i = 0; i < bytes; ++i) {
        if (!taken.Test(i, 1)) continue;
        const uint64_t first = i;
        while (i + 1 < bytes && taken.Test(i + 1, 1)) ++i;
        text += region->name() + ' ' + Hex(first) + '-' + Hex(i) + ' ';
      }
    }
    return text;
  }
  static std::string Hex(uint64_t value) {
    char text[20];
    std::snprintf(text, sizeof(text), "%jx", uintmax_t{value});
    return text;
  }

  Topology topology_;
  Owner board_{topology_, "board"};
  Region& system_ = **topology_.AddContainer(board_, "system");
  Region& ram_ = **topology_.AddRam(board_, "ram", 0x1000);
  Region& rom_ = **topology_.AddRom(board_, "rom", 0x1000);
  std::vector<std::byte> memory_ = std::vector<std::byte>(0x1000);
  Region& bar_ = **topology_.AddRamDevice(board_, "bar", 0x1000,
                                          RamBacking::Pointer(memory_.data()));
  const AddressSpace* space_;
  const std::vector<std::byte> bytes_ = std::vector<std::byte>(0x100);
  // Last: it goes first.
  const ReadGuard guard_{topology_.rcu()};
};

TEST_F(DirtyMarksTest, StoresMarkTheirWidth) {
  Store<uint8_t>(guard_, *space_, Addr(0x10), 1);
  EXPECT_EQ(Marks(), "ram 810-810 ");
  StoreLe<uint32_t>(guard_, *space_, Addr(0x11), 0x01020304);
  EXPECT_EQ(Marks(), "ram 811-814 ");
  EXPECT_EQ(LoadLe<uint32_t>(guard_, *space_, Addr(0x11)).value, 0x01020304u);
  StoreBe<uint64_t>(guard_, *space_, Addr(0x2008), 0x0102030405060708);
  EXPECT_EQ(Marks(), "bar 8-f ");
  EXPECT_EQ(LoadBe<uint64_t>(guard_, *space_, Addr(0x2008)).value,
            0x0102030405060708u);
  EXPECT_EQ(Marks(), "");
}

TEST_F(DirtyMarksTest, WhatIsNotWrittenIsNotMarked) {
  Load<uint64_t>(guard_, *space_, Addr(0));
  Store<uint32_t>(guard_, *space_, Addr(0x7fe), 1);
  Store<uint32_t>(guard_, *space_, Addr(0x1000), 1);
  Store<uint32_t>(guard_, *space_, Addr(0x3000), 1);
  Store<uint32_t>(guard_, *space_, Addr(0x9000), 1);
  Write(guard_, *space_, Addr(0x1000), bytes_);
  Write(guard_, *space_, Addr(0x3000), bytes_);
  EXPECT_EQ(Marks(), "");
}

TEST_F(DirtyMarksTest, DebuggersMarkRomAndWindows) {
  const AccessAttributes debug = {.debug = true};
  Store<uint32_t>(guard_, *space_, Addr(0x1000), 1, debug);
  Store<uint16_t>(guard_, *space_, Addr(0x3004), 1, debug);
  EXPECT_EQ(Marks(), "ram 4-5 rom 0-3 ");
}

TEST_F(DirtyMarksTest, BulkWritesMarkWhatTheyWrote) {
  Write(guard_, *space_, Addr(0x20), bytes_);
  EXPECT_EQ(Marks(), "ram 820-91f ");
  Write(guard_, *space_, Addr(0x7f0), bytes_);
  EXPECT_EQ(Marks(), "ram ff0-fff ");
  Write(guard_, *space_, Addr(0x1f80), bytes_);
  EXPECT_EQ(Marks(), "bar 0-7f ");
  Fill(guard_, *space_, Addr(0x7ff), std::byte{1}, 0x900);
  EXPECT_EQ(Marks(), "ram fff-fff ");
  Fill(guard_, *space_, Addr(0x2010), std::byte{1}, 0x10);
  EXPECT_EQ(Marks(), "bar 10-1f ");
  WriteRom(guard_, *space_, Addr(0xff8), bytes_);
  EXPECT_EQ(Marks(), "rom 0-f7 ");
}

TEST_F(DirtyMarksTest, CopiesMarkTheirTarget) {
  Copy(guard_, *space_, Addr(0), *space_, Addr(0x2000), 0x10);
  EXPECT_EQ(Marks(), "bar 0-f ");
  Copy(guard_, *space_, Addr(0), *space_, Addr(0x8), 0x10);  // Upwards.
  EXPECT_EQ(Marks(), "ram 808-817 ");
  Copy(guard_, *space_, Addr(0x8), *space_, Addr(0), 0x10);
  EXPECT_EQ(Marks(), "ram 800-80f ");
}

TEST_F(DirtyMarksTest, EachClientHasItsOwn) {
  Log(ram_, kDisplay);
  Store<uint8_t>(guard_, *space_, Addr(1), 1);
  EXPECT_EQ(Marks(kDisplay), "ram 801-801 ");
  Store<uint8_t>(guard_, *space_, Addr(2), 1);
  EXPECT_EQ(Marks(kMigration), "ram 801-802 ");
  EXPECT_EQ(Marks(kDisplay), "ram 802-802 ");
}

TEST_F(DirtyMarksTest, AClientThatStopsIsMarkedNoMore) {
  PLANISH_CHECK_OK(topology_.SetDirtyLogMask(ram_, 0));
  Store<uint8_t>(guard_, *space_, Addr(1), 1);
  Write(guard_, *space_, Addr(0x20), bytes_);
  EXPECT_EQ(Marks(), "");
  // A mask whose bitmap is not there yet, or no more, does no harm.
  ram_.ram()->SetDirty(kMigration, nullptr);
  PLANISH_CHECK_OK(topology_.SetDirtyLogMask(ram_, 1 << kMigration));
  EXPECT_EQ(Store<uint8_t>(guard_, *space_, Addr(1), 1), AccessResult::kOk);
}

}  // namespace
}  // namespace planish
