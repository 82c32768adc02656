#include "planish/text/mtree_line.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "planish/text/parse_error.h"

namespace planish::text::mtree {
namespace {

constexpr struct {
  absl::string_view name;
  Word word;
} kWords[] = {
    {"i/o", Word::kIo},  {"ramd", Word::kRamd},
    {"ram", Word::kRam}, {"romd", Word::kRomd},
    {"rom", Word::kRom}, {"container", Word::kContainer},
};

}  // namespace

absl::string_view WordName(Word word) {
  for (const auto& known : kWords) {
    if (known.word == word) return known.name;
  }
  return "?";
}

bool IsPrompt(absl::string_view line) {
  return absl::StartsWith(line, "(qemu)");
}

std::optional<uint64_t> ParseHex16(absl::string_view text) {
  if (text.size() != 16) return std::nullopt;
  uint64_t value = 0;
  for (const char c : text) {
    uint64_t digit;
    if (c >= '0' && c <= '9') {
      digit = static_cast<uint64_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = static_cast<uint64_t>(c - 'a') + 10;
    } else {
      return std::nullopt;
    }
    value = value << 4 | digit;
  }
  return value;
}

bool Scanner::Skip(absl::string_view literal) {
  if (!ok() || !absl::StartsWith(rest(), literal)) return false;
  at_ += literal.size();
  return true;
}

void Scanner::Expect(absl::string_view literal) {
  if (!Skip(literal)) Fail(absl::StrCat("'", literal, "'"));
}

uint64_t Scanner::Hex16() {
  const std::optional<uint64_t> value = ParseHex16(rest().substr(0, 16));
  if (!ok() || !value.has_value()) {
    Fail("16 hex digits");
    return 0;
  }
  at_ += 16;
  return *value;
}

int32_t Scanner::Decimal() {
  const size_t from = at_;
  const bool negative = Skip("-");
  const size_t digits = at_;
  int64_t value = 0;
  while (ok() && at_ < line_.size() && line_[at_] >= '0' && line_[at_] <= '9') {
    value = value * 10 + (line_[at_] - '0');
    if (value > int64_t{1} << 31) break;
    ++at_;
  }
  if (negative) value = -value;
  if (at_ == digits || value < std::numeric_limits<int32_t>::min() ||
      value > std::numeric_limits<int32_t>::max()) {
    FailAt(from, "a 32-bit number");
    return 0;
  }
  return static_cast<int32_t>(value);
}

void Scanner::PrioAndType(int32_t* priority, bool* nonvolatile, Word* word) {
  Expect(" (prio ");
  *priority = Decimal();
  Expect(", ");
  *nonvolatile = Skip("nv-");
  for (const auto& known : kWords) {
    if (!Skip(known.name)) continue;
    *word = known.word;
    Expect("): ");
    return;
  }
  Fail("i/o, ram, rom, romd, ramd or container");
}

absl::string_view Scanner::Rest(absl::string_view what) {
  if (rest().empty()) Fail(what);
  return ok() ? rest() : absl::string_view();
}

void Scanner::FailAt(size_t at, absl::string_view expected) {
  if (!ok()) return;
  status_ = ParseError(source_, number_, static_cast<int>(at) + 1, expected,
                       line_.substr(at));
}

}  // namespace planish::text::mtree
