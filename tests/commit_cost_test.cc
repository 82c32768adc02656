// A commit costs what it changes: counted, not timed (commit_report.h). What
// the clock says is bench/commit_benchmark.cc's.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/flatview/flat_view.h"
#include "planish/measure/live_map.h"
#include "planish/measure/many_devices.h"
#include "planish/measure/maps.h"
#include "planish/regions/commit_report.h"
#include "planish/regions/owner.h"
#include "planish/regions/ram_block.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"
#include "planish/regions/transaction.h"
#include "planish/space/address_space.h"

namespace planish {
namespace {

using measure::LiveMap;
using measure::ManyDevices;
using measure::MapKind;
using measure::MapKindName;
using measure::Rng;

CommitReport CommitOf(Topology& topology, const std::function<void()>& edits) {
  CommitReport report;
  auto transaction = Transaction::Begin(topology).value();
  edits();
  EXPECT_TRUE(transaction.Commit(&report).ok());
  return report;
}

struct Case {
  MapKind kind;
  LiveMap::Shape shape;
  size_t spaces;
};

std::string NameOf(const testing::TestParamInfo<Case>& info) {
  return std::string(MapKindName(info.param.kind)) +
         (info.param.shape == LiveMap::Shape::kFlat ? "Flat" : "Nested") +
         std::to_string(info.param.spaces);
}

class MoveCostTest : public testing::TestWithParam<Case> {};

TEST_P(MoveCostTest, IsTheSameAtAnySize) {
  for (const size_t ranges : {1000, 10'000, 100'000}) {
    SCOPED_TRACE(ranges);
    LiveMap map({.kind = GetParam().kind,
                 .ranges = ranges,
                 .shape = GetParam().shape,
                 .spaces = GetParam().spaces});
    for (int i = 0; i < 200; ++i) map.Commit(map.DrawMove());
    std::vector<size_t> bytes;
    for (int i = 0; i < 300; ++i) {
      CommitReport report;
      map.Commit(map.DrawMove(), &report);
      // Once for all spaces, and no walk to a root again.
      EXPECT_EQ(report.lines_touched, 1u);
      EXPECT_EQ(report.lines_changed, 1u);
      EXPECT_EQ(report.lines_built, 0u);
      EXPECT_EQ(report.walks_resolved, 0u);
      // Where the region was and where it is, with what reaches in there.
      EXPECT_LE(report.intervals_rendered, 2u);
      EXPECT_LE(report.ranges_in, 6u);
      bytes.push_back(report.bytes_made);
    }
    std::sort(bytes.begin(), bytes.end());
    EXPECT_LE(bytes[bytes.size() / 2], 16384u);
    EXPECT_LE(bytes.back(), 4 * 16384u);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Cases, MoveCostTest,
    testing::Values(Case{MapKind::kSpread, LiveMap::Shape::kFlat, 1},
                    Case{MapKind::kSpread, LiveMap::Shape::kBridges, 1},
                    Case{MapKind::kSpread, LiveMap::Shape::kFlat, 500},
                    Case{MapKind::kDense, LiveMap::Shape::kFlat, 1},
                    Case{MapKind::kDense, LiveMap::Shape::kBridges, 500}),
    NameOf);

class SizeCostTest : public testing::TestWithParam<MapKind> {};

// A map grows to 30,000 ranges and shrinks to nothing, twice, one range a
// commit; moves between. Tables are replaced on the way, but no commit makes
// one.
TEST_P(SizeCostTest, IsPaidInSteps) {
  constexpr size_t kRanges = 30'000;
  LiveMap map({.kind = GetParam(), .ranges = kRanges, .link = false});
  const auto expect_few = [](size_t ranges, const CommitReport& report) {
    const size_t most = ranges > 1000 ? 48 * 1024 : 160 * 1024;
    EXPECT_LE(report.bytes_made, most) << ranges << " ranges";
  };
  for (size_t i = 0; i < kRanges; ++i) {
    expect_few(i,
               CommitOf(map.topology(), [&] { ASSERT_TRUE(map.LinkNext()); }));
  }
  std::vector<uint32_t> order(kRanges);
  std::iota(order.begin(), order.end(), 0);
  Rng rng(3);
  for (size_t i = kRanges; i > 1; --i) {
    std::swap(order[i - 1], order[rng.Below(i)]);
  }
  for (const bool grow : {false, true, false}) {
    for (int i = 0; i < 1000; ++i) {
      CommitReport report;
      map.Commit(map.DrawMove(), &report);
      expect_few(kRanges, report);
    }
    for (size_t i = 0; i < kRanges; ++i) {
      CommitReport report;
      map.Commit({LiveMap::Action::kEnable, order[i], 0}, &report);
      expect_few(grow ? i : kRanges - i, report);
    }
  }
}

// View and table together, for each range that there is.
size_t BytesPerRange(LiveMap& map) {
  const ReadGuard guard(map.topology().rcu());
  const Snapshot& snapshot = map.Current(guard);
  const FlatView& view = snapshot.view();
  EXPECT_GE(view.size(), 1000u);
  return (view.totals().bytes + snapshot.table().memory_bytes()) / view.size();
}

TEST_P(SizeCostTest, MemoryFollowsTheRanges) {
  for (const size_t ranges : {1000, 2000, 10'000, 100'000}) {
    SCOPED_TRACE(ranges);
    LiveMap map({.kind = GetParam(), .ranges = ranges});
    EXPECT_LE(BytesPerRange(map), 160u);
    for (int i = 0; i < 1000; ++i) map.Commit(map.DrawMove());
    EXPECT_LE(BytesPerRange(map), 160u);
    if (ranges == 1000) continue;  // Edits disable half of them.
    for (int i = 0; i < 50'000; ++i) map.Commit(map.DrawEdit());
    // A successor may be under way, but not for long.
    size_t least = BytesPerRange(map);
    for (int i = 0; i < 300; ++i) {
      map.Commit(map.DrawEdit());
      least = std::min(least, BytesPerRange(map));
    }
    EXPECT_LE(least, 164u);
  }
}

INSTANTIATE_TEST_SUITE_P(Maps, SizeCostTest,
                         testing::Values(MapKind::kSpread, MapKind::kDense),
                         [](const testing::TestParamInfo<MapKind>& info) {
                           return std::string(MapKindName(info.param));
                         });

TEST(CommitCostTest, OneTransactionOfManyLinksIsLinear) {
  for (const size_t ranges : {1000, 10'000, 100'000}) {
    LiveMap map({.ranges = ranges, .link = false});
    const CommitReport report =
        CommitOf(map.topology(), [&] { map.LinkAll(); });
    const ReadGuard guard(map.topology().rcu());
    EXPECT_EQ(map.Current(guard).view().size(), ranges);
    EXPECT_LE(report.intervals_rendered, ranges + 1);
    EXPECT_LE(report.ranges_in, 3 * ranges);
    EXPECT_LE(report.bytes_made, 512 * ranges);
  }
}

class HiddenEditTest : public testing::Test {
 protected:
  HiddenEditTest() {
    root_ = topology_.AddContainer(board_, "root").value();
    for (uint64_t i = 0; i < kChildren; ++i) {
      Region* const child = topology_.AddMmio(board_, "child", 0x100).value();
      EXPECT_TRUE(topology_.Link(*root_, *child, Addr(i << 12)).ok());
      children_.push_back(child);
    }
    Region* const cover =
        topology_
            .AddRam(board_, "cover", (kChildren / 2) << 12, RamBacking::None())
            .value();
    EXPECT_TRUE(topology_.Link(*root_, *cover, Addr(0), 1).ok());
    space_ = AddressSpace::Create(board_, "space", *root_).value();
  }

  void ExpectNothingPublished(const std::function<absl::Status()>& edit,
                              size_t most_rendered) {
    const ReadGuard guard(topology_.rcu());
    const Snapshot* const before = &space_->Current(guard);
    const CommitReport report =
        CommitOf(topology_, [&] { EXPECT_TRUE(edit().ok()); });
    EXPECT_EQ(&space_->Current(guard), before);
    EXPECT_EQ(report.lines_changed, 0u);
    EXPECT_EQ(report.nodes_made, 0u);
    EXPECT_EQ(report.bytes_made, 0u);
    EXPECT_LE(report.intervals_rendered, most_rendered);
    EXPECT_LE(report.ranges_in, 2u);
  }

  static constexpr uint64_t kChildren = 1000;
  Topology topology_;
  Owner board_{topology_, "board"};
  Region* root_ = nullptr;
  std::vector<Region*> children_;
  AddressSpace* space_ = nullptr;
};

TEST_F(HiddenEditTest, BehindAHigherPriority) {
  Region& hidden = *children_[17];
  const auto expect_nothing = [&](const std::function<absl::Status()>& edit) {
    ExpectNothingPublished(edit, 2);
  };
  expect_nothing([&] { return topology_.SetAddress(hidden, Addr(0x20010)); });
  expect_nothing([&] { return topology_.SetSize(hidden, 0x40); });
  expect_nothing([&] { return topology_.SetReadonly(hidden, true); });
  expect_nothing([&] { return topology_.SetEnabled(hidden, false); });
  expect_nothing([&] { return topology_.SetEnabled(hidden, true); });
  expect_nothing([&] { return topology_.Unlink(hidden); });
  expect_nothing(
      [&] { return topology_.Link(*root_, hidden, Addr(0x30000), -5); });
}

TEST_F(HiddenEditTest, OfADisabledRegion) {
  Region& disabled = *children_[900];
  ASSERT_TRUE(topology_.SetEnabled(disabled, false).ok());
  const auto expect_nothing = [&](const std::function<absl::Status()>& edit) {
    ExpectNothingPublished(edit, 0);
  };
  expect_nothing([&] { return topology_.SetAddress(disabled, Addr(0)); });
  expect_nothing([&] { return topology_.SetSize(disabled, 0x40); });
  expect_nothing([&] { return topology_.SetReadonly(disabled, true); });
  expect_nothing([&] { return topology_.SetPriority(disabled, 3); });
  expect_nothing([&] { return topology_.Unlink(disabled); });
}

TEST_F(HiddenEditTest, TakenBackInTheSameTransaction) {
  Region& child = *children_[900];
  ExpectNothingPublished(
      [&] {
        absl::Status status = topology_.SetEnabled(child, false);
        status.Update(topology_.SetSize(child, 0x80));
        status.Update(topology_.SetSize(child, 0x100));
        status.Update(topology_.SetEnabled(child, true));
        return status;
      },
      1);
}

TEST(MachineCostTest, ABusMasterAmongTenThousandTouchesOne) {
  ManyDevices machine({.devices = 10'000, .vcpus = 1});
  Rng rng(1);
  for (int i = 0; i < 100; ++i) {
    const size_t device = rng.Below(machine.device_count());
    for (const bool on : {false, true}) {
      const CommitReport report = CommitOf(
          machine.topology(), [&] { machine.SetBusMaster(device, on); });
      EXPECT_LE(report.walks_resolved, 1u);
      EXPECT_EQ(report.spaces_moved, 1u);
      EXPECT_EQ(report.lines_changed, 0u);
      EXPECT_EQ(report.lines_built, 0u);
      EXPECT_EQ(report.intervals_rendered, 0u);
      EXPECT_EQ(report.bytes_made, 0u);
    }
  }
}

// Where QEMU renders a view for each vCPU: the system, the roots of system
// management mode, all alike (V4), I/O, one device's window.
TEST(MachineCostTest, RootsAlikeAreRenderedOnce) {
  ManyDevices machine({.devices = 192, .vcpus = 64});
  EXPECT_EQ(machine.root_count(), 67u);
  Rng rng(2);
  for (int i = 0; i < 50; ++i) {
    const size_t device = rng.Below(machine.device_count());
    for (const bool on : {false, true}) {
      const CommitReport report = CommitOf(
          machine.topology(), [&] { machine.SetMemoryDecode(device, on); });
      EXPECT_EQ(report.walks_resolved, 0u);
      EXPECT_EQ(report.lines_changed, 2u);
      EXPECT_EQ(report.lines_built, 0u);
      EXPECT_LE(report.intervals_rendered, 4u);
      EXPECT_LE(report.ranges_in, 16u);
      EXPECT_LE(report.bytes_made, 2 * 16384u);
    }
  }
}

}  // namespace
}  // namespace planish
