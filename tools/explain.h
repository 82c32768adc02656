// Explain: why an address shows what it shows. Asks the graph, not the table:
// it walks every path from the root of a view to the regions that cover the
// address, in the order of precedence (SEMANTICS 2.1 for one address). The
// first that terminates has won; each later one lost where its path leaves the
// winner's.
//
//   system --+-- pam-rom (prio 1) - - -> pc.ram        won
//            +-- ram-below-4g (prio 0) - -> pc.ram     lost in system: 0 < 1
//            '-- pci (prio -1) --- pc.rom              lost in system: -1 < 1
//
// Where nothing terminates, in a hole, it names the innermost containers and
// windows through which the address fell.
//
// THREAD SAFETY  As the getters of Region: nobody edits meanwhile.
// COST  The regions on those paths and their siblings; never more than
//   kMaxSteps of them, nor a path longer than kMaxDepth. is_complete tells.

#ifndef PLANISH_TOOLS_EXPLAIN_H_
#define PLANISH_TOOLS_EXPLAIN_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "planish/base/addr.h"
#include "planish/regions/region.h"
#include "planish/tools/style.h"

namespace planish::tools {

struct Contender {
  // From the root to the region itself; an alias is followed by its target.
  std::vector<const Region*> path;
  uint64_t offset = 0;    // Of the address in the region.
  bool readonly = false;  // Gathered on the way, as nonvolatile is.
  bool nonvolatile = false;

  const Region& region() const { return *path.back(); }
};

// How a contender lost to the winner.
struct Defeat {
  enum class Reason {
    kPriority,   // Of the winner's branch is higher.
    kNewer,      // Equal priorities: the winner's branch was linked later.
    kFillsGaps,  // The winner lies inside the loser, which only fills gaps.
  };
  Contender loser;
  Reason reason = Reason::kPriority;
  // Where the two paths part; the loser itself for kFillsGaps. Then the two
  // branches: children of `met`, on the winner's path and on the loser's.
  const Region* met = nullptr;
  const Region* winning_branch = nullptr;
  const Region* losing_branch = nullptr;  // Null for kFillsGaps.
};

struct Explanation {
  static constexpr size_t kMaxSteps = size_t{1} << 20;
  static constexpr size_t kMaxDepth = 512;
  static constexpr size_t kMaxDefeats = 256;

  std::vector<Contender> winner;  // One, or none: a hole.
  std::vector<Defeat> defeats;
  // Of a hole: the innermost regions that cover the address, and show nothing
  // there. Empty if even the root doesn't cover it.
  std::vector<Contender> fell_through;
  // Regions that would cover the address, were they enabled.
  std::vector<const Region*> disabled;
  bool is_complete = true;
};

// `root` is a view's: FlatView::root(). Null: nothing is shown anywhere.
Explanation Explain(const Region* root, Addr addr);

// "system / pam-rom (prio 1) -> pc.ram".
std::string PathText(const Contender& contender, const Style& style);
// "in system: priority 1 of pam-rom beats 0 of ram-below-4g".
std::string ReasonText(const Defeat& defeat);
// "priority", "newer", "fills-gaps".
absl::string_view ReasonName(Defeat::Reason reason);

}  // namespace planish::tools

#endif  // PLANISH_TOOLS_EXPLAIN_H_
