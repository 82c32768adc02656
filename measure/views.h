// A FlatView of a map, whose regions live as long as it does.

#ifndef PLANISH_MEASURE_VIEWS_H_
#define PLANISH_MEASURE_VIEWS_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "planish/base/addr.h"
#include "planish/flatview/flat_range.h"
#include "planish/flatview/flat_view.h"
#include "planish/measure/maps.h"
#include "planish/regions/owner.h"
#include "planish/regions/topology.h"

namespace planish::measure {

// Two regions, and each range shows a place of its own in one of them: tables
// and views see as many different ranges as if each had its own region.
class ViewOfMap {
 public:
  explicit ViewOfMap(const std::vector<MapRange>& map) {
    // Nobody reads through the host address, so nothing need be there.
    constexpr uintptr_t kHost = 0x7f00'0000'0000;
    const ByteCount size = uint64_t{1} << 62;
    root_ = topology_.AddContainer(board_, "root").value();
    ram_ = topology_
               .AddRam(board_, "ram", size,
                       RamBacking::Pointer(reinterpret_cast<void*>(kHost)))
               .value();
    mmio_ = topology_.AddMmio(board_, "mmio", ByteCount::TwoTo64()).value();
    uint64_t ram_offset = 0;
    uint64_t mmio_offset = 0;
    for (const MapRange& described : map) {
      FlatRange range;
      range.range = {Addr(described.first), Addr(described.last)};
      range.region = described.is_ram ? ram_ : mmio_;
      range.kind = range.region->kind();
      uint64_t& offset = described.is_ram ? ram_offset : mmio_offset;
      range.offset = offset;
      // A page between the ranges, so that no two of them merge.
      offset += ((described.last - described.first) | 4095) + 4097;
      ranges_.push_back(range);
    }
    view_ = Build();
  }

  const FlatView& view() const { return *view_; }
  // The same view again, from its ranges.
  std::unique_ptr<const FlatView> Build() const {
    return FlatView::Build(root_, ranges_);
  }

 private:
  Topology topology_;
  Owner board_{topology_, "board"};
  const Region* root_ = nullptr;
  const Region* ram_ = nullptr;
  const Region* mmio_ = nullptr;
  std::vector<FlatRange> ranges_;
  std::unique_ptr<const FlatView> view_;
};

}  // namespace planish::measure

#endif  // PLANISH_MEASURE_VIEWS_H_
