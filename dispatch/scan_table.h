// ScanTable: a version of a table of few runs, in one piece of memory: a scan
// tree (tree.h) and its descriptors. A commit makes a new one.
//
// THREAD SAFETY  Immutable.
// COST  Make: O(n), one allocation beside those for the run list.

#ifndef PLANISH_DISPATCH_SCAN_TABLE_H_
#define PLANISH_DISPATCH_SCAN_TABLE_H_

#include <cstddef>
#include <memory>

#include "planish/dispatch/line_arena.h"
#include "planish/dispatch/run_list.h"
#include "planish/dispatch/table_root.h"
#include "planish/dispatch/terminal.h"

namespace planish::internal {

// Lines and descriptors follow it in memory.
class alignas(Line) ScanTable {
 public:
  struct Deleter {
    void operator()(const ScanTable* table) const;
  };
  using Ptr = std::unique_ptr<const ScanTable, Deleter>;

  // REQUIRES: at most ScanTree::kMaxRuns runs.
  static Ptr Make(const RunList& list);

  const TableRoot& root() const { return root_; }
  const Line* lines() const { return reinterpret_cast<const Line*>(this + 1); }
  const Descriptor* descriptors() const {
    return reinterpret_cast<const Descriptor*>(lines() + line_count_);
  }
  size_t bytes() const { return bytes_; }

 private:
  ScanTable(size_t line_count, size_t bytes)
      : line_count_(line_count), bytes_(bytes) {}

  TableRoot root_;
  size_t line_count_;
  size_t bytes_;  // Of all of it.
};

}  // namespace planish::internal

#endif  // PLANISH_DISPATCH_SCAN_TABLE_H_
