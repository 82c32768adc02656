// GraphEditor: sets the fields of a region as a table names them, order among
// siblings kept. For text/, whose topology tables and deltas are lists of
// fields; not for embedders: what it does has no counterpart in a machine.
//
// Differences from Topology's edits: SetAddress and SetPriority don't make the
// region the newest; the kind and the alias target can change; a size may be
// set whatever the kind. Linking and unlinking are Topology's.
//
// THREAD SAFETY, ERRORS  As Topology's edits.

#ifndef PLANISH_REGIONS_GRAPH_EDITOR_H_
#define PLANISH_REGIONS_GRAPH_EDITOR_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "planish/base/addr.h"
#include "planish/regions/owner.h"
#include "planish/regions/ram_block.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"

namespace planish {

class GraphEditor {
 public:
  explicit GraphEditor(Topology& topology) : topology_(topology) {}

  absl::Status SetKind(Region& region, RegionKind kind);
  absl::Status SetAddress(Region& region, Addr at);
  absl::Status SetPriority(Region& region, int32_t priority);
  absl::Status SetSize(Region& region, ByteCount size);
  absl::Status SetRomd(Region& region, bool romd);
  // Null: an alias that shows nothing.
  absl::Status SetAlias(Region& alias, Region* target, uint64_t offset);
  // Creates a region of any kind. An alias comes without a target.
  absl::StatusOr<Region*> Add(Owner& owner, RegionKind kind, std::string name,
                              ByteCount size, RamBacking backing);

 private:
  Topology& topology_;
};

}  // namespace planish

#endif  // PLANISH_REGIONS_GRAPH_EDITOR_H_
