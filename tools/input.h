// Input: the files that commands are given, read.
//
//   FILE           a topology table or a map, plain or gzip; "-" is stdin.
//                  Owners come from owners.tsv(.gz) beside a table that has
//                  no owner column.
//   --tree --flat  QEMU's `info mtree -o -D` and `info mtree -f -o` of the
//                  same moment, in FILE's stead.
//
// Paths are relative to the caller's folder. An empty file is malformed.
//
// ERRORS  kNotFound, kInvalidArgument and others, with the file's name: all of
//   them are Fail()'s.

#ifndef PLANISH_TOOLS_INPUT_H_
#define PLANISH_TOOLS_INPUT_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "planish/text/text.h"
#include "planish/tools/console.h"

namespace planish::tools {

// Either `file`, or `tree` and `flat`.
struct MapInput {
  std::string file;
  std::string tree;
  std::string flat;

  // What messages call it.
  const std::string& name() const { return file.empty() ? tree : file; }
};

// `path` seen from the caller's folder. "-" stays.
std::string ResolvePath(const Console& console, absl::string_view path);

// The whole text, unzipped. kInvalidArgument if stdin was read before.
absl::StatusOr<std::string> ReadInput(Console& console, absl::string_view path);

absl::StatusOr<text::MapDescription> ReadMapInput(Console& console,
                                                  const MapInput& input);
absl::StatusOr<text::Delta> ReadDeltaInput(Console& console,
                                           absl::string_view path);
// The map, brought to life.
absl::StatusOr<std::unique_ptr<text::Machine>> LoadMachine(
    Console& console, const MapInput& input);

// `folder`/`name` or `folder`/`name`.gz, whichever is there.
std::optional<std::string> FindInFolder(absl::string_view folder,
                                        absl::string_view name);

}  // namespace planish::tools

#endif  // PLANISH_TOOLS_INPUT_H_
