#include "planish/flatview/gap_set.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"

namespace planish {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

AddrRange Range(uint64_t first, uint64_t last) {
  return {Addr(first), Addr(last)};
}

std::vector<AddrRange> Filled(GapSet& gaps, AddrRange window) {
  std::vector<AddrRange> filled;
  gaps.Fill(window, [&](AddrRange part) { filled.push_back(part); });
  return filled;
}

TEST(GapSetTest, OneGapAtFirst) {
  const GapSet gaps(Range(10, 20));
  EXPECT_FALSE(gaps.empty());
  EXPECT_EQ(gaps.Hull(AddrRange::All()), Range(10, 20));
  EXPECT_EQ(gaps.Hull(Range(12, 13)), Range(12, 13));
  EXPECT_EQ(gaps.Hull(Range(0, 9)), std::nullopt);
  EXPECT_EQ(gaps.Hull(Range(21, 30)), std::nullopt);
}

TEST(GapSetTest, FillTellsWhatWasUncovered) {
  GapSet gaps(Range(0, 99));
  EXPECT_THAT(Filled(gaps, Range(10, 19)), ElementsAre(Range(10, 19)));
  EXPECT_THAT(Filled(gaps, Range(5, 24)),
              ElementsAre(Range(5, 9), Range(20, 24)));
  EXPECT_THAT(Filled(gaps, Range(5, 24)), IsEmpty());
  EXPECT_EQ(gaps.Hull(Range(5, 24)), std::nullopt);
  EXPECT_EQ(gaps.Hull(Range(4, 25)), Range(4, 25));
  EXPECT_EQ(gaps.Hull(Range(7, 25)), Range(25, 25));
  EXPECT_THAT(Filled(gaps, Range(90, 300)), ElementsAre(Range(90, 99)));
  EXPECT_THAT(Filled(gaps, AddrRange::All()),
              ElementsAre(Range(0, 4), Range(25, 89)));
  EXPECT_TRUE(gaps.empty());
  EXPECT_THAT(Filled(gaps, AddrRange::All()), IsEmpty());
  EXPECT_EQ(gaps.Hull(AddrRange::All()), std::nullopt);
}

TEST(GapSetTest, AtBothEndsOfTheSpace) {
  GapSet gaps(AddrRange::All());
  EXPECT_THAT(Filled(gaps, Range(0, 0)), ElementsAre(Range(0, 0)));
  EXPECT_THAT(Filled(gaps, Range(UINT64_MAX, UINT64_MAX)),
              ElementsAre(Range(UINT64_MAX, UINT64_MAX)));
  EXPECT_EQ(gaps.Hull(AddrRange::All()), Range(1, UINT64_MAX - 1));
  EXPECT_THAT(Filled(gaps, AddrRange::All()),
              ElementsAre(Range(1, UINT64_MAX - 1)));
  EXPECT_TRUE(gaps.empty());
}

TEST(GapSetTest, RandomWindowsAgainstABitForEachAddress) {
  constexpr uint64_t kAddresses = 200;
  uint64_t state = 1;
  const auto random = [&](uint64_t below) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % below;
  };
  const auto window = [&] {
    const uint64_t a = random(kAddresses);
    return Range(a, std::min(kAddresses - 1, a + random(12)));
  };
  for (int round = 0; round < 200; ++round) {
    GapSet gaps(Range(0, kAddresses - 1));
    std::vector<bool> covered(kAddresses, false);
    for (int step = 0; step < 60; ++step) {
      const AddrRange seen = window();
      std::optional<AddrRange> hull;
      for (uint64_t a = seen.first.raw(); a <= seen.last.raw(); ++a) {
        if (covered[a]) continue;
        if (!hull.has_value()) hull = Range(a, a);
        hull->last = Addr(a);
      }
      ASSERT_EQ(gaps.Hull(seen), hull);
      const AddrRange filled = window();
      std::vector<AddrRange> parts;
      for (uint64_t a = filled.first.raw(); a <= filled.last.raw(); ++a) {
        if (covered[a]) continue;
        covered[a] = true;
        if (!parts.empty() && parts.back().last == Addr(a - 1)) {
          parts.back().last = Addr(a);
        } else {
          parts.push_back(Range(a, a));
        }
      }
      ASSERT_EQ(Filled(gaps, filled), parts);
    }
  }
}

}  // namespace
}  // namespace planish
