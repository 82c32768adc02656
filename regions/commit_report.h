// CommitReport: what one commit did, for whoever asks:
//
//   CommitReport report;
//   status.Update(edit.Commit(&report));
//
// Only the outermost Commit() fills it in. A commit that is not asked reads no
// clock.
//
// THREAD SAFETY  A plain value.

#ifndef PLANISH_REGIONS_COMMIT_REPORT_H_
#define PLANISH_REGIONS_COMMIT_REPORT_H_

#include <cstddef>
#include <cstdint>

namespace planish {

struct CommitReport {
  // The version that it published; 0 if nothing was edited.
  uint64_t commit = 0;

  size_t changes_marked = 0;      // Intervals of the regions that were edited.
  size_t walks_resolved = 0;      // Spaces whose root was looked for again.
  size_t spaces_moved = 0;        // Those that another root was found for.
  size_t lines_touched = 0;       // Views that a change reached,
  size_t lines_changed = 0;       // those that look different now,
  size_t lines_built = 0;         // and those that were built whole.
  size_t intervals_rendered = 0;  // Of the views that a change reached.
  size_t ranges_out = 0;          // In these intervals, before
  size_t ranges_in = 0;           // and after; or of whole views.

  // What the new versions do not share with the old ones.
  size_t nodes_made = 0;
  size_t bytes_made = 0;
  size_t pieces_retired = 0;
  size_t pieces_waiting = 0;  // For readers, holds, or the next commit.

  int64_t prepare_ns = 0;  // Resolve, climb and render;
  int64_t publish_ns = 0;  // splice, patch and store;
  int64_t free_ns = 0;     // free what this and earlier commits replaced.
};

}  // namespace planish

#endif  // PLANISH_REGIONS_COMMIT_REPORT_H_
