#include "planish/measure/many_devices.h"

#include <cstddef>

#include "gtest/gtest.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/space/address_space.h"

namespace planish::measure {
namespace {

TEST(ManyDevicesTest, TheMachineThatWasMeasured) {
  ManyDevices machine({.devices = 192, .vcpus = 64});
  EXPECT_EQ(machine.spaces().size(), 326u);
  EXPECT_EQ(machine.root_count(), 67u);
  EXPECT_GT(machine.range_count(), 74'000u);
  EXPECT_LT(machine.range_count(), 77'000u);
  const ReadGuard guard(machine.topology().rcu());
  EXPECT_EQ(machine.spaces().front()->Current(guard).view().size(), 1160u);
}

TEST(ManyDevicesTest, EditsShowWhereTheyShould) {
  ManyDevices machine({.devices = 3, .vcpus = 2});
  const auto size_of = [&](const char* name) {
    const ReadGuard guard(machine.topology().rcu());
    for (const AddressSpace* space : machine.spaces()) {
      if (space->name() == name) return space->Current(guard).view().size();
    }
    return size_t{0};
  };
  const size_t memory = size_of("memory");
  EXPECT_EQ(size_of("device1"), memory);
  machine.SetBusMaster(1, false);
  EXPECT_EQ(size_of("device1"), 0u);
  EXPECT_EQ(size_of("memory"), memory);
  machine.SetMemoryDecode(2, false);
  EXPECT_EQ(size_of("memory"), memory - 6);
  EXPECT_EQ(size_of("device0"), memory - 6);
  machine.SetMemoryDecode(2, true);
  EXPECT_EQ(size_of("memory"), memory);

  // In front of the VGA window lies the RAM, so three ranges are one.
  EXPECT_EQ(size_of("cpu-smm-0"), memory - 2);
  EXPECT_EQ(machine.root_count(), 5u);
  machine.SetSmram(0, false);
  EXPECT_EQ(size_of("cpu-smm-0"), memory);
  EXPECT_EQ(size_of("cpu-smm-1"), memory - 2);
  EXPECT_EQ(machine.root_count(), 4u);
}

}  // namespace
}  // namespace planish::measure
