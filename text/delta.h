// Delta: one update step of a topology table (delta.tsv), parsed.
//
//   del ID               takes a region out of its container
//   + ID - FIELDS...     a new region, not in a container yet
//   FIELD ID VALUE       sets a field in place; the order among siblings stays
//   add ID PARENT        puts a region into a container, as the newest
//   A NAME ROOT          a space is made         a NAME ROOT    a space goes
//   - ID                 a region goes
//
// Ids are those of the table that the step starts from; new ones go on from
// there. Grammar: docs/TEXT.md.
//
// THREAD SAFETY  A plain value.

#ifndef PLANISH_TEXT_DELTA_H_
#define PLANISH_TEXT_DELTA_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "planish/base/addr.h"
#include "planish/regions/region.h"
#include "planish/text/map_description.h"

namespace planish::text {

enum class DeltaField : uint8_t {
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
  // The table's optional columns.
  kOwner,  // Only of a region that is new in the same delta (O1).
  kKind,
  kUnmergeable,
  kRomd,
};

struct DeltaUnlink {
  RowId id;
};
struct DeltaNew {
  RegionRow row;
};
struct DeltaSet {
  RowId id;
  DeltaField field;
  // By field: an address or offset, a size, a priority, a flag, a type or
  // owner, an alias' target (nothing: none), a kind.
  std::variant<uint64_t, ByteCount, int32_t, bool, std::string,
               std::optional<RowId>, RegionKind>
      value;
};
struct DeltaLink {
  RowId id;
  RowId parent;
};
struct DeltaAddSpace {
  std::string name;
  RowId root;
};
struct DeltaRemoveSpace {
  std::string name;
  RowId root;
};
struct DeltaGone {
  RowId id;
};

struct DeltaStep {
  std::variant<DeltaUnlink, DeltaNew, DeltaSet, DeltaLink, DeltaAddSpace,
               DeltaRemoveSpace, DeltaGone>
      op;
  // Where it was read from, for messages: the line, and the columns of its id
  // (of a space: its name) and of its value: the field's, the parent, the
  // root, a new alias' target.
  int line = 0;
  int id_column = 0;
  int value_column = 0;
};

struct Delta {
  std::string source;
  std::string from;  // The step that its first line names; may be empty.
  std::vector<DeltaStep> steps;
};

}  // namespace planish::text

#endif  // PLANISH_TEXT_DELTA_H_
