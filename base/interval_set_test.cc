#include "planish/base/interval_set.h"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <random>
#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"

namespace planish {
namespace {

using testing::ElementsAre;

AddrRange R(uint64_t first, uint64_t last) { return {Addr(first), Addr(last)}; }

IntervalSet Of(std::initializer_list<AddrRange> ranges) {
  IntervalSet set;
  for (const AddrRange r : ranges) set.Add(r);
  return set;
}

TEST(IntervalSetTest, WhatMeetsIsOneInterval) {
  IntervalSet set = Of({R(10, 19), R(40, 49), R(70, 79)});
  EXPECT_THAT(set.intervals(), ElementsAre(R(10, 19), R(40, 49), R(70, 79)));
  set.Add(R(20, 30));  // Touches one, and leaves a gap to the next.
  EXPECT_THAT(set.intervals(), ElementsAre(R(10, 30), R(40, 49), R(70, 79)));
  set.Add(R(31, 69));  // Touches on both sides.
  EXPECT_THAT(set.intervals(), ElementsAre(R(10, 79)));
  set.Add(R(0, 8));
  EXPECT_THAT(set.intervals(), ElementsAre(R(0, 8), R(10, 79)));
  set.Add(R(3, 5));
  set.Add(R(9, 9));
  EXPECT_THAT(set.intervals(), ElementsAre(R(0, 79)));
}

TEST(IntervalSetTest, TheTopOfTheSpaceIsOrdinary) {
  IntervalSet set = Of({R(UINT64_MAX, UINT64_MAX), R(0, 0)});
  EXPECT_THAT(set.intervals(), ElementsAre(R(0, 0), R(UINT64_MAX, UINT64_MAX)));
  EXPECT_TRUE(set.Covers(R(UINT64_MAX, UINT64_MAX)));
  EXPECT_FALSE(set.Covers(R(0, UINT64_MAX)));
  set.Add(R(1, UINT64_MAX - 1));
  EXPECT_THAT(set.intervals(), ElementsAre(AddrRange::All()));
  EXPECT_TRUE(set.Covers(AddrRange::All()));
}

TEST(IntervalSetTest, CoarsenClosesTheSmallestGaps) {
  IntervalSet set =
      Of({R(0, 0), R(10, 10), R(12, 12), R(40, 41), R(44, 44), R(90, 90)});
  set.Coarsen(6);
  EXPECT_EQ(set.size(), 6u);
  set.Coarsen(4);
  EXPECT_THAT(set.intervals(),
              ElementsAre(R(0, 0), R(10, 12), R(40, 44), R(90, 90)));
  set.Coarsen(2);
  EXPECT_THAT(set.intervals(), ElementsAre(R(0, 44), R(90, 90)));
  set.Coarsen(1);
  EXPECT_THAT(set.intervals(), ElementsAre(R(0, 90)));
}

// Against a set of bytes.
TEST(IntervalSetTest, IsASetOfAddresses) {
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const auto draw = [&] {
      const uint64_t first = random() % 200;
      return R(first, first + random() % 9);
    };
    IntervalSet set;
    std::set<uint64_t> bytes;
    for (int i = 0; i < 12; ++i) {
      IntervalSet more;
      for (size_t n = random() % 6; n > 0; --n) {
        const AddrRange r = draw();
        more.Add(r);
        for (uint64_t a = r.first.raw(); a <= r.last.raw(); ++a) {
          bytes.insert(a);
        }
      }
      set.AddAll(more);
      size_t count = 0;
      for (size_t j = 0; j < set.size(); ++j) {
        const AddrRange r = set.intervals()[j];
        if (j > 0) {
          ASSERT_GT(r.first.raw(), set.intervals()[j - 1].last.raw() + 1);
        }
        for (uint64_t a = r.first.raw(); a <= r.last.raw(); ++a) {
          ASSERT_EQ(bytes.count(a), 1u);
        }
        count += static_cast<size_t>(r.last - r.first) + 1;
      }
      ASSERT_EQ(count, bytes.size());
      const AddrRange r = draw();
      bool covered = true;
      for (uint64_t a = r.first.raw(); a <= r.last.raw(); ++a) {
        covered = covered && bytes.count(a) == 1;
      }
      ASSERT_EQ(set.Covers(r), covered);
    }
    IntervalSet coarse = set;
    coarse.Coarsen(3);
    ASSERT_LE(coarse.size(), 3u);
    for (const AddrRange r : set) ASSERT_TRUE(coarse.Covers(r));
  }
}

}  // namespace
}  // namespace planish
