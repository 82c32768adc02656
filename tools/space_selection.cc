#include "planish/tools/space_selection.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "planish/tools/style.h"

namespace planish::tools {
namespace {

std::string List(const std::vector<std::string>& labels) {
  std::string list;
  for (const std::string& label : labels) {
    absl::StrAppend(&list, "\n  ", Printable(label));
  }
  return list;
}

// The spaces of that very name.
std::vector<size_t> Named(const text::Machine& machine,
                          absl::string_view name) {
  std::vector<size_t> found;
  for (size_t i = 0; i < machine.spaces().size(); ++i) {
    if (machine.spaces()[i]->name() == name) found.push_back(i);
  }
  return found;
}

absl::Status NoSuchSpace(const text::Machine& machine, absl::string_view name) {
  return absl::NotFoundError(
      absl::StrCat("no address space is called '", name,
                   "'; there are:", List(SpaceLabels(machine))));
}

}  // namespace

std::vector<std::string> SpaceLabels(const text::Machine& machine) {
  absl::flat_hash_map<std::string, int> count;
  for (const auto& space : machine.spaces()) ++count[space->name()];
  absl::flat_hash_map<std::string, int> met;
  std::vector<std::string> labels;
  for (const auto& space : machine.spaces()) {
    const std::string& name = space->name();
    // An empty name alone would be no argument.
    labels.push_back(count[name] == 1 && !name.empty()
                         ? name
                         : absl::StrCat(name, "#", ++met[name]));
  }
  return labels;
}

std::string SpaceLabel(const text::Machine& machine,
                       const AddressSpace& space) {
  const auto& spaces = machine.spaces();
  const auto at = std::find(spaces.begin(), spaces.end(), &space);
  return SpaceLabels(machine)[static_cast<size_t>(at - spaces.begin())];
}

absl::StatusOr<const AddressSpace*> SelectSpace(const text::Machine& machine,
                                                absl::string_view name) {
  const std::vector<size_t> found = Named(machine, name);
  if (found.size() == 1) return machine.spaces()[found[0]];
  if (found.size() > 1) {
    const std::vector<std::string> labels = SpaceLabels(machine);
    std::vector<std::string> meant;
    for (const size_t i : found) meant.push_back(labels[i]);
    return absl::InvalidArgumentError(
        absl::StrCat(found.size(), " address spaces are called '", name,
                     "'; say which:", List(meant)));
  }
  // A name may itself hold a '#', so the number is looked for last.
  const size_t mark = name.rfind('#');
  uint32_t number = 0;
  if (mark == absl::string_view::npos ||
      !absl::SimpleAtoi(name.substr(mark + 1), &number)) {
    return NoSuchSpace(machine, name);
  }
  const std::vector<size_t> numbered = Named(machine, name.substr(0, mark));
  if (number == 0 || number > numbered.size()) {
    return NoSuchSpace(machine, name);
  }
  return machine.spaces()[numbered[number - 1]];
}

absl::StatusOr<const AddressSpace*> SelectSpaceOrOnly(
    const text::Machine& machine, absl::string_view name) {
  if (!name.empty()) return SelectSpace(machine, name);
  if (machine.spaces().size() == 1) return machine.spaces()[0];
  if (machine.spaces().empty()) {
    return absl::NotFoundError(kNoSpaces);
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "--space NAME is needed; there are:", List(SpaceLabels(machine))));
}

}  // namespace planish::tools
