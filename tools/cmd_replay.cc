// planish replay: is each access of a recorded trace found at the region that
// the machine itself named? And how long does a lookup take on that pattern?

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "planish/base/status_macros.h"
#include "planish/text/text.h"
#include "planish/tools/commands.h"
#include "planish/tools/console.h"
#include "planish/tools/input.h"
#include "planish/tools/json.h"
#include "planish/tools/replayer.h"
#include "planish/tools/style.h"
#include "planish/tools/trace.h"
#include "planish/tools/trace_folder.h"

namespace planish::tools {
namespace {

// Indices of accesses, by phase, in the order of the trace.
std::map<int64_t, Replayer::Indices> ByPhase(const Trace& trace) {
  std::map<int64_t, Replayer::Indices> phases;
  for (size_t i = 0; i < trace.accesses.size(); ++i) {
    phases[trace.accesses[i].phase].push_back(static_cast<uint32_t>(i));
  }
  return phases;
}

absl::StatusOr<Trace> ReadTrace(Console& console, absl::string_view path) {
  PLANISH_ASSIGN_OR_RETURN(const std::string text, ReadInput(console, path));
  return ParseTrace(path, text);
}

absl::StatusOr<ReplayReport> ReplayFolder(const ReplayOptions& options,
                                          Console& console) {
  TraceFolder folder(console, options.folder);
  PLANISH_ASSIGN_OR_RETURN(const std::string path, folder.TracePath());
  PLANISH_ASSIGN_OR_RETURN(const Trace trace, ReadTrace(console, path));
  Replayer replayer(trace, options.show, console);
  for (const auto& [phase, accesses] : ByPhase(trace)) {
    PLANISH_ASSIGN_OR_RETURN(const auto dumps, folder.DumpsOfPhase(phase));
    replayer.Run(phase, accesses, dumps);
  }
  return replayer.report();
}

absl::StatusOr<ReplayReport> ReplayMap(const ReplayOptions& options,
                                       Console& console) {
  PLANISH_ASSIGN_OR_RETURN(std::unique_ptr<text::Machine> machine,
                           LoadMachine(console, options.map));
  const Dump dump("the map", std::move(machine));
  PLANISH_ASSIGN_OR_RETURN(const Trace trace,
                           ReadTrace(console, options.trace));
  Replayer replayer(trace, options.show, console);
  for (const auto& [phase, accesses] : ByPhase(trace)) {
    replayer.Run(phase, accesses, {&dump});
  }
  return replayer.report();
}

void PrintMismatch(const Mismatch& mismatch, const Style& style,
                   Console& console) {
  const Access& access = mismatch.access;
  console.out << style.Paint(Ink::kLost, "mismatch")
              << absl::StrFormat(
                     ": seq %d, %s of %d at %s, space %c, phase %d: recorded "
                     "'%s'\n",
                     access.seq, access.op == 'r' ? "read" : "write",
                     access.size_bytes, Hex(access.addr.raw()),
                     SpaceClassLetter(access.space), access.phase,
                     Printable(mismatch.region));
  for (const std::string& found : mismatch.found) {
    console.out << "    " << found << '\n';
  }
}

void PrintPhase(const PhaseSummary& phase, Console& console) {
  console.out << absl::StrFormat("  phase %d in %s:", phase.phase,
                                 absl::StrJoin(phase.dumps, ", then "));
  for (size_t c = 0; c < phase.accesses.size(); ++c) {
    if (phase.accesses[c] == 0) continue;
    console.out << absl::StrFormat("  %c %d",
                                   SpaceClassLetter(static_cast<SpaceClass>(c)),
                                   phase.accesses[c]);
  }
  if (phase.mismatches != 0) {
    console.out << "  mismatches " << phase.mismatches;
  }
  console.out << '\n';
}

void PrintText(const ReplayReport& report, absl::string_view name,
               Console& console) {
  const Style style(console);
  for (const Mismatch& mismatch : report.shown) {
    PrintMismatch(mismatch, style, console);
  }
  if (report.shown.size() < report.mismatches) {
    console.out << "... and " << report.mismatches - report.shown.size()
                << " more\n";
  }
  console.out << absl::StrFormat(
      "%s: %d accesses, %s, %.2f ns per lookup (%d lookups)\n", name,
      report.accesses,
      style.Paint(
          report.mismatches == 0 ? Ink::kWon : Ink::kLost,
          absl::StrCat(report.mismatches,
                       report.mismatches == 1 ? " mismatch" : " mismatches")),
      report.NanosecondsPerLookup(), report.lookups);
  for (const PhaseSummary& phase : report.phases) PrintPhase(phase, console);
}

Json MismatchJson(const Mismatch& mismatch) {
  const Access& access = mismatch.access;
  return {{"seq", access.seq},
          {"op", std::string(1, access.op)},
          {"address", Hex(access.addr.raw())},
          {"size", access.size_bytes},
          {"space", std::string(1, SpaceClassLetter(access.space))},
          {"phase", access.phase},
          {"region", mismatch.region},
          {"found", mismatch.found}};
}

void PrintJsonReport(const ReplayReport& report, const std::string& name,
                     Console& console) {
  Json json = MakeJson("replay");
  json["case"] = name;
  json["accesses"] = report.accesses;
  json["mismatches"] = report.mismatches;
  json["lookups"] = report.lookups;
  json["ns_per_lookup"] = report.NanosecondsPerLookup();
  json["phases"] = Json::array();
  for (const PhaseSummary& phase : report.phases) {
    Json by_space = Json::object();
    for (size_t c = 0; c < phase.accesses.size(); ++c) {
      const char letter = SpaceClassLetter(static_cast<SpaceClass>(c));
      by_space[std::string(1, letter)] = phase.accesses[c];
    }
    json["phases"].push_back({{"phase", phase.phase},
                              {"dumps", phase.dumps},
                              {"accesses", by_space},
                              {"mismatches", phase.mismatches}});
  }
  json["first_mismatches"] = Json::array();
  for (const Mismatch& mismatch : report.shown) {
    json["first_mismatches"].push_back(MismatchJson(mismatch));
  }
  json["notes"] = report.notes;
  PrintJson(json, console);
}

}  // namespace

int RunReplay(const ReplayOptions& options, Console& console) {
  const bool by_folder = !options.folder.empty();
  const auto report =
      by_folder ? ReplayFolder(options, console) : ReplayMap(options, console);
  if (!report.ok()) return Fail(console, report.status());
  const std::string& name = by_folder ? options.folder : options.trace;
  for (const std::string& note : report->notes) Note(console, note);
  if (options.format == Format::kJson) {
    PrintJsonReport(*report, name, console);
  } else {
    PrintText(*report, name, console);
  }
  return report->mismatches == 0 ? kExitOk : kExitDifference;
}

}  // namespace planish::tools
