#include "planish/flatview/rerender.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "planish/base/addr.h"
#include "planish/base/status_macros.h"
#include "planish/flatview/render.h"

namespace planish {
namespace {

// So many pieces that look as before are left out, rather than be copied with
// what has changed on both sides of them: about three leaves of a view.
constexpr size_t kApart = 64;

// F4: to the far ends of the unmergeable ranges that `interval` cuts or
// touches.
AddrRange Widen(const FlatView& old, AddrRange interval) {
  if (interval.first > Addr(0)) {
    const FlatRange* r = old.Find(Addr(interval.first.raw() - 1));
    if (r != nullptr && r->unmergeable) interval.first = r->range.first;
  }
  if (interval.last < Addr::Max()) {
    const FlatRange* r = old.Find(Addr(interval.last.raw() + 1));
    if (r != nullptr && r->unmergeable) interval.last = r->range.last;
  }
  return interval;
}

// True if the two agree where both are; unmergeable ones, if they are equal.
// REQUIRES: they begin together.
bool LookAlike(const FlatRange& was, FlatRange now) {
  if (!now.unmergeable) now.range = was.range;
  return was == now;
}

// Walks over what an interval showed and what it shows now, side by side.
class Comparison {
 public:
  Comparison(const FlatView& old, AddrRange interval,
             absl::Span<const FlatRange> ranges)
      : interval_(interval),
        old_at_(old.Seek(interval.first)),
        old_end_(old.end()),
        ranges_(ranges) {
    ReadOld();
    ReadNew();
  }

  // Where the two differ.
  std::vector<AddrRange> Places() {
    std::vector<AddrRange> places;
    size_t alike = kApart;  // Pieces since the last place.
    while (was_.has_value() || now_.has_value()) {
      if (was_.has_value() && now_.has_value() &&
          was_->range.first == now_->range.first && LookAlike(*was_, *now_)) {
        Pass(std::min(was_->range.last, now_->range.last));
        ++alike;
        continue;
      }
      const AddrRange piece = LowestPiece();
      if (alike >= kApart) places.push_back(piece);
      places.back().last = piece.last;
      alike = 0;
      Pass(piece.last);
    }
    return places;
  }

 private:
  // To where one of the two ends, or the other begins.
  AddrRange LowestPiece() const {
    AddrRange piece = was_.has_value() ? was_->range : now_->range;
    if (was_.has_value() && now_.has_value()) {
      const AddrRange now = now_->range;
      if (piece.first < now.first) {
        piece.last = std::min(piece.last, Addr(now.first.raw() - 1));
      } else if (now.first < piece.first) {
        piece = {now.first, std::min(now.last, Addr(piece.first.raw() - 1))};
      } else {
        piece.last = std::min(piece.last, now.last);
      }
    }
    // A splice could not put the parts of a new unmergeable range together.
    if (now_.has_value() && now_->unmergeable &&
        now_->range.first == piece.first) {
      piece.last = now_->range.last;
    }
    return piece;
  }

  // Leaves what lies behind `last`.
  void Pass(Addr last) {
    while (was_.has_value() && was_->range.first <= last) {
      if (was_->range.last > last) {
        was_ = was_->Part({Addr(last.raw() + 1), Addr::Max()});
        break;
      }
      ++old_at_;
      ReadOld();
    }
    while (now_.has_value() && now_->range.first <= last) {
      if (now_->range.last > last) {
        now_ = now_->Part({Addr(last.raw() + 1), Addr::Max()});
        break;
      }
      ++next_;
      ReadNew();
    }
  }
  void ReadOld() {
    was_.reset();
    if (old_at_ != old_end_ && old_at_->range.first <= interval_.last) {
      was_ = old_at_->Part(interval_);
    }
  }
  void ReadNew() {
    now_.reset();
    if (next_ < ranges_.size()) now_ = ranges_[next_];
  }

  const AddrRange interval_;
  FlatView::Iterator old_at_;
  const FlatView::Iterator old_end_;
  const absl::Span<const FlatRange> ranges_;
  size_t next_ = 0;
  // What is left of the ranges that the walk has come to; nothing at the end.
  std::optional<FlatRange> was_;
  std::optional<FlatRange> now_;
};

// Of `ranges`, what lies inside `place`.
std::vector<FlatRange> Inside(AddrRange place,
                              absl::Span<const FlatRange> ranges) {
  std::vector<FlatRange> inside;
  auto at = std::partition_point(
      ranges.begin(), ranges.end(),
      [&](const FlatRange& r) { return r.range.last < place.first; });
  for (; at != ranges.end() && at->range.first <= place.last; ++at) {
    inside.push_back(at->Part(place));
  }
  return inside;
}

size_t CountInside(AddrRange place, const FlatView& view) {
  size_t count = 0;
  for (auto at = view.Seek(place.first);
       at != view.end() && at->range.first <= place.last; ++at) {
    ++count;
  }
  return count;
}

}  // namespace

absl::StatusOr<Rerendered> Rerender(const FlatView& old, const Region& root,
                                    absl::Span<const AddrRange> dirty,
                                    const Limits& limits) {
  Rerendered result;
  for (size_t i = 0; i < dirty.size();) {
    AddrRange interval = Widen(old, dirty[i]);
    for (++i; i < dirty.size(); ++i) {
      const AddrRange next = Widen(old, dirty[i]);
      if (!interval.Overlaps(next)) break;
      interval.last = std::max(interval.last, next.last);
    }
    PLANISH_ASSIGN_OR_RETURN(const std::vector<FlatRange> ranges,
                             Render(root, interval, limits));
    ++result.intervals;
    for (const AddrRange& place : Comparison(old, interval, ranges).Places()) {
      result.changed.push_back({place, Inside(place, ranges)});
      result.ranges_out += CountInside(place, old);
      result.ranges_in += result.changed.back().ranges.size();
    }
  }
  return result;
}

}  // namespace planish
