// For tests over every machine of the corpus: its folders, what lies in them,
// and how two texts of flat views differ. What can't be read fails the test
// that asks.
//
// THREAD SAFETY  None.

#ifndef PLANISH_TEXT_CORPUS_TESTING_H_
#define PLANISH_TEXT_CORPUS_TESTING_H_

#include <filesystem>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "planish/text/machine.h"
#include "planish/text/map_description.h"

namespace planish::text {

// The folders that hold `file`, in the order of their paths.
std::vector<std::filesystem::path> CorpusFoldersWith(const std::string& file);

// "traces_linux_q35_dump_01", for INSTANTIATE_TEST_SUITE_P.
std::string CorpusFolderName(
    const testing::TestParamInfo<std::filesystem::path>& info);

// The text of `name`.gz.
std::string CorpusText(const std::filesystem::path& folder,
                       const std::string& name);
// graph.tsv.gz, with its owners.
MapDescription CorpusTable(const std::filesystem::path& folder);

// What `info mtree -f -o` prints of `machine`.
std::string FlatTextWithOwners(const Machine& machine);

// The lines in which two texts of flat views differ; empty if they agree.
std::string FlatTextDifference(const std::string& expected,
                               const std::string& actual);

}  // namespace planish::text

#endif  // PLANISH_TEXT_CORPUS_TESTING_H_
