// Diff: what changed between two versions of a view.
//
// Ranges are equal if region, start, size, offset, kind, romd, read-only,
// non-volatile and unmergeable are (SEMANTICS 3.2); the dirty log mask alone
// makes no difference, and is told by Kept(). A range that was resized comes
// as removed and added.
//
// COST  Today O(size of both). The persistent views will make it O(changed).

#ifndef PLANISH_FLATVIEW_DIFF_H_
#define PLANISH_FLATVIEW_DIFF_H_

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

// The two need not be neighbours in history, nor of one root.
void Diff(const FlatView& before, const FlatView& after, DiffSink& sink);

}  // namespace planish

#endif  // PLANISH_FLATVIEW_DIFF_H_
