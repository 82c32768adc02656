// Random programs of edits, for the model tests: a program is a list of steps,
// and each step prints itself as the C++ that performs it, so that a program
// that failed is pasted into a regression test and never leaves it again.
//
//   Program program = RandomProgram(seed, Scale::kPages);
//   std::string failure = FailureOf(program);  // Empty: the model agreed.
//   if (!failure.empty()) { ... << AsCode(Shrink(program)); }
//
// Slots (ints) name owners, regions and spaces in the order of the steps that
// make them. A step that names what was never made, or is gone, does nothing:
// so a program stays a program when steps are taken out of it.
//
// What FailureOf() checks, and against what: graph_state.h.

#ifndef PLANISH_TESTS_GRAPH_PROGRAM_H_
#define PLANISH_TESTS_GRAPH_PROGRAM_H_

#include <cstdint>
#include <ostream>
#include <string>
#include <variant>
#include <vector>

#include "planish/regions/limits.h"
#include "planish/tests/graph_state.h"
#include "planish/tests/oracle.h"

namespace planish::model {

using oracle::Kind;
using oracle::kTwoTo64;
using oracle::Wide;

struct AddOwner {
  void Perform(State& state) const;
};
struct Add {  // Of any kind but an alias.
  Kind kind;
  int owner;
  Wide size;
  uint64_t host;  // A host address that nobody follows. 0: no host memory.
  void Perform(State& state) const;
};
struct AddAlias {
  int owner;
  int target;
  uint64_t offset;
  Wide size;
  void Perform(State& state) const;
};
struct Link {
  int container;
  int child;
  uint64_t at;
  int32_t priority;
  void Perform(State& state) const;
};
struct Unlink {
  int child;
  void Perform(State& state) const;
};
struct Move {
  int region;
  uint64_t at;
  void Perform(State& state) const;
};
struct Prioritise {
  int region;
  int32_t priority;
  void Perform(State& state) const;
};
struct Enable {
  int region;
  bool enabled;
  void Perform(State& state) const;
};
struct Resize {
  int region;
  Wide size;
  void Perform(State& state) const;
};
enum class Flag { kReadonly, kNonvolatile, kUnmergeable };
struct SetFlag {
  Flag flag;
  int region;
  bool value;
  void Perform(State& state) const;
};
struct LogDirty {
  int region;
  int mask;
  void Perform(State& state) const;
};
struct SetRomd {
  int region;
  bool romd;
  void Perform(State& state) const;
};
struct Shift {  // An alias' window.
  int alias;
  uint64_t offset;
  void Perform(State& state) const;
};
struct Begin {
  void Perform(State& state) const;
};
struct Commit {
  void Perform(State& state) const;
};
struct AddSpace {
  int owner;
  int root;
  void Perform(State& state) const;
};
struct DropSpace {
  int space;
  void Perform(State& state) const;
};
struct Retire {
  int owner;
  void Perform(State& state) const;
};
struct Destroy {  // Nothing inside a transaction, where it is forbidden.
  int owner;
  void Perform(State& state) const;
};

using Step =
    std::variant<AddOwner, Add, AddAlias, Link, Unlink, Move, Prioritise,
                 Enable, Resize, SetFlag, LogDirty, SetRomd, Shift, Begin,
                 Commit, AddSpace, DropSpace, Retire, Destroy>;

struct Program {
  Limits limits;
  std::vector<Step> steps;
};

std::ostream& operator<<(std::ostream& out, const Step& step);
// The program as an initializer of a Program.
std::string AsCode(const Program& program);

// Where addresses and sizes are taken from: everything overlaps everything.
// kCrowd has some hundred regions, and fewer steps.
enum class Scale { kBytes, kPages, kTop, kMixed, kCrowd };

// The same program for the same arguments, on every machine.
Program RandomProgram(uint64_t seed, Scale scale);

// Performs the steps, and checks after each. Returns what was wrong first, and
// after which step; empty if nothing was.
std::string FailureOf(const Program& program, Tally* tally = nullptr,
                      State::Effort effort = State::Effort::kEverything);

// The fewest steps found that still fail.
Program Shrink(Program program,
               State::Effort effort = State::Effort::kEverything);

}  // namespace planish::model

#endif  // PLANISH_TESTS_GRAPH_PROGRAM_H_
