// Rendering, rule by rule: R2.n is SEMANTICS.md's. The roots of spaces, R2.13
// to R2.19: resolve_test.cc. X4, the limits: render_limits_test.cc.

#include "planish/flatview/render.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/flatview/flat_range.h"
#include "planish/flatview/render_fixture_for_test.h"
#include "planish/regions/limits.h"
#include "planish/regions/owner.h"
#include "planish/regions/ram_block.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"

namespace planish {
namespace {

constexpr uint64_t kMax = UINT64_MAX;

// ---- 2.1, 2.2: rendering.

TEST_F(RenderTest, R2_1_ADisabledRegionVanishesWithAllBelowAndObscuresNothing) {
  Region& below = In(sys_, 0, Mmio("below", 0x100));
  Region& bus = In(sys_, 0, Container("bus", 0x100), 1);
  In(bus, 0x10, Mmio("dev", 0x10));
  Region& cover = In(sys_, 0x80, Mmio("cover", 0x10), 2);
  EXPECT_EQ(Shown(sys_),
            "0-f below; 10-1f dev; 20-7f below@20; 80-8f cover; "
            "90-ff below@90");
  Ok(topology_.SetEnabled(bus, false));
  EXPECT_EQ(Shown(sys_), "0-7f below; 80-8f cover; 90-ff below@90");
  Ok(topology_.SetEnabled(cover, false));
  EXPECT_EQ(Shown(sys_), "0-ff below");
  Ok(topology_.SetEnabled(sys_, false));
  EXPECT_EQ(Shown(sys_), "(empty)");
  Ok(topology_.SetEnabled(sys_, true));
  Ok(topology_.SetEnabled(below, false));
  EXPECT_EQ(Shown(sys_), "(empty)");
}

TEST_F(RenderTest, R2_2_ChildrenComeInDescendingPriority) {
  In(sys_, 0, Mmio("high", 0x10), 2);
  In(sys_, 0, Mmio("middle", 0x20), 1);
  In(sys_, 0, Mmio("low", 0x30), -1);
  EXPECT_EQ(Shown(sys_), "0-f high; 10-1f middle@10; 20-2f low@20");
}

TEST_F(RenderTest, R2_2_PrioritiesAreLocalToOneContainer) {
  Region& upper = In(sys_, 0, Container("upper", 0x100), 1);
  Region& lower = In(sys_, 0, Container("lower", 0x100), 0);
  In(upper, 0, Mmio("weak", 0x20), INT32_MIN);
  In(lower, 0x10, Mmio("strong", 0x20), INT32_MAX);
  EXPECT_EQ(Shown(sys_), "0-1f weak; 20-2f strong@10");
}

TEST_F(RenderTest, R2_2_HolesFallThroughToLowerSiblingsOfAnyAncestor) {
  In(sys_, 0, Mmio("below", 0x40), -1);
  Region& bus = In(sys_, 0, Container("bus", 0x40));
  Region& slot = In(bus, 0x10, Container("slot", 0x20), 5);
  In(slot, 8, Mmio("dev", 8));
  EXPECT_EQ(Shown(sys_), "0-17 below; 18-1f dev; 20-3f below@20");
}

TEST_F(RenderTest, R2_3_AmongEqualsTheNewestWins) {
  Region& a = In(sys_, 0, Mmio("a", 0x10));
  Region& b = In(sys_, 0, Mmio("b", 0x10));
  Region& c = In(sys_, 0, Mmio("c", 0x10));
  EXPECT_EQ(Shown(sys_), "0-f c");
  Ok(topology_.Unlink(b));
  In(sys_, 0, b);
  EXPECT_EQ(Shown(sys_), "0-f b");
  Ok(topology_.SetAddress(a, Addr(1)));
  EXPECT_EQ(Shown(sys_), "0-0 b; 1-10 a");
  Ok(topology_.SetEnabled(c, false));
  Ok(topology_.SetEnabled(c, true));
  Ok(topology_.SetSize(c, 0x12));
  EXPECT_EQ(Shown(sys_), "0-0 b; 1-10 a; 11-11 c@11");
}

TEST_F(RenderTest, R2_4_AttributesGatherOnTheWayDown) {
  Region& outer = In(sys_, 0x1000, Container("outer", 0x1000));
  Region& inner = In(outer, 0x100, Container("inner", 0x100));
  Region& ram = In(inner, 0x10, Ram("ram", 0x10));
  EXPECT_EQ(Shown(sys_), "1110-111f ram");
  Ok(topology_.SetReadonly(outer, true));
  Ok(topology_.SetNonvolatile(inner, true));
  Ok(topology_.SetUnmergeable(ram, true));
  EXPECT_EQ(Shown(sys_), "1110-111f ram ro nv um");
  EXPECT_FALSE(ram.readonly());
  // Not sideways, nor up.
  In(sys_, 0, Ram("other", 0x10));
  In(outer, 0, Mmio("mmio", 0x10));
  EXPECT_EQ(Shown(sys_),
            "0-f other; 1000-100f mmio ro; 1110-111f ram ro nv um");
}

TEST_F(RenderTest, R2_5_EveryContainerClips) {
  Region& outer = In(sys_, 0x100, Container("outer", 0x20));
  Region& inner = In(outer, 0x10, Container("inner", 0x100));
  In(inner, 0, Mmio("dev", 0x100));
  EXPECT_EQ(Shown(sys_), "110-11f dev");
}

TEST_F(RenderTest, R2_5_WhatLiesOutsideOrIsEmptyShowsNothing) {
  Region& bus = In(sys_, 0x100, Container("bus", 0x20));
  In(bus, 0x20, Mmio("behind", 0x10));
  In(bus, 0x08, Mmio("empty", 0));
  EXPECT_EQ(Shown(sys_), "(empty)");
  In(bus, 0x1f, Mmio("last", 0x10));
  EXPECT_EQ(Shown(sys_), "11f-11f last");
}

TEST_F(RenderTest, R2_6_ARegionThatTerminatesFillsItsOwnGaps) {
  Region& io = In(sys_, 0x1000, Mmio("io", 0x20));
  In(io, 4, Mmio("port", 4));
  EXPECT_EQ(Shown(sys_), "1000-1003 io; 1004-1007 port; 1008-101f io@8");
  // Not those that anything of higher precedence has taken.
  In(sys_, 0x1010, Mmio("over", 4), 1);
  EXPECT_EQ(Shown(sys_),
            "1000-1003 io; 1004-1007 port; 1008-100f io@8; 1010-1013 over; "
            "1014-101f io@14");
}

TEST_F(RenderTest, R2_6_AChildBeatsItsParentWhateverItsPriority) {
  Region& io = In(sys_, 0, Mmio("io", 0x10), 7);
  In(io, 4, Mmio("port", 4), INT32_MIN);
  EXPECT_EQ(Shown(sys_), "0-3 io; 4-7 port; 8-f io@8");
}

TEST_F(RenderTest, R2_6_EveryKindThatTerminatesFills) {
  const RamBacking none = RamBacking::None();
  In(sys_, 0x0, **topology_.AddRam(board_, "ram", 1, none));
  In(sys_, 0x1, **topology_.AddRom(board_, "rom", 1, none));
  In(sys_, 0x2, **topology_.AddRomDevice(board_, "flash", 1, none));
  In(sys_, 0x3, **topology_.AddRamDevice(board_, "bar", 1, none));
  In(sys_, 0x4, **topology_.AddMmio(board_, "mmio", 1));
  In(sys_, 0x5, **topology_.AddReservation(board_, "gap", 1));
  In(sys_, 0x6, **topology_.AddIommu(board_, "iommu", 1));
  In(sys_, 0x7, Container("container", 1));
  EXPECT_EQ(Shown(sys_),
            "0-0 ram; 1-1 rom ro; 2-2 flash romd; 3-3 bar; 4-4 mmio; 5-5 gap; "
            "6-6 iommu");
  const auto ranges = Render(sys_, AddrRange::All(), topology_.limits());
  std::vector<RegionKind> kinds;
  for (const FlatRange& r : *ranges) kinds.push_back(r.kind);
  using Kind = RegionKind;
  EXPECT_THAT(kinds,
              testing::ElementsAre(Kind::kRam, Kind::kRom, Kind::kRomDevice,
                                   Kind::kRamDevice, Kind::kMmio,
                                   Kind::kReservation, Kind::kIommu));
}

TEST_F(RenderTest, R2_6_AReservationHidesWhatIsBelow) {
  In(sys_, 0, Ram("ram", 0x30));
  In(sys_, 0x10, **topology_.AddReservation(board_, "gap", 0x10), 1);
  EXPECT_EQ(Shown(sys_), "0-f ram; 10-1f gap; 20-2f ram@20");
}

TEST_F(RenderTest, R2_7_AnAliasShowsItsTargetFromItsOffsetOn) {
  Region& ram = Ram("ram", 0x1000);
  In(sys_, 0x8000, Alias("window", ram, 0x200, 0x100));
  EXPECT_EQ(Shown(sys_), "8000-80ff ram@200");
}

TEST_F(RenderTest, R2_7_TheTargetsAddressIsCancelledAndItsAncestorsIgnored) {
  Region& elsewhere = Container("elsewhere", 0x10);  // Smaller than the child.
  Region& ram = In(elsewhere, 0x5000, Ram("ram", 0x1000));
  Ok(topology_.SetEnabled(elsewhere, false));
  Ok(topology_.SetReadonly(elsewhere, true));
  In(sys_, 0x8000, Alias("window", ram, 0, 0x1000));
  EXPECT_EQ(Shown(sys_), "8000-8fff ram");
}

TEST_F(RenderTest, R2_7_TheTargetsOwnAttributesCount) {
  Region& target = Container("target", 0x100);
  In(target, 0x10, Mmio("dev", 0x10));
  Region& window = In(sys_, 0x1000, Alias("window", target, 0, 0x1000));
  Ok(topology_.SetNonvolatile(target, true));
  Ok(topology_.SetReadonly(window, true));
  EXPECT_EQ(Shown(sys_), "1010-101f dev ro nv");
  Ok(topology_.SetSize(target, 0x18));
  EXPECT_EQ(Shown(sys_), "1010-1017 dev ro nv");
  Ok(topology_.SetEnabled(target, false));
  EXPECT_EQ(Shown(sys_), "(empty)");
}

TEST_F(RenderTest, R2_7_AWindowPastItsTargetLeavesHoles) {
  Region& ram = Ram("ram", 0x1000);
  In(sys_, 0, Mmio("below", 0x4000), -1);
  In(sys_, 0x1000, Alias("large", ram, 0xf00, 0x1000));
  In(sys_, 0x3000, Alias("past", ram, 0x1000, 0x1000));
  EXPECT_EQ(Shown(sys_),
            "0-fff below; 1000-10ff ram@f00; 1100-3fff below@1100");
}

TEST_F(RenderTest, R2_7_NegativeSpaceIsClippedAway) {
  // The window starts at 0x10; its target's start would lie at -0xff0.
  Region& target = Container("target", 0x10000);
  In(target, 0, Mmio("gone", 0x1000));
  In(target, 0x1000, Mmio("cut", 0x10));
  In(target, 0x1010, Mmio("whole", 0x10));
  In(sys_, 0x10, Alias("window", target, 0x1008, 0x100));
  EXPECT_EQ(Shown(sys_), "10-17 cut@8; 18-27 whole");
  // All the way down: base -(2^64 - 1).
  Region& far = Container("far");
  In(far, kMax, Mmio("last", 0x10));
  In(sys_, 0, Alias("end", far, kMax, 0x10));
  EXPECT_EQ(Shown(sys_), "0-0 last; 10-17 cut@8; 18-27 whole");
}

TEST_F(RenderTest, R2_7_AliasesOfAliases) {
  Region& ram = Ram("ram", 0x1000);
  Region& inner = Alias("inner", ram, 0x100, 0x200);
  In(sys_, 0x8000, Alias("outer", inner, 0x80, 0x1000));
  EXPECT_EQ(Shown(sys_), "8000-817f ram@180");
}

TEST_F(RenderTest, R2_7_SeveralWindowsShowOneRegion) {
  Region& bus = Container("bus", 0x100);
  In(bus, 0x10, Mmio("dev", 0x10));
  for (uint64_t at = 0x1000; at <= 0x3000; at += 0x1000) {
    In(sys_, at, Alias("w", bus, 0, 0x100));
  }
  EXPECT_EQ(Shown(sys_), "1010-101f dev; 2010-201f dev; 3010-301f dev");
}

TEST_F(RenderTest, R2_7_AnAliasWithoutATargetShowsNothing) {
  Owner card(topology_, "card");
  Region& gone = **topology_.AddMmio(card, "gone", 0x10);
  In(sys_, 0, Alias("window", gone, 0, 0x10));
  In(sys_, 0, Mmio("below", 0x20), -1);
  EXPECT_EQ(Shown(sys_), "0-f gone; 10-1f below@10");
  EXPECT_TRUE(card.Retire());
  EXPECT_EQ(Shown(sys_), "0-1f below");
}

TEST_F(RenderTest, R2_8_OffsetsGoOnBehindWhatIsObscured) {
  In(sys_, 0x1000, Ram("ram", 0x100));
  In(sys_, 0xff0, Mmio("head", 0x18), 1);
  In(sys_, 0x1040, Mmio("middle", 1), 1);
  In(sys_, 0x10ff, Mmio("tail", 0x10), 1);
  EXPECT_EQ(Shown(sys_),
            "ff0-1007 head; 1008-103f ram@8; 1040-1040 middle; "
            "1041-10fe ram@41; 10ff-110e tail");
}

TEST_F(RenderTest, R2_9_RomdAndDirtyMaskAreOfTheTerminalRegion) {
  Region& flash =
      In(sys_, 0,
         **topology_.AddRomDevice(board_, "flash", 8, RamBacking::None()));
  Region& ram = In(sys_, 8, Ram("ram", 8));
  Ok(topology_.SetDirtyLogMask(sys_, 7));  // Not inherited.
  Ok(topology_.SetDirtyLogMask(ram, 3));
  EXPECT_EQ(Shown(sys_), "0-7 flash romd; 8-f ram log3");
  Ok(topology_.SetRomd(flash, false));
  EXPECT_EQ(Shown(sys_), "0-7 flash; 8-f ram log3");
}

TEST_F(RenderTest, R2_10_EverythingIsClippedTo64Bits) {
  In(sys_, kMax - 0xf, Mmio("top", ByteCount::TwoTo64()));
  In(sys_, 0, **topology_.AddIommu(board_, "all"), -1);
  EXPECT_EQ(Shown(sys_),
            "0-ffffffffffffffef all; fffffffffffffff0-ffffffffffffffff top");
}

TEST_F(RenderTest, R2_10_OneRangeMayBeEverything) {
  In(sys_, 0, **topology_.AddIommu(board_, "all"));
  EXPECT_EQ(Shown(sys_), "0-ffffffffffffffff all");
}

TEST_F(RenderTest, R2_11_TheLastOffsetIsTheLastAddress) {
  In(sys_, 0, Mmio("all", ByteCount::TwoTo64()));
  In(sys_, 0, Mmio("cover", kMax), 1);  // 2^64 - 1 bytes: exact here.
  EXPECT_EQ(Shown(sys_),
            "0-fffffffffffffffe cover; "
            "ffffffffffffffff-ffffffffffffffff all@ffffffffffffffff");
}

TEST_F(RenderTest, R2_12_AnAliasCycleIsAnErrorAndNotAnOverflow) {
  Region& bus = In(sys_, 0, Container("bus", 0x1000));
  In(bus, 0, Alias("again", sys_, 0, 0x1000));
  EXPECT_THAT(Shown(sys_), testing::HasSubstr("without end"));
}

// ---- 2.4: merging.

TEST_F(RenderTest, MergeOnlyWhatContinues) {
  Region& ram = Ram("ram", 0x1000);
  In(sys_, 0x000, Alias("a", ram, 0x000, 0x100));
  In(sys_, 0x100, Alias("b", ram, 0x100, 0x100));
  In(sys_, 0x200, Alias("c", ram, 0x300, 0x100));  // Skips.
  In(sys_, 0x300, Alias("d", ram, 0x200, 0x100));  // Goes back.
  In(sys_, 0x401, Alias("e", ram, 0x301, 0x0ff));  // A hole before it.
  EXPECT_EQ(Shown(sys_),
            "0-1ff ram; 200-2ff ram@300; 300-3ff ram@200; 401-4ff ram@301");
}

TEST_F(RenderTest, MergeDoesNotWrapFromTheLastOffsetToTheFirst) {
  Region& all = Mmio("all", ByteCount::TwoTo64());
  In(sys_, 0x00, Alias("end", all, kMax - 0xf, 0x10));
  In(sys_, 0x10, Alias("start", all, 0, 0x10));
  EXPECT_EQ(Shown(sys_), "0-f all@fffffffffffffff0; 10-1f all");
}

TEST_F(RenderTest, MergeIsTransitive) {
  Region& ram = Ram("ram", 0x1000);
  for (uint64_t at = 0; at < 0x1000; at += 0x100) {
    In(sys_, at, Alias("w", ram, at, 0x100));
  }
  EXPECT_EQ(Shown(sys_), "0-fff ram");
}

TEST_F(RenderTest, UnmergeablePiecesStayApart) {
  Region& ram = Ram("ram", 0x1000);
  Ok(topology_.SetUnmergeable(ram, true));
  In(sys_, 0x000, Alias("a", ram, 0x000, 0x100));
  In(sys_, 0x100, Alias("b", ram, 0x100, 0x100));
  EXPECT_EQ(Shown(sys_), "0-ff ram um; 100-1ff ram@100 um");
}

TEST_F(RenderTest, DifferentAttributesStayApart) {
  Region& ram = Ram("ram", 0x1000);
  Region& a = In(sys_, 0x000, Alias("a", ram, 0x000, 0x100));
  In(sys_, 0x100, Alias("b", ram, 0x100, 0x100));
  Ok(topology_.SetNonvolatile(a, true));
  EXPECT_EQ(Shown(sys_), "0-ff ram nv; 100-1ff ram@100");
  Ok(topology_.SetNonvolatile(a, false));
  EXPECT_EQ(Shown(sys_), "0-1ff ram");
}

// ---- Render() of an interval: a part of the whole.

TEST_F(RenderTest, AnIntervalCutsRangesAndKeepsTheirOffsets) {
  In(sys_, 0x1000, Ram("ram", 0x1000));
  In(sys_, 0x1800, Mmio("dev", 0x10), 1);
  EXPECT_EQ(Shown(sys_, {Addr(0x1100), Addr(0x1807)}),
            "1100-17ff ram@100; 1800-1807 dev");
  EXPECT_EQ(Shown(sys_, {Addr(0x1808), Addr(0x1808)}), "1808-1808 dev@8");
  EXPECT_EQ(Shown(sys_, {Addr(0), Addr(0xfff)}), "(empty)");
  EXPECT_EQ(Shown(sys_, {Addr(0x2000), Addr(kMax)}), "(empty)");
}

class RenderPartsTest : public RenderTest {
 protected:
  uint64_t Random(uint64_t below) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return (state_ >> 33) % below;
  }
  AddrRange RandomPart(uint64_t below) {
    const uint64_t a = Random(below);
    const uint64_t b = Random(below);
    return {Addr(std::min(a, b)), Addr(std::max(a, b))};
  }
  // `rendered` is what `whole` shows in `part`.
  static void ExpectPart(const std::vector<FlatRange>& rendered,
                         const std::vector<FlatRange>& whole, AddrRange part) {
    std::vector<FlatRange> expected;
    for (const FlatRange& r : whole) {
      if (r.range.Overlaps(part)) expected.push_back(r.Part(part));
    }
    ASSERT_EQ(Text(rendered), Text(expected));
  }

 private:
  uint64_t state_ = 1;
};

// Any graph, with aliases of aliases and of what they lie in.
TEST_F(RenderPartsTest, APartOfARenderIsTheRenderOfThePart) {
  const Limits limits{20'000, 24};
  int whole_ones = 0;
  int parts_of_endless_ones = 0;
  for (int graph = 0; graph < 400; ++graph) {
    SCOPED_TRACE(graph);
    std::vector<Region*> all = {&Container("root", 256)};
    for (int i = 1; i < 14; ++i) {
      const std::string name = "r" + std::to_string(i);
      Region* region = nullptr;
      switch (Random(4)) {
        case 0:
          region = &Container(name, 1 + Random(128));
          break;
        case 1:
          region = &Mmio(name, 1 + Random(40));
          break;
        default:
          region = &Alias(name, *all[Random(all.size())], Random(64),
                          1 + Random(128));
      }
      Ok(topology_.SetUnmergeable(*region, Random(4) == 0));
      Region* container = all[Random(all.size())];
      while (container->kind() == RegionKind::kAlias) {
        container = all[Random(all.size())];
      }
      all.push_back(
          &In(*container, Random(128), *region, static_cast<int>(Random(3))));
    }
    const auto whole = Render(*all[0], AddrRange::All(), limits);
    if (whole.ok()) ++whole_ones;
    for (int i = 0; i < 30; ++i) {
      const AddrRange part = RandomPart(300);
      const auto rendered = Render(*all[0], part, limits);
      if (whole.ok()) {
        ASSERT_TRUE(rendered.ok()) << rendered.status();
        ExpectPart(*rendered, *whole, part);
      } else if (rendered.ok()) {
        ++parts_of_endless_ones;
      }
    }
  }
  EXPECT_GT(whole_ones, 100);
  EXPECT_GT(parts_of_endless_ones, 100);
}

// So many that they are found by interval, or all the same if many overlap.
TEST_F(RenderPartsTest, OfManyChildrenNoneIsMissed) {
  Region& bus = Container("bus", 0x10000);
  In(sys_, 0x4000, Alias("window", bus, 0x2000, 0x8000));
  std::vector<Region*> children;
  for (int i = 0; i < 400; ++i) {
    Region& child = Mmio("m" + std::to_string(i), 1 + Random(400));
    const uint64_t at = Random(10) == 0 ? 0x5000 : Random(0x10000);
    children.push_back(&In(bus, at, child, static_cast<int>(Random(4))));
  }
  for (int round = 0; round < 30; ++round) {
    SCOPED_TRACE(round);
    Region& child = *children[Random(children.size())];
    Ok(topology_.SetEnabled(child, !child.enabled()));
    const auto whole = Render(sys_, AddrRange::All(), topology_.limits());
    ASSERT_TRUE(whole.ok()) << whole.status();
    // Each address by itself, asked of the children one by one.
    for (int i = 0; i < 100; ++i) {
      const uint64_t offset = 0x2000 + Random(0x8000);
      const Region* shown = nullptr;
      for (const Region* r : bus.children()) {
        const uint64_t first = r->addr().raw();
        if (r->enabled() && first <= offset &&
            offset - first <= r->size().LastOffset()) {
          shown = r;
        }
      }
      const Addr a(0x4000 + offset - 0x2000);
      const auto found =
          std::find_if(whole->begin(), whole->end(),
                       [a](const FlatRange& r) { return r.range.Contains(a); });
      ASSERT_EQ(found == whole->end() ? nullptr : found->region, shown) << a;
    }
    for (int i = 0; i < 30; ++i) {
      const AddrRange part = RandomPart(0x10000);
      const auto rendered = Render(sys_, part, topology_.limits());
      ASSERT_TRUE(rendered.ok()) << rendered.status();
      ExpectPart(*rendered, *whole, part);
    }
  }
}

}  // namespace
}  // namespace planish
