#include "planish/space/device_access.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/regions/access_attributes.h"
#include "planish/regions/owner.h"
#include "planish/regions/region.h"
#include "planish/regions/region_ops.h"
#include "planish/regions/topology.h"
#include "planish/space/access_log.h"
#include "planish/space/call_chain.h"
#include "planish/space/recording_device_for_test.h"

namespace planish {
namespace {

using testing::ElementsAre;

constexpr ByteOrder kLittle = ByteOrder::kLittle;
constexpr ByteOrder kBig = ByteOrder::kBig;
constexpr AccessResult kOk = AccessResult::kOk;
constexpr AccessResult kDecodeError = AccessResult::kDecodeError;

class DeviceAccessTest : public testing::Test {
 protected:
  Region& Make(const RegionIo& io, ByteCount size = 0x40) {
    return **topology_.AddMmio(board_, "regs", size, io);
  }
  // As a bulk read does it: pieces of R5.5, each a dispatch of R5.6.
  std::string Bulk(RecordingDevice& device, const Region& region,
                   uint64_t offset, uint64_t bytes) {
    device.calls();
    while (bytes != 0) {
      const unsigned n = PieceSize(*region.port(), offset, bytes);
      DeviceRead(region, offset, n, kLittle);
      offset += n;
      bytes -= n;
    }
    return device.calls();
  }

  // One access, with a guard of its own.
  Loaded<uint64_t> DeviceRead(const Region& region, uint64_t offset,
                              unsigned size, ByteOrder order,
                              AccessAttributes attributes = {},
                              const AccessOptions& options = {}) {
    const ReadGuard guard(topology_.rcu());
    return planish::DeviceRead(guard, region, offset, size, order, attributes,
                               options);
  }
  AccessResult DeviceWrite(const Region& region, uint64_t offset, unsigned size,
                           uint64_t value, ByteOrder order,
                           AccessAttributes attributes = {},
                           const AccessOptions& options = {}) {
    const ReadGuard guard(topology_.rcu());
    return planish::DeviceWrite(guard, region, offset, size, value, order,
                                attributes, options);
  }

  Topology topology_;
  Owner board_{topology_, "board"};
};

// ---- R5.5 and R5.6, as QEMU 7.2 was seen to do it.

TEST_F(DeviceAccessTest, XhciCapabilityRegisters) {
  RecordingDevice device({1, 4, false}, {4, 4, false});
  const Region& regs = Make(device.io());
  EXPECT_EQ(Bulk(device, regs, 0, 8), "r(0,4) r(4,4)");
  EXPECT_EQ(Bulk(device, regs, 1, 4), "r(1,4) r(2,4) r(4,4)");
  EXPECT_EQ(Bulk(device, regs, 2, 2), "r(2,4)");
  EXPECT_EQ(DeviceRead(regs, 3, 1, kLittle), (Loaded<uint64_t>{kOk, 0x13}));
  EXPECT_EQ(device.calls(), "r(3,4)");
}

TEST_F(DeviceAccessTest, Hpet) {
  RecordingDevice device({4, 8, false}, {4, 4, false});
  const Region& regs = Make(device.io());
  EXPECT_EQ(Bulk(device, regs, 1, 7), "r(4,4)");
  EXPECT_EQ(DeviceRead(regs, 2, 2, kLittle),
            (Loaded<uint64_t>{kDecodeError, 0}));
  EXPECT_EQ(device.calls(), "");
  EXPECT_EQ(DeviceWrite(regs, 0x10, 8, 0x1122334455667788, kLittle), kOk);
  EXPECT_EQ(device.calls(), "w(10,4)=55667788 w(14,4)=11223344");
}

struct Piece {
  AccessSizes valid;
  bool impl_unaligned;
  uint64_t offset;
  uint64_t bytes;
  unsigned piece;
};

TEST_F(DeviceAccessTest, PiecesFollowAlignmentAndValidMax) {
  for (const Piece& p : std::vector<Piece>{
           {{}, false, 0, 100, 4},  // No maximum means 4 here.
           {{}, false, 8, 3, 2},    // Rounded down.
           {{}, false, 6, 100, 2},  // By the lowest bit of the offset.
           {{}, false, 7, 100, 1},  //
           {{1, 8, false}, false, 0, 100, 8},  // At 0 anything is aligned.
           {{1, 8, false}, false, 4, 100, 4},
           {{1, 8, false}, false, 24, 100, 8},
           {{4, 8, false}, false, 2, 100, 2},  // valid.min isn't asked.
           {{1, 8, true}, true, 3, 100, 8},    // Callbacks take any offset.
           {{1, 8, true}, true, 3, 7, 4},
           {{1, 8, true}, false, 3, 7, 1},
           {{1, 2, false}, false, 0, 1, 1},
       }) {
    RecordingDevice device(p.valid, {0, 0, p.impl_unaligned});
    EXPECT_EQ(PieceSize(*Make(device.io()).port(), p.offset, p.bytes), p.piece)
        << "at " << p.offset << " of " << p.bytes;
  }
}

// ---- R5.6, step 2.

struct Validity {
  AccessSizes valid;
  uint64_t offset;
  unsigned size;
  bool taken;
};

TEST_F(DeviceAccessTest, ValidSizesAndAlignment) {
  for (const Validity& v : std::vector<Validity>{
           {{}, 0, 1, true},
           {{}, 0, 8, true},
           {{}, 1, 2, false},
           {{0, 0, true}, 1, 8, true},
           {{4, 0, false}, 0, 1, true},  // valid.max 0: valid.min is ignored.
           {{2, 4, false}, 0, 1, false},
           {{2, 4, false}, 0, 2, true},
           {{2, 4, false}, 0, 4, true},
           {{2, 4, false}, 0, 8, false},
           {{2, 4, false}, 3, 2, false},
           {{2, 4, true}, 3, 2, true},
       }) {
    RecordingDevice device(v.valid, {1, 8, false});
    const Region& regs = Make(device.io());
    const AccessResult result = v.taken ? kOk : kDecodeError;
    EXPECT_EQ(DeviceRead(regs, v.offset, v.size, kLittle).result, result)
        << v.size << " at " << v.offset;
    EXPECT_EQ(DeviceWrite(regs, v.offset, v.size, 0, kLittle), result);
    EXPECT_EQ(device.calls().empty(), !v.taken);
    EXPECT_EQ(IsValidAccess(*regs.port(), v.offset, v.size, true, {}), v.taken);
  }
}

TEST_F(DeviceAccessTest, TheFilterSeesEverythingAndMayRefuse) {
  RecordingDevice device({}, {1, 8, false});
  device.ops().accepts = [](void*, uint64_t offset, unsigned size,
                            bool is_write, AccessAttributes attributes) {
    return attributes.secure && offset == 8 && size == 2 && is_write;
  };
  const Region& regs = Make(device.io());
  const AccessAttributes secure = {.secure = true};
  EXPECT_EQ(DeviceWrite(regs, 8, 2, 7, kLittle, secure), kOk);
  EXPECT_EQ(device.calls(), "w(8,2)=7");
  EXPECT_EQ(DeviceWrite(regs, 8, 2, 7, kLittle), kDecodeError);
  EXPECT_EQ(DeviceWrite(regs, 8, 4, 7, kLittle, secure), kDecodeError);
  EXPECT_EQ(DeviceRead(regs, 8, 2, kLittle, secure).result, kDecodeError);
  EXPECT_EQ(device.calls(), "");
}

// ---- R5.6, steps 3 and 5: order, cutting, widening.

struct Transfer {
  ByteOrder device;
  ByteOrder caller;
  AccessSizes impl;
  uint64_t offset;
  unsigned size;
  uint64_t value;  // Read, from a file of 10 11 12 ...; then written.
  std::string reads;
  std::string writes;
};

TEST_F(DeviceAccessTest, CutsWidensAndSwaps) {
  for (const Transfer& t : std::vector<Transfer>{
           // One call.
           {kLittle,
            kLittle,
            {1, 8},
            0,
            8,
            0x1716151413121110,
            "r(0,8)",
            "w(0,8)=1716151413121110"},
           {kBig,
            kBig,
            {1, 8},
            0,
            8,
            0x1011121314151617,
            "r(0,8)",
            "w(0,8)=1011121314151617"},
           {kLittle,
            kBig,
            {1, 8},
            4,
            4,
            0x14151617,
            "r(4,4)",
            "w(4,4)=17161514"},
           {kBig, kLittle, {1, 8}, 4, 2, 0x1514, "r(4,2)", "w(4,2)=1415"},
           {kBig, kLittle, {1, 8}, 4, 1, 0x14, "r(4,1)", "w(4,1)=14"},
           // Cut: the low half first, or the high half.
           {kLittle,
            kLittle,
            {1, 4},
            0,
            8,
            0x1716151413121110,
            "r(0,4) r(4,4)",
            "w(0,4)=13121110 w(4,4)=17161514"},
           {kBig,
            kBig,
            {1, 4},
            0,
            8,
            0x1011121314151617,
            "r(0,4) r(4,4)",
            "w(0,4)=10111213 w(4,4)=14151617"},
           {kBig,
            kLittle,
            {1, 2},
            4,
            4,
            0x17161514,
            "r(4,2) r(6,2)",
            "w(4,2)=1415 w(6,2)=1617"},
           {kLittle,
            kLittle,
            {1, 1},
            2,
            2,
            0x1312,
            "r(2,1) r(3,1)",
            "w(2,1)=12 w(3,1)=13"},
           // Widened: at its own address, the low bytes, zeros above.
           {kLittle, kLittle, {4, 4}, 0, 1, 0x10, "r(0,4)", "w(0,4)=10"},
           {kLittle, kLittle, {4, 4}, 3, 1, 0x13, "r(3,4)", "w(3,4)=13"},
           {kLittle,
            kLittle,
            {8, 8},
            4,
            4,
            0x17161514,
            "r(4,8)",
            "w(4,8)=17161514"},
           // Widened, big: the bytes at the lowest addresses are the high ones.
           {kBig, kBig, {4, 4}, 0, 1, 0x10, "r(0,4)", "w(0,4)=10000000"},
           {kBig,
            kBig,
            {8, 8},
            4,
            2,
            0x1415,
            "r(4,8)",
            "w(4,8)=1415000000000000"},
           {kBig, kLittle, {4, 4}, 2, 2, 0x1312, "r(2,4)", "w(2,4)=12130000"},
       }) {
    RecordingDevice device({1, 8, false}, t.impl, t.device);
    const Region& regs = Make(device.io());
    SCOPED_TRACE(t.reads + ' ' + t.writes);
    EXPECT_EQ(DeviceRead(regs, t.offset, t.size, t.caller),
              (Loaded<uint64_t>{kOk, t.value}));
    EXPECT_EQ(device.calls(), t.reads);
    EXPECT_EQ(DeviceWrite(regs, t.offset, t.size, t.value, t.caller), kOk);
    EXPECT_EQ(device.calls(), t.writes);
  }
}

TEST_F(DeviceAccessTest, DefaultImplIsOneToFour) {
  RecordingDevice device({}, {});
  const Region& regs = Make(device.io());
  DeviceRead(regs, 8, 8, kLittle);
  DeviceRead(regs, 8, 1, kLittle);
  EXPECT_EQ(device.calls(), "r(8,4) r(c,4) r(8,1)");
}

TEST_F(DeviceAccessTest, ValuesAreAsWideAsTheAccess) {
  RegionOps ops = {
      .read =
          [](void*, uint64_t, unsigned, AccessAttributes) {
            return Loaded<uint64_t>{kOk, UINT64_MAX};
          },
      .write =
          [](void* sum, uint64_t, unsigned, uint64_t value, AccessAttributes) {
            *static_cast<uint64_t*>(sum) += value;
            return kOk;
          }};
  uint64_t sum = 0;
  const Region& regs = Make({.ops = &ops, .device = &sum});
  for (const ByteOrder order : {kLittle, kBig}) {
    EXPECT_EQ(DeviceRead(regs, 0, 1, order).value, 0xffu);
    EXPECT_EQ(DeviceRead(regs, 0, 2, order).value, 0xffffu);
    EXPECT_EQ(DeviceRead(regs, 0, 8, order).value, UINT64_MAX);
    DeviceWrite(regs, 0, 2, 0xabcd0000, order);
  }
  EXPECT_EQ(sum, 0u);
}

TEST_F(DeviceAccessTest, ResultsOfThePiecesAreORed) {
  RecordingDevice device({1, 8, false}, {1, 2, false});
  const Region& regs = Make(device.io());
  int call = 0;
  device.inside = [&] {
    device.result = ++call == 2 ? AccessResult::kDeviceError : kOk;
  };
  // All four are made, and what they said is kept.
  EXPECT_EQ(DeviceRead(regs, 0, 8, kLittle),
            (Loaded<uint64_t>{AccessResult::kDeviceError, 0x1716151413121110}));
  call = 0;
  EXPECT_EQ(DeviceWrite(regs, 0, 8, 0, kLittle), AccessResult::kDeviceError);
  EXPECT_EQ(device.calls(),
            "r(0,2) r(2,2) r(4,2) r(6,2) w(0,2)=0 w(2,2)=0 w(4,2)=0 w(6,2)=0");
}

TEST_F(DeviceAccessTest, AttributesReachTheDevice) {
  RecordingDevice device({}, {});
  const AccessAttributes attributes = {
      .pasid = 0xabcde, .has_pasid = true, .requester_id = 0x1234};
  DeviceRead(Make(device.io()), 0, 4, kLittle, attributes);
  EXPECT_EQ(device.attributes(), attributes);
}

TEST_F(DeviceAccessTest, WithoutCallbacksEverythingIsRejected) {
  EXPECT_EQ(DeviceRead(Make({}), 0, 4, kLittle),
            (Loaded<uint64_t>{kDecodeError, 0}));
  EXPECT_EQ(DeviceWrite(Make({}), 0, 4, 1, kLittle), kDecodeError);
}

TEST_F(DeviceAccessTest, WithoutStrictAccessesReachOverTheEnd) {
  RecordingDevice device({1, 8, false}, {4, 4, false});
  const Region& regs = Make(device.io(), 6);
  EXPECT_EQ(Bulk(device, regs, 4, 4), "r(4,4)");
  EXPECT_EQ(Bulk(device, regs, 5, 1), "r(5,4)");
}

// ---- Strict regions.

struct Strict {
  AccessSizes impl;
  ByteOrder order;
  uint64_t offset;
  unsigned size;
  uint64_t value;  // In the device's order.
  std::string reads;
  std::string writes;  // Of ff in each byte.
};

TEST_F(DeviceAccessTest, StrictRegionsAlignWhatTheyWiden) {
  for (const Strict& t : std::vector<Strict>{
           // What needs no help is as ever.
           {{1, 4}, kLittle, 4, 4, 0x17161514, "r(4,4)", "w(4,4)=ffffffff"},
           {{1, 4},
            kLittle,
            8,
            8,
            0x1f1e1d1c1b1a1918,
            "r(8,4) r(c,4)",
            "w(8,4)=ffffffff w(c,4)=ffffffff"},
           // Unaligned for the callbacks: cut to the alignment,
           {{1, 4},
            kLittle,
            2,
            4,
            0x15141312,
            "r(2,2) r(4,2)",
            "w(2,2)=ffff w(4,2)=ffff"},
           {{1, 4}, kBig, 1, 2, 0x1112, "r(1,1) r(2,1)", "w(1,1)=ff w(2,1)=ff"},
           // or covered by aligned ones, of which the rest stays as it is.
           {{4, 4}, kLittle, 3, 1, 0x13, "r(0,4)", "r(0,4) w(0,4)=ff121110"},
           {{4, 4}, kBig, 3, 1, 0x13, "r(0,4)", "r(0,4) w(0,4)=101112ff"},
           {{4, 4},
            kLittle,
            2,
            4,
            0x15141312,
            "r(0,4) r(4,4)",
            "r(0,4) w(0,4)=ffff1110 r(4,4) w(4,4)=1716ffff"},
           {{4, 4},
            kBig,
            2,
            4,
            0x12131415,
            "r(0,4) r(4,4)",
            "r(0,4) w(0,4)=1011ffff r(4,4) w(4,4)=ffff1617"},
           {{4, 4},
            kLittle,
            1,
            8,
            0x1817161514131211,
            "r(0,4) r(4,4) r(8,4)",
            "r(0,4) w(0,4)=ffffff10 w(4,4)=ffffffff "
            "r(8,4) w(8,4)=1b1a19ff"},
           {{8, 8},
            kBig,
            7,
            2,
            0x1718,
            "r(0,8) r(8,8)",
            "r(0,8) w(0,8)=10111213141516ff r(8,8) w(8,8)=ff191a1b1c1d1e1f"},
           {{4, 4, true},
            kLittle,
            3,
            1,
            0x13,
            "r(0,4)",
            "r(0,4) w(0,4)=ff121110"},
           {{4, 4, true},
            kLittle,
            3,
            4,
            0x16151413,
            "r(3,4)",
            "w(3,4)=ffffffff"},
       }) {
    RecordingDevice device({1, 8, true}, t.impl, t.order);
    const Region& regs = Make(device.io(/*strict=*/true));
    SCOPED_TRACE(t.reads + ' ' + t.writes);
    EXPECT_EQ(DeviceRead(regs, t.offset, t.size, t.order),
              (Loaded<uint64_t>{kOk, t.value}));
    EXPECT_EQ(device.calls(), t.reads);
    EXPECT_EQ(DeviceWrite(regs, t.offset, t.size, UINT64_MAX, t.order), kOk);
    EXPECT_EQ(device.calls(), t.writes);
    // Read back, all that was not written is what it was.
    for (uint64_t i = 0; i < device.file().size(); ++i) {
      const bool written = i >= t.offset && i - t.offset < t.size;
      EXPECT_EQ(device.file()[i], written ? 0xff : 0x10 + i) << i;
    }
  }
}

TEST_F(DeviceAccessTest, StrictRegionsEnd) {
  RecordingDevice device({1, 8, true}, {4, 4, false});
  const Region& regs = Make(device.io(/*strict=*/true), 6);
  // An access over the end is rejected; a bulk one is cut shorter, and then
  // rejected if what covers it would reach over the end.
  EXPECT_EQ(DeviceRead(regs, 4, 4, kLittle).result, kDecodeError);
  EXPECT_EQ(DeviceWrite(regs, 4, 4, 0, kLittle), kDecodeError);
  EXPECT_EQ(PieceSize(*regs.port(), 4, 100), 2u);
  EXPECT_EQ(DeviceRead(regs, 4, 2, kLittle).result, kDecodeError);
  EXPECT_FALSE(IsValidAccess(*regs.port(), 4, 2, false, {}));
  EXPECT_EQ(DeviceRead(regs, 6, 1, kLittle).result, kDecodeError);
  EXPECT_EQ(DeviceRead(regs, UINT64_MAX, 8, kLittle).result, kDecodeError);
  EXPECT_EQ(device.calls(), "");
  EXPECT_EQ(DeviceRead(regs, 2, 2, kLittle).value, 0x1312u);
  EXPECT_EQ(device.calls(), "r(0,4)");
  device.ops().impl.min = 1;
  const Region& narrow = Make(device.io(/*strict=*/true), 6);
  EXPECT_EQ(Bulk(device, narrow, 0, 6), "r(0,4) r(4,2)");
}

TEST_F(DeviceAccessTest, AWriteThatCantReadWhatItMustKeepIsDropped) {
  RecordingDevice device({1, 4, false}, {4, 4, false});
  device.result = AccessResult::kDeviceError;
  const Region& regs = Make(device.io(/*strict=*/true));
  EXPECT_EQ(DeviceWrite(regs, 3, 1, 0, kLittle), AccessResult::kDeviceError);
  EXPECT_EQ(device.calls(), "r(0,4)");
}

// ---- R5.6, step 4.

TEST_F(DeviceAccessTest, DoorbellsRingWithoutTheDevice) {
  RecordingDevice device({}, {1, 8, false}, kBig);
  Region& regs = Make(device.io());
  int rung = 0;
  const auto ring = [](void* of) { ++*static_cast<int*>(of); };
  regs.port()->SetDoorbells({{.offset = 4,
                              .size = 2,
                              .match_data = true,
                              .data = 0x1234,
                              .ring = ring,
                              .of = &rung}});
  EXPECT_EQ(DeviceWrite(regs, 4, 2, 0x1234, kBig), kOk);
  EXPECT_EQ(DeviceWrite(regs, 4, 2, 0x3412, kLittle), kOk);
  EXPECT_EQ(rung, 2);
  EXPECT_EQ(device.calls(), "");
  EXPECT_EQ(DeviceWrite(regs, 4, 2, 0x1234, kLittle), kOk);
  EXPECT_EQ(DeviceWrite(regs, 4, 4, 0x1234, kBig), kOk);
  EXPECT_EQ(DeviceRead(regs, 4, 2, kBig).result, kOk);
  EXPECT_EQ(rung, 2);
  EXPECT_EQ(device.calls(), "w(4,2)=3412 w(4,4)=1234 r(4,2)");
}

TEST_F(DeviceAccessTest, DoorbellsDontMakeAWriteValid) {
  RecordingDevice device({2, 2, false}, {});
  Region& regs = Make(device.io());
  int rung = 0;
  const auto ring = [](void* of) { ++*static_cast<int*>(of); };
  regs.port()->SetDoorbells({{.offset = 4, .ring = ring, .of = &rung}});
  EXPECT_EQ(DeviceWrite(regs, 4, 4, 0, kLittle), kDecodeError);
  EXPECT_EQ(rung, 0);
}

// ---- Re-entry.

// A device whose callback reads from `next`, as a DMA would.
class ReentryTest : public DeviceAccessTest {
 protected:
  struct Node {
    Node() : device({}, {}) {}
    RecordingDevice device;
    const Region* region = nullptr;
    const Region* next = nullptr;
    AccessResult seen = kOk;
    unsigned deepest = 0;
  };
  Node& Add(Owner& owner, ReentryRule rule = {}) {
    Node& node = *nodes_.emplace_back(std::make_unique<Node>());
    RegionIo io = node.device.io();
    io.reentry = rule;
    node.region = *topology_.AddMmio(owner, "regs", 0x40, io);
    node.device.inside = [this, &node] {
      node.deepest = std::max(node.deepest, CallDepth());
      if (node.next == nullptr) return;
      node.seen = DeviceRead(*node.next, 0, 4, kLittle).result;
    };
    return node;
  }

  Owner card_{topology_, "card"};
  std::vector<std::unique_ptr<Node>> nodes_;
};

TEST_F(ReentryTest, OwnRegistersEndWithAnAccessError) {
  Node& nic = Add(board_);
  nic.next = nic.region;
  EXPECT_EQ(DeviceRead(*nic.region, 0, 4, kLittle).result, kOk);
  EXPECT_EQ(nic.seen, AccessResult::kAccessError);
  EXPECT_EQ(nic.device.calls(), "r(0,4)");
  EXPECT_EQ(CallDepth(), 0u);
  // It may be called again.
  nic.next = nullptr;
  EXPECT_EQ(DeviceRead(*nic.region, 0, 4, kLittle).result, kOk);
}

TEST_F(ReentryTest, ALoopOfTwoDevicesEndsAtTheFirst) {
  Node& a = Add(board_);
  Node& b = Add(card_);
  a.next = b.region;
  b.next = a.region;
  EXPECT_EQ(DeviceRead(*a.region, 0, 4, kLittle).result, kOk);
  EXPECT_EQ(a.seen, kOk);
  EXPECT_EQ(b.seen, AccessResult::kAccessError);
  EXPECT_EQ(b.deepest, 2u);
}

TEST_F(ReentryTest, ADevicesOtherRegistersAreFineUnlessR59IsAsked) {
  Node& scripts = Add(board_);
  Node& regs = Add(board_);
  regs.next = scripts.region;
  DeviceRead(*regs.region, 0, 4, kLittle);
  EXPECT_EQ(regs.seen, kOk);
  EXPECT_EQ(scripts.device.calls(), "r(0,4)");
  Node& qemus = Add(board_, {.same = ReentryRule::Same::kOwner});
  regs.next = qemus.region;
  DeviceRead(*regs.region, 0, 4, kLittle);
  EXPECT_EQ(regs.seen, AccessResult::kAccessError);
  Node& foreign = Add(card_, {.same = ReentryRule::Same::kOwner});
  regs.next = foreign.region;
  DeviceRead(*regs.region, 0, 4, kLittle);
  EXPECT_EQ(regs.seen, kOk);
}

TEST_F(ReentryTest, DepthIsLimited) {
  std::vector<Node*> chain;
  for (int i = 0; i < 5; ++i) {
    chain.push_back(&Add(board_, {.max_depth = 3}));
    if (i > 0) chain[i - 1]->next = chain[i]->region;
  }
  EXPECT_EQ(DeviceRead(*chain[0]->region, 0, 4, kLittle).result, kOk);
  std::vector<AccessResult> seen;
  for (const Node* node : chain) seen.push_back(node->seen);
  EXPECT_THAT(seen,
              ElementsAre(kOk, kOk, AccessResult::kAccessError, kOk, kOk));
  EXPECT_EQ(chain[2]->deepest, 3u);
  EXPECT_EQ(chain[3]->device.calls(), "");
}

TEST_F(ReentryTest, ARegionThatAllowsItselfStillHasADepth) {
  Node& node =
      Add(board_, {.same = ReentryRule::Same::kAllowed, .max_depth = 7});
  node.next = node.region;
  EXPECT_EQ(DeviceRead(*node.region, 0, 4, kLittle).result, kOk);
  EXPECT_EQ(node.deepest, 7u);
  EXPECT_EQ(CallDepth(), 0u);
}

TEST_F(ReentryTest, WritesAreStoppedToo) {
  Node& nic = Add(board_);
  AccessResult seen = kOk;
  nic.device.inside = [&] {
    seen = DeviceWrite(*nic.region, 0, 4, 1, kLittle);
  };
  EXPECT_EQ(DeviceWrite(*nic.region, 8, 4, 2, kLittle), kOk);
  EXPECT_EQ(seen, AccessResult::kAccessError);
  EXPECT_EQ(nic.device.calls(), "w(8,4)=2");
}

TEST_F(ReentryTest, DeferredWorkMayHoldAScope) {
  Node& nic = Add(board_);
  {
    const ReadGuard guard(topology_.rcu());
    const CallScope scope(guard, *nic.region, *nic.region->port());
    EXPECT_TRUE(scope.entered());
    EXPECT_EQ(DeviceRead(*nic.region, 0, 4, kLittle).result,
              AccessResult::kAccessError);
  }
  EXPECT_EQ(DeviceRead(*nic.region, 0, 4, kLittle).result, kOk);
}

// ---- PROTOCOL C1: locks.

TEST_F(DeviceAccessTest, TheLockIsHeldAroundTheWholeAccess) {
  struct Lock {
    void lock() { said += '<'; }
    void unlock() { said += '>'; }
    std::string said;
  } lock;
  RecordingDevice device({1, 8, false}, {1, 4, false});
  device.inside = [&] { lock.said += '.'; };
  RegionIo io = device.io();
  io.lock = RegionLock::Of(lock);
  const Region& regs = Make(io);
  DeviceRead(regs, 0, 8, kLittle);
  DeviceWrite(regs, 0, 1, 0, kLittle);
  DeviceRead(regs, 1, 4, kLittle);  // Rejected: nobody is entered.
  EXPECT_EQ(lock.said, "<..><.>");
}

// ---- The log.

std::string Said(const AccessReport& report) {
  return (std::ostringstream() << report).str();
}

int64_t now = 0;

TEST_F(ReentryTest, TheLogHearsOfWhatIsRefused) {
  std::vector<std::string> said;
  AccessLog log(
      [](void* of, const AccessReport& report) {
        static_cast<std::vector<std::string>*>(of)->push_back(Said(report));
      },
      &said);
  const AccessOptions options = {.log = &log};
  Node& nic = Add(board_);
  nic.device.inside = [&] {
    DeviceWrite(*nic.region, 8, 4, 1, kLittle, {}, options);
  };
  DeviceRead(*nic.region, 0x10, 4, kLittle, {}, options);
  DeviceRead(*nic.region, 0x11, 2, kLittle, {}, options);
  EXPECT_THAT(said, ElementsAre("write of 4 bytes at 'regs' +0x8: re-entered",
                                "read of 2 bytes at 'regs' +0x11: rejected"));
}

TEST_F(DeviceAccessTest, TheLogIsLimitedAndCountsTheRest) {
  std::vector<uint64_t> untold;
  AccessLog log(
      [](void* of, const AccessReport& report) {
        static_cast<std::vector<uint64_t>*>(of)->push_back(report.untold);
      },
      &untold, 2, [] { return now; });
  const AccessOptions options = {.log = &log};
  const Region& regs = Make({});
  const auto fail = [&](int times) {
    for (int i = 0; i < times; ++i) {
      DeviceRead(regs, 0, 1, kLittle, {}, options);
    }
  };
  fail(5);
  EXPECT_THAT(untold, ElementsAre(0, 0));
  now = 1;
  fail(1);
  EXPECT_THAT(untold, ElementsAre(0, 0, 3));
  now = 5;
  fail(9);
  EXPECT_THAT(untold, ElementsAre(0, 0, 3, 0, 0));
}

}  // namespace
}  // namespace planish
