#include "planish/text/flat_text.h"

#include <ostream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "planish/text/readers.h"

namespace planish::text {
namespace {

constexpr char kTwoViews[] =
    "FlatView #0\n"
    " AS \"memory\", root: system\n"
    " AS \"cpu\", root: system\n"
    " Root memory region: system\n"
    "  0000000000000000-0000000000000fff (prio 0, rom): boot\n"
    "  0000000000001000-0000000000001fff (prio 0, ram): ram "
    "@0000000000001000\n"
    "\n"
    "FlatView #1\n"
    " AS \"I/O\", root: io\n"
    " Root memory region: (none)\n"
    "  No rendered FlatView\n"
    "\n";

std::vector<FlatBlock> Blocks(const std::string& text) {
  const auto blocks = ReadFlatViews({"f", text});
  EXPECT_TRUE(blocks.ok()) << blocks.status();
  return blocks.ok() ? *blocks : std::vector<FlatBlock>();
}

std::string Difference(const std::string& expected, const std::string& actual) {
  return DifferencesText(CompareFlatViews(Blocks(expected), Blocks(actual)));
}

TEST(FlatTextTest, BlocksHaveSpacesRootAndRanges) {
  const std::vector<FlatBlock> blocks = Blocks(kTwoViews);
  ASSERT_EQ(blocks.size(), 2u);
  EXPECT_EQ(blocks[0].spaces,
            (std::vector<std::string>{"\"memory\", root: system",
                                      "\"cpu\", root: system"}));
  EXPECT_EQ(blocks[0].root, "system");
  EXPECT_EQ(blocks[0].ranges.size(), 2u);
  EXPECT_EQ(blocks[0].ranges[0],
            "0000000000000000-0000000000000fff (prio 0, rom): boot");
  EXPECT_FALSE(blocks[0].tells_owners);
  EXPECT_EQ(blocks[1].root, "(none)");
  EXPECT_TRUE(blocks[1].ranges.empty());
  EXPECT_EQ(blocks[1].line, 8);
}

TEST(FlatTextTest, OwnersAreSeen) {
  EXPECT_TRUE(Blocks("FlatView #0\n Root memory region: a\n"
                     "  0000000000000000-0000000000000000 (prio 0, ram): a "
                     "owner:{dev id=x}\n")[0]
                  .tells_owners);
}

TEST(FlatTextTest, PromptsCarriageReturnsAndDispatchTreesDoNotCount) {
  EXPECT_EQ(
      Difference("(qemu) info mtree -f -d\r\nFlatView #7\r\n"
                 " AS \"m\", root: a\r\n Root memory region: a\r\n"
                 "  0000000000000000-0000000000000000 (prio 0, ram): a"
                 "\r\n  Dispatch\r\n    Physical sections\r\n\r\n",
                 "FlatView #0\n AS \"m\", root: a\n"
                 " Root memory region: a\n"
                 "  0000000000000000-0000000000000000 (prio 0, ram): a\n"),
      "");
}

TEST(FlatTextTest, TheOrderOfViewsAndOfSpacesDoesNotCount) {
  EXPECT_EQ(Difference(kTwoViews,
                       "FlatView #5\n"
                       " AS \"I/O\", root: io\n"
                       " Root memory region: (none)\n"
                       "  No rendered FlatView\n\n"
                       "FlatView #6\n"
                       " AS \"cpu\", root: system\n"
                       " AS \"memory\", root: system\n"
                       " Root memory region: system\n"
                       "  0000000000000000-0000000000000fff (prio 0, rom): "
                       "boot\n"
                       "  0000000000001000-0000000000001fff (prio 0, ram): "
                       "ram @0000000000001000\n"),
            "");
}

TEST(FlatTextTest, ViewsThatRepeatAreCounted) {
  const std::string one =
      "FlatView #0\n AS \"d\", root: a\n"
      " Root memory region: a\n"
      "  No rendered FlatView\n\n";
  EXPECT_EQ(Difference(one + one, one + one), "");
  EXPECT_EQ(Difference(one + one, one),
            "-  AS \"d\", root: a\n"
            "-  Root memory region: a\n");
}

TEST(FlatTextTest, ARangeThatDiffersIsToldUnderItsView) {
  std::string other = kTwoViews;
  other.replace(other.find("rom): boot"), 3, "ram");
  EXPECT_EQ(Difference(kTwoViews, other),
            "   AS \"cpu\", root: system\n"
            "   AS \"memory\", root: system\n"
            "   Root memory region: system\n"
            "+   0000000000000000-0000000000000fff (prio 0, ram): boot\n"
            "-   0000000000000000-0000000000000fff (prio 0, rom): boot\n");
}

TEST(FlatTextTest, ASpaceThatMovedIsToldUnderTheSameRoot) {
  std::string other = kTwoViews;
  const std::string cpu = " AS \"cpu\", root: system\n";
  other.erase(other.find(cpu), cpu.size());
  EXPECT_EQ(Difference(kTwoViews, other),
            "-  AS \"cpu\", root: system\n"
            "   AS \"memory\", root: system\n"
            "   Root memory region: system\n");
}

struct Malformed {
  const char* text;
  const char* message;
};

void PrintTo(const Malformed& malformed, std::ostream* out) {
  *out << malformed.text;
}

class MalformedFlatTextTest : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedFlatTextTest, SaysWhereAndWhatWasExpected) {
  const auto blocks = ReadFlatViews({"f.txt", GetParam().text});
  EXPECT_EQ(std::string(blocks.status().message()), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Lines, MalformedFlatTextTest,
    testing::Values(
        Malformed{"", "f.txt:1:1: expected 'FlatView #0', found end of file"},
        Malformed{"address-space: memory\n",
                  "f.txt:1:1: expected 'FlatView #', found 'address-space: "
                  "memory'"},
        Malformed{"FlatView #0\n",
                  "f.txt:1:1: expected ' Root memory region: ', found end of "
                  "file"},
        Malformed{"FlatView #0\n  x\n",
                  "f.txt:2:1: expected ' AS \"' or ' Root memory region: ', "
                  "found '  x'"},
        Malformed{"FlatView #0\n Root memory region: a\n  0000-0fff a\n",
                  "f.txt:3:1: expected a range ('  START-END (prio N, TYPE): "
                  "NAME') or an empty line, found '  0000-0fff a'"},
        Malformed{"FlatView #0\n Root memory region: a\n"
                  "  No rendered FlatView\n  x\n",
                  "f.txt:4:1: expected an empty line, found '  x'"}));

}  // namespace
}  // namespace planish::text
