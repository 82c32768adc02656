#include "planish/tools/generated_map.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "planish/base/addr.h"

namespace planish::tools {

text::MapDescription GenerateMap(measure::MapKind kind, size_t ranges,
                                 uint64_t seed) {
  text::MapDescription map;
  map.source = absl::StrCat(measure::MapKindName(kind), " map of ", ranges,
                            " ranges, seed ", seed);
  text::RegionRow system;
  system.name = "system";
  system.size = ByteCount::TwoTo64();
  system.type = "i/o";
  map.regions.push_back(std::move(system));
  for (const measure::MapRange& range : measure::MakeMap(kind, ranges, seed)) {
    text::RegionRow row;
    row.id = static_cast<text::RowId>(map.regions.size());
    row.parent = 0;
    row.name = absl::StrCat(range.is_ram ? "ram" : "dev", row.id);
    row.addr = Addr(range.first);
    row.size = AddrRange{Addr(range.first), Addr(range.last)}.size();
    row.type = range.is_ram ? "ram" : "i/o";
    row.terminates = true;
    map.regions.push_back(std::move(row));
  }
  map.spaces.push_back({"memory", 0, 0});
  return map;
}

}  // namespace planish::tools
