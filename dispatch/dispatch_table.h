// DispatchTable: a FlatView compiled for lookup.
//
//    view       [ram      ]   [uart][pci window ]           ranges, holes
//                                |
//    run list   every address in one run            run_list.h
//                                |                  by rule, per view
//    form       scan, tree, pages or radix          tree.h pages.h radix.h
//                                |
//    terminal   {kind, host or descriptor, last}    terminal.h -> Section
//
//    form     for                             a lookup does
//    scan     up to 256 runs: most boards     one or two rows of compares
//    pages    a page, a target: IOMMUs        one or two loads, no compare
//    radix    everything else                 two to four loads, 4 to 15
//                                             compares
//    tree     crowds that a root can't part   log16 n rows of compares
//
// The versions of one view's table are a line, as the view's are: each shares
// with the one before what the commit left as it was.
//
// INVARIANTS (CheckInvariants())
//   D1  Lookup(a) says what FlatView::Find(a) says, for each a in 2^64.
//   D2  Every slot is set. A hole is a terminal; a lookup never tests for null.
//   D3  An answer holds from `a` to `last`, to the end of its range or hole.
//   D4  A patched table answers as a rebuilt one.
//   D5  What the versions share is used, free or retired (table_memory.h).
// THREAD SAFETY  Immutable, except that Patch() belongs to the writer.
// LIFETIME  Whoever owns the unique_ptr. Patch() hands the memory on to the new
//   version, and lists in the RetireList what that does not share; the old
//   object answers until this is freed, and is itself to be destroyed by its
//   owner, before or after. The newest version frees the memory of all when it
//   goes, at once; Retire() is for those who can't wait that long. Regions are
//   named by answers and never followed.
// COST  See docs/DESIGN.md, "The node" and "The next table", and
//   bench/RESULTS.md. Build: O(n). Patch: O(log n + changed); O(n) if a fourth
//   of all runs changed, or for up to 256 runs, some microseconds.

#ifndef PLANISH_DISPATCH_DISPATCH_TABLE_H_
#define PLANISH_DISPATCH_DISPATCH_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/base/attributes.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "planish/base/addr.h"
#include "planish/base/retire_list.h"
#include "planish/dispatch/line_arena.h"
#include "planish/dispatch/section.h"
#include "planish/dispatch/table_root.h"
#include "planish/dispatch/terminal.h"
#include "planish/flatview/flat_view.h"

namespace planish {
namespace internal {
class TableHistory;
}  // namespace internal

class DispatchTable {
 public:
  using Form = internal::TableRoot::Form;

  struct Options {
    // Asks the host for huge pages, for tables of 2 MiB and more.
    bool huge_pages = true;
    // For tests and benchmarks: no form by rule, but this family of forms.
    // kDeepRadix: with two directories where there would be one.
    enum class Force : uint8_t { kNone, kTree, kRadix, kDeepRadix };
    Force force = Force::kNone;
  };

  static std::unique_ptr<const DispatchTable> Build(const FlatView& view);
  // `born` is the number of the commit that makes the table.
  static std::unique_ptr<const DispatchTable> Build(const FlatView& view,
                                                    const Options& options,
                                                    uint64_t born = 0);

  // The table of `view`, which differs from the one that `old` was made for
  // only within `intervals`. The new version must be shown, or all of its line
  // be given up: `replaced` has what `old` does not share with it.
  // REQUIRES: `old` is the newest version, and was not patched before; commits
  // that make versions ascend.
  static std::unique_ptr<const DispatchTable> Patch(
      const DispatchTable& old, const FlatView& view,
      absl::Span<const AddrRange> intervals, RetireList& replaced);

  // Lists `table`, with all memory of its line if it is the newest, to be freed
  // in steps. REQUIRES: nothing of that line is listed behind it.
  static void Retire(std::unique_ptr<const DispatchTable> table,
                     RetireList& replaced);

  ~DispatchTable();
  DispatchTable(const DispatchTable&) = delete;
  DispatchTable& operator=(const DispatchTable&) = delete;

  // What is at `a`, and up to where.
  ABSL_ATTRIBUTE_ALWAYS_INLINE Section Lookup(Addr a) const {
    return Section(a, Find(a.raw()), descriptors_);
  }

  // What Lookup() says of each of `addrs`, with their cache misses in parallel.
  // REQUIRES: the spans are equally long.
  void LookupBatch(absl::Span<const Addr> addrs,
                   absl::Span<Section> sections) const;

  Form form() const { return root_.form; }
  // "scan", "pages", "radix" or "tree".
  absl::string_view form_name() const;
  // Of the object, and of all that is kept for its line if it is the newest:
  // other versions' nodes, free ones, a successor that is being built. Without
  // the view.
  size_t memory_bytes() const;

  // Aborts with the id of the first invariant that doesn't hold for `view`,
  // which this table must be of.
  // COST  A dozen lookups a range.
  void CheckInvariants(const FlatView& view) const;

 private:
  explicit DispatchTable(std::unique_ptr<internal::TableHistory> history);

  ABSL_ATTRIBUTE_ALWAYS_INLINE Terminal Find(uint64_t a) const {
    return root_.Find(lines_, a);
  }

  template <int kDepth, bool kRanked>
  void RadixBatch(absl::Span<const Addr> addrs,
                  absl::Span<Section> sections) const;

  internal::TableRoot root_;
  const Line* lines_;
  const Descriptor* descriptors_;
  // Ours until Patch() hands it to the next. Touched by the writer only.
  mutable std::unique_ptr<internal::TableHistory> history_;
};

}  // namespace planish

#endif  // PLANISH_DISPATCH_DISPATCH_TABLE_H_
