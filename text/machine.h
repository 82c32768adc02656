// Machine: a MapDescription brought to life: a Topology, owners, regions and
// address spaces, with the way from each row id to its region.
//
//   MapDescription --Create()--> Machine --Apply(Delta)--> the next step
//
// One Owner stands for each distinct owner text; the regions of rows without
// one, and all spaces, belong to an Owner called "machine".
//
// THREAD SAFETY  As Topology.
// LIFETIME  Owns everything it made. A region that a delta lets go is unlinked
//   and forgotten here; its object, and owners, stay until the Machine ends.
// ERRORS  kInvalidArgument for rows or steps that contradict each other:
//   "SOURCE:LINE: expected X, found Y", with the column for a delta;
//   kFailedPrecondition and kResourceExhausted as Topology, "SOURCE: ...".
// COST  Create: the rows, and one commit. Apply: the steps, and one commit.

#ifndef PLANISH_TEXT_MACHINE_H_
#define PLANISH_TEXT_MACHINE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "planish/regions/commit_report.h"
#include "planish/regions/limits.h"
#include "planish/regions/topology.h"
#include "planish/space/address_space.h"
#include "planish/text/delta.h"
#include "planish/text/map_description.h"

namespace planish::text {

struct MachineOptions {
  // Gives RAM, ROM, ROM devices and RAM devices real host memory. Its size is
  // then fixed: a delta that changes it fails.
  bool back_ram = false;
  Limits limits;
};

class Machine {
 public:
  // Everything in one transaction. Rows may refer to later rows; a later row is
  // newer among its siblings.
  static absl::StatusOr<std::unique_ptr<Machine>> Create(
      const MapDescription& map, const MachineOptions& options = {});
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  Topology& topology() const;
  // In the order of the description's A rows; made and gone by deltas.
  const std::vector<AddressSpace*>& spaces() const;
  // Null if there is no such row.
  Region* FindRegion(RowId id) const;
  // The owner text of the region's row; empty if it has none.
  const std::string& OwnerText(const Region& region) const;

  // One update step, as one transaction. Fields are set in place; only `add`
  // makes a region the newest. On an error nothing has changed. Fills in
  // `report`, if there is one.
  absl::Status Apply(const Delta& delta, CommitReport* report = nullptr);

  struct Impl;  // machine_parts.h

 private:
  explicit Machine(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace planish::text

#endif  // PLANISH_TEXT_MACHINE_H_
