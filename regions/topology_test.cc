#include "planish/regions/topology.h"

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/regions/graph_text_for_test.h"
#include "planish/regions/owner.h"
#include "planish/regions/ram_block.h"
#include "planish/regions/region.h"

namespace planish {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class TopologyTest : public testing::Test {
 protected:
  ~TopologyTest() override { topology_.CheckInvariants(); }

  Region& Container(const std::string& name,
                    ByteCount size = ByteCount::TwoTo64()) {
    return **topology_.AddContainer(board_, name, size);
  }
  Region& Mmio(const std::string& name, ByteCount size = 0x1000) {
    return **topology_.AddMmio(board_, name, size);
  }

  std::string Text() const { return GraphText({&board_, &card_}); }

  // `status` is that of an edit made after `before` was taken.
  void ExpectRefused(const std::string& before, const absl::Status& status,
                     StatusCode code, const std::vector<std::string>& words) {
    EXPECT_EQ(status.code(), code) << status;
    for (const std::string& word : words) {
      EXPECT_THAT(std::string(status.message()), HasSubstr(word));
    }
    EXPECT_EQ(Text(), before);
    topology_.CheckInvariants();
  }

  Topology topology_;
  Owner board_{topology_, "board"};
  Owner card_{topology_, "card"};
};

// ---- Creating.

TEST_F(TopologyTest, EveryKindIsMadeAsItsConstructorSays) {
  const RamBacking none = RamBacking::None();
  const ByteCount all = ByteCount::TwoTo64();
  Region& container = Container("container");
  PLANISH_CHECK_OK(topology_.AddRam(board_, "ram", 0x2000, none));
  PLANISH_CHECK_OK(topology_.AddRom(board_, "rom", 0x2000, none));
  PLANISH_CHECK_OK(topology_.AddRomDevice(board_, "flash", 0x2000, none));
  PLANISH_CHECK_OK(topology_.AddRamDevice(board_, "bar", 0x2000, none));
  PLANISH_CHECK_OK(topology_.AddMmio(board_, "uart", 1));
  PLANISH_CHECK_OK(topology_.AddReservation(board_, "gap", 0));
  PLANISH_CHECK_OK(topology_.AddIommu(board_, "iommu"));
  PLANISH_CHECK_OK(topology_.AddAlias(board_, "window", container, 0x40, all));
  const std::string rest = " log 0 in - shows - @0x0 :\n";
  EXPECT_EQ(
      Text(),
      "board\n"
      "  container container 0x0 +0x10000000000000000 prio 0 romd" +
          rest + "  ram ram 0x0 +0x2000 prio 0 romd" + rest +
          "  rom rom 0x0 +0x2000 prio 0 ro romd" + rest +
          "  flash rom-device 0x0 +0x2000 prio 0 romd" + rest +
          "  bar ram-device 0x0 +0x2000 prio 0 romd" + rest +
          "  uart mmio 0x0 +0x1 prio 0 romd" + rest +
          "  gap reservation 0x0 +0x0 prio 0 romd" + rest +
          "  iommu iommu 0x0 +0x10000000000000000 prio 0 romd" + rest +
          "  window alias 0x0 +0x10000000000000000 prio 0 romd log 0 in - "
          "shows container @0x40 :\n"
          "card\n");
}

TEST_F(TopologyTest, OnlyContainersAndAliasesDoNotTerminate) {
  Region& container = Container("container");
  EXPECT_FALSE(container.terminates());
  EXPECT_FALSE(
      (*topology_.AddAlias(board_, "a", container, 0, 1))->terminates());
  const RamBacking none = RamBacking::None();
  for (const auto& made : {topology_.AddRam(board_, "ram", 1, none),
                           topology_.AddRom(board_, "rom", 1, none),
                           topology_.AddRomDevice(board_, "flash", 1, none),
                           topology_.AddRamDevice(board_, "bar", 1, none),
                           topology_.AddMmio(board_, "uart", 1),
                           topology_.AddReservation(board_, "gap", 1),
                           topology_.AddIommu(board_, "iommu")}) {
    EXPECT_TRUE((*made)->terminates()) << (*made)->name();
  }
}

TEST_F(TopologyTest, HostMemoryIsOfTheRegionsSizeAndOnlyBehindMemory) {
  Region& ram = **topology_.AddRam(board_, "ram", 0x2000);
  ASSERT_NE(ram.ram(), nullptr);
  EXPECT_EQ(ram.ram()->size_bytes(), 0x2000u);
  Region& none = **topology_.AddRam(board_, "map", 0x2000, RamBacking::None());
  EXPECT_EQ(none.ram(), nullptr);
  EXPECT_EQ(Mmio("uart").ram(), nullptr);
}

TEST_F(TopologyTest, RamWithoutARepresentableSizeIsRefused) {
  const std::string before = Text();
  for (ByteCount size : {ByteCount(0), ByteCount::TwoTo64()}) {
    ExpectRefused(before, topology_.AddRam(board_, "odd", size).status(),
                  StatusCode::kInvalidArgument, {"'odd'"});
  }
  // Without host memory both are ordinary.
  EXPECT_TRUE(
      topology_.AddRam(board_, "map", 0, RamBacking::None()).status().ok());
}

TEST_F(TopologyTest, MemoryThatTheHostRefusesIsResourceExhausted) {
  const std::string before = Text();
  ExpectRefused(before, topology_.AddRam(board_, "huge", UINT64_MAX).status(),
                StatusCode::kResourceExhausted, {"0xffffffffffffffff"});
}

TEST_F(TopologyTest, RegionsBelongToTheirOwnerInOrderOfCreation) {
  Region& first = Mmio("a");
  Region& second = Mmio("b");
  Region& other = **topology_.AddMmio(card_, "c", 1);
  EXPECT_EQ(&first.owner(), &board_);
  EXPECT_EQ(&other.owner(), &card_);
  ASSERT_EQ(board_.regions().size(), 2u);
  EXPECT_EQ(board_.regions()[0].get(), &first);
  EXPECT_EQ(board_.regions()[1].get(), &second);
}

TEST_F(TopologyTest, UserDataIsTheEmbedders) {
  Region& region = Mmio("uart");
  EXPECT_EQ(region.user_data(), nullptr);
  EXPECT_EQ(board_.user_data(), nullptr);
  int device = 0;
  region.set_user_data(&device);
  board_.set_user_data(&device);
  EXPECT_EQ(region.user_data(), &device);
  EXPECT_EQ(board_.user_data(), &device);
}

TEST_F(TopologyTest, PathNamesTheContainersFromTheOutermostOn) {
  Region& system = Container("system");
  Region& pci = Container("pci");
  Region& vram = Mmio("vga.vram");
  EXPECT_EQ(vram.Path(), "vga.vram");
  PLANISH_CHECK_OK(topology_.Link(system, pci, Addr(0)));
  PLANISH_CHECK_OK(topology_.Link(pci, vram, Addr(0)));
  EXPECT_EQ(vram.Path(), "system/pci/vga.vram");
}

// ---- Links.

TEST_F(TopologyTest, LinkSetsPlaceAndPriorityAndUnlinkKeepsThem) {
  Region& bus = Container("bus");
  Region& uart = Mmio("uart");
  PLANISH_CHECK_OK(topology_.Link(bus, uart, Addr(0x1000), -3));
  EXPECT_EQ(uart.container(), &bus);
  EXPECT_EQ(uart.addr(), Addr(0x1000));
  EXPECT_EQ(uart.priority(), -3);
  EXPECT_THAT(bus.children(), ElementsAre(&uart));
  topology_.CheckInvariants();

  PLANISH_CHECK_OK(topology_.Unlink(uart));
  EXPECT_EQ(uart.container(), nullptr);
  EXPECT_EQ(uart.addr(), Addr(0x1000));
  EXPECT_EQ(uart.priority(), -3);
  EXPECT_THAT(bus.children(), IsEmpty());
}

TEST_F(TopologyTest, ASecondContainerIsRefused) {
  Region& bus = Container("bus");
  Region& other = Container("other", 0x20);
  Region& uart = Mmio("uart");
  PLANISH_CHECK_OK(topology_.Link(bus, uart, Addr(0x1000)));
  ExpectRefused(Text(), topology_.Link(other, uart, Addr(0)),
                StatusCode::kFailedPrecondition,
                {"'uart' [0x1000 +0x1000]", "'other' [0x0 +0x20]", "'bus'"});
  // Also the same one again.
  ExpectRefused(Text(), topology_.Link(bus, uart, Addr(0)),
                StatusCode::kFailedPrecondition, {"'uart'", "'bus'"});
}

TEST_F(TopologyTest, UnlinkWithoutAContainerIsRefused) {
  Region& uart = Mmio("uart");
  ExpectRefused(Text(), topology_.Unlink(uart), StatusCode::kFailedPrecondition,
                {"'uart'", "no container"});
}

TEST_F(TopologyTest, ARegionBelowItselfIsRefused) {
  Region& top = Container("top");
  Region& middle = Container("middle");
  Region& bottom = Container("bottom");
  PLANISH_CHECK_OK(topology_.Link(top, middle, Addr(0)));
  PLANISH_CHECK_OK(topology_.Link(middle, bottom, Addr(0)));
  ExpectRefused(Text(), topology_.Link(bottom, top, Addr(0)),
                StatusCode::kInvalidArgument,
                {"'top'", "'bottom'", "below itself"});
  ExpectRefused(Text(), topology_.Link(top, top, Addr(0)),
                StatusCode::kInvalidArgument, {"'top'", "below itself"});
}

TEST_F(TopologyTest, AnAliasTakesNoChildren) {
  Region& uart = Mmio("uart");
  Region& alias = **topology_.AddAlias(board_, "alias", uart, 0, 1);
  Region& other = Mmio("other");
  ExpectRefused(Text(), topology_.Link(alias, other, Addr(0)),
                StatusCode::kInvalidArgument, {"'other'", "'alias'"});
}

TEST_F(TopologyTest, ATerminatingRegionTakesChildren) {
  Region& io = Mmio("io", 0x10000);
  Region& port = Mmio("port", 1);
  PLANISH_CHECK_OK(topology_.Link(io, port, Addr(0x70)));
  EXPECT_THAT(io.children(), ElementsAre(&port));
}

TEST_F(TopologyTest, RegionsOfAnotherTopologyAreRefusedEverywhere) {
  Topology other_topology;
  Owner stranger(other_topology, "stranger");
  Region& foreign = **other_topology.AddContainer(stranger, "foreign");
  Region& bus = Container("bus");
  Region& uart = Mmio("uart");
  const auto expect_refused = [&](const absl::Status& status) {
    ExpectRefused(Text(), status, StatusCode::kInvalidArgument,
                  {"another topology"});
  };
  expect_refused(topology_.Link(bus, foreign, Addr(0)));
  expect_refused(topology_.Link(foreign, uart, Addr(0)));
  expect_refused(topology_.Unlink(foreign));
  expect_refused(topology_.SetAddress(foreign, Addr(1)));
  expect_refused(topology_.SetPriority(foreign, 1));
  expect_refused(topology_.SetEnabled(foreign, false));
  expect_refused(topology_.SetSize(foreign, 1));
  expect_refused(topology_.SetReadonly(foreign, true));
  expect_refused(topology_.SetNonvolatile(foreign, true));
  expect_refused(topology_.SetUnmergeable(foreign, true));
  expect_refused(topology_.SetDirtyLogMask(foreign, 1));
  expect_refused(topology_.SetRomd(foreign, false));
  expect_refused(topology_.SetAliasOffset(foreign, 1));
  expect_refused(topology_.AddAlias(board_, "a", foreign, 0, 1).status());
  expect_refused(topology_.AddMmio(stranger, "m", 1).status());
  EXPECT_EQ(GraphText({&stranger}),
            "stranger\n  foreign container 0x0 +0x10000000000000000 prio 0 "
            "romd log 0 in - shows - @0x0 :\n");
}

// ---- Order among siblings: R2.2, R2.3.

class SiblingsTest : public TopologyTest {
 protected:
  SiblingsTest() {
    for (Region* r : {&a_, &b_, &c_}) {
      PLANISH_CHECK_OK(topology_.Link(bus_, *r, Addr(0)));
    }
  }
  Region& bus_ = Container("bus");
  Region& a_ = Mmio("a");
  Region& b_ = Mmio("b");
  Region& c_ = Mmio("c");
};

TEST_F(SiblingsTest, AmongEqualsTheNewestComesLast) {
  EXPECT_THAT(bus_.children(), ElementsAre(&a_, &b_, &c_));
}

TEST_F(SiblingsTest, PriorityComesBeforeAge) {
  Region& low = Mmio("low");
  Region& high = Mmio("high");
  Region& least = Mmio("least");
  PLANISH_CHECK_OK(topology_.Link(bus_, high, Addr(0), INT32_MAX));
  PLANISH_CHECK_OK(topology_.Link(bus_, low, Addr(0), -1));
  PLANISH_CHECK_OK(topology_.Link(bus_, least, Addr(0), INT32_MIN));
  EXPECT_THAT(bus_.children(), ElementsAre(&least, &low, &a_, &b_, &c_, &high));
}

TEST_F(SiblingsTest, LinkingAgainMakesTheNewest) {
  PLANISH_CHECK_OK(topology_.Unlink(a_));
  PLANISH_CHECK_OK(topology_.Link(bus_, a_, Addr(0)));
  EXPECT_THAT(bus_.children(), ElementsAre(&b_, &c_, &a_));
}

TEST_F(SiblingsTest, SetAddressMakesTheNewestOfItsPriority) {
  Region& high = Mmio("high");
  PLANISH_CHECK_OK(topology_.Link(bus_, high, Addr(0), 1));
  PLANISH_CHECK_OK(topology_.SetAddress(a_, Addr(0x10)));
  EXPECT_THAT(bus_.children(), ElementsAre(&b_, &c_, &a_, &high));
  EXPECT_EQ(a_.addr(), Addr(0x10));
  topology_.CheckInvariants();
}

TEST_F(SiblingsTest, TheSameAddressIsNoEdit) {
  PLANISH_CHECK_OK(topology_.SetAddress(a_, Addr(0)));
  EXPECT_THAT(bus_.children(), ElementsAre(&a_, &b_, &c_));
}

TEST_F(SiblingsTest, SetPriorityMakesTheNewestOfItsNewPriority) {
  PLANISH_CHECK_OK(topology_.SetPriority(b_, 1));
  EXPECT_THAT(bus_.children(), ElementsAre(&a_, &c_, &b_));
  PLANISH_CHECK_OK(topology_.SetPriority(a_, 1));
  EXPECT_THAT(bus_.children(), ElementsAre(&c_, &b_, &a_));
  PLANISH_CHECK_OK(topology_.SetPriority(b_, 1));  // The same: no edit.
  EXPECT_THAT(bus_.children(), ElementsAre(&c_, &b_, &a_));
  PLANISH_CHECK_OK(topology_.SetPriority(b_, 0));
  EXPECT_THAT(bus_.children(), ElementsAre(&c_, &b_, &a_));
  PLANISH_CHECK_OK(topology_.SetPriority(c_, -1));
  EXPECT_THAT(bus_.children(), ElementsAre(&c_, &b_, &a_));
  topology_.CheckInvariants();
}

TEST_F(SiblingsTest, OtherEditsKeepTheOrder) {
  PLANISH_CHECK_OK(topology_.SetEnabled(a_, false));
  PLANISH_CHECK_OK(topology_.SetEnabled(a_, true));
  PLANISH_CHECK_OK(topology_.SetSize(a_, 0x20));
  PLANISH_CHECK_OK(topology_.SetReadonly(a_, true));
  PLANISH_CHECK_OK(topology_.SetUnmergeable(a_, true));
  EXPECT_THAT(bus_.children(), ElementsAre(&a_, &b_, &c_));
}

TEST_F(SiblingsTest, WithoutAContainerAddressAndPriorityAreJustSet) {
  PLANISH_CHECK_OK(topology_.Unlink(b_));
  PLANISH_CHECK_OK(topology_.SetAddress(b_, Addr(0x44)));
  PLANISH_CHECK_OK(topology_.SetPriority(b_, 44));
  EXPECT_EQ(b_.addr(), Addr(0x44));
  EXPECT_EQ(b_.priority(), 44);
  EXPECT_EQ(b_.container(), nullptr);
}

// ---- Attributes.

TEST_F(TopologyTest, EachSetterSetsItsFieldAndNoOther) {
  Region& flash =
      **topology_.AddRomDevice(board_, "flash", 0x10, RamBacking::None());
  const auto text_after = [&](const absl::Status& status) {
    EXPECT_TRUE(status.ok()) << status;
    return Text();
  };
  const auto flash_is = [](const std::string& fields) {
    return "board\n  flash rom-device " + fields +
           " in - shows - @0x0 :\ncard\n";
  };
  EXPECT_EQ(text_after(topology_.SetEnabled(flash, false)),
            flash_is("0x0 +0x10 prio 0 off romd log 0"));
  EXPECT_EQ(text_after(topology_.SetReadonly(flash, true)),
            flash_is("0x0 +0x10 prio 0 off ro romd log 0"));
  EXPECT_EQ(text_after(topology_.SetNonvolatile(flash, true)),
            flash_is("0x0 +0x10 prio 0 off ro nv romd log 0"));
  EXPECT_EQ(text_after(topology_.SetUnmergeable(flash, true)),
            flash_is("0x0 +0x10 prio 0 off ro nv um romd log 0"));
  EXPECT_EQ(text_after(topology_.SetDirtyLogMask(flash, 0x81)),
            flash_is("0x0 +0x10 prio 0 off ro nv um romd log 129"));
  EXPECT_EQ(text_after(topology_.SetRomd(flash, false)),
            flash_is("0x0 +0x10 prio 0 off ro nv um log 129"));
  EXPECT_EQ(text_after(topology_.SetSize(flash, ByteCount::TwoTo64())),
            flash_is("0x0 +0x10000000000000000 prio 0 off ro nv um log 129"));
  EXPECT_EQ(text_after(topology_.SetAddress(flash, Addr::Max())),
            flash_is("0xffffffffffffffff +0x10000000000000000 prio 0 off ro nv "
                     "um log 129"));
}

TEST_F(TopologyTest, RamIsCalledRomWhileItIsReadOnly) {
  Region& ram = **topology_.AddRam(board_, "ram", 1, RamBacking::None());
  PLANISH_CHECK_OK(topology_.SetReadonly(ram, true));
  EXPECT_EQ(ram.kind(), RegionKind::kRom);
  PLANISH_CHECK_OK(topology_.SetReadonly(ram, false));
  EXPECT_EQ(ram.kind(), RegionKind::kRam);
  Region& uart = Mmio("uart");
  PLANISH_CHECK_OK(topology_.SetReadonly(uart, true));
  EXPECT_EQ(uart.kind(), RegionKind::kMmio);
}

TEST_F(TopologyTest, HostMemoryFixesTheSize) {
  Region& ram = **topology_.AddRam(board_, "ram", 0x1000);
  ExpectRefused(Text(), topology_.SetSize(ram, 0x2000),
                StatusCode::kInvalidArgument, {"'ram'", "host memory"});
  EXPECT_TRUE(topology_.SetSize(ram, 0x1000).ok());
  Region& map = **topology_.AddRam(board_, "map", 1, RamBacking::None());
  EXPECT_TRUE(topology_.SetSize(map, 0x2000).ok());
  EXPECT_EQ(map.size(), ByteCount(0x2000));
}

TEST_F(TopologyTest, RomdIsForRomDevices) {
  Region& ram = **topology_.AddRam(board_, "ram", 1, RamBacking::None());
  ExpectRefused(Text(), topology_.SetRomd(ram, false),
                StatusCode::kInvalidArgument, {"'ram'", "ROM device", "ram"});
}

TEST_F(TopologyTest, AliasOffsetIsForAliases) {
  Region& uart = Mmio("uart");
  ExpectRefused(Text(), topology_.SetAliasOffset(uart, 1),
                StatusCode::kInvalidArgument, {"'uart'", "no alias", "mmio"});
  Region& alias = **topology_.AddAlias(board_, "a", uart, 0, 1);
  PLANISH_CHECK_OK(topology_.SetAliasOffset(alias, UINT64_MAX));
  EXPECT_EQ(alias.alias_offset(), UINT64_MAX);
  EXPECT_EQ(alias.alias_target(), &uart);
}

TEST_F(TopologyTest, AWindowOntoItsOwnContainerIsOrdinary) {
  Region& system = Container("system");
  Region& window = **topology_.AddAlias(board_, "window", system, 0, 0x1000);
  EXPECT_TRUE(topology_.Link(system, window, Addr(0x8000)).ok());
  EXPECT_TRUE(topology_.AddAlias(board_, "onto", window, 0, 1).ok());
}

// ---- The ends.

TEST(TopologyDeathTest, AnOwnerMustNotOutliveItsTopology) {
  EXPECT_DEATH(
      {
        auto* topology = new Topology;
        new Owner(*topology, "late");
        delete topology;
      },
      "O1: an Owner outlives");
}

TEST(TopologyDeathTest, LimitsPastThirtyTwoBitsAreOurCallersMistake) {
  EXPECT_DEATH(Topology(Limits{uint64_t{1} << 32, 256}), "X4: Limits");
}

}  // namespace
}  // namespace planish
