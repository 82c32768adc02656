#include "planish/space/root_signature.h"

#include <cstddef>
#include <optional>

#include "planish/base/addr.h"
#include "planish/regions/overlap_walk.h"

namespace planish {
namespace {

constexpr size_t kMostChildren = 8;

RootSignature::Part PartOf(const Region& region) {
  return {region.addr(),         region.size(),     region.alias_target(),
          region.alias_offset(), region.readonly(), region.nonvolatile(),
          region.unmergeable()};
}

}  // namespace

std::optional<RootSignature> SignatureOf(const Region& root) {
  if (!root.enabled() || root.size().IsZero() || root.terminates()) {
    return std::nullopt;
  }
  RootSignature signature;
  signature.parts.push_back(PartOf(root));
  OverlapWalk walk(root, AddrRange::All());
  while (const Region* child = walk.Next()) {
    if (child->kind() != RegionKind::kAlias) return std::nullopt;
    if (signature.parts.size() > kMostChildren) return std::nullopt;
    signature.parts.push_back(PartOf(*child));
  }
  return signature;
}

}  // namespace planish
