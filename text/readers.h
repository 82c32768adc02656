// The readers and writers of maps, behind one interface: text in, rows out.
// The grammars are in docs/TEXT.md.
//
//   format          reader               writer
//   topology table  ReadTable()          WriteTable()
//   map             ReadMap()            WriteMap()
//   QEMU's pair     ReadMtree()          WriteFlatViews() (flat_writer.h)
//
// ReadAny() tells the first two apart by their first line.
//
// All take whole texts, so that an embedder may get them from anywhere; files,
// gzip and stdin are file.h's.
//
// What one writes the other reads: WriteTable(ReadTable(x)) is x where x is
// written as WriteTable() writes (hex in lower case without leading zeros, "-"
// for what is absent), and nothing is lost from a table to a map and back.
//
// ERRORS  kInvalidArgument: "SOURCE:LINE:COL: expected X, found Y". A text
//   without any region is malformed. No input aborts, recurses without bound or
//   allocates more than a fixed multiple of its own length.

#ifndef PLANISH_TEXT_READERS_H_
#define PLANISH_TEXT_READERS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "planish/text/delta.h"
#include "planish/text/map_description.h"

namespace planish::text {

// A text, and what messages call it: a file's name, "-".
struct Source {
  std::string name;
  absl::string_view text;
};

absl::StatusOr<MapDescription> ReadAny(const Source& source);
// What ReadAny() takes for a table: its first line begins like one.
bool IsTable(absl::string_view text);

absl::StatusOr<MapDescription> ReadTable(const Source& table);
// Takes owners from an owners.tsv that lies beside a table. A table's own owner
// column comes first: then this only checks the text.
absl::Status ReadOwners(const Source& owners, MapDescription& map);
absl::StatusOr<Delta> ReadDelta(const Source& delta);
absl::StatusOr<MapDescription> ReadMap(const Source& map);

// QEMU's `info mtree -o -D` and `info mtree -f -o` of the same moment. What the
// pair leaves open, and no view depends on, is listed in `undecided`.
absl::StatusOr<MapDescription> ReadMtree(const Source& tree,
                                         const Source& flat);

// REQUIRES of both: rows that don't contradict each other (row_columns.h). A
// tab or line end in a name, which no reader lets in, is written as a blank.
std::string WriteTable(const MapDescription& map);
std::string WriteMap(const MapDescription& map);

}  // namespace planish::text

#endif  // PLANISH_TEXT_READERS_H_
