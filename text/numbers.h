// Numbers in texts: addresses and sizes up to 2^64, which is
// 0x10000000000000000 or 16E and fits no integer.
//
//   ParseHex("fee00000")        hex digits alone, as tables have them
//   ParseNumber("0xfee00000")   as a person writes it: 0x and hex digits, or
//   ParseNumber("512M")         decimal digits, then perhaps K M G T P or E:
//                               2^10 to 2^60, either case
//
// ERRORS  std::nullopt: no such number, or one past 2^64. No sign, no blank.

#ifndef PLANISH_TEXT_NUMBERS_H_
#define PLANISH_TEXT_NUMBERS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "planish/base/addr.h"

namespace planish::text {

std::optional<ByteCount> ParseHex(absl::string_view digits);
std::optional<ByteCount> ParseNumber(absl::string_view text);

// The same below 2^64.
std::optional<uint64_t> ParseHex64(absl::string_view digits);
std::optional<uint64_t> ParseNumber64(absl::string_view text);

// Decimal digits alone, below 2^63: ids, row and line numbers.
std::optional<int64_t> ParseDecimal(absl::string_view digits);
// Decimal, 32 bits, perhaps with a sign.
std::optional<int32_t> ParsePriority(absl::string_view text);

// "10000000000000000": hex digits alone.
std::string HexDigits(ByteCount value);
// "512M", "0x14", "16E": a unit where it leaves at most four digits.
std::string ShortSize(ByteCount size);

}  // namespace planish::text

#endif  // PLANISH_TEXT_NUMBERS_H_
