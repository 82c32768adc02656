#include "planish/text/mtree_evidence.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "planish/text/mtree_line.h"
#include "planish/text/parse_error.h"

namespace planish::text::mtree {
namespace {

constexpr int kMaxDepth = 256;
constexpr size_t kMaxTold = 1000;  // Troubles with all that is known of them.
constexpr int kMaxAccelerators = 64;
constexpr size_t kOffsetLength = 18;  // " @0123456789abcdef"

size_t Index(int i) { return static_cast<size_t>(i); }

// One region on one way down from the root.
struct Step {
  int parent = -1;
  int region = 0;
  int depth = 0;
  int open = -1;  // The nearest step, itself included, that may have size 0.
  Int128 base = 0;
  Int128 first = 0;
  Int128 last = 0;
};

// A region that could show, and where.
struct Place {
  int step = 0;
  uint64_t first = 0;
  uint64_t last = 0;
  Int128 base = 0;  // Where its first byte would be.
  bool nonvolatile = false;
};

// An alias, where it can be looked through.
struct Window {
  int alias = 0;
  uint64_t first = 0;
  uint64_t last = 0;
  Int128 base = 0;
};

class Judgement {
 public:
  Judgement(const ViewEvidence& evidence, int view, Model& model,
            Effort& effort, std::vector<Trouble>& troubles)
      : evidence_(evidence),
        view_(view),
        model_(model),
        effort_(effort),
        troubles_(troubles) {}

  bool Run(int root) { return LayOut(root) && Sweep(); }

 private:
  bool LayOut(int root);
  bool Endless(const Step& step) const;
  bool Sweep();
  bool JudgeStretch(Addr at, int range);
  void JudgeRange(const RangeLine& line);
  // `steps` are the places that have to do with it.
  Trouble& ReportTrouble(const std::vector<int>& steps);

  int RegionOf(int place) const {
    return steps_[Index(places_[Index(place)].step)].region;
  }
  bool Matches(int place, Addr at, int range) const;
  // True if the place comes before the other where both are.
  Literal Above(int place, int other);
  // What must hold for the region to show at the place if nothing is above.
  std::vector<Literal> Conditions(int place) const;
  void Require(int place, const RangeLine& line, Literal otherwise);
  void Add(std::vector<Literal> clause, Literal otherwise);

  const ViewEvidence& evidence_;
  const int view_;
  Model& model_;
  Effort& effort_;
  std::vector<Trouble>& troubles_;
  std::vector<Step> steps_;
  std::vector<Place> places_;
  std::vector<Window> windows_;

  // Of the current stretch.
  bool broken_ = false;
  std::vector<int> here_;     // Places that cover it.
  std::vector<int> rivals_;   // Of these, what may show.
  std::vector<int> matches_;  // Of these, what the line may mean.
};

bool Judgement::LayOut(int root) {
  struct Visit {
    int region;
    int parent;
    Int128 base;
    Int128 first;
    Int128 last;
    bool nonvolatile;
  };
  const Forest& forest = model_.forest();
  std::vector<Visit> visits = {
      {root, -1, 0, 0, static_cast<Int128>(UINT64_MAX), false}};
  while (!visits.empty()) {
    const Visit visit = visits.back();
    visits.pop_back();
    const TreeLine& line = forest.Line(visit.region);
    const Region& region = forest.At(visit.region);
    if (!effort_.Spend(1)) return false;
    const Literal sized = model_.Sized(visit.region);
    if (line.disabled || model_.logic().IsFalse(sized)) continue;
    const Int128 base = visit.base + static_cast<Int128>(region.addr);
    const Int128 first = std::max(visit.first, base);
    const Int128 last =
        std::min(visit.last, base + static_cast<Int128>(line.size.wide()) - 1);
    if (last < first) continue;
    Step step;
    step.parent = visit.parent;
    step.region = visit.region;
    if (visit.parent >= 0) {
      step.depth = steps_[Index(visit.parent)].depth + 1;
      step.open = steps_[Index(visit.parent)].open;
    }
    step.base = base;
    step.first = first;
    step.last = last;
    if (line.alias && Endless(step)) {
      ReportTrouble({visit.parent});
      continue;
    }
    if (step.depth > kMaxDepth) {
      ReportTrouble({visit.parent});
      return false;
    }
    const int id = static_cast<int>(steps_.size());
    if (!model_.logic().IsTrue(sized)) step.open = id;
    if (steps_.size() >= effort_.max_layout) return false;
    steps_.push_back(step);
    const bool nonvolatile = visit.nonvolatile || line.nonvolatile;
    if (line.alias) {
      windows_.push_back({visit.region, static_cast<uint64_t>(first),
                          static_cast<uint64_t>(last), base});
      const int target = model_.target(visit.region);
      const Int128 to = base - static_cast<Int128>(forest.At(target).addr) -
                        static_cast<Int128>(line.offset);
      visits.push_back({target, id, to, first, last, nonvolatile});
      continue;
    }
    if (!effort_.Spend(static_cast<int64_t>(region.children.size()))) {
      return false;
    }
    for (const int child : region.children) {
      visits.push_back({child, id, base, first, last, nonvolatile});
    }
    if (!model_.logic().IsFalse(model_.Terminates(visit.region))) {
      places_.push_back({id, static_cast<uint64_t>(first),
                         static_cast<uint64_t>(last), base, nonvolatile});
    }
  }
  std::stable_sort(
      places_.begin(), places_.end(),
      [](const Place& a, const Place& b) { return a.first < b.first; });
  return true;
}

// True if an alias comes to look through itself at the very same place.
bool Judgement::Endless(const Step& step) const {
  for (int s = step.parent; s >= 0; s = steps_[Index(s)].parent) {
    const Step& above = steps_[Index(s)];
    if (above.region == step.region && above.base == step.base &&
        above.first == step.first && above.last == step.last) {
      return true;
    }
  }
  return false;
}

bool Judgement::Sweep() {
  std::vector<uint64_t> edges;
  const auto add = [&edges](uint64_t first, uint64_t last) {
    edges.push_back(first);
    if (last != UINT64_MAX) edges.push_back(last + 1);
  };
  for (const Place& place : places_) add(place.first, place.last);
  const std::vector<RangeLine>& ranges = evidence_.text->ranges;
  for (const RangeLine& r : ranges) {
    add(r.range.first.raw(), r.range.last.raw());
  }
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  size_t next_place = 0;
  size_t range = 0;
  for (const uint64_t at : edges) {
    const auto gone = [this, at](int p) { return places_[Index(p)].last < at; };
    here_.erase(std::remove_if(here_.begin(), here_.end(), gone), here_.end());
    while (next_place < places_.size() && places_[next_place].first <= at) {
      here_.push_back(static_cast<int>(next_place++));
    }
    while (range < ranges.size() && ranges[range].range.last.raw() < at) {
      ++range;
    }
    const bool shown =
        range < ranges.size() && ranges[range].range.first.raw() <= at;
    if (!JudgeStretch(Addr(at), shown ? static_cast<int>(range) : -1)) {
      return false;
    }
  }
  return true;
}

bool Judgement::JudgeStretch(Addr at, int range) {
  const Logic& logic = model_.logic();
  broken_ = false;
  rivals_.clear();
  std::vector<int> sure;
  for (const int place : here_) {
    bool possible = true;
    bool certain = true;
    for (const Literal l : Conditions(place)) {
      possible = possible && !logic.IsFalse(l);
      certain = certain && logic.IsTrue(l);
    }
    if (possible) rivals_.push_back(place);
    if (possible && certain) sure.push_back(place);
  }
  const auto pairs = static_cast<int64_t>(rivals_.size() * rivals_.size());
  if (!effort_.Spend(static_cast<int64_t>(here_.size()) + pairs)) return false;
  // What lies surely below something that surely shows proves nothing.
  const auto hidden = [this, &sure](int place) {
    for (const int s : sure) {
      if (s != place && model_.logic().IsTrue(Above(s, place))) return true;
    }
    return false;
  };
  rivals_.erase(std::remove_if(rivals_.begin(), rivals_.end(), hidden),
                rivals_.end());
  if (range < 0) {
    for (const int place : rivals_) {
      std::vector<Literal> clause;
      for (const Literal l : Conditions(place)) {
        clause.push_back(Opposite(l));
      }
      Add(std::move(clause), Model::kFalse);
    }
  } else {
    matches_.clear();
    for (const int place : rivals_) {
      if (Matches(place, at, range)) matches_.push_back(place);
    }
    JudgeRange(evidence_.text->ranges[Index(range)]);
  }
  if (broken_) {
    std::vector<int> steps;
    steps.reserve(here_.size());
    for (const int place : here_) {
      steps.push_back(places_[Index(place)].step);
    }
    Trouble& trouble = ReportTrouble(steps);
    if (range < 0 || troubles_.size() > kMaxTold) return true;
    trouble.range = range;
    trouble.into = at - evidence_.text->ranges[Index(range)].range.first;
    if (!effort_.Spend(static_cast<int64_t>(windows_.size()))) return false;
    for (const Window& window : windows_) {
      if (window.first > at.raw() || window.last < at.raw()) continue;
      trouble.windows.push_back(
          {window.alias,
           static_cast<uint64_t>(static_cast<Int128>(at.raw()) - window.base) +
               model_.forest().Line(window.alias).offset});
    }
  }
  return true;
}

Trouble& Judgement::ReportTrouble(const std::vector<int>& steps) {
  Trouble trouble;
  trouble.view = view_;
  if (troubles_.size() >= kMaxTold) {
    troubles_.push_back(std::move(trouble));
    return troubles_.back();
  }
  for (const int step : steps) {
    for (int s = step; s >= 0; s = steps_[Index(s)].parent) {
      const int region = steps_[Index(s)].region;
      if (model_.target(region) >= 0) trouble.aliases.push_back(region);
    }
  }
  std::sort(trouble.aliases.begin(), trouble.aliases.end());
  trouble.aliases.erase(
      std::unique(trouble.aliases.begin(), trouble.aliases.end()),
      trouble.aliases.end());
  troubles_.push_back(std::move(trouble));
  return troubles_.back();
}

void Judgement::JudgeRange(const RangeLine& line) {
  if (matches_.empty()) {
    broken_ = true;
    return;
  }
  if (matches_.size() == 1) {
    Require(matches_[0], line, Model::kFalse);
    return;
  }
  // Highest first, as far as is known, so that it is the first choice.
  std::stable_sort(matches_.begin(), matches_.end(), [this](int a, int b) {
    return model_.logic().IsTrue(Above(a, b));
  });
  std::vector<Literal> one_of;
  for (const int place : matches_) {
    const Literal chosen = Yes(model_.logic().NewVar(true));
    one_of.push_back(chosen);
    Require(place, line, Opposite(chosen));
  }
  Add(std::move(one_of), Model::kFalse);
}

bool Judgement::Matches(int place_index, Addr at, int range) const {
  const Place& place = places_[Index(place_index)];
  const RangeLine& line = evidence_.text->ranges[Index(range)];
  const int region_index = RegionOf(place_index);
  const TreeLine& own = model_.forest().Line(region_index);
  if (line.priority != own.priority || line.nonvolatile != place.nonvolatile) {
    return false;
  }
  if (line.word != own.word && line.word != Word::kRom) return false;
  const auto offset =
      static_cast<uint64_t>(static_cast<Int128>(at.raw()) - place.base);
  const uint64_t into = at - line.range.first;
  for (const RangeReading& reading : evidence_.ranges[Index(range)]) {
    if (reading.identity == model_.forest().At(region_index).identity &&
        reading.offset + into == offset) {
      return true;
    }
  }
  return false;
}

Literal Judgement::Above(int place, int other) {
  int a = places_[Index(place)].step;
  int b = places_[Index(other)].step;
  int below_a = -1;  // The steps just before a and b became the same.
  int below_b = -1;
  while (a != b) {
    if (steps_[Index(a)].depth >= steps_[Index(b)].depth) {
      below_a = a;
      a = steps_[Index(a)].parent;
    } else {
      below_b = b;
      b = steps_[Index(b)].parent;
    }
  }
  // A region's children come before itself.
  if (below_b < 0) return Model::kTrue;
  if (below_a < 0) return Model::kFalse;
  return model_.Above(steps_[Index(below_a)].region,
                      steps_[Index(below_b)].region);
}

std::vector<Literal> Judgement::Conditions(int place) const {
  std::vector<Literal> conditions = {model_.Terminates(RegionOf(place))};
  int s = steps_[Index(places_[Index(place)].step)].open;
  while (s >= 0) {
    conditions.push_back(model_.Sized(steps_[Index(s)].region));
    const int parent = steps_[Index(s)].parent;
    s = parent < 0 ? -1 : steps_[Index(parent)].open;
  }
  return conditions;
}

// `place` shows and makes the line, unless `otherwise` holds.
void Judgement::Require(int place, const RangeLine& line, Literal otherwise) {
  for (const Literal l : Conditions(place)) Add({l}, otherwise);
  const TreeLine& own = model_.forest().Line(RegionOf(place));
  if (own.word != Word::kRom) {
    // Likeliest first: the region's own, its windows', its containers'.
    std::vector<Literal> own_flag;
    std::vector<Literal> windows;
    std::vector<Literal> containers;
    const int last = places_[Index(place)].step;
    for (int s = last; s >= 0; s = steps_[Index(s)].parent) {
      const int region = steps_[Index(s)].region;
      const Literal readonly = model_.Readonly(region);
      (s == last                    ? own_flag
       : model_.target(region) >= 0 ? windows
                                    : containers)
          .push_back(readonly);
    }
    own_flag.insert(own_flag.end(), windows.begin(), windows.end());
    own_flag.insert(own_flag.end(), containers.begin(), containers.end());
    if (line.word == Word::kRom) {
      Add(std::move(own_flag), otherwise);
    } else {
      for (const Literal readonly : own_flag) {
        Add({Opposite(readonly)}, otherwise);
      }
    }
  }
  for (const int other : rivals_) {
    if (other == place) continue;
    // Either below, or it doesn't show.
    std::vector<Literal> clause = {Above(place, other)};
    for (const Literal l : Conditions(other)) clause.push_back(Opposite(l));
    Add(std::move(clause), otherwise);
  }
}

void Judgement::Add(std::vector<Literal> clause, Literal otherwise) {
  clause.push_back(otherwise);
  if (!model_.logic().Add(clause)) broken_ = true;
}

}  // namespace

Effort Effort::ForLines(size_t lines) {
  // Machines take fewer than two ways a line, and 60 steps; 2000 where names
  // say nothing.
  constexpr int64_t kMost = int64_t{1} << 28;
  Effort effort;
  effort.steps = static_cast<int64_t>(lines) << 14;
  effort.steps = std::min(kMost, effort.steps + (int64_t{1} << 20));
  effort.max_layout = 4096 + 64 * lines;
  return effort;
}

absl::StatusOr<std::vector<ViewEvidence>> ReadEvidence(
    const Source& flat, const std::vector<ViewText>& views,
    const Forest& forest) {
  using Identity = std::pair<absl::string_view, absl::string_view>;
  absl::flat_hash_map<Identity, int> identities;
  for (size_t i = 0; i < forest.regions.size(); ++i) {
    const TreeLine& line = forest.Line(static_cast<int>(i));
    identities[{line.name, line.owner}] = forest.regions[i].identity;
  }
  const auto read = [&identities](absl::string_view rest,
                                  std::vector<RangeReading>& readings) {
    const size_t owner = FindOwner(rest);
    absl::string_view name = rest.substr(0, owner);
    const absl::string_view suffix = owner == absl::string_view::npos
                                         ? absl::string_view()
                                         : rest.substr(owner + 1);
    const auto whole = identities.find({name, suffix});
    if (whole != identities.end()) readings.push_back({whole->second, 0});
    if (name.size() < kOffsetLength) return;
    const absl::string_view tail = name.substr(name.size() - kOffsetLength);
    const std::optional<uint64_t> offset = ParseHex16(tail.substr(2));
    if (tail[0] != ' ' || tail[1] != '@' || !offset.has_value()) return;
    name.remove_suffix(kOffsetLength);
    const auto part = identities.find({name, suffix});
    if (part != identities.end()) readings.push_back({part->second, *offset});
  };
  std::vector<ViewEvidence> evidence;
  for (const ViewText& view : views) {
    evidence.emplace_back();
    evidence.back().text = &view;
    for (const RangeLine& range : view.ranges) {
      std::vector<RangeReading> readings;
      absl::string_view rest = range.rest;
      for (int i = 0; i < kMaxAccelerators; ++i) {
        read(rest, readings);
        const size_t blank = rest.rfind(' ');
        if (!readings.empty() || blank == absl::string_view::npos) break;
        rest = rest.substr(0, blank);
      }
      if (readings.empty()) {
        return ParseError(flat.name, range.line, range.column,
                          "a region of the tree, with its owner", range.rest);
      }
      evidence.back().ranges.push_back(std::move(readings));
    }
  }
  return evidence;
}

bool Judge(const ViewEvidence& evidence, int view, int root, Model& model,
           Effort& effort, std::vector<Trouble>& troubles) {
  return Judgement(evidence, view, model, effort, troubles).Run(root);
}

}  // namespace planish::text::mtree
