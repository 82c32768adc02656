#include "planish/tools/input.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "planish/base/status_macros.h"
#include "planish/text/text.h"
#include "planish/tools/style.h"

namespace planish::tools {
namespace {

constexpr absl::string_view kStdin = "-";

// From owners.tsv beside the table. The caller did not name that file, so one
// that doesn't fit is said to be left out, and no error.
void AddOwners(Console& console, absl::string_view file,
               text::MapDescription& map) {
  if (file == kStdin) return;
  const std::string table = ResolvePath(console, file);
  const std::string folder = std::filesystem::path(table).parent_path();
  const auto path = FindInFolder(folder.empty() ? "." : folder, "owners.tsv");
  if (!path.has_value()) return;
  const auto text = ReadInput(console, *path);
  const absl::Status status =
      text.ok() ? text::ReadOwners({*path, *text}, map) : text.status();
  if (!status.ok()) {
    Note(console, absl::StrCat("owners are left out: ", status.message()));
  }
}

absl::StatusOr<text::MapDescription> ReadPair(Console& console,
                                              const MapInput& input) {
  PLANISH_ASSIGN_OR_RETURN(const std::string tree,
                           ReadInput(console, input.tree));
  PLANISH_ASSIGN_OR_RETURN(const std::string flat,
                           ReadInput(console, input.flat));
  PLANISH_ASSIGN_OR_RETURN(
      text::MapDescription map,
      text::ReadMtree({input.tree, tree}, {input.flat, flat}));
  // Results follow from what was taken, so nobody may miss it.
  for (const std::string& line : map.undecided) {
    Note(console, absl::StrCat("undecided: ", Printable(line)));
  }
  return map;
}

}  // namespace

std::string ResolvePath(const Console& console, absl::string_view path) {
  if (path == kStdin || console.directory.empty()) return std::string(path);
  return std::filesystem::path(console.directory) / std::string(path);
}

absl::StatusOr<std::string> ReadInput(Console& console,
                                      absl::string_view path) {
  if (path == kStdin && std::exchange(console.stdin_read, true)) {
    return absl::InvalidArgumentError("- is given twice; stdin is read once");
  }
  return text::ReadFile(ResolvePath(console, path));
}

absl::StatusOr<text::MapDescription> ReadMapInput(Console& console,
                                                  const MapInput& input) {
  if (!input.tree.empty()) return ReadPair(console, input);
  PLANISH_ASSIGN_OR_RETURN(const std::string text,
                           ReadInput(console, input.file));
  PLANISH_ASSIGN_OR_RETURN(text::MapDescription map,
                           text::ReadAny({input.file, text}));
  if (text::IsTable(text)) AddOwners(console, input.file, map);
  return map;
}

absl::StatusOr<text::Delta> ReadDeltaInput(Console& console,
                                           absl::string_view path) {
  PLANISH_ASSIGN_OR_RETURN(const std::string text, ReadInput(console, path));
  // A step that changes nothing still says `# from`; this is a lost file.
  if (absl::StripLeadingAsciiWhitespace(text).empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ":1:1: expected a step, found end of file"));
  }
  return text::ReadDelta({std::string(path), text});
}

absl::StatusOr<std::unique_ptr<text::Machine>> LoadMachine(
    Console& console, const MapInput& input) {
  PLANISH_ASSIGN_OR_RETURN(const text::MapDescription map,
                           ReadMapInput(console, input));
  return text::Machine::Create(map);
}

std::optional<std::string> FindInFolder(absl::string_view folder,
                                        absl::string_view name) {
  for (const absl::string_view suffix : {"", ".gz"}) {
    std::string path = absl::StrCat(folder, "/", name, suffix);
    std::error_code error;
    if (std::filesystem::is_regular_file(path, error)) return path;
  }
  return std::nullopt;
}

}  // namespace planish::tools
