#include "planish/measure/live_map.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/regions/ram_block.h"
#include "planish/regions/transaction.h"

namespace planish::measure {
namespace {

// Nobody reads through the host address, so nothing need be there.
constexpr uintptr_t kHost = 0x7f00'0000'0000;

// One place in sixteen is free, and some in small maps, where a size may have
// few.
size_t PlacesFor(size_t ranges) { return ranges + ranges / 16 + 64; }

}  // namespace

LiveMap::LiveMap(const Options& options) : rng_(options.seed) {
  for (const MapRange& range :
       MakeMap(options.kind, PlacesFor(options.ranges), options.seed)) {
    places_.push_back({range});
  }
  root_ = topology_.AddContainer(board_, "root").value();
  MakeBuses(options.shape);
  MakeRegions(options.ranges);
  if (options.link) LinkAll();
  auto transaction = Transaction::Begin(topology_).value();
  for (size_t i = 0; i < options.spaces; ++i) {
    const std::string name = "space" + std::to_string(i);
    Region* root = root_;
    if (i > 0) {
      root = topology_.AddContainer(board_, name).value();
      Region* const window = topology_
                                 .AddAlias(board_, name + ".bus-master", *root_,
                                           0, ByteCount::TwoTo64())
                                 .value();
      PLANISH_CHECK_OK(topology_.Link(*root, *window, Addr(0)));
    }
    spaces_.push_back(AddressSpace::Create(board_, name, *root).value());
  }
  PLANISH_CHECK_OK(transaction.Commit());
}

size_t LiveMap::ClassOf(const MapRange& range) {
  return static_cast<size_t>(std::bit_width(range.last - range.first));
}

void LiveMap::MakeBuses(Shape shape) {
  if (shape == Shape::kFlat) {
    for (Place& place : places_) place.bus = root_;
    return;
  }
  for (size_t i = 0; i < 4; ++i) {
    MakeBridge(*root_, places_.size() * i / 4, places_.size() * (i + 1) / 4, 3);
  }
}

void LiveMap::MakeBridge(Region& parent, size_t from, size_t to, int levels) {
  const uint64_t first = places_[from].range.first;
  const uint64_t last = to == places_.size() ? places_.back().range.last | 0xfff
                                             : places_[to].range.first - 1;
  Region* const bus = topology_.AddContainer(board_, "bus").value();
  Region* const window =
      topology_.AddAlias(board_, "window", *bus, first, last - first + 1)
          .value();
  PLANISH_CHECK_OK(topology_.Link(parent, *window, Addr(first)));
  if (levels == 1) {
    for (size_t i = from; i < to; ++i) places_[i].bus = bus;
    return;
  }
  for (size_t i = 0; i < 4; ++i) {
    MakeBridge(*bus, from + (to - from) * i / 4,
               from + (to - from) * (i + 1) / 4, levels - 1);
  }
}

void LiveMap::MakeRegions(size_t n) {
  std::vector<uint32_t> order(places_.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<uint32_t>(i);
  for (size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[rng_.Below(i)]);
  }
  uintptr_t host = kHost;
  for (size_t i = 0; i < order.size(); ++i) {
    const MapRange& range = places_[order[i]].range;
    if (i >= n) {
      free_[ClassOf(range)].push_back(order[i]);
      continue;
    }
    const uint64_t size = range.last - range.first + 1;
    const std::string name = "r" + std::to_string(i);
    Region* region = nullptr;
    if (range.is_ram) {
      const RamBacking backing =
          RamBacking::Pointer(reinterpret_cast<void*>(host));
      region = topology_.AddRam(board_, name, size, backing).value();
      host += size + 4096;
    } else {
      region = topology_.AddMmio(board_, name, size).value();
    }
    pieces_.push_back({region, order[i]});
  }
  for (Region*& overlay : overlays_) {
    overlay = topology_.AddMmio(board_, "overlay", 16).value();
  }
}

bool LiveMap::LinkNext() {
  if (linked_ == pieces_.size()) return false;
  const Piece& piece = pieces_[linked_++];
  const Place& place = places_[piece.place];
  PLANISH_CHECK_OK(
      topology_.Link(*place.bus, *piece.region, Addr(place.range.first)));
  return true;
}

void LiveMap::LinkAll() {
  auto transaction = Transaction::Begin(topology_).value();
  while (LinkNext()) {
  }
  PLANISH_CHECK_OK(transaction.Commit());
}

LiveMap::Edit LiveMap::DrawMove() {
  for (;;) {
    const auto region = static_cast<uint32_t>(rng_.Below(pieces_.size()));
    const uint32_t from = pieces_[region].place;
    const std::vector<uint32_t>& free = free_[ClassOf(places_[from].range)];
    if (free.empty()) continue;
    const uint32_t to = free[rng_.Below(free.size())];
    const uint32_t distance = std::max(from, to) - std::min(from, to);
    if (distance >= places_.size() / 8) return {Action::kMove, region, to};
  }
}

LiveMap::Edit LiveMap::DrawEdit() {
  if (rng_.Below(10) < 4) return DrawMove();
  const auto action = static_cast<Action>(1 + rng_.Below(5));
  return {action, static_cast<uint32_t>(rng_.Below(pieces_.size())), kNowhere};
}

void LiveMap::Move(Piece& piece, uint32_t to) {
  const uint32_t from = piece.place;
  std::vector<uint32_t>& free = free_[ClassOf(places_[from].range)];
  *std::find(free.begin(), free.end(), to) = from;
  piece.place = to;
}

void LiveMap::Overlay(const Piece& piece) {
  Region& overlay = *overlays_[next_overlay_++ % kOverlays];
  if (overlay.container() != nullptr) {
    PLANISH_CHECK_OK(topology_.Unlink(overlay));
    return;
  }
  const Place& place = places_[piece.place];
  const uint64_t size = place.range.last - place.range.first + 1;
  PLANISH_CHECK_OK(topology_.Link(*place.bus, overlay,
                                  Addr(place.range.first + size / 2),
                                  /*priority=*/2));
}

void LiveMap::Commit(const Edit& edit, CommitReport* report) {
  auto transaction = Transaction::Begin(topology_).value();
  Perform(edit);
  PLANISH_CHECK_OK(transaction.Commit(report));
}

void LiveMap::Perform(const Edit& edit) {
  Piece& piece = pieces_[edit.region];
  Region& region = *piece.region;
  switch (edit.action) {
    case Action::kMove: {
      const Place& from = places_[piece.place];
      const Place& to = places_[edit.place];
      if (from.bus == to.bus) {
        PLANISH_CHECK_OK(topology_.SetAddress(region, Addr(to.range.first)));
      } else {
        PLANISH_CHECK_OK(topology_.Unlink(region));
        PLANISH_CHECK_OK(topology_.Link(*to.bus, region, Addr(to.range.first),
                                        region.priority()));
      }
      return Move(piece, edit.place);
    }
    case Action::kEnable:
      PLANISH_CHECK_OK(topology_.SetEnabled(region, !region.enabled()));
      return;
    case Action::kReadonly:
      PLANISH_CHECK_OK(topology_.SetReadonly(region, !region.readonly()));
      return;
    case Action::kPriority:
      PLANISH_CHECK_OK(
          topology_.SetPriority(region, region.priority() == 0 ? 1 : 0));
      return;
    case Action::kResize: {
      if (region.ram() != nullptr) {
        PLANISH_CHECK_OK(
            topology_.SetNonvolatile(region, !region.nonvolatile()));
        return;
      }
      const MapRange& range = places_[piece.place].range;
      const uint64_t whole = range.last - range.first + 1;
      PLANISH_CHECK_OK(topology_.SetSize(
          region, region.size() == whole ? whole / 2 : whole));
      return;
    }
    case Action::kOverlay:
      return Overlay(piece);
  }
}

std::vector<MapRange> LiveMap::Ranges() const {
  std::vector<MapRange> ranges;
  for (size_t i = 0; i < linked_; ++i) {
    ranges.push_back(places_[pieces_[i].place].range);
  }
  std::sort(
      ranges.begin(), ranges.end(),
      [](const MapRange& a, const MapRange& b) { return a.first < b.first; });
  return ranges;
}

}  // namespace planish::measure
