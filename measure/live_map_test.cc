#include "planish/measure/live_map.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "gtest/gtest.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/flatview/flat_range.h"
#include "planish/measure/maps.h"

namespace planish::measure {
namespace {

std::vector<uint64_t> Edges(LiveMap& map) {
  const ReadGuard guard(map.topology().rcu());
  std::vector<uint64_t> edges;
  for (const FlatRange& range : map.Current(guard).view()) {
    edges.push_back(range.range.first.raw());
    edges.push_back(range.range.last.raw());
  }
  return edges;
}

std::vector<uint64_t> Edges(const std::vector<MapRange>& ranges) {
  std::vector<uint64_t> edges;
  for (const MapRange& range : ranges) {
    edges.push_back(range.first);
    edges.push_back(range.last);
  }
  return edges;
}

size_t SizeOf(LiveMap& map) {
  const ReadGuard guard(map.topology().rcu());
  return map.Current(guard).view().size();
}

uint64_t GenerationOf(LiveMap& map) {
  const ReadGuard guard(map.topology().rcu());
  return map.Current(guard).generation();
}

TEST(LiveMapTest, TheViewIsTheMapWhateverTheShape) {
  for (const MapKind kind : {MapKind::kSpread, MapKind::kDense}) {
    for (const auto shape : {LiveMap::Shape::kFlat, LiveMap::Shape::kBridges}) {
      LiveMap map({.kind = kind, .ranges = 1000, .shape = shape, .spaces = 3});
      EXPECT_EQ(SizeOf(map), 1000u);
      EXPECT_EQ(Edges(map), Edges(map.Ranges()));
      {
        const ReadGuard guard(map.topology().rcu());
        EXPECT_EQ(&map.spaces()[0]->Current(guard),
                  &map.spaces()[2]->Current(guard));
      }
      for (int i = 0; i < 50; ++i) map.Commit(map.DrawMove());
      EXPECT_EQ(SizeOf(map), 1000u);
      EXPECT_EQ(Edges(map), Edges(map.Ranges()));
    }
  }
}

TEST(LiveMapTest, MovesGoFar) {
  LiveMap map({.ranges = 1000});
  for (int i = 0; i < 50; ++i) {
    const std::vector<uint64_t> before = Edges(map);
    const uint64_t generation = GenerationOf(map);
    map.Commit(map.DrawMove());
    const std::vector<uint64_t> after = Edges(map);
    EXPECT_GT(GenerationOf(map), generation);
    size_t same_below = 0;
    while (before[same_below] == after[same_below]) ++same_below;
    size_t same_above = 0;
    while (before[before.size() - 1 - same_above] ==
           after[after.size() - 1 - same_above]) {
      ++same_above;
    }
    EXPECT_GT(before.size() - same_below - same_above, before.size() / 10);
  }
}

TEST(LiveMapTest, EveryEditChangesTheView) {
  LiveMap map({.ranges = 1000, .shape = LiveMap::Shape::kBridges});
  std::map<LiveMap::Action, int> seen;
  std::map<LiveMap::Action, int> drawn;
  for (int i = 0; i < 1000; ++i) {
    const LiveMap::Edit edit = map.DrawEdit();
    const uint64_t generation = GenerationOf(map);
    map.Commit(edit);
    ++drawn[edit.action];
    if (GenerationOf(map) > generation) ++seen[edit.action];
  }
  ASSERT_EQ(drawn.size(), 6u);
  for (const auto& [action, count] : drawn) {
    // A priority alone changes nothing; nor does what befalls a disabled one.
    if (action == LiveMap::Action::kPriority) continue;
    EXPECT_GT(seen[action], count / 2) << static_cast<int>(action);
  }
}

TEST(LiveMapTest, LinkedOneByOneOrAllAtOnceItIsTheSame) {
  LiveMap at_once({.kind = MapKind::kDense, .ranges = 300});
  LiveMap one_by_one({.kind = MapKind::kDense, .ranges = 300, .link = false});
  EXPECT_EQ(SizeOf(one_by_one), 0u);
  size_t commits = 0;
  while (one_by_one.LinkNext()) ++commits;
  EXPECT_EQ(commits, 300u);
  EXPECT_EQ(Edges(one_by_one), Edges(at_once));
}

}  // namespace
}  // namespace planish::measure
