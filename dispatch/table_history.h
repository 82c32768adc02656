// TableHistory: the writer's side of a line of versions of a table: the memory
// that they share, what the next one is made from, and the choice of form. The
// newest DispatchTable owns it, and hands it to the next.
//
//    runs        is                           a commit
//    up to 40    a ScanTable                  makes a new one
//    up to 256   one, or a TableBody          the same, or patches it
//    more        a TableBody                  patches it
//
// A body is made for a number of runs and for where they lie. When that has
// changed much, another takes its place:
//
//    small       at once, by the next commit
//    large       [census | build ......................] swap
//                 each of the following commits counts some more boundaries of
//                 its view; then makes some more of a successor, which is a
//                 table of the view up to a frontier, with a hole behind; when
//                 that has reached the end, the successor is shown
//
// The step from one frontier to the next is a patch like any other, as are the
// commit's own intervals below it.
//
// THREAD SAFETY  The writer's.
// COST  Patch: O(log n + changed), and a bounded step of growth. A commit that
//   changes a fourth of all runs builds anew, O(n).

#ifndef PLANISH_DISPATCH_TABLE_HISTORY_H_
#define PLANISH_DISPATCH_TABLE_HISTORY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "planish/base/addr.h"
#include "planish/base/retire_list.h"
#include "planish/dispatch/census.h"
#include "planish/dispatch/changes.h"
#include "planish/dispatch/scan_table.h"
#include "planish/dispatch/table_body.h"
#include "planish/dispatch/table_root.h"
#include "planish/dispatch/terminal.h"
#include "planish/flatview/flat_view.h"

namespace planish::internal {

class TableHistory {
 public:
  struct Options {
    bool huge_pages = true;
    bool force_tree = false;
    bool force_radix = false;
    bool two_directories = false;

    bool by_rule() const { return !force_tree && !force_radix; }
  };

  TableHistory(const FlatView& view, const Options& options, uint64_t born);
  // Frees the newest version.
  ~TableHistory();
  TableHistory(const TableHistory&) = delete;
  TableHistory& operator=(const TableHistory&) = delete;

  // The newest version.
  const TableRoot& root() const;
  const Line* lines() const;
  const Descriptor* descriptors() const;

  void Patch(const FlatView& view, absl::Span<const AddrRange> intervals,
             RetireList& replaced);

  // Lists all that it has, behind what is listed already.
  static void Retire(std::unique_ptr<TableHistory> history,
                     RetireList& replaced);

  // The commit that made the newest version.
  uint64_t newest() const { return newest_; }
  size_t memory_bytes() const;
  bool is_growing() const { return growth_ != nullptr; }

  // Aborts with the id of the first invariant that doesn't hold.
  void CheckInvariants() const;

 private:
  struct Growth;
  // A form and shape, which has no lines yet; that of a scan: none.
  struct Choice {
    std::optional<TableRoot> body;
    uint64_t runs;
    uint64_t crowded;
  };

  Choice Choose(const Census& census) const;
  bool StaysScan(size_t runs);
  void Build(const FlatView& view);
  void Rebuild(const FlatView& view, RetireList& replaced);
  void RetireNewest(RetireList& replaced);
  void PatchScan(const FlatView& view, RetireList& replaced);
  bool PatchBody(const FlatView& view, RetireList& replaced);

  void StartGrowth();
  // True if the successor became the newest version.
  bool Grow(const FlatView& view, RetireList& replaced);
  void Count(const FlatView& view);
  bool BuildSome(const FlatView& view, RetireList& replaced);
  void DropGrowth(RetireList& replaced);

  const Options options_;
  uint64_t newest_;            // The commit of the newest version.
  uint64_t scan_born_ = 0;     // Of the present scan table.
  uint64_t scan_settled_ = 0;  // Runs for which a scan was chosen by rule.
  uint64_t scan_patches_ = 0;  // Since then.
  // One of these.
  ScanTable::Ptr scan_;
  std::unique_ptr<TableBody> body_;
  std::unique_ptr<Growth> growth_;  // Null if nothing grows.
  // Kept from commit to commit, for their memory.
  std::vector<AddrRange> intervals_;
  Changes changes_;
};

}  // namespace planish::internal

#endif  // PLANISH_DISPATCH_TABLE_HISTORY_H_
