// ChangeSet: where the edits of one transaction may have changed what is shown,
// in the coordinates of the regions that they touched. The layer that renders
// takes these intervals up to the roots, through containers and aliases, on the
// graph as it is at the commit; nothing outside them can have changed there.
//
//    edit                      marks as shown           to be resolved again
//    link, unlink, priority    its container, there     its container
//    move                      its container, where     its container
//                              it was and is
//    enable, disable           itself, its container    itself, its container
//    resize                    both, what it lost or    itself, its container,
//                              gained                   its aliases
//    flags, romd, dirty mask   itself                   -
//    kind, alias target and    itself                   itself
//      offset
//    owner retired             as unlink, and aliases   as those, and all its
//                              into it                  regions
//
// A region that is disabled, or has no bytes, shows nothing, so an edit that
// finds it so and leaves it so marks nothing as shown.
//
// WHY THAT IS ENOUGH  What a region shows at one of its offsets follows from
//   its own fields and the list of enabled children that cover the offset. An
//   edit marks each (region, offset) for which it changes these. If a root
//   shows something else than before at some address, go down there in both
//   graphs side by side: the first place where the two differ is marked, and
//   all that led to it is as it was, so the graph at the commit leads there.
//   For the same reason a mark need not climb out of a region that is disabled
//   now, or from beyond its present end, into its container: that one is marked
//   itself. It must climb into the region's aliases; they look at no such
//   thing.
//
// THREAD SAFETY  Plain values.
// SOURCES  SEMANTICS 2.1 (what is shown), 2.5 (the walk that resolves a root).

#ifndef PLANISH_REGIONS_CHANGE_SET_H_
#define PLANISH_REGIONS_CHANGE_SET_H_

#include <vector>

#include "planish/base/addr.h"

namespace planish {

class Region;

struct Change {
  const Region* region;
  // From the region's start, in bytes; may reach beyond its present end.
  AddrRange interval;

  friend bool operator==(const Change&, const Change&) = default;
};

// Each of the lists by Region::number(), so that nothing depends on memory
// addresses.
struct ChangeSet {
  // Merged: those of one region ascend, and there is a gap between any two.
  std::vector<Change> shown;
  // Regions whose own address was set: R2.19 displaces views rooted in them.
  std::vector<const Region*> moved;
  // Regions at which the walk of R2.13 to R2.16 may go another way now. A space
  // whose walk met none of them still resolves to the same root, unless the
  // space itself was edited.
  std::vector<const Region*> resolve_again;
};

}  // namespace planish

#endif  // PLANISH_REGIONS_CHANGE_SET_H_
