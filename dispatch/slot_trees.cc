#include "planish/dispatch/slot_trees.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "planish/dispatch/changes.h"
#include "planish/dispatch/terminal.h"
#include "planish/dispatch/tree.h"

namespace planish::internal {

void SlotTrees::Gather(uint64_t first, uint64_t last) {
  runs_.clear();
  for (uint64_t a = first;; ++a) {
    const Terminal run = changes_.Find(a);
    runs_.push_back(run);
    if (run.last >= last) return;
    a = run.last;
  }
}

Payload SlotTrees::Write(uint64_t first, uint64_t last, Payload old) {
  if (!old.is_node()) {
    Gather(first, last);
    return NodeOf(writer_.Build(runs_));
  }
  Tree tree = TreeOf(old);
  const auto groups = changes_.groups();
  auto group = std::partition_point(
      groups.begin(), groups.end(),
      [first](const Changes::Group& g) { return g.to < first; });
  for (; group != groups.end(); ++group) {
    // A group behind the slot may have changed where its final run ends.
    const uint64_t from = std::clamp(group->from, first, last);
    const uint64_t to = std::clamp(group->to, first, last);
    Gather(from, to);
    tree = writer_.Splice(tree, from, to, runs_);
    if (group->from > last) break;
  }
  return NodeOf(tree);
}

}  // namespace planish::internal
