#include "planish/flatview/resolve.h"

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace planish {
namespace {

// The only enabled child of `container`; null if there are none or several.
const Region* OnlyEnabledChild(const Region& container, bool* any) {
  const Region* only = nullptr;
  *any = false;
  for (const Region* child : container.children()) {
    if (!child->enabled()) continue;
    if (*any) return nullptr;
    *any = true;
    only = child;
  }
  return only;
}

absl::Status Endless(const Region& root, const Limits& limits) {
  std::string path;
  const Region* at = &root;
  for (int i = 0; i < 8 && at != nullptr; ++i) {
    absl::StrAppend(&path, path.empty() ? "" : " -> ", at->name());
    bool any;
    at = at->alias_target() ? at->alias_target() : OnlyEnabledChild(*at, &any);
  }
  return absl::FailedPreconditionError(
      absl::StrCat("X4: root '", root.name(), "' only leads on, through more than ",
                   limits.max_depth, " regions: ", path, " -> ..."));
}

}  // namespace

absl::StatusOr<const Region*> ResolveRoot(const Region& root,
                                          const Limits& limits) {
  const Region* at = &root;
  for (int depth = 0; depth < limits.max_depth; ++depth) {
    if (!at->enabled()) return nullptr;  // R2.13
    if (at->terminates()) return at;     // R2.16
    if (at->kind() == RegionKind::kAlias) {
      const Region* target = at->alias_target();
      if (target == nullptr) return nullptr;  // Its owner was retired.
      if (at->alias_offset() != 0 || at->size() < target->size()) return at;
      at = target;  // R2.14
      continue;
    }
    bool any;
    const Region* only = OnlyEnabledChild(*at, &any);
    if (!any) return nullptr;
    if (only == nullptr || only->addr() != Addr(0) ||
        only->size() > at->size()) {
      return at;
    }
    at = only;  // R2.15
  }
  return Endless(root, limits);
}

}  // namespace planish
