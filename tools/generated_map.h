// The benches' made-up maps (measure/maps.h) as map descriptions: one container
// `system`, shown by one space `memory`, with RAM and devices in it.

#ifndef PLANISH_TOOLS_GENERATED_MAP_H_
#define PLANISH_TOOLS_GENERATED_MAP_H_

#include <cstddef>
#include <cstdint>

#include "planish/measure/maps.h"
#include "planish/text/text.h"

namespace planish::tools {

inline constexpr size_t kMaxGeneratedRanges = size_t{1} << 21;

// REQUIRES: 0 < ranges <= kMaxGeneratedRanges.
text::MapDescription GenerateMap(measure::MapKind kind, size_t ranges,
                                 uint64_t seed);

}  // namespace planish::tools

#endif  // PLANISH_TOOLS_GENERATED_MAP_H_
