#include "planish/text/numbers.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "planish/base/addr.h"

namespace planish::text {
namespace {

constexpr absl::string_view kUnits = "KMGTPE";

int DigitValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = absl::ascii_tolower(static_cast<unsigned char>(c));
  if (lower >= 'a' && lower <= 'f') return lower - 'a' + 10;
  return std::numeric_limits<int>::max();
}

std::optional<Uint128> ParseDigits(absl::string_view digits, int base) {
  if (digits.empty()) return std::nullopt;
  Uint128 value = 0;
  for (const char c : digits) {
    const int digit = DigitValue(c);
    if (digit >= base) return std::nullopt;
    value = value * static_cast<unsigned>(base) + static_cast<unsigned>(digit);
    if (value > ByteCount::TwoTo64().wide()) return std::nullopt;
  }
  return value;
}

std::optional<uint64_t> Below2To64(std::optional<ByteCount> value) {
  if (!value || *value == ByteCount::TwoTo64()) return std::nullopt;
  return static_cast<uint64_t>(value->wide());
}

}  // namespace

std::optional<ByteCount> ParseHex(absl::string_view digits) {
  const std::optional<Uint128> value = ParseDigits(digits, 16);
  if (!value) return std::nullopt;
  return ByteCount::FromWide(*value);
}

std::optional<ByteCount> ParseNumber(absl::string_view text) {
  if (absl::StartsWith(text, "0x") || absl::StartsWith(text, "0X")) {
    return ParseHex(text.substr(2));
  }
  int shift = 0;
  if (!text.empty()) {
    const auto unit = kUnits.find(
        absl::ascii_toupper(static_cast<unsigned char>(text.back())));
    if (unit != absl::string_view::npos) {
      shift = 10 * (static_cast<int>(unit) + 1);
      text.remove_suffix(1);
    }
  }
  const std::optional<Uint128> value = ParseDigits(text, 10);
  // At most 2^64 << 60: no overflow.
  if (!value) return std::nullopt;
  return ByteCount::FromWide(*value << shift);
}

std::optional<uint64_t> ParseHex64(absl::string_view digits) {
  return Below2To64(ParseHex(digits));
}

std::optional<uint64_t> ParseNumber64(absl::string_view text) {
  return Below2To64(ParseNumber(text));
}

std::optional<int64_t> ParseDecimal(absl::string_view digits) {
  const std::optional<Uint128> value = ParseDigits(digits, 10);
  if (!value ||
      *value > static_cast<Uint128>(std::numeric_limits<int64_t>::max())) {
    return std::nullopt;
  }
  return static_cast<int64_t>(*value);
}

std::optional<int32_t> ParsePriority(absl::string_view text) {
  const bool negative = absl::ConsumePrefix(&text, "-");
  const std::optional<int64_t> value = ParseDecimal(text);
  constexpr int64_t kMax = std::numeric_limits<int32_t>::max();
  if (!value || *value > kMax + (negative ? 1 : 0)) return std::nullopt;
  return static_cast<int32_t>(negative ? -*value : *value);
}

std::string HexDigits(ByteCount value) {
  if (value == ByteCount::TwoTo64()) return "10000000000000000";
  return absl::StrCat(absl::Hex(static_cast<uint64_t>(value.wide())));
}

std::string ShortSize(ByteCount size) {
  const Uint128 bytes = size.wide();
  for (int unit = static_cast<int>(kUnits.size()); unit > 0; --unit) {
    const int shift = 10 * unit;
    const Uint128 count = bytes >> shift;
    if (count == 0 || count << shift != bytes) continue;
    if (count > 9999) break;
    return absl::StrCat(static_cast<uint64_t>(count),
                        kUnits.substr(static_cast<size_t>(unit - 1), 1));
  }
  return absl::StrCat(bytes == 0 ? "" : "0x", HexDigits(size));
}

}  // namespace planish::text
