#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "planish/base/addr.h"
#include "planish/regions/region.h"
#include "planish/text/map_description.h"
#include "planish/text/map_line.h"
#include "planish/text/map_tokens.h"
#include "planish/text/numbers.h"
#include "planish/text/readers.h"
#include "planish/text/row_columns.h"

namespace planish::text {
namespace {

constexpr size_t kIndent = 2;
// Longer names than this don't push the addresses of their siblings out.
constexpr size_t kMaxAligned = 40;

// The more frequent of what most rows have in an optional column: nothing, or
// one of the two flags.
std::optional<bool> MostFrequent(const std::vector<RegionRow>& rows,
                                 std::optional<bool> RegionRow::*column) {
  const auto count = [&](std::optional<bool> value) {
    return std::count_if(rows.begin(), rows.end(), [&](const RegionRow& row) {
      return row.*column == value;
    });
  };
  std::optional<bool> best;
  for (const std::optional<bool> value : {false, true}) {
    if (count(value) > count(best)) best = value;
  }
  return best;
}

absl::string_view Digit(std::optional<bool> flag) {
  if (!flag) return "-";
  return *flag ? "1" : "0";
}

class MapWriter {
 public:
  explicit MapWriter(const MapDescription& map) : map_(map) {}

  std::string Write() {
    out_ = "# planish map\n";
    WriteColumns();
    Arrange();
    WriteRegions();
    if (!map_.spaces.empty()) out_ += '\n';
    for (const SpaceRow& space : map_.spaces) {
      absl::StrAppend(&out_, "space ", MapWord(space.name), " = ",
                      Reference(space.root), "\n");
    }
    return std::move(out_);
  }

 private:
  // What the lines need not tell, and a columns line if the reader would not
  // guess it.
  void WriteColumns() {
    const std::vector<std::string> columns = TableColumns(map_);
    std::string line = "columns";
    for (const std::string& column : columns) {
      absl::StrAppend(&line, " ", column);
      if (column == ColumnName(Column::kKind)) {
        const auto told = std::count_if(
            map_.regions.begin(), map_.regions.end(),
            [](const RegionRow& row) { return row.kind.has_value(); });
        defaults_.kind_everywhere =
            static_cast<size_t>(told) > map_.regions.size() / 2;
        if (defaults_.kind_everywhere) line += "=all";
      } else if (column == ColumnName(Column::kUnmergeable)) {
        defaults_.unmergeable =
            MostFrequent(map_.regions, &RegionRow::unmergeable);
        if (defaults_.unmergeable) {
          absl::StrAppend(&line, "=", Digit(defaults_.unmergeable));
        }
      } else if (column == ColumnName(Column::kRomd)) {
        defaults_.romd = MostFrequent(map_.regions, &RegionRow::romd);
        if (defaults_.romd) absl::StrAppend(&line, "=", Digit(defaults_.romd));
      }
    }
    if (columns != NeededColumns(map_) || defaults_ != ColumnDefaults()) {
      absl::StrAppend(&out_, line, "\n");
    }
    if (map_.shape.owners_beside) out_ += "owners beside\n";
  }

  // Rows as lines: each behind its container, siblings by age.
  void Arrange() {
    const size_t count = map_.regions.size();
    for (size_t i = 0; i < count; ++i) {
      index_of_.emplace(map_.regions[i].id, i);
      ++uses_of_name_[map_.regions[i].name];
    }
    std::vector<std::vector<size_t>> children(count);
    std::vector<Line> todo;  // Last in, first out.
    for (size_t i = count; i-- > 0;) {
      const auto parent = map_.regions[i].parent
                              ? index_of_.find(*map_.regions[i].parent)
                              : index_of_.end();
      if (parent == index_of_.end()) {
        todo.push_back({i, 0, kNoGroup});
      } else {
        children[parent->second].push_back(i);  // Newest first.
      }
    }
    while (!todo.empty()) {
      const Line line = todo.back();
      todo.pop_back();
      lines_.push_back(line);
      for (const size_t child : children[line.index]) {
        todo.push_back({child, line.depth + 1, line.index});
      }
    }
    for (const RegionRow& row : map_.regions) {
      if (row.alias) NoteReference(*row.alias);
    }
    for (const SpaceRow& space : map_.spaces) NoteReference(space.root);
  }

  void NoteReference(RowId id) {
    const auto found = index_of_.find(id);
    if (found == index_of_.end()) return;
    if (uses_of_name_[map_.regions[found->second].name] > 1) {
      needs_label_.insert(id);
    }
  }

  // How another line names the region.
  std::string Reference(RowId id) const {
    const auto found = index_of_.find(id);
    if (found == index_of_.end() || needs_label_.contains(id)) {
      return absl::StrCat("&", id);
    }
    return MapWord(map_.regions[found->second].name);
  }

  void WriteRegions() {
    // Names and labels, as long as the longest among their siblings.
    struct Widths {
      size_t kind = 0;
      size_t head = 0;
    };
    std::vector<std::string> heads(map_.regions.size());
    absl::flat_hash_map<size_t, Widths> widths;
    RowId next_id = 0;
    for (const Line& line : lines_) {
      const RegionRow& row = map_.regions[line.index];
      std::string& head = heads[line.index];
      head = MapWord(row.name);
      if (row.id != next_id || needs_label_.contains(row.id)) {
        absl::StrAppend(&head, " &", row.id);
      }
      next_id = row.id + 1;
      if (row.EffectiveKind() == RegionKind::kAlias) {
        absl::StrAppend(&head, " -> ",
                        row.alias ? Reference(*row.alias) : std::string("-"));
        if (row.alias_offset != 0) {
          absl::StrAppend(&head, " @", ShortSize(row.alias_offset));
        }
      }
      Widths& group = widths[line.group];
      group.kind =
          std::max(group.kind, RegionKindName(row.EffectiveKind()).size());
      if (head.size() <= kMaxAligned) {
        group.head = std::max(group.head, head.size());
      }
    }
    size_t next_row = 0;
    for (const Line& line : lines_) {
      const RegionRow& row = map_.regions[line.index];
      const Widths& group = widths[line.group];
      out_.append(line.depth * kIndent, ' ');
      const absl::string_view kind = RegionKindName(row.EffectiveKind());
      absl::StrAppend(&out_, kind,
                      std::string(group.kind - kind.size() + 1, ' '));
      const std::string& head = heads[line.index];
      out_ += head;
      const std::string rest = Place(row) + Attributes(row);
      if (!rest.empty() && head.size() < group.head) {
        out_.append(group.head - head.size(), ' ');
      }
      out_ += rest;
      if (line.index != next_row) absl::StrAppend(&out_, " row=", line.index);
      next_row = line.index + 1;
      out_ += '\n';
    }
  }

  static std::string Place(const RegionRow& row) {
    const RegionKind kind = row.EffectiveKind();
    const bool may_be_whole =
        kind == RegionKind::kContainer || kind == RegionKind::kIommu;
    if (may_be_whole && row.addr == Addr(0) &&
        row.size == ByteCount::TwoTo64()) {
      return "";
    }
    return absl::StrCat(" 0x", HexDigits(row.addr.raw()), " +",
                        ShortSize(row.size));
  }

  std::string Attributes(const RegionRow& row) const {
    const RegionKind kind = row.EffectiveKind();
    std::string out;
    if (row.priority != 0) absl::StrAppend(&out, " prio ", row.priority);
    if (!row.enabled) out += " disabled";
    if (row.readonly && kind != RegionKind::kRom) out += " readonly";
    if (row.nonvolatile) out += " nonvolatile";
    if (row.unmergeable != defaults_.unmergeable) {
      out += " unmergeable";
      if (row.unmergeable != true) {
        absl::StrAppend(&out, "=", Digit(row.unmergeable));
      }
    }
    if (row.romd != defaults_.romd) {
      absl::StrAppend(&out, " romd=", Digit(row.romd));
    }
    if (row.owner) absl::StrAppend(&out, " owner ", MapWord(*row.owner));
    if (row.type != DefaultType(row, kind)) {
      absl::StrAppend(&out, " type=", row.type);
    }
    if (row.kind != DefaultKind(row, kind, defaults_.kind_everywhere)) {
      absl::StrAppend(&out,
                      " kind=", row.kind ? RegionKindName(*row.kind) : "-");
    }
    return out;
  }

  static constexpr size_t kNoGroup = SIZE_MAX;
  struct Line {
    size_t index;  // In map_.regions.
    size_t depth;
    size_t group;  // The index of its container, or kNoGroup.
  };

  const MapDescription& map_;
  ColumnDefaults defaults_;
  absl::flat_hash_map<RowId, size_t> index_of_;
  absl::flat_hash_map<absl::string_view, size_t> uses_of_name_;
  absl::flat_hash_set<RowId> needs_label_;
  std::vector<Line> lines_;
  std::string out_;
};

}  // namespace

std::string WriteMap(const MapDescription& map) {
  return MapWriter(map).Write();
}

}  // namespace planish::text
