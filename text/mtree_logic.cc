#include "planish/text/mtree_logic.h"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/types/span.h"

namespace planish::text::mtree {
namespace {

constexpr int kDecisions = 20000;

size_t Index(int i) { return static_cast<size_t>(i); }

}  // namespace

Var Logic::NewVar(bool preferred) {
  answers_.push_back(Answer::kOpen);
  preferred_.push_back(preferred);
  forced_.push_back(false);
  clauses_with_.resize(clauses_with_.size() + 2);
  return static_cast<Var>(answers_.size()) - 1;
}

bool Logic::Assign(Literal l) {
  if (IsTrue(l)) return true;
  if (IsFalse(l)) return false;
  answers_[Index(l / 2)] = l % 2 == 0 ? Answer::kTrue : Answer::kFalse;
  if (decisions_.empty()) forced_[Index(l / 2)] = true;
  trail_.push_back(l);
  return true;
}

bool Logic::Add(absl::Span<const Literal> clause) {
  if (!decisions_.empty()) {
    Undo(decisions_.front().trail);
    decisions_.clear();
  }
  std::vector<Literal> open;
  for (const Literal l : clause) {
    if (IsTrue(l)) return true;
    if (!IsFalse(l)) open.push_back(l);
  }
  if (open.empty()) {
    ++conflicts_;
    return false;
  }
  if (open.size() > 1 && open.size() > literals_left_) {
    ++conflicts_;
    return false;
  }
  if (open.size() > 1) {
    literals_left_ -= open.size();
    for (const Literal l : open) {
      clauses_with_[Index(l)].push_back(static_cast<int>(clauses_.size()));
    }
    clauses_.push_back(std::move(open));
    return true;
  }
  Assign(open[0]);
  const int broken = Propagate();
  if (broken < 0) return true;
  clauses_[Index(broken)].clear();
  ++conflicts_;
  // Whatever else follows still does.
  while (Propagate() >= 0) ++conflicts_;
  return false;
}

int Logic::Propagate() {
  while (done_ < trail_.size()) {
    const Literal gone = Opposite(trail_[done_]);
    for (const int c : clauses_with_[Index(gone)]) {
      Literal open = -1;
      bool settled = clauses_[Index(c)].empty();
      for (const Literal l : clauses_[Index(c)]) {
        if (IsTrue(l) || (!IsFalse(l) && open >= 0)) {
          settled = true;
          break;
        }
        if (!IsFalse(l)) open = l;
      }
      if (settled) continue;
      if (open < 0) {
        if (decisions_.empty()) clauses_[Index(c)].clear();
        return c;
      }
      Assign(open);
    }
    ++done_;
  }
  return -1;
}

void Logic::Undo(size_t trail) {
  while (trail_.size() > trail) {
    answers_[Index(trail_.back() / 2)] = Answer::kOpen;
    trail_.pop_back();
  }
  done_ = trail_.size();
}

Literal Logic::Choose(size_t clause) const {
  Literal first = -1;
  for (const Literal l : clauses_[clause]) {
    if (Of(l) != Answer::kOpen) continue;
    if (preferred_[Index(l / 2)] == (l % 2 == 0)) return l;
    if (first < 0) first = l;
  }
  return first;
}

bool Logic::Backtrack() {
  while (!decisions_.empty() && decisions_.back().flipped) {
    Undo(decisions_.back().trail);
    decisions_.pop_back();
  }
  if (decisions_.empty()) return false;
  Decision& decision = decisions_.back();
  const Literal l = trail_[decision.trail];
  Undo(decision.trail);
  decision.flipped = true;
  Assign(Opposite(l));
  return true;
}

bool Logic::Solve() {
  int left = kDecisions;
  for (size_t c = 0; c < clauses_.size();) {
    bool settled = clauses_[c].empty();
    for (const Literal l : clauses_[c]) settled = settled || IsTrue(l);
    if (settled) {
      ++c;
      continue;
    }
    if (--left < 0) break;
    decisions_.push_back({trail_.size(), false});
    Assign(Choose(c));
    bool solvable = true;
    bool flipped = false;
    while (solvable && Propagate() >= 0) {
      solvable = --left >= 0 && Backtrack();
      flipped = true;
    }
    if (!solvable) {
      left = -1;
      break;
    }
    // A choice taken back may have opened any clause.
    if (flipped) c = 0;
  }
  if (left >= 0) return true;
  if (!decisions_.empty()) Undo(decisions_.front().trail);
  decisions_.clear();
  ++conflicts_;
  return false;
}

}  // namespace planish::text::mtree
