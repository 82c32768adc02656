#include "planish/flatview/flat_range.h"

#include <cstddef>
#include <ostream>
#include <vector>

#include "planish/base/addr.h"

namespace planish {

bool CanMerge(const FlatRange& left, const FlatRange& right) {
  if (left.region != right.region || !left.range.Touches(right.range)) {
    return false;
  }
  // The offsets are compared without wrapping: a run that ends at offset 2^64
  // is not continued by one that begins at offset 0.
  const Uint128 left_end =
      static_cast<Uint128>(left.offset) + left.range.size().wide();
  return left_end == right.offset &&
         left.dirty_log_mask == right.dirty_log_mask &&
         left.romd == right.romd && left.readonly == right.readonly &&
         left.nonvolatile == right.nonvolatile && !left.unmergeable &&
         !right.unmergeable;
}

void MergeNeighbours(std::vector<FlatRange>& ranges) {
  size_t kept = 0;
  for (size_t i = 0; i < ranges.size(); ++i) {
    if (kept > 0 && CanMerge(ranges[kept - 1], ranges[i])) {
      ranges[kept - 1].range.last = ranges[i].range.last;
    } else {
      ranges[kept++] = ranges[i];
    }
  }
  ranges.resize(kept);
}

std::ostream& operator<<(std::ostream& out, const FlatRange& r) {
  out << r.range << ' ' << (r.region ? r.region->name() : "(null)");
  if (r.offset != 0) out << " @" << Addr(r.offset);
  if (r.romd) out << " romd";
  if (r.readonly) out << " ro";
  if (r.nonvolatile) out << " nv";
  if (r.unmergeable) out << " um";
  return out;
}

}  // namespace planish
