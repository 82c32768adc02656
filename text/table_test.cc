#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/regions/region.h"
#include "planish/text/map_description.h"
#include "planish/text/readers.h"

namespace planish::text {
namespace {

constexpr char kHeader[] =
    "#R\tid\tparent\tname\taddr\tsize\tprio\ttype\tterminates\treadonly\t"
    "nonvolatile\tenabled\talias\talias_offset";

// Tables are written here with a blank for each tab.
std::string Tabs(const std::string& text) {
  return absl::StrReplaceAll(text, {{" ", "\t"}});
}

std::string Table(const std::string& rows, const std::string& extra = "") {
  return absl::StrCat(kHeader, Tabs(extra), "\n", Tabs(rows));
}

std::string TextOf(const absl::StatusOr<MapDescription>& map) {
  return map.ok() ? WriteTable(*map) : std::string(map.status().message());
}

// Twice the identity: table -> table and table -> map -> table.
void ExpectKept(const std::string& table) {
  const auto map = ReadTable({"t", table});
  EXPECT_EQ(TextOf(map), table);
  if (!map.ok()) return;
  const std::string text = WriteMap(*map);
  EXPECT_EQ(TextOf(ReadMap({"m", text})), table) << text;
}

TEST(TableTest, FieldsAreThoseOfTheRow) {
  const auto map =
      ReadTable({"t", Table("R 7 - sys 0 10000000000000000 0 i/o 0 0 0 1 - 0\n"
                            "R 3 7 low fee00000 ab -5 alias 0 1 1 0 7 1f\n"
                            "#A name root\nA memory 7\n")});
  ASSERT_TRUE(map.ok()) << map.status();
  ASSERT_EQ(map->regions.size(), 2u);
  const RegionRow& row = map->regions[1];
  EXPECT_EQ(row.id, 3);
  EXPECT_EQ(row.parent, 7);
  EXPECT_EQ(row.name, "low");
  EXPECT_EQ(row.addr, Addr(0xfee00000));
  EXPECT_EQ(row.size, ByteCount(0xab));
  EXPECT_EQ(row.priority, -5);
  EXPECT_EQ(row.type, "alias");
  EXPECT_FALSE(row.terminates);
  EXPECT_TRUE(row.readonly);
  EXPECT_TRUE(row.nonvolatile);
  EXPECT_FALSE(row.enabled);
  EXPECT_EQ(row.alias, 7);
  EXPECT_EQ(row.alias_offset, 0x1fu);
  EXPECT_EQ(row.line, 3);
  EXPECT_EQ(map->regions[0].size, ByteCount::TwoTo64());
  ASSERT_EQ(map->spaces.size(), 1u);
  EXPECT_EQ(map->spaces[0].name, "memory");
  EXPECT_EQ(map->spaces[0].root, 7);
}

TEST(TableTest, KindFollowsFromTypeTerminatesAndReadonly) {
  const auto map = ReadTable({"t", Table("R 0 - a 0 1 0 i/o 0 0 0 1 - 0\n"
                                         "R 1 - b 0 1 0 container 1 0 0 1 - 0\n"
                                         "R 2 - c 0 1 0 ram 1 0 0 1 - 0\n"
                                         "R 3 - d 0 1 0 ram 1 1 0 1 - 0\n"
                                         "R 4 - e 0 1 0 rom 1 1 0 1 - 0\n"
                                         "R 5 - f 0 1 0 romd 1 0 0 1 - 0\n"
                                         "R 6 - g 0 1 0 ramd 1 0 0 1 - 0\n"
                                         "R 7 - h 0 1 0 alias 0 0 0 1 - 0\n")});
  ASSERT_TRUE(map.ok()) << map.status();
  std::vector<RegionKind> kinds;
  for (const RegionRow& row : map->regions) {
    kinds.push_back(row.EffectiveKind());
  }
  EXPECT_EQ(kinds,
            (std::vector<RegionKind>{
                RegionKind::kContainer, RegionKind::kMmio, RegionKind::kRam,
                RegionKind::kRom, RegionKind::kRom, RegionKind::kRomDevice,
                RegionKind::kRamDevice, RegionKind::kAlias}));
}

TEST(TableTest, IdsOutOfOrderAndRowsOutOfTreeOrderAreKept) {
  ExpectKept(
      Table("R 9 2 late 10 10 0 ram 1 0 0 1 - 0\n"
            "R 2 - root 0 100 0 i/o 0 0 0 1 - 0\n"
            "R 40 2 early 0 10 0 ram 1 0 0 1 - 0\n"
            "R 5 - other 0 10 0 i/o 1 0 0 1 - 0\n"
            "R 4 40 inner 0 4 0 i/o 1 0 0 1 - 0\n"
            "R 6 2 late 0 4 0 alias 0 0 0 1 9 0\n"
            "#A name root\nA one 5\nA one 2\n"));
}

TEST(TableTest, NamesWithQuotesBlanksAtSignsAndUnicodeAreKept) {
  const std::string rows =
      "R\t0\t-\t\t0\t1\t0\tram\t1\t0\t0\t1\t-\t0\n"
      "R\t1\t-\ta \"b\" \\c\t0\t1\t0\tram\t1\t0\t0\t1\t-\t0\n"
      "R\t2\t-\tperipheral @0x40010000\t0\t1\t0\tram\t1\t0\t0\t1\t-\t0\n"
      "R\t3\t-\tm\xc3\xa9moire \xe2\x82\xac\t0\t1\t0\tram\t1\t0\t0\t1\t-\t0\n"
      "R\t4\t-\t# no comment\t0\t1\t0\tram\t1\t0\t0\t1\t-\t0\n"
      "R\t5\t-\ta\rb\x01\x7f\xff\t0\t1\t0\tram\t1\t0\t0\t1\t-\t0\n"
      "R\t6\t-\t-\t0\t1\t0\talias\t0\t0\t0\t1\t0\t0\n"
      "R\t7\t-\t \t0\t1\t0\talias\t0\t0\t0\t1\t1\t0\n"
      "#A\tname\troot\nA\t\t0\nA\ta \"b\"\t2\nA\t=\t3\n";
  ExpectKept(absl::StrCat(kHeader, "\n", rows));
}

TEST(TableTest, TypeWordsThatDoNotFollowFromTheKindAreKept) {
  ExpectKept(
      Table("R 0 - new 0 1 0 container 0 0 0 1 - 0\n"
            "R 1 - root 0 1 0 container 1 0 0 1 - 0\n"
            "R 2 - ro 0 1 0 ram 1 1 0 1 - 0\n"
            "R 3 - none 0 1 0 alias 0 0 0 1 - 8\n"
            "#A name root\n"));
}

TEST(TableTest, OptionalColumnsKeepOrderAndAbsentValues) {
  ExpectKept(
      Table("R 0 - a 0 1 0 i/o 1 0 0 1 - 0 - 1 x mmio\n"
            "R 1 - b 0 1 0 i/o 1 0 0 1 - 0 0 - - -\n"
            "R 2 - c 0 1 0 i/o 1 0 0 1 - 0 1 0 y iommu\n"
            "R 3 - d 0 1 0 romd 1 0 0 1 - 0 1 0 y rom-device\n"
            "#A name root\n",
            " romd unmergeable owner kind"));
}

TEST(TableTest, OptionalColumnsThatAreFilledAreKept) {
  ExpectKept(
      Table("R 0 - a 0 1 0 i/o 1 0 0 1 - 0 mmio 0 1\n"
            "R 1 - b 0 1 0 i/o 1 0 0 1 - 0 reservation 0 1\n"
            "R 2 - c 0 1 0 rom 1 1 0 1 - 0 ram 0 1\n"
            "R 3 - d 0 1 0 rom 1 1 0 1 - 0 rom 1 1\n"
            "R 4 - e 0 1 0 i/o 1 0 0 1 - 0 rom-device 0 0\n"
            "R 5 - f 0 1 0 ramd 1 0 0 1 - 0 - - -\n"
            "#A name root\n",
            " kind unmergeable romd"));
}

TEST(TableTest, OptionalColumnsWithoutAnyValueAreKept) {
  ExpectKept(Table("R 0 - a 0 1 0 i/o 1 0 0 1 - 0 - -\n#A name root\n",
                   " owner romd"));
}

TEST(TableTest, AKindThatDoesNotFollowIsKeptWithoutOtherColumns) {
  ExpectKept(
      Table("R 0 - a 0 1 0 i/o 1 0 0 1 - 0 iommu\n"
            "R 1 - b 0 1 0 i/o 1 0 0 1 - 0 -\n#A name root\n",
            " kind"));
}

TEST(TableTest, CarriageReturnsEmptyLinesAndCommentsAreAccepted) {
  const std::string rows = "R 0 - a 0 1 0 i/o 1 0 0 1 - 0\n#A name root\n";
  EXPECT_EQ(TextOf(ReadTable(
                {"t", absl::StrReplaceAll(Table(rows), {{"\n", "\r\n\r\n"}})})),
            Table(rows));
  EXPECT_EQ(TextOf(ReadTable({"t", absl::StrCat("# mine\n", Tabs(rows))})),
            Table(rows));
}

TEST(TableTest, ALastLineWithoutEndCounts) {
  const auto map = ReadTable({"t", Tabs("R 0 - a 0 1 0 i/o 1 0 0 1 - 0")});
  EXPECT_TRUE(map.ok()) << map.status();
}

TEST(TableTest, OwnersFromBesideStayOutOfTheTable) {
  const std::string table = Table(
      "R 0 - a 0 1 0 i/o 1 0 0 1 - 0\n"
      "R 1 - b 0 1 0 i/o 1 0 0 1 - 0\n#A name root\n");
  auto map = ReadTable({"t", table});
  ASSERT_TRUE(map.ok()) << map.status();
  ASSERT_TRUE(ReadOwners({"o", "1\towner:{dev id=x}\r\n"}, *map).ok());
  EXPECT_EQ(map->regions[1].owner, "owner:{dev id=x}");
  EXPECT_EQ(WriteTable(*map), table);
  const std::string text = WriteMap(*map);
  EXPECT_NE(text.find("owner \"owner:{dev id=x}\""), std::string::npos);
  const auto again = ReadMap({"m", text});
  EXPECT_EQ(TextOf(again), table);
  EXPECT_EQ(again->regions[1].owner, "owner:{dev id=x}");
}

TEST(TableTest, AnOwnerColumnComesBeforeOwnersFromBeside) {
  auto map =
      ReadTable({"t", Table("R 0 - a 0 1 0 i/o 1 0 0 1 - 0 mine\n", " owner")});
  ASSERT_TRUE(map.ok()) << map.status();
  ASSERT_TRUE(ReadOwners({"o", "0\tother\n"}, *map).ok());
  EXPECT_EQ(map->regions[0].owner, "mine");
}

TEST(TableTest, ReadAnyTellsTablesMapsAndDumpsApart) {
  const std::string table = Table("R 0 - a 0 1 0 i/o 1 0 0 1 - 0\n");
  EXPECT_TRUE(ReadAny({"t", table}).ok());
  EXPECT_TRUE(ReadAny({"t", table.substr(table.find('\n') + 1)}).ok());
  EXPECT_TRUE(ReadAny({"m", "# my board\nram a 0 +1\n"}).ok());
  EXPECT_EQ(TextOf(ReadAny({"d", "address-space: memory\n"})),
            "d:1:1: expected a table or a map (QEMU's dumps are read as a "
            "pair), found 'address-space: memory'");
}

struct Malformed {
  const char* what;
  std::string text;
  const char* message;
};

void PrintTo(const Malformed& malformed, std::ostream* out) {
  *out << malformed.what;
}

class MalformedTableTest : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedTableTest, SaysWhereAndWhatWasExpected) {
  EXPECT_EQ(TextOf(ReadTable({"t.tsv", GetParam().text})), GetParam().message);
}

const char kRow[] = "R 0 - a 0 1 0 i/o 1 0 0 1 - 0";

INSTANTIATE_TEST_SUITE_P(
    Rows, MalformedTableTest,
    testing::Values(
        Malformed{"empty", "",
                  "t.tsv:1:1: expected a region (a line that begins with R), "
                  "found end of file"},
        Malformed{"first word", Tabs("Q 0"),
                  "t.tsv:1:1: expected R, A or # and a tab, found 'Q'"},
        Malformed{"blanks for tabs", kRow,
                  "t.tsv:1:1: expected R, A or # and a tab, found "
                  "'R 0 - a 0 1 0 i/o 1 0 0 1 - 0'"},
        Malformed{"id", Tabs("R x"),
                  "t.tsv:1:3: expected a region's id (decimal), found 'x'"},
        Malformed{"parent", Tabs("R 0 x"),
                  "t.tsv:1:5: expected the id of the container, or -, "
                  "found 'x'"},
        Malformed{"name missing", Tabs("R 0 -"),
                  "t.tsv:1:6: expected a tab and a name, found end of line"},
        Malformed{"address", Tabs("R 0 - a 0x10"),
                  "t.tsv:1:9: expected an address in hex, found '0x10'"},
        Malformed{"address past 2^64", Tabs("R 0 - a 10000000000000000"),
                  "t.tsv:1:9: expected an address in hex, found "
                  "'10000000000000000'"},
        Malformed{"size past 2^64", Tabs("R 0 - a 0 10000000000000001"),
                  "t.tsv:1:11: expected a size in hex, at most "
                  "10000000000000000, found '10000000000000001'"},
        Malformed{"priority", Tabs("R 0 - a 0 1 2147483648"),
                  "t.tsv:1:13: expected a priority (decimal, 32 bits), found "
                  "'2147483648'"},
        Malformed{"type", Tabs("R 0 - a 0 1 0 flash"),
                  "t.tsv:1:15: expected i/o, ram, rom, romd, ramd, container "
                  "or alias, found 'flash'"},
        Malformed{"flag", Tabs("R 0 - a 0 1 0 i/o yes"),
                  "t.tsv:1:19: expected 0 or 1, found 'yes'"},
        Malformed{"target", Tabs("R 0 - a 0 1 0 alias 0 0 0 1 x"),
                  "t.tsv:1:29: expected the id of the alias' target, or -, "
                  "found 'x'"},
        Malformed{"offset missing", Tabs("R 0 - a 0 1 0 i/o 1 0 0 1 -"),
                  "t.tsv:1:28: expected a tab and an offset in hex, found end "
                  "of line"},
        Malformed{"too many", absl::StrCat(Tabs(kRow), "\tx"),
                  "t.tsv:1:31: expected no further column, found 'x'"},
        Malformed{"space root", Tabs("R 0 - a 0 1 0 i/o 1 0 0 1 - 0\nA m x"),
                  "t.tsv:2:5: expected the id of the root region, found 'x'"},
        Malformed{"space too long", Tabs("A m 0 0"),
                  "t.tsv:1:7: expected no further column, found '0'"}));

INSTANTIATE_TEST_SUITE_P(
    Headers, MalformedTableTest,
    testing::Values(
        Malformed{"wrong column", Tabs("#R id name"),
                  "t.tsv:1:7: expected column parent, found 'name'"},
        Malformed{"short", Tabs("#R id"),
                  "t.tsv:1:6: expected a tab and column parent, found end of "
                  "line"},
        Malformed{"unknown", Table("", " color"),
                  "t.tsv:1:98: expected column owner, kind, unmergeable or "
                  "romd, found 'color'"},
        Malformed{"twice", Table("", " kind kind"),
                  "t.tsv:1:103: expected each column once, found 'kind'"},
        Malformed{"late", absl::StrCat(Tabs(kRow), "\n", kHeader),
                  "t.tsv:2:1: expected no header behind rows, found '#R'"}));

std::string Two(const char* second) {
  return Tabs(absl::StrCat("R 0 - a 0 1 0 i/o 0 0 0 1 - 0\n", second));
}

INSTANTIATE_TEST_SUITE_P(
    Contradictions, MalformedTableTest,
    testing::Values(
        Malformed{"id twice", Two("R 0 - b 0 1 0 i/o 0 0 0 1 - 0"),
                  "t.tsv:2:3: expected an id that no other region has, found "
                  "'0'"},
        Malformed{"unknown parent", Two("R 1 7 b 0 1 0 i/o 0 0 0 1 - 0"),
                  "t.tsv:2:5: expected the id of a region or -, found '7'"},
        Malformed{"its own parent", Two("R 1 1 b 0 1 0 i/o 0 0 0 1 - 0"),
                  "t.tsv:2:5: expected another region's id or -, found '1'"},
        Malformed{"parents in a ring",
                  Two("R 1 2 b 0 1 0 i/o 0 0 0 1 - 0\n"
                      "R 2 1 c 0 1 0 i/o 0 0 0 1 - 0"),
                  "t.tsv:2:5: expected a container that does not lie below "
                  "itself, nor below more than 1000 others, found '2'"},
        Malformed{"alias with a child",
                  Two("R 1 - b 0 1 0 alias 0 0 0 1 0 0\n"
                      "R 2 1 c 0 1 0 i/o 0 0 0 1 - 0"),
                  "t.tsv:3:5: expected the id of a region that is no alias, "
                  "found '1'"},
        Malformed{"unknown target", Two("R 1 - b 0 1 0 alias 0 0 0 1 9 0"),
                  "t.tsv:2:29: expected the id of a region or -, found '9'"},
        Malformed{"target of no alias", Two("R 1 - b 0 1 0 ram 1 0 0 1 0 0"),
                  "t.tsv:2:27: expected - for ram, found '0'"},
        Malformed{"offset of no alias", Two("R 1 - b 0 1 0 ram 1 0 0 1 - 8"),
                  "t.tsv:2:29: expected 0 for ram, found '8'"},
        Malformed{"RAM that ends nowhere", Two("R 1 - b 0 1 0 ram 0 0 0 1 - 0"),
                  "t.tsv:2:19: expected 1 for ram, found '0'"},
        Malformed{"ROM to write", Two("R 1 - b 0 1 0 rom 1 0 0 1 - 0"),
                  "t.tsv:2:21: expected 1 for rom, found '0'"},
        Malformed{"unknown root", Two("A m 5"),
                  "t.tsv:2:5: expected the id of a region, found '5'"},
        Malformed{"kind against type",
                  Table("R 0 - a 0 1 0 i/o 1 0 0 1 - 0 ram\n", " kind"),
                  "t.tsv:2:31: expected a kind that fits type i/o, found "
                  "'ram'"},
        Malformed{"romd against type",
                  Table("R 0 - a 0 1 0 romd 1 0 0 1 - 0 0\n", " romd"),
                  "t.tsv:2:32: expected 1 for type romd, found '0'"}));

TEST(TableTest, AThousandLevelsAreAllowedAndOneMoreIsNot) {
  std::string text = Tabs("R 0 - a 0 1 0 i/o 0 0 0 1 - 0\n");
  for (int i = 1; i <= 1000; ++i) {
    absl::StrAppend(&text, "R\t", i, "\t", i - 1,
                    "\ta\t0\t1\t0\ti/o\t0\t0\t0\t1\t-\t0\n");
  }
  EXPECT_TRUE(ReadTable({"t", text}).ok());
  text += Tabs("R 1001 1000 a 0 1 0 i/o 0 0 0 1 - 0\n");
  EXPECT_EQ(TextOf(ReadTable({"t", text})),
            "t:1002:8: expected a container that does not lie below itself, "
            "nor below more than 1000 others, found '1000'");
}

class MalformedOwnersTest : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedOwnersTest, SaysWhereAndChangesNothing) {
  auto map = ReadTable({"t.tsv", Tabs(kRow)});
  ASSERT_TRUE(map.ok());
  const absl::Status status = ReadOwners({"o.tsv", GetParam().text}, *map);
  EXPECT_EQ(std::string(status.message()), GetParam().message);
  EXPECT_EQ(map->regions[0].owner, std::nullopt);
  EXPECT_FALSE(map->shape.owners_beside);
}

INSTANTIATE_TEST_SUITE_P(
    Lines, MalformedOwnersTest,
    testing::Values(
        Malformed{"unknown id", "0\tx\n1\ty\n",
                  "o.tsv:2:1: expected the id of a region of t.tsv, found "
                  "'1'"},
        Malformed{"no id", "a\tx\n",
                  "o.tsv:1:1: expected the id of a region of t.tsv, found "
                  "'a'"},
        Malformed{"twice", "0\tx\n0\ty\n",
                  "o.tsv:2:1: expected each id once, found '0'"},
        Malformed{"no owner", "0\n",
                  "o.tsv:1:2: expected a tab and the region's owner, found "
                  "end of line"},
        Malformed{"too many", "0\tx\ty\n",
                  "o.tsv:1:5: expected no further column, found 'y'"}));

}  // namespace
}  // namespace planish::text
