#include "planish/tools/style.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"

namespace planish::tools {
namespace {

absl::string_view Escape(Ink ink) {
  switch (ink) {
    case Ink::kTitle:
      return "\033[1m";
    case Ink::kDim:
      return "\033[2m";
    case Ink::kWon:
      return "\033[1;32m";
    case Ink::kLost:
      return "\033[31m";
    case Ink::kMemory:
      return "\033[32m";
    case Ink::kRom:
      return "\033[33m";
    case Ink::kDevice:
      return "\033[36m";
    case Ink::kAlias:
      return "\033[35m";
  }
  return "";
}

bool IsContinuationByte(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

// The bytes of the character that `text` begins with; 0 if it is a control
// character (U+0000 to U+001F, U+007F to U+009F) or no UTF-8.
size_t PrintableLength(absl::string_view text) {
  const auto byte = [&](size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const uint32_t lead = byte(0);
  if (lead < 0x80) return lead < 0x20 || lead == 0x7f ? 0 : 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  uint32_t character = lead & (0x7fU >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    character = character << 6 | (byte(i) & 0x3f);
  }
  constexpr uint32_t kLeast[] = {0xa0, 0x800, 0x10000};  // Of 2, 3, 4 bytes.
  const bool is_surrogate = character >= 0xd800 && character < 0xe000;
  if (character < kLeast[length - 2] || character > 0x10ffff || is_surrogate) {
    return 0;
  }
  return length;
}

}  // namespace

std::string Style::Paint(Ink ink, absl::string_view text) const {
  if (!color_ || text.empty()) return std::string(text);
  return absl::StrCat(Escape(ink), text, "\033[0m");
}

Ink Style::InkOf(RegionKind kind) {
  switch (kind) {
    case RegionKind::kRam:
    case RegionKind::kRamDevice:
      return Ink::kMemory;
    case RegionKind::kRom:
    case RegionKind::kRomDevice:
      return Ink::kRom;
    case RegionKind::kMmio:
    case RegionKind::kReservation:
    case RegionKind::kIommu:
      return Ink::kDevice;
    case RegionKind::kAlias:
      return Ink::kAlias;
    case RegionKind::kContainer:
      return Ink::kTitle;
  }
  return Ink::kTitle;
}

std::string Style::Rule(size_t columns) const {
  std::string rule;
  for (size_t i = 0; i < columns; ++i) rule += unicode_ ? "─" : "-";
  return rule;
}

size_t DisplayWidth(absl::string_view text) {
  size_t width = 0;
  bool in_escape = false;
  for (const char c : text) {
    if (in_escape) {
      in_escape = c != 'm';
    } else if (c == '\033') {
      in_escape = true;
    } else if (!IsContinuationByte(c)) {
      ++width;
    }
  }
  return width;
}

std::string PadRight(absl::string_view text, size_t columns) {
  const size_t width = DisplayWidth(text);
  std::string padded(text);
  if (width < columns) padded.append(columns - width, ' ');
  return padded;
}

std::string PadLeft(absl::string_view text, size_t columns) {
  const size_t width = DisplayWidth(text);
  std::string padded(width < columns ? columns - width : 0, ' ');
  return absl::StrCat(padded, text);
}

std::string Ellipsize(absl::string_view text, size_t columns) {
  if (text.size() <= columns) return std::string(text);
  if (columns < 2) return std::string(text.substr(0, columns));
  return absl::StrCat(text.substr(0, columns - 2), "..");
}

std::string Printable(absl::string_view text) {
  std::string printable;
  while (!text.empty()) {
    const size_t length = PrintableLength(text);
    if (length == 0) {
      const auto byte = static_cast<unsigned char>(text[0]);
      absl::StrAppendFormat(&printable, "\\x%02x", byte);
      text.remove_prefix(1);
    } else {
      absl::StrAppend(&printable, text.substr(0, length));
      text.remove_prefix(length);
    }
  }
  return printable;
}

std::string Hex(uint64_t value) { return absl::StrFormat("0x%x", value); }

std::string HexRange(AddrRange range) {
  return absl::StrCat(Hex(range.first.raw()), "-", Hex(range.last.raw()));
}

std::string HumanSize(ByteCount size) {
  constexpr absl::string_view kUnits[] = {"B",   "KiB", "MiB", "GiB",
                                          "TiB", "PiB", "EiB"};
  size_t unit = 0;
  while (unit + 1 < std::size(kUnits) &&
         size.wide() >= (static_cast<Uint128>(1) << (10 * (unit + 1)))) {
    ++unit;
  }
  const Uint128 one = static_cast<Uint128>(1) << (10 * unit);
  const auto whole = static_cast<uint64_t>(size.wide() / one);
  if (size.wide() % one == 0) return absl::StrCat(whole, " ", kUnits[unit]);
  const auto tenths = static_cast<uint64_t>((size.wide() % one) * 10 / one);
  return absl::StrFormat("about %d.%d %s", whole, tenths, kUnits[unit]);
}

}  // namespace planish::tools
