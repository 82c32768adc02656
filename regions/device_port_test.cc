#include "planish/regions/device_port.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/regions/access_attributes.h"
#include "planish/regions/owner.h"
#include "planish/regions/ram_block.h"
#include "planish/regions/region.h"
#include "planish/regions/region_ops.h"
#include "planish/regions/topology.h"

namespace planish {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

// Answers with what it was asked.
struct Echo {
  Loaded<uint64_t> Read(uint64_t offset, unsigned size, AccessAttributes a) {
    return {a.secure ? AccessResult::kOk : AccessResult::kDeviceError,
            offset * 16 + size};
  }
  AccessResult Write(uint64_t offset, unsigned size, uint64_t value,
                     AccessAttributes a) {
    last = {offset, size, value, a.requester_id};
    return AccessResult::kOk;
  }
  std::tuple<uint64_t, unsigned, uint64_t, unsigned> last;
};

constexpr RegionOps kEcho = {.read = MemberCallback<&Echo::Read>,
                             .write = MemberCallback<&Echo::Write>};

std::unique_ptr<DevicePort> PortOf(const RegionOps& ops, bool strict = false,
                                   ByteCount size = 0x10) {
  return DevicePort::Create({.ops = &ops, .strict = strict}, size).value();
}

// "1 2 8": the sizes for which an access at `offset` is plain.
std::string PlainAt(const DevicePort& port, uint64_t offset) {
  std::ostringstream out;
  for (const unsigned size : {1u, 2u, 4u, 8u}) {
    if (port.IsPlain(offset, size)) out << size << ' ';
  }
  return out.str();
}

// ---- Attributes and results.

TEST(AccessAttributesTest, DefaultIsNobodyInParticular) {
  const AccessAttributes none;
  EXPECT_EQ(none, AccessAttributes{});
  EXPECT_NE(none, AccessAttributes{.secure = true});
  const AccessAttributes all{.pasid = 0xfffff,
                             .has_pasid = true,
                             .fetch = true,
                             .requester_id = 0xffff};
  EXPECT_EQ(all.pasid, 0xfffffu);
  EXPECT_EQ(all.requester_id, 0xffffu);
  EXPECT_FALSE(all.secure || all.user || all.debug || all.memory_only);
}

TEST(AccessResultTest, ComposesAndPrints) {
  AccessResult result = AccessResult::kOk;
  EXPECT_EQ((std::ostringstream() << result).str(), "ok");
  result |= AccessResult::kDeviceError;
  result |= AccessResult::kAccessError;
  EXPECT_EQ((std::ostringstream() << result).str(),
            "device error|access error");
  EXPECT_TRUE(Has(result, AccessResult::kAccessError));
  EXPECT_FALSE(Has(result, AccessResult::kDecodeError));
  EXPECT_FALSE(
      Has(result, AccessResult::kDecodeError | AccessResult::kAccessError));
}

// ---- Making one.

TEST(DevicePortTest, WithoutCallbacksOrBytesThereIsNone) {
  EXPECT_EQ(*DevicePort::Create({}, 0x10), nullptr);
  EXPECT_EQ(*DevicePort::Create({.ops = &kEcho}, 0), nullptr);
}

TEST(DevicePortTest, RefusesOpsThatContradictThemselves) {
  const auto message = [](auto change) {
    RegionOps ops = kEcho;
    change(ops);
    const auto port = DevicePort::Create({.ops = &ops}, 0x10);
    EXPECT_EQ(port.status().code(), StatusCode::kInvalidArgument);
    return std::string(port.status().message());
  };
  EXPECT_THAT(message([](RegionOps& ops) { ops.read = nullptr; }),
              HasSubstr("without a read"));
  EXPECT_THAT(message([](RegionOps& ops) { ops.write = nullptr; }),
              HasSubstr("or a write"));
  EXPECT_THAT(message([](RegionOps& ops) { ops.valid.max = 3; }),
              HasSubstr("none of 0, 1, 2, 4, 8"));
  EXPECT_THAT(message([](RegionOps& ops) { ops.impl.max = 16; }),
              HasSubstr("none of 0, 1, 2, 4, 8"));
  EXPECT_THAT(message([](RegionOps& ops) {
                ops.valid = {4, 2, false};
              }),
              HasSubstr("valid.min above"));
  EXPECT_THAT(message([](RegionOps& ops) {
                ops.impl = {8, 0, false};
              }),
              HasSubstr("impl.min above"));
  EXPECT_THAT(message([](RegionOps& ops) { ops.impl.unaligned = true; }),
              HasSubstr("impl.unaligned"));
}

TEST(DevicePortTest, RefusesHalfALock) {
  const RegionIo io = {.ops = &kEcho, .lock = {.lock = [](void*) {}}};
  EXPECT_EQ(DevicePort::Create(io, 0x10).status().code(),
            StatusCode::kInvalidArgument);
}

TEST(DevicePortTest, ARegionKeepsItsPort) {
  Topology topology;
  Owner board(topology, "board");
  Echo echo;
  const RegionIo io = {.ops = &kEcho, .device = &echo};
  const Region& uart = **topology.AddMmio(board, "uart", 0x10, io);
  ASSERT_NE(uart.port(), nullptr);
  EXPECT_EQ(uart.port()->Read(3, 2, {.secure = true}),
            (Loaded<uint64_t>{AccessResult::kOk, 0x32}));
  EXPECT_EQ(uart.port()->Read(3, 2, {}).result, AccessResult::kDeviceError);
  EXPECT_EQ(uart.port()->Write(4, 8, 99, {.requester_id = 7}),
            AccessResult::kOk);
  EXPECT_EQ(echo.last, std::tuple(4u, 8u, 99u, 7u));
  const Region& flash =
      **topology.AddRomDevice(board, "flash", 0x1000, RamBacking::None(), io);
  EXPECT_EQ(flash.port()->device(), &echo);
  EXPECT_EQ((*topology.AddMmio(board, "dead", 0x10))->port(), nullptr);
}

TEST(DevicePortTest, ARegionIsNotMadeWithWrongOps) {
  Topology topology;
  Owner board(topology, "board");
  const RegionOps empty;
  EXPECT_EQ(
      topology.AddMmio(board, "uart", 0x10, {.ops = &empty}).status().code(),
      StatusCode::kInvalidArgument);
  EXPECT_TRUE(board.regions().empty());
}

// ---- What is plain.

TEST(DevicePortTest, PlainIsWhatIsValidAndImplemented) {
  RegionOps ops = kEcho;  // Any size is valid, 1 to 4 are implemented.
  EXPECT_EQ(PlainAt(*PortOf(ops), 0), "1 2 4 ");
  EXPECT_EQ(PlainAt(*PortOf(ops), 6), "1 2 ");
  ops.impl.max = 8;
  EXPECT_EQ(PlainAt(*PortOf(ops), 8), "1 2 4 8 ");
  ops.valid = {2, 4, false};
  EXPECT_EQ(PlainAt(*PortOf(ops), 8), "2 4 ");
  ops.impl.min = 4;
  EXPECT_EQ(PlainAt(*PortOf(ops), 8), "4 ");
  ops.valid.unaligned = true;
  EXPECT_EQ(PlainAt(*PortOf(ops), 9), "4 ");
}

TEST(DevicePortTest, PlainIsNothingThatHasToBeAskedFor) {
  RegionOps ops = kEcho;
  ops.accepts = [](void*, uint64_t, unsigned, bool, AccessAttributes) {
    return true;
  };
  EXPECT_EQ(PlainAt(*PortOf(ops), 0), "");
  std::mutex mutex;
  const RegionIo io = {.ops = &kEcho, .lock = RegionLock::Of(mutex)};
  EXPECT_EQ(PlainAt(**DevicePort::Create(io, 0x10), 0), "");
}

TEST(DevicePortTest, StrictRegionsEndAndAlign) {
  RegionOps ops = kEcho;
  ops.valid.unaligned = true;
  EXPECT_EQ(PlainAt(*PortOf(ops), 0xe), "1 2 4 ");
  EXPECT_TRUE(PortOf(ops)->Holds(0xe, 4));
  const auto strict = PortOf(ops, true);
  EXPECT_EQ(PlainAt(*strict, 0xe), "1 2 ");
  EXPECT_EQ(PlainAt(*strict, 0xd), "1 ");
  EXPECT_EQ(PlainAt(*strict, 0x10), "");
  EXPECT_TRUE(strict->Holds(0xc, 4));
  EXPECT_FALSE(strict->Holds(0xe, 4));
  EXPECT_FALSE(strict->Holds(UINT64_MAX, 2));
  ops.impl.unaligned = true;
  EXPECT_EQ(PlainAt(*PortOf(ops, true), 0xd), "1 2 ");
  EXPECT_EQ(PlainAt(*PortOf(ops, true, ByteCount::TwoTo64()), UINT64_MAX),
            "1 ");
}

// ---- Doorbells.

TEST(DevicePortTest, DoorbellsMatchOffsetSizeAndData) {
  const auto port = PortOf(kEcho);
  EXPECT_EQ(port->FindDoorbell(4, 4, 1), nullptr);
  int any = 0;
  int exact = 0;
  const auto ring = [](void* of) { ++*static_cast<int*>(of); };
  EXPECT_EQ(port->SetDoorbells({{.offset = 8, .ring = ring, .of = &any},
                                {.offset = 4,
                                 .size = 2,
                                 .match_data = true,
                                 .data = 7,
                                 .ring = ring,
                                 .of = &exact}}),
            nullptr);
  for (const unsigned size : {1u, 2u, 4u, 8u}) {
    const Doorbell* bell = port->FindDoorbell(8, size, size);
    ASSERT_NE(bell, nullptr);
    bell->ring(bell->of);
  }
  EXPECT_EQ(any, 4);
  EXPECT_EQ(port->FindDoorbell(4, 2, 8), nullptr);
  EXPECT_EQ(port->FindDoorbell(4, 4, 7), nullptr);
  EXPECT_EQ(port->FindDoorbell(5, 2, 7), nullptr);
  const Doorbell* bell = port->FindDoorbell(4, 2, 7);
  ASSERT_NE(bell, nullptr);
  bell->ring(bell->of);
  EXPECT_EQ(exact, 1);
  // The old list comes back whole; an empty one is none.
  EXPECT_EQ(port->SetDoorbells({})->size(), 2u);
  EXPECT_EQ(port->FindDoorbell(8, 4, 0), nullptr);
}

TEST(DevicePortTest, ADoorbellMayBeAnEventfd) {
  const int fd = eventfd(0, EFD_NONBLOCK);
  ASSERT_GE(fd, 0);
  const Doorbell bell = Doorbell::Eventfd(0x10, 4, fd);
  EXPECT_TRUE(bell.Matches(4, 1));
  EXPECT_FALSE(bell.Matches(2, 1));
  bell.ring(bell.of);
  bell.ring(bell.of);
  eventfd_t rung = 0;
  EXPECT_EQ(eventfd_read(fd, &rung), 0);
  EXPECT_EQ(rung, 2u);
  close(fd);
}

}  // namespace
}  // namespace planish
