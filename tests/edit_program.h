// Programs for the incremental model test: topologies such as machines have,
// and edits biased to what breaks code that renders only what an edit touched.
//
//   bias      what it does most
//   windows   aliases of aliases, windows over themselves and over each other,
//             middles disabled and enabled, the edges of 2^64
//   ties      siblings of one priority that pass through one another, overhang,
//             twin windows that melt and part, unmergeable ranges cut by
//             overlays
//   roots     bus masters, roots that lead on or stop, roots alike that part
//             and meet again, spaces and owners that come and go
//   growth    300 to 3,000 ranges, in layouts for every form of a table: bulk
//             load, then growth and loss in large and small steps
//
// All of them: several edits of one interval in one transaction, edits taken
// back in the transaction that made them, transactions that a limit undoes,
// and retirements inside.

#ifndef PLANISH_TESTS_EDIT_PROGRAM_H_
#define PLANISH_TESTS_EDIT_PROGRAM_H_

#include <cstdint>

#include "planish/tests/graph_program.h"

namespace planish::model {

enum class Bias { kWindows, kTies, kRoots, kGrowth };

// The same program for the same arguments, on every machine.
Program RandomEditProgram(uint64_t seed, Bias bias);

}  // namespace planish::model

#endif  // PLANISH_TESTS_EDIT_PROGRAM_H_
