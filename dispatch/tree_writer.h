// TreeWriter: builds trees (tree.h), replaces runs in them, and retires them.
// A new version shares with the old one all but the path to what was replaced;
// of each inner node on it, the children are copied, as they stand side by
// side:
//
//        [ 40 | 90 | * ]                     groups, each a block of the arena:
//          |                                 one node, or the children of one
//   [ 10 | 20 | 30 | * ][ 50 | 70 | * ][ * ]
//     |
//   [row][row][row][row]
//
// INVARIANTS  Paths are equally long. A row has 3 to 8 runs, an inner node 4 to
//   16 children, save where there are no neighbours to take some from.
// COST  Build: O(n). Splice: O(log n + k) for k runs put in or taken out; a
//   step of the path copies one group, or two, up to 2 KiB each.

#ifndef PLANISH_DISPATCH_TREE_WRITER_H_
#define PLANISH_DISPATCH_TREE_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "planish/dispatch/line_arena.h"
#include "planish/dispatch/table_memory.h"
#include "planish/dispatch/terminal.h"
#include "planish/dispatch/tree.h"

namespace planish::internal {

class TreeWriter {
 public:
  using Runs = absl::Span<const Terminal>;

  explicit TreeWriter(MemoryWriter& memory) : memory_(memory) {}

  // REQUIRES: there are runs.
  Tree Build(Runs runs);
  // `runs` instead of all that meet [first, last].
  // REQUIRES: `tree` has no gap where they are put in, and is not left empty.
  Tree Splice(Tree tree, uint64_t first, uint64_t last, Runs runs);
  void Retire(Tree tree);

  // How many more runs there are in all trees than before.
  int64_t added() const { return added_; }

 private:
  // A node that is made or copied, and what the final run below it ends with.
  struct Node {
    Line lines[kTreeNodeLines];
    uint64_t last;

    TreeRow& row() { return reinterpret_cast<TreeRow&>(lines); }
    TreeInner& inner() { return reinterpret_cast<TreeInner&>(lines); }
  };
  using Nodes = std::vector<Node>;
  // The places of nodes that stand side by side; [first, last], both included.
  struct Part {
    size_t first;
    size_t last;
  };

  // Appends the children of `parent`, and retires their block.
  void TakeChildren(Node& parent, Nodes& out);
  // Retires all below `parent`, which is `height` steps above the rows.
  void RetireChildren(const TreeInner& parent, int height);
  // Makes the parents of `nodes`: these go into blocks.
  Nodes ParentsOf(const Nodes& nodes);
  static void AppendRows(Runs runs, Nodes& out);
  static Part Meeting(const Nodes& nodes, uint64_t first, uint64_t last);

  // Splice() for nodes that stand side by side; `height` 0: rows.
  void SpliceNodes(Nodes& nodes, int height, uint64_t first, uint64_t last,
                   Runs runs);
  void SpliceRows(Nodes& rows, uint64_t first, uint64_t last, Runs runs);
  Tree Finish(Nodes nodes, int depth);

  MemoryWriter& memory_;
  int64_t added_ = 0;
};

}  // namespace planish::internal

#endif  // PLANISH_DISPATCH_TREE_WRITER_H_
