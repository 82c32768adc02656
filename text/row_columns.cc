#include "planish/text/row_columns.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "planish/base/addr.h"
#include "planish/regions/region.h"
#include "planish/text/map_description.h"
#include "planish/text/numbers.h"

namespace planish::text {
namespace {

struct ColumnText {
  absl::string_view name;
  absl::string_view content;
};

constexpr std::array<ColumnText, kAllColumns> kColumns = {{
    {"id", "a region's id (decimal)"},
    {"parent", "the id of the container, or -"},
    {"name", "a name"},
    {"addr", "an address in hex"},
    {"size", "a size in hex, at most 10000000000000000"},
    {"prio", "a priority (decimal, 32 bits)"},
    {"type", "i/o, ram, rom, romd, ramd, container or alias"},
    {"terminates", "0 or 1"},
    {"readonly", "0 or 1"},
    {"nonvolatile", "0 or 1"},
    {"enabled", "0 or 1"},
    {"alias", "the id of the alias' target, or -"},
    {"alias_offset", "an offset in hex"},
    {"owner", "an owner, or -"},
    {"kind",
     "container, ram, rom, rom-device, ram-device, mmio, reservation, iommu, "
     "alias or -"},
    {"unmergeable", "0, 1 or -"},
    {"romd", "0, 1 or -"},
}};

constexpr std::array<RegionKind, 9> kKinds = {
    RegionKind::kContainer,   RegionKind::kRam,       RegionKind::kRom,
    RegionKind::kRomDevice,   RegionKind::kRamDevice, RegionKind::kMmio,
    RegionKind::kReservation, RegionKind::kIommu,     RegionKind::kAlias,
};

constexpr std::array<absl::string_view, 7> kTypes = {
    "i/o", "ram", "rom", "romd", "ramd", "container", "alias"};

// Sets `field`, whatever its type, if the text had a value for it.
template <typename Field, typename Value>
bool Set(Field& field, const std::optional<Value>& value) {
  if (value) field = *value;
  return value.has_value();
}

std::optional<bool> ParseFlag(absl::string_view text) {
  if (text == "0") return false;
  if (text == "1") return true;
  return std::nullopt;
}

std::optional<Addr> ParseAddr(absl::string_view text) {
  const std::optional<uint64_t> raw = ParseHex64(text);
  if (!raw) return std::nullopt;
  return Addr(*raw);
}

bool IsIoType(absl::string_view type) {
  return type == "i/o" || type == "container";
}

// Whether a row of this type and mode may be told to be of this kind.
bool KindFitsType(RegionKind kind, absl::string_view type) {
  switch (kind) {
    case RegionKind::kContainer:
    case RegionKind::kMmio:
    case RegionKind::kReservation:
    case RegionKind::kIommu:
      return IsIoType(type);
    case RegionKind::kRam:
    case RegionKind::kRom:
      return type == "ram" || type == "rom";
    case RegionKind::kRomDevice:
      return type == "romd" || IsIoType(type);
    case RegionKind::kRamDevice:
      return type == "ramd";
    case RegionKind::kAlias:
      return type == "alias";
  }
  return false;
}

Contradiction In(Column column, std::string expected, std::string found) {
  return {false, 0, column, std::move(expected), std::move(found)};
}

std::string FlagText(bool flag) { return flag ? "1" : "0"; }

// Depth of each row, or the first row that nests without end or too deep.
// `parents` holds the index of each row's parent, or its own.
std::optional<size_t> FindBadNesting(const std::vector<size_t>& parents) {
  std::vector<int> depths(parents.size(), -1);
  std::vector<size_t> path;
  for (size_t i = 0; i < parents.size(); ++i) {
    path.clear();
    size_t at = i;
    while (depths[at] < 0 && parents[at] != at) {
      path.push_back(at);
      at = parents[at];
      if (path.size() > static_cast<size_t>(kMaxNesting)) return i;
    }
    int depth = std::max(depths[at], 0);
    depths[at] = depth;
    for (; !path.empty(); path.pop_back()) depths[path.back()] = ++depth;
    if (depth > kMaxNesting) return i;
  }
  return std::nullopt;
}

}  // namespace

absl::string_view ColumnName(Column column) {
  return kColumns[static_cast<size_t>(column)].name;
}

std::optional<Column> OptionalColumn(absl::string_view name) {
  for (size_t i = kBaseColumns; i < kAllColumns; ++i) {
    if (kColumns[i].name == name) return static_cast<Column>(i);
  }
  return std::nullopt;
}

absl::string_view ColumnContent(Column column) {
  return kColumns[static_cast<size_t>(column)].content;
}

bool SetColumn(RegionRow& row, Column column, absl::string_view text) {
  // "-" means: none.
  const bool none = text == "-";
  switch (column) {
    case Column::kId:
      return Set(row.id, ParseDecimal(text));
    case Column::kParent:
      row.parent.reset();
      return none || Set(row.parent, ParseDecimal(text));
    case Column::kName:
      row.name = std::string(text);
      return true;
    case Column::kAddr:
      return Set(row.addr, ParseAddr(text));
    case Column::kSize:
      return Set(row.size, ParseHex(text));
    case Column::kPriority:
      return Set(row.priority, ParsePriority(text));
    case Column::kType:
      row.type = std::string(text);
      return IsTypeWord(text);
    case Column::kTerminates:
      return Set(row.terminates, ParseFlag(text));
    case Column::kReadonly:
      return Set(row.readonly, ParseFlag(text));
    case Column::kNonvolatile:
      return Set(row.nonvolatile, ParseFlag(text));
    case Column::kEnabled:
      return Set(row.enabled, ParseFlag(text));
    case Column::kAlias:
      row.alias.reset();
      return none || Set(row.alias, ParseDecimal(text));
    case Column::kAliasOffset:
      return Set(row.alias_offset, ParseHex64(text));
    case Column::kOwner:
      row.owner.reset();
      if (!none && !text.empty()) row.owner = std::string(text);
      return true;
    case Column::kKind:
      row.kind.reset();
      return none || Set(row.kind, KindFromName(text));
    case Column::kUnmergeable:
      row.unmergeable.reset();
      return none || Set(row.unmergeable, ParseFlag(text));
    case Column::kRomd:
      row.romd.reset();
      return none || Set(row.romd, ParseFlag(text));
  }
  return false;
}

std::vector<std::string> NeededColumns(const MapDescription& map) {
  bool owner = false, kind = false, unmergeable = false, romd = false;
  for (const RegionRow& row : map.regions) {
    owner |= row.owner.has_value() && !map.shape.owners_beside;
    kind |= row.kind.has_value();
    unmergeable |= row.unmergeable.has_value();
    romd |= row.romd.has_value();
  }
  std::vector<std::string> needed;
  if (owner) needed.emplace_back(ColumnName(Column::kOwner));
  if (kind) needed.emplace_back(ColumnName(Column::kKind));
  if (unmergeable) needed.emplace_back(ColumnName(Column::kUnmergeable));
  if (romd) needed.emplace_back(ColumnName(Column::kRomd));
  return needed;
}

std::vector<std::string> TableColumns(const MapDescription& map) {
  std::vector<std::string> columns = map.shape.extra_columns;
  for (std::string& name : NeededColumns(map)) {
    if (std::count(columns.begin(), columns.end(), name) == 0) {
      columns.push_back(std::move(name));
    }
  }
  return columns;
}

bool IsTypeWord(absl::string_view type) {
  return std::count(kTypes.begin(), kTypes.end(), type) > 0;
}

std::optional<RegionKind> KindFromName(absl::string_view name) {
  for (const RegionKind kind : kKinds) {
    if (RegionKindName(kind) == name) return kind;
  }
  return std::nullopt;
}

RegionKind KindFromType(const RegionRow& row) {
  if (row.type == "alias") return RegionKind::kAlias;
  if (row.type == "romd") return RegionKind::kRomDevice;
  if (row.type == "ramd") return RegionKind::kRamDevice;
  if (row.type == "ram" || row.type == "rom") {
    return row.readonly ? RegionKind::kRom : RegionKind::kRam;
  }
  return row.terminates ? RegionKind::kMmio : RegionKind::kContainer;
}

RegionKind RegionRow::EffectiveKind() const {
  return kind.value_or(KindFromType(*this));
}

absl::string_view TypeOfKind(RegionKind kind, bool readonly, bool romd) {
  switch (kind) {
    case RegionKind::kRam:
    case RegionKind::kRom:
      return readonly ? "rom" : "ram";
    case RegionKind::kRomDevice:
      return romd ? "romd" : "i/o";
    case RegionKind::kRamDevice:
      return "ramd";
    case RegionKind::kAlias:
      return "alias";
    case RegionKind::kContainer:
    case RegionKind::kMmio:
    case RegionKind::kReservation:
    case RegionKind::kIommu:
      break;
  }
  return "i/o";
}

bool Terminates(RegionKind kind) {
  return kind != RegionKind::kContainer && kind != RegionKind::kAlias;
}

std::optional<Contradiction> FindContradiction(const RegionRow& row) {
  if (!IsTypeWord(row.type)) {
    return In(Column::kType, std::string(ColumnContent(Column::kType)),
              row.type);
  }
  const RegionKind kind = row.EffectiveKind();
  const std::string kind_name(RegionKindName(kind));
  if (!KindFitsType(kind, row.type)) {
    return In(Column::kKind, absl::StrCat("a kind that fits type ", row.type),
              kind_name);
  }
  if (row.terminates != Terminates(kind)) {
    return In(Column::kTerminates,
              absl::StrCat(FlagText(Terminates(kind)), " for ", kind_name),
              FlagText(row.terminates));
  }
  if ((row.type == "rom" || kind == RegionKind::kRom) && !row.readonly) {
    return In(Column::kReadonly, "1 for rom", "0");
  }
  if (kind == RegionKind::kRomDevice && row.romd.has_value() &&
      *row.romd != (row.type == "romd")) {
    return In(Column::kRomd,
              absl::StrCat(FlagText(!*row.romd), " for type ", row.type),
              FlagText(*row.romd));
  }
  if (kind != RegionKind::kAlias && row.alias.has_value()) {
    return In(Column::kAlias, absl::StrCat("- for ", kind_name),
              absl::StrCat(*row.alias));
  }
  if (kind != RegionKind::kAlias && row.alias_offset != 0) {
    return In(Column::kAliasOffset, absl::StrCat("0 for ", kind_name),
              HexDigits(row.alias_offset));
  }
  return std::nullopt;
}

std::optional<Contradiction> FindContradiction(const MapDescription& map) {
  absl::flat_hash_map<RowId, size_t> index_of;
  index_of.reserve(map.regions.size());
  for (size_t i = 0; i < map.regions.size(); ++i) {
    std::optional<Contradiction> found = FindContradiction(map.regions[i]);
    const RowId id = map.regions[i].id;
    if (!found && (id < 0 || !index_of.emplace(id, i).second)) {
      found =
          In(Column::kId, "an id that no other region has", absl::StrCat(id));
    }
    if (found) {
      found->index = i;
      return found;
    }
  }
  std::vector<size_t> parents(map.regions.size());
  for (size_t i = 0; i < map.regions.size(); ++i) {
    const RegionRow& row = map.regions[i];
    std::optional<Contradiction> found;
    parents[i] = i;
    if (row.parent.has_value()) {
      const auto parent = index_of.find(*row.parent);
      if (parent == index_of.end()) {
        found = In(Column::kParent, "the id of a region or -",
                   absl::StrCat(*row.parent));
      } else if (map.regions[parent->second].type == "alias") {
        found = In(Column::kParent, "the id of a region that is no alias",
                   absl::StrCat(*row.parent));
      } else if (parent->second == i) {
        found = In(Column::kParent, "another region's id or -",
                   absl::StrCat(*row.parent));
      } else {
        parents[i] = parent->second;
      }
    }
    if (!found && row.alias.has_value() && !index_of.contains(*row.alias)) {
      found = In(Column::kAlias, "the id of a region or -",
                 absl::StrCat(*row.alias));
    }
    if (found) {
      found->index = i;
      return found;
    }
  }
  if (const std::optional<size_t> deep = FindBadNesting(parents)) {
    Contradiction found =
        In(Column::kParent,
           absl::StrCat("a container that does not lie below itself, nor "
                        "below more than ",
                        kMaxNesting, " others"),
           absl::StrCat(map.regions[*deep].parent.value_or(0)));
    found.index = *deep;
    return found;
  }
  for (size_t i = 0; i < map.spaces.size(); ++i) {
    if (!index_of.contains(map.spaces[i].root)) {
      return Contradiction{true, i, Column::kId, "the id of a region",
                           absl::StrCat(map.spaces[i].root)};
    }
  }
  return std::nullopt;
}

}  // namespace planish::text
