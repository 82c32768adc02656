// The maps, tables and other texts in docs/TEXT.md and README.md are what the
// readers read and the writers write.

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "planish/text/file.h"
#include "planish/text/flat_writer.h"
#include "planish/text/machine.h"
#include "planish/text/readers.h"

namespace planish::text {
namespace {

std::string TextOf(const std::string& path) {
  const auto text = ReadFile(path);
  EXPECT_TRUE(text.ok()) << text.status();
  return text.value_or("");
}

// The fenced blocks below a heading, up to the next one, that name no language.
std::vector<std::string> BlocksBelow(const std::string& page,
                                     absl::string_view heading) {
  std::vector<std::string> blocks;
  bool below = false;
  bool inside = false;
  bool plain = false;
  for (const absl::string_view line : absl::StrSplit(TextOf(page), '\n')) {
    if (absl::StartsWith(line, "```")) {
      inside = !inside;
      plain = inside && below && line == "```";
      if (plain) blocks.emplace_back();
    } else if (plain) {
      absl::StrAppend(&blocks.back(), line, "\n");
    } else if (!inside && absl::StartsWith(line, "#")) {
      below = line.substr(line.find(' ') + 1) == heading;
    }
  }
  return blocks;
}

constexpr char kPage[] = "docs/TEXT.md";

// The map, and what it shows.
std::pair<std::string, std::string> Board() {
  const auto blocks = BlocksBelow(kPage, "The map");
  EXPECT_EQ(blocks.size(), 2u);
  return blocks.size() == 2 ? std::pair(blocks[0], blocks[1])
                            : std::pair<std::string, std::string>();
}

TEST(PagesTest, TheBoardShowsWhatThePageSays) {
  const auto [map, shown] = Board();
  const auto rows = ReadMap({kPage, map});
  ASSERT_TRUE(rows.ok()) << rows.status();
  const auto machine = Machine::Create(*rows);
  ASSERT_TRUE(machine.ok()) << machine.status();
  EXPECT_EQ(WriteFlatViews((*machine)->spaces()), shown);
}

TEST(PagesTest, TheTableIsTheBoards) {
  const auto rows = ReadMap({kPage, Board().first});
  ASSERT_TRUE(rows.ok()) << rows.status();
  const auto blocks = BlocksBelow(kPage, "The topology table");
  ASSERT_EQ(blocks.size(), 1u);
  EXPECT_EQ(WriteTable(*rows), blocks[0]);
}

TEST(PagesTest, TheDeltaIsAStepOfTheTable) {
  const auto table = BlocksBelow(kPage, "The topology table");
  const auto delta = BlocksBelow(kPage, "The delta");
  ASSERT_EQ(table.size(), 1u);
  ASSERT_EQ(delta.size(), 1u);
  const auto rows = ReadTable({kPage, table[0]});
  const auto step = ReadDelta({kPage, delta[0]});
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_TRUE(step.ok()) << step.status();
  const auto machine = Machine::Create(*rows);
  ASSERT_TRUE(machine.ok()) << machine.status();
  const auto applied = (*machine)->Apply(*step);
  ASSERT_TRUE(applied.ok()) << applied;
  const std::string shown = WriteFlatViews((*machine)->spaces());
  EXPECT_TRUE(absl::StrContains(
      shown, "0000000060000000-0000000060000fff (prio 1, i/o): card\n"))
      << shown;
  EXPECT_FALSE(absl::StrContains(shown, "0000000080000000")) << shown;
}

TEST(PagesTest, LabelsTellTwinsApart) {
  const auto blocks = BlocksBelow(kPage, "Which one is meant");
  ASSERT_EQ(blocks.size(), 1u);
  const auto rows = ReadMap({kPage, blocks[0]});
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_EQ(rows->regions.size(), 4u);
  EXPECT_EQ(rows->regions[3].alias, rows->regions[2].id);
  ASSERT_EQ(rows->spaces.size(), 1u);
  EXPECT_EQ(rows->spaces[0].root, rows->regions[2].id);
}

TEST(PagesTest, TheReadmesBoardIsTheExample) {
  const auto blocks = BlocksBelow("README.md", "A board of your own");
  ASSERT_EQ(blocks.size(), 1u);
  EXPECT_EQ(blocks[0], TextOf("examples/board.map"));
  // And it is the board of docs/TEXT.md, which has comments.
  const auto rows = ReadMap({"README.md", blocks[0]});
  const auto board = ReadMap({kPage, Board().first});
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_TRUE(board.ok()) << board.status();
  EXPECT_EQ(WriteTable(*rows), WriteTable(*board));
}

}  // namespace
}  // namespace planish::text
