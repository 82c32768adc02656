// The benches' access patterns (measure/patterns.h) over a view's ranges.

#ifndef PLANISH_TOOLS_PATTERNS_H_
#define PLANISH_TOOLS_PATTERNS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "planish/base/addr.h"
#include "planish/flatview/flat_view.h"
#include "planish/measure/patterns.h"

namespace planish::tools {

struct NamedAddresses {
  std::string name;
  std::vector<Addr> addresses;
};

// The same for a view and a seed, on every machine. REQUIRES: !view.empty().
NamedAddresses MakePattern(measure::Pattern pattern, const FlatView& view,
                           uint64_t seed);

}  // namespace planish::tools

#endif  // PLANISH_TOOLS_PATTERNS_H_
