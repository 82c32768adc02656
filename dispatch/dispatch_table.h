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
// INVARIANTS (CheckInvariants())
//   D1  Lookup(a) says what FlatView::Find(a) says, for each a in 2^64.
//   D2  Every slot is set. A hole is a terminal; a lookup never tests for null.
//   D3  An answer holds from `a` to `last`, to the end of its range or hole.
//   D4  A patched table answers as a rebuilt one.
// THREAD SAFETY  Immutable, except that Patch() belongs to the writer.
// LIFETIME  Whoever owns the unique_ptr. Patch() moves what the new version
//   does not share into the RetireList; the old object answers until the list
//   is freed, and is itself to be destroyed by its owner, before or after.
//   Regions are named by answers and never followed.
// COST  See docs/DESIGN.md, "The node", and bench/RESULTS.md. Build and, today,
//   Patch: O(n).

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
#include "planish/dispatch/pages.h"
#include "planish/dispatch/radix.h"
#include "planish/dispatch/section.h"
#include "planish/dispatch/terminal.h"
#include "planish/dispatch/tree.h"
#include "planish/flatview/flat_view.h"

namespace planish {

class DispatchTable {
 public:
  enum class Form : uint8_t {
    kScan8,  // The number of runs at most.
    kScan32,
    kScan64,
    kScan128,
    kScan256,
    kTree,
    kPages,
    kPagesWide,  // With a directory.
    kRadix0,     // With buckets; the number of directories.
    kRadix1,
    kRadix2,
    kRanked0,  // With ranked slots.
    kRanked1,
    kRanked2,
  };

  struct Options {
    // Asks the host for huge pages, for tables of 2 MiB and more.
    bool huge_pages = true;
    // For tests and benchmarks: no form by rule, but this family of forms.
    enum class Force : uint8_t { kNone, kTree, kRadix };
    Force force = Force::kNone;
  };

  static std::unique_ptr<const DispatchTable> Build(const FlatView& view);
  static std::unique_ptr<const DispatchTable> Build(const FlatView& view,
                                                    const Options& options);

  // The table of `view`, which differs from the one that `old` was made for
  // only within `intervals`.
  // REQUIRES: `old` is the newest version, and was not patched before.
  static std::unique_ptr<const DispatchTable> Patch(
      const DispatchTable& old, const FlatView& view,
      absl::Span<const AddrRange> intervals, RetireList& replaced);

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

  Form form() const { return form_; }
  // "scan", "pages", "radix" or "tree".
  absl::string_view form_name() const;
  // Of the object and all that it refers to, without the view.
  size_t memory_bytes() const;

  // Aborts with the id of the first invariant that doesn't hold for `view`,
  // which this table must be of. COST  A dozen lookups a range.
  void CheckInvariants(const FlatView& view) const;

 private:
  struct Storage;  // Today the one piece that a version consists of.

  explicit DispatchTable(std::unique_ptr<const Storage> storage);

  ABSL_ATTRIBUTE_ALWAYS_INLINE Terminal Find(uint64_t a) const {
    using namespace internal;  // NOLINT(google-build-using-namespace)
    switch (form_) {
      case Form::kScan8:
        return FindInRow(*reinterpret_cast<const TreeRow*>(lines_ + tree_.rows),
                         a);
      case Form::kScan32:
        return FindInSmallTree<4>(lines_, tree_, a);
      case Form::kScan64:
        return FindInSmallTree<8>(lines_, tree_, a);
      case Form::kScan128:
        return FindInSmallTree<16>(lines_, tree_, a);
      case Form::kScan256:
        return FindInSmallTree<32>(lines_, tree_, a);
      case Form::kTree:
        return FindInTree(lines_, tree_, a);
      case Form::kPages:
        return *PageOf<false>(lines_, pages_, a);
      case Form::kPagesWide:
        return *PageOf<true>(lines_, pages_, a);
      case Form::kRadix0:
        return FindInLevel<0, false>(lines_, level_, a);
      case Form::kRadix1:
        return FindInLevel<1, false>(lines_, level_, a);
      case Form::kRadix2:
        return FindInLevel<2, false>(lines_, level_, a);
      case Form::kRanked0:
        return FindInLevel<0, true>(lines_, level_, a);
      case Form::kRanked1:
        return FindInLevel<1, true>(lines_, level_, a);
      case Form::kRanked2:
        return FindInLevel<2, true>(lines_, level_, a);
    }
    __builtin_unreachable();
  }

  template <int kDepth, bool kRanked>
  void RadixBatch(absl::Span<const Addr> addrs,
                  absl::Span<Section> sections) const;

  Form form_ = Form::kScan8;
  const Line* lines_ = nullptr;
  const Descriptor* descriptors_ = nullptr;
  union {
    internal::Tree tree_;  // kScan*, kTree
    internal::Pages pages_;
    internal::Level level_;
  };
  // Ours until Patch() hands it to the RetireList. Touched by the writer only.
  mutable std::unique_ptr<const Storage> storage_;
};

}  // namespace planish

#endif  // PLANISH_DISPATCH_DISPATCH_TABLE_H_
