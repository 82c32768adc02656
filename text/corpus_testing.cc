#include "planish/text/corpus_testing.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "planish/regions/region.h"
#include "planish/text/file.h"
#include "planish/text/flat_text.h"
#include "planish/text/flat_writer.h"
#include "planish/text/readers.h"

namespace planish::text {

namespace fs = std::filesystem;

std::vector<fs::path> CorpusFoldersWith(const std::string& file) {
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

std::string CorpusFolderName(const testing::TestParamInfo<fs::path>& info) {
  std::string name = info.param.parent_path().filename().string() + "_" +
                     info.param.filename().string();
  std::replace_if(
      name.begin(), name.end(),
      [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

std::string CorpusText(const fs::path& folder, const std::string& name) {
  const auto text = ReadFile((folder / (name + ".gz")).string());
  EXPECT_TRUE(text.ok()) << text.status();
  return text.value_or("");
}

MapDescription CorpusTable(const fs::path& folder) {
  const auto map = ReadMapFile((folder / "graph.tsv.gz").string());
  EXPECT_TRUE(map.ok()) << map.status();
  return map.value_or(MapDescription());
}

std::string FlatTextWithOwners(const Machine& machine) {
  FlatTextOptions options;
  options.owner_of = [&](const Region& region) -> absl::string_view {
    return machine.OwnerText(region);
  };
  return WriteFlatViews(machine.spaces(), options);
}

std::string FlatTextDifference(const std::string& expected,
                               const std::string& actual) {
  const auto e = ReadFlatViews({"expected", expected});
  const auto a = ReadFlatViews({"actual", actual});
  EXPECT_TRUE(e.ok()) << e.status();
  EXPECT_TRUE(a.ok()) << a.status();
  if (!e.ok() || !a.ok()) return "unread";
  return DifferencesText(CompareFlatViews(*e, *a));
}

}  // namespace planish::text
