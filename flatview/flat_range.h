// FlatRange: a run of addresses that behave alike: one region, consecutive
// offsets, one set of attributes. What a flat view is made of.
//
// THREAD SAFETY  A plain value. `region` is compared and handed on here, and
//   followed only by those who know that its owner lives.
// SOURCES  SEMANTICS.md section 2 (R2.8, R2.9), 2.4.

#ifndef PLANISH_FLATVIEW_FLAT_RANGE_H_
#define PLANISH_FLATVIEW_FLAT_RANGE_H_

#include <cstdint>
#include <ostream>
#include <vector>

#include "planish/base/addr.h"
#include "planish/regions/region.h"

namespace planish {

struct FlatRange {
  AddrRange range;
  const Region* region = nullptr;
  uint64_t offset = 0;  // In `region`, of range.first, in bytes.

  // Of the terminal region, at render time.
  RegionKind kind = RegionKind::kContainer;
  bool romd = false;  // A ROM device that reads memory directly.
  uint8_t dirty_log_mask = 0;
  // Gathered on the way down, through containers and aliases.
  bool readonly = false;
  bool nonvolatile = false;
  bool unmergeable = false;

  uint64_t OffsetOf(Addr a) const { return offset + (a - range.first); }
  // What lies inside `window`, with its offset. REQUIRES: they overlap.
  FlatRange Part(AddrRange window) const {
    FlatRange part = *this;
    // NOLINTNEXTLINE(bugprone-unchecked-optional-access): they overlap.
    part.range = *range.Intersect(window);
    part.offset = OffsetOf(part.range.first);
    return part;
  }

  // What SEMANTICS 3.2 calls equal, and the kind; dirty_log_mask is not
  // compared there (listeners hear of it apart), here it is.
  friend bool operator==(const FlatRange&, const FlatRange&) = default;
};

// Joins neighbours that CanMerge(), left to right. REQUIRES: ascending.
void MergeNeighbours(std::vector<FlatRange>& ranges);

// True if `right`, which follows `left`, is a part of the same run (2.4).
bool CanMerge(const FlatRange& left, const FlatRange& right);

// [0x1000, 0x1fff] name @0x40 ro nv um, for failure messages.
std::ostream& operator<<(std::ostream& out, const FlatRange& r);

}  // namespace planish

#endif  // PLANISH_FLATVIEW_FLAT_RANGE_H_
