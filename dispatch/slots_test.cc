#include "planish/dispatch/slots.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <random>

#include "gtest/gtest.h"

namespace planish::internal {
namespace {

// One by one, as the comment says.
template <typename Slot>
uint32_t PlainRank(const Slot& slot, uint32_t sub, uint32_t bias) {
  uint32_t rank = 0;
  for (const uint32_t start : slot.starts) rank += (start ^ bias) <= sub;
  return rank;
}

TEST(SlotsTest, RanksAtAndAroundEachStart) {
  constexpr uint32_t kEdges[] = {0,           1,           0x7fff'ffff,
                                 0x8000'0000, 0x8000'0001, 0xffff'ffff};
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    Bucket bucket = {};
    Ranked ranked = {};
    uint32_t starts[Ranked::kRuns - 1];
    for (uint32_t& start : starts) {
      start = random() % 4 == 0 ? kEdges[random() % 6]
                                : static_cast<uint32_t>(random());
    }
    std::sort(std::begin(starts), std::end(starts));
    // Some slots are full, in others the first starts are 0.
    for (uint32_t i = 0; i < random() % 16; ++i) starts[i] = 0;
    for (int i = 0; i < Ranked::kRuns - 1; ++i) {
      ranked.starts[i] = starts[i] ^ Ranked::kBias;
    }
    ranked.first = static_cast<uint32_t>(random());
    std::copy(starts + 11, starts + 15, bucket.starts);
    for (const uint32_t start : starts) {
      for (const uint32_t sub : {start - 1, start, start + 1}) {
        ASSERT_EQ(RankIn(bucket, sub), PlainRank(bucket, sub, 0));
        ASSERT_EQ(RankIn(ranked, sub), PlainRank(ranked, sub, Ranked::kBias));
      }
    }
  }
}

}  // namespace
}  // namespace planish::internal
