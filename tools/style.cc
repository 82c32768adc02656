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
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      absl::StrAppendFormat(&printable, "\\x%02x", byte);
    } else {
      printable += c;
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
