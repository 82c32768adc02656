// Graph: a model with every question answered, and what it looks like flat.
// The flat text is held against it line by line; nothing goes out that differs.
//
// THREAD SAFETY  None.
// COST  Verify: O(n log n) a view; bounded by Effort.

#ifndef PLANISH_TEXT_MTREE_GRAPH_H_
#define PLANISH_TEXT_MTREE_GRAPH_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "planish/text/map_description.h"
#include "planish/text/mtree_evidence.h"
#include "planish/text/mtree_model.h"

namespace planish::text::mtree {

class Graph {
 public:
  // Answers of `model` that contradict each other about the age of siblings
  // are asked again.
  static Graph Answer(Model model);

  // OK if each view is what the graph shows from the spaces in it. Else the
  // first line that differs.
  absl::Status Verify(const Source& flat,
                      const std::vector<ViewEvidence>& views,
                      const std::vector<int>& view_of_block, Effort& effort);

  // Rows in the order of the text, siblings from old to new.
  MapDescription Rows() const;

  const Model& model() const { return model_; }
  // An identity that a view shows through the alias; -1 if none does.
  int ShownThrough(int alias) const;

 private:
  struct Range;

  explicit Graph(Model model) : model_(std::move(model)) {}

  // Old to new. False, and a new clause, if the answers run in a circle.
  bool SortChildren();
  bool SortSiblings(int parent,
                    const absl::flat_hash_map<int, std::vector<int>>& above);
  bool Holds(Literal l) const;
  // -1: none.
  int ReducedRoot(int root) const;
  bool Render(int root, Effort& effort, std::vector<Range>& ranges);
  absl::Status Compare(const Source& flat, const ViewEvidence& view,
                       const std::vector<Range>& ranges) const;
  std::string Print(const Range& range) const;

  Model model_;
  std::vector<std::vector<int>> children_;  // Old to new.
  absl::flat_hash_map<int, int> shown_through_;
};

}  // namespace planish::text::mtree

#endif  // PLANISH_TEXT_MTREE_GRAPH_H_
