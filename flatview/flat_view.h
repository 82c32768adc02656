// FlatView: what one root looks like, as an ordered sequence of ranges, kept in
// a tree (view_nodes.h). A version never changes; Splice() makes the next one,
// which shares with it every node that it need not change:
//
//    v1   root  --+--[A]--[B]--[C]--[D]     [ ] holds 8 to 24 ranges
//    v2   root' --+--[A]--[B']-[C]--[D]     root and B are listed as replaced
//
// INVARIANTS (CheckInvariants())
//   F1  Ranges ascend and do not overlap. What lies between them is a hole.
//   F2  Neighbours that CanMerge() are one range.
//   F3  History is a line: only the newest version is spliced, once. So each
//       node has one last version, and is listed once, never counted.
//   F4  After any splices the ranges equal those of Render(root, everything),
//       if an interval never cuts an unmergeable range (rerender.h).
//   F5  The tree: paths are equally long, nodes are filled as view_nodes.h
//       says, what is above a node is not older, and the totals are right.
// THREAD SAFETY  Immutable, except that Splice() belongs to the writer.
// LIFETIME  Whoever owns the unique_ptr. Splice() hands the nodes on to the new
//   version, or to the RetireList if that does not share them; the old object
//   answers until they are freed, and is itself to be destroyed by its owner,
//   before or after. The newest version frees its nodes when it goes, all at
//   once; Retire() is for those who can't wait that long.
// COST  Find, Seek: O(log n). Iteration: O(1) a step. Build: O(n). Splice:
//   O(log n + k) for k ranges put in or taken out; with one range of 100,000
//   about five nodes and 2 KiB are made. Memory: 40 bytes a range, and 2 to 7
//   for nodes, however old the view is.
// SOURCES  docs/DESIGN.md, "Splice and diff".

#ifndef PLANISH_FLATVIEW_FLAT_VIEW_H_
#define PLANISH_FLATVIEW_FLAT_VIEW_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "planish/base/addr.h"
#include "planish/base/retire_list.h"
#include "planish/flatview/flat_range.h"

namespace planish {
namespace internal {
struct ViewChild;
struct ViewNode;
}  // namespace internal

class FlatView {
 public:
  // Ascending by address, forward only. Good as long as the version is.
  class Iterator {
   public:
    using value_type = FlatRange;
    using difference_type = std::ptrdiff_t;

    Iterator() = default;
    const FlatRange& operator*() const { return *at_; }
    const FlatRange* operator->() const { return at_; }
    Iterator& operator++() {
      if (++at_ == leaf_end_) NextLeaf();
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) {
      return a.at_ == b.at_;
    }

   private:
    friend class FlatView;
    // To the first range that ends at or behind `a`.
    Iterator(const internal::ViewNode* tree, Addr a);
    void NextLeaf();

    const FlatRange* at_ = nullptr;  // Null: the end.
    const FlatRange* leaf_end_ = nullptr;
    // The leaf's place among its siblings; null if it has none.
    const internal::ViewChild* child_ = nullptr;
    const internal::ViewChild* children_end_ = nullptr;
    const internal::ViewNode* tree_ = nullptr;
  };

  // `root` is the normalised root (resolve.h); null for the empty view. `born`
  // is the number of the commit that makes the view, for its nodes.
  // REQUIRES: `ranges` ascend and don't overlap (F1). Merges neighbours (F2).
  static std::unique_ptr<const FlatView> Build(const Region* root,
                                               std::vector<FlatRange> ranges,
                                               uint64_t born = 0);
  ~FlatView();
  FlatView(const FlatView&) = delete;
  FlatView& operator=(const FlatView&) = delete;

  const Region* root() const { return root_; }
  size_t size() const { return totals_.ranges; }
  bool empty() const { return size() == 0; }
  Iterator begin() const { return Iterator(tree_, Addr(0)); }
  Iterator end() const { return Iterator(); }

  // The first range that ends at or behind `a`: the one that holds `a`, or the
  // next above the hole that does. end() if there is none.
  Iterator Seek(Addr a) const { return Iterator(tree_, a); }
  // The range that holds `a`; null in a hole.
  const FlatRange* Find(Addr a) const;

  // The next version: within `interval` exactly `ranges`, outside it what is
  // here, merged at both seams. A range that reaches over an edge of `interval`
  // keeps the part outside. Where `ranges` are what is here already, nodes are
  // shared. Several splices in one commit make several versions.
  // REQUIRES: newest version (F3); `ranges` ascend, lie inside `interval`.
  std::unique_ptr<const FlatView> Splice(AddrRange interval,
                                         absl::Span<const FlatRange> ranges,
                                         RetireList& replaced) const;

  // Lists the whole of `view`, to be freed in steps. Adds one piece, as old as
  // the first version of the line: some node may be.
  static void Retire(std::unique_ptr<const FlatView> view,
                     RetireList& replaced);

  // Of what this version consists, shared or not.
  struct Totals {
    size_t ranges = 0;
    size_t nodes = 0;
    size_t bytes = 0;  // Of the nodes, without what the allocator adds.
  };
  const Totals& totals() const { return totals_; }

  // Aborts with the id of the first invariant that doesn't hold.
  void CheckInvariants() const;

 private:
  friend class DiffWalk;  // Compares nodes by address: equal means untouched.

  FlatView(const Region* root, const internal::ViewNode* tree, Totals totals,
           uint64_t line_born)
      : root_(root), tree_(tree), totals_(totals), line_born_(line_born) {}

  const Region* const root_;
  // Null if there are no ranges, and when freed.
  const internal::ViewNode* tree_;
  const Totals totals_;
  const uint64_t line_born_;  // Of the version that Build() made.
  // Whose the nodes are; not so once spliced. Touched by the writer only.
  mutable bool newest_ = true;
};

}  // namespace planish

#endif  // PLANISH_FLATVIEW_FLAT_VIEW_H_
