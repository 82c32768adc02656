// Random programs of accesses, run on a space and on the bus model side by
// side. A program is a map of overlapping places, registers with every
// combination of rules, and steps: accesses of all sorts, and edits between
// them. It prints as the C++ that makes it, so that one that failed becomes a
// regression test.
//
//   Program program = RandomProgram(seed);
//   std::string failure = FailureOf(program);   // Empty: they agreed.
//
// After each step are compared: what it returned, result and bytes; all memory;
// each call that each device saw, and what was in its registers.

#ifndef PLANISH_TESTS_BUS_PROGRAM_H_
#define PLANISH_TESTS_BUS_PROGRAM_H_

#include <cstdint>
#include <string>
#include <vector>

#include "planish/tests/bus_model.h"

namespace planish::bus {

struct Step {
  enum class What {
    kLoad,
    kStore,
    kRead,
    kWrite,
    kFill,
    kCopy,
    kWriteRom,
    kProbe,
    kEnable,
    kReadonly,
    kRomd,
    kMove,
  };
  What what = What::kLoad;
  uint64_t at = 0;
  uint64_t to = 0;     // Copy.
  uint64_t bytes = 0;  // 1, 2, 4, 8 of loads and stores.
  int order = 0;       // 0: the host's; 1: little; 2: big.
  uint64_t value = 0;  // What is written begins with it.
  Attributes attributes;
  bool flag = false;  // Probe: for a write. Edits: the new value.
  int place = 0;      // Edits.
};

struct Program {
  Options options;
  std::vector<Place> places;
  std::vector<Step> steps;
};

std::string AsCode(const Program& program);

Program RandomProgram(uint64_t seed);

struct Tally {
  uint64_t ok = 0;
  uint64_t device_errors = 0;
  uint64_t decode_errors = 0;
  uint64_t access_errors = 0;
  uint64_t bytes = 0;
};

std::string FailureOf(const Program& program, Tally* tally = nullptr);

// The fewest places and steps found that still fail.
Program Shrink(Program program);

}  // namespace planish::bus

#endif  // PLANISH_TESTS_BUS_PROGRAM_H_
