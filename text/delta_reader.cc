#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "planish/base/status_macros.h"
#include "planish/regions/region.h"
#include "planish/text/delta.h"
#include "planish/text/lines.h"
#include "planish/text/map_description.h"
#include "planish/text/numbers.h"
#include "planish/text/parse_error.h"
#include "planish/text/readers.h"
#include "planish/text/row_columns.h"
#include "planish/text/tabbed_reader.h"

namespace planish::text {
namespace {

// How a delta calls the columns that it can set.
struct FieldWord {
  absl::string_view word;
  DeltaField field;
  Column column;
};

constexpr std::array<FieldWord, 14> kFields = {{
    {"addr", DeltaField::kAddr, Column::kAddr},
    {"size", DeltaField::kSize, Column::kSize},
    {"prio", DeltaField::kPriority, Column::kPriority},
    {"type", DeltaField::kType, Column::kType},
    {"term", DeltaField::kTerminates, Column::kTerminates},
    {"ro", DeltaField::kReadonly, Column::kReadonly},
    {"nv", DeltaField::kNonvolatile, Column::kNonvolatile},
    {"enabled", DeltaField::kEnabled, Column::kEnabled},
    {"alias", DeltaField::kAlias, Column::kAlias},
    {"alias_off", DeltaField::kAliasOffset, Column::kAliasOffset},
    {"owner", DeltaField::kOwner, Column::kOwner},
    {"kind", DeltaField::kKind, Column::kKind},
    {"unmergeable", DeltaField::kUnmergeable, Column::kUnmergeable},
    {"romd", DeltaField::kRomd, Column::kRomd},
}};

constexpr absl::string_view kId = "a region's id (decimal)";

// The value that SetColumn() left in `row`, which had none before.
decltype(DeltaSet::value) ValueOf(const RegionRow& row, DeltaField field) {
  switch (field) {
    case DeltaField::kAddr:
      return row.addr.raw();
    case DeltaField::kSize:
      return row.size;
    case DeltaField::kPriority:
      return row.priority;
    case DeltaField::kType:
      return row.type;
    case DeltaField::kTerminates:
      return row.terminates;
    case DeltaField::kReadonly:
      return row.readonly;
    case DeltaField::kNonvolatile:
      return row.nonvolatile;
    case DeltaField::kEnabled:
      return row.enabled;
    case DeltaField::kAlias:
      return row.alias;
    case DeltaField::kAliasOffset:
      return row.alias_offset;
    case DeltaField::kOwner:
      return row.owner.value_or("");
    case DeltaField::kKind:
      return row.kind.value_or(RegionKind::kContainer);
    case DeltaField::kUnmergeable:
      return row.unmergeable.value_or(false);
    case DeltaField::kRomd:
      return row.romd.value_or(true);
  }
  return false;
}

class DeltaReader : private TabbedReader {
 public:
  explicit DeltaReader(const Source& source) : TabbedReader(source) {
    delta_.source = source.name;
  }

  absl::StatusOr<Delta> Read() {
    while (lines_.Next()) {
      absl::string_view line = lines_.line();
      if (line.empty()) continue;
      if (line[0] == '#') {
        if (lines_.number() == 1 && absl::ConsumePrefix(&line, "# from ")) {
          delta_.from = std::string(line);
        }
        continue;
      }
      DeltaStep step;
      step.line = lines_.number();
      PLANISH_RETURN_IF_ERROR(ReadStep(step));
      delta_.steps.push_back(std::move(step));
    }
    return std::move(delta_);
  }

 private:
  absl::Status ReadId(Fields& fields, absl::string_view expected, RowId& id,
                      int& column) {
    PLANISH_RETURN_IF_ERROR(NextField(fields, expected));
    const auto parsed = ParseDecimal(fields.field());
    if (!parsed) return Error(fields, expected);
    id = *parsed;
    column = fields.column();
    return absl::OkStatus();
  }

  absl::Status ReadStep(DeltaStep& step) {
    Fields fields(lines_.line());
    fields.Next();
    const absl::string_view word = fields.field();
    if (word == "del") {
      DeltaUnlink unlink{};
      PLANISH_RETURN_IF_ERROR(ReadId(fields, kId, unlink.id, step.id_column));
      step.op = unlink;
    } else if (word == "add") {
      DeltaLink link{};
      PLANISH_RETURN_IF_ERROR(ReadId(fields, kId, link.id, step.id_column));
      PLANISH_RETURN_IF_ERROR(ReadId(fields, "the id of its container",
                                     link.parent, step.value_column));
      step.op = link;
    } else if (word == "-") {
      DeltaGone gone{};
      PLANISH_RETURN_IF_ERROR(ReadId(fields, kId, gone.id, step.id_column));
      step.op = gone;
    } else if (word == "+") {
      PLANISH_RETURN_IF_ERROR(ReadNew(fields, step));
    } else if (word == "A" || word == "a") {
      PLANISH_RETURN_IF_ERROR(ReadSpace(fields, step, word == "A"));
    } else {
      PLANISH_RETURN_IF_ERROR(ReadSet(fields, step));
    }
    if (fields.Next()) return Error(fields, "no further column");
    return absl::OkStatus();
  }

  absl::Status ReadNew(Fields& fields, DeltaStep& step) {
    DeltaNew made;
    made.row.line = lines_.number();
    for (size_t i = 0; i < kBaseColumns; ++i) {
      const auto column = static_cast<Column>(i);
      const absl::string_view expected =
          column == Column::kParent ? "- (add puts it into a container)"
                                    : ColumnContent(column);
      PLANISH_RETURN_IF_ERROR(NextField(fields, expected));
      if (column == Column::kId) step.id_column = fields.column();
      if (column == Column::kAlias) step.value_column = fields.column();
      if (!SetColumn(made.row, column, fields.field()) ||
          made.row.parent.has_value()) {
        return Error(fields, expected);
      }
    }
    step.op = std::move(made);
    return absl::OkStatus();
  }

  absl::Status ReadSpace(Fields& fields, DeltaStep& step, bool made) {
    PLANISH_RETURN_IF_ERROR(NextField(fields, "the name of an address space"));
    std::string name(fields.field());
    step.id_column = fields.column();
    RowId root = 0;
    PLANISH_RETURN_IF_ERROR(
        ReadId(fields, "the id of the root region", root, step.value_column));
    if (made) {
      step.op = DeltaAddSpace{std::move(name), root};
    } else {
      step.op = DeltaRemoveSpace{std::move(name), root};
    }
    return absl::OkStatus();
  }

  absl::Status ReadSet(Fields& fields, DeltaStep& step) {
    const FieldWord* word = nullptr;
    for (const FieldWord& field : kFields) {
      if (field.word == fields.field()) word = &field;
    }
    if (word == nullptr) {
      return Error(fields,
                   "del, add, +, -, A, a or a field (addr, size, prio, type, "
                   "term, ro, nv, enabled, alias, alias_off, owner, kind, "
                   "unmergeable, romd)");
    }
    DeltaSet set{};
    set.field = word->field;
    PLANISH_RETURN_IF_ERROR(ReadId(fields, kId, set.id, step.id_column));
    const absl::string_view expected = ColumnContent(word->column);
    PLANISH_RETURN_IF_ERROR(NextField(fields, expected));
    step.value_column = fields.column();
    RegionRow scratch;
    // "-" is a value for a target only: a delta has nothing to fall back to.
    const bool none =
        fields.field() == "-" && word->field != DeltaField::kAlias;
    if (none || !SetColumn(scratch, word->column, fields.field())) {
      return Error(fields, none ? "a value" : expected);
    }
    set.value = ValueOf(scratch, word->field);
    step.op = std::move(set);
    return absl::OkStatus();
  }

  Delta delta_;
};

}  // namespace

absl::StatusOr<Delta> ReadDelta(const Source& delta) {
  return DeltaReader(delta).Read();
}

}  // namespace planish::text
