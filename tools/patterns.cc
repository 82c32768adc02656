#include "planish/tools/patterns.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "planish/flatview/flat_range.h"
#include "planish/measure/maps.h"

namespace planish::tools {
namespace {

// Enough that the answers of a large table don't fit the nearest caches.
constexpr size_t kAddresses = size_t{1} << 16;

}  // namespace

NamedAddresses MakePattern(measure::Pattern pattern, const FlatView& view,
                           uint64_t seed) {
  std::vector<measure::MapRange> map;
  map.reserve(view.size());
  for (const FlatRange& range : view) {
    map.push_back({range.range.first.raw(), range.range.last.raw(), false});
  }
  NamedAddresses named;
  for (const auto& [known, name] : measure::kPatterns) {
    if (known == pattern) named.name = name;
  }
  named.addresses.reserve(kAddresses);
  for (const uint64_t a :
       measure::MakeAddresses(pattern, map, kAddresses, seed)) {
    named.addresses.push_back(Addr(a));
  }
  return named;
}

}  // namespace planish::tools
