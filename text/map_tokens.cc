#include "planish/text/map_tokens.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "planish/text/numbers.h"
#include "planish/text/parse_error.h"

namespace planish::text {
namespace {

constexpr int kTabStop = 8;

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

bool IsLetter(char c) {
  return c == '_' || absl::ascii_isalpha(static_cast<unsigned char>(c));
}

}  // namespace

absl::Status SplitMapLine(absl::string_view source, int number,
                          absl::string_view line, MapLine& out) {
  out = MapLine();
  out.number = number;
  size_t at = 0;
  for (; at < line.size() && IsBlank(line[at]); ++at) {
    out.indent = line[at] == ' ' ? out.indent + 1
                                 : out.indent / kTabStop * kTabStop + kTabStop;
  }
  const auto error = [&](size_t where, absl::string_view expected) {
    return ParseError(source, number, static_cast<int>(where) + 1, expected,
                      line.substr(where));
  };
  while (at < line.size() && line[at] != '#') {
    const size_t begin = at;
    MapToken token;
    token.column = static_cast<int>(begin) + 1;
    token.quoted = line[at] == '"';
    if (token.quoted) {
      for (++at; at < line.size() && line[at] != '"'; ++at) {
        if (line[at] != '\\') {
          token.value += line[at];
          continue;
        }
        const char escape = at + 1 < line.size() ? line[at + 1] : '\0';
        if (escape == '"' || escape == '\\') {
          token.value += escape;
          ++at;
          continue;
        }
        const std::optional<uint64_t> byte =
            escape == 'x' && at + 3 < line.size()
                ? ParseHex64(line.substr(at + 2, 2))
                : std::nullopt;
        if (!byte) return error(at, R"(\", \\ or \x and two hex digits)");
        if (*byte == '\t' || *byte == '\n') {
          return error(at, "no tab or line end in a word");
        }
        token.value += static_cast<char>(*byte);
        at += 3;
      }
      if (at >= line.size()) return error(at, "a closing \"");
      ++at;
      if (at < line.size() && !IsBlank(line[at])) {
        return error(at, "a blank behind the closing \"");
      }
      if (token.value.find('\t') != std::string::npos) {
        return error(begin, "no tab in a word");
      }
    } else {
      for (; at < line.size() && !IsBlank(line[at]); ++at) {
        if (line[at] == '"') {
          return error(at, "a blank before a quoted word");
        }
      }
    }
    token.raw = line.substr(begin, at - begin);
    out.tokens.push_back(std::move(token));
    out.end_column = static_cast<int>(at) + 1;
    while (at < line.size() && IsBlank(line[at])) ++at;
  }
  return absl::OkStatus();
}

bool IsPlainWord(absl::string_view text) {
  if (text.empty() || !IsLetter(text[0])) return false;
  constexpr absl::string_view kOthers = ".:/[]-";
  for (const char c : text) {
    if (!IsLetter(c) && !absl::ascii_isdigit(static_cast<unsigned char>(c)) &&
        kOthers.find(c) == absl::string_view::npos) {
      return false;
    }
  }
  return true;
}

std::string MapWord(absl::string_view text) {
  if (IsPlainWord(text)) return std::string(text);
  std::string word = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      absl::StrAppend(&word, "\\", absl::string_view(&c, 1));
    } else if (c == '\t' || c == '\n') {
      word += ' ';  // As WriteTable().
    } else if (byte < 0x20 || byte == 0x7f) {
      absl::StrAppend(&word, "\\x", absl::Hex(byte, absl::kZeroPad2));
    } else {
      word += c;
    }
  }
  word += '"';
  return word;
}

}  // namespace planish::text
