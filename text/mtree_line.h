// Scanner: one line of the `info mtree` texts, read from the left.
//
// THREAD SAFETY  Plain values.
// ERRORS  A Scanner keeps its first error and then matches nothing more, so
//   that a grammar reads as one line of calls.

#ifndef PLANISH_TEXT_MTREE_LINE_H_
#define PLANISH_TEXT_MTREE_LINE_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "planish/text/mtree_text.h"

namespace planish::text::mtree {

class Scanner {
 public:
  Scanner(absl::string_view source, int number, absl::string_view line)
      : source_(source), number_(number), line_(line) {}

  // Takes `literal` if it is next.
  bool Skip(absl::string_view literal);
  void Expect(absl::string_view literal);
  // Exactly 16 lower-case digits.
  uint64_t Hex16();
  int32_t Decimal();
  // "(prio 0, nv-ram): "
  void PrioAndType(int32_t* priority, bool* nonvolatile, Word* word);

  // The rest of the line. Not empty is Expect()ed with `what`.
  absl::string_view Rest(absl::string_view what);
  absl::string_view rest() const { return line_.substr(at_); }
  int column() const { return static_cast<int>(at_) + 1; }

  void Fail(absl::string_view expected) { FailAt(at_, expected); }
  // `at` counts from 0.
  void FailAt(size_t at, absl::string_view expected);
  bool ok() const { return status_.ok(); }
  const absl::Status& status() const { return status_; }

 private:
  absl::string_view source_;
  int number_;
  absl::string_view line_;
  size_t at_ = 0;
  absl::Status status_;
};

// True for a line of the monitor's own, where a session was copied.
bool IsPrompt(absl::string_view line);

// 16 lower-case hex digits, all of `text`.
std::optional<uint64_t> ParseHex16(absl::string_view text);

}  // namespace planish::text::mtree

#endif  // PLANISH_TEXT_MTREE_LINE_H_
