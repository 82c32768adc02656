#include "planish/text/parse_error.h"

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace planish::text {

std::string Quoted(absl::string_view text) {
  constexpr size_t kShown = 40;
  if (text.size() <= kShown) {
    return absl::StrCat("'", absl::Utf8SafeCEscape(text), "'");
  }
  size_t shown = kShown;  // Not within a character of UTF-8.
  while (shown > kShown - 4 && (text[shown] & 0xc0) == 0x80) --shown;
  return absl::StrCat("'", absl::Utf8SafeCEscape(text.substr(0, shown)),
                      "...'");
}

absl::Status ParseError(absl::string_view source, int line, int column,
                        absl::string_view expected, absl::string_view found) {
  return absl::InvalidArgumentError(
      absl::StrCat(source, ":", line, ":", column, ": expected ", expected,
                   ", found ", found.empty() ? "end of line" : Quoted(found)));
}

absl::Status ParseErrorAtEnd(absl::string_view source, int line,
                             absl::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat(
      source, ":", line, ":1: expected ", expected, ", found end of file"));
}

}  // namespace planish::text
