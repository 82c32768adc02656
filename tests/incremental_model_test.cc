// Property: a commit that renders only what its edits touched leaves every
// address space as a full render would, range by range (F4), and its table as
// one built anew (D4). See graph_state.h for all that is compared after each
// step, and edit_program.h for the programs.
//
// For a soak: PLANISH_PROGRAMS=1000000 PLANISH_SEED=7 incremental_model_test

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "planish/tests/edit_program.h"
#include "planish/tests/graph_program.h"
#include "planish/tests/graph_state.h"
#include "planish/tests/model_run.h"

namespace planish::model {
namespace {

// Test cases of one bias, so that a test runner may share them out.
constexpr uint64_t kShards = 4;

struct Shard {
  Bias bias;
  uint64_t number;
};

class IncrementalModelTest : public testing::TestWithParam<Shard> {};

TEST_P(IncrementalModelTest, CommitsLeaveWhatAFullRenderShows) {
  const Bias bias = GetParam().bias;
  const bool big = bias == Bias::kGrowth;
  const auto effort = big ? State::Effort::kCrowd : State::Effort::kEverything;
  const uint64_t seed = FromEnvironment("PLANISH_SEED", 1);
  uint64_t programs = FromEnvironment("PLANISH_PROGRAMS", 10'000) / kShards;
  programs = big ? programs / 100 + 1 : programs / 3 + 1;
  Tally tally;
  for (uint64_t i = 0; i < programs; ++i) {
    const uint64_t of_program = seed + i * kShards + GetParam().number;
    const Program program = RandomEditProgram(of_program, bias);
    const PrintOnAbort print([&] { return AsCode(program); });
    const std::string failure = FailureOf(program, &tally, effort);
    if (failure.empty()) continue;
    const Program shrunk = Shrink(program, effort);
    FAIL() << "program " << of_program << ", " << failure
           << "\nshrunk: " << FailureOf(shrunk, nullptr, effort) << "\n"
           << AsCode(shrunk);
  }
  std::printf(
      "programs %ju, edits %ju, refused %ju, undone %ju, ranges %ju, lookups "
      "%ju, held %ju, unknown %ju\n",
      uintmax_t{programs}, uintmax_t{tally.edits}, uintmax_t{tally.refused},
      uintmax_t{tally.undone}, uintmax_t{tally.ranges},
      uintmax_t{tally.lookups}, uintmax_t{tally.held},
      uintmax_t{tally.unknown});
  EXPECT_GT(tally.edits, 20 * programs);
  if (!big) {
    EXPECT_GT(tally.undone, programs / 5);
  }
  EXPECT_GT(tally.ranges, 200 * programs);
  EXPECT_GT(tally.lookups, 1000 * programs);
  EXPECT_GT(tally.held, programs);
  EXPECT_LT(tally.unknown, 1 + tally.edits / 100);
}

std::string NameOf(const testing::TestParamInfo<Shard>& info) {
  const char* const names[] = {"Windows", "Ties", "Roots", "Growth"};
  return names[static_cast<size_t>(info.param.bias)] +
         std::to_string(info.param.number);
}

std::vector<Shard> Shards() {
  std::vector<Shard> shards;
  for (uint64_t number = 0; number < kShards; ++number) {
    for (const Bias bias :
         {Bias::kWindows, Bias::kTies, Bias::kRoots, Bias::kGrowth}) {
      shards.push_back({bias, number});
    }
  }
  return shards;
}

INSTANTIATE_TEST_SUITE_P(Programs, IncrementalModelTest,
                         testing::ValuesIn(Shards()), NameOf);

// ---- Programs that failed once. Never edited.

// A retirement had put a root past the limit, by a container that was too deep
// for having a child, somewhere else than where the root looks. Without that
// child all was within the limits again, and no change had reached the root.
TEST(IncrementalRegressions, AChildThatTheRootDoesNotSeeMakesNothingDeeper) {
  EXPECT_EQ(
      FailureOf(Program{Limits{5000, 8},
                        {AddOwner{},
                         AddOwner{},
                         AddOwner{},
                         AddOwner{},
                         AddOwner{},
                         Add{Kind::kContainer, 0, kTwoTo64, 0xffff800000000000},
                         AddSpace{0, 0},
                         Add{Kind::kContainer, 0, kTwoTo64, 0xffff800000000000},
                         AddAlias{0, 1, 0x0, kTwoTo64},
                         Link{0, 2, 0xb, 0},
                         Add{Kind::kContainer, 0, kTwoTo64, 0x7f0000000000},
                         AddAlias{0, 3, 0x3b, kTwoTo64},
                         Link{1, 4, 0xd, 2},
                         Add{Kind::kContainer, 0, kTwoTo64, 0x7f0000000000},
                         AddAlias{0, 5, 0x0, kTwoTo64},
                         Link{3, 6, 0x0, 0},
                         Add{Kind::kContainer, 0, kTwoTo64, 0x7f0000000000},
                         AddSpace{0, 7},
                         AddSpace{0, -1},
                         Add{Kind::kContainer, 0, kTwoTo64, 0x7f0000001001},
                         AddAlias{0, 0, 0x0, kTwoTo64},
                         Link{8, 9, 0x0, 0},
                         AddAlias{0, 5, 0x79, 0x5},
                         Link{8, 10, 0x79, 1},
                         AddSpace{2, 8},
                         AddSpace{0, -1},
                         AddSpace{0, -1},
                         Add{Kind::kIommu, 0, 0xc, 0xffff800000000000},
                         Link{5, 11, 0xe, 0},
                         Begin{},
                         Retire{4},
                         AddOwner{},
                         Shift{2, 0x5},
                         Commit{},
                         Unlink{11}}}),
      "");
}

}  // namespace
}  // namespace planish::model
