// Style: how results look: colours by meaning, box pieces, columns. Without a
// terminal every colour is an empty string, and boxes are ASCII.

#ifndef PLANISH_TOOLS_STYLE_H_
#define PLANISH_TOOLS_STYLE_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "planish/base/addr.h"
#include "planish/regions/region.h"
#include "planish/tools/console.h"

namespace planish::tools {

enum class Ink { kTitle, kDim, kWon, kLost, kMemory, kRom, kDevice, kAlias };

class Style {
 public:
  explicit Style(const Console& console)
      : color_(console.color), unicode_(console.unicode) {}

  // `text` in that colour.
  std::string Paint(Ink ink, absl::string_view text) const;
  static Ink InkOf(RegionKind kind);

  absl::string_view Tee() const { return unicode_ ? "├─ " : "|- "; }
  absl::string_view Corner() const { return unicode_ ? "└─ " : "`- "; }
  absl::string_view Bar() const { return unicode_ ? "│  " : "|  "; }
  absl::string_view Column() const { return unicode_ ? " │ " : " | "; }
  absl::string_view Arrow() const { return unicode_ ? "→" : "->"; }
  absl::string_view Times() const { return unicode_ ? "×" : "x"; }
  // A horizontal line.
  std::string Rule(size_t columns) const;

 private:
  const bool color_;
  const bool unicode_;
};

// The columns that `text` takes on a terminal: its UTF-8 characters, escape
// sequences left out. Bytes that are no UTF-8 count one each.
size_t DisplayWidth(absl::string_view text);
// Padded with blanks to `columns`, on the right or on the left.
std::string PadRight(absl::string_view text, size_t columns);
std::string PadLeft(absl::string_view text, size_t columns);
// Unpainted ASCII text, cut to `columns` with a mark that something is missing.
std::string Ellipsize(absl::string_view text, size_t columns);
// Control characters, and bytes that are no UTF-8, as \xNN: they would disturb
// a terminal, or command it.
std::string Printable(absl::string_view text);

// "0x1000".
std::string Hex(uint64_t value);
// "0x1000-0x1fff".
std::string HexRange(AddrRange range);
// "640 KiB", "4 B": exact, or with a digit behind the point and "about".
std::string HumanSize(ByteCount size);

}  // namespace planish::tools

#endif  // PLANISH_TOOLS_STYLE_H_
