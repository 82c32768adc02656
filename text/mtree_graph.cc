#include "planish/text/mtree_graph.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <queue>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "planish/base/status_macros.h"
#include "planish/text/mtree_spaces.h"
#include "planish/text/parse_error.h"

namespace planish::text::mtree {
namespace {

constexpr int kMaxDepth = 256;
constexpr int kMaxCircles = 1000;

size_t Index(int i) { return static_cast<size_t>(i); }

std::string Hex(uint64_t value) {
  return absl::StrCat(absl::Hex(value, absl::kZeroPad16));
}

}  // namespace

struct Graph::Range {
  uint64_t first = 0;
  uint64_t last = 0;
  uint64_t offset = 0;
  int region = 0;
  bool readonly = false;
  bool nonvolatile = false;
};

Graph Graph::Answer(Model model) {
  Graph graph(std::move(model));
  graph.model_.logic().Solve();
  for (int i = 0; i < kMaxCircles && !graph.SortChildren(); ++i) {
    if (!graph.model_.logic().Solve()) break;
  }
  return graph;
}

bool Graph::Holds(Literal l) const {
  return model_.logic().Value(l / 2) == (l % 2 == 0);
}

bool Graph::SortChildren() {
  const Forest& forest = model_.forest();
  // What has to be newer than what; the rest is as is usual.
  absl::flat_hash_map<int, std::vector<int>> above;
  for (const auto& [pair, first_above] : model_.orders()) {
    const Logic::Answer answer = model_.logic().Of(Yes(first_above));
    if (answer == Logic::Answer::kOpen) continue;
    if (answer == Logic::Answer::kTrue) {
      above[pair.second].push_back(pair.first);
    } else {
      above[pair.first].push_back(pair.second);
    }
  }
  bool sorted = true;
  children_.resize(forest.regions.size());
  for (size_t r = 0; r < forest.regions.size(); ++r) {
    if (!SortSiblings(static_cast<int>(r), above)) sorted = false;
  }
  return sorted;
}

bool Graph::SortSiblings(
    int parent, const absl::flat_hash_map<int, std::vector<int>>& above) {
  const Forest& forest = model_.forest();
  std::vector<int> usual = forest.At(parent).children;
  // By priority; among equals the higher address is the newer, and of one
  // address the one printed first.
  const auto rank = [&forest](int r) {
    const Region& region = forest.At(r);
    return std::make_tuple(forest.Line(r).priority, region.addr, -region.place);
  };
  std::sort(usual.begin(), usual.end(),
            [&rank](int a, int b) { return rank(a) < rank(b); });
  std::vector<int> waits(usual.size(), 0);
  std::vector<std::vector<int>> newer(usual.size());
  absl::flat_hash_map<int, int> position;
  for (size_t i = 0; i < usual.size(); ++i) {
    position[usual[i]] = static_cast<int>(i);
  }
  for (size_t i = 0; i < usual.size(); ++i) {
    const auto add = [&](int other) {
      newer[i].push_back(other);
      ++waits[Index(other)];
    };
    if (i + 1 < usual.size() &&
        forest.At(usual[i]).addr == forest.At(usual[i + 1]).addr &&
        forest.Line(usual[i]).priority == forest.Line(usual[i + 1]).priority) {
      add(static_cast<int>(i) + 1);
    }
    const auto at = above.find(usual[i]);
    if (at == above.end()) continue;
    for (const int other : at->second) add(position[other]);
  }
  std::priority_queue<int, std::vector<int>, std::greater<>> ready;
  for (size_t i = 0; i < usual.size(); ++i) {
    if (waits[i] == 0) ready.push(static_cast<int>(i));
  }
  std::vector<int>& sorted = children_[Index(parent)];
  sorted.clear();
  while (!ready.empty()) {
    const int i = ready.top();
    ready.pop();
    sorted.push_back(usual[Index(i)]);
    for (const int other : newer[Index(i)]) {
      if (--waits[Index(other)] == 0) ready.push(other);
    }
  }
  // Priorities come first again, whatever had to wait.
  std::stable_sort(sorted.begin(), sorted.end(), [&forest](int a, int b) {
    return forest.Line(a).priority < forest.Line(b).priority;
  });
  if (sorted.size() == usual.size()) return true;

  // Among those that wait for each other there is a circle: from any of them,
  // back along what it waits for.
  std::vector<int> before(usual.size(), -1);
  for (size_t i = 0; i < usual.size(); ++i) {
    if (waits[i] == 0) continue;
    for (const int other : newer[i]) before[Index(other)] = static_cast<int>(i);
  }
  int at = 0;
  while (waits[Index(at)] == 0 || before[Index(at)] < 0) ++at;
  for (size_t i = 0; i < usual.size(); ++i) at = before[Index(at)];
  std::vector<Literal> clause;
  const int start = at;
  do {
    const int older = before[Index(at)];
    const Literal l = model_.Above(usual[Index(at)], usual[Index(older)]);
    if (!Model::IsFact(l)) clause.push_back(Opposite(l));
    at = older;
  } while (at != start);
  model_.logic().Add(clause);
  return false;
}

int Graph::ReducedRoot(int root) const {
  for (const Stop& stop : WalkFromRoot(model_, root).stops) {
    if (std::all_of(stop.conditions.begin(), stop.conditions.end(),
                    [this](Literal l) { return Holds(l); })) {
      return stop.region;
    }
  }
  return -1;
}

bool Graph::Render(int root, Effort& effort, std::vector<Range>& ranges) {
  struct Visit {
    int region;
    int parent;  // A step.
    int depth;
    bool children_done;
    bool readonly;
    bool nonvolatile;
    Int128 base;
    Int128 first;
    Int128 last;
  };
  const Forest& forest = model_.forest();
  std::vector<std::pair<int, int>> steps;  // Region, parent step.
  std::map<uint64_t, Range> shown;         // By their first address.
  std::vector<Visit> visits = {{root, -1, 0, false, false, false, 0, 0,
                                static_cast<Int128>(UINT64_MAX)}};
  while (!visits.empty()) {
    Visit visit = visits.back();
    visits.pop_back();
    if (!effort.Spend(1) || visit.depth > kMaxDepth) return false;
    const TreeLine& line = forest.Line(visit.region);
    if (!visit.children_done) {
      if (line.disabled || !Holds(model_.Sized(visit.region))) continue;
      visit.base += static_cast<Int128>(forest.At(visit.region).addr);
      visit.first = std::max(visit.first, visit.base);
      visit.last = std::min(
          visit.last, visit.base + static_cast<Int128>(line.size.wide()) - 1);
      if (visit.last < visit.first) continue;
      visit.readonly = visit.readonly || Holds(model_.Readonly(visit.region));
      visit.nonvolatile = visit.nonvolatile || line.nonvolatile;
      if (steps.size() >= effort.max_layout) return false;
      steps.emplace_back(visit.region, visit.parent);
      visit.parent = static_cast<int>(steps.size()) - 1;
      visit.children_done = true;
      visits.push_back(visit);
      Visit down = visit;
      down.children_done = false;
      ++down.depth;
      if (line.alias) {
        down.region = model_.target(visit.region);
        down.base -= static_cast<Int128>(forest.At(down.region).addr) +
                     static_cast<Int128>(line.offset);
        visits.back() = down;
        continue;
      }
      for (const int child : children_[Index(visit.region)]) {
        down.region = child;
        visits.push_back(down);
      }
      continue;
    }
    if (!Holds(model_.Terminates(visit.region))) continue;
    // Fill what is free of [first, last].
    const auto last = static_cast<uint64_t>(visit.last);
    auto at = static_cast<uint64_t>(visit.first);
    auto next = shown.upper_bound(at);
    if (next != shown.begin() && std::prev(next)->second.last >= at) --next;
    bool any = false;
    for (bool more = true; more;) {
      if (!effort.Spend(1)) return false;
      const bool free = next == shown.end() || next->first > at;
      uint64_t end = last;
      if (free) {
        if (next != shown.end()) end = std::min(last, next->first - 1);
        Range range;
        range.first = at;
        range.last = end;
        range.offset =
            static_cast<uint64_t>(static_cast<Int128>(at) - visit.base);
        range.region = visit.region;
        range.readonly = visit.readonly;
        range.nonvolatile = visit.nonvolatile;
        shown.emplace_hint(next, at, range);
        any = true;
      } else {
        end = std::min(last, next->second.last);
        ++next;
      }
      more = end != last;
      at = end + 1;
    }
    if (!any) continue;
    for (int s = visit.parent; s >= 0; s = steps[Index(s)].second) {
      if (model_.target(steps[Index(s)].first) >= 0) {
        shown_through_.try_emplace(steps[Index(s)].first,
                                   forest.At(visit.region).identity);
      }
    }
  }
  for (const auto& [first, range] : shown) {
    if (!ranges.empty()) {
      Range& left = ranges.back();
      const bool joins = left.last + 1 == first &&
                         left.region == range.region &&
                         left.readonly == range.readonly &&
                         left.nonvolatile == range.nonvolatile &&
                         range.offset - left.offset == first - left.first;
      if (joins) {
        left.last = range.last;
        continue;
      }
    }
    ranges.push_back(range);
  }
  return true;
}

std::string Graph::Print(const Range& range) const {
  const TreeLine& line = model_.forest().Line(range.region);
  std::string text = absl::StrCat(
      Hex(range.first), "-", Hex(range.last), " (prio ", line.priority, ", ",
      range.nonvolatile ? "nv-" : "",
      WordName(range.readonly ? Word::kRom : line.word), "): ", line.name);
  if (range.offset != 0) absl::StrAppend(&text, " @", Hex(range.offset));
  if (!line.owner.empty()) absl::StrAppend(&text, " ", line.owner);
  return text;
}

absl::Status Graph::Compare(const Source& flat, const ViewEvidence& view,
                            const std::vector<Range>& ranges) const {
  const ViewText& text = *view.text;
  for (size_t i = 0; i < std::max(ranges.size(), text.ranges.size()); ++i) {
    if (i == text.ranges.size()) {
      const int line = i == 0 ? text.root_line : text.ranges.back().line;
      return ParseError(flat.name, line + 1, 1,
                        absl::StrCat(text.title, " to show ", Print(ranges[i])),
                        "");
    }
    const RangeLine& theirs = text.ranges[i];
    bool same = i < ranges.size();
    if (same) {
      const Range& ours = ranges[i];
      const TreeLine& line = model_.forest().Line(ours.region);
      const auto& readings = view.ranges[i];
      same = ours.first == theirs.range.first.raw() &&
             ours.last == theirs.range.last.raw() &&
             line.priority == theirs.priority &&
             ours.nonvolatile == theirs.nonvolatile &&
             theirs.word == (ours.readonly ? Word::kRom : line.word) &&
             std::any_of(readings.begin(), readings.end(),
                         [&](const RangeReading& reading) {
                           return reading.offset == ours.offset &&
                                  reading.identity ==
                                      model_.forest().At(ours.region).identity;
                         });
    }
    if (same) continue;
    return ParseError(
        flat.name, theirs.line, 3,
        absl::StrCat(text.title, " to show ",
                     i < ranges.size() ? Print(ranges[i]) : "nothing more"),
        absl::StrCat(Hex(theirs.range.first.raw()), "-",
                     Hex(theirs.range.last.raw()), " ", theirs.rest));
  }
  return absl::OkStatus();
}

absl::Status Graph::Verify(const Source& flat,
                           const std::vector<ViewEvidence>& views,
                           const std::vector<int>& view_of_block,
                           Effort& effort) {
  const Forest& forest = model_.forest();
  std::vector<int> roots(views.size(), -1);
  std::vector<bool> known(views.size(), false);
  absl::flat_hash_map<int, int> view_of_root;
  for (size_t b = 0; b < view_of_block.size(); ++b) {
    if (forest.text->blocks[b].section) continue;
    const int v = view_of_block[b];
    if (v < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(flat.name, ": expected a view that shows the space '",
                       forest.text->blocks[b].names[0], "', found none"));
    }
    const int root = ReducedRoot(forest.blocks[b].region);
    const ViewText& text = *views[Index(v)].text;
    const absl::string_view name =
        root < 0 ? absl::string_view("(none)") : forest.Line(root).name;
    const bool fits = (!known[Index(v)] || roots[Index(v)] == root) &&
                      view_of_root.try_emplace(root, v).first->second == v;
    if (name != text.root || !fits) {
      return ParseError(
          flat.name, text.root_line, 22,
          absl::StrCat("the root of the space '",
                       forest.text->blocks[b].names[0], "', '", name, "', in ",
                       text.title, fits ? "" : " alone"),
          text.root);
    }
    known[Index(v)] = true;
    roots[Index(v)] = root;
    if (root < 0) continue;
    for (const int alias :
         WalkFromRoot(model_, forest.blocks[b].region).aliases) {
      shown_through_.try_emplace(alias, forest.At(root).identity);
    }
  }
  for (size_t v = 0; v < views.size(); ++v) {
    std::vector<Range> ranges;
    if (roots[v] >= 0 && !Render(roots[v], effort, ranges)) {
      return ParseError(flat.name, views[v].text->line, 1,
                        absl::StrCat(views[v].text->title,
                                     " of a graph that comes to an end"),
                        views[v].text->title);
    }
    PLANISH_RETURN_IF_ERROR(Compare(flat, views[v], ranges));
  }
  return absl::OkStatus();
}

int Graph::ShownThrough(int alias) const {
  const auto at = shown_through_.find(alias);
  return at == shown_through_.end() ? -1 : at->second;
}

MapDescription Graph::Rows() const {
  MapDescription map;
  const Forest& forest = model_.forest();
  std::vector<RowId> ids(forest.regions.size());
  RowId next = 0;
  std::vector<int> order;
  for (size_t r = 0; r < forest.regions.size(); ++r) {
    if (forest.regions[r].parent >= 0) continue;
    if (!model_.exists(static_cast<int>(r))) continue;
    std::vector<int> stack = {static_cast<int>(r)};
    while (!stack.empty()) {
      const int region = stack.back();
      stack.pop_back();
      ids[Index(region)] = next++;
      order.push_back(region);
      const std::vector<int>& children = children_[Index(region)];
      stack.insert(stack.end(), children.rbegin(), children.rend());
    }
  }
  for (const int r : order) {
    const Region& region = forest.At(r);
    const TreeLine& line = forest.Line(r);
    RegionRow row;
    row.id = ids[Index(r)];
    if (region.parent >= 0) row.parent = ids[Index(region.parent)];
    row.name = std::string(line.name);
    row.addr = Addr(region.addr);
    row.size = Holds(model_.Sized(r)) ? line.size : ByteCount(0);
    row.priority = line.priority;
    row.type = std::string(line.alias ? "alias" : WordName(line.word));
    row.terminates = Holds(model_.Terminates(r));
    row.readonly = Holds(model_.Readonly(r));
    row.nonvolatile = line.nonvolatile;
    row.enabled = !line.disabled;
    if (line.alias) {
      row.alias = ids[Index(model_.target(r))];
      row.alias_offset = line.offset;
    }
    if (!line.owner.empty()) row.owner = std::string(line.owner);
    row.line = line.line;
    map.regions.push_back(std::move(row));
  }
  for (size_t b = 0; b < forest.blocks.size(); ++b) {
    const TreeBlock& block = forest.text->blocks[b];
    if (block.section) continue;
    for (size_t n = 0; n < block.names.size(); ++n) {
      SpaceRow space;
      space.name = std::string(block.names[n]);
      space.root = ids[Index(forest.blocks[b].region)];
      space.line = block.line + static_cast<int>(n);
      map.spaces.push_back(std::move(space));
    }
  }
  return map;
}

}  // namespace planish::text::mtree
