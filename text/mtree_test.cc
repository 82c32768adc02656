#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planish/text/map_description.h"
#include "planish/text/readers.h"

namespace planish::text {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// "000x" in a text stands for 000000000000000x, "fffx" for fffffffffffffffx.
std::string Long(absl::string_view text) {
  return absl::StrReplaceAll(
      text, {{"00_", "0000000000000"}, {"ff_", "fffffffffffff"}});
}

absl::StatusOr<MapDescription> Read(const std::string& tree,
                                    const std::string& flat) {
  const std::string t = Long(tree);
  const std::string f = Long(flat);
  return ReadMtree({"tree", t}, {"flat", f});
}

// Each row: "name in PARENT ADDR+SIZE", then t, r, n, d for terminates,
// readonly, nonvolatile, disabled, then "-> TARGET@OFFSET".
std::string Rows(const MapDescription& map) {
  std::string out;
  for (const RegionRow& row : map.regions) {
    absl::StrAppend(&out, row.name);
    if (row.parent.has_value()) {
      absl::StrAppend(&out, " in ",
                      map.regions[static_cast<size_t>(*row.parent)].name);
    }
    absl::StrAppend(
        &out, " ", absl::Hex(row.addr.raw()), "+",
        row.size == ByteCount::TwoTo64()
            ? "all"
            : absl::StrCat(absl::Hex(static_cast<uint64_t>(row.size.wide()))),
        " ", row.terminates ? "t" : "", row.readonly ? "r" : "",
        row.nonvolatile ? "n" : "", row.enabled ? "" : "d");
    if (row.alias.has_value()) {
      absl::StrAppend(&out, "-> ",
                      map.regions[static_cast<size_t>(*row.alias)].name, "@",
                      absl::Hex(row.alias_offset));
    }
    absl::StrAppend(&out, "\n");
  }
  return out;
}

// The rows, or the error.
std::string RowsOf(const std::string& tree, const std::string& flat) {
  const auto map = Read(tree, flat);
  return map.ok() ? Rows(*map) : std::string(map.status().message());
}

std::string ErrorOf(const std::string& tree, const std::string& flat) {
  const auto map = Read(tree, flat);
  EXPECT_FALSE(map.ok()) << Rows(*map);
  return std::string(map.status().message());
}

constexpr char kTree[] =
    "address-space: memory\n"
    "  00_000-00_fff (prio 0, i/o): system orphan\n"
    "    00_100-00_1ff (prio 0, i/o): uart owner:{dev id=u}\n"
    "\n";
constexpr char kFlat[] =
    "FlatView #0\n"
    " AS \"memory\", root: system\n"
    " Root memory region: system\n"
    "  00_100-00_1ff (prio 0, i/o): uart owner:{dev id=u}\n"
    "\n";

std::string Flat(const std::string& ranges) {
  return absl::StrCat(
      "FlatView #0\n AS \"memory\", root: system\n"
      " Root memory region: system\n",
      ranges, "\n");
}

std::string Tree(const std::string& regions) {
  return absl::StrCat(
      "address-space: memory\n"
      "  00_000-00_fff (prio 0, i/o): system orphan\n",
      regions, "\n");
}

TEST(MtreeTest, ReadsRowsSpacesAndOwners) {
  const auto map = Read(kTree, kFlat);
  ASSERT_TRUE(map.ok()) << map.status();
  EXPECT_EQ(Rows(*map), "system 0+1000 \nuart in system 100+100 t\n");
  ASSERT_EQ(map->spaces.size(), 1u);
  EXPECT_EQ(map->spaces[0].name, "memory");
  EXPECT_EQ(map->spaces[0].root, 0);
  EXPECT_EQ(map->regions[0].owner, "orphan");
  EXPECT_EQ(map->regions[1].owner, "owner:{dev id=u}");
  EXPECT_EQ(map->regions[1].line, 3);
  EXPECT_EQ(map->source, "tree");
}

TEST(MtreeTest, LinesMayEndAsQmpSendsThem) {
  EXPECT_EQ(RowsOf(absl::StrReplaceAll(kTree, {{"\n", "\r\n"}}),
                   absl::StrReplaceAll(kFlat, {{"\n", "\r\n"}})),
            RowsOf(kTree, kFlat));
}

TEST(MtreeTest, TheLastEmptyLineMayBeMissing) {
  const std::string tree(kTree);
  const std::string flat(kFlat);
  EXPECT_EQ(
      RowsOf(tree.substr(0, tree.size() - 2), flat.substr(0, flat.size() - 2)),
      RowsOf(kTree, kFlat));
}

TEST(MtreeTest, ReadsATextWithoutOwners) {
  EXPECT_EQ(RowsOf("address-space: memory\n"
                   "  00_000-00_fff (prio 0, i/o): system\n"
                   "    00_100-00_1ff (prio 0, i/o): uart 1\n",
                   Flat("  00_100-00_1ff (prio 0, i/o): uart 1\n")),
            "system 0+1000 \nuart 1 in system 100+100 t\n");
}

TEST(MtreeTest, TheMonitorsPromptIsReadOver) {
  const std::string tree =
      absl::StrCat("(qemu) info mtree -o -D\n", kTree, "(qemu) ");
  const std::string flat =
      absl::StrCat("(qemu) info mtree -f -o\n", kFlat, "(qemu) \n");
  const auto map = Read(tree, flat);
  ASSERT_TRUE(map.ok()) << map.status();
  EXPECT_EQ(Rows(*map), RowsOf(kTree, kFlat));
}

TEST(MtreeTest, DispatchTreesAreReadOver) {
  EXPECT_EQ(
      RowsOf(kTree, absl::StrReplaceAll(kFlat, {{"{dev id=u}\n",
                                                 "{dev id=u}\n  Dispatch\n"
                                                 "    Physical\n"}})),
      RowsOf(kTree, kFlat));
}

TEST(MtreeTest, AcceleratorsBehindARangeAreNoPartOfIt) {
  EXPECT_EQ(RowsOf(kTree, Flat("  00_100-00_1ff (prio 0, i/o): uart "
                               "owner:{dev id=u} KVM KVM\n")),
            RowsOf(kTree, kFlat));
}

TEST(MtreeTest, ARegionThatShowsTerminatesAndOneThatDoesNotIsAContainer) {
  EXPECT_EQ(RowsOf(Tree("    00_100-00_1ff (prio 0, i/o): rtc orphan\n"
                        "      00_100-00_100 (prio 0, i/o): index orphan\n"
                        "    00_200-00_2ff (prio 0, i/o): empty orphan\n"),
                   Flat("  00_100-00_100 (prio 0, i/o): index orphan\n"
                        "  00_101-00_1ff (prio 0, i/o): rtc @00_001 orphan\n")),
            "system 0+1000 \n"
            "rtc in system 100+100 t\n"
            "index in rtc 0+1 t\n"
            "empty in system 200+100 \n");
}

constexpr char kTie[] =
    "    00_100-00_4ff (prio 0, ram): low orphan\n"
    "    00_200-00_2ff (prio 0, ram): high orphan\n";

TEST(MtreeTest, OfTwoEqualsTheOneThatShowsIsNewer) {
  EXPECT_EQ(RowsOf(Tree(kTie),
                   Flat("  00_100-00_1ff (prio 0, ram): low orphan\n"
                        "  00_200-00_2ff (prio 0, ram): high orphan\n"
                        "  00_300-00_4ff (prio 0, ram): low @00_200 orphan\n")),
            "system 0+1000 \nlow in system 100+400 t\n"
            "high in system 200+100 t\n");
  EXPECT_EQ(
      RowsOf(Tree(kTie), Flat("  00_100-00_4ff (prio 0, ram): low orphan\n")),
      "system 0+1000 \nhigh in system 200+100 t\n"
      "low in system 100+400 t\n");
}

TEST(MtreeTest, OfOneAddressTheFirstPrintedIsNewest) {
  EXPECT_EQ(RowsOf(Tree("    00_100-00_1ff (prio 0, ram): new orphan\n"
                        "    00_100-00_2ff (prio 0, ram): old orphan\n"),
                   Flat("  00_100-00_1ff (prio 0, ram): new orphan\n"
                        "  00_200-00_2ff (prio 0, ram): old @00_100 orphan\n")),
            "system 0+1000 \nold in system 100+200 t\n"
            "new in system 100+100 t\n");
}

TEST(MtreeTest, TheAgesOfThreeAreOneOrder) {
  // a covers b, b covers c; c covers a nowhere to be seen.
  EXPECT_EQ(RowsOf(Tree("    00_100-00_2ff (prio 0, ram): a orphan\n"
                        "    00_200-00_3ff (prio 0, ram): b orphan\n"
                        "    00_280-00_4ff (prio 0, ram): c orphan\n"),
                   Flat("  00_100-00_2ff (prio 0, ram): a orphan\n"
                        "  00_300-00_3ff (prio 0, ram): b @00_100 orphan\n"
                        "  00_400-00_4ff (prio 0, ram): c @00_180 orphan\n")),
            "system 0+1000 \nc in system 280+280 t\nb in system 200+200 t\n"
            "a in system 100+200 t\n");
}

constexpr char kRamSection[] =
    "memory-region: ram\n"
    "  00_000-00_fff (prio 0, ram): ram orphan\n"
    "\n";

TEST(MtreeTest, ARomRangeOfRamCameThroughAReadOnlyAlias) {
  EXPECT_EQ(RowsOf(Tree("    00_000-00_0ff (prio 0, ram): alias w @ram "
                        "00_000-00_0ff orphan\n"
                        "    00_100-00_1ff (prio 0, ram): alias r @ram "
                        "00_100-00_1ff orphan\n") +
                       kRamSection,
                   Flat("  00_000-00_0ff (prio 0, ram): ram orphan\n"
                        "  00_100-00_1ff (prio 0, rom): ram @00_100 orphan\n")),
            "system 0+1000 \nw in system 0+100 -> ram@0\n"
            "r in system 100+100 r-> ram@100\nram 0+1000 t\n");
}

TEST(MtreeTest, ARomRangeOfIoCameFromAReadOnlyRegion) {
  EXPECT_EQ(RowsOf(Tree("    00_000-00_0ff (prio 0, i/o): flash orphan\n"
                        "    00_100-00_1ff (prio 0, i/o): uart orphan\n"),
                   Flat("  00_000-00_0ff (prio 0, rom): flash orphan\n"
                        "  00_100-00_1ff (prio 0, i/o): uart orphan\n")),
            "system 0+1000 \nflash in system 0+100 tr\n"
            "uart in system 100+100 t\n");
}

TEST(MtreeTest, AWindowOfPrintedSizeOneIsClosedUnlessItShows) {
  const std::string tree =
      Tree(
          "    00_100-00_100 (prio 0, ram): alias w @ram 00_100-00_100 "
          "orphan\n") +
      kRamSection;
  EXPECT_THAT(RowsOf(tree, Flat("  No rendered FlatView\n")),
              HasSubstr("w in system 100+0 -> ram@100"));
  EXPECT_THAT(
      RowsOf(tree, Flat("  00_100-00_100 (prio 0, ram): ram @00_100 orphan\n")),
      HasSubstr("w in system 100+1 -> ram@100"));
}

TEST(MtreeTest, AllOf2To64AndItsEnd) {
  EXPECT_EQ(RowsOf("address-space: memory\n"
                   "  00_000-ff_fff (prio 0, i/o): system orphan\n"
                   "    ff_f00-ff_fff (prio 0, ram): top orphan\n"
                   "[DETECTED OVERFLOW!]     ff_f00-00_0ff (prio -1, ram): "
                   "over orphan\n",
                   Flat("  ff_f00-ff_fff (prio 0, ram): top orphan\n")),
            "system 0+all \n"
            "over in system ffffffffffffff00+200 t\n"
            "top in system ffffffffffffff00+100 t\n");
}

TEST(MtreeTest, NamesMayHoldWhatSurroundsThem) {
  EXPECT_EQ(
      RowsOf("address-space: a\", root: b\n"
             "  00_000-00_fff (prio 0, i/o): b\", root: c orphan\n"
             "    00_000-00_0ff (prio 0, i/o): x [disabled] orphan\n"
             "    00_100-00_1ff (prio 0, i/o): y [disabled] orphan\n"
             "    00_200-00_2ff (prio 0, ram): alias p @q @r s @t "
             "00_000-00_0ff orphan\n"
             "    00_300-00_3ff (prio 0, i/o): u: (prio 1, ram): v orphan\n"
             "    00_400-00_4ff (prio 0, i/o): w @00_010 owner:{x} orphan\n"
             "    00_500-00_5ff (prio 0, i/o): alias orphan\n"
             "\n"
             "memory-region: r s @t\n"
             "  00_000-00_0ff (prio 0, ram): r s @t orphan\n",
             "FlatView #0\n"
             " AS \"a\", root: b\", root: b\", root: c\n"
             " Root memory region: b\", root: c\n"
             "  00_000-00_0ff (prio 0, i/o): x [disabled] orphan\n"
             "  00_200-00_2ff (prio 0, ram): r s @t orphan\n"
             "  00_300-00_3ff (prio 0, i/o): u: (prio 1, ram): v orphan\n"
             "  00_400-00_4ff (prio 0, i/o): w @00_010 owner:{x} orphan\n"
             "  00_500-00_5ff (prio 0, i/o): alias orphan\n"),
      "b\", root: c 0+1000 \n"
      "x [disabled] in b\", root: c 0+100 t\n"
      "y in b\", root: c 100+100 td\n"
      "p @q in b\", root: c 200+100 -> r s @t@0\n"
      "u: (prio 1, ram): v in b\", root: c 300+100 t\n"
      "w @0000000000000010 owner:{x} in b\", root: c 400+100 t\n"
      "alias in b\", root: c 500+100 t\n"
      "r s @t 0+100 t\n");
}

TEST(MtreeTest, NewerQemusSayContainerAndRamd) {
  EXPECT_EQ(RowsOf("address-space: memory\n"
                   "  00_000-00_fff (prio 0, container): system orphan\n"
                   "    00_100-00_1ff (prio 0, nv-ramd): bar orphan\n",
                   Flat("  00_100-00_1ff (prio 0, nv-ramd): bar orphan\n")),
            "system 0+1000 \nbar in system 100+100 tn\n");
}

TEST(MtreeTest, ARegionPrintedTwiceIsOne) {
  // The section is the tree's own child, at its address there.
  EXPECT_EQ(RowsOf(Tree("    00_100-00_1ff (prio 0, ram): bios orphan\n"
                        "    00_800-00_8ff (prio 0, ram): alias low @bios "
                        "00_000-00_0ff orphan\n") +
                       "memory-region: bios\n"
                       "  00_100-00_1ff (prio 0, ram): bios orphan\n",
                   Flat("  00_100-00_1ff (prio 0, ram): bios orphan\n"
                        "  00_800-00_8ff (prio 0, ram): bios orphan\n")),
            "system 0+1000 \nbios in system 100+100 t\n"
            "low in system 800+100 -> bios@0\n");
}

TEST(MtreeTest, TargetsFollowTheOrderOfTheSections) {
  // The first alias alone can't have introduced both sections of `t`.
  const auto map = Read(
      Tree("    00_100-00_1ff (prio 0, ram): alias a @t 00_000-00_0ff orphan\n"
           "    00_200-00_2ff (prio 0, ram): alias b @t 00_000-00_0ff orphan\n"
           "    00_300-00_3ff (prio 0, ram): alias c @s 00_000-00_0ff orphan\n"
           "    00_400-00_4ff (prio 0, ram): alias d @t 00_000-00_0ff "
           "orphan\n") +
          "memory-region: t\n  00_000-00_0ff (prio 0, ram): t orphan\n\n"
          "memory-region: t\n  00_000-00_0ff (prio 0, ram): t orphan\n\n"
          "memory-region: s\n  00_000-00_0ff (prio 0, ram): s orphan\n",
      Flat("  00_100-00_1ff (prio 0, ram): t orphan\n"
           "  00_200-00_2ff (prio 0, ram): t orphan\n"
           "  00_300-00_3ff (prio 0, ram): s orphan\n"
           "  00_400-00_4ff (prio 0, ram): t orphan\n"));
  ASSERT_TRUE(map.ok()) << map.status();
  std::vector<RowId> targets;
  for (const RegionRow& row : map->regions) {
    if (row.alias.has_value()) targets.push_back(*row.alias);
  }
  EXPECT_THAT(targets, ElementsAre(5, 6, 7, 5));
  EXPECT_THAT(map->undecided,
              Contains("tree:6: system/d: alias of which 't'; taken the "
                       "section of line 8"));
}

TEST(MtreeTest, TheViewDecidesBetweenTargets) {
  // The first `t` would do by the rule, and shows another region.
  EXPECT_EQ(
      RowsOf(Tree("    00_100-00_1ff (prio 0, i/o): alias a @t 00_000-00_0ff "
                  "orphan\n"
                  "    00_200-00_2ff (prio 0, i/o): alias b @t 00_000-00_0ff "
                  "orphan\n"
                  "    00_300-00_3ff (prio 0, i/o): alias c @t 00_000-00_0ff "
                  "orphan\n") +
                 "memory-region: t\n  00_000-00_0ff (prio 0, i/o): t orphan\n"
                 "    00_000-00_00f (prio 0, ram): x orphan\n\n"
                 "memory-region: t\n  00_000-00_0ff (prio 0, i/o): t orphan\n"
                 "    00_000-00_00f (prio 0, ram): y orphan\n",
             Flat("  00_100-00_10f (prio 0, ram): x orphan\n"
                  "  00_200-00_20f (prio 0, ram): y orphan\n"
                  "  00_300-00_30f (prio 0, ram): y orphan\n")),
      "system 0+1000 \n"
      "a in system 100+100 -> t@0\nb in system 200+100 -> t@0\n"
      "c in system 300+100 -> t@0\n"
      "t 0+100 \nx in t 0+10 t\nt 0+100 \ny in t 0+10 t\n");
}

TEST(MtreeTest, ADeviceSharesTheViewOfTheRootThatItIsAWindowOnto) {
  // Two roots read alike, and so do their sections. nic 1 shows what the second
  // view shows; nic 2 is off, so that its root may be a third.
  std::string tree;
  for (const char* nic :
       {" owner:{dev id=1}", " [disabled] owner:{dev id=2}"}) {
    absl::StrAppend(&tree,
                    "address-space: nic\n"
                    "  00_000-ff_fff (prio 0, i/o): bus orphan\n"
                    "    00_000-ff_fff (prio 0, i/o): alias m @iommu "
                    "00_000-ff_fff",
                    nic, "\n\n");
  }
  const std::string iommu =
      "  00_000-ff_fff (prio 0, i/o): iommu orphan\n"
      "    00_000-00_fff (prio 0, ram): msi orphan\n"
      "    00_000-ff_fff (prio -1, i/o): dmar orphan\n\n";
  for (int i = 0; i < 2; ++i)
    absl::StrAppend(&tree, "address-space: r\n", iommu);
  for (int i = 0; i < 2; ++i) {
    absl::StrAppend(&tree, "memory-region: iommu\n", iommu);
  }
  const std::string shown =
      " Root memory region: iommu\n"
      "  00_000-00_fff (prio 0, ram): msi orphan\n\n";
  const auto map =
      Read(tree, absl::StrCat("FlatView #0\n AS \"r\", root: iommu\n", shown,
                              "FlatView #1\n AS \"nic\", root: bus\n"
                              " AS \"r\", root: iommu\n",
                              shown,
                              "FlatView #2\n AS \"nic\", root: bus\n"
                              " Root memory region: (none)\n"
                              "  No rendered FlatView\n"));
  ASSERT_TRUE(map.ok()) << map.status();
  // The alias shows the root of one of the two spaces `r`; the other alias a
  // region of its own.
  std::vector<RowId> targets;
  std::vector<RowId> roots;
  for (const RegionRow& row : map->regions) {
    if (row.alias.has_value()) targets.push_back(*row.alias);
  }
  for (const SpaceRow& space : map->spaces) {
    if (space.name == "r") roots.push_back(space.root);
  }
  ASSERT_EQ(targets.size(), 2u);
  EXPECT_THAT(roots, Contains(targets[0]));
  EXPECT_THAT(roots, Not(Contains(targets[1])));
  EXPECT_THAT(map->undecided,
              Contains(HasSubstr("which of several equal regions")));
}

TEST(MtreeTest, WhatNoViewShowsIsListed) {
  const auto map =
      Read(Tree("    00_100-00_1ff (prio 0, i/o): off [disabled] orphan\n"),
           Flat("  No rendered FlatView\n"));
  ASSERT_FALSE(map.ok());  // A root without enabled children has no view.
  const auto none =
      Read(Tree("    00_100-00_1ff (prio 0, i/o): off [disabled] orphan\n"),
           "FlatView #0\n AS \"memory\", root: system\n"
           " Root memory region: (none)\n  No rendered FlatView\n");
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_THAT(none->undecided,
              ElementsAre("tree:2: system: read-only or not; taken as not",
                          "tree:3: system/off: with callbacks or a mere "
                          "container; taken as with callbacks",
                          "tree:3: system/off: read-only or not; taken as "
                          "not"));
}

TEST(MtreeTest, WhatTheViewShowsIsNotListed) {
  const auto map = Read(kTree, kFlat);
  ASSERT_TRUE(map.ok()) << map.status();
  EXPECT_THAT(map->undecided, IsEmpty());
}

struct BadCase {
  std::string tree;
  std::string flat;
  std::string error;
};

class MtreeErrorTest : public testing::TestWithParam<BadCase> {};

TEST_P(MtreeErrorTest, IsReported) {
  EXPECT_EQ(ErrorOf(GetParam().tree, GetParam().flat), Long(GetParam().error));
}

INSTANTIATE_TEST_SUITE_P(
    Tree, MtreeErrorTest,
    testing::Values(
        BadCase{"", kFlat,
                "tree:2:1: expected 'address-space: ', found end of file"},
        BadCase{"hello\n", kFlat,
                "tree:1:1: expected 'address-space: ' or 'memory-region: ', "
                "found 'hello'"},
        BadCase{"  00_000-00_fff (prio 0, i/o): system orphan\n", kFlat,
                "tree:1:1: expected 'address-space: ' or 'memory-region: ', "
                "found '  0000000000000000-0000000000000fff (pri...'"},
        BadCase{"address-space: memory\n\n", kFlat,
                "tree:2:1: expected a region, found end of line"},
        BadCase{"address-space: memory\n", kFlat,
                "tree:2:1: expected a region, found end of file"},
        BadCase{"address-space: memory\nmemory-region: x\n", kFlat,
                "tree:2:1: expected a region or an empty line, found "
                "'memory-region: x'"},
        BadCase{Tree("here\n"), kFlat,
                "tree:3:1: expected a region or an empty line, found 'here'"},
        BadCase{"address-space: m\n    00_000-00_fff (prio 0, i/o): s o\n",
                kFlat,
                "tree:2:1: expected 2 blanks, found '    "
                "0000000000000000-0000000000000fff (p...'"},
        BadCase{Tree("      00_000-00_fff (prio 0, i/o): s orphan\n"), kFlat,
                "tree:3:1: expected an even number of blanks from 4 to 4 (as "
                "info mtree -D prints), found '      "
                "0000000000000000-0000000000000fff ...'"},
        BadCase{Tree("   00_000-00_fff (prio 0, i/o): s orphan\n"), kFlat,
                "tree:3:1: expected an even number of blanks from 4 to 4 (as "
                "info mtree -D prints), found '   "
                "0000000000000000-0000000000000fff (pr...'"},
        BadCase{Tree("    00_00g-00_fff (prio 0, i/o): s orphan\n"), kFlat,
                "tree:3:5: expected 16 hex digits, found "
                "'000000000000000g-0000000000000fff (prio ...'"},
        BadCase{Tree("    00_000:00_fff (prio 0, i/o): s orphan\n"), kFlat,
                "tree:3:21: expected '-', found "
                "':0000000000000fff (prio 0, i/o): s orpha...'"},
        BadCase{Tree("    00_000-00_fff (prio x, i/o): s orphan\n"), kFlat,
                "tree:3:45: expected a 32-bit number, found 'x, i/o): s "
                "orphan'"},
        BadCase{Tree("    00_000-00_fff (prio 2147483648, i/o): s orphan\n"),
                kFlat,
                "tree:3:45: expected a 32-bit number, found '2147483648, "
                "i/o): s orphan'"},
        BadCase{Tree("    00_000-00_fff (prio 0, rem): s orphan\n"), kFlat,
                "tree:3:48: expected i/o, ram, rom, romd, ramd or container, "
                "found 'rem): s orphan'"},
        BadCase{Tree("    00_000-00_fff (prio 0, ram) s orphan\n"), kFlat,
                "tree:3:51: expected '): ', found ') s orphan'"},
        BadCase{Tree("    00_000-00_fff (prio 0, ram): \n"), kFlat,
                "tree:3:54: expected a region's name, found end of line"},
        BadCase{Tree("    00_000-00_fff (prio 0, ram): uart\n"), kFlat,
                "tree:3:58: expected ' owner:{', ' parent:{' or ' orphan', "
                "found end of line"},
        BadCase{
            Tree("    00_000-00_0ff (prio 0, ram): alias a @b "
                 "00_000-00_0ff orphan\n"),
            kFlat,
            "tree:3:54: expected an alias of one of the memory-region: "
            "sections, found 'alias a @b 0000000000000000-000000000000...'"},
        BadCase{Tree("    00_000-00_0ff (prio 0, ram): alias a @ram "
                     "00_000-00_0fe orphan\n") +
                    kRamSection,
                kFlat,
                "tree:3:54: expected a window as long as its alias, found "
                "'alias a @ram 0000000000000000-0000000000...'"},
        BadCase{Tree("    00_000-00_0ff (prio 0, ram): alias a @ram "
                     "00_000-00_0ff orphan\n"
                     "      00_000-00_0ff (prio 0, ram): b orphan\n") +
                    kRamSection,
                kFlat,
                "tree:4:7: expected no region below an alias, found "
                "'0000000000000000-00000000000000ff (prio ...'"},
        BadCase{std::string(kTree) + kRamSection, kFlat,
                "tree:5:1: expected a memory-region: that an alias above "
                "shows, found 'ram'"},
        BadCase{Tree("    00_000-00_0ff (prio 0, i/o): alias a @ram "
                     "00_000-00_0ff orphan\n") +
                    kRamSection,
                Flat("  00_000-00_0ff (prio 0, ram): ram orphan\n"),
                "tree:3:1: expected a memory-region: section for this alias, "
                "in the order of the aliases and of type i/o, found 'ram'"}));

INSTANTIATE_TEST_SUITE_P(
    Flat, MtreeErrorTest,
    testing::Values(
        BadCase{kTree, "",
                "flat:2:1: expected 'FlatView #', found end of file"},
        BadCase{kTree, "FlatView 0\n",
                "flat:1:1: expected 'FlatView #', found 'FlatView 0'"},
        BadCase{kTree, "FlatView #0x\n",
                "flat:1:12: expected the end of the line, found 'x'"},
        BadCase{kTree, "FlatView #0\n",
                "flat:2:1: expected ' Root memory region: ', found end of "
                "file"},
        BadCase{kTree, "FlatView #0\nx\n",
                "flat:2:1: expected ' AS \"' or ' Root memory region: ', found "
                "'x'"},
        BadCase{kTree, "FlatView #0\n Root memory region: x\n",
                "flat:3:1: expected a range or '  No rendered FlatView', found "
                "end of file"},
        BadCase{kTree, "FlatView #0\n Root memory region: x\n\n",
                "flat:3:1: expected a range or '  No rendered FlatView', found "
                "end of line"},
        BadCase{kTree, Flat("  No rendered FlatView\nx\n"),
                "flat:5:1: expected an empty line, found 'x'"},
        BadCase{kTree, Flat("  00_1-"),
                "flat:4:3: expected 16 hex digits, found '00000000000001-'"},
        BadCase{kTree, Flat("  00_100-00_0ff (prio 0, i/o): uart orphan\n"),
                "flat:4:20: expected an end behind the start, found "
                "'00000000000000ff (prio 0, i/o): uart orp...'"},
        BadCase{kTree,
                Flat("  00_100-00_1ff (prio 0, i/o): uart owner:{dev id=u}\n"
                     "  00_1ff-00_2ff (prio 0, i/o): uart owner:{dev id=u}\n"),
                "flat:5:3: expected a start behind the range before, found "
                "'00000000000001ff-00000000000002ff (prio ...'"}));

INSTANTIATE_TEST_SUITE_P(
    Pair, MtreeErrorTest,
    testing::Values(
        BadCase{kTree, Flat("  00_100-00_1ff (prio 0, i/o): uart orphan\n"),
                "flat:4:52: expected a region of the tree, with its owner, "
                "found 'uart orphan'"},
        BadCase{kTree,
                absl::StrReplaceAll(kFlat, {{"\"memory\"", "\"other\""}}),
                "flat:2:2: expected a space of tree, found 'AS "
                "\\\"other\\\", root: system'"},
        BadCase{kTree,
                absl::StrReplaceAll(kFlat,
                                    {{" AS \"memory\", root: system\n", ""}}),
                "tree:1:1: expected a space that flat has too, found 'AS "
                "\\\"memory\\\", root: system'"},
        BadCase{kTree,
                absl::StrReplaceAll(kFlat, {{"region: system", "region: x"}}),
                "flat:3:22: expected the root of the space 'memory', "
                "'system', in FlatView #0, found 'x'"},
        BadCase{kTree, absl::StrReplaceAll(kFlat, {{"00_1ff", "00_1fe"}}),
                "flat:4:3: expected FlatView #0 to show "
                "0000000000000100-00000000000001ff (prio 0, i/o): uart "
                "owner:{dev id=u}, found "
                "'0000000000000100-00000000000001fe uart o...'"},
        BadCase{Tree("    00_100-00_1ff (prio 0, ram): ram orphan\n"),
                Flat("  No rendered FlatView\n"),
                "flat:4:1: expected FlatView #0 to show "
                "0000000000000100-00000000000001ff (prio 0, ram): ram orphan, "
                "found end of line"}));

TEST(MtreeTest, AliasesThatShowEachOtherWithoutEndAreReported) {
  EXPECT_THAT(
      ErrorOf("address-space: memory\n"
              "  00_000-00_fff (prio 0, i/o): a orphan\n"
              "    00_000-00_fff (prio 0, i/o): alias x @b 00_000-00_fff "
              "orphan\n"
              "    00_000-00_00f (prio 0, ram): r orphan\n"
              "\n"
              "memory-region: b\n"
              "  00_000-00_fff (prio 0, i/o): b orphan\n"
              "    00_000-00_fff (prio 0, i/o): alias y @b 00_000-00_fff "
              "orphan\n"
              "    00_000-00_00f (prio 0, ram): r orphan\n",
              "FlatView #0\n AS \"memory\", root: a\n"
              " Root memory region: a\n"
              "  00_000-00_00f (prio 0, ram): r orphan\n"),
      "flat:1:1: expected FlatView #0 of a graph that comes to an end, found "
      "'FlatView #0'");
}

}  // namespace
}  // namespace planish::text
