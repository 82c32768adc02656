#include "planish/tests/gap_renderer.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include "planish/tests/oracle.h"

namespace planish::oracle {
namespace {

// From `from` to `to`, `to` not inside.
struct Span {
  Wide from;
  Wide to;
};

// What of the space is taken; touching spans are one.
class Cover {
 public:
  bool Contains(Span span) const {
    auto after = spans_.upper_bound(span.from);
    return after != spans_.begin() && std::prev(after)->second >= span.to;
  }

  // Takes what is left of `span`, and returns that.
  std::vector<Span> Take(Span span) {
    std::vector<Span> taken;
    auto at = spans_.upper_bound(span.from);
    if (at != spans_.begin() && std::prev(at)->second >= span.from) --at;
    Span whole = span;
    while (at != spans_.end() && at->first <= span.to) {
      if (span.from < at->first) taken.push_back({span.from, at->first});
      span.from = std::max(span.from, at->second);
      whole.from = std::min(whole.from, at->first);
      whole.to = std::max(whole.to, at->second);
      at = spans_.erase(at);
    }
    if (span.from < span.to) taken.push_back(span);
    spans_[whole.from] = whole.to;
    return taken;
  }

 private:
  std::map<Wide, Wide> spans_;
};

class Renderer {
 public:
  Renderer(const Graph& graph, uint64_t max_steps, int max_depth)
      : graph_(graph), max_steps_(max_steps), max_depth_(max_depth) {}

  struct Flags {
    bool readonly = false;
    bool nonvolatile = false;
    bool unmergeable = false;
  };

  // `above`: containers and aliases on the way here.
  void Visit(int index, Wide base, Span clip, Flags flags, int above) {
    if (end_ != Rendering::End::kWhole) return;
    const Node& node = graph_[index];
    if (!node.enabled) return;  // R2.1
    base += node.addr;          // R2.4
    flags.readonly = flags.readonly || node.readonly;
    flags.nonvolatile = flags.nonvolatile || node.nonvolatile;
    flags.unmergeable = flags.unmergeable || node.unmergeable;
    clip = {std::max(clip.from, base), std::min(clip.to, base + node.size)};
    if (clip.from >= clip.to) return;  // R2.5
    if (cover_.Contains(clip)) return;
    if (++steps_ > max_steps_) end_ = Rendering::End::kTooMuch;

    if (above > max_depth_) end_ = Rendering::End::kTooDeep;
    if (end_ != Rendering::End::kWhole) return;
    if (node.kind == Kind::kAlias) {  // R2.7
      if (node.target == kNone) return;
      const Wide shift = Wide{graph_[node.target].addr} + node.offset;
      return Visit(node.target, base - shift, clip, flags, above + 1);
    }
    for (const int child : node.children) {  // R2.2
      Visit(child, base, clip, flags, above + 1);
    }
    if (node.kind == Kind::kContainer) return;
    for (const Span& gap : cover_.Take(clip)) {  // R2.6
      Range& range = pieces_.emplace_back();
      range.first = static_cast<uint64_t>(gap.from);
      range.last = static_cast<uint64_t>(gap.to - 1);
      range.region = index;
      range.offset = static_cast<uint64_t>(gap.from - base);  // R2.8
      range.kind =
          node.kind == Kind::kRam && node.readonly ? Kind::kRom : node.kind;
      range.romd = node.kind == Kind::kRomDevice && node.romd;
      range.dirty_log_mask = node.dirty_log_mask;
      range.readonly = flags.readonly;  // R2.9
      range.nonvolatile = flags.nonvolatile;
      range.unmergeable = flags.unmergeable;
    }
  }

  Rendering Finish() {
    Rendering rendering;
    rendering.end = end_;
    std::sort(pieces_.begin(), pieces_.end(),
              [](const Range& a, const Range& b) { return a.first < b.first; });
    for (const Range& piece : pieces_) {
      if (!rendering.view.empty() && IsOne(rendering.view.back(), piece)) {
        rendering.view.back().last = piece.last;
      } else {
        rendering.view.push_back(piece);
      }
    }
    return rendering;
  }

 private:
  // SEMANTICS 2.4, condition by condition.
  static bool IsOne(const Range& left, const Range& right) {
    return Wide{left.last} + 1 == Wide{right.first} &&
           left.region == right.region &&
           Wide{left.offset} + (Wide{left.last} - left.first + 1) ==
               Wide{right.offset} &&
           left.dirty_log_mask == right.dirty_log_mask &&
           left.romd == right.romd && left.readonly == right.readonly &&
           left.nonvolatile == right.nonvolatile && !left.unmergeable &&
           !right.unmergeable;
  }

  const Graph& graph_;
  const uint64_t max_steps_;
  const int max_depth_;
  uint64_t steps_ = 0;
  Rendering::End end_ = Rendering::End::kWhole;
  Cover cover_;
  std::vector<Range> pieces_;
};

}  // namespace

Rendering RenderByGaps(const Graph& graph, int root, uint64_t max_steps,
                       int max_depth) {
  Renderer renderer(graph, max_steps, max_depth);
  if (root != kNone) renderer.Visit(root, 0, {0, kTwoTo64}, {}, 0);
  return renderer.Finish();
}

}  // namespace planish::oracle
