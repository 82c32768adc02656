// Every pair of the corpus: what was read shows exactly the flat text, and is
// the graph of the table up to ids. Then the same machines printed anew, with
// the spaces in another order, and with names that mislead.

#include <filesystem>
#include <iterator>
#include <random>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planish/text/corpus_testing.h"
#include "planish/text/machine.h"
#include "planish/text/map_description.h"
#include "planish/text/mtree_testing.h"
#include "planish/text/readers.h"

namespace planish::text {
namespace {

namespace fs = std::filesystem;
using ::testing::IsEmpty;

// `info mtree -f -o` of the machine that the rows describe.
std::string Flat(const MapDescription& map) {
  const auto machine = Machine::Create(map);
  EXPECT_TRUE(machine.ok()) << machine.status();
  return machine.ok() ? FlatTextWithOwners(**machine) : "";
}

// The pair is the graph of `table`, and shows what the pair says.
void ExpectReadsAs(const std::string& tree, const std::string& flat,
                   const MapDescription& table) {
  const auto map = ReadMtree({"owner.txt", tree}, {"flat-owner.txt", flat});
  ASSERT_TRUE(map.ok()) << map.status();
  EXPECT_EQ(FlatTextDifference(flat, Flat(*map)), "");
  EXPECT_THAT(GraphDifference(table, *map), IsEmpty());
}

class MtreeCorpusTest : public testing::TestWithParam<fs::path> {};

TEST_P(MtreeCorpusTest, ThePairIsTheGraphThatShowsIt) {
  ExpectReadsAs(CorpusText(GetParam(), "owner.txt"),
                CorpusText(GetParam(), "flat-owner.txt"),
                CorpusTable(GetParam()));
}

TEST_P(MtreeCorpusTest, TheOrderOfTheSpacesDoesNotMatter) {
  const MapDescription table = CorpusTable(GetParam());
  std::mt19937 rng(1);
  ExpectReadsAs(PrintMtreeTree(table, rng), Flat(table), table);
}

TEST_P(MtreeCorpusTest, NamesAreOnlyNames) {
  MapDescription table = CorpusTable(GetParam());
  absl::flat_hash_map<std::string, std::string> names;
  constexpr absl::string_view kTraps[] = {
      " @x", ": (prio 0, ram): y", " @0000000000000010 z", " owner:{", "}",
  };
  const auto rename = [&](std::string& name) {
    const size_t n = names.size();
    const auto at = names.try_emplace(
        name, absl::StrCat("r", n, kTraps[n % std::size(kTraps)]));
    name = at.first->second;
  };
  for (RegionRow& row : table.regions) rename(row.name);
  for (SpaceRow& space : table.spaces) rename(space.name);
  std::mt19937 rng(2);
  ExpectReadsAs(PrintMtreeTree(table, rng), Flat(table), table);
}

TEST_P(MtreeCorpusTest, NamesOfSpacesMayAllBeOne) {
  MapDescription table = CorpusTable(GetParam());
  for (SpaceRow& space : table.spaces) space.name = "space";
  std::mt19937 rng(3);
  const std::string tree = PrintMtreeTree(table, rng);
  const std::string flat = Flat(table);
  const auto map = ReadMtree({"owner.txt", tree}, {"flat-owner.txt", flat});
  ASSERT_TRUE(map.ok()) << map.status();
  EXPECT_EQ(FlatTextDifference(flat, Flat(*map)), "");
}

INSTANTIATE_TEST_SUITE_P(Corpus, MtreeCorpusTest,
                         testing::ValuesIn(CorpusFoldersWith("owner.txt.gz")),
                         CorpusFolderName);

TEST(MtreeCorpusFoldersTest, TheCorpusIsThere) {
  EXPECT_EQ(CorpusFoldersWith("owner.txt.gz").size(), 398u);
}

}  // namespace
}  // namespace planish::text
