#include "planish/flatview/resolve.h"

#include <algorithm>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "planish/base/addr.h"
#include "planish/regions/overlap_walk.h"

namespace planish {
namespace {

// REQUIRES: container.enabled_children() == 1.
const Region& OnlyEnabledChild(const Region& container) {
  const Region* child = OverlapWalk(container, AddrRange::All()).Next();
  if (child != nullptr) return *child;
  // One of no bytes, which no interval meets.
  for (const Region* other : container.children()) {
    if (other->enabled()) return *other;
  }
  return container;
}

absl::Status Endless(const Region& root, const Limits& limits) {
  std::string path;
  const Region* at = &root;
  for (int i = 0; i < std::min(8, limits.max_depth); ++i) {
    absl::StrAppend(&path, path.empty() ? "" : " -> ", at->name());
    at = NextOnWalk(*at);
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "X4: root '", root.name(), "' only leads on, through more than ",
      limits.max_depth, " regions: ", path, " -> ..."));
}

}  // namespace

const Region* NextOnWalk(const Region& region) {
  if (!region.enabled()) return nullptr;    // R2.13
  if (region.terminates()) return &region;  // R2.16
  if (region.kind() == RegionKind::kAlias) {
    const Region* const target = region.alias_target();
    if (target == nullptr) return nullptr;  // Its owner was retired.
    const bool shows_all =
        region.alias_offset() == 0 && region.size() >= target->size();
    return shows_all ? target : &region;  // R2.14
  }
  if (region.enabled_children() == 0) return nullptr;
  if (region.enabled_children() > 1) return &region;
  const Region& only = OnlyEnabledChild(region);
  const bool fits = only.addr() == Addr(0) && only.size() <= region.size();
  return fits ? &only : &region;  // R2.15
}

absl::StatusOr<const Region*> ResolveRoot(const Region& root,
                                          const Limits& limits) {
  const Region* at = &root;
  for (int depth = 0; depth < limits.max_depth; ++depth) {
    const Region* const next = NextOnWalk(*at);
    if (next == nullptr || next == at) return next;
    at = next;
  }
  return Endless(root, limits);
}

}  // namespace planish
