// VersionLine: the versions of what the roots of one class show
// (root_classes.h). Only the newest one is changed, so each node has one last
// version (F3, V4):
//
//    commit 40        commit 41                     commit 44
//    snapshot  <---   snapshot'    <-- splice ---   snapshot''   newest
//      view             view'          patch          view''
//      table            table'                        table''
//        '--- all but what was changed is shared ---'
//
// Between two commits a line collects what may look different. Prepare()
// renders that, and so finds out whether anything does; Publish() makes the new
// version. A line that nobody looks at just collects.
//
// THREAD SAFETY  None: it belongs to the holder of the Transaction.
// LIFETIME  Publish() and Retire() list what they replace; the destructor frees
//   the newest version at once.
// ERRORS  Prepare: as Render() (X4).
// COST  Prepare: as Rerender(). Publish: a few nodes for each interval that
//   changed. Where most of a view changes, it is built anew, in O(its ranges).

#ifndef PLANISH_SPACE_VERSION_LINE_H_
#define PLANISH_SPACE_VERSION_LINE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "planish/base/addr.h"
#include "planish/base/interval_set.h"
#include "planish/base/retire_list.h"
#include "planish/flatview/flat_range.h"
#include "planish/flatview/rerender.h"
#include "planish/regions/commit_report.h"
#include "planish/regions/limits.h"
#include "planish/regions/region.h"
#include "planish/space/snapshot.h"

namespace planish {

class VersionLine {
 public:
  VersionLine() = default;
  ~VersionLine();
  VersionLine(const VersionLine&) = delete;
  VersionLine& operator=(const VersionLine&) = delete;

  // The newest version. Null before the first one, and after Retire().
  const Snapshot* snapshot() const { return snapshot_; }

  // These may look different than the newest version: addresses of the view.
  void Touch(const IntervalSet& intervals);
  void TouchAll() { touched_.Add(AddrRange::All()); }
  bool is_touched() const { return !touched_.empty(); }

  // Renders what was touched, as `root` shows it, or all of it, if there is no
  // version. On an error, as if it had not been called. Adds to `report`.
  absl::Status Prepare(const Region& root, const Limits& limits,
                       CommitReport& report);
  // As Prepare(), for the view that has no ranges and no root.
  void PrepareNothing();
  // Throws away what was prepared, if anything; what was touched stays.
  void Forget();
  void Untouch() { touched_.Clear(); }
  // To be called after Prepare() has made the first version: if that looks like
  // `before`, it will have its generation.
  void Continue(const Snapshot* before);

  // Makes what was prepared the newest version. False if it looks as before:
  // then there is no new one. Adds to `report`.
  bool Publish(RetireList& replaced, CommitReport& report);
  // Ends the newest version, in steps.
  void Retire(RetireList& replaced);

 private:
  enum class Prepared : uint8_t { kNothing, kBuild, kSplice };

  const Snapshot* Build(RetireList& replaced);
  const Snapshot* Splice(RetireList& replaced) const;

  const Snapshot* snapshot_ = nullptr;
  IntervalSet touched_;

  Prepared prepared_ = Prepared::kNothing;
  const Region* root_ = nullptr;
  uint64_t generation_ = 0;        // 0: the next one.
  std::vector<FlatRange> ranges_;  // To build,
  Rerendered rerendered_;          // or to splice.
};

}  // namespace planish

#endif  // PLANISH_SPACE_VERSION_LINE_H_
