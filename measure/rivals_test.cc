#include "planish/measure/rivals/rivals.h"

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "gtest/gtest.h"
#include "planish/dispatch/run_list.h"
#include "planish/measure/maps.h"
#include "planish/measure/rivals/s_tree.h"
#include "planish/measure/rivals/wide_root.h"
#include "planish/measure/views.h"

namespace planish::measure {
namespace {

template <typename R>
class RivalTest : public testing::Test {};

using Rivals = testing::Types<SortedVector, BinarySearch, StdMap, AbslBtree,
                              PageArray, WideRoot, STree>;
TYPED_TEST_SUITE(RivalTest, Rivals);

// A rival that answers wrongly would be no rival.
TYPED_TEST(RivalTest, AnswersAsTheRuns) {
  for (const MapKind kind :
       {MapKind::kSpread, MapKind::kDense, MapKind::kIommu4k,
        MapKind::kPowerLaw, MapKind::kCrowd}) {
    for (const size_t n : {1u, 8u, 9u, 72u, 73u, 1000u, 30000u}) {
      const ViewOfMap view(MakeMap(kind, n, 3));
      const RunList list = MakeRunList(view.view());
      if constexpr (std::is_same_v<TypeParam, PageArray>) {
        if (!PageArray::Fits(list.runs)) continue;
      }
      const TypeParam rival(list.runs);
      uint64_t first = 0;
      for (const Terminal& run : list.runs) {
        for (const uint64_t a :
             {first, first + (run.last - first) / 2, run.last}) {
          const Terminal found = rival.Find(a);
          ASSERT_EQ(found.last, run.last) << TypeParam::kName << ' ' << a;
          ASSERT_EQ(found.payload, run.payload) << TypeParam::kName;
        }
        first = run.last + 1;
      }
    }
  }
}

TEST(OneCompareTest, AnswersAsTheRunsWhateverItExpects) {
  const ViewOfMap view(MakeMap(MapKind::kDense, 9, 3));
  const RunList list = MakeRunList(view.view());
  for (const Terminal& expected : list.runs) {
    const OneCompare floor(list.runs, expected.last);
    uint64_t first = 0;
    for (const Terminal& run : list.runs) {
      for (const uint64_t a : {first, run.last}) {
        EXPECT_EQ(floor.Find(a).last, run.last);
        EXPECT_EQ(floor.Find(a).payload, run.payload);
      }
      first = run.last + 1;
    }
  }
}

}  // namespace
}  // namespace planish::measure
