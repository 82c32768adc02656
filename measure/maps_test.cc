#include "planish/measure/maps.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace planish::measure {
namespace {

constexpr MapKind kKinds[] = {MapKind::kSpread, MapKind::kDense,
                              MapKind::kIommu4k, MapKind::kPowerLaw,
                              MapKind::kCrowd};

TEST(MapsTest, RangesAscendAndDoNotOverlap) {
  for (const MapKind kind : kKinds) {
    for (const size_t n : {0u, 1u, 2u, 3u, 8u, 64u, 1000u, 100000u}) {
      SCOPED_TRACE(std::string(MapKindName(kind)));
      const std::vector<MapRange> map = MakeMap(kind, n, 1);
      ASSERT_EQ(map.size(), n);
      for (size_t i = 0; i < n; ++i) {
        ASSERT_LE(map[i].first, map[i].last);
        if (i == 0) continue;
        ASSERT_LT(map[i - 1].last, map[i].first);
      }
    }
  }
}

TEST(MapsTest, ASeedIsAMap) {
  const auto a = MakeMap(MapKind::kSpread, 100, 5);
  const auto b = MakeMap(MapKind::kSpread, 100, 5);
  const auto c = MakeMap(MapKind::kSpread, 100, 6);
  EXPECT_EQ(a[50].first, b[50].first);
  EXPECT_NE(a[50].first, c[50].first);
}

TEST(MapsTest, OneInTenIsSmallerThanAPage) {
  for (const MapKind kind : {MapKind::kSpread, MapKind::kDense}) {
    size_t small = 0;
    for (const MapRange& range : MakeMap(kind, 10000, 1)) {
      if (range.last - range.first + 1 < 4096) ++small;
      ASSERT_TRUE(!range.is_ram || range.first % 4096 == 0);
    }
    EXPECT_NEAR(static_cast<double>(small), 1000, 150);
  }
}

TEST(MapsTest, SpreadHasOneInEachSlot) {
  constexpr size_t kN = 1000;
  const auto map = MakeMap(MapKind::kSpread, kN, 1);
  for (size_t i = 0; i < kN; ++i) {
    EXPECT_EQ(map[i].first / ((uint64_t{1} << 46) / kN), i);
  }
}

TEST(MapsTest, NamesAreReadBack) {
  for (const MapKind kind : kKinds) {
    EXPECT_EQ(ParseMapKind(MapKindName(kind)), kind);
  }
  EXPECT_EQ(ParseMapKind("sparse"), std::nullopt);
}

}  // namespace
}  // namespace planish::measure
