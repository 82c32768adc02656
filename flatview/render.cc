#include "planish/flatview/render.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace planish {
namespace {

// Ranges collected before the walk stops to count what is still to come, so
// that a graph that means 2^40 ranges is refused before memory is spent on it.
constexpr size_t kCollectFirst = size_t{1} << 20;

struct Flags {
  bool readonly = false;
  bool nonvolatile = false;
  bool unmergeable = false;
};

// Walks the graph below a root in order of precedence.
class Walk {
 public:
  Walk(const Region& root, const Limits& limits)
      : root_(root), limits_(limits) {}

  // Visits everything that shows inside `interval`. Collects at most `most`
  // windows, and goes on counting steps beyond.
  absl::Status Run(AddrRange interval, size_t most) {
    steps_ = 0;
    most_ = most;
    overflowed_ = false;
    windows_.clear();
    return Visit(root_, 0, interval, Flags());
  }

  // True if there was more than the last Run() was allowed to collect.
  bool overflowed() const { return overflowed_; }
  // A window per visit of a terminating region, highest precedence first.
  std::vector<FlatRange>& windows() { return windows_; }

 private:
  struct Step {
    const Region* region;
    Int128 base;
    AddrRange clip;
  };

  absl::Status Visit(const Region& region, Int128 base, AddrRange clip,
                     Flags flags) {
    if (++steps_ > limits_.max_render_steps) {
      return absl::ResourceExhaustedError(absl::StrCat(
          "X4: root '", root_.name(), "' takes more than ",
          limits_.max_render_steps, " steps to render"));
    }
    if (!region.enabled()) return absl::OkStatus();  // R2.1
    base += region.addr().raw();                     // R2.4
    flags.readonly |= region.readonly();
    flags.nonvolatile |= region.nonvolatile();
    flags.unmergeable |= region.unmergeable();

    const std::optional<AddrRange> window = Clip(region, base, clip);  // R2.5
    if (!window.has_value()) return absl::OkStatus();

    if (region.kind() == RegionKind::kAlias) {
      const Region* target = region.alias_target();
      if (target == nullptr) return absl::OkStatus();
      base -= region.alias_offset();  // R2.7
      base -= target->addr().raw();
      absl::Status status = Enter(region, base, *window);
      if (status.ok()) status = Visit(*target, base, *window, flags);
      path_.pop_back();
      return status;
    }

    if (!region.children().empty()) {
      absl::Status status = Enter(region, base, *window);
      const auto& children = region.children();
      for (auto it = children.rbegin();  // R2.2, R2.3
           status.ok() && it != children.rend(); ++it) {
        status = Visit(**it, base, *window, flags);
      }
      path_.pop_back();
      if (!status.ok()) return status;
    }

    if (region.terminates()) Collect(region, base, *window, flags);  // R2.6
    return absl::OkStatus();
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

  // Puts a step on the path; the caller takes it off, whatever the result. X4.
  absl::Status Enter(const Region& region, Int128 base, AddrRange clip) {
    path_.push_back({&region, base, clip});
    if (path_.size() > static_cast<size_t>(limits_.max_depth)) {
      return absl::FailedPreconditionError(
          absl::StrCat("X4: root '", root_.name(), "' is deeper than ",
                       limits_.max_depth, " regions: ", PathText(0)));
    }
    // Only a window can lead back up. Its own entry is enough to look at: who
    // comes again to the same alias with the same clip, comes again for ever.
    if (region.kind() != RegionKind::kAlias) return absl::OkStatus();
    for (size_t i = 0; i + 1 < path_.size(); ++i) {
      const Step& earlier = path_[i];
      if (earlier.region == &region && earlier.base == base &&
          earlier.clip == clip) {
        return absl::FailedPreconditionError(
            absl::StrCat("X4: root '", root_.name(),
                         "' shows itself without end: ", PathText(i)));
      }
    }
    return absl::OkStatus();
  }

  // The names on the path from step `from` on, cut in the middle if long.
  std::string PathText(size_t from) const {
    std::string text;
    for (size_t i = from; i < path_.size(); ++i) {
      if (i == from + 8 && path_.size() > from + 16) {
        absl::StrAppend(&text, " -> ...");
        i = path_.size() - 8;
      }
      absl::StrAppend(&text, text.empty() ? "'" : " -> '",
                      path_[i].region->name(), "'");
    }
    return text;
  }

  void Collect(const Region& region, Int128 base, AddrRange window,
               Flags flags) {
    if (windows_.size() == most_) {
      overflowed_ = true;
      return;
    }
    FlatRange& r = windows_.emplace_back();
    r.range = window;
    r.region = &region;
    // R2.8, R2.11: base is at or below the window, so this is an offset.
    r.offset = static_cast<uint64_t>(window.first.raw() - base);
    r.kind = region.kind();
    r.romd = region.kind() == RegionKind::kRomDevice && region.romd();
    r.dirty_log_mask = region.dirty_log_mask();
    r.readonly = flags.readonly;  // R2.9
    r.nonvolatile = flags.nonvolatile;
    r.unmergeable = flags.unmergeable;
  }

  const Region& root_;
  const Limits& limits_;
  uint64_t steps_ = 0;
  size_t most_ = 0;
  bool overflowed_ = false;
  std::vector<Step> path_;
  std::vector<FlatRange> windows_;
};

// Gives each address to the first window that covers it.
std::vector<FlatRange> Sweep(const std::vector<FlatRange>& windows) {
  // Precedence is the index. Sorted by first address: the order of arrival.
  std::vector<uint32_t> arrivals(windows.size());
  for (size_t i = 0; i < arrivals.size(); ++i) {
    arrivals[i] = static_cast<uint32_t>(i);
  }
  std::sort(arrivals.begin(), arrivals.end(), [&](uint32_t a, uint32_t b) {
    return windows[a].range.first < windows[b].range.first;
  });

  std::vector<FlatRange> ranges;
  ranges.reserve(windows.size());
  // Windows that have begun and may not have ended, highest precedence on top.
  std::priority_queue<uint32_t, std::vector<uint32_t>, std::greater<>> open;
  uint32_t shown = 0;  // The window that the last range came from.
  uint64_t at = 0;
  size_t next = 0;
  while (true) {
    while (!open.empty() && windows[open.top()].range.last.raw() < at) {
      open.pop();
    }
    if (open.empty()) {
      if (next == arrivals.size()) return ranges;
      at = std::max(at, windows[arrivals[next]].range.first.raw());
    }
    while (next < arrivals.size() &&
           windows[arrivals[next]].range.first.raw() <= at) {
      const uint32_t arrived = arrivals[next++];
      if (windows[arrived].range.last.raw() >= at) open.push(arrived);
    }
    if (open.empty()) continue;

    const uint32_t top = open.top();
    const FlatRange& window = windows[top];
    uint64_t last = window.range.last.raw();
    if (next < arrivals.size()) {
      last = std::min(last, windows[arrivals[next]].range.first.raw() - 1);
    }
    if (!ranges.empty() && shown == top &&
        ranges.back().range.last.raw() + 1 == at) {
      ranges.back().range.last = Addr(last);
    } else {
      FlatRange& r = ranges.emplace_back(window);
      r.range = {Addr(at), Addr(last)};
      r.offset = window.OffsetOf(Addr(at));
      shown = top;
    }
    if (last == UINT64_MAX) return ranges;
    at = last + 1;
  }
}

}  // namespace

absl::StatusOr<std::vector<FlatRange>> Render(const Region& root,
                                              AddrRange interval,
                                              const Limits& limits) {
  Walk walk(root, limits);
  absl::Status status = walk.Run(interval, kCollectFirst);
  if (status.ok() && walk.overflowed()) {
    status = walk.Run(interval, SIZE_MAX);
  }
  if (!status.ok()) return status;
  std::vector<FlatRange> ranges = Sweep(walk.windows());
  MergeNeighbours(ranges);
  return ranges;
}

}  // namespace planish
