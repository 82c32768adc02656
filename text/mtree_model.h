// Model: the graph behind a pair as far as the tree tells it, and as questions
// what it doesn't:
//
//   Terminates(r)   i/o: has callbacks, or is a container
//   Readonly(r)     printed for RAM alone
//   Sized(r)        size 0 prints as size 1
//   Above(a, b)     siblings of one priority at different addresses: a covers b
//
// What the tree does tell is a literal too, one that is known.
//
// THREAD SAFETY  None. Copies are independent.

#ifndef PLANISH_TEXT_MTREE_MODEL_H_
#define PLANISH_TEXT_MTREE_MODEL_H_

#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "planish/base/addr.h"
#include "planish/text/mtree_logic.h"
#include "planish/text/mtree_regions.h"

namespace planish::text::mtree {

class Model {
 public:
  // `targets`: by region, the region an alias shows, else -1.
  Model(const Forest& forest, std::vector<int> targets);

  const Forest& forest() const { return *forest_; }
  Logic& logic() { return logic_; }
  const Logic& logic() const { return logic_; }

  // False for a spare that no alias shows.
  bool exists(int region) const { return exists_[static_cast<size_t>(region)]; }
  bool enabled(int region) const { return !forest_->Line(region).disabled; }
  // The target of an alias; -1 if it is none.
  int target(int region) const { return targets_[static_cast<size_t>(region)]; }
  // As printed: 1 may turn out to be 0.
  Uint128 size(int region) const { return forest_->Line(region).size.wide(); }

  Literal Terminates(int region) const { return Get(terminates_, region); }
  Literal Readonly(int region) const { return Get(readonly_, region); }
  Literal Sized(int region) const { return Get(sized_, region); }
  // REQUIRES: a and b are siblings.
  Literal Above(int a, int b);

  // The questions of order that came up: (older address first), and the
  // literal that says that the first is above the second.
  const absl::flat_hash_map<std::pair<int, int>, Var>& orders() const {
    return orders_;
  }

  static constexpr Literal kTrue = Yes(0);
  static constexpr Literal kFalse = Not(0);
  // Does the literal stand for something that the tree itself tells?
  static bool IsFact(Literal l) { return l / 2 == 0; }

 private:
  static Literal Get(const std::vector<Literal>& of, int region) {
    return of[static_cast<size_t>(region)];
  }

  const Forest* forest_;
  std::vector<int> targets_;
  std::vector<bool> exists_;
  Logic logic_;
  std::vector<Literal> terminates_;
  std::vector<Literal> readonly_;
  std::vector<Literal> sized_;
  absl::flat_hash_map<std::pair<int, int>, Var> orders_;
};

}  // namespace planish::text::mtree

#endif  // PLANISH_TEXT_MTREE_MODEL_H_
