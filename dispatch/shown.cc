#include "planish/dispatch/shown.h"

#include <cstdint>
#include <optional>

#include "planish/base/check.h"
#include "planish/dispatch/terminal.h"
#include "planish/flatview/flat_range.h"
#include "planish/regions/ram_block.h"
#include "planish/regions/region.h"

namespace planish {
namespace {

static_assert(alignof(Region) >= 4, "Descriptor keeps two flags there");

SectionKind KindOf(const FlatRange& range) {
  switch (range.kind) {
    case RegionKind::kRam:
      return SectionKind::kRam;
    case RegionKind::kRom:
      return SectionKind::kRom;
    case RegionKind::kRomDevice:
      return SectionKind::kRomDevice;
    case RegionKind::kRamDevice:
      return SectionKind::kRamDevice;
    case RegionKind::kMmio:
      return SectionKind::kMmio;
    case RegionKind::kReservation:
      return SectionKind::kReservation;
    case RegionKind::kIommu:
      return SectionKind::kIommu;
    case RegionKind::kContainer:
    case RegionKind::kAlias:
      break;
  }
  PLANISH_CHECK(false, "F1: a range of a region that does not terminate");
  return SectionKind::kHole;
}

// Only if reads may go to memory.
std::optional<uint64_t> HostDelta(const FlatRange& range) {
  if (range.kind == RegionKind::kMmio) return std::nullopt;
  const RamBlock* ram = range.region->ram();
  if (ram == nullptr || ram->host() == nullptr) return std::nullopt;
  if (range.kind == RegionKind::kRomDevice && !range.romd) return std::nullopt;
  return reinterpret_cast<uintptr_t>(ram->host()) + range.offset -
         range.range.first.raw();
}

}  // namespace

Shown::Shown(const FlatRange& range)
    : kind(KindOf(range)),
      readonly(range.readonly),
      slow(range.dirty_log_mask != 0),
      host_delta(HostDelta(range)),
      own{reinterpret_cast<uintptr_t>(range.region) |
              (range.nonvolatile ? Descriptor::kNonvolatile : uintptr_t{0}) |
              (range.romd ? Descriptor::kRomd : uintptr_t{0}),
          range.offset - range.range.first.raw()},
      extra{range.dirty_log_mask, host_delta.value_or(0)} {}

Payload Shown::PayloadWith(uint64_t index) const {
  if (!host_delta) return Payload::Plain(kind, readonly, slow, index);
  if (const auto near = Near(index)) return *near;
  return Payload::FarHost(kind, readonly, slow, index);
}

}  // namespace planish
