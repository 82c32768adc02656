#include "planish/text/mtree_undecided.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace planish::text::mtree {
namespace {

// Aliases for which it is tried whether another section would do.
constexpr int kTrials = 64;

size_t Index(int i) { return static_cast<size_t>(i); }

class Lister {
 public:
  Lister(absl::string_view source, const Targets& targets,
         const Solution& solution)
      : source_(source),
        targets_(targets),
        solution_(solution),
        model_(solution.graph.model()),
        forest_(model_.forest()) {}

  std::vector<std::string> List() {
    for (size_t r = 0; r < forest_.regions.size(); ++r) {
      const int region = static_cast<int>(r);
      if (!model_.exists(region)) continue;
      ListFlags(region);
      const bool twin = forest_.At(region).twin >= 0;
      if (model_.target(region) >= 0 && !twin) ListTarget(region);
    }
    ListAges();
    for (const int section : solution_.open_sections) {
      const int block = forest_.sections[Index(section)];
      Say(forest_.Block(block).line,
          absl::StrCat(forest_.Block(block).names[0],
                       ": which of several equal regions this section is; "
                       "taken in their order"));
    }
    for (const int block : solution_.open_blocks) {
      Say(forest_.Block(block).line,
          absl::StrCat(forest_.Block(block).names[0],
                       ": which of several equal views this space has; taken "
                       "in their order"));
    }
    return std::move(lines_);
  }

 private:
  void Say(int line, absl::string_view what) {
    lines_.push_back(absl::StrCat(source_, ":", line, ": ", what));
  }
  void SayOf(int region, absl::string_view what) {
    Say(forest_.Line(region).line,
        absl::StrCat(forest_.Path(region), ": ", what));
  }
  bool IsOpen(Literal l) const {
    return !Model::IsFact(l) && !model_.logic().IsForced(l / 2);
  }
  bool Taken(Literal l) const { return model_.logic().Value(l / 2); }

  void ListFlags(int region) {
    const Literal terminates = model_.Terminates(region);
    if (IsOpen(terminates)) {
      SayOf(region,
            absl::StrCat("with callbacks or a mere container; taken as ",
                         Taken(terminates) ? "with callbacks" : "container"));
    }
    const Literal readonly = model_.Readonly(region);
    if (IsOpen(readonly)) {
      SayOf(region, absl::StrCat("read-only or not; taken as ",
                                 Taken(readonly) ? "read-only" : "not"));
    }
    const Literal sized = model_.Sized(region);
    if (IsOpen(sized)) {
      SayOf(region,
            absl::StrCat("size 0 or 1; taken as ", Taken(sized) ? "1" : "0"));
    }
  }

  void ListTarget(int alias) {
    const std::vector<int>& candidates = targets_.Candidates(alias);
    if (candidates.size() < 2) return;
    const int own = solution_.section_of_alias[Index(alias)];
    const int shown = solution_.graph.ShownThrough(alias);
    for (const int section : candidates) {
      if (section == own) continue;
      // What shows through the alias is in its own target alone.
      if (shown >= 0 && !Contains(section, shown)) continue;
      if (++trials_ <= kTrials && !targets_.Assign({}, alias, section).ok()) {
        continue;
      }
      const int block = forest_.sections[Index(own)];
      SayOf(alias, absl::StrCat("alias of which '", forest_.Line(alias).target,
                                "'; taken the section of line ",
                                forest_.Block(block).line));
      return;
    }
  }

  bool Contains(int section, int identity) {
    absl::flat_hash_set<int>& all = contents_[section];
    const TreeBlock& block = forest_.Block(forest_.sections[Index(section)]);
    if (all.empty()) {
      for (int i = block.first; i < block.end; ++i) {
        all.insert(forest_.At(forest_.region_of_line[Index(i)]).identity);
        // What lies behind an alias is not looked for.
        if (forest_.text->lines[Index(i)].alias) all.insert(-1);
      }
    }
    return all.contains(identity) || all.contains(-1);
  }

  void ListAges() {
    // By region, the first of those whose age beside it is open.
    std::vector<std::pair<int, int>> open;
    for (const auto& [pair, first_above] : model_.orders()) {
      if (!model_.logic().IsForced(first_above)) open.push_back(pair);
    }
    std::sort(open.begin(), open.end());
    int listed = -1;
    for (const auto& [region, other] : open) {
      if (region == listed) continue;
      listed = region;
      SayOf(region,
            absl::StrCat("mapped before or after ", forest_.Line(other).name,
                         " at line ", forest_.Line(other).line,
                         "; taken as the views allow, else before"));
    }
  }

  const absl::string_view source_;
  const Targets& targets_;
  const Solution& solution_;
  const Model& model_;
  const Forest& forest_;
  int trials_ = 0;
  absl::flat_hash_map<int, absl::flat_hash_set<int>> contents_;  // By section.
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> ListUndecided(absl::string_view source,
                                       const Targets& targets,
                                       const Solution& solution) {
  return Lister(source, targets, solution).List();
}

}  // namespace planish::text::mtree
