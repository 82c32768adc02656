// FlatView: what one root looks like, as an ordered sequence of ranges.
// A version never changes; Splice() makes the next one.
//
//    v1   [ram        ][vga ][ram    ]      [uart]
//    v2   [ram        ][ram          ]      [uart]     vga disabled
//
// INVARIANTS (CheckInvariants())
//   F1  Ranges ascend and do not overlap. What lies between them is a hole.
//   F2  Neighbours that CanMerge() are one range.
//   F3  History is a line: only the newest version is spliced, once.
//   F4  After any splices the ranges equal those of Render(root, everything).
// THREAD SAFETY  Immutable, except that Splice() belongs to the writer.
// LIFETIME  Whoever owns the unique_ptr. Splice() moves what the new version
//   does not share into the RetireList; the old object answers until the list
//   is freed, and is itself to be destroyed by its owner, before or after.
// COST  Find: O(log n). Iteration: O(1) a step. Splice, today: O(n), by whole
//   rebuild behind the interface that the persistent form will keep.

#ifndef PLANISH_FLATVIEW_FLAT_VIEW_H_
#define PLANISH_FLATVIEW_FLAT_VIEW_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "planish/base/addr.h"
#include "planish/base/retire_list.h"
#include "planish/flatview/flat_range.h"

namespace planish {

class FlatView {
 public:
  // Ascending by address. Freeze: forward only, so that it can walk a tree.
  class Iterator {
   public:
    using value_type = FlatRange;
    using difference_type = std::ptrdiff_t;

    Iterator() = default;
    const FlatRange& operator*() const { return *at_; }
    const FlatRange* operator->() const { return at_; }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++at_;
      return before;
    }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    friend class FlatView;
    explicit Iterator(const FlatRange* at) : at_(at) {}
    const FlatRange* at_ = nullptr;
  };

  // `root` is the normalised root (resolve.h); null for the empty view.
  // REQUIRES: `ranges` ascend and don't overlap (F1). Merges neighbours (F2).
  static std::unique_ptr<const FlatView> Build(const Region* root,
                                               std::vector<FlatRange> ranges);
  ~FlatView();
  FlatView(const FlatView&) = delete;
  FlatView& operator=(const FlatView&) = delete;

  const Region* root() const { return root_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Iterator begin() const { return Iterator(ranges_); }
  Iterator end() const { return Iterator(ranges_ + size_); }

  // The first range that ends at or behind `a`: the one that holds `a`, or the
  // next above the hole that does. end() if there is none.
  Iterator Seek(Addr a) const;
  // The range that holds `a`; null in a hole.
  const FlatRange* Find(Addr a) const;

  // The next version: within `interval` exactly `ranges`, outside it what is
  // here, merged at both seams. A range that reaches over an edge of `interval`
  // keeps the part outside.
  // REQUIRES: newest version (F3); `ranges` ascend, lie inside `interval`.
  std::unique_ptr<const FlatView> Splice(AddrRange interval,
                                         absl::Span<const FlatRange> ranges,
                                         RetireList& replaced) const;

  // Aborts with the id of the first invariant that doesn't hold.
  void CheckInvariants() const;

 private:
  struct Storage;  // Today the one piece that a version consists of.
  FlatView(const Region* root, std::unique_ptr<const Storage> storage);

  const Region* const root_;
  const FlatRange* ranges_ = nullptr;
  size_t size_ = 0;
  // Ours until Splice() hands it to the RetireList. Touched by the writer only.
  mutable std::unique_ptr<const Storage> storage_;
};

}  // namespace planish

#endif  // PLANISH_FLATVIEW_FLAT_VIEW_H_
