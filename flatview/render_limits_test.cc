// X4: what is refused, and what real machines do and must not be refused.

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/flatview/render.h"
#include "planish/flatview/render_fixture_for_test.h"
#include "planish/regions/limits.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"

namespace planish {
namespace {

using absl::StatusCode;
using testing::AllOf;
using testing::HasSubstr;

class RenderLimitsTest : public RenderTest {
 protected:
  static absl::Status StatusOf(const Region& root,
                               const Limits& limits = Limits()) {
    return Render(root, AddrRange::All(), limits).status();
  }
  static void ExpectEndless(const Region& root, const std::string& path) {
    const absl::Status status = StatusOf(root);
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(status.message()),
                AllOf(HasSubstr("X4"), HasSubstr("'" + root.name() + "'"),
                      HasSubstr("without end"), HasSubstr(path)));
  }
  static void ExpectTooDeep(const Region& root) {
    const absl::Status status = StatusOf(root);
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(status.message()),
                AllOf(HasSubstr("X4"), HasSubstr("'" + root.name() + "'"),
                      HasSubstr("deeper than 256")));
  }
  static void ExpectTooMuch(const Region& root, const Limits& limits) {
    const absl::Status status = StatusOf(root, limits);
    EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
    EXPECT_THAT(std::string(status.message()),
                AllOf(HasSubstr("X4"), HasSubstr("'" + root.name() + "'"),
                      HasSubstr(std::to_string(limits.max_render_steps))));
  }

  // Twice `from`, twice that, and so on: 2^times of it, side by side.
  Region& Doubled(Region& from, int times) {
    Region* half = &from;
    uint64_t size = half->size().LastOffset() + 1;
    for (int i = 0; i < times; ++i) {
      Region& both = Container("double" + std::to_string(i), 2 * size);
      In(both, 0, Alias("left", *half, 0, size));
      In(both, size, Alias("right", *half, 0, size));
      half = &both;
      size *= 2;
    }
    return *half;
  }
};

// ---- Steps.

TEST_F(RenderLimitsTest, FortyDoublingAliasesPassTheDefaultLimit) {
  ExpectTooMuch(Doubled(Mmio("byte", 1), 40), Limits());
}

TEST_F(RenderLimitsTest, FortyDoublingAliasesPassASmallerLimit) {
  ExpectTooMuch(Doubled(Mmio("byte", 1), 40), Limits{5000, 256});
}

TEST_F(RenderLimitsTest, WhatIsCoveredIsNotLookedInto) {
  In(sys_, 0, Doubled(Mmio("byte", 1), 40));
  In(sys_, 0, Mmio("cover", ByteCount::TwoTo64()), 1);
  EXPECT_TRUE(StatusOf(sys_, Limits{2, 256}).ok());
  EXPECT_EQ(Shown(sys_), "0-ffffffffffffffff cover");
}

TEST_F(RenderLimitsTest, ManyBelowTwoThatCoverThemTogetherCostNextToNothing) {
  for (int i = 0; i < 1000; ++i) In(sys_, 0, Mmio("below", 0x100));
  In(sys_, 0, Mmio("low", 0x80), 1);
  In(sys_, 0x80, Mmio("high", ByteCount::TwoTo64()), 1);
  EXPECT_TRUE(StatusOf(sys_, Limits{3, 256}).ok());
  // And where a little of them shows, they cost little in each other's way.
  Region& hole = In(sys_, 0x1000, Container("bus", 0x10), 2);
  In(hole, 0, Mmio("dev", 8));
  EXPECT_TRUE(StatusOf(sys_, Limits{16, 256}).ok());
}

TEST_F(RenderLimitsTest, OfManyOnlyThoseAreVisitedThatReachIntoAHole) {
  Region& bus = In(sys_, 0, Container("bus", 0x100000));
  for (uint64_t end = 0x100000; end > 0; end -= 0x100) {
    In(bus, end - 0x100, Mmio("dev", 0x100));
  }
  In(sys_, 0, Mmio("low", 0x80000), 1);
  In(sys_, 0x80180, Mmio("high", 0x80000), 1);
  In(sys_, 0x100180, Mmio("higher", ByteCount::TwoTo64()), 1);
  EXPECT_TRUE(StatusOf(sys_, Limits{7, 256}).ok());
  EXPECT_TRUE(StatusOf(bus, Limits{5000, 256}).ok());
  ExpectTooMuch(bus, Limits{4000, 256});
}

TEST_F(RenderLimitsTest, WhatIsWithinTheLimitRenders) {
  for (uint64_t at = 0; at < 100; ++at) In(sys_, 2 * at, Mmio("m", 1));
  EXPECT_TRUE(StatusOf(sys_, Limits{101, 256}).ok());
  ExpectTooMuch(sys_, Limits{100, 256});
}

TEST_F(RenderLimitsTest, ManyRangesForTheirStepsRenderToTheLast) {
  // More than are collected before the steps are known to be few enough.
  In(sys_, 0, Doubled(Mmio("byte", 1), 17));
  In(sys_, uint64_t{1} << 17, Mmio("last", 1), -1);
  for (const uint64_t most : {uint64_t{1} << 19, uint64_t{1} << 26}) {
    const auto ranges = Render(sys_, AddrRange::All(), Limits{most, 256});
    ASSERT_TRUE(ranges.ok()) << ranges.status();
    ASSERT_EQ(ranges->size(), (size_t{1} << 17) + 1);
    EXPECT_EQ(ranges->back().region->name(), "last");
    EXPECT_EQ(ranges->front().region->name(), "byte");
  }
}

// ---- Depth, and no end.

TEST_F(RenderLimitsTest, ADeepTreeOfTheDepthThatIsAllowedRenders) {
  Region* outer = &sys_;
  for (int i = 2; i < 256; ++i) outer = &In(*outer, 0, Container("c"));
  In(*outer, 0, Mmio("bottom", 1));
  EXPECT_EQ(Shown(sys_), "0-0 bottom");
}

TEST_F(RenderLimitsTest, ADeeperTreeIsRefusedWithItsPath) {
  Region* outer = &sys_;
  for (int i = 0; i < 258; ++i) {
    outer = &In(*outer, 0, Container("c" + std::to_string(i)));
  }
  In(*outer, 0, Mmio("bottom", 1));
  ExpectTooDeep(sys_);
  EXPECT_THAT(std::string(StatusOf(sys_).message()),
              AllOf(HasSubstr("'sys' -> 'c0' -> 'c1'"), HasSubstr("...")));
}

TEST_F(RenderLimitsTest, AWindowThatShowsItselfAtTheSamePlace) {
  Region& bus = Container("bus", 0x1000);
  In(bus, 0x100, Alias("window", bus, 0x100, 0x100));
  ExpectEndless(bus, "'window' -> 'bus' -> 'window'");
}

TEST_F(RenderLimitsTest, AnEndlessWindowBelowAnotherRoot) {
  Region& bus = In(sys_, 0x4000, Container("bus", 0x1000));
  In(bus, 0x100, Alias("window", bus, 0x100, 0x100));
  ExpectEndless(sys_, "'window' -> 'bus' -> 'window'");
}

TEST_F(RenderLimitsTest, AWindowThatShowsItselfEverFurtherOn) {
  // Each turn is one byte on: no end for 2^64 turns.
  In(sys_, 1, Alias("window", sys_, 0, ByteCount::TwoTo64()));
  ExpectTooDeep(sys_);
}

TEST_F(RenderLimitsTest, AWindowThatShowsItselfEverFurtherBack) {
  // The part of itself that the window shows begins below the window.
  In(sys_, 0x1000, Alias("window", sys_, 0x1001, 0x1000));
  ExpectTooDeep(sys_);
}

TEST_F(RenderLimitsTest, MutualWindows) {
  Region& a = Container("a", 0x1000);
  Region& b = Container("b", 0x1000);
  In(a, 0, Alias("b-in-a", b, 0, 0x1000));
  In(b, 0, Alias("a-in-b", a, 0, 0x1000));
  ExpectEndless(a, "'b-in-a' -> 'b' -> 'a-in-b' -> 'a' -> 'b-in-a'");
}

TEST_F(RenderLimitsTest, ACycleOfWindowsThroughAContainer) {
  Region& a = Container("a", 0x1000);
  Region& onto_a = Alias("onto-a", a, 0, 0x1000);
  Region& onto_that = Alias("onto-that", onto_a, 0, 0x1000);
  Region& bus = In(a, 0, Container("bus", 0x1000));
  In(bus, 0, onto_that);
  ExpectEndless(a, "'onto-that' -> 'onto-a' -> 'a' -> 'bus' -> 'onto-that'");
}

TEST_F(RenderLimitsTest, NoEndMattersOnlyWhereItShows) {
  Region& bus = In(sys_, 0x4000, Container("bus", 0x1000));
  Region& window = In(bus, 0x100, Alias("window", bus, 0x100, 0x100));
  In(bus, 0, Mmio("dev", 0x10));
  Ok(topology_.SetEnabled(window, false));
  EXPECT_EQ(Shown(sys_), "4000-400f dev");
  Ok(topology_.SetEnabled(window, true));
  ExpectEndless(sys_, "'window'");
  Ok(topology_.SetSize(bus, 0x100));  // The window lies behind the end.
  EXPECT_EQ(Shown(sys_), "4000-400f dev");
}

TEST_F(RenderLimitsTest, NoEndMattersOnlyWhereNothingCoversIt) {
  Region& bus = In(sys_, 0x4000, Container("bus", 0x1000));
  In(bus, 0x100, Alias("window", bus, 0x100, 0x100));
  Region& cover = In(sys_, 0x4000, Mmio("cover", 0x200), 1);
  EXPECT_EQ(Shown(sys_), "4000-41ff cover");
  // Not the last byte of the window.
  Ok(topology_.SetSize(cover, 0x1ff));
  ExpectEndless(sys_, "'window' -> 'bus' -> 'window'");
  EXPECT_EQ(Shown(sys_, {Addr(0), Addr(0x41fe)}), "4000-41fe cover");
  EXPECT_EQ(Shown(sys_, {Addr(0x4200), Addr::Max()}), "(empty)");
  // A sibling of the window covers it in there as well.
  In(bus, 0x1ff, Mmio("dev", 1), 1);
  EXPECT_EQ(Shown(sys_), "4000-41fe cover; 41ff-41ff dev");
}

TEST_F(RenderLimitsTest, DepthMattersOnlyWhereNothingCoversIt) {
  // Two ways that never end, and no more steps than the depth allows.
  for (uint64_t at : {1u, 2u}) {
    In(sys_, at, Alias("window", sys_, 0, ByteCount::TwoTo64()));
  }
  In(sys_, 0, Mmio("cover", ByteCount::TwoTo64()), 1);
  EXPECT_EQ(Shown(sys_), "0-ffffffffffffffff cover");
  Region& hole = In(sys_, 0x1000, Container("hole", 0x100), 2);
  EXPECT_EQ(Shown(sys_), "0-ffffffffffffffff cover");
  In(hole, 0, Alias("window", sys_, 0x1000, 0x100));
  ExpectEndless(sys_, "'window' -> 'sys' -> 'hole' -> 'window'");
}

TEST_F(RenderLimitsTest, AWindowThatIsCoveredHasNoDepth) {
  Region* outer = &sys_;
  for (int i = 1; i < 256; ++i) outer = &In(*outer, 0, Container("c"));
  In(*outer, 8, Alias("window", Mmio("dev", 4), 0, 4));
  ExpectTooDeep(sys_);
  In(*outer, 8, Mmio("cover", 4), 1);
  EXPECT_EQ(Shown(sys_), "8-b cover");
}

TEST_F(RenderLimitsTest, AContainerWithNothingInTheWindowHasNoDepth) {
  // What a root doesn't see must not decide whether it can be rendered: no
  // change there reaches it.
  Region* outer = &sys_;
  for (int i = 2; i < 256; ++i) outer = &In(*outer, 0, Container("c"));
  Region& bus = Container("bus");
  In(*outer, 8, Alias("window", bus, 0x100, 4));
  In(bus, 0x104, Mmio("beyond", 4));
  EXPECT_EQ(Shown(sys_), "(empty)");
  In(bus, 0x103, Mmio("inside", 1));
  ExpectTooDeep(sys_);
}

// ---- Harmless: machines do these.

TEST_F(RenderLimitsTest, AWindowOntoTheContainerItLiesInElsewhere) {
  In(sys_, 0, Ram("ram", 0x1000));
  In(sys_, 0x8000, Alias("mirror", sys_, 0, 0x1000));
  EXPECT_EQ(Shown(sys_), "0-fff ram; 8000-8fff ram");
}

TEST_F(RenderLimitsTest, AWindowThatSeesAPartOfItself) {
  // 8000-8fff shows 7800-87ff, whose second half shows 7800-7fff.
  In(sys_, 0x7800, Ram("ram", 0x800));
  In(sys_, 0x8000, Alias("mirror", sys_, 0x7800, 0x1000));
  EXPECT_EQ(Shown(sys_), "7800-7fff ram; 8000-87ff ram; 8800-8fff ram");
}

TEST_F(RenderLimitsTest, AWindowOfTheWholeSystemInsideTheSystem) {
  // Inside the window there is the window again, but outside its clip.
  In(sys_, 0, Ram("ram", 0x1000));
  In(sys_, uint64_t{1} << 62, Alias("again", sys_, 0, uint64_t{1} << 62));
  EXPECT_EQ(Shown(sys_), "0-fff ram; 4000000000000000-4000000000000fff ram");
}

TEST_F(RenderLimitsTest, AWholeWindowFarUpEndsAtTheTopOfTheSpace) {
  In(sys_, 0, Ram("ram", 0x1000));
  In(sys_, uint64_t{1} << 63, Alias("again", sys_, 0, ByteCount::TwoTo64()));
  EXPECT_EQ(Shown(sys_), "0-fff ram; 8000000000000000-8000000000000fff ram");
}

TEST_F(RenderLimitsTest, ARepeatedPatternOfWindowsOntoTheirOwnContainer) {
  // A RAM that repeats because its address lines are not all decoded: each
  // window shows all that is below it.
  In(sys_, 0, Ram("ram", 0x100));
  for (uint64_t size = 0x100; size < 0x1000; size *= 2) {
    In(sys_, size, Alias("repeat", sys_, 0, size));
  }
  In(sys_, 0x1000, Mmio("end", 1));
  const auto ranges = Render(sys_, AddrRange::All(), Limits());
  ASSERT_TRUE(ranges.ok()) << ranges.status();
  ASSERT_EQ(ranges->size(), 17u);
  for (uint64_t i = 0; i < 16; ++i) {
    EXPECT_EQ((*ranges)[i].range,
              (AddrRange{Addr(i * 0x100), Addr(i * 0x100 + 0xff)}));
    EXPECT_EQ((*ranges)[i].offset, 0u);
  }
}

TEST_F(RenderLimitsTest, AWindowThatScrollsOutOfItself) {
  // Each turn shows the bus one page further down behind the same clip, until
  // nothing of it is left.
  Region& bus = Container("bus", 0x4000);
  In(bus, 0x1000, Mmio("dev1", 0x10));
  In(bus, 0x3020, Mmio("dev3", 0x10));
  In(bus, 0, Alias("window", bus, 0x1000, ByteCount::TwoTo64()), -1);
  In(sys_, 0, Alias("first-page", bus, 0, 0x1000));
  EXPECT_EQ(Shown(sys_), "0-f dev1; 20-2f dev3");
}

TEST_F(RenderLimitsTest, TwoBusesWithWindowsOntoEachOther) {
  // PCI sees memory, memory sees PCI, at other places.
  Region& memory = Container("memory");
  Region& pci = Container("pci");
  In(memory, 0, Ram("ram", 0x1000));
  In(memory, 0x8000, Alias("pci-window", pci, 0x8000, 0x1000));
  In(pci, 0x8000, Mmio("bar", 0x100));
  In(pci, 0, Alias("dma-window", memory, 0, 0x1000));
  EXPECT_EQ(Shown(memory), "0-fff ram; 8000-80ff bar");
  EXPECT_EQ(Shown(pci), "0-fff ram; 8000-80ff bar");
}

}  // namespace
}  // namespace planish
