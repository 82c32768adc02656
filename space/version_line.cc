#include "planish/space/version_line.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "planish/base/addr.h"
#include "planish/base/status_macros.h"
#include "planish/dispatch/dispatch_table.h"
#include "planish/flatview/flat_view.h"
#include "planish/flatview/render.h"

namespace planish {
namespace {

// Intervals up to which it never pays to render all.
constexpr size_t kFewIntervals = 64;
// Ranges up to which it never pays to build anew.
constexpr size_t kFewRanges = 256;

uint64_t NextGeneration() {
  // Unique in the process; orders nothing else, so relaxed.
  static std::atomic<uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

// All of what `old` has, with `changed` put in. In one go, and not merged.
std::vector<FlatRange> Compose(const FlatView& old,
                               const std::vector<Changed>& changed) {
  std::vector<FlatRange> ranges;
  auto at = old.begin();
  Addr from(0);
  // What `old` has from `from` to `last`.
  const auto keep = [&](Addr last) {
    for (; at != old.end() && at->range.first <= last; ++at) {
      if (at->range.last >= from) {
        ranges.push_back(at->Part({from, last}));
        if (at->range.last > last) return;
      }
    }
  };
  for (const Changed& c : changed) {
    if (c.interval.first > from) keep(Addr(c.interval.first.raw() - 1));
    ranges.insert(ranges.end(), c.ranges.begin(), c.ranges.end());
    if (c.interval.last == Addr::Max()) return ranges;
    from = Addr(c.interval.last.raw() + 1);
  }
  keep(Addr::Max());
  return ranges;
}

}  // namespace

VersionLine::~VersionLine() {
  if (snapshot_ == nullptr) return;
  delete snapshot_->table_;
  delete snapshot_->view_;
  delete snapshot_;
}

void VersionLine::Touch(const IntervalSet& intervals) {
  touched_.AddAll(intervals);
  const size_t ranges = snapshot_ == nullptr ? 0 : snapshot_->view().size();
  touched_.Coarsen(kFewIntervals + ranges / 8);
}

absl::Status VersionLine::Prepare(const Region& root, const Limits& limits,
                                  CommitReport& report) {
  Forget();
  if (snapshot_ == nullptr) {
    PLANISH_ASSIGN_OR_RETURN(ranges_, Render(root, AddrRange::All(), limits));
    ++report.intervals_rendered;
    report.ranges_in += ranges_.size();
    prepared_ = Prepared::kBuild;
  } else {
    const FlatView& view = snapshot_->view();
    PLANISH_ASSIGN_OR_RETURN(
        rerendered_, Rerender(view, root, touched_.intervals(), limits));
    report.intervals_rendered += rerendered_.intervals;
    report.ranges_out += rerendered_.ranges_out;
    report.ranges_in += rerendered_.ranges_in;
    prepared_ = Prepared::kSplice;
    if (rerendered_.ranges_in > kFewRanges + view.size() / 2) {
      ranges_ = Compose(view, rerendered_.changed);
      prepared_ = Prepared::kBuild;
    }
  }
  root_ = &root;
  return absl::OkStatus();
}

void VersionLine::PrepareNothing() {
  Forget();
  prepared_ = Prepared::kBuild;
}

void VersionLine::Forget() {
  prepared_ = Prepared::kNothing;
  root_ = nullptr;
  generation_ = 0;
  ranges_.clear();
  rerendered_ = Rerendered();
}

void VersionLine::Continue(const Snapshot* before) {
  if (before == nullptr || before->view().size() != ranges_.size()) return;
  if (std::equal(ranges_.begin(), ranges_.end(), before->view().begin())) {
    generation_ = before->generation();
  }
}

const Snapshot* VersionLine::Build(RetireList& replaced) {
  const uint64_t commit = replaced.commit();
  auto view = FlatView::Build(root_, std::move(ranges_), commit);
  auto table = DispatchTable::Build(*view, DispatchTable::Options(), commit);
  replaced.CountMade(view->totals().nodes,
                     view->totals().bytes + table->memory_bytes());
  const uint64_t generation = generation_ != 0 ? generation_ : NextGeneration();
  return new Snapshot(generation, commit, view.release(), table.release());
}

const Snapshot* VersionLine::Splice(RetireList& replaced) const {
  const Snapshot& old = *snapshot_;
  std::unique_ptr<const FlatView> view;
  IntervalSet intervals;
  for (const Changed& c : rerendered_.changed) {
    const FlatView& before = view == nullptr ? old.view() : *view;
    view = before.Splice(c.interval, c.ranges, replaced);
    intervals.Add(c.interval);
  }
  auto table =
      DispatchTable::Patch(old.table(), *view, intervals.intervals(), replaced);
  replaced.Add(old.table_, old.born_);
  replaced.Add(old.view_, old.born_);
  replaced.Add(&old, old.born_);
  return new Snapshot(NextGeneration(), replaced.commit(), view.release(),
                      table.release());
}

bool VersionLine::Publish(RetireList& replaced, CommitReport& report) {
  const Prepared prepared = prepared_;
  if (prepared == Prepared::kNothing) return false;
  touched_.Clear();
  const bool changed =
      prepared == Prepared::kBuild || !rerendered_.changed.empty();
  if (changed) {
    ++report.lines_changed;
    if (prepared == Prepared::kBuild) {
      ++report.lines_built;
      const Snapshot* const next = Build(replaced);
      Retire(replaced);
      snapshot_ = next;
    } else {
      snapshot_ = Splice(replaced);
    }
  }
  Forget();
  return changed;
}

void VersionLine::Retire(RetireList& replaced) {
  if (snapshot_ == nullptr) return;
  const Snapshot* const old = std::exchange(snapshot_, nullptr);
  FlatView::Retire(absl::WrapUnique(old->view_), replaced);
  DispatchTable::Retire(absl::WrapUnique(old->table_), replaced);
  replaced.Add(old, old->born_);
}

}  // namespace planish
