// Machine::Apply(): the steps are first taken on copies of the rows that they
// touch, where every mistake shows; then on the graph, where none can.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/base/status_macros.h"
#include "planish/regions/commit_report.h"
#include "planish/regions/graph_editor.h"
#include "planish/regions/owner.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"
#include "planish/regions/transaction.h"
#include "planish/space/address_space.h"
#include "planish/text/delta.h"
#include "planish/text/machine.h"
#include "planish/text/machine_parts.h"
#include "planish/text/map_description.h"
#include "planish/text/numbers.h"
#include "planish/text/parse_error.h"
#include "planish/text/row_columns.h"

namespace planish::text {
namespace {

constexpr absl::string_view kKnownId = "the id of a region";

// A row as the steps so far have left it.
struct Touched {
  MachineEntry entry;
  bool is_new = false;
  bool gone = false;
  RegionKind first_kind = RegionKind::kContainer;  // When it was made.
  std::optional<RowId> first_target;               // Before this delta.
  const DeltaStep* last_set = nullptr;             // `+` or FIELD.
  const DeltaStep* target_set = nullptr;           // `+` or alias.
  const DeltaStep* gone_at = nullptr;
};

// An address space as the steps so far have left it.
struct PlannedSpace {
  std::string name;
  RowId root = 0;
  const DeltaStep* made_at = nullptr;  // Null: it was there before.
  bool gone = false;
};

class DeltaRun {
 public:
  DeltaRun(const Delta& delta, Machine::Impl& machine)
      : delta_(delta), machine_(machine), editor_(machine.topology) {
    for (size_t i = 0; i < machine.spaces.size(); ++i) {
      spaces_.push_back(
          {machine.spaces[i]->name(), machine.roots[i], nullptr, false});
    }
  }

  // Takes the steps on rows.
  absl::Status Plan() {
    for (const DeltaStep& step : delta_.steps) {
      PLANISH_RETURN_IF_ERROR(
          std::visit([&](const auto& op) { return Take(step, op); }, step.op));
    }
    PLANISH_RETURN_IF_ERROR(SettleTargets());
    PLANISH_RETURN_IF_ERROR(SettleSpaces());
    for (const auto& [id, touched] : touched_) {
      PLANISH_RETURN_IF_ERROR(CheckEnd(touched));
    }
    return absl::OkStatus();
  }

  // Makes the new regions. Can fail: memory. Nothing leads to them yet.
  absl::Status MakeRegions() {
    for (auto& [id, touched] : touched_) {
      if (!touched.is_new) continue;
      PLANISH_ASSIGN_OR_RETURN(
          touched.entry.region,
          machine_.MakeRegion(touched.entry.row, touched.first_kind));
    }
    return absl::OkStatus();
  }

  // Takes the steps on the graph, where what Plan() has let through can't fail.
  void EditGraph() {
    for (const auto& edit : edits_) PLANISH_CHECK_OK(edit());
    for (auto& [id, touched] : touched_) {
      const RegionRow& row = touched.entry.row;
      Region& region = *touched.entry.region;
      if (!touched.gone) PLANISH_CHECK_OK(machine_.SetFields(region, row));
      if (region.kind() != RegionKind::kAlias) continue;
      Region* target = nullptr;
      if (!touched.gone && row.alias) target = EntryOf(*row.alias).region;
      PLANISH_CHECK_OK(editor_.SetAlias(region, target, row.alias_offset));
    }
    for (const PlannedSpace& space : spaces_) {
      if (space.gone || space.made_at == nullptr) continue;
      auto made = AddressSpace::Create(*machine_.common, space.name,
                                       *EntryOf(space.root).region);
      PLANISH_CHECK_OK(made);
      new_spaces_.push_back(*made);
    }
  }

  // The commit has succeeded: the machine is what was planned.
  void Adopt() {
    for (auto& [id, touched] : touched_) {
      if (touched.gone) {
        machine_.entries.erase(id);
      } else {
        machine_.entries.insert_or_assign(id, std::move(touched.entry));
      }
    }
    std::vector<AddressSpace*> spaces;
    std::vector<RowId> roots;
    size_t next_old = 0;
    size_t next_new = 0;
    for (const PlannedSpace& space : spaces_) {
      if (space.made_at != nullptr) {
        if (!space.gone) spaces.push_back(new_spaces_[next_new++]);
      } else {
        AddressSpace* const old = machine_.spaces[next_old++];
        if (space.gone) {
          old->Retire();
        } else {
          spaces.push_back(old);
        }
      }
      if (!space.gone) roots.push_back(space.root);
    }
    machine_.spaces = std::move(spaces);
    machine_.roots = std::move(roots);
  }

 private:
  absl::Status Error(int line, int column, absl::string_view expected,
                     absl::string_view found) const {
    return ParseError(delta_.source, line, column, expected, found);
  }
  absl::Status IdError(const DeltaStep& step, absl::string_view expected,
                       RowId found) const {
    return Error(step.line, step.id_column, expected, absl::StrCat(found));
  }
  absl::Status ValueError(const DeltaStep& step, absl::string_view expected,
                          absl::string_view found) const {
    return Error(step.line, step.value_column, expected, found);
  }

  // The row, copied at first touch. Null if there is none.
  Touched* Touch(RowId id) {
    const auto known = touched_.find(id);
    if (known != touched_.end()) return &known->second;
    const auto entry = machine_.entries.find(id);
    if (entry == machine_.entries.end()) return nullptr;
    Touched& touched = touched_[id];
    touched.entry = entry->second;
    touched.first_target = entry->second.row.alias;
    return &touched;
  }

  // The same for an id that a step names: null also if the region has gone.
  Touched* Find(RowId id) {
    Touched* const touched = Touch(id);
    return touched == nullptr || touched->gone ? nullptr : touched;
  }

  // As the steps so far have left it, without a copy. REQUIRES: it exists.
  const MachineEntry& EntryOf(RowId id) const {
    const auto known = touched_.find(id);
    return known != touched_.end() ? known->second.entry
                                   : machine_.entries.find(id)->second;
  }

  absl::Status Take(const DeltaStep& step, const DeltaUnlink& unlink) {
    Touched* const touched = Find(unlink.id);
    if (touched == nullptr) return IdError(step, kKnownId, unlink.id);
    RegionRow& row = touched->entry.row;
    if (!row.parent) {
      return IdError(step, "a region that is in a container", unlink.id);
    }
    --Touch(*row.parent)->entry.children;
    row.parent.reset();
    edits_.push_back([this, touched] {
      return machine_.topology.Unlink(*touched->entry.region);
    });
    return absl::OkStatus();
  }

  absl::Status Take(const DeltaStep& step, const DeltaNew& made) {
    if (Find(made.row.id) != nullptr || touched_.contains(made.row.id)) {
      return IdError(step, "an id that no region has or had", made.row.id);
    }
    Touched& touched = touched_[made.row.id];
    touched.entry.row = made.row;
    touched.is_new = true;
    touched.first_kind = made.row.EffectiveKind();
    touched.last_set = &step;
    touched.target_set = &step;
    return absl::OkStatus();
  }

  absl::Status Take(const DeltaStep& step, const DeltaSet& set) {
    Touched* const touched = Find(set.id);
    if (touched == nullptr) return IdError(step, kKnownId, set.id);
    if (set.field == DeltaField::kOwner && !touched->is_new) {
      return IdError(step, "a region that this delta makes (O1)", set.id);
    }
    RegionRow& row = touched->entry.row;
    const RegionKind before = row.EffectiveKind();
    SetField(set, row);
    touched->last_set = &step;
    if (set.field == DeltaField::kAlias) touched->target_set = &step;
    const RegionKind kind = row.EffectiveKind();
    if (kind == before) return absl::OkStatus();
    if (kind == RegionKind::kAlias && touched->entry.children > 0) {
      return ValueError(step, "another type, as the region has children",
                        "alias");
    }
    edits_.push_back([this, touched, kind] {
      return editor_.SetKind(*touched->entry.region, kind);
    });
    return absl::OkStatus();
  }

  absl::Status Take(const DeltaStep& step, const DeltaLink& link) {
    Touched* const touched = Find(link.id);
    if (touched == nullptr) return IdError(step, kKnownId, link.id);
    if (touched->entry.row.parent) {
      return IdError(step, "a region that is in no container (del comes first)",
                     link.id);
    }
    Touched* const parent = Find(link.parent);
    if (parent == nullptr ||
        parent->entry.row.EffectiveKind() == RegionKind::kAlias) {
      return ValueError(step, "the id of a region that is no alias",
                        absl::StrCat(link.parent));
    }
    int levels = 0;
    for (std::optional<RowId> up = link.parent; up;
         up = EntryOf(*up).row.parent) {
      if (*up == link.id || ++levels > kMaxNesting) {
        return ValueError(step,
                          absl::StrCat("a container that does not lie below "
                                       "the region, nor below more than ",
                                       kMaxNesting, " others"),
                          absl::StrCat(link.parent));
      }
    }
    touched->entry.row.parent = link.parent;
    ++parent->entry.children;
    edits_.push_back([this, touched, parent] {
      const RegionRow& row = touched->entry.row;
      return machine_.topology.Link(*parent->entry.region,
                                    *touched->entry.region, row.addr,
                                    row.priority);
    });
    return absl::OkStatus();
  }

  absl::Status Take(const DeltaStep& step, const DeltaAddSpace& space) {
    spaces_.push_back({space.name, space.root, &step, false});
    return absl::OkStatus();
  }

  absl::Status Take(const DeltaStep& step, const DeltaRemoveSpace& space) {
    for (size_t i = spaces_.size(); i-- > 0;) {
      PlannedSpace& planned = spaces_[i];
      if (planned.gone || planned.name != space.name ||
          planned.root != space.root) {
        continue;
      }
      planned.gone = true;
      if (planned.made_at == nullptr) --Touch(planned.root)->entry.references;
      return absl::OkStatus();
    }
    return Error(step.line, step.id_column,
                 "the name of an address space with this root", space.name);
  }

  absl::Status Take(const DeltaStep& step, const DeltaGone& gone) {
    Touched* const touched = Find(gone.id);
    if (touched == nullptr) return IdError(step, kKnownId, gone.id);
    touched->gone = true;
    touched->gone_at = &step;
    return absl::OkStatus();
  }

  static void SetField(const DeltaSet& set, RegionRow& row) {
    const auto& value = set.value;
    switch (set.field) {
      case DeltaField::kAddr:
        row.addr = Addr(std::get<uint64_t>(value));
        return;
      case DeltaField::kSize:
        row.size = std::get<ByteCount>(value);
        return;
      case DeltaField::kPriority:
        row.priority = std::get<int32_t>(value);
        return;
      case DeltaField::kType:
        row.type = std::get<std::string>(value);
        return;
      case DeltaField::kTerminates:
        row.terminates = std::get<bool>(value);
        return;
      case DeltaField::kReadonly:
        row.readonly = std::get<bool>(value);
        return;
      case DeltaField::kNonvolatile:
        row.nonvolatile = std::get<bool>(value);
        return;
      case DeltaField::kEnabled:
        row.enabled = std::get<bool>(value);
        return;
      case DeltaField::kAlias:
        row.alias = std::get<std::optional<RowId>>(value);
        return;
      case DeltaField::kAliasOffset:
        row.alias_offset = std::get<uint64_t>(value);
        return;
      case DeltaField::kOwner:
        row.owner = std::get<std::string>(value);
        if (row.owner->empty()) row.owner.reset();
        return;
      case DeltaField::kKind:
        row.kind = std::get<RegionKind>(value);
        return;
      case DeltaField::kUnmergeable:
        row.unmergeable = std::get<bool>(value);
        return;
      case DeltaField::kRomd:
        row.romd = std::get<bool>(value);
        return;
    }
  }

  // Counts what aliases refer to, once all rows are there.
  absl::Status SettleTargets() {
    std::vector<Touched*> all;  // Touch() adds to touched_.
    for (auto& [id, touched] : touched_) all.push_back(&touched);
    for (Touched* const touched : all) {
      if (touched->first_target) {
        --Touch(*touched->first_target)->entry.references;
      }
      const std::optional<RowId>& now = touched->entry.row.alias;
      if (touched->gone || !now) continue;
      Touched* const target = Find(*now);
      if (target != nullptr) {
        ++target->entry.references;
      } else if (touched->target_set != nullptr) {
        return ValueError(*touched->target_set,
                          "the id of the alias' target, or -",
                          absl::StrCat(*now));
      } else {
        // Untouched, and its target has gone: so that CheckEnd() tells.
        ++Touch(*now)->entry.references;
      }
    }
    return absl::OkStatus();
  }

  absl::Status SettleSpaces() {
    for (const PlannedSpace& space : spaces_) {
      if (space.gone || space.made_at == nullptr) continue;
      Touched* const root = Find(space.root);
      if (root == nullptr) {
        return ValueError(*space.made_at, kKnownId, absl::StrCat(space.root));
      }
      ++root->entry.references;
    }
    return absl::OkStatus();
  }

  // What must hold of each row in the end.
  absl::Status CheckEnd(const Touched& touched) const {
    const RegionRow& row = touched.entry.row;
    const Region* const region = touched.entry.region;
    if (region != nullptr && region->retired()) {
      return absl::FailedPreconditionError(
          absl::StrCat(delta_.source, ": X5: '", row.name, "': its owner '",
                       region->owner().name(), "' was retired"));
    }
    if (touched.gone) {
      if (row.parent || touched.entry.children > 0 ||
          touched.entry.references > 0) {
        return IdError(*touched.gone_at,
                       "a region that is in no container and that no child, "
                       "alias or space refers to",
                       row.id);
      }
      return absl::OkStatus();
    }
    if (touched.last_set == nullptr) return absl::OkStatus();
    if (const auto found = FindContradiction(row)) {
      return ValueError(
          *touched.last_set,
          absl::StrCat(ColumnName(found->column), " ", found->expected),
          found->found);
    }
    if (region != nullptr && region->ram() != nullptr &&
        region->size() != row.size) {
      return ValueError(*touched.last_set,
                        absl::StrCat("the size of the host memory, ",
                                     HexDigits(region->size())),
                        HexDigits(row.size));
    }
    return absl::OkStatus();
  }

  const Delta& delta_;
  Machine::Impl& machine_;
  GraphEditor editor_;
  // By id; pointers to its values stay good.
  std::map<RowId, Touched> touched_;
  std::vector<PlannedSpace> spaces_;
  std::vector<std::function<absl::Status()>> edits_;
  std::vector<AddressSpace*> new_spaces_;
};

}  // namespace

absl::Status ApplyDelta(const Delta& delta, Machine::Impl& machine,
                        CommitReport* report) {
  DeltaRun run(delta, machine);
  PLANISH_ASSIGN_OR_RETURN(Transaction transaction,
                           Transaction::Begin(machine.topology));
  absl::Status status = run.Plan();
  if (status.ok()) {
    status = WithSource(delta.source, run.MakeRegions());
    if (status.ok()) run.EditGraph();
  }
  const absl::Status commit = transaction.Commit(report);
  if (!status.ok()) return status;
  PLANISH_RETURN_IF_ERROR(WithSource(delta.source, commit));
  run.Adopt();
  return absl::OkStatus();
}

}  // namespace planish::text
