// Files as texts: plain or gzip (told by content, not by name), "-" is stdin.
//
// ERRORS  kNotFound, kInvalidArgument (a folder; damaged gzip), kUnavailable,
//   kResourceExhausted past the limit, each as "PATH: what". The limit counts
//   unpacked bytes, so a small file can't fill the memory.

#ifndef PLANISH_TEXT_FILE_H_
#define PLANISH_TEXT_FILE_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "planish/text/map_description.h"

namespace planish::text {

inline constexpr size_t kMaxFileBytes = size_t{1} << 30;

// The text, without the byte order mark that some editors put before UTF-8.
absl::StatusOr<std::string> ReadFile(const std::string& path,
                                     size_t max_bytes = kMaxFileBytes);

// What `packed` holds if it begins like gzip, else itself.
absl::StatusOr<std::string> Unpacked(std::string packed, absl::string_view name,
                                     size_t max_bytes = kMaxFileBytes);

// Reads a table or a map. Beside a table, owners.tsv or owners.tsv.gz in the
// same folder is read too, if it is there and the table has no owner column.
absl::StatusOr<MapDescription> ReadMapFile(const std::string& path);

}  // namespace planish::text

#endif  // PLANISH_TEXT_FILE_H_
