#include "planish/text/mtree_spaces.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "planish/text/parse_error.h"

namespace planish::text::mtree {
namespace {

constexpr int kMaxWalk = 256;
// Of Misfits(): the view's root has another name.
constexpr int kHopeless = 1 << 20;

size_t Index(int i) { return static_cast<size_t>(i); }

// Bipartite matching, an augmenting path at a time.
class Matching {
 public:
  Matching(std::vector<std::vector<int>> allowed, size_t seats)
      : allowed_(std::move(allowed)), guest_(seats, -1) {}

  // By guest: the seat, or -1.
  std::vector<int> Seats() {
    std::vector<int> seat(allowed_.size(), -1);
    for (size_t g = 0; g < allowed_.size(); ++g) {
      // Breadth first: which guest would have to move for which seat.
      std::vector<int> asked_by(guest_.size(), -1);
      std::vector<int> queue = {static_cast<int>(g)};
      int found = -1;
      for (size_t q = 0; q < queue.size() && found < 0; ++q) {
        for (const int s : allowed_[Index(queue[q])]) {
          if (asked_by[Index(s)] >= 0) continue;
          asked_by[Index(s)] = queue[q];
          if (guest_[Index(s)] < 0) {
            found = s;
            break;
          }
          queue.push_back(guest_[Index(s)]);
        }
      }
      while (found >= 0) {
        const int mover = asked_by[Index(found)];
        const int left = seat[Index(mover)];
        guest_[Index(found)] = mover;
        seat[Index(mover)] = found;
        found = left;
      }
    }
    return seat;
  }

 private:
  std::vector<std::vector<int>> allowed_;
  std::vector<int> guest_;  // By seat.
};

}  // namespace

RootWalk WalkFromRoot(const Model& model, int root) {
  RootWalk walk;
  const Forest& forest = model.forest();
  std::vector<Literal> conditions;
  int at = root;
  for (int i = 0; i < kMaxWalk; ++i) {
    if (!model.enabled(at)) {
      walk.stops.push_back({-1, conditions});
      return walk;
    }
    const int target = model.target(at);
    if (target >= 0) {
      if (forest.Line(at).offset != 0 || model.size(at) < model.size(target)) {
        walk.stops.push_back({at, conditions});
        return walk;
      }
      walk.aliases.push_back(at);
      at = target;
      continue;
    }
    int only = -1;
    int enabled = 0;
    for (const int child : forest.At(at).children) {
      if (!model.enabled(child)) continue;
      ++enabled;
      only = child;
    }
    const bool ends =
        enabled > 1 || (enabled == 1 && (forest.At(only).addr != 0 ||
                                         model.size(only) > model.size(at)));
    if (ends) {
      walk.stops.push_back({at, conditions});
      return walk;
    }
    const Literal terminates = model.Terminates(at);
    conditions.push_back(terminates);
    if (!model.logic().IsFalse(terminates)) {
      walk.stops.push_back({at, conditions});
    }
    if (model.logic().IsTrue(terminates)) return walk;
    conditions.back() = Opposite(terminates);
    if (enabled == 0) {
      walk.stops.push_back({-1, conditions});
      return walk;
    }
    at = only;
  }
  return walk;
}

Spaces::Spaces(const Forest& forest, const std::vector<ViewEvidence>& views)
    : forest_(forest), views_(views) {
  Forget();
}

void Spaces::Forget() {
  view_of_block_.assign(forest_.blocks.size(), -1);
  open_blocks_.clear();
}

absl::Status Spaces::Read(const Source& tree, const Source& flat) {
  absl::flat_hash_map<std::string, size_t> by_line;
  std::vector<std::string> lines;
  for (size_t b = 0; b < forest_.blocks.size(); ++b) {
    const TreeBlock& block = forest_.text->blocks[b];
    if (block.section) continue;
    const TreeLine& root = forest_.text->lines[Index(block.first)];
    for (const absl::string_view name : block.names) {
      std::string line = absl::StrCat("AS \"", name, "\", root: ", root.name);
      if (root.alias) absl::StrAppend(&line, ", alias ", root.target);
      const auto at = by_line.try_emplace(line, namesakes_.size());
      if (at.second) {
        namesakes_.emplace_back();
        lines.push_back(std::move(line));
      }
      namesakes_[at.first->second].blocks.push_back(static_cast<int>(b));
    }
  }
  for (size_t v = 0; v < views_.size(); ++v) {
    for (const SpaceLine& space : views_[v].text->spaces) {
      const auto at = by_line.find(space.text);
      if (at == by_line.end() || namesakes_[at->second].views.size() ==
                                     namesakes_[at->second].blocks.size()) {
        return ParseError(flat.name, space.line, 2,
                          absl::StrCat("a space of ", tree.name), space.text);
      }
      namesakes_[at->second].views.push_back(static_cast<int>(v));
    }
  }
  for (size_t n = 0; n < namesakes_.size(); ++n) {
    if (namesakes_[n].views.size() == namesakes_[n].blocks.size()) continue;
    const int block = namesakes_[n].blocks.back();
    return ParseError(tree.name, forest_.Block(block).line, 1,
                      absl::StrCat("a space that ", flat.name, " has too"),
                      lines[n]);
  }
  return absl::OkStatus();
}

bool Spaces::Named(int view, int region) const {
  const absl::string_view root = views_[Index(view)].text->root;
  return region < 0 ? root == "(none)" : root == forest_.Line(region).name;
}

int Spaces::Misfits(int block, int view, const Model& model,
                    Effort& effort) const {
  int least = kHopeless;
  const RootWalk walk =
      WalkFromRoot(model, forest_.blocks[Index(block)].region);
  for (const Stop& stop : walk.stops) {
    if (!Named(view, stop.region)) continue;
    if (stop.region < 0) {
      if (views_[Index(view)].text->ranges.empty()) return 0;
      continue;
    }
    // A trial costs a copy.
    const size_t size = forest_.regions.size();
    if (!effort.Spend(static_cast<int64_t>(size))) return kHopeless;
    Model trial = model;
    std::vector<Trouble> troubles;
    for (const Literal l : stop.conditions) trial.logic().Add({l});
    if (Judge(views_[Index(view)], view, stop.region, trial, effort,
              troubles)) {
      least = std::min(
          least, trial.logic().conflicts() + static_cast<int>(troubles.size()));
    } else {
      least = std::min(least, kHopeless - 1);
    }
  }
  return least;
}

void Spaces::Put(int block, int view) { view_of_block_[Index(block)] = view; }

void Spaces::MatchNamesakes(const Namesakes& namesakes, const Model& model,
                            Effort& effort) {
  const std::vector<int>& views = namesakes.views;
  const std::vector<int>& blocks = namesakes.blocks;
  if (std::all_of(views.begin(), views.end(),
                  [&views](int v) { return v == views[0]; })) {
    for (const int block : blocks) Put(block, views[0]);
    return;
  }
  // Which views have a root that is known, from the spaces matched so far.
  absl::flat_hash_map<int, int> view_of_root;
  for (size_t b = 0; b < view_of_block_.size(); ++b) {
    if (view_of_block_[b] < 0) continue;
    const RootWalk walk = WalkFromRoot(model, forest_.blocks[b].region);
    if (walk.stops.size() == 1) {
      view_of_root[walk.stops[0].region] = view_of_block_[b];
    }
  }
  std::vector<int> guests;
  std::vector<int> seats = views;
  for (const int block : blocks) {
    const int known = view_of_block_[Index(block)];
    const auto seat = std::find(seats.begin(), seats.end(), known);
    if (known >= 0 && seat != seats.end()) {
      seats.erase(seat);
    } else {
      guests.push_back(block);
    }
  }
  std::vector<std::vector<int>> allowed;
  for (const int block : guests) {
    allowed.emplace_back();
    const RootWalk walk =
        WalkFromRoot(model, forest_.blocks[Index(block)].region);
    absl::flat_hash_map<int, int> misfits;  // By view.
    int least = kHopeless;
    for (size_t s = 0; s < seats.size(); ++s) {
      const int view = seats[s];
      const auto at = misfits.try_emplace(view, kHopeless);
      if (at.second) {
        bool possible = false;
        for (const Stop& stop : walk.stops) {
          const auto known = view_of_root.find(stop.region);
          possible = possible ||
                     (Named(view, stop.region) &&
                      (known == view_of_root.end() || known->second == view));
        }
        if (possible) {
          at.first->second = Misfits(block, view, model, effort);
          least = std::min(least, at.first->second);
        }
      }
    }
    // Views that fit; or, where something is still wrong with what the space
    // shows, the better ones first.
    const int worst = least == 0 ? 0 : kHopeless - 1;
    int choices = 0;
    for (const auto& [view, count] : misfits) choices += count <= worst ? 1 : 0;
    if (choices > 1) open_blocks_.push_back(block);
    for (size_t s = 0; s < seats.size(); ++s) {
      if (misfits[seats[s]] > worst) continue;
      allowed.back().push_back(static_cast<int>(s));
    }
    std::stable_sort(
        allowed.back().begin(), allowed.back().end(), [&](int a, int b) {
          return misfits[seats[Index(a)]] < misfits[seats[Index(b)]];
        });
  }
  const std::vector<int> seat =
      Matching(std::move(allowed), seats.size()).Seats();
  for (size_t g = 0; g < guests.size(); ++g) {
    if (seat[g] >= 0) Put(guests[g], seats[Index(seat[g])]);
  }
}

bool Spaces::FindRoots(Model& model, Effort& effort, std::vector<int>& roots,
                       std::vector<Trouble>& troubles) const {
  roots.assign(views_.size(), -1);
  std::vector<std::vector<int>> blocks(views_.size());
  bool found = true;
  for (size_t b = 0; b < view_of_block_.size(); ++b) {
    const int view = view_of_block_[b];
    if (view >= 0) {
      blocks[Index(view)].push_back(static_cast<int>(b));
      continue;
    }
    if (forest_.text->blocks[b].section) continue;
    Trouble trouble;
    trouble.aliases = WalkFromRoot(model, forest_.blocks[b].region).aliases;
    troubles.push_back(std::move(trouble));
    found = false;
  }
  absl::flat_hash_map<int, size_t> view_of_root;
  for (size_t v = 0; v < views_.size(); ++v) {
    if (blocks[v].empty()) continue;
    Trouble trouble;
    trouble.view = static_cast<int>(v);
    // What all its spaces may stop at.
    std::vector<RootWalk> walks;
    for (const int block : blocks[v]) {
      walks.push_back(WalkFromRoot(model, forest_.blocks[Index(block)].region));
      trouble.aliases.insert(trouble.aliases.end(),
                             walks.back().aliases.begin(),
                             walks.back().aliases.end());
    }
    const auto stop_at = [](const RootWalk& walk, int region) {
      return std::find_if(
          walk.stops.begin(), walk.stops.end(),
          [region](const Stop& stop) { return stop.region == region; });
    };
    std::vector<int> common;
    for (const Stop& stop : walks[0].stops) {
      if (!Named(static_cast<int>(v), stop.region)) continue;
      bool in_all = true;
      for (const RootWalk& walk : walks) {
        in_all = in_all && stop_at(walk, stop.region) != walk.stops.end();
      }
      if (in_all) common.push_back(stop.region);
    }
    // Of several, the last: containers of full size are seldom more than that.
    int root = common.empty() ? -1 : common.back();
    for (size_t c = common.size(); common.size() > 1 && c-- > 0;) {
      Model trial = model;
      std::vector<Trouble> ignored;
      if (common[c] < 0 || (Judge(views_[v], static_cast<int>(v), common[c],
                                  trial, effort, ignored) &&
                            ignored.empty())) {
        root = common[c];
        break;
      }
    }
    bool holds = !common.empty() &&
                 (root >= 0 || views_[v].text->ranges.empty()) &&
                 view_of_root.try_emplace(root, v).second;
    for (const RootWalk& walk : walks) {
      if (!holds) break;
      for (const Literal l : stop_at(walk, root)->conditions) {
        holds = model.logic().Add({l}) && holds;
      }
    }
    roots[v] = holds ? root : -1;
    if (!holds) troubles.push_back(std::move(trouble));
    found = found && holds;
  }
  return found;
}

}  // namespace planish::text::mtree
