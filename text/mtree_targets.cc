#include "planish/text/mtree_targets.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "planish/text/parse_error.h"

namespace planish::text::mtree {
namespace {

// Candidates looked at in one Assign().
constexpr int64_t kSteps = int64_t{1} << 22;
constexpr int kPreferred = -1;  // A rank, before Rank()'s.
constexpr int kRanks = 8;
constexpr int kLevels = 64;  // Looked up from an alias to its containers.

size_t Index(int i) { return static_cast<size_t>(i); }

// How far the walk has got at one meeting.
struct Choice {
  int met = 0;            // Sections met before it.
  int rank = kPreferred;  // Of the candidate to try next...
  size_t next = 0;        // ...and its place in the list.
};

}  // namespace

Targets::Targets(absl::string_view source, const Forest& forest)
    : source_(source), forest_(forest) {
  using Print = std::pair<absl::string_view, Word>;
  absl::flat_hash_map<Print, int> lists;
  candidates_.emplace_back();  // For what has no section.
  absl::flat_hash_map<int, int> number_of_block;
  for (size_t s = 0; s < forest.sections.size(); ++s) {
    const TreeBlock& block = forest.Block(forest.sections[s]);
    const TreeLine& root = forest.text->lines[Index(block.first)];
    number_of_block[forest.sections[s]] = static_cast<int>(s);
    const auto at = lists.try_emplace({block.names[0], root.word},
                                      static_cast<int>(candidates_.size()));
    if (at.second) candidates_.emplace_back();
    candidates_[Index(at.first->second)].push_back(static_cast<int>(s));
  }
  list_of_alias_.resize(forest.regions.size(), -1);
  const TreeText& text = *forest.text;
  for (size_t b = 0; b < text.blocks.size(); ++b) {
    if (text.blocks[b].section) {
      walk_.push_back({-1, number_of_block[static_cast<int>(b)]});
    }
    for (int i = text.blocks[b].first; i < text.blocks[b].end; ++i) {
      const TreeLine& line = text.lines[Index(i)];
      const int region = forest.region_of_line[Index(i)];
      if (!line.alias || list_of_alias_[Index(region)] >= 0) continue;
      const auto list = lists.find({line.target, line.word});
      list_of_alias_[Index(region)] = list == lists.end() ? 0 : list->second;
      walk_.push_back({region, -1});
    }
  }
  // The rest, spares among it, has no say.
  for (int& list : list_of_alias_) list = std::max(list, 0);
}

const std::vector<int>& Targets::Candidates(int alias) const {
  return candidates_[Index(list_of_alias_[Index(alias)])];
}

int Targets::Rank(int alias, int section) const {
  const TreeLine& line = forest_.Line(alias);
  const TreeBlock& block = forest_.Block(forest_.sections[Index(section)]);
  const TreeLine& root = forest_.text->lines[Index(block.first)];
  const bool fits = line.offset + line.size.wide() <= root.size.wide();
  // A window onto what it lies in itself is possible, but rare.
  const int target =
      forest_.blocks[Index(forest_.sections[Index(section)])].region;
  bool inside = false;
  int levels = kLevels;
  for (int r = alias; r >= 0 && levels > 0; r = forest_.At(r).parent) {
    inside = inside || r == target;
    --levels;
  }
  return (inside ? 4 : 0) + (line.owner == root.owner ? 0 : 2) + (fits ? 0 : 1);
}

absl::StatusOr<std::vector<int>> Targets::Assign(
    const std::vector<int>& preferred, int alias, int section) const {
  std::vector<int> section_of(forest_.regions.size(), -1);
  // Meetings from which, so many sections met, the rest is known to fail.
  absl::flat_hash_set<std::pair<size_t, int>> dead;
  std::vector<Choice> choices = {Choice()};
  size_t furthest = 0;
  int64_t steps = 0;
  const int all = static_cast<int>(forest_.sections.size());
  while (!choices.empty()) {
    const size_t at = choices.size() - 1;
    Choice& choice = choices.back();
    furthest = std::max(furthest, at);
    if (at == walk_.size()) {
      if (choice.met == all) {
        for (size_t r = 0; r < section_of.size(); ++r) {
          const int twin = forest_.regions[r].twin;
          if (twin >= 0) section_of[r] = section_of[Index(twin)];
        }
        return section_of;
      }
      choices.pop_back();
      continue;
    }
    const Meeting& meeting = walk_[at];
    int met = -1;  // Afterwards; -1 if nothing is left to try.
    if (meeting.section >= 0) {
      if (choice.next == 0 && choice.met > meeting.section) met = choice.met;
      ++choice.next;
    } else {
      const std::vector<int>& list = Candidates(meeting.alias);
      const int first =
          preferred.empty() ? -1 : preferred[Index(meeting.alias)];
      while (met < 0 && choice.rank < kRanks) {
        if (choice.next == list.size()) {
          choice.next = 0;
          ++choice.rank;
          continue;
        }
        const int candidate = list[choice.next++];
        if (++steps > kSteps) {
          return absl::ResourceExhaustedError(absl::StrCat(
              source_, ": too many memory-region: sections of one name"));
        }
        if (candidate > choice.met) {  // As are those behind it.
          choice.next = list.size();
          continue;
        }
        if (meeting.alias == alias && candidate != section) continue;
        const int rank =
            candidate == first ? kPreferred : Rank(meeting.alias, candidate);
        if (rank != choice.rank) continue;
        met = std::max(choice.met, candidate + 1);
        section_of[Index(meeting.alias)] = candidate;
      }
    }
    if (met < 0 || dead.contains({at + 1, met})) {
      if (met >= 0) continue;
      dead.insert({at, choice.met});
      choices.pop_back();
      continue;
    }
    choices.push_back({met, kPreferred, 0});
  }
  if (furthest == walk_.size()) {
    return ParseErrorAtEnd(source_, forest_.text->lines.back().line + 1,
                           "an alias of the last memory-region:");
  }
  const Meeting& stuck = walk_[furthest];
  if (stuck.alias >= 0) {
    const TreeLine& line = forest_.Line(stuck.alias);
    return ParseError(source_, line.line, 1,
                      absl::StrCat("a memory-region: section for this alias, "
                                   "in the order of the aliases and of type ",
                                   WordName(line.word)),
                      line.target);
  }
  const TreeBlock& block =
      forest_.Block(forest_.sections[Index(stuck.section)]);
  return ParseError(source_, block.line, 1,
                    "a memory-region: that an alias above shows",
                    block.names[0]);
}

}  // namespace planish::text::mtree
