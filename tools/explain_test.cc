#include "planish/tools/explain.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/regions/owner.h"
#include "planish/regions/topology.h"

namespace planish::tools {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ExplainTest : public ::testing::Test {
 protected:
  Region& Container(const char* name, ByteCount size = ByteCount::TwoTo64()) {
    return *topology_.AddContainer(owner_, name, size).value();
  }
  Region& Device(const char* name, ByteCount size) {
    return *topology_.AddMmio(owner_, name, size).value();
  }
  Region& Alias(const char* name, Region& target, uint64_t offset,
                ByteCount size) {
    return *topology_.AddAlias(owner_, name, target, offset, size).value();
  }
  void Link(Region& parent, Region& child, uint64_t at, int32_t priority = 0) {
    PLANISH_CHECK_OK(topology_.Link(parent, child, Addr(at), priority));
  }
  static std::vector<std::string> Names(const Contender& contender) {
    std::vector<std::string> names;
    for (const Region* region : contender.path) names.push_back(region->name());
    return names;
  }

  Topology topology_;
  Owner owner_{topology_, "board"};
};

TEST_F(ExplainTest, HigherPriorityBeatsLowerWhereThePathsPart) {
  Region& system = Container("system");
  Region& pci = Container("pci");
  Region& rom = Device("pc.rom", 0x1000);
  Region& ram = Device("ram", 0x4000);
  Link(system, pci, 0, -1);
  Link(pci, rom, 0x1000, 7);
  Link(system, ram, 0);
  const Explanation why = Explain(&system, Addr(0x1234));
  ASSERT_THAT(why.winner, SizeIs(1));
  EXPECT_THAT(Names(why.winner[0]), ElementsAre("system", "ram"));
  EXPECT_EQ(why.winner[0].offset, 0x1234u);
  ASSERT_THAT(why.defeats, SizeIs(1));
  EXPECT_EQ(why.defeats[0].reason, Defeat::Reason::kPriority);
  EXPECT_EQ(why.defeats[0].met, &system);
  EXPECT_EQ(why.defeats[0].winning_branch, &ram);
  EXPECT_EQ(why.defeats[0].losing_branch, &pci);
  EXPECT_EQ(why.defeats[0].loser.offset, 0x234u);
  EXPECT_EQ(ReasonText(why.defeats[0]),
            "in system: priority 0 of ram beats -1 of pci");
}

TEST_F(ExplainTest, AHoleNamesWhatTheAddressFellThrough) {
  Region& system = Container("system");
  Region& pci = Container("pci", 0x10000);
  Region& bridge = Container("bridge", 0x8000);
  Region& card = Device("card", 0x1000);
  Region& window = Alias("window", card, 0, 0x4000);
  Link(system, pci, 0x1000);
  Link(pci, bridge, 0);
  Link(pci, card, 0x9000);
  Link(system, window, 0x5000);

  // Above the end of the window's target, and in an empty bridge.
  const Explanation hole = Explain(&system, Addr(0x6800));
  EXPECT_THAT(hole.winner, IsEmpty());
  ASSERT_THAT(hole.fell_through, SizeIs(2));
  EXPECT_THAT(Names(hole.fell_through[0]), ElementsAre("system", "window"));
  EXPECT_THAT(Names(hole.fell_through[1]),
              ElementsAre("system", "pci", "bridge"));
  EXPECT_EQ(hole.fell_through[1].offset, 0x5800u);
  // Not where the last region that could show does.
  EXPECT_THAT(Explain(&system, Addr(0x5800)).fell_through, IsEmpty());
  EXPECT_THAT(Explain(&card, Addr(0x1000)).fell_through, IsEmpty());
}

TEST_F(ExplainTest, AmongEqualsTheNewerWins) {
  Region& system = Container("system");
  Region& old_bar = Device("old", 0x1000);
  Region& new_bar = Device("new", 0x1000);
  Link(system, old_bar, 0);
  Link(system, new_bar, 0x800);
  const Explanation why = Explain(&system, Addr(0x900));
  ASSERT_THAT(why.defeats, SizeIs(1));
  EXPECT_EQ(why.defeats[0].reason, Defeat::Reason::kNewer);
  EXPECT_EQ(&why.winner[0].region(), &new_bar);
  EXPECT_EQ(ReasonText(why.defeats[0]),
            "in system: equal priority 0, and new is newer than old");
}

TEST_F(ExplainTest, ARegionOnlyFillsTheGapsBetweenItsChildren) {
  Region& rtc = Device("rtc", 2);
  Region& index = Device("rtc-index", 1);
  Link(rtc, index, 0);
  const Explanation why = Explain(&rtc, Addr(0));
  ASSERT_THAT(why.defeats, SizeIs(1));
  EXPECT_EQ(why.defeats[0].reason, Defeat::Reason::kFillsGaps);
  EXPECT_EQ(why.defeats[0].met, &rtc);
  EXPECT_EQ(why.defeats[0].losing_branch, nullptr);
  EXPECT_THAT(Explain(&rtc, Addr(1)).defeats, IsEmpty());
}

TEST_F(ExplainTest, PathsGoThroughAliasesAndGatherFlags) {
  Region& system = Container("system");
  Region& ram = Device("ram", 0x10000);
  Region& window = Alias("window", ram, 0x2000, 0x1000);
  PLANISH_CHECK_OK(topology_.SetReadonly(window, true));
  Link(system, window, 0x8000, 1);
  const Explanation why = Explain(&system, Addr(0x8010));
  ASSERT_THAT(why.winner, SizeIs(1));
  EXPECT_THAT(Names(why.winner[0]), ElementsAre("system", "window", "ram"));
  EXPECT_EQ(why.winner[0].offset, 0x2010u);
  EXPECT_TRUE(why.winner[0].readonly);
  // The window ends where it ends, whatever the target's size.
  EXPECT_THAT(Explain(&system, Addr(0x9000)).winner, IsEmpty());
}

TEST_F(ExplainTest, DisabledRegionsCoverNothingAndAreNamed) {
  Region& system = Container("system");
  Region& flash = Device("flash", 0x1000);
  Link(system, flash, 0);
  PLANISH_CHECK_OK(topology_.SetEnabled(flash, false));
  const Explanation why = Explain(&system, Addr(0));
  EXPECT_THAT(why.winner, IsEmpty());
  EXPECT_THAT(why.disabled, ElementsAre(&flash));
  EXPECT_TRUE(why.is_complete);
}

TEST_F(ExplainTest, AnAliasInsideItsOwnTargetEndsByClipping) {
  Region& system = Container("system", 0x10000);
  Region& mirror = Alias("mirror", system, 0, 0x8000);
  Region& uart = Device("uart", 0x100);
  Link(system, mirror, 0x8000);
  Link(system, uart, 0);
  const Explanation why = Explain(&system, Addr(0x8040));
  ASSERT_THAT(why.winner, SizeIs(1));
  EXPECT_THAT(Names(why.winner[0]),
              ElementsAre("system", "mirror", "system", "uart"));
  EXPECT_TRUE(why.is_complete);
}

TEST_F(ExplainTest, CrowdsAreCutAndThatIsSaid) {
  Region& system = Container("system");
  for (size_t i = 0; i < Explanation::kMaxDefeats + 2; ++i) {
    Link(system, Device("d", 16), 0);
  }
  const Explanation why = Explain(&system, Addr(0));
  EXPECT_THAT(why.defeats, SizeIs(Explanation::kMaxDefeats));
  EXPECT_FALSE(why.is_complete);
}

TEST_F(ExplainTest, NoRootMeansAHoleEverywhere) {
  EXPECT_THAT(Explain(nullptr, Addr(0)).winner, IsEmpty());
}

}  // namespace
}  // namespace planish::tools
