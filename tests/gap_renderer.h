// The second oracle: whole views, by SEMANTICS section 2 as it is told there:
// one region after the other, highest precedence first, fills what is left of
// its window; then neighbours are joined (2.4). A line is shared neither with
// flatview/ nor with the oracle that is asked for one address at a time
// (oracle.h), whose graphs it renders; oracle_test.cc has the two agree.
//
// A window that is wholly covered is not looked into. So what is hidden costs
// nothing, may be deeper than any limit, or without end.
//
// THREAD SAFETY  Plain values.  COST  O(visits * log ranges).

#ifndef PLANISH_TESTS_GAP_RENDERER_H_
#define PLANISH_TESTS_GAP_RENDERER_H_

#include <cstdint>
#include <vector>

#include "planish/tests/oracle.h"

namespace planish::oracle {

struct Rendering {
  enum class End : uint8_t {
    kWhole,
    kTooDeep,  // Some address can't be told within `max_depth`.
    kTooMuch,  // More than `max_steps` visits.
  };
  End end = End::kWhole;
  std::vector<Range> view;  // Of use only if kWhole.
};

// `root` is the normalised root; kNone shows nothing. Depth counts containers
// and aliases above what is visited, as X4 does.
Rendering RenderByGaps(const Graph& graph, int root, uint64_t max_steps,
                       int max_depth);

}  // namespace planish::oracle

#endif  // PLANISH_TESTS_GAP_RENDERER_H_
