// The readers and writers of maps, behind one interface: text in, rows out.
// The grammars are in docs/TEXT.md.
//
//   format          reader               writer
//   topology table  ReadTable()          WriteTable()
//   map             ReadMap()            WriteMap()
//   QEMU's pair     ReadMtree()          WriteFlatViews() (flat_writer.h)
//   any of the      ReadAny() tells the first two apart by their first line
//
// All take whole texts, so that an embedder may get them from anywhere; files,
// gzip and stdin are file.h's.
//
// ERRORS  kInvalidArgument: "SOURCE:LINE:COL: expected X, found Y". A text
//   without any region is malformed. No input aborts, recurses without bound or
//   allocates more than a fixed multiple of its own length.

#ifndef PLANISH_TEXT_READERS_H_
#define PLANISH_TEXT_READERS_H_

#include <string>

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

absl::StatusOr<MapDescription> ReadTable(const Source& table);
// Takes owners from an owners.tsv that lies beside a table without an owner
// column.
absl::Status ReadOwners(const Source& owners, MapDescription& map);
absl::StatusOr<Delta> ReadDelta(const Source& delta);
absl::StatusOr<MapDescription> ReadMap(const Source& map);

// QEMU's `info mtree -o -D` and `info mtree -f -o` of the same moment. What the
// pair leaves open, and no view depends on, is listed in `undecided`.
absl::StatusOr<MapDescription> ReadMtree(const Source& tree,
                                         const Source& flat);

std::string WriteTable(const MapDescription& map);
std::string WriteMap(const MapDescription& map);

}  // namespace planish::text

#endif  // PLANISH_TEXT_READERS_H_
