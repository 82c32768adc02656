#include "planish/flatview/diff.h"

#include "planish/flatview/flat_range.h"
#include "planish/flatview/flat_view.h"

namespace planish {
namespace {

// SEMANTICS 3.2: all but the dirty log mask.
bool SameToListeners(const FlatRange& a, FlatRange b) {
  b.dirty_log_mask = a.dirty_log_mask;
  return a == b;
}

}  // namespace

void Diff(const FlatView& before, const FlatView& after, DiffSink& sink) {
  auto old = before.begin();
  auto fresh = after.begin();
  while (old != before.end() || fresh != after.end()) {
    if (fresh == after.end() ||
        (old != before.end() && old->range.first < fresh->range.first)) {
      sink.Removed(*old++);
    } else if (old == before.end() || fresh->range.first < old->range.first) {
      sink.Added(*fresh++);
    } else if (SameToListeners(*old, *fresh)) {
      if (sink.WantsKept()) sink.Kept(*old, *fresh);
      ++old;
      ++fresh;
    } else {
      sink.Removed(*old++);
      sink.Added(*fresh++);
    }
  }
}

}  // namespace planish
