// What a Machine is made of, for machine.cc and machine_delta.cc.

#ifndef PLANISH_TEXT_MACHINE_PARTS_H_
#define PLANISH_TEXT_MACHINE_PARTS_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "planish/regions/commit_report.h"
#include "planish/regions/owner.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"
#include "planish/space/address_space.h"
#include "planish/text/delta.h"
#include "planish/text/machine.h"
#include "planish/text/map_description.h"

namespace planish::text {

// A row, and the region that it became.
struct MachineEntry {
  RegionRow row;
  Region* region = nullptr;
  int children = 0;
  int references = 0;  // By aliases and by spaces.
};

// Destroyed from the bottom up: spaces, owners, topology.
struct Machine::Impl {
  explicit Impl(const MachineOptions& machine_options)
      : options(machine_options), topology(machine_options.limits) {}
  ~Impl();

  // The owner for this text, made at first sight.
  Owner& OwnerFor(const std::optional<std::string>& text);
  // A region as `row` describes it, of `kind`, without container and target.
  // REQUIRES: inside a Transaction.
  absl::StatusOr<Region*> MakeRegion(const RegionRow& row, RegionKind kind);
  // Makes the region's fields those of `row`, save container and target.
  // REQUIRES: as above; the region's kind is the row's.
  absl::Status SetFields(Region& region, const RegionRow& row);

  const MachineOptions options;
  Topology topology;
  std::vector<std::unique_ptr<Owner>> owners;
  Owner* common = nullptr;  // Of rows without an owner, and of spaces.
  absl::flat_hash_map<std::string, Owner*> owner_of;
  absl::flat_hash_map<RowId, MachineEntry> entries;
  std::vector<AddressSpace*> spaces;
  std::vector<RowId> roots;  // Of spaces.
};

// Machine::Apply(), in machine_delta.cc.
absl::Status ApplyDelta(const Delta& delta, Machine::Impl& machine,
                        CommitReport* report);

// "SOURCE: message", the code kept.
absl::Status WithSource(absl::string_view source, const absl::Status& status);

}  // namespace planish::text

#endif  // PLANISH_TEXT_MACHINE_PARTS_H_
