// planish apply: one update step of a map, and what it took.

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/flatview/diff.h"
#include "planish/flatview/flat_range.h"
#include "planish/regions/commit_report.h"
#include "planish/regions/topology.h"
#include "planish/space/address_space.h"
#include "planish/space/snapshot_hold.h"
#include "planish/text/text.h"
#include "planish/tools/commands.h"
#include "planish/tools/console.h"
#include "planish/tools/flat_check.h"
#include "planish/tools/input.h"
#include "planish/tools/json.h"
#include "planish/tools/style.h"

namespace planish::tools {
namespace {

// What a step changed in one space.
class RangeCount final : public DiffSink {
 public:
  void Removed(const FlatRange&) override { ++removed_; }
  void Added(const FlatRange&) override { ++added_; }

  size_t removed() const { return removed_; }
  size_t added() const { return added_; }

 private:
  size_t removed_ = 0;
  size_t added_ = 0;
};

struct ChangedSpace {
  std::string name;
  RangeCount ranges;
};

// The spaces of a machine as they are, to be compared later.
class Before {
 public:
  explicit Before(const text::Machine& machine) : machine_(machine) {
    for (const AddressSpace* space : machine.spaces()) {
      shown_.emplace_back(space, space->Hold());
    }
  }

  // Those that are still there, and show something else.
  std::vector<ChangedSpace> Compare() const {
    std::vector<ChangedSpace> changed;
    const ReadGuard guard(machine_.topology().rcu());
    for (const auto& [space, hold] : shown_) {
      for (const AddressSpace* now : machine_.spaces()) {
        if (now != space) continue;
        ChangedSpace change{now->name(), {}};
        Diff(hold->view(), now->Current(guard).view(), change.ranges);
        if (change.ranges.removed() + change.ranges.added() == 0) continue;
        changed.push_back(std::move(change));
      }
    }
    return changed;
  }

 private:
  const text::Machine& machine_;
  std::vector<std::pair<const AddressSpace*, SnapshotHold>> shown_;
};

void PrintStats(const CommitReport& did,
                const std::vector<ChangedSpace>& changed, Console& console) {
  const auto us = [](int64_t ns) { return static_cast<double>(ns) / 1000; };
  console.out << absl::StrFormat(
      "marked    %d intervals of regions\n"
      "spaces    %d looked for their root again, %d found another\n"
      "views     %d reached, %d changed, %d of them built whole\n"
      "rendered  %d intervals: %d ranges before, %d after\n"
      "made      %d nodes, %d bytes; retired %d pieces, %d wait\n"
      "took      %.1f us to prepare, %.1f to publish, %.1f to free\n",
      did.changes_marked, did.walks_resolved, did.spaces_moved,
      did.lines_touched, did.lines_changed, did.lines_built,
      did.intervals_rendered, did.ranges_out, did.ranges_in, did.nodes_made,
      did.bytes_made, did.pieces_retired, did.pieces_waiting,
      us(did.prepare_ns), us(did.publish_ns), us(did.free_ns));
  for (const ChangedSpace& space : changed) {
    console.out << "changed   " << Printable(space.name)
                << absl::StrFormat(": %d ranges gone, %d new\n",
                                   space.ranges.removed(),
                                   space.ranges.added());
  }
}

void PrintJsonStats(const CommitReport& did,
                    const std::vector<ChangedSpace>& changed,
                    Console& console) {
  Json json = MakeJson("apply");
  json["stats"] = {{"changes_marked", did.changes_marked},
                   {"walks_resolved", did.walks_resolved},
                   {"spaces_moved", did.spaces_moved},
                   {"views_reached", did.lines_touched},
                   {"views_changed", did.lines_changed},
                   {"views_built", did.lines_built},
                   {"intervals_rendered", did.intervals_rendered},
                   {"ranges_before", did.ranges_out},
                   {"ranges_after", did.ranges_in},
                   {"nodes_made", did.nodes_made},
                   {"bytes_made", did.bytes_made},
                   {"pieces_retired", did.pieces_retired},
                   {"pieces_waiting", did.pieces_waiting},
                   {"prepare_ns", did.prepare_ns},
                   {"publish_ns", did.publish_ns},
                   {"free_ns", did.free_ns}};
  json["changed"] = Json::array();
  for (const ChangedSpace& space : changed) {
    json["changed"].push_back({{"space", space.name},
                               {"ranges_gone", space.ranges.removed()},
                               {"ranges_new", space.ranges.added()}});
  }
  PrintJson(json, console);
}

}  // namespace

int RunApply(const ApplyOptions& options, Console& console) {
  const auto machine = LoadMachine(console, options.map);
  if (!machine.ok()) return Fail(console, machine.status());
  const auto delta = ReadDeltaInput(console, options.delta);
  if (!delta.ok()) return Fail(console, delta.status());
  if (!options.map.tree.empty()) {
    // A step of another table would change other regions, and may not fail.
    Note(console,
         "a pair has no ids; the step's are taken for those that `planish "
         "convert --to=table` gives it");
  }
  if (options.stats) {
    const Before before(**machine);
    CommitReport did;
    const absl::Status applied = (*machine)->Apply(*delta, &did);
    if (!applied.ok()) return Fail(console, applied);
    const auto print =
        options.format == Format::kJson ? PrintJsonStats : PrintStats;
    print(did, before.Compare(), console);
    return kExitOk;
  }
  const absl::Status applied = (*machine)->Apply(*delta);
  if (!applied.ok()) return Fail(console, applied);
  if (options.expected.empty()) {
    return PrintViews(**machine, "", false, "apply", options.format, console);
  }
  return CheckViews(**machine, options.expected, "apply", options.format,
                    console);
}

}  // namespace planish::tools
