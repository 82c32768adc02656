// Undecided: what neither text of a pair tells, and no view depends on; one
// line each, with what was taken instead.
//
//   tree.txt:12: system/pci/msi: i/o with callbacks or container; taken as i/o
//
// Age is listed once a region, not once a pair.

#ifndef PLANISH_TEXT_MTREE_UNDECIDED_H_
#define PLANISH_TEXT_MTREE_UNDECIDED_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "planish/text/mtree_solver.h"
#include "planish/text/mtree_targets.h"

namespace planish::text::mtree {

std::vector<std::string> ListUndecided(absl::string_view source,
                                       const Targets& targets,
                                       const Solution& solution);

}  // namespace planish::text::mtree

#endif  // PLANISH_TEXT_MTREE_UNDECIDED_H_
