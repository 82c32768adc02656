#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "planish/regions/region.h"
#include "planish/text/map_description.h"
#include "planish/text/numbers.h"
#include "planish/text/readers.h"
#include "planish/text/row_columns.h"

namespace planish::text {
namespace {

constexpr absl::string_view kNone = "-";

// A table can't hold these two; the readers never produce them.
std::string OneField(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"\t", " "}, {"\n", " "}});
}

std::string OptionalFlag(std::optional<bool> flag) {
  if (!flag) return std::string(kNone);
  return *flag ? "1" : "0";
}

std::string OptionalId(std::optional<RowId> id) {
  return id ? absl::StrCat(*id) : std::string(kNone);
}

std::string OptionalField(const RegionRow& row, Column column) {
  switch (column) {
    case Column::kOwner:
      return row.owner ? OneField(*row.owner) : std::string(kNone);
    case Column::kKind:
      return std::string(row.kind ? RegionKindName(*row.kind) : kNone);
    case Column::kUnmergeable:
      return OptionalFlag(row.unmergeable);
    default:
      return OptionalFlag(row.romd);
  }
}

}  // namespace

std::string WriteTable(const MapDescription& map) {
  const std::vector<std::string> extra_names = TableColumns(map);
  std::vector<Column> extra;
  std::string out = "#R";
  for (size_t i = 0; i < kBaseColumns; ++i) {
    absl::StrAppend(&out, "\t", ColumnName(static_cast<Column>(i)));
  }
  for (const std::string& name : extra_names) {
    const std::optional<Column> column = OptionalColumn(name);
    if (!column) continue;
    extra.push_back(*column);
    absl::StrAppend(&out, "\t", name);
  }
  out += '\n';
  for (const RegionRow& row : map.regions) {
    absl::StrAppend(&out, "R\t", row.id, "\t", OptionalId(row.parent), "\t",
                    OneField(row.name), "\t", HexDigits(row.addr.raw()), "\t",
                    HexDigits(row.size), "\t", row.priority, "\t", row.type,
                    "\t");
    absl::StrAppend(
        &out, row.terminates ? "1\t" : "0\t", row.readonly ? "1\t" : "0\t",
        row.nonvolatile ? "1\t" : "0\t", row.enabled ? "1\t" : "0\t",
        OptionalId(row.alias), "\t", HexDigits(row.alias_offset));
    for (const Column column : extra) {
      absl::StrAppend(&out, "\t", OptionalField(row, column));
    }
    out += '\n';
  }
  out += "#A\tname\troot\n";
  for (const SpaceRow& space : map.spaces) {
    absl::StrAppend(&out, "A\t", OneField(space.name), "\t", space.root, "\n");
  }
  return out;
}

}  // namespace planish::text
