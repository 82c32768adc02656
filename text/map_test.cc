#include <cstddef>
#include <ostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "planish/text/readers.h"

namespace planish::text {
namespace {

// The rows and spaces of the table that `map` means, headers cut off, with a
// blank for each tab; or the error.
std::string RowsOf(const std::string& text) {
  const auto map = ReadMap({"b.map", text});
  if (!map.ok()) return std::string(map.status().message());
  const std::string table = WriteTable(*map);
  return absl::StrReplaceAll(table.substr(table.find('\n') + 1),
                             {{"\t", " "}, {"#A\tname\troot\n", ""}});
}

std::string HeaderOf(const std::string& text) {
  const auto map = ReadMap({"b.map", text});
  if (!map.ok()) return std::string(map.status().message());
  const std::string table = WriteTable(*map);
  const std::string base = "alias_offset";
  const size_t begin = table.find(base) + base.size();
  return table.substr(begin, table.find('\n') - begin);
}

TEST(MapTest, ABoardByHandMeansItsTable) {
  EXPECT_EQ(RowsOf("# my board\n"
                   "container system\n"
                   "  rom   boot  +64K               # at 0\n"
                   "  ram   sdram 0x80000000 +512M\n"
                   "  alias low -> sdram @1M 0x10000 +64K prio 1\n"
                   "  mmio  uart  0x10000000-0x10000fff disabled\n"
                   "\n"
                   "space memory = system\n"),
            "R 0 - system 0 10000000000000000 0 i/o 0 0 0 1 - 0\n"
            "R 1 0 boot 0 10000 0 rom 1 1 0 1 - 0\n"
            "R 2 0 sdram 80000000 20000000 0 ram 1 0 0 1 - 0\n"
            "R 3 0 low 10000 10000 1 alias 0 0 0 1 2 100000\n"
            "R 4 0 uart 10000000 1000 0 i/o 1 0 0 0 - 0\n"
            "A memory 0\n");
}

TEST(MapTest, EachKindHasItsTypeAndTerminates) {
  EXPECT_EQ(RowsOf("container a +1\nram b +1\nrom c +1\nrom-device d +1\n"
                   "ram-device e +1\nmmio f +1\nreservation g +1\niommu h\n"
                   "alias i -> a\nalias j -> - 0 +1\nram k +1 readonly\n"),
            "R 0 - a 0 1 0 i/o 0 0 0 1 - 0 -\n"
            "R 1 - b 0 1 0 ram 1 0 0 1 - 0 -\n"
            "R 2 - c 0 1 0 rom 1 1 0 1 - 0 -\n"
            "R 3 - d 0 1 0 romd 1 0 0 1 - 0 -\n"
            "R 4 - e 0 1 0 ramd 1 0 0 1 - 0 -\n"
            "R 5 - f 0 1 0 i/o 1 0 0 1 - 0 -\n"
            "R 6 - g 0 1 0 i/o 1 0 0 1 - 0 reservation\n"
            "R 7 - h 0 10000000000000000 0 i/o 1 0 0 1 - 0 iommu\n"
            "R 8 - i 0 1 0 alias 0 0 0 1 0 0 -\n"
            "R 9 - j 0 1 0 alias 0 0 0 1 - 0 -\n"
            "R 10 - k 0 1 0 rom 1 1 0 1 - 0 -\n");
}

TEST(MapTest, AttributesStandInAnyOrder) {
  EXPECT_EQ(RowsOf("ram a +1 owner \"my board\" nonvolatile prio -7 "
                   "unmergeable disabled\n"),
            "R 0 - a 0 1 -7 ram 1 0 1 0 - 0 my board 1\n");
}

TEST(MapTest, AnAliasWithoutSizeReachesToTheEndOfItsTarget) {
  EXPECT_EQ(RowsOf("alias a -> r @0x10\nram r +0x100\n"),
            "R 0 - a 0 f0 0 alias 0 0 0 1 1 10\n"
            "R 1 - r 0 100 0 ram 1 0 0 1 - 0\n");
}

TEST(MapTest, LabelsTellRegionsOfOneNameApart) {
  EXPECT_EQ(RowsOf("mmio t +1\nmmio t &second +1\nalias a -> &second\n"
                   "space s = &second\n"),
            "R 0 - t 0 1 0 i/o 1 0 0 1 - 0\n"
            "R 1 - t 0 1 0 i/o 1 0 0 1 - 0\n"
            "R 2 - a 0 1 0 alias 0 0 0 1 1 0\nA s 1\n");
}

TEST(MapTest, ALabelThatIsANumberIsTheIdAndLaterLinesCountOn) {
  EXPECT_EQ(RowsOf("ram a &7 +1\nram b +1\nram c &2 +1\n"),
            "R 7 - a 0 1 0 ram 1 0 0 1 - 0\n"
            "R 8 - b 0 1 0 ram 1 0 0 1 - 0\n"
            "R 2 - c 0 1 0 ram 1 0 0 1 - 0\n");
}

TEST(MapTest, RowsCanStandElsewhereInTheTable) {
  EXPECT_EQ(RowsOf("container a row=5\n  ram b +1 row=1\n  ram c +1 row=9\n"),
            "R 1 0 b 0 1 0 ram 1 0 0 1 - 0\n"
            "R 0 - a 0 10000000000000000 0 i/o 0 0 0 1 - 0\n"
            "R 2 0 c 0 1 0 ram 1 0 0 1 - 0\n");
}

TEST(MapTest, IndentationMayBeTabsBlanksAndAnyDepth) {
  EXPECT_EQ(RowsOf("container a\r\n\tcontainer b\r\n\t  ram c +1\r\n"
                   "        ram d +1\r\n"),
            "R 0 - a 0 10000000000000000 0 i/o 0 0 0 1 - 0\n"
            "R 1 0 b 0 10000000000000000 0 i/o 0 0 0 1 - 0\n"
            "R 2 1 c 0 1 0 ram 1 0 0 1 - 0\n"
            "R 3 0 d 0 1 0 ram 1 0 0 1 - 0\n");
}

TEST(MapTest, CommentsBeginAtAWordAndNotInsideOne) {
  EXPECT_EQ(RowsOf("ram a#1 +1 #2\n  # more\nram \"#b\" +1#\n"),
            "b.map:3:10: expected +SIZE (such as +64K, +0x20 or +16E), found "
            "'+1#'");
}

TEST(MapTest, QuotedNamesHoldAnythingButTabsAndLineEnds) {
  EXPECT_EQ(RowsOf("ram \"\" +1\nram \"a \\\"b\\\" \\\\ \\x0d@#=\" +1\n"),
            "R 0 -  0 1 0 ram 1 0 0 1 - 0\n"
            "R 1 - a \"b\" \\ \r@#= 0 1 0 ram 1 0 0 1 - 0\n");
}

TEST(MapTest, ARomDeviceOutOfRomdModeIsIo) {
  EXPECT_EQ(RowsOf("rom-device f +1 romd=0\n"),
            "R 0 - f 0 1 0 i/o 1 0 0 1 - 0 rom-device 0\n");
}

TEST(MapTest, ColumnsComeByNeedOrAsTold) {
  EXPECT_EQ(HeaderOf("ram a +1\n"), "");
  EXPECT_EQ(HeaderOf("ram a +1 unmergeable owner me\n"),
            "\towner\tunmergeable");
  EXPECT_EQ(HeaderOf("columns romd=1 owner kind=all\nram a +1\n"),
            "\tromd\towner\tkind");
  EXPECT_EQ(HeaderOf("owners beside\nram a +1 owner me\n"), "");
}

TEST(MapTest, WhatIsWrittenIsAsAPersonWouldWriteIt) {
  const auto map = ReadMap({"m",
                            "container system\n"
                            "    rom boot 0 +65536\n"
                            "    alias low->hi -> boot 0x100000 +64K prio 1\n"
                            "    ram \"main\" 2G +512M nonvolatile\n"
                            "mmio \"two words\" 1K-2047\n"
                            "space I/O = \"two words\"\n"});
  ASSERT_TRUE(map.ok()) << map.status();
  EXPECT_EQ(WriteMap(*map),
            "# planish map\n"
            "container system\n"
            "  rom   boot              0x0 +64K\n"
            "  alias \"low->hi\" -> boot 0x100000 +64K prio 1\n"
            "  ram   main              0x80000000 +512M nonvolatile\n"
            "mmio      \"two words\" 0x400 +1K\n"
            "\n"
            "space I/O = \"two words\"\n");
}

struct Malformed {
  const char* what;
  const char* text;
  const char* message;
};

void PrintTo(const Malformed& malformed, std::ostream* out) {
  *out << malformed.what;
}

class MalformedMapTest : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedMapTest, SaysWhereAndWhatWasExpected) {
  EXPECT_EQ(RowsOf(GetParam().text),
            absl::StrCat("b.map:", GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Words, MalformedMapTest,
    testing::Values(
        Malformed{"empty", "# nothing\n",
                  "1:1: expected a region (such as container system), found "
                  "end of file"},
        Malformed{"first word", "rams a +1",
                  "1:1: expected container, ram, rom, rom-device, ram-device, "
                  "mmio, reservation, iommu, alias, space, columns or owners, "
                  "found 'rams'"},
        Malformed{"no name", "ram 0x1000 +1",
                  "1:5: expected a name (in quotes unless it begins with a "
                  "letter or _), found '0x1000'"},
        Malformed{"nothing behind the kind", "ram # x",
                  "1:4: expected a name (in quotes unless it begins with a "
                  "letter or _), found end of line"},
        Malformed{"open quote", "ram \"a +1",
                  "1:10: expected a closing \", found end of line"},
        Malformed{"escape", "ram \"a\\n\" +1",
                  "1:7: expected \\\", \\\\ or \\x and two hex digits, found "
                  "'\\\\n\\\" +1'"},
        Malformed{"tab in a name", "ram \"a\tb\" +1",
                  "1:5: expected no tab in a word, found '\\\"a\\tb\\\" +1'"},
        Malformed{"escaped line end", "ram \"a\\x0a\" +1",
                  "1:7: expected no tab or line end in a word, found "
                  "'\\\\x0a\\\" +1'"},
        Malformed{"glued quotes", "ram \"a\"b +1",
                  "1:8: expected a blank behind the closing \", found "
                  "'b +1'"},
        Malformed{"quote in a word", "ram a\"b\" +1",
                  "1:6: expected a blank before a quoted word, found "
                  "'\\\"b\\\" +1'"},
        Malformed{"unknown attribute", "ram a +1 disbaled",
                  "1:10: expected prio, disabled, readonly, nonvolatile, "
                  "unmergeable, owner, romd=0 or the end of the line, found "
                  "'disbaled'"},
        Malformed{"attribute twice", "ram a +1 disabled disabled",
                  "1:19: expected each word once, found 'disabled'"},
        Malformed{"priority", "ram a +1 prio high",
                  "1:15: expected a priority (such as 1 or -1), found "
                  "'high'"},
        Malformed{"no priority", "ram a +1 prio",
                  "1:14: expected a priority (such as 1 or -1), found end of "
                  "line"},
        Malformed{"no owner", "ram a +1 owner",
                  "1:15: expected the owner's name, found end of line"}));

INSTANTIATE_TEST_SUITE_P(
    Places, MalformedMapTest,
    testing::Values(
        Malformed{"no size", "ram a 0x1000",
                  "1:13: expected +SIZE (such as +64K, +0x20 or +16E), found "
                  "end of line"},
        Malformed{"size without plus", "ram a 0x1000 4K",
                  "1:14: expected +SIZE (such as +64K, +0x20 or +16E), found "
                  "'4K'"},
        Malformed{"no place", "ram a prio 1",
                  "1:7: expected an address (such as 0x1000), +SIZE (such as "
                  "+64K) or FIRST-LAST, found 'prio'"},
        Malformed{"address", "ram a 0xzz +1",
                  "1:7: expected an address (such as 0x1000) or FIRST-LAST, "
                  "found '0xzz'"},
        Malformed{"address past 2^64", "ram a 16E +1",
                  "1:7: expected an address (such as 0x1000) or FIRST-LAST, "
                  "found '16E'"},
        Malformed{"size past 2^64", "ram a 0 +17E",
                  "1:9: expected +SIZE (such as +64K, +0x20 or +16E), found "
                  "'+17E'"},
        Malformed{"range backwards", "ram a 0x2000-0x1fff",
                  "1:7: expected FIRST-LAST with a last address not below the "
                  "first, found '0x2000-0x1fff'"}));

INSTANTIATE_TEST_SUITE_P(
    Structure, MalformedMapTest,
    testing::Values(
        Malformed{"between two indentations",
                  "container a\n    ram b +1\n  ram c +1",
                  "3:3: expected the indentation of a line above (this is "
                  "between two), found 'ram'"},
        Malformed{"below an alias", "ram r +1\nalias a -> r\n  ram b +1",
                  "3:3: expected no deeper indentation: the alias in line 2 "
                  "has no children, found 'ram'"},
        Malformed{"no arrow", "alias a 0 +1",
                  "1:9: expected -> and the region that the alias shows, "
                  "found '0'"},
        Malformed{"no target", "alias a ->",
                  "1:11: expected a name, &LABEL or -, found end of line"},
        Malformed{"number as target", "alias a -> 0x10 +1",
                  "1:12: expected a region's name or &LABEL, found '0x10'"},
        Malformed{"unknown target", "alias a -> b +1",
                  "1:12: expected the name of a region, found 'b'"},
        Malformed{"unknown label", "alias a -> &b +1",
                  "1:12: expected a label that some region has, found '&b'"},
        Malformed{"two of that name", "ram t +1\nram t +2\nalias a -> t",
                  "3:12: expected a label, since 2 regions have this name "
                  "(write &LABEL behind the name of the one that is meant, as "
                  "in line 1), found 't'"},
        Malformed{"offset", "ram r +1\nalias a -> r @x +1",
                  "2:14: expected @OFFSET (such as @64K or @0x1000), found "
                  "'@x'"},
        Malformed{"open size behind the end", "ram r +1\nalias a -> r @8 0",
                  "2:18: expected +SIZE, since the target ends before the "
                  "offset, found end of line"},
        Malformed{"open sizes in a ring", "alias a -> b prio 1\nalias b -> a",
                  "1:14: expected +SIZE, since the target has none written, "
                  "found 'prio'"},
        Malformed{"label twice", "ram a &x +1\nram b &x +1",
                  "2:7: expected a label that no other region has, found "
                  "'&x'"},
        Malformed{"bad label", "ram a &0x1 +1",
                  "1:7: expected a label (such as &uart2) or &ID, found "
                  "'&0x1'"},
        Malformed{"id taken by counting on",
                  "ram a &1 +1\nram b &0 +1\n"
                  "ram c +1",
                  "3:1: expected an id that no other region has (&NUMBER), "
                  "not 1, found 'ram'"},
        Malformed{"younger row first", "ram a +1 row=4\nram b +1 row=3",
                  "2:10: expected a row after 4 (row=N), that of an older "
                  "sibling, found 'row=3'"},
        Malformed{"row twice",
                  "container a\n  ram b +1 row=7\n"
                  "ram c +1 row=7",
                  "3:1: expected a row (row=N) that line 2 does not have, "
                  "found 'row=7'"}));

INSTANTIATE_TEST_SUITE_P(
    Directives, MalformedMapTest,
    testing::Values(
        Malformed{"space without name", "ram a +1\nspace",
                  "2:6: expected the name of an address space, found end of "
                  "line"},
        Malformed{"space without root", "ram a +1\nspace m a",
                  "2:9: expected = and the root region, found 'a'"},
        Malformed{"space of nothing", "ram a +1\nspace m =",
                  "2:10: expected a region's name or &LABEL, found end of "
                  "line"},
        Malformed{"space of the unknown", "ram a +1\nspace m = b",
                  "2:11: expected the name of a region, found 'b'"},
        Malformed{"space and more", "ram a +1\nspace m = a b",
                  "2:13: expected the end of the line, found 'b'"},
        Malformed{"late columns", "ram a +1\ncolumns kind",
                  "2:1: expected columns once, above all regions, found "
                  "'columns'"},
        Malformed{"unknown column", "columns color",
                  "1:9: expected owner, kind, kind=all, unmergeable, "
                  "unmergeable=0, romd or romd=0, each once, found 'color'"},
        Malformed{"owners", "owners above",
                  "1:8: expected beside, found 'above'"},
        Malformed{"type against kind", "mmio a +1 type=ram",
                  "1:11: expected a type that fits mmio, found 'type=ram'"},
        Malformed{"type unknown", "mmio a +1 type=x",
                  "1:11: expected type= and i/o, ram, rom, romd, ramd, "
                  "container or alias, found 'type=x'"},
        Malformed{"kind against word", "mmio a +1 kind=ram",
                  "1:11: expected kind=mmio, found 'kind=ram'"},
        Malformed{"kind hidden", "iommu a +1 kind=-",
                  "1:12: expected kind=iommu, found 'kind=-'"}));

TEST(MapTest, AThousandLevelsAreAllowedAndOneMoreIsNot) {
  std::string text;
  for (int i = 0; i <= 1000; ++i) {
    absl::StrAppend(&text, std::string(static_cast<size_t>(i), ' '),
                    "container a\n");
  }
  EXPECT_TRUE(ReadMap({"m", text}).ok());
  absl::StrAppend(&text, std::string(1001, ' '), "container a\n");
  EXPECT_EQ(std::string(ReadMap({"m", text}).status().message()),
            "m:1002:1002: expected at most 1000 levels, found 'container'");
}

}  // namespace
}  // namespace planish::text
