#include "planish/text/machine.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/regions/owner.h"
#include "planish/regions/region.h"
#include "planish/text/flat_writer.h"
#include "planish/text/readers.h"

namespace planish::text {
namespace {

std::unique_ptr<Machine> MachineOf(const std::string& map,
                                   const MachineOptions& options = {}) {
  const auto rows = ReadMap({"m", map});
  EXPECT_TRUE(rows.ok()) << rows.status();
  if (!rows.ok()) return nullptr;
  auto machine = Machine::Create(*rows, options);
  EXPECT_TRUE(machine.ok()) << machine.status();
  return machine.ok() ? *std::move(machine) : nullptr;
}

// Deltas are written here with a blank for each tab.
absl::Status Apply(Machine& machine, const std::string& steps) {
  const auto delta =
      ReadDelta({"d", absl::StrReplaceAll(steps, {{" ", "\t"}})});
  if (!delta.ok()) return delta.status();
  absl::Status status = machine.Apply(*delta);
  machine.topology().CheckInvariants();
  return status;
}

// What the first space shows: "0-fff ram, ..." by name.
std::string Shown(const Machine& machine, size_t space = 0) {
  std::string out;
  const ReadGuard guard(machine.topology().rcu());
  const AddressSpace& shown = *machine.spaces()[space];
  for (const FlatRange& range : shown.Current(guard).view()) {
    absl::StrAppend(
        &out, out.empty() ? "" : ", ", absl::Hex(range.range.first.raw()), "-",
        absl::Hex(range.range.last.raw()), " ", range.region->name());
  }
  return out;
}

constexpr char kBoard[] =
    "container system\n"                // 0
    "  ram   ram    0 +0x100\n"         // 1
    "  mmio  old    0x80 +0x10\n"       // 2, as high as 1, and newer
    "  mmio  new    0x88 +0x10\n"       // 3, newer still
    "  alias win -> ram 0x200 +0x10\n"  // 4
    "container spare\n"                 // 5
    "space memory = system\n";

constexpr char kShown[] =
    "0-7f ram, 80-87 old, 88-97 new, 98-ff ram, 200-20f ram";

TEST(MachineTest, LaterRowsAreNewer) {
  EXPECT_EQ(Shown(*MachineOf(kBoard)), kShown);
}

TEST(MachineTest, RowsMayReferToLaterRows) {
  const auto rows =
      ReadTable({"t", absl::StrReplaceAll("R 2 7 w 10 10 0 alias 0 0 0 1 1 0\n"
                                          "R 7 - s 0 100 0 i/o 0 0 0 1 - 0\n"
                                          "R 1 - r 0 8 0 ram 1 0 0 1 - 0\n"
                                          "A m 7\n",
                                          {{" ", "\t"}})});
  ASSERT_TRUE(rows.ok()) << rows.status();
  const auto machine = Machine::Create(*rows);
  ASSERT_TRUE(machine.ok()) << machine.status();
  EXPECT_EQ(Shown(**machine), "10-17 r");
  EXPECT_EQ((*machine)->FindRegion(7)->name(), "s");
  EXPECT_EQ((*machine)->FindRegion(0), nullptr);
}

TEST(MachineTest, OneOwnerForEachDistinctText) {
  const auto machine = MachineOf(
      "ram a +1 owner x\nram b +1 owner x\nram c +1 owner y\nram d +1\n"
      "ram e +1\n");
  EXPECT_EQ(&machine->FindRegion(0)->owner(), &machine->FindRegion(1)->owner());
  EXPECT_NE(&machine->FindRegion(0)->owner(), &machine->FindRegion(2)->owner());
  EXPECT_EQ(&machine->FindRegion(3)->owner(), &machine->FindRegion(4)->owner());
  EXPECT_EQ(machine->OwnerText(*machine->FindRegion(2)), "y");
  EXPECT_EQ(machine->OwnerText(*machine->FindRegion(3)), "");
  EXPECT_EQ(machine->FindRegion(3)->owner().name(), "machine");
}

TEST(MachineTest, RamIsBackedOnlyOnRequest) {
  MachineOptions backed;
  backed.back_ram = true;
  const std::string map = "ram a +4K\nmmio b +4K\nram none +0\n";
  EXPECT_EQ(MachineOf(map)->FindRegion(0)->ram(), nullptr);
  const auto machine = MachineOf(map, backed);
  EXPECT_NE(machine->FindRegion(0)->ram(), nullptr);
  EXPECT_EQ(machine->FindRegion(1)->ram(), nullptr);
  EXPECT_EQ(machine->FindRegion(2)->ram(), nullptr);
}

TEST(MachineTest, SpaceNamesMayRepeat) {
  const auto machine =
      MachineOf("ram a +1\nram b +2\nspace s = a\nspace s = b\n");
  EXPECT_EQ(Shown(*machine, 0), "0-0 a");
  EXPECT_EQ(Shown(*machine, 1), "0-1 b");
}

TEST(MachineTest, RowsMadeByHandAreCheckedToo) {
  MapDescription map;
  map.source = "mine";
  RegionRow row;
  row.name = "a";
  row.type = "i/o";
  row.parent = 3;
  map.regions.push_back(row);
  EXPECT_EQ(std::string(Machine::Create(map).status().message()),
            "mine: 'a': expected the id of a region or -, found '3'");
  map.regions[0].line = 12;
  EXPECT_EQ(std::string(Machine::Create(map).status().message()),
            "mine:12: expected the id of a region or -, found '3'");
}

TEST(MachineTest, AnAliasThatShowsItselfWithoutEndNamesTheFile) {
  const auto rows = ReadMap({"ring.map",
                             "alias a -> b +16\nalias b -> a +16\n"
                             "space s = a\n"});
  ASSERT_TRUE(rows.ok()) << rows.status();
  const absl::Status status = Machine::Create(*rows).status();
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(std::string(status.message()).rfind("ring.map: ", 0), 0u) << status;
}

TEST(MachineTest, AliasesThatDoubleEachOtherEndAtTheLimit) {
  std::string text = "ram r0 +1\n";
  for (int i = 1; i <= 40; ++i) {
    absl::StrAppend(&text, "container r", i, "\n  alias a -> r", i - 1,
                    " 0 +1T\n  alias b -> r", i - 1, " ",
                    uint64_t{1} << (i - 1), " +1T\n");
  }
  text += "space s = r40\n";
  const auto rows = ReadMap({"m", text});
  ASSERT_TRUE(rows.ok()) << rows.status();
  MachineOptions options;
  options.limits.max_render_steps = 100000;
  EXPECT_TRUE(
      absl::IsResourceExhausted(Machine::Create(*rows, options).status()));
}

TEST(MachineDeltaTest, AFieldSetInPlaceKeepsTheOrderOfSiblings) {
  const auto machine = MachineOf(kBoard);
  ASSERT_TRUE(Apply(*machine, "addr 2 84\nsize 2 20\n").ok());
  EXPECT_EQ(Shown(*machine),
            "0-83 ram, 84-87 old, 88-97 new, 98-a3 old, a4-ff ram, "
            "200-20f ram");
}

TEST(MachineDeltaTest, OnlyAddMakesARegionTheNewest) {
  const auto machine = MachineOf(kBoard);
  ASSERT_TRUE(Apply(*machine, "del 2\nadd 2 0\n").ok());
  EXPECT_EQ(Shown(*machine),
            "0-7f ram, 80-8f old, 90-97 new, 98-ff ram, 200-20f ram");
}

TEST(MachineDeltaTest, EachFieldReachesTheRegion) {
  const auto machine = MachineOf(kBoard);
  ASSERT_TRUE(Apply(*machine,
                    "prio 2 1\nnv 2 1\nenabled 3 0\nunmergeable 3 1\n"
                    "ro 1 1\ntype 1 rom\nalias 4 0\nalias_off 4 80\n"
                    "kind 2 iommu\n")
                  .ok());
  EXPECT_EQ(machine->FindRegion(2)->priority(), 1);
  EXPECT_TRUE(machine->FindRegion(2)->nonvolatile());
  EXPECT_EQ(machine->FindRegion(2)->kind(), RegionKind::kIommu);
  EXPECT_FALSE(machine->FindRegion(3)->enabled());
  EXPECT_TRUE(machine->FindRegion(3)->unmergeable());
  EXPECT_EQ(machine->FindRegion(1)->kind(), RegionKind::kRom);
  EXPECT_EQ(machine->FindRegion(4)->alias_target(), machine->FindRegion(0));
  EXPECT_EQ(Shown(*machine), "0-7f ram, 80-8f old, 90-ff ram, 200-20f old");
}

TEST(MachineDeltaTest, KindsChangeFromAndToAlias) {
  const auto machine = MachineOf(kBoard);
  ASSERT_TRUE(Apply(*machine,
                    "type 4 i/o\nterm 4 1\nalias 4 -\n"
                    "type 5 alias\nalias 5 1\nA spare 5\n")
                  .ok());
  EXPECT_EQ(Shown(*machine),
            "0-7f ram, 80-87 old, 88-97 new, 98-ff ram, 200-20f win");
  EXPECT_EQ(Shown(*machine, 1), "0-ff ram");
}

TEST(MachineDeltaTest, RegionsComeWithForwardReferencesAndOwners) {
  const auto machine = MachineOf(kBoard);
  ASSERT_TRUE(Apply(*machine,
                    "+ 6 - w 300 10 0 alias 0 0 0 1 7 0\n"
                    "+ 7 - chip 0 8 0 i/o 1 0 0 1 - 0\n"
                    "owner 7 me\nadd 6 0\nA dev 7\n")
                  .ok());
  EXPECT_EQ(Shown(*machine), absl::StrCat(kShown, ", 300-307 chip"));
  EXPECT_EQ(Shown(*machine, 1), "0-7 chip");
  EXPECT_EQ(machine->OwnerText(*machine->FindRegion(7)), "me");
}

TEST(MachineDeltaTest, RegionsAndSpacesGo) {
  const auto machine = MachineOf(absl::StrCat(kBoard, "space s = spare\n"));
  ASSERT_TRUE(Apply(*machine, "a s 5\ndel 4\n- 4\n- 5\ndel 3\nadd 3 0\n").ok());
  EXPECT_EQ(Shown(*machine), "0-7f ram, 80-87 old, 88-97 new, 98-ff ram");
  EXPECT_EQ(machine->spaces().size(), 1u);
  EXPECT_EQ(machine->FindRegion(4), nullptr);
  EXPECT_EQ(machine->FindRegion(5), nullptr);
}

TEST(MachineDeltaTest, AliasesOfAliasesThatWereNotNamedStayAsTheyAre) {
  const auto machine = MachineOf(
      "ram r +16\nalias b -> r\nalias a -> b +16\ncontainer c\n"
      "space s = a\n");
  ASSERT_TRUE(Apply(*machine, "enabled 2 0\n").ok());
  EXPECT_EQ(Shown(*machine), "");
  ASSERT_TRUE(Apply(*machine, "enabled 2 1\n").ok());
  EXPECT_EQ(Shown(*machine), "0-f r");
}

TEST(MachineDeltaTest, BackedRamKeepsItsSize) {
  MachineOptions backed;
  backed.back_ram = true;
  const auto machine = MachineOf("ram a +4K\nspace s = a\n", backed);
  EXPECT_EQ(std::string(Apply(*machine, "size 0 2000\n").message()),
            "d:1:8: expected the size of the host memory, 1000, found '2000'");
  EXPECT_EQ(Shown(*machine), "0-fff a");
}

TEST(MachineDeltaTest, ARetiredOwnersRegionsCanNotBeNamed) {
  const auto machine =
      MachineOf("container s\n  ram a +4K owner x\nspace s = s\n");
  machine->FindRegion(1)->owner().Retire();
  EXPECT_TRUE(absl::IsFailedPrecondition(Apply(*machine, "enabled 1 0\n")));
}

TEST(MachineDeltaTest, ACommitPastTheLimitsIsUndoneWholly) {
  MachineOptions options;
  options.limits.max_render_steps = 12;
  const auto machine = MachineOf(kBoard, options);
  std::string steps = "enabled 2 0\n";
  // Side by side, so that one interval takes more steps than there may be.
  for (int i = 6; i < 30; ++i) {
    absl::StrAppend(&steps, "+ ", i, " - r ", absl::Hex(i),
                    " 1 0 i/o 1 0 0 1 - 0\nadd ", i, " 0\n");
  }
  absl::StrAppend(&steps, "A more 0\n");
  const absl::Status status = Apply(*machine, steps);
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_EQ(Shown(*machine), kShown);
  EXPECT_EQ(machine->FindRegion(6), nullptr);
  EXPECT_EQ(machine->spaces().size(), 1u);
  // The ids are free again.
  EXPECT_TRUE(Apply(*machine, "+ 6 - r 0 1 0 i/o 1 0 0 1 - 0\n").ok());
}

struct Mistake {
  const char* what;
  const char* steps;
  const char* message;
};

void PrintTo(const Mistake& mistake, std::ostream* out) {
  *out << mistake.what;
}

class MistakenDeltaTest : public testing::TestWithParam<Mistake> {};

TEST_P(MistakenDeltaTest, SaysWhereAndChangesNothing) {
  const auto machine = MachineOf(kBoard);
  // Something good comes first, which must not stay.
  const std::string steps =
      absl::StrCat("enabled 2 0\ndel 3\nA more 5\n", GetParam().steps);
  EXPECT_EQ(std::string(Apply(*machine, steps).message()), GetParam().message);
  EXPECT_EQ(Shown(*machine), kShown);
  EXPECT_EQ(machine->spaces().size(), 1u);
  ASSERT_TRUE(Apply(*machine, "del 3\nadd 3 0\ndel 2\n").ok());
}

INSTANTIATE_TEST_SUITE_P(
    Steps, MistakenDeltaTest,
    testing::Values(
        Mistake{"unknown id", "del 9",
                "d:4:5: expected the id of a region, found '9'"},
        Mistake{"twice out", "del 3",
                "d:4:5: expected a region that is in a container, found '3'"},
        Mistake{"twice in", "add 2 0",
                "d:4:5: expected a region that is in no container (del comes "
                "first), found '2'"},
        Mistake{"into nothing", "add 3 9",
                "d:4:7: expected the id of a region that is no alias, found "
                "'9'"},
        Mistake{"into an alias", "add 3 4",
                "d:4:7: expected the id of a region that is no alias, found "
                "'4'"},
        Mistake{"below itself", "add 0 3\nadd 3 0",
                "d:5:7: expected a container that does not lie below the "
                "region, nor below more than 1000 others, found '0'"},
        Mistake{"into itself", "add 3 3",
                "d:4:7: expected a container that does not lie below the "
                "region, nor below more than 1000 others, found '3'"},
        Mistake{"id in use", "+ 1 - a 0 1 0 i/o 1 0 0 1 - 0",
                "d:4:3: expected an id that no region has or had, found '1'"},
        Mistake{"id used before", "- 3\n+ 3 - a 0 1 0 i/o 1 0 0 1 - 0",
                "d:5:3: expected an id that no region has or had, found '3'"},
        Mistake{"unknown target", "+ 6 - a 0 1 0 alias 0 0 0 1 9 0",
                "d:4:29: expected the id of the alias' target, or -, found "
                "'9'"},
        Mistake{"unknown new target", "alias 4 9",
                "d:4:9: expected the id of the alias' target, or -, found "
                "'9'"},
        Mistake{"target of no alias", "alias 2 1",
                "d:4:9: expected alias - for mmio, found '1'"},
        Mistake{"half a change of type", "type 2 ram\nterm 2 0",
                "d:5:8: expected terminates 1 for ram, found '0'"},
        Mistake{"alias with children", "type 0 alias",
                "d:4:8: expected another type, as the region has children, "
                "found 'alias'"},
        Mistake{"owner of an old region", "owner 2 me",
                "d:4:7: expected a region that this delta makes (O1), found "
                "'2'"},
        Mistake{"gone while inside", "- 2",
                "d:4:3: expected a region that is in no container and that no "
                "child, alias or space refers to, found '2'"},
        Mistake{"gone while shown", "del 1\n- 1",
                "d:5:3: expected a region that is in no container and that no "
                "child, alias or space refers to, found '1'"},
        Mistake{"gone while a root", "a memory 0\n- 5",
                "d:3:8: expected the id of a region, found '5'"},
        Mistake{"container gone before its child", "- 0\ndel 2",
                "d:4:3: expected a region that is in no container and that no "
                "child, alias or space refers to, found '0'"},
        Mistake{"gone and named", "- 3\nenabled 3 1",
                "d:5:9: expected the id of a region, found '3'"},
        Mistake{"space of nothing", "A s 9",
                "d:4:5: expected the id of a region, found '9'"},
        Mistake{"no such space", "a memory 5",
                "d:4:3: expected the name of an address space with this "
                "root, found 'memory'"}));

}  // namespace
}  // namespace planish::text
