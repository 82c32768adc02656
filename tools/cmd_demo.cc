// planish demo: a real machine's map, flattened, looked up and timed, in ten
// seconds and a hundred columns.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "planish/base/addr.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/base/status_macros.h"
#include "planish/flatview/flat_view.h"
#include "planish/measure/maps.h"
#include "planish/measure/patterns.h"
#include "planish/space/address_space.h"
#include "planish/text/text.h"
#include "planish/tools/answer.h"
#include "planish/tools/commands.h"
#include "planish/tools/console.h"
#include "planish/tools/generated_map.h"
#include "planish/tools/json.h"
#include "planish/tools/map_picture.h"
#include "planish/tools/measure.h"
#include "planish/tools/patterns.h"
#include "planish/tools/q35_linux.h"
#include "planish/tools/space_selection.h"
#include "planish/tools/speed_table.h"
#include "planish/tools/style.h"
#include "planish/tools/views.h"

namespace planish::tools {
namespace {

constexpr size_t kColumns = 100;
constexpr size_t kTreeColumns = 52;
constexpr int kRepetitions = 11;

struct Question {
  const char* space;
  uint64_t addr;
  const char* remark;  // What the answer shows.
};

constexpr std::array<Question, 5> kQuestions = {{
    {"memory", 0xc1234,
     "Shadow RAM: a read-only window onto RAM lies over the PCI bus's ROM."},
    {"memory", 0xfee00300,
     "The interrupt controller outranks everything at its address."},
    {"I/O", 0x70, "A register inside a region that only fills the gaps."},
    {"I/O", 0xcf9, "One byte cut out of a port four bytes wide."},
    {"memory", 0x80000000, "Nothing there: a hole is an answer too."},
}};

absl::StatusOr<std::unique_ptr<text::Machine>> DemoMachine() {
  PLANISH_ASSIGN_OR_RETURN(const text::MapDescription map,
                           text::ReadTable({"q35_linux.tsv", kQ35Linux}));
  return text::Machine::Create(map);
}

// Appends a row: uniform lookups in that space.
void Measure(std::string name, const AddressSpace& space,
             std::vector<MeasuredRow>& rows) {
  const ReadGuard guard(space.topology().rcu());
  NamedAddresses pattern =
      MakePattern(measure::Pattern::kUniform, space.Current(guard).view(), 1);
  pattern.name = std::move(name);
  for (MeasuredRow& row : MeasureLookups(space, {pattern}, kRepetitions)) {
    rows.push_back(std::move(row));
  }
}

absl::StatusOr<std::vector<MeasuredRow>> MeasureAll(
    const AddressSpace& memory) {
  std::vector<MeasuredRow> rows;
  const ReadGuard guard(memory.topology().rcu());
  Measure(absl::StrCat("this map, ", memory.Current(guard).view().size()),
          memory, rows);
  for (const size_t ranges : {size_t{1000}, size_t{10000}}) {
    PLANISH_ASSIGN_OR_RETURN(const std::unique_ptr<text::Machine> machine,
                             text::Machine::Create(GenerateMap(
                                 measure::MapKind::kSpread, ranges, 1)));
    Measure(absl::StrCat("spread, ", ranges), *machine->spaces()[0], rows);
  }
  return rows;
}

void PrintHeading(absl::string_view text, const Style& style,
                  std::ostream& out) {
  out << style.Rule(kColumns) << '\n' << style.Paint(Ink::kTitle, text) << '\n';
}

void PrintPicture(const AddressSpace& memory, const Style& style,
                  std::ostream& out) {
  const ReadGuard guard(memory.topology().rcu());
  const FlatView& view = memory.Current(guard).view();
  PrintHeading(
      "1  A PC (QEMU's q35 with Linux running): the tree of regions, "
      "and what the CPU sees of it",
      style, out);
  out << "   Left: regions; of two siblings that overlap the upper wins, by "
         "the priority behind it, or as the\n   newer. An arrow is a window "
         "onto another region. Right: the flat view, "
      << view.size() << " ranges.\n";
  const std::vector<std::string> left =
      TreeLines(*memory.shown_root(guard), view, kTreeColumns, style);
  PrintSideBySide(left, kTreeColumns,
                  FlatLines(view, kColumns - kTreeColumns - 3, style), style,
                  out);
}

absl::Status PrintQuestions(const text::Machine& machine, const Style& style,
                            std::ostream& out) {
  const ReadGuard guard(machine.topology().rcu());
  PrintHeading("2  What is at an address, and why", style, out);
  for (const Question& question : kQuestions) {
    if (&question != kQuestions.data()) out << '\n';
    PLANISH_ASSIGN_OR_RETURN(const AddressSpace* space,
                             SelectSpace(machine, question.space));
    const Answer answer = Ask(guard, *space, Addr(question.addr));
    PrintAnswerLine(guard, answer, *space, style, out);
    out << "  " << style.Paint(Ink::kDim, question.remark) << '\n';
    PrintWhy(answer.why, style, out);
  }
  return absl::OkStatus();
}

absl::Status PrintAll(const text::Machine& machine, const AddressSpace& memory,
                      Console& console) {
  const Style style(console);
  PrintPicture(memory, style, console.out);
  PLANISH_RETURN_IF_ERROR(PrintQuestions(machine, style, console.out));
  console.out.flush();
  PLANISH_ASSIGN_OR_RETURN(const std::vector<MeasuredRow> rows,
                           MeasureAll(memory));
  PrintHeading("3  How fast: any byte of any range, this process, one thread",
               style, console.out);
  PrintSpeed(rows, style, console.out);
  console.out << "   ns per lookup: minimum (median of " << kRepetitions
              << "), and the minimum in L1 loads. Map, ranges.\n";
  return absl::OkStatus();
}

absl::Status PrintAllJson(const text::Machine& machine,
                          const AddressSpace& memory, Console& console) {
  const ReadGuard guard(machine.topology().rcu());
  Json json = MakeJson("demo");
  json["views"] = Json::array();
  for (const View& view : ViewsOf(guard, machine)) {
    json["views"].push_back(ViewJson(view, machine));
  }
  json["lookups"] = Json::array();
  for (const Question& question : kQuestions) {
    PLANISH_ASSIGN_OR_RETURN(const AddressSpace* space,
                             SelectSpace(machine, question.space));
    Json answer = AnswerJson(Ask(guard, *space, Addr(question.addr)), machine);
    answer["space"] = question.space;
    json["lookups"].push_back(std::move(answer));
  }
  PLANISH_ASSIGN_OR_RETURN(const std::vector<MeasuredRow> rows,
                           MeasureAll(memory));
  json["speed"] = SpeedJson(rows);
  PrintJson(json, console);
  return absl::OkStatus();
}

}  // namespace

int RunDemo(const DemoOptions& options, Console& console) {
  const auto machine = DemoMachine();
  if (!machine.ok()) return Fail(console, machine.status());
  const auto memory = SelectSpace(**machine, "memory");
  if (!memory.ok()) return Fail(console, memory.status());
  const absl::Status status = options.format == Format::kJson
                                  ? PrintAllJson(**machine, **memory, console)
                                  : PrintAll(**machine, **memory, console);
  return status.ok() ? kExitOk : Fail(console, status);
}

}  // namespace planish::tools
