#include "planish/text/mtree_model.h"

#include <cstddef>
#include <utility>
#include <vector>

namespace planish::text::mtree {
namespace {

size_t MaxLiterals(const Forest& forest) {
  return (size_t{1} << 16) + 256 * forest.regions.size();
}

}  // namespace

Model::Model(const Forest& forest, std::vector<int> targets)
    : forest_(&forest),
      targets_(std::move(targets)),
      logic_(MaxLiterals(forest)) {
  logic_.Add({Yes(logic_.NewVar(true))});  // kTrue.
  for (const Region& region : forest.regions) {
    exists_.push_back(
        region.twin < 0 ||
        (region.parent >= 0 && exists_[static_cast<size_t>(region.parent)]));
  }
  for (size_t i = 0; i < forest.regions.size(); ++i) {
    const int target = targets_[i];
    if (target < 0 || exists_[static_cast<size_t>(target)]) continue;
    // Its lines follow each other.
    exists_[static_cast<size_t>(target)] = true;
    for (size_t r = static_cast<size_t>(target) + 1;
         r < forest.regions.size() && forest.regions[r].parent >= target; ++r) {
      exists_[r] = true;
    }
  }
  for (size_t i = 0; i < forest.regions.size(); ++i) {
    const Region& region = forest.regions[i];
    const TreeLine& line = forest.Line(static_cast<int>(i));
    const bool mute = line.word == Word::kIo || line.word == Word::kContainer;
    Literal terminates = kTrue;
    if (line.alias) {
      terminates = kFalse;
    } else if (mute) {
      terminates = Yes(logic_.NewVar(region.children.empty()));
    }
    Literal readonly = kFalse;
    if (!line.alias && line.word == Word::kRom) {
      readonly = kTrue;
    } else if (line.alias || line.word != Word::kRam) {
      readonly = Yes(logic_.NewVar(false));
    }
    // A window that shows nothing is closed; nobody makes one of one byte.
    const bool closed = line.alias && !line.disabled;
    terminates_.push_back(terminates);
    readonly_.push_back(readonly);
    sized_.push_back(line.size_open() ? Yes(logic_.NewVar(!closed)) : kTrue);
  }
}

Literal Model::Above(int a, int b) {
  const TreeLine& x = forest_->Line(a);
  const TreeLine& y = forest_->Line(b);
  if (x.priority != y.priority) return x.priority > y.priority ? kTrue : kFalse;
  const Region& p = forest_->At(a);
  const Region& q = forest_->At(b);
  // Of one address: printed newest first.
  if (p.addr == q.addr) return p.place < q.place ? kTrue : kFalse;
  const bool ordered = p.addr < q.addr;
  const auto key = ordered ? std::make_pair(a, b) : std::make_pair(b, a);
  const auto at = orders_.try_emplace(key, 0);
  // Preferred: what lies higher was mapped later.
  if (at.second) at.first->second = logic_.NewVar(false);
  const Literal first_above = Yes(at.first->second);
  return ordered ? first_above : Opposite(first_above);
}

}  // namespace planish::text::mtree
