// MapDescription: a region graph as plain rows, the form in which every reader
// answers and from which every writer prints. No pointers, no behaviour: row
// order carries the age of siblings (a later row is newer), as in the corpus'
// topology tables (docs/TEXT.md).
//
//   file --reader--> MapDescription --Machine::Create()--> live graph, spaces
//                          |                                     ^
//                        writer --> file      delta.tsv --Apply()-'
//
// THREAD SAFETY  A plain value.

#ifndef PLANISH_TEXT_MAP_DESCRIPTION_H_
#define PLANISH_TEXT_MAP_DESCRIPTION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "planish/base/addr.h"
#include "planish/regions/region.h"

namespace planish::text {

// A region's name in a description: any number from 0, unique among its rows.
using RowId = int64_t;

// One region. The fields are the columns of the topology table; which of them
// may stand together is row_columns.h's.
struct RegionRow {
  RowId id = 0;
  std::optional<RowId> parent;
  std::string name;
  Addr addr;
  ByteCount size;
  int32_t priority = 0;
  // As QEMU prints it: i/o, ram, rom, romd, ramd, container; or alias.
  std::string type;
  bool terminates = false;
  bool readonly = false;
  bool nonvolatile = false;
  bool enabled = true;
  // Aliases only; an alias without a target shows nothing.
  std::optional<RowId> alias;
  uint64_t alias_offset = 0;

  // Optional columns. An absent kind follows from type, terminates, readonly;
  // an absent romd from type; an absent unmergeable is false.
  std::optional<std::string> owner;  // As QEMU prints it: "owner:{dev id=x}".
  std::optional<RegionKind> kind;
  std::optional<bool> unmergeable;
  std::optional<bool> romd;

  int line = 0;  // Where it was read from; 0 if it was not.

  // The kind that the row means.
  RegionKind EffectiveKind() const;
  // ROM devices: whether reads go straight to memory.
  bool EffectiveRomd() const { return romd.value_or(type == "romd"); }
};

// One address space.
struct SpaceRow {
  std::string name;
  RowId root = 0;
  int line = 0;
};

// What the topology table that this came from looked like, so that the table
// can be written again to the letter.
struct TableShape {
  // Optional columns named in the header line, in order. Those that the rows
  // need and that are not here come behind them.
  std::vector<std::string> extra_columns;
  // Owners came from an owners.tsv beside the table, not from a column.
  bool owners_beside = false;

  friend bool operator==(const TableShape&, const TableShape&) = default;
};

struct MapDescription {
  std::string source;  // For messages: a file's name.
  std::vector<RegionRow> regions;
  std::vector<SpaceRow> spaces;
  TableShape shape;
  // What the text left open and no view depended on: one line each, without
  // the word "undecided".
  std::vector<std::string> undecided;
};

}  // namespace planish::text

#endif  // PLANISH_TEXT_MAP_DESCRIPTION_H_
