// Views: the flat views of a machine, each with the spaces that share it, and
// their ranges as the commands tell them.

#ifndef PLANISH_TOOLS_VIEWS_H_
#define PLANISH_TOOLS_VIEWS_H_

#include <string>
#include <vector>

#include "planish/base/rcu/read_guard.h"
#include "planish/flatview/flat_range.h"
#include "planish/flatview/flat_view.h"
#include "planish/regions/region.h"
#include "planish/space/address_space.h"
#include "planish/text/text.h"
#include "planish/tools/json.h"

namespace planish::tools {

struct View {
  const Region* root = nullptr;  // Normalised (R2.17); null: none.
  const FlatView* view = nullptr;
  std::vector<const AddressSpace*> spaces;  // At least one.
};

// In the order in which the machine's spaces first show them.
std::vector<View> ViewsOf(const Reading& guard, const text::Machine& machine);
// The view of that space alone, with every space that shares it.
View ViewOf(const Reading& guard, const text::Machine& machine,
            const AddressSpace& space);

// "read-only, non-volatile"; empty for an ordinary range.
std::string AttributesText(const FlatRange& range);

Json RangeJson(const FlatRange& range, const text::Machine& machine);
Json ViewJson(const View& view, const text::Machine& machine);

}  // namespace planish::tools

#endif  // PLANISH_TOOLS_VIEWS_H_
