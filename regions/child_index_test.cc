#include "planish/regions/child_index.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/regions/precedence.h"

namespace planish {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Child = ChildIndex::Child;
using Rng = std::mt19937_64;

// The index never looks at a region: a name is enough.
Region* Name(uint64_t number) {
  return reinterpret_cast<Region*>(number * 4096);
}

uint64_t NumberOf(const Region* region) {
  return reinterpret_cast<uintptr_t>(region) / 4096;
}

// The number is link_seq, and name.
Child Make(uint64_t number, uint64_t first, uint64_t last, int priority = 0) {
  return {
      {Addr(first), Addr(last)}, Precedence(priority, number), Name(number)};
}

std::vector<uint64_t> Found(const ChildIndex& index, AddrRange interval,
                            size_t most = SIZE_MAX) {
  std::vector<uint64_t> numbers;
  ChildIndex::Search search(index, interval);
  while (numbers.size() < most) {
    const Region* const region = search.Next();
    if (region == nullptr) break;
    numbers.push_back(NumberOf(region));
  }
  return numbers;
}

std::vector<uint64_t> Found(const ChildIndex& index, uint64_t first,
                            uint64_t last) {
  return Found(index, AddrRange{Addr(first), Addr(last)});
}

// What a search must yield, by looking at everybody.
std::vector<uint64_t> Should(std::vector<Child> children, AddrRange interval,
                             size_t most = SIZE_MAX) {
  std::sort(children.begin(), children.end(),
            [](const Child& a, const Child& b) {
              return a.precedence > b.precedence;
            });
  std::vector<uint64_t> numbers;
  for (const Child& child : children) {
    if (numbers.size() == most) break;
    if (child.extent.Overlaps(interval)) {
      numbers.push_back(NumberOf(child.region));
    }
  }
  return numbers;
}

TEST(ChildIndexTest, AnEmptyOneYieldsNothing) {
  ChildIndex index;
  index.CheckInvariants();
  EXPECT_THAT(Found(index, AddrRange::All()), IsEmpty());
}

TEST(ChildIndexTest, TheBestComesFirst) {
  ChildIndex index;
  index.Insert(Make(1, 8, 10));
  index.Insert(Make(2, 6, 10, 7));
  index.Insert(Make(3, 7, 13, -7));
  index.Insert(Make(4, 11, 11));
  index.CheckInvariants();
  EXPECT_THAT(Found(index, 0, 16), ElementsAre(2, 4, 1, 3));
  EXPECT_THAT(Found(index, 0, 6), ElementsAre(2));
  EXPECT_THAT(Found(index, 7, 7), ElementsAre(2, 3));
  EXPECT_THAT(Found(index, 11, 11), ElementsAre(4, 3));
  EXPECT_THAT(Found(index, 10, 11), ElementsAre(2, 4, 1, 3));
  EXPECT_THAT(Found(index, 14, UINT64_MAX), IsEmpty());
  EXPECT_THAT(Found(index, 0, 5), IsEmpty());
}

TEST(ChildIndexTest, TheEndsOfTheSpaceAreOrdinary) {
  ChildIndex index;
  index.Insert(Make(1, 0, UINT64_MAX));
  index.Insert(Make(2, 0, 0));
  index.Insert(Make(3, UINT64_MAX, UINT64_MAX));
  index.Insert(Make(4, 1, UINT64_MAX - 1, -1));
  index.Insert(Make(5, uint64_t{1} << 63, uint64_t{1} << 63));
  index.CheckInvariants();
  EXPECT_THAT(Found(index, 0, 0), ElementsAre(2, 1));
  EXPECT_THAT(Found(index, 1, 1), ElementsAre(1, 4));
  EXPECT_THAT(Found(index, UINT64_MAX, UINT64_MAX), ElementsAre(3, 1));
  EXPECT_THAT(Found(index, AddrRange::All()), ElementsAre(5, 3, 2, 1, 4));
  EXPECT_THAT(Found(index, uint64_t{1} << 63, uint64_t{1} << 63),
              ElementsAre(5, 1, 4));
}

TEST(ChildIndexTest, AnErasedChildIsGone) {
  ChildIndex index;
  index.Insert(Make(1, 0, 7));
  index.Insert(Make(2, 0, 7));
  index.Erase(Make(2, 0, 7));
  EXPECT_THAT(Found(index, 0, 7), ElementsAre(1));
  index.Erase(Make(1, 0, 7));
  EXPECT_THAT(Found(index, 0, 7), IsEmpty());
  EXPECT_EQ(index.size(), 0u);
  index.CheckInvariants();
}

TEST(ChildIndexTest, ForEachVisitsAll) {
  ChildIndex index;
  for (uint64_t i = 1; i <= 40; ++i) {
    index.Insert(Make(i, 0, i < 20 ? 100 : i * 1000));
  }
  std::vector<uint64_t> numbers;
  index.ForEach(
      [&](const Child& child) { numbers.push_back(NumberOf(child.region)); });
  std::sort(numbers.begin(), numbers.end());
  ASSERT_EQ(numbers.size(), 40u);
  for (uint64_t i = 1; i <= 40; ++i) EXPECT_EQ(numbers[i - 1], i);
}

using ChildIndexDeathTest = testing::Test;

TEST(ChildIndexDeathTest, ErasingAStranger) {
  ChildIndex index;
  index.Insert(Make(1, 0, 7));
  EXPECT_DEATH(index.Erase(Make(2, 0, 7)), "T8: a child that is not in");
  EXPECT_DEATH(index.Erase(Make(1, 0, 8)), "T8: a child that is not in");
  for (uint64_t i = 2; i <= 40; ++i) index.Insert(Make(i, 0, 7));
  EXPECT_DEATH(index.Erase(Make(41, 0, 7)), "T8: a child that is not in");
}

// ---- Random programs, against a look at everybody.

// How the children of a container lie.
enum class Shape {
  kAnywhere,   // Any two addresses.
  kSmall,      // 32 addresses: many of each.
  kBars,       // Aligned powers of two.
  kRow,        // One behind the other.
  kAtTheEnds,  // Near 0 and 2^64-1.
  kCrossing,   // All over one address.
  kDigits,     // Few digits set: many meeting points on one path.
};

constexpr Shape kShapes[] = {
    Shape::kAnywhere,  Shape::kSmall,    Shape::kBars,  Shape::kRow,
    Shape::kAtTheEnds, Shape::kCrossing, Shape::kDigits};

AddrRange RandomRange(Shape shape, Rng& rng) {
  uint64_t a = rng();
  uint64_t b = rng();
  switch (shape) {
    case Shape::kAnywhere:
      break;
    case Shape::kSmall:
      a %= 32;
      b %= 32;
      break;
    case Shape::kBars: {
      const uint64_t size = uint64_t{16} << (rng() % 8);
      a = a % 0x10000 / size * size;
      b = a + size - 1;
      break;
    }
    case Shape::kRow:
      a = a % 500 * 100;
      b = a + b % 120;
      break;
    case Shape::kAtTheEnds:
      a = a % 20 - 10;
      b = b % 20 - 10;
      break;
    case Shape::kCrossing:
      a = 0x7777 - a % 0x1000;
      b = 0x7777 + b % 0x1000;
      break;
    case Shape::kDigits:
      a = (uint64_t{1} << (a % 64)) | (uint64_t{1} << (a / 64 % 64));
      b = (uint64_t{1} << (b % 64)) | (uint64_t{1} << (b / 64 % 64));
      break;
  }
  return {Addr(std::min(a, b)), Addr(std::max(a, b))};
}

class ChildIndexModelTest : public testing::TestWithParam<uint64_t> {};

TEST_P(ChildIndexModelTest, SearchesYieldWhatALookAtEverybodyDoes) {
  Rng rng(GetParam());
  const Shape shape = kShapes[rng() % std::size(kShapes)];
  const size_t most = size_t{1} << (rng() % 11);
  SCOPED_TRACE("seed " + std::to_string(GetParam()) + ", shape " +
               std::to_string(static_cast<int>(shape)) + ", up to " +
               std::to_string(most) + " children");
  ChildIndex index;
  std::vector<Child> children;
  uint64_t next = 1;
  bool growing = true;
  for (int step = 0; step < 3000; ++step) {
    if (children.size() >= most) growing = false;
    if (children.empty()) growing = true;
    if (rng() % 4 != 0 ? growing : !growing) {
      const AddrRange range = RandomRange(shape, rng);
      children.push_back(Make(next++, range.first.raw(), range.last.raw(),
                              static_cast<int>(rng() % 5) - 2));
      index.Insert(children.back());
    } else if (!children.empty()) {
      std::swap(children[rng() % children.size()], children.back());
      index.Erase(children.back());
      children.pop_back();
    }
    if (rng() % 64 == 0) index.CheckInvariants();
    const AddrRange interval = RandomRange(shape, rng);
    const size_t take = rng() % 4 == 0 ? SIZE_MAX : rng() % 4;
    ASSERT_EQ(Found(index, interval, take), Should(children, interval, take))
        << "step " << step << ", " << interval;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ChildIndexModelTest,
                         testing::Range<uint64_t>(1, 41));

// ---- Cost, in nodes looked at.

constexpr uint64_t kMany = 100000;

struct Cost {
  size_t first = 0;       // The most for the best child.
  size_t more = 0;        // The most for the next 20, for each.
  size_t everything = 0;  // For all of them.
};

Cost CostOf(const std::vector<Child>& children,
            const std::vector<AddrRange>& intervals) {
  ChildIndex index;
  for (const Child& child : children) index.Insert(child);
  Cost cost;
  for (const AddrRange& interval : intervals) {
    ChildIndex::Search search(index, interval);
    search.Next();
    const size_t first = search.nodes_seen();
    cost.first = std::max(cost.first, first);
    for (int i = 0; i < 20; ++i) search.Next();
    cost.more = std::max(cost.more, (search.nodes_seen() - first) / 20);
  }
  ChildIndex::Search all(index, AddrRange::All());
  while (all.Next() != nullptr) {
  }
  cost.everything = all.nodes_seen();
  return cost;
}

// Each of kMany children is reached by a path of at most this many nodes.
constexpr size_t kHigh = 8;

TEST(ChildIndexCostTest, ChildrenInARow) {
  std::vector<Child> children;
  std::vector<AddrRange> intervals;
  for (uint64_t i = 1; i <= kMany; ++i) {
    children.push_back(Make(i, i * 0x2000, i * 0x2000 + 0xfff));
    if (i % 100 == 0) intervals.push_back(children.back().extent);
  }
  std::shuffle(children.begin(), children.end(), Rng(1));
  const Cost cost = CostOf(children, intervals);
  EXPECT_LE(cost.first, 2 * kHigh);
  EXPECT_LE(cost.everything, kMany * 3 / 2);
}

TEST(ChildIndexCostTest, AllChildrenAtOnePlace) {
  std::vector<Child> children;
  for (uint64_t i = 1; i <= kMany; ++i) {
    children.push_back(Make(i, 0x1000, 0x1fff));
  }
  const Cost cost = CostOf(children, {{Addr(0x1000), Addr(0x1000)}});
  EXPECT_LE(cost.first, 2 * kHigh);
  EXPECT_LE(cost.more, kHigh);
}

// What leads a search astray if one tree has them all: many high and short
// ones, and as many low ones between them that reach far.
TEST(ChildIndexCostTest, ShortOnesAboveLongOnes) {
  std::vector<Child> children;
  for (uint64_t i = 1; i <= kMany; ++i) {
    const uint64_t first = i * 0x1000;
    children.push_back(i % 2 == 0 ? Make(i, first, first + 0xfff, 1)
                                  : Make(i, first, uint64_t{1} << 40));
  }
  const Cost cost =
      CostOf(children, {{Addr(uint64_t{1} << 39), Addr(uint64_t{1} << 39)}});
  EXPECT_LE(cost.first, 4 * kHigh);
  EXPECT_LE(cost.more, kHigh);
}

// All over one address, and the further one reaches, the lower it is.
TEST(ChildIndexCostTest, PyramidsUpsideDown) {
  std::vector<Child> children;
  std::vector<AddrRange> intervals;
  const uint64_t middle = uint64_t{1} << 40;
  for (uint64_t i = 1; i <= kMany; ++i) {
    children.push_back(Make(i, middle - i, middle + kMany - i));
    if (i % 1000 != 0) continue;
    intervals.push_back({Addr(middle - i), Addr(middle - i)});
    intervals.push_back({Addr(middle + i), Addr(middle + i)});
  }
  const Cost cost = CostOf(children, intervals);
  EXPECT_LE(cost.first, 4 * kHigh);
  EXPECT_LE(cost.more, kHigh);
}

// Short high ones and long low ones around every meeting point of a path.
TEST(ChildIndexCostTest, EveryPowerOfTwoLeadsAstray) {
  const uint64_t end = uint64_t{1} << 62;
  for (const uint64_t at_one_point : {2, 16, 18, 2000}) {
    std::vector<Child> children;
    uint64_t number = 0;
    for (int digit = 0; digit < 62; ++digit) {
      const uint64_t reach = uint64_t{1} << digit;
      // Its reach ends before `end`, which all are to the left of.
      const uint64_t point = end - reach;
      for (uint64_t i = 0; i < at_one_point; ++i) {
        const uint64_t first = point - (reach > 2 ? 1 + i % (reach - 1) : 0);
        children.push_back(i % 2 == 0 ? Make(++number, first, end - 1)
                                      : Make(++number, first, point, 1));
      }
    }
    const Cost cost = CostOf(
        children, {{Addr(end - 1), Addr(end - 1)}, {Addr(end - 1), Addr(end)}});
    EXPECT_LE(cost.first, 65 * 5u) << at_one_point << " at one point";
    EXPECT_LE(cost.more, 2 * kHigh) << at_one_point << " at one point";
  }
}

TEST(ChildIndexCostTest, WhatAnIndexHasLostCostsNothing) {
  ChildIndex index;
  for (uint64_t i = 1; i <= kMany; ++i) {
    index.Insert(Make(i, i * 0x1000, i * 0x1000 + 0xfff));
  }
  for (uint64_t i = 1; i <= kMany; ++i) {
    if (i % 100 != 0) index.Erase(Make(i, i * 0x1000, i * 0x1000 + 0xfff));
  }
  index.CheckInvariants();
  ChildIndex::Search all(index, AddrRange::All());
  size_t found = 0;
  while (all.Next() != nullptr) ++found;
  EXPECT_EQ(found, kMany / 100);
  // Once for each child, and once for each node: leaves are half full.
  EXPECT_LE(all.nodes_seen(), found * 3 / 2);
}

}  // namespace
}  // namespace planish
