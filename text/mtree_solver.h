// Solve: one tree and its views -> the graph that shows exactly those views.
//
//   Targets  which section each alias shows, by the order of the sections
//   Spaces   which view is whose, and its root
//   Judge    what each stretch of each view proves
//   Graph    the answers; held against every line
//
// Where that fails, the aliases that lie on the way to a contradiction are
// pointed elsewhere, one at a time, as long as fewer contradictions are left.
//
// ERRORS  kInvalidArgument, with the first line that differs, if no graph was
//   found; kResourceExhausted for a pair that is too entangled to solve.

#ifndef PLANISH_TEXT_MTREE_SOLVER_H_
#define PLANISH_TEXT_MTREE_SOLVER_H_

#include <vector>

#include "absl/status/statusor.h"
#include "planish/text/mtree_evidence.h"
#include "planish/text/mtree_graph.h"
#include "planish/text/mtree_spaces.h"
#include "planish/text/mtree_targets.h"

namespace planish::text::mtree {

struct Solution {
  Graph graph;
  std::vector<int> section_of_alias;  // By region; numbers as in Targets.
  std::vector<int> open_sections;     // Any of several regions could be it.
  std::vector<int> open_blocks;       // Any of several views could be its.
};

absl::StatusOr<Solution> Solve(const Source& tree, const Source& flat,
                               const Forest& forest, const Targets& targets,
                               const std::vector<ViewEvidence>& views);

}  // namespace planish::text::mtree

#endif  // PLANISH_TEXT_MTREE_SOLVER_H_
