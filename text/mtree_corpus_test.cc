// Every pair of the corpus: what was read shows exactly the flat text, and is
// the graph of the table up to ids. Then the same machines printed anew, with
// the spaces in another order, and with names that mislead.

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planish/regions/region.h"
#include "planish/text/file.h"
#include "planish/text/flat_text.h"
#include "planish/text/flat_writer.h"
#include "planish/text/machine.h"
#include "planish/text/mtree_testing.h"
#include "planish/text/readers.h"

namespace planish::text {
namespace {

namespace fs = std::filesystem;
using ::testing::IsEmpty;

std::vector<fs::path> FoldersWithPairs() {
  std::vector<fs::path> folders;
  for (const auto& entry : fs::recursive_directory_iterator(
           "tests/testdata/corpus",
           fs::directory_options::follow_directory_symlink)) {
    if (entry.path().filename() == "owner.txt.gz") {
      folders.push_back(entry.path().parent_path());
    }
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

std::string NameOf(const testing::TestParamInfo<fs::path>& info) {
  std::string name = info.param.parent_path().filename().string() + "_" +
                     info.param.filename().string();
  std::replace_if(
      name.begin(), name.end(),
      [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

std::string TextIn(const fs::path& folder, const std::string& name) {
  const auto text = ReadFile((folder / (name + ".gz")).string());
  EXPECT_TRUE(text.ok()) << text.status();
  return text.value_or("");
}

MapDescription TableIn(const fs::path& folder) {
  const auto map = ReadMapFile((folder / "graph.tsv.gz").string());
  EXPECT_TRUE(map.ok()) << map.status();
  return map.value_or(MapDescription());
}

// `info mtree -f -o` of the machine that the rows describe.
std::string Flat(const MapDescription& map) {
  const auto machine = Machine::Create(map);
  EXPECT_TRUE(machine.ok()) << machine.status();
  if (!machine.ok()) return "";
  FlatTextOptions options;
  options.owner_of = [&](const Region& region) -> absl::string_view {
    return (*machine)->OwnerText(region);
  };
  return WriteFlatViews((*machine)->spaces(), options);
}

// The lines in which two flat texts differ.
std::string Difference(const std::string& expected, const std::string& actual) {
  const auto e = ReadFlatViews({"expected", expected});
  const auto a = ReadFlatViews({"actual", actual});
  EXPECT_TRUE(e.ok()) << e.status();
  EXPECT_TRUE(a.ok()) << a.status();
  if (!e.ok() || !a.ok()) return "unread";
  return DifferencesText(CompareFlatViews(*e, *a));
}

class MtreeCorpusTest : public testing::TestWithParam<fs::path> {};

TEST_P(MtreeCorpusTest, ThePairIsTheGraphThatShowsIt) {
  const std::string tree = TextIn(GetParam(), "owner.txt");
  const std::string flat = TextIn(GetParam(), "flat-owner.txt");
  const auto map = ReadMtree({"owner.txt", tree}, {"flat-owner.txt", flat});
  ASSERT_TRUE(map.ok()) << map.status();
  EXPECT_EQ(Difference(flat, Flat(*map)), "");
  EXPECT_THAT(GraphDifference(TableIn(GetParam()), *map), IsEmpty());
}

TEST_P(MtreeCorpusTest, TheOrderOfTheSpacesDoesNotMatter) {
  const MapDescription table = TableIn(GetParam());
  std::mt19937 rng(1);
  const std::string tree = PrintMtreeTree(table, rng);
  const std::string flat = Flat(table);
  const auto map = ReadMtree({"owner.txt", tree}, {"flat-owner.txt", flat});
  ASSERT_TRUE(map.ok()) << map.status();
  EXPECT_EQ(Difference(flat, Flat(*map)), "");
  EXPECT_THAT(GraphDifference(table, *map), IsEmpty());
}

TEST_P(MtreeCorpusTest, NamesAreOnlyNames) {
  MapDescription table = TableIn(GetParam());
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
  const std::string tree = PrintMtreeTree(table, rng);
  const std::string flat = Flat(table);
  const auto map = ReadMtree({"owner.txt", tree}, {"flat-owner.txt", flat});
  ASSERT_TRUE(map.ok()) << map.status();
  EXPECT_EQ(Difference(flat, Flat(*map)), "");
  EXPECT_THAT(GraphDifference(table, *map), IsEmpty());
}

TEST_P(MtreeCorpusTest, NamesOfSpacesMayAllBeOne) {
  MapDescription table = TableIn(GetParam());
  for (SpaceRow& space : table.spaces) space.name = "space";
  std::mt19937 rng(3);
  const std::string tree = PrintMtreeTree(table, rng);
  const std::string flat = Flat(table);
  const auto map = ReadMtree({"owner.txt", tree}, {"flat-owner.txt", flat});
  ASSERT_TRUE(map.ok()) << map.status();
  EXPECT_EQ(Difference(flat, Flat(*map)), "");
}

INSTANTIATE_TEST_SUITE_P(Corpus, MtreeCorpusTest,
                         testing::ValuesIn(FoldersWithPairs()), NameOf);

TEST(MtreeCorpusFoldersTest, TheCorpusIsThere) {
  EXPECT_EQ(FoldersWithPairs().size(), 398u);
}

}  // namespace
}  // namespace planish::text
