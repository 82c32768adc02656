// V3, as an embedder sees it: a machine is edited for thousands of commits, and
// every hundredth version is held. Each stays as it was; when they go, so does
// the memory.

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/dispatch/section.h"
#include "planish/flatview/flat_range.h"
#include "planish/flatview/flat_view.h"
#include "planish/measure/live_map.h"
#include "planish/measure/many_devices.h"
#include "planish/measure/maps.h"
#include "planish/regions/topology.h"
#include "planish/space/address_space.h"
#include "planish/tests/graph_copy.h"

// ---- What is allocated, counted.

namespace {

std::atomic<int64_t> live_bytes;

void* Counted(void* memory) {
  if (memory == nullptr) std::abort();
  live_bytes += static_cast<int64_t>(malloc_usable_size(memory));
  return memory;
}
void Free(void* memory) {
  if (memory == nullptr) return;
  live_bytes -= static_cast<int64_t>(malloc_usable_size(memory));
  std::free(memory);
}

}  // namespace

void* operator new(size_t size) { return Counted(std::malloc(size)); }
void* operator new(size_t size, std::align_val_t align) {
  const auto to = static_cast<size_t>(align);
  return Counted(std::aligned_alloc(to, (size + to - 1) / to * to));
}
void operator delete(void* memory) noexcept { Free(memory); }
void operator delete(void* memory, size_t) noexcept { Free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { Free(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept {
  Free(memory);
}

namespace planish {
namespace {

using measure::LiveMap;
using measure::ManyDevices;
using measure::MapKind;
using measure::Rng;

using Spaces = std::vector<AddressSpace*>;

// A version that is held, and what it showed.
class Held {
 public:
  Held(Topology& topology, const Spaces& spaces, Rng& rng)
      : topology_(topology), version_(topology.HoldNewest()) {
    const ReadGuard guard(topology.rcu());
    for (const AddressSpace* space : spaces) {
      const Snapshot* const now = &space->Current(guard);
      if (std::any_of(shown_.begin(), shown_.end(), [&](const Shown& shown) {
            return shown.snapshot == now;
          })) {
        continue;
      }
      Shown& shown = shown_.emplace_back();
      shown.snapshot = now;
      shown.generation = now->generation();
      shown.ranges.assign(now->view().begin(), now->view().end());
      for (int i = 0; i < 200 && !shown.ranges.empty(); ++i) {
        const AddrRange r = shown.ranges[rng.Below(shown.ranges.size())].range;
        const Addr at(r.first.raw() + rng.Next() % (r.last - r.first + 64));
        shown.lookups.emplace_back(at, now->Lookup(at));
      }
    }
  }
  ~Held() { topology_.ReleaseHeld(version_); }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

  void CheckUnchanged() const {
    for (const Shown& shown : shown_) {
      const FlatView& view = shown.snapshot->view();
      ASSERT_EQ(shown.snapshot->generation(), shown.generation);
      view.CheckInvariants();
      ASSERT_EQ(std::vector<FlatRange>(view.begin(), view.end()), shown.ranges);
      for (const auto& [at, then] : shown.lookups) {
        const Section now = shown.snapshot->Lookup(at);
        ASSERT_EQ(now.region(), then.region());
        ASSERT_EQ(now.last(), then.last());
        ASSERT_EQ(now.offset(), then.offset());
        ASSERT_EQ(now.host(), then.host());
      }
    }
  }

 private:
  struct Shown {
    const Snapshot* snapshot;
    uint64_t generation;
    std::vector<FlatRange> ranges;
    std::vector<std::pair<Addr, Section>> lookups;
  };
  Topology& topology_;
  const uint64_t version_;
  std::vector<Shown> shown_;
};

void PollAll(Topology& topology) {
  while (topology.Poll(64)) {
  }
}

int64_t LiveBytes(Topology& topology) {
  PollAll(topology);
  return live_bytes;
}

class HeldSnapshotsTest : public testing::TestWithParam<LiveMap::Shape> {};

TEST_P(HeldSnapshotsTest, EveryHundredthStaysAndThenGoes) {
  LiveMap map({.kind = MapKind::kDense,
               .ranges = 2000,
               .shape = GetParam(),
               .spaces = 3});
  Topology& topology = map.topology();
  Rng rng(3);
  for (int i = 0; i < 500; ++i) map.Commit(map.DrawMove());
  const int64_t before = LiveBytes(topology);
  int64_t most = 0;
  std::vector<std::unique_ptr<Held>> held;
  for (int i = 0; i < 3000; ++i) {
    map.Commit(map.DrawMove());
    if (i % 100 != 0) continue;
    held.push_back(std::make_unique<Held>(topology, map.spaces(), rng));
    most = std::max<int64_t>(most, live_bytes);
  }
  EXPECT_EQ(held.size(), 30u);
  for (const auto& version : held) {
    version->CheckUnchanged();
    if (HasFatalFailure()) return;
  }
  EXPECT_FALSE(topology.WhoHolds().empty());
  EXPECT_GT(topology.waiting_pieces(), 0u);
  while (!held.empty()) {
    held.erase(held.begin() +
               static_cast<std::ptrdiff_t>(rng.Below(held.size())));
    if (held.size() % 10 != 0) continue;
    for (const auto& version : held) version->CheckUnchanged();
    map.Commit(map.DrawMove());
  }
  held.shrink_to_fit();
  // The same number of ranges, in other places: nodes may be fuller or emptier.
  EXPECT_NEAR(static_cast<double>(LiveBytes(topology)),
              static_cast<double>(before), static_cast<double>(before) / 10);
  EXPECT_GT(most, before + before / 20);
  EXPECT_EQ(topology.waiting_pieces(), 0u);
  EXPECT_EQ(model::FailureOf(map.spaces()), "");
}

// A hold keeps one version: what is made and replaced while it lasts goes.
TEST_P(HeldSnapshotsTest, OneHoldKeepsNoMoreThanItsVersion) {
  LiveMap map({.ranges = 3000, .shape = GetParam()});
  Topology& topology = map.topology();
  Rng rng(4);
  for (int i = 0; i < 500; ++i) map.Commit(map.DrawMove());
  size_t bytes = 0;
  {
    const ReadGuard guard(topology.rcu());
    const Snapshot& whole = map.Current(guard);
    bytes = whole.view().totals().bytes + whole.table().memory_bytes();
  }
  auto held = std::make_unique<Held>(topology, map.spaces(), rng);
  const int64_t before = LiveBytes(topology);
  for (int i = 0; i < 5000; ++i) map.Commit(map.DrawMove());
  held->CheckUnchanged();
  const int64_t kept = LiveBytes(topology) - before;
  // All of its nodes were replaced; the allocator rounds up.
  EXPECT_GT(kept, static_cast<int64_t>(bytes / 2));
  EXPECT_LT(kept, static_cast<int64_t>(bytes + bytes / 4));
  held.reset();
  EXPECT_LT(LiveBytes(topology) - before, static_cast<int64_t>(bytes / 8));
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, HeldSnapshotsTest,
    testing::Values(LiveMap::Shape::kFlat, LiveMap::Shape::kBridges),
    [](const testing::TestParamInfo<LiveMap::Shape>& shape) -> std::string {
      return shape.param == LiveMap::Shape::kFlat ? "Flat" : "Nested";
    });

// Views that no space shows any more, views that are rendered once for many
// roots: held, they stay.
TEST(HeldMachineTest, SpacesThatComeAndGoAreHeldToo) {
  ManyDevices machine({.devices = 12, .vcpus = 4});
  Topology& topology = machine.topology();
  Rng rng(5);
  const auto toggle = [&](bool on) {
    for (size_t i = 0; i < machine.device_count(); ++i) {
      if (rng.Below(2) == 0) machine.SetBusMaster(i, on);
      if (rng.Below(2) == 0) machine.SetMemoryDecode(i, on);
      if (i < machine.vcpu_count()) machine.SetSmram(i, on);
    }
  };
  const auto all_on = [&] {
    for (size_t i = 0; i < machine.device_count(); ++i) {
      machine.SetBusMaster(i, true);
      machine.SetMemoryDecode(i, true);
    }
    for (size_t i = 0; i < machine.vcpu_count(); ++i) {
      machine.SetSmram(i, true);
    }
  };
  // The same without a hold: some views are kept for reuse.
  for (int i = 0; i < 40; ++i) toggle(i % 2 == 1);
  all_on();
  const int64_t before = LiveBytes(topology);
  std::vector<std::unique_ptr<Held>> held;
  for (int i = 0; i < 40; ++i) {
    toggle(i % 2 == 1);
    held.push_back(std::make_unique<Held>(topology, machine.spaces(), rng));
  }
  for (const auto& version : held) {
    version->CheckUnchanged();
    if (HasFatalFailure()) return;
  }
  held.clear();
  held.shrink_to_fit();
  EXPECT_EQ(model::FailureOf(machine.spaces()), "");
  all_on();
  EXPECT_LT(LiveBytes(topology), before + before / 8);
  EXPECT_EQ(topology.waiting_pieces(), 0u);
}

}  // namespace
}  // namespace planish
