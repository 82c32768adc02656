#include "planish/flatview/render.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "planish/flatview/gap_set.h"
#include "planish/regions/overlap_walk.h"

namespace planish {
namespace {

// Of the steps that a render may take, so many may leave a range before the
// walk only counts what is still to come; it is done again if all is well. So a
// graph that means 2^40 ranges is refused before much memory is spent on it.
constexpr uint64_t kCollectOneIn = 16;

struct Flags {
  bool readonly = false;
  bool nonvolatile = false;
  bool unmergeable = false;
};

// Walks the graph below a root in order of precedence, and fills the gaps of an
// interval with what it meets, until there are none.
class Walk {
 public:
  // Collects at most `most` ranges, and goes on counting steps beyond.
  Walk(const Region& root, AddrRange interval, const Limits& limits,
       uint64_t most)
      : root_(root), limits_(limits), most_(most), gaps_(interval) {}

  absl::Status Run(AddrRange interval) {
    return Visit(root_, 0, interval, Flags());
  }

  // True if there was more than it was allowed to collect.
  bool overflowed() const { return overflowed_; }
  // In order of precedence.
  std::vector<FlatRange>& ranges() { return ranges_; }

 private:
  absl::Status Visit(const Region& region, Int128 base, AddrRange clip,
                     Flags flags) {
    if (++steps_ > limits_.max_render_steps) {
      return absl::ResourceExhaustedError(
          absl::StrCat("X4: root '", root_.name(), "' takes more than ",
                       limits_.max_render_steps, " steps to render"));
    }
    if (!region.enabled()) return absl::OkStatus();  // R2.1
    base += region.addr().raw();                     // R2.4
    flags.readonly |= region.readonly();
    flags.nonvolatile |= region.nonvolatile();
    flags.unmergeable |= region.unmergeable();

    const std::optional<AddrRange> window = Clip(region, base, clip);  // R2.5
    if (!window.has_value()) return absl::OkStatus();
    // Not before: a container does no harm where none of its children lies.
    if (path_.size() > static_cast<size_t>(limits_.max_depth)) {
      if (!gaps_.Hull(*window).has_value()) return absl::OkStatus();
      return absl::FailedPreconditionError(
          absl::StrCat("X4: root '", root_.name(), "' is deeper than ",
                       limits_.max_depth, " regions: ", PathText(0)));
    }

    if (region.kind() == RegionKind::kAlias) {
      const Region* target = region.alias_target();
      if (target == nullptr) return absl::OkStatus();
      const std::optional<AddrRange> seen = gaps_.Hull(*window);
      if (!seen.has_value()) return absl::OkStatus();
      absl::Status status = Enter(region, base);
      base -= region.alias_offset();  // R2.7
      base -= target->addr().raw();
      if (status.ok()) status = Visit(*target, base, *seen, flags);
      Leave();
      return status;
    }
    if (!region.children().empty()) {
      absl::Status status = VisitChildren(region, base, *window, flags);
      if (!status.ok()) return status;
    }
    if (region.terminates()) Fill(region, base, *window, flags);  // R2.6
    return absl::OkStatus();
  }

  absl::Status VisitChildren(const Region& region, Int128 base,
                             AddrRange window, Flags flags) {
    std::optional<AddrRange> seen = gaps_.Hull(window);
    if (!seen.has_value()) return absl::OkStatus();
    absl::Status status = Enter(region, base);
    OverlapWalk walk(region,
                     {OffsetOf(seen->first, base), OffsetOf(seen->last, base)});
    size_t visited = 0;
    size_t asks_at = 1;
    while (status.ok()) {  // R2.2, R2.3
      const Region* const child = walk.Next();
      if (child == nullptr) break;
      status = Visit(*child, base, *seen, flags);
      // Asking costs about as much as a visit, so less and less often.
      if (++visited < asks_at) continue;
      asks_at *= 2;
      seen = gaps_.Hull(*seen);
      if (!seen.has_value()) break;
    }
    Leave();
    return status;
  }

  // R2.5, R2.10: the part of [base, base + size) inside `clip`.
  static std::optional<AddrRange> Clip(const Region& region, Int128 base,
                                       AddrRange clip) {
    if (region.size().IsZero()) return std::nullopt;
    const Int128 last = base + region.size().LastOffset();
    if (base > clip.last.raw() || last < clip.first.raw()) return std::nullopt;
    return AddrRange{
        base > clip.first.raw() ? Addr(static_cast<uint64_t>(base))
                                : clip.first,
        last < clip.last.raw() ? Addr(static_cast<uint64_t>(last)) : clip.last};
  }

  static Addr OffsetOf(Addr a, Int128 base) {
    return Addr(static_cast<uint64_t>(a.raw() - base));
  }

  // Puts `region` on the path; the caller leaves it, whatever the result. X4.
  absl::Status Enter(const Region& region, Int128 base) {
    path_.push_back(&region);
    bases_.push_back(base);
    // Only a window can lead back up. Whoever has come to it again at the same
    // place, and still has something to look for, comes again for ever.
    if (region.kind() != RegionKind::kAlias) return absl::OkStatus();
    for (size_t i = 0; i + 1 < path_.size(); ++i) {
      if (path_[i] == &region && bases_[i] == base) {
        return absl::FailedPreconditionError(
            absl::StrCat("X4: root '", root_.name(),
                         "' shows itself without end: ", PathText(i)));
      }
    }
    return absl::OkStatus();
  }

  void Leave() {
    path_.pop_back();
    bases_.pop_back();
  }

  // The names on the path from step `from` on, cut in the middle if long.
  std::string PathText(size_t from) const {
    std::string text;
    for (size_t i = from; i < path_.size(); ++i) {
      if (i == from + 8 && path_.size() > from + 16) {
        absl::StrAppend(&text, " -> ...");
        i = path_.size() - 8;
      }
      absl::StrAppend(&text, text.empty() ? "'" : " -> '", path_[i]->name(),
                      "'");
    }
    return text;
  }

  void Fill(const Region& region, Int128 base, AddrRange window, Flags flags) {
    FlatRange r;
    r.region = &region;
    r.kind = region.kind();
    r.romd = region.kind() == RegionKind::kRomDevice && region.romd();
    r.dirty_log_mask = region.dirty_log_mask();
    r.readonly = flags.readonly;  // R2.9
    r.nonvolatile = flags.nonvolatile;
    r.unmergeable = flags.unmergeable;
    gaps_.Fill(window, [&](AddrRange filled) {
      if (ranges_.size() == most_) {
        overflowed_ = true;
        return;
      }
      r.range = filled;
      r.offset = OffsetOf(filled.first, base).raw();  // R2.8, R2.11
      ranges_.push_back(r);
    });
  }

  const Region& root_;
  const Limits& limits_;
  const uint64_t most_;
  uint64_t steps_ = 0;
  bool overflowed_ = false;
  std::vector<const Region*> path_;  // Windows and containers on the way here,
  std::vector<Int128> bases_;        // and where each begins.
  GapSet gaps_;
  std::vector<FlatRange> ranges_;
};

}  // namespace

absl::StatusOr<std::vector<FlatRange>> Render(const Region& root,
                                              AddrRange interval,
                                              const Limits& limits) {
  std::vector<FlatRange> ranges;
  for (uint64_t most : {limits.max_render_steps / kCollectOneIn, UINT64_MAX}) {
    Walk walk(root, interval, limits, most);
    const absl::Status status = walk.Run(interval);
    if (!status.ok()) return status;
    ranges = std::move(walk.ranges());
    if (!walk.overflowed()) break;
  }
  std::sort(ranges.begin(), ranges.end(),
            [](const FlatRange& a, const FlatRange& b) {
              return a.range.first < b.range.first;
            });
  MergeNeighbours(ranges);
  return ranges;
}

}  // namespace planish
