// ReadMtree(): the parts in their order.

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "planish/text/map_description.h"
#include "planish/text/mtree_evidence.h"
#include "planish/text/mtree_regions.h"
#include "planish/text/mtree_solver.h"
#include "planish/text/mtree_targets.h"
#include "planish/text/mtree_text.h"
#include "planish/text/mtree_undecided.h"
#include "planish/text/readers.h"

namespace planish::text {

absl::StatusOr<MapDescription> ReadMtree(const Source& tree,
                                         const Source& flat) {
  const absl::StatusOr<std::vector<mtree::ViewText>> views =
      mtree::ReadFlatText(flat);
  if (!views.ok()) return views.status();
  const absl::StatusOr<mtree::TreeText> text =
      mtree::ReadTreeText(tree, *views);
  if (!text.ok()) return text.status();

  const mtree::Forest forest = mtree::BuildForest(*text);
  const mtree::Targets targets(tree.name, forest);
  const absl::StatusOr<std::vector<mtree::ViewEvidence>> evidence =
      mtree::ReadEvidence(flat, *views, forest);
  if (!evidence.ok()) return evidence.status();
  const absl::StatusOr<mtree::Solution> solution =
      mtree::Solve(tree, flat, forest, targets, *evidence);
  if (!solution.ok()) return solution.status();

  MapDescription map = solution->graph.Rows();
  map.source = tree.name;
  map.undecided = mtree::ListUndecided(tree.name, targets, *solution);
  return map;
}

}  // namespace planish::text
