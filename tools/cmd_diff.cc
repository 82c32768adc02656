// planish diff: the ranges that differ between two maps, space by space.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/flatview/flat_range.h"
#include "planish/flatview/flat_view.h"
#include "planish/regions/region.h"
#include "planish/space/address_space.h"
#include "planish/text/text.h"
#include "planish/tools/commands.h"
#include "planish/tools/console.h"
#include "planish/tools/input.h"
#include "planish/tools/json.h"
#include "planish/tools/space_selection.h"
#include "planish/tools/style.h"
#include "planish/tools/views.h"

namespace planish::tools {
namespace {

// A range as two maps can both have it: by names, not by pointers. Sorts by
// address; fixed-width hex digits make the text do so too.
std::string RangeText(const FlatRange& range) {
  std::string text = absl::StrFormat(
      "%016x-%016x %s %s", range.range.first.raw(), range.range.last.raw(),
      RegionKindName(range.kind), Printable(range.region->name()));
  if (range.offset != 0) absl::StrAppend(&text, " @", Hex(range.offset));
  if (range.region->priority() != 0) {
    absl::StrAppend(&text, " prio ", range.region->priority());
  }
  const std::string attributes = AttributesText(range);
  if (!attributes.empty()) absl::StrAppend(&text, " (", attributes, ")");
  return text;
}

std::vector<std::string> RangeTexts(const FlatView& view) {
  std::vector<std::string> texts;
  texts.reserve(view.size());
  for (const FlatRange& range : view) texts.push_back(RangeText(range));
  return texts;
}

struct SpaceDifference {
  std::vector<std::string> spaces;  // That differ in this very way.
  std::vector<std::string> gone;
  std::vector<std::string> come;
};

struct Differences {
  std::vector<SpaceDifference> ranges;
  std::vector<std::string> only_before;  // Spaces.
  std::vector<std::string> only_after;
  size_t spaces = 0;  // In both.

  bool empty() const {
    return ranges.empty() && only_before.empty() && only_after.empty();
  }
};

// The k-th space of a name in one map answers to the k-th in the other.
std::map<std::pair<std::string, int>, const AddressSpace*> SpacesByName(
    const text::Machine& machine) {
  std::map<std::pair<std::string, int>, const AddressSpace*> spaces;
  absl::flat_hash_map<std::string, int> met;
  for (const auto& space : machine.spaces()) {
    spaces[{space->name(), ++met[space->name()]}] = space;
  }
  return spaces;
}

std::string Label(const std::pair<std::string, int>& name) {
  return name.second == 1 ? name.first
                          : absl::StrCat(name.first, "#", name.second);
}

Differences Compare(const text::Machine& before, const text::Machine& after) {
  const ReadGuard old_guard(before.topology().rcu());
  const ReadGuard new_guard(after.topology().rcu());
  Differences differences;
  // Spaces share views, so a pair of views is compared once.
  std::map<std::pair<const FlatView*, const FlatView*>, size_t> compared;
  constexpr size_t kEqual = SIZE_MAX;
  auto rest = SpacesByName(after);
  for (const auto& [name, space] : SpacesByName(before)) {
    const auto partner = rest.find(name);
    if (partner == rest.end()) {
      differences.only_before.push_back(Label(name));
      continue;
    }
    ++differences.spaces;
    const FlatView* old_view = &space->Current(old_guard).view();
    const FlatView* new_view = &partner->second->Current(new_guard).view();
    rest.erase(partner);
    const auto [known, is_new] =
        compared.try_emplace({old_view, new_view}, kEqual);
    if (is_new) {
      const std::vector<std::string> old_texts = RangeTexts(*old_view);
      const std::vector<std::string> new_texts = RangeTexts(*new_view);
      SpaceDifference difference;
      std::set_difference(old_texts.begin(), old_texts.end(), new_texts.begin(),
                          new_texts.end(), std::back_inserter(difference.gone));
      std::set_difference(new_texts.begin(), new_texts.end(), old_texts.begin(),
                          old_texts.end(), std::back_inserter(difference.come));
      if (!difference.gone.empty() || !difference.come.empty()) {
        known->second = differences.ranges.size();
        differences.ranges.push_back(std::move(difference));
      }
    }
    if (known->second != kEqual) {
      differences.ranges[known->second].spaces.push_back(Label(name));
    }
  }
  for (const auto& [name, space] : rest) {
    differences.only_after.push_back(Label(name));
  }
  return differences;
}

void PrintText(const Differences& differences, Console& console) {
  const Style style(console);
  for (const SpaceDifference& difference : differences.ranges) {
    console.out << style.Paint(
                       Ink::kTitle,
                       absl::StrCat(
                           difference.spaces.size() == 1 ? "space " : "spaces ",
                           Printable(absl::StrJoin(difference.spaces, ", "))))
                << '\n';
    // Both are in order of address; where both begin, what went comes first.
    auto come = difference.come.begin();
    for (const std::string& gone : difference.gone) {
      while (come != difference.come.end() &&
             come->compare(0, 16, gone, 0, 16) < 0) {
        console.out << style.Paint(Ink::kWon, absl::StrCat("+ ", *come++))
                    << '\n';
      }
      console.out << style.Paint(Ink::kLost, absl::StrCat("- ", gone)) << '\n';
    }
    for (; come != difference.come.end(); ++come) {
      console.out << style.Paint(Ink::kWon, absl::StrCat("+ ", *come)) << '\n';
    }
  }
  for (const std::string& space : differences.only_before) {
    console.out << style.Paint(Ink::kLost, "only in A: space ")
                << Printable(space) << '\n';
  }
  for (const std::string& space : differences.only_after) {
    console.out << style.Paint(Ink::kWon, "only in B: space ")
                << Printable(space) << '\n';
  }
  if (differences.empty()) {
    console.out << "no difference in " << differences.spaces << " spaces\n";
  }
}

void PrintJsonReport(const Differences& differences, Console& console) {
  Json json = MakeJson("diff");
  json["equal"] = differences.empty();
  json["spaces_in_both"] = differences.spaces;
  json["differences"] = Json::array();
  for (const SpaceDifference& difference : differences.ranges) {
    json["differences"].push_back({{"spaces", difference.spaces},
                                   {"removed", difference.gone},
                                   {"added", difference.come}});
  }
  json["only_in_a"] = differences.only_before;
  json["only_in_b"] = differences.only_after;
  PrintJson(json, console);
}

}  // namespace

int RunDiff(const DiffOptions& options, Console& console) {
  const auto before = LoadMachine(console, options.before);
  if (!before.ok()) return Fail(console, before.status());
  const auto after = LoadMachine(console, options.after);
  if (!after.ok()) return Fail(console, after.status());
  const Differences differences = Compare(**before, **after);
  if (options.format == Format::kJson) {
    PrintJsonReport(differences, console);
  } else {
    PrintText(differences, console);
  }
  return differences.empty() ? kExitOk : kExitDifference;
}

}  // namespace planish::tools
