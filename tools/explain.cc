#include "planish/tools/explain.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "planish/regions/children.h"

namespace planish::tools {
namespace {

// Walks with a stack of its own, so that no graph can exhaust the thread's.
class Walk {
 public:
  explicit Walk(Addr addr) : at_(static_cast<Int128>(addr.raw())) {}

  Explanation Run(const Region& root) {
    Enter(root, 0, false, false);
    while (!stack_.empty()) Step();
    if (!result_.winner.empty()) result_.fell_through.clear();
    return std::move(result_);
  }

 private:
  struct Frame {
    const Region* region;
    Int128 base;  // Of the region's first byte. May be negative (R2.7).
    bool readonly;
    bool nonvolatile;
    Children::const_reverse_iterator next_child;
    bool alias_done;
    bool is_innermost;
  };

  // R2.1, R2.4, R2.5 for the one address.
  void Enter(const Region& region, Int128 base, bool readonly,
             bool nonvolatile) {
    if (++steps_ > Explanation::kMaxSteps ||
        stack_.size() >= Explanation::kMaxDepth) {
      result_.is_complete = false;
      return;
    }
    base += static_cast<Int128>(region.addr().raw());
    const Int128 offset = at_ - base;
    if (offset < 0 || offset >= static_cast<Int128>(region.size().wide())) {
      return;
    }
    if (!region.enabled()) {
      if (result_.disabled.size() < Explanation::kMaxDefeats) {
        result_.disabled.push_back(&region);
      }
      return;
    }
    if (!stack_.empty()) stack_.back().is_innermost = false;
    stack_.push_back({&region, base, readonly || region.readonly(),
                      nonvolatile || region.nonvolatile(),
                      region.children().rbegin(), false, true});
  }

  // One child, one alias target, or the end of the region on top.
  void Step() {
    Frame& top = stack_.back();
    const Region& region = *top.region;
    if (region.alias_target() != nullptr && !top.alias_done) {  // R2.7
      top.alias_done = true;
      const Region& target = *region.alias_target();
      Enter(target,
            top.base - static_cast<Int128>(target.addr().raw()) -
                static_cast<Int128>(region.alias_offset()),
            top.readonly, top.nonvolatile);
      return;
    }
    if (top.next_child != region.children().rend()) {  // R2.2, R2.3
      const Region& child = **top.next_child++;
      Enter(child, top.base, top.readonly, top.nonvolatile);
      return;
    }
    if (region.terminates()) {  // R2.6
      Add(top);
    } else if (top.is_innermost && result_.winner.empty() &&
               result_.fell_through.size() < Explanation::kMaxDefeats) {
      result_.fell_through.push_back(MakeContender(top));
    }
    stack_.pop_back();
    if (!result_.is_complete) stack_.clear();
  }

  // Of the region on top.
  Contender MakeContender(const Frame& top) const {
    Contender contender;
    for (const Frame& frame : stack_) contender.path.push_back(frame.region);
    contender.offset = static_cast<uint64_t>(at_ - top.base);
    contender.readonly = top.readonly;
    contender.nonvolatile = top.nonvolatile;
    return contender;
  }

  void Add(const Frame& top) {
    Contender contender = MakeContender(top);
    if (result_.winner.empty()) {
      result_.winner.push_back(std::move(contender));
    } else if (result_.defeats.size() < Explanation::kMaxDefeats) {
      result_.defeats.push_back(MakeDefeat(std::move(contender)));
    } else {
      result_.is_complete = false;
    }
  }

  Defeat MakeDefeat(Contender loser) const {
    const std::vector<const Region*>& won = result_.winner[0].path;
    const std::vector<const Region*>& lost = loser.path;
    const auto parting =
        std::mismatch(won.begin(), won.end(), lost.begin(), lost.end());
    Defeat defeat;
    // The winner's path never ends here: a region comes after all inside it.
    defeat.met = *(parting.first - 1);
    defeat.winning_branch = *parting.first;
    if (parting.second == lost.end()) {
      defeat.reason = Defeat::Reason::kFillsGaps;
    } else {
      defeat.losing_branch = *parting.second;
      defeat.reason =
          defeat.winning_branch->priority() == defeat.losing_branch->priority()
              ? Defeat::Reason::kNewer
              : Defeat::Reason::kPriority;
    }
    defeat.loser = std::move(loser);
    return defeat;
  }

  const Int128 at_;
  size_t steps_ = 0;
  std::vector<Frame> stack_;
  Explanation result_;
};

}  // namespace

Explanation Explain(const Region* root, Addr addr) {
  if (root == nullptr) return {};
  return Walk(addr).Run(*root);
}

std::string PathText(const Contender& contender, const Style& style) {
  std::string text;
  const Region* above = nullptr;
  for (const Region* region : contender.path) {
    const bool by_alias =
        above != nullptr && above->kind() == RegionKind::kAlias;
    if (by_alias) {
      absl::StrAppend(&text, " ", style.Arrow(), " ");
    } else if (above != nullptr) {
      absl::StrAppend(&text, " / ");
    }
    absl::StrAppend(&text, Printable(region->name()));
    if (region->priority() != 0 && above != nullptr && !by_alias) {
      absl::StrAppend(&text, " (prio ", region->priority(), ")");
    }
    above = region;
  }
  return text;
}

std::string ReasonText(const Defeat& defeat) {
  const std::string met = Printable(defeat.met->name());
  const std::string won = Printable(defeat.winning_branch->name());
  if (defeat.reason == Defeat::Reason::kFillsGaps) {
    return absl::StrCat("fills only the gaps between its children; ", won,
                        " is one");
  }
  const std::string lost = Printable(defeat.losing_branch->name());
  if (defeat.reason == Defeat::Reason::kNewer) {
    return absl::StrCat("in ", met, ": equal priority ",
                        defeat.winning_branch->priority(), ", and ", won,
                        " is newer than ", lost);
  }
  return absl::StrCat("in ", met, ": priority ",
                      defeat.winning_branch->priority(), " of ", won, " beats ",
                      defeat.losing_branch->priority(), " of ", lost);
}

absl::string_view ReasonName(Defeat::Reason reason) {
  switch (reason) {
    case Defeat::Reason::kPriority:
      return "priority";
    case Defeat::Reason::kNewer:
      return "newer";
    case Defeat::Reason::kFillsGaps:
      return "fills-gaps";
  }
  return "?";
}

}  // namespace planish::tools
