// Machine: a MapDescription brought to life: a Topology, owners, regions and
// address spaces, with the way back from each region to its row.
//
// THREAD SAFETY  As Topology.
// LIFETIME  Owns everything it made.
// ERRORS  kInvalidArgument for rows that contradict each other, as
//   "SOURCE:LINE: ..."; kFailedPrecondition and kResourceExhausted as Topology.

#ifndef PLANISH_TEXT_MACHINE_H_
#define PLANISH_TEXT_MACHINE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "planish/regions/limits.h"
#include "planish/regions/owner.h"
#include "planish/regions/topology.h"
#include "planish/space/address_space.h"
#include "planish/text/delta.h"
#include "planish/text/map_description.h"

namespace planish::text {

struct MachineOptions {
  // Gives RAM, ROM, ROM devices and RAM devices real host memory.
  bool back_ram = false;
  Limits limits;
};

class Machine {
 public:
  // Everything in one transaction. Also checks ids, parents, alias targets.
  static absl::StatusOr<std::unique_ptr<Machine>> Create(
      const MapDescription& map, const MachineOptions& options = {});
  ~Machine();

  Topology& topology();
  // In the order of the description's A rows; made and gone by deltas.
  const std::vector<std::unique_ptr<AddressSpace>>& spaces() const;
  // Null if there is no such row.
  Region* FindRegion(RowId id) const;
  // The owner column of the region's row; empty if it has none.
  const std::string& OwnerText(const Region& region) const;

  // One update step, as one transaction. On an error nothing has changed.
  absl::Status Apply(const Delta& delta);
};

}  // namespace planish::text

#endif  // PLANISH_TEXT_MACHINE_H_
