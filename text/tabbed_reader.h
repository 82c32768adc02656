// TabbedReader: what the readers of tab-separated texts have in common: the
// lines, and errors that say where.
//
// THREAD SAFETY  None.
// LIFETIME  The source outlives it.

#ifndef PLANISH_TEXT_TABBED_READER_H_
#define PLANISH_TEXT_TABBED_READER_H_

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "planish/text/lines.h"
#include "planish/text/parse_error.h"
#include "planish/text/readers.h"

namespace planish::text {

class TabbedReader {
 protected:
  explicit TabbedReader(const Source& source)
      : source_(source), lines_(source.text) {}

  // Found is the field.
  absl::Status Error(const Fields& at, absl::string_view expected) const {
    return ParseError(source_.name, lines_.number(), at.column(), expected,
                      at.field());
  }

  // The next field of the line; an error if there is none.
  absl::Status NextField(Fields& fields, absl::string_view expected) const {
    if (fields.Next()) return absl::OkStatus();
    return ParseError(source_.name, lines_.number(), fields.end_column(),
                      absl::StrCat("a tab and ", expected), "");
  }

  const Source& source_;
  Lines lines_;
};

}  // namespace planish::text

#endif  // PLANISH_TEXT_TABBED_READER_H_
