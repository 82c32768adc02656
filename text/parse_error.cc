#include "planish/text/parse_error.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace planish::text {

absl::Status ParseError(absl::string_view source, int line, int column,
                        absl::string_view expected, absl::string_view found) {
  constexpr size_t kShown = 40;
  const std::string what =
      found.empty()
          ? "end of line"
          : absl::StrCat("'", absl::CEscape(found.substr(0, kShown)),
                         found.size() > kShown ? "...'" : "'");
  return absl::InvalidArgumentError(absl::StrCat(
      source, ":", line, ":", column, ": expected ", expected, ", found ",
      what));
}

}  // namespace planish::text
