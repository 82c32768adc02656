#include "planish/tools/views.h"

#include <cstddef>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_join.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/tools/style.h"

namespace planish::tools {

std::vector<View> ViewsOf(const Reading& guard, const text::Machine& machine) {
  std::vector<View> views;
  absl::flat_hash_map<const Region*, size_t> index;
  for (const AddressSpace* space : machine.spaces()) {
    const Region* root = space->shown_root(guard);
    const auto [at, is_new] = index.try_emplace(root, views.size());
    if (is_new) views.push_back({root, &space->Current(guard).view(), {}});
    views[at->second].spaces.push_back(space);
  }
  return views;
}

View ViewOf(const Reading& guard, const text::Machine& machine,
            const AddressSpace& space) {
  View view{space.shown_root(guard), &space.Current(guard).view(), {}};
  for (const AddressSpace* other : machine.spaces()) {
    if (other->shown_root(guard) == view.root) view.spaces.push_back(other);
  }
  return view;
}

std::string AttributesText(const FlatRange& range) {
  std::vector<std::string> words;
  if (range.readonly) words.push_back("read-only");
  if (range.nonvolatile) words.push_back("non-volatile");
  if (range.unmergeable) words.push_back("unmergeable");
  if (range.kind == RegionKind::kRomDevice) {
    words.push_back(range.romd ? "reads memory" : "reads call the device");
  }
  return absl::StrJoin(words, ", ");
}

Json RangeJson(const FlatRange& range, const text::Machine& machine) {
  const Region& region = *range.region;
  Json json = {{"first", Hex(range.range.first.raw())},
               {"last", Hex(range.range.last.raw())},
               {"kind", std::string(RegionKindName(range.kind))},
               {"region", region.name()},
               {"path", region.Path()},
               {"offset", Hex(range.offset)},
               {"priority", region.priority()},
               {"owner", machine.OwnerText(region)},
               {"readonly", range.readonly},
               {"nonvolatile", range.nonvolatile},
               {"unmergeable", range.unmergeable}};
  if (range.kind == RegionKind::kRomDevice) json["romd"] = range.romd;
  return json;
}

Json ViewJson(const View& view, const text::Machine& machine) {
  Json json;
  json["spaces"] = Json::array();
  for (const AddressSpace* space : view.spaces) {
    Json entry = {{"name", space->name()}, {"root", nullptr}};
    if (space->root() != nullptr) entry["root"] = space->root()->name();
    json["spaces"].push_back(entry);
  }
  json["root"] = view.root == nullptr ? Json(nullptr) : Json(view.root->name());
  json["ranges"] = Json::array();
  for (const FlatRange& range : *view.view) {
    json["ranges"].push_back(RangeJson(range, machine));
  }
  return json;
}

}  // namespace planish::tools
