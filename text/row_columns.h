// The columns of a row, their words, and which values may stand together.
//
//   type        terminates  kinds that it may mean (the first if none is told)
//   i/o,        0           container
//   container   1           mmio, reservation, iommu, rom-device (not romd)
//   ram, rom    1           rom if readonly, else ram; a rom must be readonly
//   romd        1           rom-device
//   ramd        1           ram-device
//   alias       0           alias
//
// THREAD SAFETY  Functions of their arguments.

#ifndef PLANISH_TEXT_ROW_COLUMNS_H_
#define PLANISH_TEXT_ROW_COLUMNS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "planish/regions/region.h"
#include "planish/text/map_description.h"

namespace planish::text {

// In the order of the table; the last four are the optional ones.
enum class Column : uint8_t {
  kId,
  kParent,
  kName,
  kAddr,
  kSize,
  kPriority,
  kType,
  kTerminates,
  kReadonly,
  kNonvolatile,
  kEnabled,
  kAlias,
  kAliasOffset,
  kOwner,
  kKind,
  kUnmergeable,
  kRomd,
};
inline constexpr size_t kBaseColumns = 13;
inline constexpr size_t kAllColumns = 17;

// As the table's header line calls it.
absl::string_view ColumnName(Column column);
// An optional column by its name.
std::optional<Column> OptionalColumn(absl::string_view name);
// What a reader expects in the column: "an address in hex".
absl::string_view ColumnContent(Column column);

// Sets the column of `row` to what `text` says, as a table writes it. False if
// that is no such value.
bool SetColumn(RegionRow& row, Column column, absl::string_view text);

// The optional columns that some row has a value in, in the order of Column.
// An owner from beside the table needs none.
std::vector<std::string> NeededColumns(const MapDescription& map);
// The optional columns that a table of `map` has: those of its shape, then
// those that are needed beside them.
std::vector<std::string> TableColumns(const MapDescription& map);

bool IsTypeWord(absl::string_view type);
std::optional<RegionKind> KindFromName(absl::string_view name);
// What a row means that tells no kind.
RegionKind KindFromType(const RegionRow& row);
// What QEMU 7.2 prints for a region of this kind.
absl::string_view TypeOfKind(RegionKind kind, bool readonly, bool romd);
bool Terminates(RegionKind kind);

// A value that can't stand where it stands.
struct Contradiction {
  bool in_space = false;  // The root of spaces[index], not a region's column.
  size_t index = 0;
  Column column = Column::kId;
  std::string expected;
  std::string found;
};

// Within one row.
std::optional<Contradiction> FindContradiction(const RegionRow& row);
// Within the rows and between them: ids that repeat or don't exist, parents
// that are aliases, nesting without end or deeper than kMaxNesting.
std::optional<Contradiction> FindContradiction(const MapDescription& map);

// Containers above a region, at most.
inline constexpr int kMaxNesting = 1000;

}  // namespace planish::text

#endif  // PLANISH_TEXT_ROW_COLUMNS_H_
