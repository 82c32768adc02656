// Five real machines, as recorded in tests/testdata/corpus: their largest flat
// view each.

#ifndef PLANISH_BENCH_REAL_MACHINES_H_
#define PLANISH_BENCH_REAL_MACHINES_H_

#include <string>
#include <vector>

#include "planish/measure/maps.h"

namespace planish::measure {

struct RealMachine {
  std::string name;
  std::vector<MapRange> map;
};

// Empty, with a line on standard error, where the corpus can't be read: it is
// looked for below the working directory and in Bazel's runfiles.
std::vector<RealMachine> RealMachines();

}  // namespace planish::measure

#endif  // PLANISH_BENCH_REAL_MACHINES_H_
