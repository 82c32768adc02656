// Spaces: which view of the flat text belongs to which space of the tree, and
// what each view starts from.
//
// A line `AS "memory", root: system` fits every space of that name over a root
// of that name. Where several do, the walk to the reduced root (SEMANTICS 2.5)
// and what the view shows tell them apart.
//
// THREAD SAFETY  None.
// ERRORS  A pair whose lists of spaces differ: kInvalidArgument.

#ifndef PLANISH_TEXT_MTREE_SPACES_H_
#define PLANISH_TEXT_MTREE_SPACES_H_

#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "planish/text/mtree_evidence.h"
#include "planish/text/mtree_model.h"
#include "planish/text/mtree_text.h"

namespace planish::text::mtree {

// Where the walk from a space's root may end, and what it takes.
struct Stop {
  int region = -1;  // -1: the space has no view.
  std::vector<Literal> conditions;
};
struct RootWalk {
  std::vector<Stop> stops;   // In the order of the walk.
  std::vector<int> aliases;  // Passed, if the walk gets that far.
};
RootWalk WalkFromRoot(const Model& model, int root);

class Spaces {
 public:
  // Both outlive this.
  Spaces(const Forest& forest, const std::vector<ViewEvidence>& views);

  // Matches the names; call first.
  absl::Status Read(const Source& tree, const Source& flat);

  // Finds the view of every space that has none yet and for which `want(block)`
  // holds; -1 where none fits.
  template <typename Want>
  void Match(const Model& model, Effort& effort, Want want);
  // By block; -1: not matched.
  const std::vector<int>& view_of_block() const { return view_of_block_; }
  // Spaces that could have changed places with another.
  const std::vector<int>& open_blocks() const { return open_blocks_; }
  void Forget();

  // What every view shows: its reduced root, -1 if none; and adds to `model`
  // what makes it that. False, with a Trouble, where that can't be.
  bool FindRoots(Model& model, Effort& effort, std::vector<int>& roots,
                 std::vector<Trouble>& troubles) const;

 private:
  struct Namesakes {
    std::vector<int> blocks;
    std::vector<int> views;  // One for each of the blocks, in no order.
  };

  void MatchNamesakes(const Namesakes& namesakes, const Model& model,
                      Effort& effort);
  bool Named(int view, int region) const;
  // Whether the view is what the space shows; how many stretches of it are
  // not.
  int Misfits(int block, int view, const Model& model, Effort& effort) const;
  void Put(int block, int view);

  const Forest& forest_;
  const std::vector<ViewEvidence>& views_;
  std::vector<Namesakes> namesakes_;
  std::vector<int> view_of_block_;
  std::vector<int> open_blocks_;
};

template <typename Want>
void Spaces::Match(const Model& model, Effort& effort, Want want) {
  for (const Namesakes& namesakes : namesakes_) {
    bool wanted = true;
    for (const int block : namesakes.blocks) wanted = wanted && want(block);
    if (wanted) MatchNamesakes(namesakes, model, effort);
  }
}

}  // namespace planish::text::mtree

#endif  // PLANISH_TEXT_MTREE_SPACES_H_
