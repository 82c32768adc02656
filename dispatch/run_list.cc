#include "planish/dispatch/run_list.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "planish/base/check.h"
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

// Host address minus guest address, if reads may go to memory.
std::optional<uint64_t> HostDelta(const FlatRange& range) {
  const RamBlock* ram = range.region->ram();
  if (ram == nullptr || ram->host() == nullptr) return std::nullopt;
  if (range.kind == RegionKind::kRomDevice && !range.romd) return std::nullopt;
  return reinterpret_cast<uintptr_t>(ram->host()) + range.offset -
         range.range.first.raw();
}

// Gives ranges their payloads. The pieces of one region that others cut apart
// share a descriptor: found by comparing with the last few.
class Describer {
 public:
  explicit Describer(std::vector<Descriptor>& descriptors)
      : descriptors_(descriptors) {
    descriptors_.push_back(Descriptor::kHole);
  }

  Payload Describe(const FlatRange& range) {
    const SectionKind kind = KindOf(range);
    const bool slow = range.dirty_log_mask != 0;
    const std::optional<uint64_t> host = HostDelta(range);
    const Descriptor own = {
        reinterpret_cast<uintptr_t>(range.region) |
            (range.nonvolatile ? Descriptor::kNonvolatile : uintptr_t{0}) |
            (range.romd ? Descriptor::kRomd : uintptr_t{0}),
        range.offset - range.range.first.raw()};
    const Descriptor extra = {range.dirty_log_mask, host.value_or(0)};

    const size_t index = Intern(own, extra, slow);
    if (!host) return Payload::Plain(kind, range.readonly, slow, index);
    if (const auto near =
            Payload::NearHost(kind, range.readonly, slow, index, *host)) {
      return *near;
    }
    const size_t far = Intern(own, extra, true);
    return Payload::FarHost(kind, range.readonly, slow, far);
  }

 private:
  struct Recent {
    size_t index = 0;
    bool has_extra = false;
  };

  // The index of a descriptor `own`, followed by `extra` if that is needed.
  size_t Intern(const Descriptor& own, const Descriptor& extra,
                bool needs_extra) {
    for (const Recent& r : recent_) {
      if (!Same(descriptors_[r.index], own)) continue;
      if (!needs_extra) return r.index;
      if (r.has_extra && Same(descriptors_[r.index + 1], extra)) return r.index;
    }
    Recent& slot = recent_[next_++ % recent_.size()];
    slot = {descriptors_.size(), needs_extra};
    descriptors_.push_back(own);
    if (needs_extra) descriptors_.push_back(extra);
    return slot.index;
  }

  static bool Same(const Descriptor& a, const Descriptor& b) {
    return a.word == b.word && a.delta == b.delta;
  }

  std::vector<Descriptor>& descriptors_;
  std::array<Recent, 4> recent_;
  size_t next_ = 0;
};

}  // namespace

RunList MakeRunList(const FlatView& view) {
  RunList list;
  list.runs.reserve(2 * view.size() + 1);
  list.descriptors.reserve(view.size() + 1);
  Describer describer(list.descriptors);
  uint64_t next = 0;  // The first address not yet in a run; 0 again at the end.
  for (const FlatRange& range : view) {
    if (range.range.first.raw() != next) {
      list.runs.push_back({Payload(), range.range.first.raw() - 1});
    }
    list.runs.push_back({describer.Describe(range), range.range.last.raw()});
    next = range.range.last.raw() + 1;
  }
  if (next != 0 || view.empty()) list.runs.push_back({Payload(), UINT64_MAX});
  return list;
}

}  // namespace planish
