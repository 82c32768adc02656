// MapRegion: one region line of a map, read by itself: everything but what
// other lines decide (its container, its target, its id).
//
//   alias low &2 -> sdram @64K  0x0 +64K  prio 1 disabled owner board
//   kind  name label target offset addr size  attributes
//
// Grammar: docs/TEXT.md.

#ifndef PLANISH_TEXT_MAP_LINE_H_
#define PLANISH_TEXT_MAP_LINE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "planish/regions/region.h"
#include "planish/text/map_description.h"
#include "planish/text/map_tokens.h"

namespace planish::text {

// What a row has in an optional column if its line tells nothing else.
struct ColumnDefaults {
  // The kind is told everywhere, not only where it doesn't follow.
  bool kind_everywhere = false;
  std::optional<bool> unmergeable;
  std::optional<bool> romd;

  friend bool operator==(const ColumnDefaults&,
                         const ColumnDefaults&) = default;
};

// The kind column of a row whose line begins with `word`. The row's type,
// terminates and readonly are set.
std::optional<RegionKind> DefaultKind(const RegionRow& row, RegionKind word,
                                      bool everywhere);
// The type of a row whose line begins with `word` and tells none.
// `row.readonly` and `row.romd` are set.
absl::string_view DefaultType(const RegionRow& row, RegionKind word);

// A region named in another line.
struct MapReference {
  std::string name;  // Or the label, without &.
  bool is_label = false;
  int line = 0;
  int column = 0;
};

struct MapRegion {
  RegionRow row;
  std::string label;  // Empty: none.
  int label_column = 0;
  std::optional<MapReference> target;  // An alias without one shows nothing.
  bool size_is_open = false;           // An alias: as far as its target goes.
  int size_column = 0;                 // Where the size would stand,
  std::string found_instead;           // and what stands there.
  std::optional<int64_t> table_row;    // row=N
  int table_row_column = 0;
};

// Reads a name or &LABEL at `token`.
absl::Status ReadReference(absl::string_view source, int line,
                           const MapToken& token, MapReference& reference);

// `line` begins with a word of a kind.
absl::Status ReadMapRegion(absl::string_view source, const MapLine& line,
                           RegionKind kind, const ColumnDefaults& defaults,
                           MapRegion& region);

// Labels and rows that are numbers are below this, so that counting on from
// them stays in bounds.
inline constexpr int64_t kMaxMapNumber = int64_t{1} << 62;

}  // namespace planish::text

#endif  // PLANISH_TEXT_MAP_LINE_H_
