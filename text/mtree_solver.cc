#include "planish/text/mtree_solver.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace planish::text::mtree {
namespace {

// How often an alias is pointed elsewhere.
constexpr int kTrials = 400;

size_t Index(int i) { return static_cast<size_t>(i); }

// One assignment of sections, played through.
struct Attempt {
  std::optional<Solution> solution;
  absl::Status status;  // Of Verify().
  int contradictions = 0;
  std::vector<Trouble> troubles;
};

class Solver {
 public:
  Solver(const Source& flat, const Forest& forest, const Targets& targets,
         const std::vector<ViewEvidence>& views, Spaces spaces)
      : flat_(flat),
        forest_(forest),
        targets_(targets),
        views_(views),
        spaces_(std::move(spaces)) {
    effort_ = Effort::ForLines(forest.text->lines.size());
  }

  absl::StatusOr<Solution> Run();

 private:
  Attempt Try(const std::vector<int>& section_of_alias);
  std::vector<int> TargetRegions(const std::vector<int>& section_of_alias,
                                 const std::vector<int>& root_of_section);
  bool SettleRivals(const std::vector<int>& section_of_alias,
                    const Model& model, std::vector<int>& root_of_section,
                    std::vector<int>* open);

  struct Part {
    int identity = 0;
    uint64_t at = 0;  // From the section's beginning.
    ByteCount size;
  };
  struct Hint {
    int alias = 0;
    int section = 0;
    int votes = 0;
  };
  const std::vector<Part>& Parts(int section);
  std::vector<Hint> Hints(const std::vector<Trouble>& troubles);
  bool Improve(const std::vector<int>& preferred, int alias, int section,
               Attempt& best);
  bool ImproveByHints(Attempt& best);
  bool ImproveBlindly(Attempt& best);

  const Source& flat_;
  const Forest& forest_;
  const Targets& targets_;
  const std::vector<ViewEvidence>& views_;
  Spaces spaces_;
  Effort effort_;
  int trials_ = kTrials;
  absl::flat_hash_map<int, std::vector<Part>> parts_;  // By section.
};

std::vector<int> Solver::TargetRegions(
    const std::vector<int>& section_of_alias,
    const std::vector<int>& root_of_section) {
  std::vector<int> regions(section_of_alias.size(), -1);
  for (size_t r = 0; r < regions.size(); ++r) {
    const int section = section_of_alias[r];
    if (section >= 0) regions[r] = root_of_section[Index(section)];
  }
  return regions;
}

// Sections that read alike have several regions to choose from. A space whose
// walk passes such a section has the same view as the space that the section's
// region is the root of. False if nothing has changed.
bool Solver::SettleRivals(const std::vector<int>& section_of_alias,
                          const Model& model, std::vector<int>& root_of_section,
                          std::vector<int>* open) {
  const std::vector<int>& view_of_block = spaces_.view_of_block();
  absl::flat_hash_map<int, int> view_of_section;
  absl::flat_hash_map<int, int> view_of_region;
  for (size_t b = 0; b < view_of_block.size(); ++b) {
    if (view_of_block[b] < 0) continue;
    const int root = forest_.blocks[b].region;
    view_of_region[root] = view_of_block[b];
    for (const int alias : WalkFromRoot(model, root).aliases) {
      view_of_section[section_of_alias[Index(alias)]] = view_of_block[b];
    }
  }
  const std::vector<int> before = root_of_section;
  absl::flat_hash_set<int> taken;
  std::vector<int> left;
  for (size_t s = 0; s < root_of_section.size(); ++s) {
    const std::vector<int>& rivals =
        forest_.blocks[Index(forest_.sections[s])].rivals;
    if (rivals.empty()) continue;
    const auto view = view_of_section.find(static_cast<int>(s));
    int choice = -1;
    for (const int region : rivals) {
      const auto other = view_of_region.find(region);
      if (choice < 0 && view != view_of_section.end() &&
          other != view_of_region.end() && other->second == view->second &&
          !taken.contains(region)) {
        choice = region;
      }
    }
    if (choice < 0) {
      left.push_back(static_cast<int>(s));
      continue;
    }
    root_of_section[s] = choice;
    taken.insert(choice);
  }
  for (const int s : left) {
    const BlockRoot& block = forest_.blocks[Index(forest_.sections[Index(s)])];
    if (block.spare >= 0) {
      root_of_section[Index(s)] = block.spare;
      continue;
    }
    for (const int region : block.rivals) {
      if (!taken.insert(region).second) continue;
      root_of_section[Index(s)] = region;
      break;
    }
  }
  *open = std::move(left);
  return root_of_section != before;
}

Attempt Solver::Try(const std::vector<int>& section_of_alias) {
  Attempt attempt;
  std::vector<Trouble> troubles;
  std::vector<int> root_of_section;
  bool rivals = false;
  for (const int block : forest_.sections) {
    root_of_section.push_back(forest_.blocks[Index(block)].region);
    rivals = rivals || !forest_.blocks[Index(block)].rivals.empty();
  }
  std::vector<int> open_sections;
  Model model(forest_, TargetRegions(section_of_alias, root_of_section));
  spaces_.Forget();
  if (rivals) {
    // First the spaces that don't depend on which rival is which.
    spaces_.Match(model, effort_, [&](int block) {
      const RootWalk walk =
          WalkFromRoot(model, forest_.blocks[Index(block)].region);
      for (const int alias : walk.aliases) {
        const int section = section_of_alias[Index(alias)];
        const int other = forest_.sections[Index(section)];
        if (!forest_.blocks[Index(other)].rivals.empty()) return false;
      }
      return true;
    });
    // Once with the views of those, once with all.
    for (int round = 0; round < 2; ++round) {
      if (round == 1) {
        spaces_.Match(model, effort_, [](int) { return true; });
      }
      if (SettleRivals(section_of_alias, model, root_of_section,
                       &open_sections)) {
        model =
            Model(forest_, TargetRegions(section_of_alias, root_of_section));
      }
    }
  } else {
    spaces_.Match(model, effort_, [](int) { return true; });
  }
  std::vector<int> roots;
  spaces_.FindRoots(model, effort_, roots, troubles);
  for (size_t v = 0; v < views_.size(); ++v) {
    if (roots[v] < 0) continue;
    const int view = static_cast<int>(v);
    if (!Judge(views_[v], view, roots[v], model, effort_, troubles)) {
      // An alias that shows itself without end, or too much altogether.
      attempt.contradictions += 1000;
    }
  }
  Graph graph = Graph::Answer(std::move(model));
  attempt.contradictions +=
      static_cast<int>(troubles.size()) + graph.model().logic().conflicts();
  attempt.status =
      graph.Verify(flat_, views_, spaces_.view_of_block(), effort_);
  if (attempt.status.ok()) attempt.contradictions = 0;
  attempt.troubles = std::move(troubles);
  attempt.solution.emplace(Solution{std::move(graph), section_of_alias,
                                    std::move(open_sections),
                                    spaces_.open_blocks()});
  return attempt;
}

// Where one of the region that should show lies in a section.
const std::vector<Solver::Part>& Solver::Parts(int section) {
  const auto [at, made] = parts_.try_emplace(section);
  if (!made) return at->second;
  const TreeBlock& block = forest_.Block(forest_.sections[Index(section)]);
  const std::vector<TreeLine>& lines = forest_.text->lines;
  const Addr start = lines[Index(block.first)].start;
  for (int i = block.first; i < block.end; ++i) {
    const TreeLine& line = lines[Index(i)];
    if (line.alias || line.disabled) continue;
    at->second.push_back({forest_.At(forest_.region_of_line[Index(i)]).identity,
                          line.start - start, line.size});
  }
  return at->second;
}

// Which section each alias should better show, by how much of what should show
// through it is there; nothing for an alias without a choice.
std::vector<Solver::Hint> Solver::Hints(const std::vector<Trouble>& troubles) {
  std::map<std::pair<int, int>, int> votes;  // By alias and section.
  for (const Trouble& trouble : troubles) {
    if (trouble.range < 0) continue;
    const auto& readings =
        views_[Index(trouble.view)].ranges[Index(trouble.range)];
    for (const Trouble::Window& window : trouble.windows) {
      const std::vector<int>& candidates = targets_.Candidates(window.alias);
      if (candidates.size() < 2) continue;
      for (const int section : candidates) {
        const std::vector<Part>& parts = Parts(section);
        if (!effort_.Spend(static_cast<int64_t>(parts.size()))) return {};
        const bool there =
            std::any_of(parts.begin(), parts.end(), [&](const Part& part) {
              return std::any_of(readings.begin(), readings.end(),
                                 [&](const RangeReading& reading) {
                                   return reading.identity == part.identity &&
                                          reading.offset + trouble.into ==
                                              window.at - part.at &&
                                          window.at - part.at <
                                              part.size.wide();
                                 });
            });
        if (there) ++votes[{window.alias, section}];
      }
    }
  }
  std::vector<Hint> hints;
  for (const auto& [choice, count] : votes) {
    hints.push_back({choice.first, choice.second, count});
  }
  std::stable_sort(
      hints.begin(), hints.end(),
      [](const Hint& a, const Hint& b) { return a.votes > b.votes; });
  return hints;
}

// Points `alias` at `section`, the others where they point in `best` if that
// can be; no alias if -1. True if fewer contradictions are left.
bool Solver::Improve(const std::vector<int>& preferred, int alias, int section,
                     Attempt& best) {
  if (--trials_ < 0 || effort_.steps < 0) return false;
  const absl::StatusOr<std::vector<int>> sections =
      targets_.Assign(preferred, alias, section);
  if (!sections.ok() || *sections == best.solution->section_of_alias) {
    return false;
  }
  Attempt attempt = Try(*sections);
  if (!attempt.status.ok() && attempt.contradictions >= best.contradictions) {
    return false;
  }
  best = std::move(attempt);
  return true;
}

bool Solver::ImproveByHints(Attempt& best) {
  const std::vector<Hint> hints = Hints(best.troubles);
  const std::vector<int> current = best.solution->section_of_alias;
  // All of them, each alias' best; else one by one.
  std::vector<int> preferred = current;
  absl::flat_hash_set<int> hinted;
  for (const Hint& hint : hints) {
    if (hinted.insert(hint.alias).second) {
      preferred[Index(hint.alias)] = hint.section;
    }
  }
  if (Improve(preferred, -1, -1, best)) return true;
  for (const Hint& hint : hints) {
    if (current[Index(hint.alias)] == hint.section) continue;
    if (Improve(current, hint.alias, hint.section, best)) return true;
  }
  return false;
}

bool Solver::ImproveBlindly(Attempt& best) {
  const std::vector<int> current = best.solution->section_of_alias;
  absl::flat_hash_set<int> seen;
  std::vector<int> aliases;
  for (const Trouble& trouble : best.troubles) {
    for (const int alias : trouble.aliases) {
      if (seen.insert(alias).second) aliases.push_back(alias);
    }
  }
  for (const int alias : aliases) {
    for (const int section : targets_.Candidates(alias)) {
      if (section == current[Index(alias)]) continue;
      if (Improve(current, alias, section, best)) return true;
    }
  }
  return false;
}

absl::StatusOr<Solution> Solver::Run() {
  const absl::StatusOr<std::vector<int>> sections = targets_.Assign({});
  if (!sections.ok()) return sections.status();
  Attempt best = Try(*sections);
  while (!best.status.ok() && (ImproveByHints(best) || ImproveBlindly(best))) {
  }
  if (effort_.steps < 0 && !best.status.ok()) {
    return absl::ResourceExhaustedError(
        absl::StrCat(flat_.name, ": too many regions lie above each other"));
  }
  if (!best.status.ok()) return best.status;
  return *std::move(best.solution);
}

}  // namespace

absl::StatusOr<Solution> Solve(const Source& tree, const Source& flat,
                               const Forest& forest, const Targets& targets,
                               const std::vector<ViewEvidence>& views) {
  Spaces spaces(forest, views);
  const absl::Status read = spaces.Read(tree, flat);
  if (!read.ok()) return read;
  return Solver(flat, forest, targets, views, std::move(spaces)).Run();
}

}  // namespace planish::text::mtree
