#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "planish/base/status_macros.h"
#include "planish/text/lines.h"
#include "planish/text/map_description.h"
#include "planish/text/numbers.h"
#include "planish/text/parse_error.h"
#include "planish/text/readers.h"
#include "planish/text/row_columns.h"
#include "planish/text/tabbed_reader.h"

namespace planish::text {
namespace {

class TableReader : private TabbedReader {
 public:
  explicit TableReader(const Source& source) : TabbedReader(source) {
    for (size_t i = 0; i < kBaseColumns; ++i) {
      columns_.push_back(static_cast<Column>(i));
    }
    map_.source = source.name;
  }

  absl::StatusOr<MapDescription> Read() {
    while (lines_.Next()) {
      if (lines_.line().empty()) continue;
      Fields fields(lines_.line());
      fields.Next();
      if (fields.field() == "R") {
        PLANISH_RETURN_IF_ERROR(ReadRegion(fields));
      } else if (fields.field() == "A") {
        PLANISH_RETURN_IF_ERROR(ReadSpace(fields));
      } else if (fields.field() == "#R") {
        PLANISH_RETURN_IF_ERROR(ReadHeader(fields));
      } else if (!absl::StartsWith(fields.field(), "#")) {
        return Error(fields, "R, A or # and a tab");
      }
    }
    if (map_.regions.empty()) {
      return ParseErrorAtEnd(source_.name, lines_.number(),
                             "a region (a line that begins with R)");
    }
    if (const auto found = FindContradiction(map_)) return Locate(*found);
    return std::move(map_);
  }

 private:
  absl::Status ReadHeader(Fields& fields) {
    if (!map_.regions.empty()) return Error(fields, "no header behind rows");
    for (size_t i = 0; i < kBaseColumns; ++i) {
      const auto name = ColumnName(static_cast<Column>(i));
      const std::string expected = absl::StrCat("column ", name);
      PLANISH_RETURN_IF_ERROR(NextField(fields, expected));
      if (fields.field() != name) return Error(fields, expected);
    }
    columns_.resize(kBaseColumns);
    map_.shape.extra_columns.clear();
    while (fields.Next()) {
      const auto column = OptionalColumn(fields.field());
      if (!column) {
        return Error(fields, "column owner, kind, unmergeable or romd");
      }
      for (const Column before : columns_) {
        if (before == *column) return Error(fields, "each column once");
      }
      columns_.push_back(*column);
      map_.shape.extra_columns.emplace_back(ColumnName(*column));
    }
    return absl::OkStatus();
  }

  absl::Status ReadRegion(Fields& fields) {
    RegionRow row;
    row.line = lines_.number();
    for (const Column column : columns_) {
      const auto expected = ColumnContent(column);
      PLANISH_RETURN_IF_ERROR(NextField(fields, expected));
      if (!SetColumn(row, column, fields.field())) {
        return Error(fields, expected);
      }
    }
    if (fields.Next()) return Error(fields, "no further column");
    map_.regions.push_back(std::move(row));
    row_lines_.push_back(lines_.line());
    return absl::OkStatus();
  }

  absl::Status ReadSpace(Fields& fields) {
    SpaceRow space;
    space.line = lines_.number();
    PLANISH_RETURN_IF_ERROR(NextField(fields, "the name of an address space"));
    space.name = std::string(fields.field());
    const absl::string_view expected = "the id of the root region";
    PLANISH_RETURN_IF_ERROR(NextField(fields, expected));
    const auto root = ParseDecimal(fields.field());
    if (!root) return Error(fields, expected);
    space.root = *root;
    if (fields.Next()) return Error(fields, "no further column");
    map_.spaces.push_back(std::move(space));
    space_lines_.push_back(lines_.line());
    return absl::OkStatus();
  }

  // Where a contradiction stands. A column that the table lacks is where the
  // line ends.
  absl::Status Locate(const Contradiction& found) {
    size_t field = 2;
    if (!found.in_space) {
      for (field = 0; field < columns_.size(); ++field) {
        if (columns_[field] == found.column) break;
      }
      ++field;
    }
    Fields fields(found.in_space ? space_lines_[found.index]
                                 : row_lines_[found.index]);
    for (size_t i = 0; i <= field; ++i) fields.Next();
    return ParseError(source_.name,
                      found.in_space ? map_.spaces[found.index].line
                                     : map_.regions[found.index].line,
                      fields.column(), found.expected, found.found);
  }

  std::vector<Column> columns_;
  MapDescription map_;
  // The lines of rows and spaces, to find columns again.
  std::vector<absl::string_view> row_lines_;
  std::vector<absl::string_view> space_lines_;
};

}  // namespace

absl::StatusOr<MapDescription> ReadTable(const Source& table) {
  return TableReader(table).Read();
}

absl::Status ReadOwners(const Source& owners, MapDescription& map) {
  absl::flat_hash_map<RowId, RegionRow*> row_of;
  for (RegionRow& row : map.regions) row_of.emplace(row.id, &row);
  std::vector<std::pair<RegionRow*, absl::string_view>> found;
  Lines lines(owners.text);
  while (lines.Next()) {
    if (lines.line().empty() || lines.line()[0] == '#') continue;
    Fields fields(lines.line());
    fields.Next();
    const std::optional<RowId> id = ParseDecimal(fields.field());
    const auto row = id ? row_of.find(*id) : row_of.end();
    if (row == row_of.end()) {
      return ParseError(owners.name, lines.number(), fields.column(),
                        absl::StrCat("the id of a region of ", map.source),
                        fields.field());
    }
    if (row->second == nullptr) {
      return ParseError(owners.name, lines.number(), fields.column(),
                        "each id once", fields.field());
    }
    if (!fields.Next() || fields.field().empty()) {
      return ParseError(owners.name, lines.number(), fields.end_column(),
                        "a tab and the region's owner", "");
    }
    found.emplace_back(std::exchange(row->second, nullptr), fields.field());
    if (fields.Next()) {
      return ParseError(owners.name, lines.number(), fields.column(),
                        "no further column", fields.field());
    }
  }
  for (const std::string& column : map.shape.extra_columns) {
    if (column == ColumnName(Column::kOwner)) return absl::OkStatus();
  }
  for (const auto& [row, owner] : found) {
    if (owner != "-") row->owner = std::string(owner);
  }
  map.shape.owners_beside = true;
  return absl::OkStatus();
}

bool IsTable(absl::string_view text) {
  Lines lines(text);
  while (lines.Next() && lines.line().empty()) {
  }
  return absl::StartsWith(lines.line(), "#R\t") ||
         absl::StartsWith(lines.line(), "R\t") ||
         absl::StartsWith(lines.line(), "#A\t") ||
         absl::StartsWith(lines.line(), "A\t");
}

absl::StatusOr<MapDescription> ReadAny(const Source& source) {
  if (IsTable(source.text)) return ReadTable(source);
  if (absl::StartsWith(source.text, "address-space: ") ||
      absl::StartsWith(source.text, "FlatView #")) {
    return ParseError(source.name, 1, 1,
                      "a table or a map (QEMU's dumps are read as a pair)",
                      source.text.substr(0, source.text.find('\n')));
  }
  return ReadMap(source);
}

}  // namespace planish::text
