#include "planish/regions/region.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"

namespace planish {

absl::string_view RegionKindName(RegionKind kind) {
  switch (kind) {
    case RegionKind::kContainer:
      return "container";
    case RegionKind::kRam:
      return "ram";
    case RegionKind::kRom:
      return "rom";
    case RegionKind::kRomDevice:
      return "rom-device";
    case RegionKind::kRamDevice:
      return "ram-device";
    case RegionKind::kMmio:
      return "mmio";
    case RegionKind::kReservation:
      return "reservation";
    case RegionKind::kIommu:
      return "iommu";
    case RegionKind::kAlias:
      return "alias";
  }
  return "?";
}

Region::Region(Owner& owner, RegionKind kind, std::string name, ByteCount size,
               uint64_t number)
    : owner_(owner), name_(std::move(name)), number_(number) {
  state_.kind = kind;
  state_.size = size;
}

Region::~Region() = default;

std::string Region::Path() const {
  std::vector<absl::string_view> names;
  for (const Region* r = this; r != nullptr; r = r->state_.container) {
    names.push_back(r->name_);
  }
  return absl::StrJoin(names.rbegin(), names.rend(), "/");
}

}  // namespace planish
