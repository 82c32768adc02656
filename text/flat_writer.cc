#include "planish/text/flat_writer.h"

#include <cstddef>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/flatview/flat_range.h"
#include "planish/flatview/flat_view.h"
#include "planish/regions/region.h"
#include "planish/space/address_space.h"
#include "planish/text/row_columns.h"

namespace planish::text {
namespace {

constexpr absl::string_view kNoRegion = "(none)";

void AppendRangeLine(const FlatRange& range, const FlatTextOptions& options,
                     std::string& out) {
  const Region& region = *range.region;
  absl::StrAppend(
      &out, "  ", absl::Hex(range.range.first.raw(), absl::kZeroPad16), "-",
      absl::Hex(range.range.last.raw(), absl::kZeroPad16), " (prio ",
      region.priority(), range.nonvolatile ? ", nv-" : ", ",
      FlatTypeName(range), "): ", region.name());
  if (range.offset != 0) {
    absl::StrAppend(&out, " @", absl::Hex(range.offset, absl::kZeroPad16));
  }
  if (options.owner_of) {
    const absl::string_view owner = options.owner_of(region);
    if (!owner.empty()) absl::StrAppend(&out, " ", owner);
  }
}

void AppendView(const AddressSpace& space, const FlatTextOptions& options,
                std::string& out) {
  const ReadGuard guard(space.topology().rcu());
  const FlatView& view = space.Current(guard).view();
  const Region* const root = space.shown_root(guard);
  absl::StrAppend(&out, " Root memory region: ",
                  root == nullptr ? kNoRegion : root->name(), "\n");
  if (view.empty()) out += "  No rendered FlatView\n";
  for (const FlatRange& range : view) {
    AppendRangeLine(range, options, out);
    out += '\n';
  }
}

void AppendSpace(const AddressSpace& space, std::string& out) {
  const Region* const root = space.root();
  absl::StrAppend(&out, " AS \"", space.name(),
                  "\", root: ", root == nullptr ? kNoRegion : root->name());
  if (root != nullptr && root->alias_target() != nullptr) {
    absl::StrAppend(&out, ", alias ", root->alias_target()->name());
  }
  out += '\n';
}

}  // namespace

absl::string_view FlatTypeName(const FlatRange& range) {
  // A range is read-only by any step of its path, its region by itself.
  return range.readonly ? "rom" : TypeOfKind(range.kind, false, range.romd);
}

std::string WriteFlatViews(absl::Span<const AddressSpace* const> spaces,
                           const FlatTextOptions& options) {
  absl::flat_hash_map<const Region*, size_t> number_of;
  std::vector<std::vector<const AddressSpace*>> blocks;
  for (const AddressSpace* space : spaces) {
    const ReadGuard guard(space->topology().rcu());
    const auto [block, is_new] =
        number_of.emplace(space->shown_root(guard), blocks.size());
    if (is_new) blocks.emplace_back();
    blocks[block->second].push_back(space);
  }
  std::string out;
  for (size_t i = 0; i < blocks.size(); ++i) {
    absl::StrAppend(&out, "FlatView #", i, "\n");
    for (const AddressSpace* space : blocks[i]) AppendSpace(*space, out);
    AppendView(*blocks[i][0], options, out);
    out += '\n';
  }
  return out;
}

std::string WriteFlatViews(const std::vector<AddressSpace*>& spaces,
                           const FlatTextOptions& options) {
  const std::vector<const AddressSpace*> all(spaces.begin(), spaces.end());
  return WriteFlatViews(all, options);
}

std::string WriteFlatView(const AddressSpace& space,
                          const FlatTextOptions& options) {
  std::string out;
  AppendView(space, options, out);
  return out;
}

std::string FlatRangeLine(const FlatRange& range,
                          const FlatTextOptions& options) {
  std::string out;
  AppendRangeLine(range, options, out);
  return out;
}

}  // namespace planish::text
