#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "planish/base/addr.h"
#include "planish/base/status_macros.h"
#include "planish/regions/region.h"
#include "planish/text/lines.h"
#include "planish/text/map_description.h"
#include "planish/text/map_line.h"
#include "planish/text/map_tokens.h"
#include "planish/text/numbers.h"
#include "planish/text/parse_error.h"
#include "planish/text/readers.h"
#include "planish/text/row_columns.h"

namespace planish::text {
namespace {

constexpr absl::string_view kFirstWords =
    "container, ram, rom, rom-device, ram-device, mmio, reservation, iommu, "
    "alias, space, columns or owners";

// What a line in the map has beside its row.
struct Extra {
  std::optional<size_t> parent;  // The index of its line's container.
  std::optional<MapReference> target;
  bool size_is_open = false;
  int size_column = 0;
  std::string found_instead;
  int64_t table_row = 0;
};

// A line that further lines may be indented under.
struct Open {
  int indent;
  size_t index;
};

// Where a name or a label stands: how many have it, and the first of them.
struct Place {
  size_t first = 0;
  size_t count = 0;
};

class MapReader {
 public:
  explicit MapReader(const Source& source)
      : source_(source), lines_(source.text) {
    map_.source = source.name;
  }

  absl::StatusOr<MapDescription> Read() {
    while (lines_.Next()) {
      PLANISH_RETURN_IF_ERROR(
          SplitMapLine(source_.name, lines_.number(), lines_.line(), line_));
      if (!line_.tokens.empty()) PLANISH_RETURN_IF_ERROR(ReadLine());
    }
    if (map_.regions.empty()) {
      return ParseErrorAtEnd(source_.name, lines_.number(),
                             "a region (such as container system)");
    }
    PLANISH_RETURN_IF_ERROR(ResolveReferences());
    PLANISH_RETURN_IF_ERROR(OrderRows());
    if (!has_columns_) map_.shape.extra_columns = NeededColumns(map_);
    return std::move(map_);
  }

 private:
  absl::Status Error(int line, int column, absl::string_view expected,
                     absl::string_view found) {
    return ParseError(source_.name, line, column, expected, found);
  }
  absl::Status ErrorAt(const MapToken& token, absl::string_view expected) {
    return Error(line_.number, token.column, expected, token.raw);
  }
  absl::Status ErrorAtEnd(absl::string_view expected) {
    return Error(line_.number, line_.end_column, expected, "");
  }

  absl::Status ReadLine() {
    const MapToken& word = line_.tokens[0];
    if (word.Is("space")) return ReadSpace();
    if (word.Is("columns")) return ReadColumns();
    if (word.Is("owners")) return ReadOwnersLine();
    const auto kind = word.quoted ? std::nullopt : KindFromName(word.raw);
    if (!kind) return ErrorAt(word, kFirstWords);
    return ReadRegion(*kind);
  }

  absl::Status ReadRegion(RegionKind kind) {
    MapRegion region;
    PLANISH_RETURN_IF_ERROR(
        ReadMapRegion(source_.name, line_, kind, defaults_, region));
    const size_t index = map_.regions.size();
    Extra extra;
    PLANISH_RETURN_IF_ERROR(FindParent(index, extra.parent));
    PLANISH_RETURN_IF_ERROR(Identify(region, index));
    PLANISH_RETURN_IF_ERROR(PlaceInTable(region, extra));
    Place& place = names_[region.row.name];
    if (place.count++ == 0) place.first = index;
    extra.target = std::move(region.target);
    extra.size_is_open = region.size_is_open;
    extra.size_column = region.size_column;
    extra.found_instead = std::move(region.found_instead);
    extras_.push_back(std::move(extra));
    map_.regions.push_back(std::move(region.row));
    return absl::OkStatus();
  }

  // Which line's container this one lies in, by its indentation.
  absl::Status FindParent(size_t index, std::optional<size_t>& parent) {
    bool outward = false;
    while (!open_.empty() && open_.back().indent > line_.indent) {
      open_.pop_back();
      outward = true;
    }
    if (!open_.empty() && open_.back().indent == line_.indent) {
      open_.pop_back();
      outward = false;
    }
    if (outward) {
      return ErrorAt(line_.tokens[0],
                     "the indentation of a line above (this is between two)");
    }
    if (!open_.empty()) {
      parent = open_.back().index;
      const RegionRow& row = map_.regions[*parent];
      if (row.type == "alias") {
        return ErrorAt(line_.tokens[0],
                       absl::StrCat("no deeper indentation: the alias in line ",
                                    row.line, " has no children"));
      }
      if (open_.size() > static_cast<size_t>(kMaxNesting)) {
        return ErrorAt(line_.tokens[0],
                       absl::StrCat("at most ", kMaxNesting, " levels"));
      }
    }
    open_.push_back({line_.indent, index});
    return absl::OkStatus();
  }

  // The row's id: the label if that is a number, else one more than that of
  // the line before.
  absl::Status Identify(MapRegion& region, size_t index) {
    const MapToken* label = nullptr;
    if (region.label_column != 0) {
      for (const MapToken& token : line_.tokens) {
        if (token.column == region.label_column) label = &token;
      }
      const bool number =
          !region.label.empty() &&
          absl::ascii_isdigit(static_cast<unsigned char>(region.label[0]));
      const auto id = number ? ParseDecimal(region.label) : std::nullopt;
      if (number ? !id || *id >= kMaxMapNumber : !IsPlainWord(region.label)) {
        return ErrorAt(*label, "a label (such as &uart2) or &ID");
      }
      if (id) next_id_ = *id;
      if (!labels_.emplace(region.label, index).second) {
        return ErrorAt(*label, "a label that no other region has");
      }
    }
    if (!ids_.insert(next_id_).second) {
      const std::string expected = absl::StrCat(
          "an id that no other region has (&NUMBER), not ", next_id_);
      return ErrorAt(label != nullptr ? *label : line_.tokens[0], expected);
    }
    region.row.id = next_id_++;
    return absl::OkStatus();
  }

  // Siblings stand in the order of their age, here and in the table.
  absl::Status PlaceInTable(const MapRegion& region, Extra& extra) {
    if (region.table_row) next_row_ = *region.table_row;
    extra.table_row = next_row_++;
    int64_t& newest =
        extra.parent ? newest_child_[*extra.parent] : newest_root_;
    if (newest >= extra.table_row) {
      return Error(
          line_.number,
          region.table_row ? region.table_row_column : line_.tokens[0].column,
          absl::StrCat("a row after ", newest,
                       " (row=N), that of an older sibling"),
          absl::StrCat("row=", extra.table_row));
    }
    newest = extra.table_row;
    newest_child_.push_back(-1);
    return absl::OkStatus();
  }

  // space NAME = ROOT
  absl::Status ReadSpace() {
    const auto& tokens = line_.tokens;
    SpaceRow space;
    space.line = line_.number;
    if (tokens.size() < 2) return ErrorAtEnd("the name of an address space");
    if (!tokens[1].quoted && !IsPlainWord(tokens[1].raw)) {
      return ErrorAt(tokens[1],
                     "a name (in quotes unless it is letters, "
                     "digits and _.:/[]-)");
    }
    space.name = tokens[1].Text();
    const absl::string_view root = "= and the root region";
    if (tokens.size() < 3) return ErrorAtEnd(root);
    if (!tokens[2].Is("=")) return ErrorAt(tokens[2], root);
    if (tokens.size() < 4) return ErrorAtEnd("a region's name or &LABEL");
    MapReference reference;
    PLANISH_RETURN_IF_ERROR(
        ReadReference(source_.name, line_.number, tokens[3], reference));
    if (tokens.size() > 4) return ErrorAt(tokens[4], "the end of the line");
    map_.spaces.push_back(std::move(space));
    roots_.push_back(std::move(reference));
    return absl::OkStatus();
  }

  // columns [owner] [kind[=all]] [unmergeable[=0|1]] [romd[=0|1]]
  absl::Status ReadColumns() {
    if (has_columns_ || !map_.regions.empty()) {
      return ErrorAt(line_.tokens[0], "columns once, above all regions");
    }
    has_columns_ = true;
    for (size_t i = 1; i < line_.tokens.size(); ++i) {
      const MapToken& token = line_.tokens[i];
      const size_t equals = token.raw.find('=');
      const absl::string_view name = token.raw.substr(0, equals);
      const absl::string_view value =
          equals == absl::string_view::npos ? "" : token.raw.substr(equals + 1);
      bool good = false;
      if (name == "owner") {
        good = equals == absl::string_view::npos;
      } else if (name == "kind") {
        defaults_.kind_everywhere = value == "all";
        good = equals == absl::string_view::npos || value == "all";
      } else if (name == "unmergeable" || name == "romd") {
        std::optional<bool>& column =
            name == "romd" ? defaults_.romd : defaults_.unmergeable;
        if (value == "0" || value == "1") column = value == "1";
        good = equals == absl::string_view::npos || column.has_value();
      }
      auto& columns = map_.shape.extra_columns;
      if (!good || std::count(columns.begin(), columns.end(), name) > 0) {
        return ErrorAt(token,
                       "owner, kind, kind=all, unmergeable, unmergeable=0, "
                       "romd or romd=0, each once");
      }
      columns.emplace_back(name);
    }
    return absl::OkStatus();
  }

  // owners beside
  absl::Status ReadOwnersLine() {
    if (line_.tokens.size() < 2) return ErrorAtEnd("beside");
    if (!line_.tokens[1].Is("beside")) {
      return ErrorAt(line_.tokens[1], "beside");
    }
    if (line_.tokens.size() > 2) {
      return ErrorAt(line_.tokens[2], "the end of the line");
    }
    map_.shape.owners_beside = true;
    return absl::OkStatus();
  }

  absl::StatusOr<size_t> Resolve(const MapReference& reference) {
    if (reference.is_label) {
      const auto label = labels_.find(reference.name);
      if (label != labels_.end()) return label->second;
      return Error(reference.line, reference.column,
                   "a label that some region has",
                   absl::StrCat("&", reference.name));
    }
    const auto place = names_.find(reference.name);
    if (place == names_.end()) {
      return Error(reference.line, reference.column, "the name of a region",
                   MapWord(reference.name));
    }
    if (place->second.count > 1) {
      return Error(
          reference.line, reference.column,
          absl::StrCat("a label, since ", place->second.count,
                       " regions have this name (write &LABEL behind the name "
                       "of the one that is meant, as in line ",
                       map_.regions[place->second.first].line, ")"),
          MapWord(reference.name));
    }
    return place->second.first;
  }

  absl::Status ResolveReferences() {
    for (size_t i = 0; i < map_.regions.size(); ++i) {
      RegionRow& row = map_.regions[i];
      const Extra& extra = extras_[i];
      if (extra.parent) row.parent = map_.regions[*extra.parent].id;
      const RegionRow* target = nullptr;
      if (extra.target) {
        PLANISH_ASSIGN_OR_RETURN(const size_t index, Resolve(*extra.target));
        target = &map_.regions[index];
        row.alias = target->id;
        // Open: not known until its own turn, and never for itself.
        if (extras_[index].size_is_open) target = nullptr;
      }
      if (!extra.size_is_open) continue;
      if (target == nullptr || target->size <= row.alias_offset) {
        return Error(row.line, extra.size_column,
                     target == nullptr
                         ? "+SIZE, since the target has none written"
                         : "+SIZE, since the target ends before the offset",
                     extra.found_instead);
      }
      // NOLINTNEXTLINE(bugprone-unchecked-optional-access): below 2^64.
      row.size = *ByteCount::FromWide(target->size.wide() - row.alias_offset);
    }
    for (size_t i = 0; i < map_.spaces.size(); ++i) {
      PLANISH_ASSIGN_OR_RETURN(const size_t index, Resolve(roots_[i]));
      map_.spaces[i].root = map_.regions[index].id;
    }
    return absl::OkStatus();
  }

  // Brings the rows into the order of the table.
  absl::Status OrderRows() {
    std::vector<size_t> order(map_.regions.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      return extras_[a].table_row < extras_[b].table_row;
    });
    std::vector<RegionRow> rows;
    rows.reserve(order.size());
    for (size_t i = 0; i < order.size(); ++i) {
      RegionRow& row = map_.regions[order[i]];
      const int64_t at = extras_[order[i]].table_row;
      if (i > 0 && extras_[order[i - 1]].table_row == at) {
        return Error(row.line, 1,
                     absl::StrCat("a row (row=N) that line ", rows.back().line,
                                  " does not have"),
                     absl::StrCat("row=", at));
      }
      rows.push_back(std::move(row));
    }
    map_.regions = std::move(rows);
    return absl::OkStatus();
  }

  const Source& source_;
  Lines lines_;
  MapLine line_;  // The one being read.
  MapDescription map_;
  bool has_columns_ = false;
  ColumnDefaults defaults_;

  std::vector<Extra> extras_;          // Of map_.regions.
  std::vector<MapReference> roots_;    // Of map_.spaces.
  std::vector<Open> open_;             // From the outermost container.
  std::vector<int64_t> newest_child_;  // Of each region: a table row, or -1.
  int64_t newest_root_ = -1;
  int64_t next_id_ = 0;
  int64_t next_row_ = 0;
  absl::flat_hash_set<RowId> ids_;
  absl::flat_hash_map<std::string, Place> names_;
  absl::flat_hash_map<std::string, size_t> labels_;
};

}  // namespace

absl::StatusOr<MapDescription> ReadMap(const Source& map) {
  return MapReader(map).Read();
}

}  // namespace planish::text
