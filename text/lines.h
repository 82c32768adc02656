// Lines: a text line by line, and a line field by field, without copies.
// A line ends at \n; one \r before it is no part of it, so that files from
// anywhere read alike. A last line without an end counts.
//
// Fields are separated by single tabs; there is always at least one.

#ifndef PLANISH_TEXT_LINES_H_
#define PLANISH_TEXT_LINES_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace planish::text {

class Lines {
 public:
  explicit Lines(absl::string_view text) : rest_(text) {}

  // The next line; false at the end of the text.
  bool Next() {
    if (rest_.empty()) return false;
    const size_t end = rest_.find('\n');
    line_ = rest_.substr(0, end);
    rest_.remove_prefix(end == absl::string_view::npos ? rest_.size()
                                                       : end + 1);
    if (!line_.empty() && line_.back() == '\r') line_.remove_suffix(1);
    ++number_;
    return true;
  }
  absl::string_view line() const { return line_; }
  // Of line(), from 1; of the last line once Next() was false, or 1.
  int number() const { return number_ == 0 ? 1 : number_; }

 private:
  absl::string_view rest_;
  absl::string_view line_;
  int number_ = 0;
};

class Fields {
 public:
  explicit Fields(absl::string_view line) : line_(line) {}

  // The next field; false behind the last one.
  bool Next() {
    if (next_ > line_.size()) return false;
    begin_ = next_;
    size_t end = line_.find('\t', begin_);
    if (end == absl::string_view::npos) end = line_.size();
    field_ = line_.substr(begin_, end - begin_);
    next_ = end + 1;
    return true;
  }
  absl::string_view field() const { return field_; }
  // Where field() begins in the line, in bytes from 1.
  int column() const { return static_cast<int>(begin_) + 1; }
  // Where the line ends: the column of what is missing there.
  int end_column() const { return static_cast<int>(line_.size()) + 1; }

 private:
  absl::string_view line_;
  absl::string_view field_;
  size_t begin_ = 0;
  size_t next_ = 0;
};

}  // namespace planish::text

#endif  // PLANISH_TEXT_LINES_H_
