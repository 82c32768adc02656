// Which address space is meant: NAME, or NAME#k for the k-th of that name,
// counted from 1 in the order of the map. Names repeat in real machines.

#ifndef PLANISH_TOOLS_SPACE_SELECTION_H_
#define PLANISH_TOOLS_SPACE_SELECTION_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "planish/space/address_space.h"
#include "planish/text/text.h"

namespace planish::tools {

// What to say of a map that has none.
inline constexpr char kNoSpaces[] =
    "the map has no address space; `space NAME = ROOT` makes one, or an A row "
    "of a table";

// A label for each space, in order, by which Select() finds exactly it.
std::vector<std::string> SpaceLabels(const text::Machine& machine);
// That of one space of `machine`.
std::string SpaceLabel(const text::Machine& machine, const AddressSpace& space);

// Errors: kNotFound if there is none, kInvalidArgument if there are several;
// the message lists the labels.
absl::StatusOr<const AddressSpace*> SelectSpace(const text::Machine& machine,
                                                absl::string_view name);

// As SelectSpace(); an empty name means the machine's only space.
absl::StatusOr<const AddressSpace*> SelectSpaceOrOnly(
    const text::Machine& machine, absl::string_view name);

}  // namespace planish::tools

#endif  // PLANISH_TOOLS_SPACE_SELECTION_H_
