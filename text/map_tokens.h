// The words of one line of a map (docs/TEXT.md), between blanks, up to a # that
// stands for itself or begins a word:
//
//   alias "low mem" -> sdram @64K  0x0 +64K   # comment
//   ~~~~~ ~~~~~~~~~ ~~ ~~~~~ ~~~~  ~~~ ~~~~
//
// A word in quotes is whatever stands between them; within, \" \\ and \xHH.

#ifndef PLANISH_TEXT_MAP_TOKENS_H_
#define PLANISH_TEXT_MAP_TOKENS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace planish::text {

struct MapToken {
  absl::string_view raw;  // As it stands in the line, with its quotes.
  int column = 1;
  bool quoted = false;
  std::string value;  // Of a quoted word: what it means.

  // A name, an owner: a quoted word's meaning, or the bare word itself.
  std::string Text() const { return quoted ? value : std::string(raw); }
  // True for a bare word that is `word`.
  bool Is(absl::string_view word) const { return !quoted && raw == word; }
};

struct MapLine {
  int number = 0;
  int indent = 0;      // In columns; a tab goes to the next multiple of 8.
  int end_column = 1;  // Behind the last word.
  std::vector<MapToken> tokens;
};

// Splits `line`; an empty or comment line has no tokens.
absl::Status SplitMapLine(absl::string_view source, int number,
                          absl::string_view line, MapLine& out);

// True if `text` may stand without quotes where a name is expected: it begins
// with a letter or _, and holds letters, digits and _.:/[]- only.
bool IsPlainWord(absl::string_view text);
// `text` as a word: bare if it is plain, else in quotes.
std::string MapWord(absl::string_view text);

}  // namespace planish::text

#endif  // PLANISH_TEXT_MAP_TOKENS_H_
