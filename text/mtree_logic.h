// Logic: yes-or-no questions, clauses over them, and a bounded search for
// answers that satisfy all. Each question has an answer that is preferred when
// nothing decides it.
//
//   const Var t = logic.NewVar(/*preferred=*/true);
//   logic.Add({Not(t), Yes(u)});     // If t then u.
//   logic.Solve()
//
// Clauses that come down to one literal take effect at once; what is decided
// that way follows from the clauses alone (IsForced()).
//
// THREAD SAFETY  None.
// ERRORS  A clause that can't hold any more is dropped, and counted; so is one
//   past the limit.
// COST  Add: the clause's length, and what follows from it. Solve: kDecisions
//   decisions at most.

#ifndef PLANISH_TEXT_MTREE_LOGIC_H_
#define PLANISH_TEXT_MTREE_LOGIC_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace planish::text::mtree {

using Var = int;
// A question and an answer to it.
using Literal = int;
constexpr Literal Yes(Var v) { return 2 * v; }
constexpr Literal Not(Var v) { return 2 * v + 1; }
constexpr Literal Opposite(Literal l) { return l ^ 1; }

class Logic {
 public:
  enum class Answer : uint8_t { kOpen, kTrue, kFalse };

  // `max_literals`: of all clauses that are kept.
  explicit Logic(size_t max_literals) : literals_left_(max_literals) {}

  Var NewVar(bool preferred);

  // Earlier literals are tried first when all are as preferred, or none.
  // False if the clause contradicts what is known.
  bool Add(absl::Span<const Literal> clause);
  bool Add(std::initializer_list<Literal> clause) {
    return Add(absl::MakeConstSpan(clause.begin(), clause.size()));
  }

  Answer Of(Literal l) const {
    const Answer a = answers_[static_cast<size_t>(l / 2)];
    if (a == Answer::kOpen || l % 2 == 0) return a;
    return a == Answer::kTrue ? Answer::kFalse : Answer::kTrue;
  }
  bool IsTrue(Literal l) const { return Of(l) == Answer::kTrue; }
  bool IsFalse(Literal l) const { return Of(l) == Answer::kFalse; }
  // What follows without a choice; the same before and after Solve().
  bool IsForced(Var v) const { return forced_[static_cast<size_t>(v)]; }
  // The answer, or the preferred one if none is needed.
  bool Value(Var v) const {
    const Answer a = answers_[static_cast<size_t>(v)];
    return a == Answer::kOpen ? preferred_[static_cast<size_t>(v)]
                              : a == Answer::kTrue;
  }

  // Chooses until every clause holds. False if none was found. May be called
  // again after further Add()s.
  bool Solve();

  // Clauses that were dropped as contradictions.
  int conflicts() const { return conflicts_; }

 private:
  struct Decision {
    size_t trail = 0;  // Its place there.
    bool flipped = false;
  };

  bool Assign(Literal l);
  // What follows from trail_[done_..]. The false clause, or -1.
  int Propagate();
  void Undo(size_t trail);
  bool Backtrack();
  Literal Choose(size_t clause) const;

  size_t literals_left_;
  std::vector<Answer> answers_;
  std::vector<bool> preferred_;
  std::vector<bool> forced_;
  std::vector<std::vector<Literal>> clauses_;
  std::vector<std::vector<int>> clauses_with_;  // By literal.
  std::vector<Literal> trail_;
  size_t done_ = 0;
  std::vector<Decision> decisions_;
  int conflicts_ = 0;
};

}  // namespace planish::text::mtree

#endif  // PLANISH_TEXT_MTREE_LOGIC_H_
