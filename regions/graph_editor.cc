#include "planish/regions/graph_editor.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "planish/base/status_macros.h"

namespace planish {

absl::StatusOr<Region*> GraphEditor::Add(Owner& owner, RegionKind kind,
                                         std::string name, ByteCount size,
                                         RamBacking backing) {
  return topology_.Create(owner, kind, std::move(name), size, backing);
}

absl::Status GraphEditor::SetKind(Region& region, RegionKind kind) {
  return topology_.RunEdit(region, [&]() -> absl::Status {
    if (kind == RegionKind::kAlias && !region.children().empty()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "'", region.name(), "' has children, so it can't become an alias"));
    }
    // A read-only RAM is a ROM: what a table calls either is one kind here.
    if (kind == RegionKind::kRom) kind = RegionKind::kRam;
    if (region.state_.kind == kind) return absl::OkStatus();
    // T3: only an alias has a target.
    topology_.SetTargetRaw(region, nullptr);
    topology_.SetRaw(region, &Region::State::kind, kind);
    if (region.enabled()) topology_.marks_.ResolveAgain(region);
    return absl::OkStatus();
  });
}

absl::Status GraphEditor::SetAddress(Region& region, Addr at) {
  // Under the old link's number: age is kept.
  return topology_.RunEdit(region, [&] {
    Region::Place place = region.state_.place;
    place.addr = at;
    if (region.addr() != at) topology_.SetPlaceRaw(region, place);
    return absl::OkStatus();
  });
}

absl::Status GraphEditor::SetPriority(Region& region, int32_t priority) {
  return topology_.RunEdit(region, [&] {
    Region::Place place = region.state_.place;
    place.priority = priority;
    if (region.priority() != priority) topology_.SetPlaceRaw(region, place);
    return absl::OkStatus();
  });
}

absl::Status GraphEditor::SetSize(Region& region, ByteCount size) {
  return topology_.RunEdit(region, [&] {
    if (region.state_.size != size) topology_.SetSizeRaw(region, size);
    return absl::OkStatus();
  });
}

absl::Status GraphEditor::SetRomd(Region& region, bool romd) {
  return topology_.SetField(region, &Region::State::romd, romd);
}

absl::Status GraphEditor::SetAlias(Region& alias, Region* target,
                                   uint64_t offset) {
  return topology_.RunEdit(alias, [&]() -> absl::Status {
    if (target != nullptr) {
      PLANISH_RETURN_IF_ERROR(topology_.CheckEditable(*target));
    }
    if (alias.kind() != RegionKind::kAlias) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", alias.name(), "' is no alias"));
    }
    topology_.SetTargetRaw(alias, target);
    topology_.SetAliasOffsetRaw(alias, offset);
    return absl::OkStatus();
  });
}

}  // namespace planish
