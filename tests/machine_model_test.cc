// Property: whatever a machine's guests toggle, each of its spaces shows what a
// full render of its root by an oracle shows.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "planish/measure/live_map.h"
#include "planish/measure/many_devices.h"
#include "planish/measure/maps.h"
#include "planish/regions/transaction.h"
#include "planish/tests/graph_copy.h"

namespace planish::model {
namespace {

using measure::LiveMap;
using measure::ManyDevices;
using measure::MapKind;
using measure::Rng;

class Toggler {
 public:
  Toggler(size_t devices, size_t vcpus, uint64_t seed)
      : machine_({.devices = devices, .vcpus = vcpus}),
        rng_(seed),
        masters_(devices, true),
        decodes_(devices, true),
        smrams_(vcpus, true) {}

  void ToggleOne() {
    switch (rng_.Below(3)) {
      case 0:
        return Toggle(masters_, &ManyDevices::SetBusMaster);
      case 1:
        return Toggle(decodes_, &ManyDevices::SetMemoryDecode);
      default:
        return Toggle(smrams_, &ManyDevices::SetSmram);
    }
  }
  // Some toggles as one commit.
  void ToggleSome() {
    auto transaction = Transaction::Begin(machine_.topology()).value();
    for (uint64_t i = 1 + rng_.Below(5); i > 0; --i) ToggleOne();
    ASSERT_TRUE(transaction.Commit().ok());
  }

  ManyDevices& machine() { return machine_; }
  Rng& rng() { return rng_; }

 private:
  void Toggle(std::vector<bool>& state,
              void (ManyDevices::*set)(size_t, bool)) {
    const size_t i = rng_.Below(state.size());
    state[i] = !state[i];
    (machine_.*set)(i, state[i]);
  }

  ManyDevices machine_;
  Rng rng_;
  std::vector<bool> masters_;
  std::vector<bool> decodes_;
  std::vector<bool> smrams_;
};

TEST(MachineModelTest, SmallMachinesAfterEachToggle) {
  size_t compared = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    Toggler toggler(1 + seed % 9, 1 + seed % 4, seed);
    for (int i = 0; i < 100; ++i) {
      if (toggler.rng().Below(3) == 0) {
        toggler.ToggleSome();
      } else {
        toggler.ToggleOne();
      }
      ASSERT_EQ(FailureOf(toggler.machine().spaces(), &compared), "")
          << "after toggle " << i;
    }
  }
  EXPECT_GT(compared, 400'000u);
}

TEST(MachineModelTest, ManyDevicesAndVcpus) {
  Toggler toggler(192, 64, 1);
  size_t compared = 0;
  for (int i = 0; i < 300; ++i) {
    toggler.ToggleOne();
    if (i % 15 != 0) continue;
    ASSERT_EQ(FailureOf(toggler.machine().spaces(), &compared), "")
        << "after toggle " << i;
  }
  EXPECT_GT(compared, 1'000'000u);
}

// The maps of the commit benchmark: what is measured is right, too.
TEST(MachineModelTest, LiveMapsAfterEditsOfAllKinds) {
  size_t compared = 0;
  for (const MapKind kind : {MapKind::kSpread, MapKind::kDense}) {
    for (const auto shape : {LiveMap::Shape::kFlat, LiveMap::Shape::kBridges}) {
      for (const size_t ranges : {100, 2000}) {
        LiveMap map(
            {.kind = kind, .ranges = ranges, .shape = shape, .spaces = 3});
        for (int i = 0; i < 600; ++i) {
          map.Commit(map.DrawEdit());
          if (ranges > 1000 && i % 20 != 0) continue;
          ASSERT_EQ(FailureOf(map.spaces(), &compared), "")
              << "after edit " << i;
        }
      }
    }
  }
  EXPECT_GT(compared, 500'000u);
}

// From nothing to thousands and back, one at a time: every form of a table is
// met on the way, by growth and not by a build.
TEST(MachineModelTest, LiveMapsThatGrow) {
  size_t compared = 0;
  for (const MapKind kind : {MapKind::kSpread, MapKind::kDense,
                             MapKind::kPowerLaw, MapKind::kCrowd}) {
    LiveMap map({.kind = kind, .ranges = 3000, .link = false});
    for (size_t linked = 0; map.LinkNext(); ++linked) {
      if (linked > 100 && linked % 50 != 0) continue;
      ASSERT_EQ(FailureOf(map.spaces(), &compared), "")
          << "with " << linked + 1 << " ranges";
    }
  }
  EXPECT_GT(compared, 300'000u);
}

}  // namespace
}  // namespace planish::model
