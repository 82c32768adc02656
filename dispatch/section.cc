#include "planish/dispatch/section.h"

#include <ostream>

#include "absl/strings/string_view.h"
#include "planish/base/addr.h"

namespace planish {

absl::string_view SectionKindName(SectionKind kind) {
  switch (kind) {
    case SectionKind::kHole:
      return "hole";
    case SectionKind::kRam:
      return "ram";
    case SectionKind::kRom:
      return "rom";
    case SectionKind::kRomDevice:
      return "rom-device";
    case SectionKind::kRamDevice:
      return "ram-device";
    case SectionKind::kMmio:
      return "mmio";
    case SectionKind::kReservation:
      return "reservation";
    case SectionKind::kIommu:
      return "iommu";
  }
  return "?";
}

std::ostream& operator<<(std::ostream& out, const Section& section) {
  out << AddrRange{section.addr(), section.last()} << ' '
      << SectionKindName(section.kind());
  if (section.is_hole()) return out;
  out << " @" << Addr(section.offset());
  if (section.readonly()) out << " ro";
  if (section.nonvolatile()) out << " nv";
  if (section.romd()) out << " romd";
  if (section.is_slow()) {
    out << " dirty-log " << static_cast<int>(section.dirty_log_mask());
  }
  return out;
}

}  // namespace planish
