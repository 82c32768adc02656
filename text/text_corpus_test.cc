// Every machine of the corpus: its table and its map say the same, what it
// shows is QEMU's own text, and each update step leads to the next table's.

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "planish/regions/region.h"
#include "planish/text/delta.h"
#include "planish/text/file.h"
#include "planish/text/flat_text.h"
#include "planish/text/flat_writer.h"
#include "planish/text/machine.h"
#include "planish/text/map_description.h"
#include "planish/text/readers.h"

namespace planish::text {
namespace {

namespace fs = std::filesystem;

// The folders that hold `file`.
std::vector<fs::path> FoldersWith(const std::string& file) {
  std::vector<fs::path> folders;
  for (const auto& entry : fs::recursive_directory_iterator(
           "tests/testdata/corpus",
           fs::directory_options::follow_directory_symlink)) {
    if (entry.path().filename() == file) {
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

std::unique_ptr<Machine> MachineIn(const fs::path& folder) {
  auto machine = Machine::Create(TableIn(folder));
  EXPECT_TRUE(machine.ok()) << machine.status();
  return machine.ok() ? *std::move(machine) : nullptr;
}

// The lines in which two texts of flat views differ.
std::string Difference(const std::string& expected, const std::string& actual) {
  const auto e = ReadFlatViews({"expected", expected});
  const auto a = ReadFlatViews({"actual", actual});
  EXPECT_TRUE(e.ok()) << e.status();
  EXPECT_TRUE(a.ok()) << a.status();
  if (!e.ok() || !a.ok()) return "unread";
  return DifferencesText(CompareFlatViews(*e, *a));
}

class TextCorpusTest : public testing::TestWithParam<fs::path> {};

TEST_P(TextCorpusTest, TheTableIsWrittenAsItWasRead) {
  const std::string table = TextIn(GetParam(), "graph.tsv");
  const auto map = ReadTable({"t", table});
  ASSERT_TRUE(map.ok()) << map.status();
  EXPECT_EQ(WriteTable(*map), table);
}

TEST_P(TextCorpusTest, TheMapKeepsTheTableAndItsOwners) {
  const MapDescription map = TableIn(GetParam());
  EXPECT_TRUE(map.shape.owners_beside);
  const std::string text = WriteMap(map);
  const auto again = ReadMap({"m", text});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(WriteTable(*again), TextIn(GetParam(), "graph.tsv"));
  EXPECT_EQ(WriteMap(*again), text);
  ASSERT_EQ(again->regions.size(), map.regions.size());
  for (size_t i = 0; i < map.regions.size(); ++i) {
    EXPECT_EQ(again->regions[i].owner, map.regions[i].owner);
  }
}

TEST_P(TextCorpusTest, TheMachineShowsWhatQemuPrints) {
  const auto machine = MachineIn(GetParam());
  ASSERT_NE(machine, nullptr);
  EXPECT_EQ(Difference(TextIn(GetParam(), "flat.txt"),
                       WriteFlatViews(machine->spaces())),
            "");
  FlatTextOptions options;
  options.owner_of = [&](const Region& region) -> absl::string_view {
    return machine->OwnerText(region);
  };
  EXPECT_EQ(Difference(TextIn(GetParam(), "flat-owner.txt"),
                       WriteFlatViews(machine->spaces(), options)),
            "");
}

class DeltaCorpusTest : public testing::TestWithParam<fs::path> {};

TEST_P(DeltaCorpusTest, TheUpdateStepLeadsHere) {
  const std::string text = TextIn(GetParam(), "delta.tsv");
  const auto delta = ReadDelta({"delta.tsv", text});
  ASSERT_TRUE(delta.ok()) << delta.status();
  // The step before lies beside this one.
  const fs::path before =
      GetParam().parent_path() / fs::path(delta->from).filename();
  const auto machine = MachineIn(before);
  ASSERT_NE(machine, nullptr);
  const absl::Status applied = machine->Apply(*delta);
  ASSERT_TRUE(applied.ok()) << applied;
  machine->topology().CheckInvariants();
  EXPECT_EQ(Difference(TextIn(GetParam(), "flat.txt"),
                       WriteFlatViews(machine->spaces())),
            "");
}

INSTANTIATE_TEST_SUITE_P(Corpus, TextCorpusTest,
                         testing::ValuesIn(FoldersWith("graph.tsv.gz")),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(Corpus, DeltaCorpusTest,
                         testing::ValuesIn(FoldersWith("delta.tsv.gz")),
                         NameOf);

TEST(CorpusFoldersTest, TheCorpusIsThere) {
  EXPECT_EQ(FoldersWith("graph.tsv.gz").size(), 398u);
  EXPECT_EQ(FoldersWith("delta.tsv.gz").size(), 171u);
}

}  // namespace
}  // namespace planish::text
