#include "planish/tools/arguments.h"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "planish/base/addr.h"
#include "planish/base/status_macros.h"
#include "planish/measure/maps.h"
#include "planish/text/text.h"
#include "planish/tools/generated_map.h"

namespace planish::tools {

absl::Status Settle(
    MapInput& map,
    const std::vector<std::pair<const char*, std::string*>>& rest) {
  if (map.tree.empty() != map.flat.empty()) {
    return absl::InvalidArgumentError("--tree and --flat go together");
  }
  if (!map.tree.empty()) {
    std::string moving = std::exchange(map.file, "");
    for (const auto& [name, value] : rest) std::swap(moving, *value);
    if (!moving.empty()) {
      return absl::InvalidArgumentError(
          "FILE and --tree with --flat exclude one another");
    }
  } else if (map.file.empty()) {
    return absl::InvalidArgumentError(
        "FILE is missing, or --tree with --flat in its place");
  }
  for (const auto& [name, value] : rest) {
    if (value->empty()) {
      return absl::InvalidArgumentError(absl::StrCat(name, " is missing"));
    }
  }
  return absl::OkStatus();
}

absl::Status SettleLookup(std::vector<std::string> addresses,
                          LookupOptions& o) {
  if (!o.map.tree.empty() && !o.map.file.empty()) {
    addresses.insert(addresses.begin(), std::exchange(o.map.file, ""));
  }
  PLANISH_RETURN_IF_ERROR(Settle(o.map, {}));
  if (addresses.empty()) return absl::InvalidArgumentError("ADDR is missing");
  for (const std::string& text : addresses) {
    const auto number = text::ParseNumber64(text);
    if (!number.has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", text,
                       "' is no address: 0x and hex digits, or "
                       "decimal, perhaps with K M G T P or E"));
    }
    o.addresses.emplace_back(*number);
  }
  return absl::OkStatus();
}

absl::Status SettleDiff(DiffOptions& o) {
  for (const MapInput* map : {&o.before, &o.after}) {
    if (map->tree.empty() != map->flat.empty()) {
      return absl::InvalidArgumentError(
          "--tree and --flat go together, and so do --tree2 and --flat2");
    }
  }
  const bool pair_for_a = !o.before.tree.empty();
  const bool pair_for_b = !o.after.tree.empty();
  if (pair_for_a && !pair_for_b && o.after.file.empty()) {
    std::swap(o.before.file, o.after.file);
  }
  if ((pair_for_a && !o.before.file.empty()) ||
      (pair_for_b && !o.after.file.empty())) {
    return absl::InvalidArgumentError(
        "too many files: each pair takes the place of A or of B");
  }
  if (!pair_for_a && o.before.file.empty()) {
    return absl::InvalidArgumentError("A is missing");
  }
  if (!pair_for_b && o.after.file.empty()) {
    return absl::InvalidArgumentError("B is missing");
  }
  return absl::OkStatus();
}

absl::Status SettleReplay(ReplayOptions& o) {
  const bool with_map =
      !o.map.file.empty() || !o.map.tree.empty() || !o.map.flat.empty();
  if (!o.folder.empty()) {
    if (!with_map && o.trace.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(
        "CASE and --map with --trace exclude one another");
  }
  if (!with_map && o.trace.empty()) {
    return absl::InvalidArgumentError("CASE is missing, or --map and --trace");
  }
  if (o.trace.empty()) return absl::InvalidArgumentError("--trace is missing");
  if (!with_map) {
    return absl::InvalidArgumentError(
        "--map is missing, or --tree with --flat in its place");
  }
  return Settle(o.map, {});
}

absl::Status SettleGenerate(const std::string& kind, const std::string& n,
                            GenerateOptions& o) {
  const auto parsed = measure::ParseMapKind(kind);
  if (!parsed.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--kind: '", kind,
                     "' is none of spread, dense, iommu4k, power-law, crowd"));
  }
  o.kind = *parsed;
  const auto ranges = text::ParseNumber64(n);
  if (!ranges.has_value() || *ranges == 0 || *ranges > kMaxGeneratedRanges) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--n: '", n, "' is not a number from 1 to ", kMaxGeneratedRanges));
  }
  o.ranges = static_cast<size_t>(*ranges);
  return absl::OkStatus();
}

}  // namespace planish::tools
