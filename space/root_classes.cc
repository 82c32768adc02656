#include "planish/space/root_classes.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "planish/base/check.h"
#include "planish/base/status_macros.h"
#include "planish/regions/owner.h"

namespace planish {
namespace {

// Roots that are kept without a space.
constexpr size_t kMostKept = 4;

}  // namespace

struct RootClasses::Class {
  Roots roots;
  std::optional<RootSignature> signature;
  VersionLine line;
  size_t index = 0;  // In classes_.

  // Of the commit under way:
  bool planned = false;
  size_t leaving = 0;  // Of `roots`.
  Roots joining;
  // The roots that stay have another signature.
  bool renamed = false;
  std::optional<RootSignature> next_signature;
  bool failed = false;   // X5: shows nothing from now on.
  bool changed = false;  // So the cells of its roots must, too.
};

RootClasses::RootClasses(const Limits& limits) : limits_(limits) {
  none_.region = nullptr;
  none_.cell = std::make_unique<internal::SnapshotCell>();
  RetireList replaced;
  CommitReport report;
  nothing_.PrepareNothing();
  nothing_.Publish(replaced, report);
  none_.cell->current.store(nothing_.snapshot(), std::memory_order_relaxed);
}

RootClasses::~RootClasses() = default;

bool RootClasses::IsPastLimit(const Root& root) {
  return root.of != nullptr && root.of->line.snapshot() == nullptr;
}

// ---- 1. Which roots are there.

RootClasses::Root& RootClasses::Get(const Region* region) {
  if (region == nullptr) return none_;
  std::unique_ptr<Root>& root = roots_[region];
  if (root == nullptr) {
    root = std::make_unique<Root>();
    root->region = region;
    root->cell.reset(new internal::SnapshotCell{region});
    new_roots_.push_back(root.get());
  } else {
    got_.push_back(root.get());
    if (root->of != nullptr) Plan(*root->of);
  }
  return *root;
}

void RootClasses::Gain(Root& root, bool excused) {
  ++root.spaces;
  if (excused) ++root.excused;
}

void RootClasses::Lose(Root& root, bool excused) {
  --root.spaces;
  if (excused && root.excused > 0) --root.excused;
  if (root.spaces == 0 && root.region != nullptr) idle_.push_back(root.region);
}

// ---- 2. Which classes they fall into.

void RootClasses::Plan(Class& of) {
  if (!std::exchange(of.planned, true)) planned_.push_back(&of);
}

void RootClasses::LookAt(const Region* region) {
  const auto at = roots_.find(region);
  if (at == roots_.end()) return;
  Root& root = *at->second;
  if (root.of == nullptr || std::exchange(root.looked_at, true)) return;
  looked_at_.push_back(&root);
  root.signature = SignatureOf(*region);
  if (root.signature == root.of->signature) return;
  root.leaves = true;
  leaving_.push_back(&root);
  ++root.of->leaving;
  Plan(*root.of);
}

RootClasses::Class* RootClasses::Find(
    const std::optional<RootSignature>& signature) {
  if (!signature.has_value()) return nullptr;
  const auto fresh = new_names_.find(*signature);
  if (fresh != new_names_.end()) return fresh->second;
  const auto known = by_signature_.find(*signature);
  if (known == by_signature_.end()) return nullptr;
  Class* const of = known->second;
  const bool is_left = of->renamed || of->leaving == of->roots.size();
  return is_left ? nullptr : of;
}

void RootClasses::Settle(Class& of) {
  size_t stays = 0;
  if (of.leaving == of.roots.size()) {
    // Nobody would be left. So one need not go, and the line goes on with it.
    while (of.roots[stays]->spaces == 0 && stays + 1 < of.roots.size()) ++stays;
    Root& root = *of.roots[stays];
    if (Find(root.signature) != nullptr) return;
    root.leaves = false;
    --of.leaving;
    of.renamed = true;
    of.next_signature = root.signature;
    if (root.signature.has_value()) new_names_[*root.signature] = &of;
  } else {
    while (of.roots[stays]->leaves) ++stays;
  }
  if (stays != 0) Lead(of, stays);
}

void RootClasses::Place(Root& root) {
  Class* to = Find(root.signature);
  if (to != nullptr && to == root.of) {
    // The one that stays in its class has changed in the same way.
    root.leaves = false;
    --to->leaving;
    return;
  }
  if (to == nullptr) {
    to = new_classes_.emplace_back(std::make_unique<Class>()).get();
    to->renamed = true;
    to->next_signature = root.signature;
    if (root.signature.has_value()) new_names_[*root.signature] = to;
  }
  to->joining.push_back(&root);
  Plan(*to);
}

void RootClasses::Regroup(const ChangeSet& changes) {
  // What a root is by itself is marked at it, or at a child of its.
  for (const Change& change : changes.shown) {
    LookAt(change.region);
    if (change.region->container() != nullptr) {
      LookAt(change.region->container());
    }
  }
  for (const Region* region : changes.moved) LookAt(region);
  // As of here all that leave are known; Settle() needs that of other classes.
  for (Class* of : planned_) {
    if (of->leaving != 0) Settle(*of);
  }
  for (const Region* region : changes.moved) {
    const auto at = roots_.find(region);
    if (at == roots_.end() || at->second->of == nullptr) continue;
    if (at->second->leaves) continue;
    at->second->of->line.TouchAll();
    Plan(*at->second->of);
  }
  for (Root* root : leaving_) {
    if (!root->leaves) continue;
    if (root->spaces != 0) {
      Place(*root);
    } else {
      idle_.push_back(root->region);
    }
  }
  for (Root* root : new_roots_) {
    root->signature = SignatureOf(*root->region);
    Place(*root);
  }
}

// ---- 3 and 4. What they show.

absl::Status RootClasses::Render(Class& of, bool anyway, CommitReport& report) {
  bool shows = false;  // To some space; else the line just collects.
  bool may_fail = true;
  const auto ask = [&](const Root& root) {
    shows = shows || root.spaces != 0;
    may_fail = may_fail && root.spaces <= root.excused;
  };
  const size_t staying = of.roots.size() - of.leaving;
  for (const Root* root : of.roots) {
    if (!root->leaves) ask(*root);
  }
  for (const Root* root : of.joining) ask(*root);
  if (!shows) return absl::OkStatus();
  if (!of.line.is_touched() && of.line.snapshot() != nullptr) {
    return absl::OkStatus();
  }
  const Root& first = staying != 0 ? *of.roots.front() : *of.joining.front();
  ++report.lines_touched;
  absl::Status status = of.line.Prepare(*first.region, limits_, report);
  if (status.ok()) {
    if (first.of != nullptr && first.of != &of) {
      of.line.Continue(first.of->line.snapshot());
    }
    return status;
  }
  if (!anyway && !may_fail) return status;
  of.failed = true;
  return absl::OkStatus();
}

absl::Status RootClasses::Prepare(const ChangeSet& changes, uint64_t ways_up,
                                  bool anyway, CommitReport& report) {
  Regroup(changes);
  for (const Climb::Hit& hit : climb_.Run(changes, ways_up)) {
    Class& of = *roots_.find(hit.root)->second->of;
    of.line.Touch(hit.intervals);
    Plan(of);
  }
  for (Class* of : planned_) {
    PLANISH_RETURN_IF_ERROR(Render(*of, anyway, report));
  }
  return absl::OkStatus();
}

void RootClasses::Forget() {
  // Between two commits only a kept line has something to catch up with.
  for (Class* of : planned_) {
    if (of->roots.empty() || !of->roots.front()->kept) of->line.Untouch();
  }
  ClearPlan();
  for (const Root* root : new_roots_) roots_.erase(root->region);
  new_roots_.clear();
}

void RootClasses::ClearPlan() {
  for (Class* of : planned_) {
    of->planned = false;
    of->leaving = 0;
    of->joining.clear();
    of->renamed = false;
    of->next_signature.reset();
    of->failed = false;
    of->changed = false;
    of->line.Forget();
  }
  for (Root* root : looked_at_) {
    root->looked_at = false;
    root->leaves = false;
    root->signature.reset();
  }
  planned_.clear();
  looked_at_.clear();
  leaving_.clear();
  got_.clear();
  new_classes_.clear();
  new_names_.clear();
}

// ---- 5. New versions.

void RootClasses::Lead(Class& of, size_t index) {
  climb_.Unwatch(*of.roots.front()->region);
  std::swap(of.roots.front(), of.roots[index]);
  of.roots.front()->index = 0;
  of.roots[index]->index = index;
  climb_.Watch(*of.roots.front()->region);
}

void RootClasses::Join(Class& of, Root& root) {
  if (of.roots.empty()) climb_.Watch(*root.region);
  root.of = &of;
  root.index = of.roots.size();
  of.roots.push_back(&root);
}

void RootClasses::Leave(Root& root) {
  Class& of = *std::exchange(root.of, nullptr);
  if (of.roots.size() == 1) {
    climb_.Unwatch(*root.region);
  } else if (root.index == 0) {
    Lead(of, of.roots.size() - 1);
  }
  of.roots[root.index] = of.roots.back();
  of.roots[root.index]->index = root.index;
  of.roots.pop_back();
}

void RootClasses::ChangeClasses() {
  for (Root* root : leaving_) {
    if (!root->leaves || root->spaces == 0) continue;
    if (root->kept) Unkeep(*root);
    Leave(*root);
  }
  for (const Class* of : planned_) {
    if (of->renamed || of->roots.empty()) Unname(*of);
  }
  for (Class* of : planned_) {
    if (of->renamed) {
      of->signature = std::move(of->next_signature);
      if (of->signature.has_value()) by_signature_[*of->signature] = of;
    }
    for (Root* root : of->joining) Join(*of, *root);
  }
  for (std::unique_ptr<Class>& of : new_classes_) {
    of->index = classes_.size();
    classes_.push_back(std::move(of));
  }
}

void RootClasses::Make(RetireList& replaced, CommitReport& report) {
  ChangeClasses();
  for (Class* of : planned_) {
    if (of->roots.empty()) continue;  // All have gone to others.
    of->changed = of->line.Publish(replaced, report);
    if (!of->failed) continue;
    of->line.Retire(replaced);
    of->changed = true;
  }
}

// ---- 6 and 7. What spaces find.

const Snapshot& RootClasses::NewestOf(const Root& root) const {
  const Snapshot* const newest =
      root.of == nullptr ? nullptr : root.of->line.snapshot();
  return newest != nullptr ? *newest : *nothing_.snapshot();
}

const internal::SnapshotCell& RootClasses::Ahead(Root& root,
                                                 RetireList& replaced) {
  if (root.ahead != nullptr) return *root.ahead;
  const Snapshot* const newest = &NewestOf(root);
  const Snapshot* const shown =
      root.cell->current.load(std::memory_order_relaxed);
  if (shown == newest) return *root.cell;
  root.ahead = new internal::SnapshotCell{root.region};
  root.ahead->current.store(newest, std::memory_order_relaxed);
  replaced.Add(root.ahead, replaced.commit());
  ahead_.push_back(&root);
  return *root.ahead;
}

void RootClasses::ShowNewest(Class& of) {
  for (Root* root : of.changed ? of.roots : of.joining) {
    // Partner: AddressSpace::Current().
    root->cell->current.store(&NewestOf(*root), std::memory_order_release);
    root->excused = of.line.snapshot() != nullptr ? 0 : root->spaces;
  }
}

void RootClasses::Show(RetireList& replaced) {
  for (Root* root : ahead_) root->ahead = nullptr;
  ahead_.clear();
  for (Class* of : planned_) ShowNewest(*of);
  for (Root* root : got_) {
    if (root->kept && root->spaces != 0) Unkeep(*root);
    if (!IsPastLimit(*root)) root->excused = 0;
  }
  for (const Class* of : planned_) {
    // One who was kept has company now.
    if (!of->joining.empty()) idle_.push_back(of->roots.front()->region);
  }
  std::vector<Class*> empty;
  for (Class* of : planned_) {
    if (of->roots.empty()) empty.push_back(of);
  }
  ClearPlan();
  new_roots_.clear();
  for (Class* of : empty) DropClass(*of, replaced);
  DropIdle(replaced);
}

void RootClasses::Keep(Root& root) {
  root.kept = true;
  kept_.push_back(&root);
}

void RootClasses::Unkeep(Root& root) {
  root.kept = false;
  kept_.erase(std::find(kept_.begin(), kept_.end(), &root));
}

void RootClasses::Unname(const Class& of) {
  if (!of.signature.has_value()) return;
  const auto at = by_signature_.find(*of.signature);
  if (at != by_signature_.end() && at->second == &of) by_signature_.erase(at);
}

void RootClasses::DropClass(Class& of, RetireList& replaced) {
  of.line.Retire(replaced);
  const size_t index = of.index;
  std::swap(classes_[index], classes_.back());
  classes_[index]->index = index;
  classes_.pop_back();
}

void RootClasses::Drop(Root& root, RetireList& replaced) {
  if (root.kept) Unkeep(root);
  Class& of = *root.of;
  Leave(root);
  if (of.roots.empty()) {
    Unname(of);
    DropClass(of, replaced);
  }
  // Whoever reads it is inside. A hold has its snapshot, not the cell.
  replaced.Add(root.cell.release(), replaced.commit());
  roots_.erase(root.region);
}

void RootClasses::DropIdle(RetireList& replaced) {
  const bool owner_retired = std::exchange(owner_retired_, false);
  if (owner_retired) {
    for (const Root* root : kept_) idle_.push_back(root->region);
  }
  for (const Region* region : idle_) {
    const auto at = roots_.find(region);
    if (at == roots_.end() || at->second->spaces != 0) continue;
    Root& root = *at->second;
    const bool worth_keeping =
        root.of->roots.size() == 1 && root.of->line.snapshot() != nullptr &&
        SignatureOf(*region) == root.of->signature && !region->retired() &&
        !(owner_retired && root.of->line.is_touched());
    if (!worth_keeping) {
      Drop(root, replaced);
    } else if (!root.kept) {
      Keep(root);
    }
  }
  idle_.clear();
  while (kept_.size() > kMostKept) Drop(*kept_.front(), replaced);
}

// ---- Invariants.

void RootClasses::CheckInvariants() const {
  size_t roots = 0;
  for (const auto& of : classes_) {
    const Snapshot* const shown = of->line.snapshot() != nullptr
                                      ? of->line.snapshot()
                                      : nothing_.snapshot();
    PLANISH_CHECK(classes_[of->index] == of && !of->roots.empty(),
                  "K1: a class without roots");
    const auto named = of->signature.has_value()
                           ? by_signature_.find(*of->signature)
                           : by_signature_.end();
    PLANISH_CHECK(!of->signature.has_value() || (named != by_signature_.end() &&
                                                 named->second == of.get()),
                  "K1: a class that can't be found");
    for (size_t i = 0; i < of->roots.size(); ++i) {
      const Root& root = *of->roots[i];
      ++roots;
      PLANISH_CHECK(root.of == of.get() && root.index == i,
                    "K1: a root of another class");
      PLANISH_CHECK(SignatureOf(*root.region) == of->signature,
                    "K1: a root with another signature");
      PLANISH_CHECK(climb_.IsWatched(*root.region) == (i == 0),
                    "K2: not the first root is watched");
      PLANISH_CHECK(
          root.cell->root == root.region &&
              root.cell->current.load(std::memory_order_relaxed) == shown,
          "K3: a cell without its line's snapshot");
      PLANISH_CHECK(root.kept ? root.spaces == 0 && of->roots.size() == 1
                              : root.spaces != 0,
                    "K4: a root without a space");
      PLANISH_CHECK_EQ(root.excused,
                       of->line.snapshot() == nullptr ? root.spaces : 0,
                       "X5: spaces that show nothing, miscounted");
    }
  }
  PLANISH_CHECK_EQ(roots, roots_.size(), "K1: a root without a class");
}

}  // namespace planish
