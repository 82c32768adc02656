// planish bench: lookup throughput of this very map.

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/base/status_macros.h"
#include "planish/dispatch/dispatch_table.h"
#include "planish/flatview/flat_view.h"
#include "planish/measure/patterns.h"
#include "planish/space/address_space.h"
#include "planish/text/text.h"
#include "planish/tools/commands.h"
#include "planish/tools/console.h"
#include "planish/tools/input.h"
#include "planish/tools/json.h"
#include "planish/tools/measure.h"
#include "planish/tools/patterns.h"
#include "planish/tools/space_selection.h"
#include "planish/tools/speed_table.h"
#include "planish/tools/style.h"
#include "planish/tools/trace.h"

namespace planish::tools {
namespace {

absl::Status PinToCpu(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (cpu < 0 || cpu >= CPU_SETSIZE) {
    return absl::InvalidArgumentError(absl::StrCat("--pin: no CPU ", cpu));
  }
  CPU_SET(static_cast<size_t>(cpu), &set);
  if (sched_setaffinity(0, sizeof(set), &set) != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--pin: can't stay on CPU ", cpu, ": ", std::strerror(errno)));
  }
  return absl::OkStatus();
}

const AddressSpace* LargestSpace(const text::Machine& machine) {
  const ReadGuard guard(machine.topology().rcu());
  const AddressSpace* largest = nullptr;
  size_t most = 0;
  for (const AddressSpace* space : machine.spaces()) {
    const size_t ranges = space->Current(guard).view().size();
    if (largest == nullptr || ranges > most) {
      largest = space;
      most = ranges;
    }
  }
  return largest;
}

absl::StatusOr<const AddressSpace*> SpaceToMeasure(const text::Machine& machine,
                                                   const std::string& name) {
  const AddressSpace* space = LargestSpace(machine);
  if (!name.empty()) {
    PLANISH_ASSIGN_OR_RETURN(space, SelectSpace(machine, name));
  }
  if (space == nullptr) {
    return absl::InvalidArgumentError(kNoSpaces);
  }
  const ReadGuard guard(machine.topology().rcu());
  if (space->Current(guard).view().empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("space '", space->name(), "' shows nothing"));
  }
  return space;
}

// The addresses of the trace that went through a space of this name.
absl::StatusOr<NamedAddresses> TracePattern(Console& console,
                                            const std::string& path,
                                            const AddressSpace& space) {
  PLANISH_ASSIGN_OR_RETURN(const std::string text, ReadInput(console, path));
  PLANISH_ASSIGN_OR_RETURN(const Trace trace, ParseTrace(path, text));
  const SpaceClass wanted = ClassOfSpace(space.name());
  NamedAddresses pattern{"trace", {}};
  for (const Access& access : trace.accesses) {
    if (access.space == wanted) pattern.addresses.push_back(access.addr);
  }
  if (pattern.addresses.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": no access of space ", std::string(1, SpaceClassLetter(wanted)),
        ", which '", space.name(), "' is"));
  }
  return pattern;
}

void WarnAboutLoad(Console& console) {
  double load = 0;
  const auto cpus = static_cast<double>(sysconf(_SC_NPROCESSORS_ONLN));
  if (getloadavg(&load, 1) == 1 && load > 0.5) {
    Note(console,
         absl::StrFormat("the load average is %.1f on %.0f CPUs; others run "
                         "here, so trust the minimum, not the median",
                         load, cpus));
  }
}

}  // namespace

int RunBench(const BenchOptions& options, Console& console) {
  auto machine = LoadMachine(console, options.map);
  if (!machine.ok()) return Fail(console, machine.status());
  const auto space = SpaceToMeasure(**machine, options.space);
  if (!space.ok()) return Fail(console, space.status());
  const ReadGuard guard((*machine)->topology().rcu());
  const FlatView& view = (*space)->Current(guard).view();
  std::vector<NamedAddresses> patterns;
  for (const measure::Pattern pattern :
       {measure::Pattern::kSame, measure::Pattern::kUniform,
        measure::Pattern::kZipf, measure::Pattern::kStreams}) {
    patterns.push_back(MakePattern(pattern, view, options.seed));
  }
  if (!options.trace.empty()) {
    auto pattern = TracePattern(console, options.trace, **space);
    if (!pattern.ok()) return Fail(console, pattern.status());
    patterns.push_back(*std::move(pattern));
  }
  if (options.pin.has_value()) {
    const absl::Status pinned = PinToCpu(*options.pin);
    if (!pinned.ok()) return Fail(console, pinned);
  }
  WarnAboutLoad(console);
  const std::vector<MeasuredRow> rows =
      MeasureLookups(**space, patterns, options.repetitions);
  const DispatchTable& table = (*space)->Current(guard).table();
  if (options.format == Format::kJson) {
    Json json = MakeJson("bench");
    json["map"] = options.map.name();
    json["space"] = SpaceLabel(**machine, **space);
    json["ranges"] = view.size();
    json["table"] = {{"form", std::string(table.form_name())},
                     {"bytes", table.memory_bytes()}};
    json["repetitions"] = options.repetitions;
    json["rows"] = SpeedJson(rows);
    PrintJson(json, console);
    return kExitOk;
  }
  console.out << absl::StrFormat(
      "%s, space %s: %d ranges, table: %s, %s\n", options.map.name(),
      Printable(SpaceLabel(**machine, **space)), view.size(), table.form_name(),
      HumanSize(table.memory_bytes()));
  PrintSpeed(rows, Style(console), console.out);
  console.out << "ns per lookup, loop included: minimum (median of "
              << options.repetitions << "), and the minimum in L1 loads\n";
  return kExitOk;
}

}  // namespace planish::tools
