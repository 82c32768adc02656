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
// Regions that terminate are collected with the window they may fill, highest
// precedence first; a sweep over the addresses then gives each to the first one
// that covers it. That is what filling gaps one region after the other gives
// (R2.6), in O(n log n) whatever the order.
//
// THREAD SAFETY  Reads the graph: REQUIRES a Transaction, or nobody editing.
// ERRORS  X4, each with the root's name:
//   kFailedPrecondition  a region shows itself at the same place without end,
//                        or a path is deeper than limits.max_depth; the path
//   kResourceExhausted   more than limits.max_render_steps
// COST  O(steps + ranges log ranges); nothing beyond a fixed amount is
//   allocated before the steps are known to be within the limits.
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
