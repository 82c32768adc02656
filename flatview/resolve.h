// Which region an address space really shows: the walk from a space's root to
// its normalised root (SEMANTICS 2.5). Spaces with the same one share a view.
//
//   R2.13  a disabled region           -> none
//   R2.14  an alias with offset 0, at least as large as its target -> target
//   R2.15  no terminating region: no enabled child -> none; exactly one, at
//          address 0 and not larger    -> that child
//   R2.16  anything else               -> itself
//
// TRAP (R2.18): readonly, nonvolatile and unmergeable of the regions that the
// walk leaves behind are lost. (R2.19): the address of the region that it ends
// at displaces the view.

#ifndef PLANISH_FLATVIEW_RESOLVE_H_
#define PLANISH_FLATVIEW_RESOLVE_H_

#include "absl/status/statusor.h"
#include "planish/regions/limits.h"
#include "planish/regions/region.h"

namespace planish {

// One step of the walk. The region itself: it ends here (R2.15, R2.16). Null:
// there is none.
// COST  O(log of the children).
const Region* NextOnWalk(const Region& region);

// Null means none: the empty view. Errors: kFailedPrecondition if the walk
// passes limits.max_depth, as it does when windows show each other endlessly
// (X4); the message names the path.
absl::StatusOr<const Region*> ResolveRoot(const Region& root,
                                          const Limits& limits);

}  // namespace planish

#endif  // PLANISH_FLATVIEW_RESOLVE_H_
