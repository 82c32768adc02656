// Property: whatever lies where, and however it is accessed, what comes back,
// what is in memory, and what each device was called with is what the bus model
// says. See bus_model.h for the model, bus_program.h for the programs.
//
// For a soak: PLANISH_PROGRAMS=1000000 PLANISH_SEED=7 bus_model_test

#include <cstdint>
#include <cstdio>
#include <string>

#include "gtest/gtest.h"
#include "planish/tests/bus_model.h"
#include "planish/tests/bus_program.h"
#include "planish/tests/model_run.h"

namespace planish::bus {
namespace {

TEST(BusModelTest, AccessesAgreeWithTheModel) {
  const uint64_t seed = FromEnvironment("PLANISH_SEED", 1);
  const uint64_t programs = FromEnvironment("PLANISH_PROGRAMS", 10000);
  Tally tally;
  for (uint64_t i = 0; i < programs; ++i) {
    const Program program = RandomProgram(seed + i);
    const PrintOnAbort print([&] { return AsCode(program); });
    const std::string failure = FailureOf(program, &tally);
    if (failure.empty()) continue;
    const Program shrunk = Shrink(program);
    FAIL() << "PLANISH_SEED=" << seed + i << ", " << failure
           << "\nshrunk: " << FailureOf(shrunk) << "\n"
           << AsCode(shrunk);
  }
  std::printf(
      "ok %ju, device errors %ju, decode errors %ju, access errors %ju, "
      "bytes %ju\n",
      uintmax_t{tally.ok}, uintmax_t{tally.device_errors},
      uintmax_t{tally.decode_errors}, uintmax_t{tally.access_errors},
      uintmax_t{tally.bytes});
  EXPECT_GT(tally.ok, 3 * programs);
  EXPECT_GT(tally.device_errors, programs / 10);
  EXPECT_GT(tally.decode_errors, 3 * programs);
  EXPECT_GT(tally.access_errors, programs / 10);
  EXPECT_GT(tally.bytes, 100 * programs);
}

// ---- The model itself, by hand.

TEST(BusModelTest, TheModelKnowsThePublishedVectors) {
  DeviceSpec xhci;
  xhci.valid = {1, 4, false};
  xhci.impl = {4, 4, false};
  Place place;
  place.kind = Kind::kMmio;
  place.size = 0x40;
  place.has_device = true;
  place.device = xhci;
  Bus bus({place}, {});
  Bytes bytes(4);
  EXPECT_EQ(bus.Read(1, bytes, {}), (Bulk{0, 4}));
  EXPECT_EQ(bus.registers(0).State().substr(0, 18), "r 1 4\nr 2 4\nr 4 4\n");
  // r(2,4) came after a read had changed the byte at 1, and none at 2.
  EXPECT_EQ(bytes, (Bytes{0x81, 0x82, 0x83, 0x84}));
}

// ---- Programs that failed once. Never edited.

// A ROM device that is read as memory is no memory for memory_only.
TEST(BusRegressions, MemoryOnlyIsNoRomDevice) {
  for (const Step::What what : {Step::What::kRead, Step::What::kLoad}) {
    EXPECT_EQ(FailureOf(Program{
                  {true, false},
                  {{Kind::kRomDevice,
                    0x31,
                    6,
                    1,
                    true,
                    false,
                    true,
                    0,
                    0,
                    true,
                    {{0, 8, false},
                     {1, 0, false},
                     false,
                     true,
                     1,
                     1,
                     3,
                     0,
                     0,
                     0xb7,
                     true},
                    {}}},
                  {{what, 0x34, 0, 2, 2, 0, {false, true, true}, true, 0}}}),
              "");
  }
}

// The last byte of a strict region can't be covered by two.
TEST(BusRegressions, AProbeSeesWhereWideningEnds) {
  EXPECT_EQ(FailureOf(Program{{false, false},
                              {{Kind::kMmio,
                                0x78,
                                0xd,
                                1,
                                true,
                                false,
                                true,
                                0,
                                0,
                                true,
                                {{1, 1, false},
                                 {2, 8, false},
                                 false,
                                 true,
                                 0,
                                 0,
                                 1,
                                 4,
                                 3,
                                 0x33,
                                 true},
                                {}}},
                              {{Step::What::kMove,
                                0x31,
                                0xe3,
                                5,
                                1,
                                0,
                                {true, false, true},
                                true,
                                0},
                               {Step::What::kProbe,
                                0x39,
                                0x4e,
                                5,
                                0,
                                0x7a9c7153d5fb17b5,
                                {false, false, false},
                                false,
                                0}}}),
            "");
}

}  // namespace
}  // namespace planish::bus
