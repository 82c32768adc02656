// Every machine of the corpus: its table and its map say the same, what it
// shows is QEMU's own text, and each update step leads to the next table's.

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "planish/text/corpus_testing.h"
#include "planish/text/delta.h"
#include "planish/text/flat_writer.h"
#include "planish/text/machine.h"
#include "planish/text/map_description.h"
#include "planish/text/readers.h"

namespace planish::text {
namespace {

namespace fs = std::filesystem;

std::unique_ptr<Machine> MachineIn(const fs::path& folder) {
  auto machine = Machine::Create(CorpusTable(folder));
  EXPECT_TRUE(machine.ok()) << machine.status();
  return machine.ok() ? *std::move(machine) : nullptr;
}

class TextCorpusTest : public testing::TestWithParam<fs::path> {};

TEST_P(TextCorpusTest, TheTableIsWrittenAsItWasRead) {
  const std::string table = CorpusText(GetParam(), "graph.tsv");
  const auto map = ReadTable({"t", table});
  ASSERT_TRUE(map.ok()) << map.status();
  EXPECT_EQ(WriteTable(*map), table);
}

TEST_P(TextCorpusTest, TheMapKeepsTheTableAndItsOwners) {
  const MapDescription map = CorpusTable(GetParam());
  EXPECT_TRUE(map.shape.owners_beside);
  const std::string text = WriteMap(map);
  const auto again = ReadMap({"m", text});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(WriteTable(*again), CorpusText(GetParam(), "graph.tsv"));
  EXPECT_EQ(WriteMap(*again), text);
  ASSERT_EQ(again->regions.size(), map.regions.size());
  for (size_t i = 0; i < map.regions.size(); ++i) {
    EXPECT_EQ(again->regions[i].owner, map.regions[i].owner);
  }
}

TEST_P(TextCorpusTest, TheMachineShowsWhatQemuPrints) {
  const auto machine = MachineIn(GetParam());
  ASSERT_NE(machine, nullptr);
  EXPECT_EQ(FlatTextDifference(CorpusText(GetParam(), "flat.txt"),
                               WriteFlatViews(machine->spaces())),
            "");
  EXPECT_EQ(FlatTextDifference(CorpusText(GetParam(), "flat-owner.txt"),
                               FlatTextWithOwners(*machine)),
            "");
}

class DeltaCorpusTest : public testing::TestWithParam<fs::path> {};

TEST_P(DeltaCorpusTest, TheUpdateStepLeadsHere) {
  const std::string text = CorpusText(GetParam(), "delta.tsv");
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
  EXPECT_EQ(FlatTextDifference(CorpusText(GetParam(), "flat.txt"),
                               WriteFlatViews(machine->spaces())),
            "");
}

INSTANTIATE_TEST_SUITE_P(Corpus, TextCorpusTest,
                         testing::ValuesIn(CorpusFoldersWith("graph.tsv.gz")),
                         CorpusFolderName);
INSTANTIATE_TEST_SUITE_P(Corpus, DeltaCorpusTest,
                         testing::ValuesIn(CorpusFoldersWith("delta.tsv.gz")),
                         CorpusFolderName);

TEST(CorpusFoldersTest, TheCorpusIsThere) {
  EXPECT_EQ(CorpusFoldersWith("graph.tsv.gz").size(), 398u);
  EXPECT_EQ(CorpusFoldersWith("delta.tsv.gz").size(), 171u);
}

}  // namespace
}  // namespace planish::text
