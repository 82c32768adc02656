// Render: the graph below a root, flattened. A pure function of the graph, the
// root and the interval, and the plain way to a view: whatever makes views in
// cleverer ways is compared with it.
//
//   pci prio -1   |...vga...|..................|..bar..|      precedence
//   ram prio 0    |===========ram==============|                  ^
//   pam prio 1         |rom|                                      |
//                 ------------------------------------------
//   ranges        [ram][rom][ram..............][.][bar]
//
// The walk goes down the graph in order of precedence. What it has not covered
// yet is a set of gaps (gap_set.h), one at first; each region that terminates
// fills those in its window (R2.6). Nothing is looked into of which the
// interval shows nothing any more: a hidden subtree costs one step, and of a
// container with many children only those are visited that reach into what is
// left of it.
//
// WHAT HAS NO END  An address is shown by the first region of the walk that
//   covers it. So there is no answer for an address exactly if its own walk
//   comes again to the same window at the same place, or deeper than max_depth,
//   before anything has covered it; and Render() of an interval fails exactly
//   if some address of it has no answer. Endless windows below something
//   opaque, outside the interval or disabled do no harm, whatever else is
//   rendered.
//
// THREAD SAFETY  Reads the graph: REQUIRES a Transaction, or nobody editing.
// ERRORS  X4, each with the root's name:
//   kFailedPrecondition  an address without an answer; the path to it
//   kResourceExhausted   more than limits.max_render_steps: regions visited,
//                        each once for each way to it that was gone
// COST  O(log n) for each step and each range; and for a container with n
//   children, O(log n) for each of them that is visited. Memory: some 70 bytes
//   a range. If the steps are beyond the limit, 24 bytes for each gap, and
//   ranges for a sixteenth of the limit.
// SOURCES  SEMANTICS.md R2.1 to R2.11, R2.18, R2.19, 2.4.

#ifndef PLANISH_FLATVIEW_RENDER_H_
#define PLANISH_FLATVIEW_RENDER_H_

#include <vector>

#include "absl/status/statusor.h"
#include "planish/base/addr.h"
#include "planish/flatview/flat_range.h"
#include "planish/regions/limits.h"
#include "planish/regions/region.h"

namespace planish {

// What `root` shows inside `interval`: ascending ranges, neighbours merged.
// `root` is rendered as it is; ResolveRoot() comes before.
absl::StatusOr<std::vector<FlatRange>> Render(const Region& root,
                                              AddrRange interval,
                                              const Limits& limits);

}  // namespace planish

#endif  // PLANISH_FLATVIEW_RENDER_H_
