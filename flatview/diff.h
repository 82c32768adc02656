// Diff: what changed between two versions of a view.
//
//    before   root  --+--[A]--[B ]--[C]--[D]     A, C and D are the same
//    after    root' --+--[A]--[B']--[C]--[D]     memory: not looked into
//
// Ranges are equal if region, start, size, offset, kind, romd, read-only,
// non-volatile and unmergeable are (SEMANTICS 3.2); the dirty log mask alone
// makes no difference, and is told by Kept(). A range that was resized comes
// as removed and added.
//
// COST  O(k log n) for k ranges that a splice between the two put in, took out
//   or copied along with those. O(n) for two that share nothing, and if the
//   sink wants to hear of all that is kept.

#ifndef PLANISH_FLATVIEW_DIFF_H_
#define PLANISH_FLATVIEW_DIFF_H_

#include <cstddef>

#include "planish/flatview/flat_range.h"
#include "planish/flatview/flat_view.h"

namespace planish {

// Called in ascending address order; where a removed and an added range begin
// at the same address, the removed one comes first.
class DiffSink {
 public:
  virtual ~DiffSink() = default;
  virtual void Removed(const FlatRange& range) = 0;
  virtual void Added(const FlatRange& range) = 0;
  // A range that both have. Only called if WantsKept().
  virtual bool WantsKept() const { return false; }
  virtual void Kept(const FlatRange& before, const FlatRange& after) {
    static_cast<void>(before);
    static_cast<void>(after);
  }
};

// What a diff looked at, in both views together.
struct DiffCost {
  size_t nodes = 0;
  size_t ranges = 0;
};

// The two need not be neighbours in history, nor of one root.
DiffCost Diff(const FlatView& before, const FlatView& after, DiffSink& sink);

}  // namespace planish

#endif  // PLANISH_FLATVIEW_DIFF_H_
