// Is the oracle itself right? On maps small enough to say what they show.

#include "planish/tests/oracle.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planish/tests/gap_renderer.h"

namespace planish::oracle {
namespace {

using testing::ElementsAre;

class OracleTest : public testing::Test {
 protected:
  int Add(Kind kind, Wide size) {
    graph_.nodes.emplace_back();
    graph_.nodes.back().kind = kind;
    graph_.nodes.back().size = size;
    return static_cast<int>(graph_.nodes.size()) - 1;
  }
  int AddAlias(int target, uint64_t offset, Wide size) {
    const int alias = Add(Kind::kAlias, size);
    graph_[alias].target = target;
    graph_[alias].offset = offset;
    return alias;
  }
  // By asking at every single address of the first 64.
  std::vector<int> Regions(int root) const {
    std::vector<int> regions;
    for (uint64_t a = 0; a < 64; ++a) {
      const std::optional<Byte> byte = At(graph_, root, a);
      regions.push_back(byte.has_value() ? byte->region : kNone);
    }
    return regions;
  }
  // The same from the view: it must not lose what lies between its edges.
  void ExpectViewSaysTheSame(int root) const {
    const std::vector<Range> view = ViewOf(graph_, root, EdgesOf(graph_, root));
    const Rendering rendering = RenderByGaps(graph_, root, 1000, 100);
    EXPECT_EQ(rendering.end, Rendering::End::kWhole);
    EXPECT_EQ(rendering.view, view);
    std::vector<int> regions(64, kNone);
    for (const Range& r : view) {
      for (uint64_t a = r.first; a <= r.last && a < 64; ++a) {
        regions[a] = r.region;
        EXPECT_EQ(At(graph_, root, a)->offset, r.offset + a - r.first);
      }
    }
    EXPECT_EQ(regions, Regions(root));
  }

  Graph graph_;
};

TEST_F(OracleTest, PriorityThenAge) {
  const int root = Add(Kind::kContainer, kTwoTo64);
  const int a = Add(Kind::kMmio, 2);
  const int b = Add(Kind::kMmio, 2);
  const int c = Add(Kind::kMmio, 2);
  const int d = Add(Kind::kMmio, 2);
  graph_.Link(root, a, 0, 0);
  graph_.Link(root, b, 1, 0);
  graph_.Link(root, c, 2, 1);
  graph_.Link(root, d, 3, -1);
  EXPECT_THAT(graph_[root].children, ElementsAre(c, b, a, d));
  EXPECT_EQ(At(graph_, root, 0)->region, a);
  EXPECT_EQ(At(graph_, root, 1)->region, b);
  EXPECT_EQ(At(graph_, root, 2)->region, c);
  EXPECT_EQ(At(graph_, root, 3)->region, c);
  EXPECT_EQ(At(graph_, root, 4)->region, d);
  EXPECT_EQ(At(graph_, root, 4)->offset, 1u);
  EXPECT_FALSE(At(graph_, root, 5).has_value());
  ExpectViewSaysTheSame(root);
}

TEST_F(OracleTest, WindowsCancelTheirTargetsAddress) {
  const int root = Add(Kind::kContainer, kTwoTo64);
  const int bus = Add(Kind::kContainer, 32);
  const int dev = Add(Kind::kMmio, 8);
  graph_.Link(bus, dev, 4, 0);
  graph_[bus].addr = 1000;
  graph_[bus].readonly = true;
  const int window = AddAlias(bus, 6, 10);
  graph_[window].nonvolatile = true;
  graph_.Link(root, window, 20, 0);
  const std::optional<Byte> byte = At(graph_, root, 20);
  ASSERT_TRUE(byte.has_value());
  EXPECT_EQ(byte->region, dev);
  EXPECT_EQ(byte->offset, 2u);
  EXPECT_TRUE(byte->readonly);
  EXPECT_TRUE(byte->nonvolatile);
  EXPECT_FALSE(byte->unmergeable);
  EXPECT_THAT(byte->path, ElementsAre(root, window, bus, dev));
  EXPECT_EQ(At(graph_, root, 25)->region, dev);
  EXPECT_FALSE(At(graph_, root, 26).has_value());
  ExpectViewSaysTheSame(root);
}

TEST_F(OracleTest, SeamsAreThoseOfTheMergingRules) {
  const int root = Add(Kind::kContainer, kTwoTo64);
  const int ram = Add(Kind::kRam, 64);
  const int a = AddAlias(ram, 0, 8);
  const int b = AddAlias(ram, 8, 8);
  const int c = AddAlias(ram, 17, 8);
  graph_.Link(root, a, 0, 0);
  graph_.Link(root, b, 8, 0);
  graph_.Link(root, c, 16, 0);
  const std::set<uint64_t> edges = EdgesOf(graph_, root);
  const auto expect_ranges = [&](size_t count) {
    EXPECT_EQ(ViewOf(graph_, root, edges).size(), count);
    EXPECT_EQ(RenderByGaps(graph_, root, 100, 100).view,
              ViewOf(graph_, root, edges));
  };
  expect_ranges(2);
  graph_[b].readonly = true;
  expect_ranges(3);
  graph_[b].readonly = false;
  graph_[ram].unmergeable = true;
  expect_ranges(3);
  // One window is one piece all the same.
  EXPECT_EQ(ViewOf(graph_, ram, {0, 8, 64}).size(), 1u);
}

TEST_F(OracleTest, CostSeesWhatNeverEnds) {
  const int root = Add(Kind::kContainer, kTwoTo64);
  const int window = AddAlias(root, 0, 16);
  graph_.Link(root, window, 0, 0);
  EXPECT_GT(CostOf(graph_, root, 1000, 50).depth, 50);
  EXPECT_EQ(RenderByGaps(graph_, root, 1000, 50).end, Rendering::End::kTooDeep);
  graph_[window].addr = 16;
  EXPECT_LE(CostOf(graph_, root, 1000, 50).depth, 3);
  EXPECT_EQ(RenderByGaps(graph_, root, 1000, 50).end, Rendering::End::kWhole);
  EXPECT_EQ(RenderByGaps(graph_, root, 1, 50).end, Rendering::End::kTooMuch);
}

TEST_F(OracleTest, WhatIsHiddenMayBeEndless) {
  const int root = Add(Kind::kContainer, kTwoTo64);
  const int window = AddAlias(root, 0, 16);
  graph_.Link(root, window, 0, 0);
  const int left = Add(Kind::kMmio, 8);
  const int right = Add(Kind::kMmio, 8);
  graph_.Link(root, left, 0, 1);
  graph_.Link(root, right, 8, 1);
  EXPECT_EQ(RenderByGaps(graph_, root, 1000, 50).end, Rendering::End::kWhole);
  EXPECT_EQ(RenderByGaps(graph_, root, 1000, 50).view.size(), 2u);
  graph_[right].size = 7;
  EXPECT_EQ(RenderByGaps(graph_, root, 1000, 50).end, Rendering::End::kTooDeep);
}

TEST_F(OracleTest, RootsAreNormalised) {
  const int root = Add(Kind::kContainer, 64);
  EXPECT_EQ(NormalisedRoot(graph_, root, 9), kNone);
  const int bus = Add(Kind::kContainer, 64);
  graph_.Link(root, bus, 0, 0);
  const int x = Add(Kind::kMmio, 8);
  graph_.Link(bus, x, 8, 0);
  EXPECT_EQ(NormalisedRoot(graph_, root, 9), bus);
  const int window = AddAlias(root, 0, 64);
  EXPECT_EQ(NormalisedRoot(graph_, window, 9), bus);
  graph_[window].offset = 1;
  EXPECT_EQ(NormalisedRoot(graph_, window, 9), window);
  graph_[x].addr = 0;
  EXPECT_EQ(NormalisedRoot(graph_, root, 9), x);
  graph_[x].enabled = false;
  EXPECT_EQ(NormalisedRoot(graph_, root, 9), kNone);
}

}  // namespace
}  // namespace planish::oracle
