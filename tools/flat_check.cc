#include "planish/tools/flat_check.h"

#include <algorithm>
#include <cstddef>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "planish/base/check.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/regions/region.h"
#include "planish/space/address_space.h"
#include "planish/text/text.h"
#include "planish/tools/input.h"
#include "planish/tools/json.h"
#include "planish/tools/space_selection.h"
#include "planish/tools/style.h"
#include "planish/tools/views.h"

namespace planish::tools {
namespace {

using text::FlatDifference;

text::FlatTextOptions TextOptions(const text::Machine& machine, bool owners) {
  text::FlatTextOptions options;
  if (owners) {
    options.owner_of = [&machine](const Region& region) -> absl::string_view {
      return machine.OwnerText(region);
    };
  }
  return options;
}

void PrintDifferences(const std::vector<FlatDifference>& differences,
                      Console& console) {
  const Style style(console);
  for (const FlatDifference& difference : differences) {
    switch (difference.side) {
      case FlatDifference::Side::kBoth:
        console.out << "  " << difference.line << '\n';
        break;
      case FlatDifference::Side::kOnlyExpected:
        console.out << style.Paint(Ink::kLost,
                                   absl::StrCat("- ", difference.line))
                    << '\n';
        break;
      case FlatDifference::Side::kOnlyActual:
        console.out << style.Paint(Ink::kWon,
                                   absl::StrCat("+ ", difference.line))
                    << '\n';
        break;
    }
  }
}

Json DifferencesJson(const std::vector<FlatDifference>& differences) {
  Json json = Json::array();
  for (const FlatDifference& difference : differences) {
    const char* side = "both";
    if (difference.side == FlatDifference::Side::kOnlyExpected) {
      side = "expected";
    } else if (difference.side == FlatDifference::Side::kOnlyActual) {
      side = "computed";
    }
    json.push_back({{"in", side}, {"line", difference.line}});
  }
  return json;
}

}  // namespace

int PrintViews(const text::Machine& machine, const std::string& space,
               bool owners, const char* command, Format format,
               Console& console) {
  if (machine.spaces().empty()) Note(console, kNoSpaces);
  const ReadGuard guard(machine.topology().rcu());
  std::vector<View> views = ViewsOf(guard, machine);
  if (!space.empty()) {
    const auto selected = SelectSpace(machine, space);
    if (!selected.ok()) return Fail(console, selected.status());
    views = {ViewOf(guard, machine, **selected)};
  }
  if (format == Format::kJson) {
    Json json = MakeJson(command);
    json["views"] = Json::array();
    for (const View& view : views) {
      json["views"].push_back(ViewJson(view, machine));
    }
    PrintJson(json, console);
    return kExitOk;
  }
  std::vector<const AddressSpace*> spaces;
  for (const View& view : views) {
    spaces.insert(spaces.end(), view.spaces.begin(), view.spaces.end());
  }
  console.out << text::WriteFlatViews(spaces, TextOptions(machine, owners));
  return kExitOk;
}

int CheckViews(const text::Machine& machine, const std::string& expected,
               const char* command, Format format, Console& console) {
  const auto text = ReadInput(console, expected);
  if (!text.ok()) return Fail(console, text.status());
  const auto blocks = text::ReadFlatViews({expected, *text});
  if (!blocks.ok()) return Fail(console, blocks.status());
  const bool owners =
      std::any_of(blocks->begin(), blocks->end(),
                  [](const text::FlatBlock& b) { return b.tells_owners; });
  const std::string ours =
      text::WriteFlatViews(machine.spaces(), TextOptions(machine, owners));
  // A map without any space shows no view at all.
  std::vector<text::FlatBlock> computed;
  if (!ours.empty()) {
    const auto parsed = text::ReadFlatViews({"the computed views", ours});
    PLANISH_CHECK_OK(parsed);
    computed = *parsed;
  }
  const std::vector<FlatDifference> differences =
      text::CompareFlatViews(*blocks, computed);
  if (format == Format::kJson) {
    Json json = MakeJson(command);
    json["equal"] = differences.empty();
    json["views"] = computed.size();
    json["differences"] = DifferencesJson(differences);
    PrintJson(json, console);
  } else if (differences.empty()) {
    console.out << "equal: " << computed.size() << " views\n";
  } else {
    console.out << "--- " << expected << "\n+++ computed\n";
    PrintDifferences(differences, console);
  }
  return differences.empty() ? kExitOk : kExitDifference;
}

}  // namespace planish::tools
