#include "planish/text/machine.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "planish/base/check.h"
#include "planish/base/status_macros.h"
#include "planish/regions/commit_report.h"
#include "planish/regions/graph_editor.h"
#include "planish/regions/owner.h"
#include "planish/regions/ram_block.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"
#include "planish/regions/transaction.h"
#include "planish/space/address_space.h"
#include "planish/text/delta.h"
#include "planish/text/machine_parts.h"
#include "planish/text/map_description.h"
#include "planish/text/parse_error.h"
#include "planish/text/row_columns.h"

namespace planish::text {
namespace {

absl::Status AsStatus(const MapDescription& map, const Contradiction& found) {
  const int line = found.in_space ? map.spaces[found.index].line
                                  : map.regions[found.index].line;
  const std::string what = absl::StrCat(": expected ", found.expected,
                                        ", found ", Quoted(found.found));
  if (line != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(map.source, ":", line, what));
  }
  // Rows that were never text: told by their names.
  const std::string& name = found.in_space ? map.spaces[found.index].name
                                           : map.regions[found.index].name;
  return absl::InvalidArgumentError(
      absl::StrCat(map.source, ": ", Quoted(name), what));
}

// Makes all regions, links and spaces of `map`.
absl::Status Build(const MapDescription& map, Machine::Impl& machine) {
  GraphEditor editor(machine.topology);
  for (const RegionRow& row : map.regions) {
    PLANISH_ASSIGN_OR_RETURN(Region* const region,
                             machine.MakeRegion(row, row.EffectiveKind()));
    PLANISH_RETURN_IF_ERROR(machine.SetFields(*region, row));
    machine.entries.emplace(row.id, MachineEntry{row, region});
  }
  for (const RegionRow& row : map.regions) {
    Region& region = *machine.entries.find(row.id)->second.region;
    if (row.parent) {
      MachineEntry& parent = machine.entries.find(*row.parent)->second;
      ++parent.children;
      PLANISH_RETURN_IF_ERROR(machine.topology.Link(*parent.region, region,
                                                    row.addr, row.priority));
    }
    if (row.alias || row.alias_offset != 0) {
      Region* target = nullptr;
      if (row.alias) {
        MachineEntry& entry = machine.entries.find(*row.alias)->second;
        ++entry.references;
        target = entry.region;
      }
      PLANISH_RETURN_IF_ERROR(
          editor.SetAlias(region, target, row.alias_offset));
    }
  }
  for (const SpaceRow& space : map.spaces) {
    MachineEntry& root = machine.entries.find(space.root)->second;
    ++root.references;
    PLANISH_ASSIGN_OR_RETURN(
        AddressSpace * made,
        AddressSpace::Create(*machine.common, space.name, *root.region));
    machine.spaces.push_back(made);
    machine.roots.push_back(space.root);
  }
  return absl::OkStatus();
}

}  // namespace

Machine::Impl::~Impl() {
  // All in one commit.
  auto end = Transaction::Begin(topology);
  PLANISH_CHECK_OK(end);
  for (const auto& owner : owners) owner->Retire();
  PLANISH_CHECK_OK(end->Commit());
}

Owner& Machine::Impl::OwnerFor(const std::optional<std::string>& text) {
  Owner*& owner = text ? owner_of[*text] : common;
  if (owner == nullptr) {
    owners.push_back(
        std::make_unique<Owner>(topology, text.value_or("machine")));
    owner = owners.back().get();
  }
  return *owner;
}

absl::StatusOr<Region*> Machine::Impl::MakeRegion(const RegionRow& row,
                                                  RegionKind kind) {
  // Memory of no bytes is none.
  const bool backed = options.back_ram && !row.size.IsZero();
  return GraphEditor(topology).Add(
      OwnerFor(row.owner), kind, row.name, row.size,
      backed ? RamBacking::Anonymous() : RamBacking::None());
}

absl::Status Machine::Impl::SetFields(Region& region, const RegionRow& row) {
  GraphEditor editor(topology);
  PLANISH_RETURN_IF_ERROR(editor.SetAddress(region, row.addr));
  PLANISH_RETURN_IF_ERROR(editor.SetPriority(region, row.priority));
  PLANISH_RETURN_IF_ERROR(editor.SetSize(region, row.size));
  if (region.kind() == RegionKind::kRomDevice) {
    PLANISH_RETURN_IF_ERROR(editor.SetRomd(region, row.EffectiveRomd()));
  }
  PLANISH_RETURN_IF_ERROR(topology.SetReadonly(region, row.readonly));
  PLANISH_RETURN_IF_ERROR(topology.SetNonvolatile(region, row.nonvolatile));
  PLANISH_RETURN_IF_ERROR(
      topology.SetUnmergeable(region, row.unmergeable.value_or(false)));
  return topology.SetEnabled(region, row.enabled);
}

absl::Status WithSource(absl::string_view source, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(),
                      absl::StrCat(source, ": ", status.message()));
}

absl::StatusOr<std::unique_ptr<Machine>> Machine::Create(
    const MapDescription& map, const MachineOptions& options) {
  if (const auto found = FindContradiction(map)) return AsStatus(map, *found);
  auto impl = std::make_unique<Impl>(options);
  impl->OwnerFor(std::nullopt);
  PLANISH_ASSIGN_OR_RETURN(Transaction transaction,
                           Transaction::Begin(impl->topology));
  absl::Status status = Build(map, *impl);
  status.Update(transaction.Commit());
  if (!status.ok()) return WithSource(map.source, status);
  return absl::WrapUnique(new Machine(std::move(impl)));
}

Machine::Machine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Machine::~Machine() = default;

Topology& Machine::topology() const { return impl_->topology; }

const std::vector<AddressSpace*>& Machine::spaces() const {
  return impl_->spaces;
}

Region* Machine::FindRegion(RowId id) const {
  const auto found = impl_->entries.find(id);
  return found == impl_->entries.end() ? nullptr : found->second.region;
}

const std::string& Machine::OwnerText(const Region& region) const {
  static const std::string* const kNone = new std::string;
  return &region.owner() == impl_->common ? *kNone : region.owner().name();
}

absl::Status Machine::Apply(const Delta& delta, CommitReport* report) {
  return ApplyDelta(delta, *impl_, report);
}

}  // namespace planish::text
