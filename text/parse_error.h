// How every reader says that a file is malformed: "FILE:LINE:COL: expected X,
// found Y", as kInvalidArgument. Lines and columns count from 1, columns in
// bytes. What was found is shortened and made printable.

#ifndef PLANISH_TEXT_PARSE_ERROR_H_
#define PLANISH_TEXT_PARSE_ERROR_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace planish::text {

// `found` is the offending text itself; empty reads "end of line".
absl::Status ParseError(absl::string_view source, int line, int column,
                        absl::string_view expected, absl::string_view found);

// Found is the end of the file.
absl::Status ParseErrorAtEnd(absl::string_view source, int line,
                             absl::string_view expected);

// 'text', shortened and made printable.
std::string Quoted(absl::string_view text);

}  // namespace planish::text

#endif  // PLANISH_TEXT_PARSE_ERROR_H_
