// LiveMap: a map as a machine that runs: a region for each range, address
// spaces on the root, and places left free for regions to move to.
//
//   flat      root --+-- region
//                    +-- region ...
//   bridges   root --+-- window -> bus --+-- window -> bus --+-- window -> bus
//                    +-- (4)             +-- (4)             +-- (4)        |
//                                                                       regions
//
// The edits of a seed are the same on every machine. An edit is drawn first and
// done later, so that only the second half need be measured.
//
// COST  O(n). Draw: a few cache misses. Commit: what the library takes.

#ifndef PLANISH_MEASURE_LIVE_MAP_H_
#define PLANISH_MEASURE_LIVE_MAP_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "planish/base/rcu/read_guard.h"
#include "planish/measure/maps.h"
#include "planish/regions/commit_report.h"
#include "planish/regions/owner.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"
#include "planish/space/address_space.h"

namespace planish::measure {

class LiveMap {
 public:
  enum class Shape : uint8_t { kFlat, kBridges };

  struct Options {
    MapKind kind = MapKind::kSpread;
    size_t ranges = 1000;
    Shape shape = Shape::kFlat;
    // The first has the root itself; the others a bus master's window onto it.
    size_t spaces = 1;
    uint64_t seed = 1;
    // False: regions are made, and linked by LinkNext() or LinkAll().
    bool link = true;
  };

  // What to do to which region. Overlays are small windows of higher priority
  // that cut a range in two.
  enum class Action : uint8_t {
    kMove,
    kEnable,
    kReadonly,
    kPriority,
    kResize,
    kOverlay,
  };
  struct Edit {
    Action action;
    uint32_t region;
    uint32_t place;  // Move: to which.
  };

  explicit LiveMap(const Options& options);

  // A region at random, to a free place of its size, far from where it is.
  Edit DrawMove();
  // Four moves in ten; of the rest of the actions each as often as the next.
  Edit DrawEdit();
  // One commit.
  void Commit(const Edit& edit, CommitReport* report = nullptr);

  // One region more, drawn at random, in one commit; false if all are linked.
  bool LinkNext();
  // All that are left, in one transaction.
  void LinkAll();

  Topology& topology() { return topology_; }
  const Region& root() const { return *root_; }
  const Snapshot& Current(const Reading& guard) const {
    return spaces_.front()->Current(guard);
  }
  const std::vector<AddressSpace*>& spaces() const { return spaces_; }
  // Where the regions are now, ascending.
  std::vector<MapRange> Ranges() const;

 private:
  static constexpr size_t kLeaves = 64;
  static constexpr size_t kOverlays = 64;
  static constexpr uint32_t kNowhere = UINT32_MAX;

  struct Place {
    MapRange range;
    Region* bus = nullptr;  // The container that shows it.
  };
  struct Piece {
    Region* region = nullptr;
    uint32_t place = kNowhere;
  };

  static size_t ClassOf(const MapRange& range);
  void MakeBuses(Shape shape);
  // A bus behind a window onto places [from, to) of `parent`, and those below.
  void MakeBridge(Region& parent, size_t from, size_t to, int levels);
  void MakeRegions(size_t n);
  void Perform(const Edit& edit);
  void Move(Piece& piece, uint32_t to);
  void Overlay(const Piece& piece);

  Rng rng_;
  Topology topology_;
  Owner board_{topology_, "board"};
  Region* root_ = nullptr;
  std::vector<Place> places_;  // Ascending.
  std::vector<Piece> pieces_;
  size_t linked_ = 0;                           // Of pieces_, from the front.
  std::array<std::vector<uint32_t>, 64> free_;  // Places, by ClassOf().
  std::array<Region*, kOverlays> overlays_ = {};
  size_t next_overlay_ = 0;
  std::vector<AddressSpace*> spaces_;
};

}  // namespace planish::measure

#endif  // PLANISH_MEASURE_LIVE_MAP_H_
