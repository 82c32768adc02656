// Measure: what a lookup costs, beside a sorted vector and std::map that were
// made from the same view and fill the same answer.
//
// A figure is nanoseconds per lookup over a whole pattern: throughput, the
// loop included. Each is taken several times; minimum and median are told. The
// yardstick, one load that misses nothing but waits for the one before it
// (an L1 pointer chase), is measured right before and after, in this process:
// "loads" is the minimum in units of the faster of the two.

#ifndef PLANISH_TOOLS_MEASURE_H_
#define PLANISH_TOOLS_MEASURE_H_

#include <string>
#include <vector>

#include "planish/space/address_space.h"
#include "planish/tools/patterns.h"

namespace planish::tools {

struct Figure {
  double min_ns = 0;
  double median_ns = 0;
  double loads = 0;
};

// One pattern, all structures.
struct MeasuredRow {
  std::string pattern;
  Figure planish;
  Figure sorted_vector;
  Figure std_map;
  double load_ns = 0;  // The yardstick.
};

// REQUIRES: repetitions > 0; nobody commits meanwhile.
// Aborts if the structures don't agree on the answers.
std::vector<MeasuredRow> MeasureLookups(
    const AddressSpace& space, const std::vector<NamedAddresses>& patterns,
    int repetitions);

}  // namespace planish::tools

#endif  // PLANISH_TOOLS_MEASURE_H_
