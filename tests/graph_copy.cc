#include "planish/tests/graph_copy.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>

#include "planish/base/addr.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/dispatch/section.h"
#include "planish/flatview/flat_view.h"
#include "planish/tests/gap_renderer.h"

namespace planish::model {
namespace {

using oracle::Kind;
using oracle::kNone;

Kind KindOf(RegionKind kind) {
  switch (kind) {
    case RegionKind::kContainer:
      return Kind::kContainer;
    case RegionKind::kRam:
    case RegionKind::kRom:
      return Kind::kRam;
    case RegionKind::kRomDevice:
      return Kind::kRomDevice;
    case RegionKind::kRamDevice:
      return Kind::kRamDevice;
    case RegionKind::kMmio:
      return Kind::kMmio;
    case RegionKind::kReservation:
      return Kind::kReservation;
    case RegionKind::kIommu:
      return Kind::kIommu;
    case RegionKind::kAlias:
      return Kind::kAlias;
  }
  return Kind::kContainer;
}

// What a lookup of `a` must say, by the ranges.
bool SaysTheSame(const Section& section, const std::vector<FlatRange>& ranges,
                 Addr a) {
  const auto at = std::partition_point(
      ranges.begin(), ranges.end(),
      [&](const FlatRange& r) { return r.range.last < a; });
  if (at == ranges.end() || a < at->range.first) {
    const Addr last =
        at == ranges.end() ? Addr::Max() : Addr(at->range.first.raw() - 1);
    return section.is_hole() && section.last() == last;
  }
  return !section.is_hole() && section.region() == at->region &&
         section.offset() == at->OffsetOf(a) &&
         section.last() == at->range.last && section.readonly() == at->readonly;
}

}  // namespace

int GraphCopy::SlotOf(const Region& region) {
  const auto [at, is_new] =
      slots_.emplace(&region, static_cast<int>(regions_.size()));
  const int slot = at->second;
  if (!is_new) return slot;
  regions_.push_back(&region);
  graph_.nodes.emplace_back();
  oracle::Node node;
  node.kind = KindOf(region.kind());
  node.size = static_cast<oracle::Wide>(region.size().wide());
  node.addr = region.addr().raw();
  node.priority = region.priority();
  node.enabled = region.enabled();
  node.readonly = region.readonly();
  node.nonvolatile = region.nonvolatile();
  node.unmergeable = region.unmergeable();
  node.romd = region.romd();
  node.dirty_log_mask = region.dirty_log_mask();
  for (const Region* child : region.children()) {
    node.children.push_back(SlotOf(*child));
  }
  std::reverse(node.children.begin(), node.children.end());
  if (region.alias_target() != nullptr) {
    node.target = SlotOf(*region.alias_target());
  }
  node.offset = region.alias_offset();
  graph_[slot] = node;
  return slot;
}

std::vector<FlatRange> GraphCopy::ViewOf(const Region& root) const {
  constexpr int kMaxDepth = 256;
  const std::optional<int> normalised =
      oracle::NormalisedRoot(graph_, slots_.at(&root), kMaxDepth);
  std::vector<FlatRange> view;
  for (const oracle::Range& r :
       oracle::RenderByGaps(graph_, normalised.value_or(kNone),
                            std::numeric_limits<uint64_t>::max(), kMaxDepth)
           .view) {
    FlatRange& range = view.emplace_back();
    range.range = {Addr(r.first), Addr(r.last)};
    range.region = regions_[static_cast<size_t>(r.region)];
    range.offset = r.offset;
    range.kind = range.region->kind();
    range.romd = r.romd;
    range.dirty_log_mask = r.dirty_log_mask;
    range.readonly = r.readonly;
    range.nonvolatile = r.nonvolatile;
    range.unmergeable = r.unmergeable;
  }
  return view;
}

std::string FailureOf(const std::vector<AddressSpace*>& spaces,
                      size_t* compared) {
  GraphCopy copy;
  for (const auto& space : spaces) copy.Add(*space->root());
  // Spaces that share a snapshot should all show the same.
  std::unordered_map<const Region*, std::vector<FlatRange>> expected;
  std::unordered_map<const Snapshot*, const std::vector<FlatRange>*> seen;
  for (const AddressSpace* space : spaces) {
    const ReadGuard guard(space->topology().rcu());
    const auto [view, is_new] = expected.try_emplace(space->root());
    if (is_new) view->second = copy.ViewOf(*space->root());
    const std::vector<FlatRange>& ranges = view->second;
    const Snapshot& now = space->Current(guard);
    if (compared != nullptr) *compared += ranges.size();
    const auto known = seen.find(&now);
    if (known != seen.end() && *known->second == ranges) continue;
    seen[&now] = &ranges;
    now.view().CheckInvariants();
    now.table().CheckInvariants(now.view());
    const std::vector<FlatRange> shown(now.view().begin(), now.view().end());
    std::ostringstream what;
    what << space->name();
    if (shown != ranges) {
      const auto [is, should] = std::mismatch(shown.begin(), shown.end(),
                                              ranges.begin(), ranges.end());
      if (is != shown.end()) what << " shows " << *is;
      if (should != ranges.end()) what << " should show " << *should;
      return what.str();
    }
    for (const FlatRange& r : ranges) {
      const uint64_t first = r.range.first.raw();
      const uint64_t last = r.range.last.raw();
      for (const uint64_t a :
           {first - 1, first, first + (last - first) / 2, last, last + 1}) {
        const Section section = now.Lookup(Addr(a));
        if (SaysTheSame(section, ranges, Addr(a))) continue;
        what << ": a lookup answers " << section;
        return what.str();
      }
    }
  }
  return "";
}

}  // namespace planish::model
