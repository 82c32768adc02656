// RunList: a FlatView as the table builders want it: every address of the
// space in exactly one run, holes too, ascending.
//
//    view    [ram   ]      [uart]
//    runs    [ram   ][hole ][uart][hole          ]
//    lasts          ^      ^     ^               ^ 2^64-1
//
// The payloads are final; what they refer to is in `descriptors`.
//
// INVARIANTS
//   Never empty; `last` strictly ascends and ends with 2^64-1. So run i begins
//   one above the last of run i-1, or at 0.
// COST  O(size of the view).

#ifndef PLANISH_DISPATCH_RUN_LIST_H_
#define PLANISH_DISPATCH_RUN_LIST_H_

#include <cstdint>
#include <vector>

#include "planish/dispatch/terminal.h"
#include "planish/flatview/flat_view.h"

namespace planish {

struct RunList {
  std::vector<Terminal> runs;
  std::vector<Descriptor> descriptors;  // [0] is Descriptor::kHole.
};

// Reads regions and their host addresses now; nobody does so later.
RunList MakeRunList(const FlatView& view);

}  // namespace planish

#endif  // PLANISH_DISPATCH_RUN_LIST_H_
