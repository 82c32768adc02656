#include "planish/dispatch/table_history.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/base/retire_list.h"
#include "planish/dispatch/census.h"
#include "planish/dispatch/run_list.h"
#include "planish/dispatch/scan_table.h"
#include "planish/dispatch/table_body.h"
#include "planish/dispatch/table_memory.h"
#include "planish/dispatch/table_root.h"
#include "planish/flatview/flat_range.h"
#include "planish/flatview/flat_view.h"

namespace planish::internal {
namespace {

// Up to here a scan is as fast as a radix, whatever the map. A body is kept
// until there are fewer by some.
constexpr size_t kAlwaysScan = 32;
constexpr size_t kScanAgain = 24;
// Up to here it is faster than a radix with nodes below its root.
constexpr size_t kMaxScan = ScanTree::kMaxRuns;
// A part of the targets below nodes that a radix bears: each lookup of one may
// mispredict a branch. To a tree that is worth more levels than to a scan.
constexpr double kMaxCrowdingForScan = 1.0 / 16;
constexpr double kMaxCrowding = 0.3;

// Up to here a body is built anew at once: some 20 us.
constexpr uint64_t kSmall = 1000;
// Of a growing one, the ranges that a commit counts, and puts in.
constexpr size_t kCountStep = 512;
constexpr size_t kBuildStep = 128;
// Fewer runs are patched, if they are not more than a fourth of all.
constexpr size_t kFewRuns = 64;

// The boundaries of `view` from `next` on, of at most `most` ranges. True if
// these were the last ones; else `next` is where to go on.
template <typename F>
bool ForBoundaries(const FlatView& view, size_t most, uint64_t& next, F f) {
  for (auto at = view.Seek(Addr(next)); at != view.end(); ++at, --most) {
    if (most == 0) return false;
    const uint64_t first = at->range.first.raw();
    const uint64_t last = at->range.last.raw();
    if (first > next) f(first, /*ends_target=*/false);
    if (last == UINT64_MAX) return true;
    f(last + 1, /*ends_target=*/true);
    next = last + 1;
  }
  return true;
}

// Where the run of `version` that holds `a` begins.
uint64_t FirstOfRun(const TableVersion& version, uint64_t a) {
  const uint64_t last = version.Find(a).last;
  uint64_t low = 0;
  uint64_t high = a;
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    if (version.Find(middle).last == last) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

bool Covers(const SlotGrid& grid, const SlotGrid& other) {
  return grid.shift == other.shift && grid.base <= other.base &&
         grid.base + grid.window >= other.base + other.window;
}

// Whether a table of form and shape `is` serves as well as one of `wanted`.
bool IsAsGood(const TableRoot& is, const TableRoot& wanted) {
  if (wanted.is_radix() && is.is_radix()) {
    return is.level.ranked == wanted.level.ranked &&
           Covers(is.level.grid(), wanted.level.grid());
  }
  if (wanted.is_pages() && is.form == wanted.form) {
    return Covers(is.pages.grid(), wanted.pages.grid());
  }
  return wanted.is_tree() && is.is_tree();
}

void MergeInto(absl::Span<const AddrRange> intervals,
               std::vector<AddrRange>& merged) {
  merged.assign(intervals.begin(), intervals.end());
  if (merged.size() < 2) return;
  std::sort(
      merged.begin(), merged.end(),
      [](const AddrRange& a, const AddrRange& b) { return a.first < b.first; });
  size_t count = 1;
  for (size_t i = 1; i < merged.size(); ++i) {
    AddrRange& before = merged[count - 1];
    if (before.Overlaps(merged[i]) || before.Touches(merged[i])) {
      before.last = std::max(before.last, merged[i].last);
    } else {
      merged[count++] = merged[i];
    }
  }
  merged.resize(count);
}

}  // namespace

// A successor under way.
struct TableHistory::Growth {
  Census census;                    // First it is filled.
  std::unique_ptr<TableBody> body;  // Then there is one.
  uint64_t next = 0;                // The frontier: where either goes on.
  Changes changes;
  std::vector<AddrRange> intervals;
};

TableHistory::TableHistory(const FlatView& view, const Options& options,
                           uint64_t born)
    : options_(options), newest_(born) {
  Build(view);
}

TableHistory::~TableHistory() = default;

const TableRoot& TableHistory::root() const {
  return scan_ != nullptr ? scan_->root() : body_->version().root;
}

const Line* TableHistory::lines() const {
  return scan_ != nullptr ? scan_->lines() : body_->version().lines;
}

const Descriptor* TableHistory::descriptors() const {
  return scan_ != nullptr ? scan_->descriptors()
                          : body_->memory().descriptors().data();
}

size_t TableHistory::memory_bytes() const {
  size_t bytes = sizeof(*this);
  if (scan_ != nullptr) bytes += scan_->bytes();
  if (body_ != nullptr) bytes += sizeof(*body_) + body_->memory().bytes();
  if (growth_ != nullptr) {
    bytes += sizeof(Growth);
    if (growth_->body != nullptr) bytes += growth_->body->memory().bytes();
  }
  return bytes;
}

// ---- The choice.

TableHistory::Choice TableHistory::Choose(const Census& census) const {
  const uint64_t runs = census.count() + 1;
  Choice choice = {std::nullopt, runs, 0};
  if (runs <= (options_.force_radix ? 1 : kAlwaysScan)) return choice;
  if (!options_.force_tree) {
    if (options_.by_rule()) {
      if (const auto shift = census.PageShift()) {
        choice.body = TableRoot(census.PagesFor(*shift), /*mixed=*/false);
        return choice;
      }
    }
    const RadixPlan plan = census.Radix();
    const double most = runs <= kMaxScan ? kMaxCrowdingForScan : kMaxCrowding;
    if (plan.crowding() <= most || options_.force_radix) {
      choice.body = TableRoot(census.LevelFor(plan, options_.two_directories));
      choice.crowded = plan.crowded;
      return choice;
    }
  }
  if (runs > kMaxScan) choice.body = TableRoot(Tree());
  return choice;
}

bool TableHistory::StaysScan(size_t runs) {
  if (options_.force_radix) return runs == 1;
  if (runs <= kAlwaysScan) return true;
  if (runs > kMaxScan) return false;
  if (options_.force_tree) return true;
  // The rule may say otherwise once the map has changed.
  ++scan_patches_;
  return runs <= scan_settled_ + scan_settled_ / 4 &&
         scan_patches_ <= scan_settled_;
}

void TableHistory::Build(const FlatView& view) {
  uint64_t first = 0;
  uint64_t final = 0;
  uint64_t count = 0;
  uint64_t next = 0;
  ForBoundaries(view, SIZE_MAX, next, [&](uint64_t boundary, bool) {
    if (count++ == 0) first = boundary;
    final = boundary;
  });
  Choice choice = {std::nullopt, 1, 0};
  if (count != 0) {
    Census census(first, final, count);
    next = 0;
    ForBoundaries(view, SIZE_MAX, next, [&](uint64_t boundary, bool target) {
      census.Add(boundary, target);
    });
    census.Finish();
    choice = Choose(census);
  }
  if (!choice.body) {
    scan_ = ScanTable::Make(MakeRunList(view));
    scan_born_ = newest_;
    scan_settled_ = choice.runs;
    scan_patches_ = 0;
    return;
  }
  body_ = std::make_unique<TableBody>(*choice.body, choice.runs, choice.crowded,
                                      newest_);
  if (options_.huge_pages) body_->WantHugePages();
  MemoryWriter writer(body_->memory(), newest_, nullptr);
  const AddrRange all = AddrRange::All();
  changes_.Reserve(choice.runs);
  changes_.Collect(view, absl::MakeConstSpan(&all, 1), UINT64_MAX,
                   body_->version(), SIZE_MAX, writer);
  body_->Patch(changes_, writer);
  body_->Settle();
  if (options_.huge_pages) body_->NoMoreHugePages();
  changes_ = Changes();  // It had all runs.
}

// ---- Patching.

void TableHistory::Patch(const FlatView& view,
                         absl::Span<const AddrRange> intervals,
                         RetireList& replaced) {
  // Commits ascend; those who don't number them get numbers here.
  newest_ = std::max(newest_ + 1, replaced.commit());
  MergeInto(intervals, intervals_);
  if (scan_ != nullptr) return PatchScan(view, replaced);
  if (growth_ != nullptr && Grow(view, replaced)) return;
  if (!PatchBody(view, replaced)) Rebuild(view, replaced);
}

void TableHistory::PatchScan(const FlatView& view, RetireList& replaced) {
  if (view.size() <= kMaxScan) {
    const RunList list = MakeRunList(view);
    if (StaysScan(list.runs.size())) {
      RetireNewest(replaced);
      scan_ = ScanTable::Make(list);
      scan_born_ = newest_;
      replaced.CountMade(1, scan_->bytes());
      return;
    }
  }
  Rebuild(view, replaced);
}

bool TableHistory::PatchBody(const FlatView& view, RetireList& replaced) {
  const uint64_t runs = body_->runs();
  const bool outgrown = growth_ == nullptr && body_->IsOutgrown();
  if (runs <= kSmall &&
      (outgrown || (options_.by_rule() && runs < kScanAgain))) {
    return false;
  }
  if (outgrown) StartGrowth();
  if (!body_->memory().CanBeBornAt(newest_)) return false;
  MemoryWriter writer(body_->memory(), newest_, &replaced);
  const size_t most = std::max<size_t>(kFewRuns, runs / 4);
  if (!changes_.Collect(view, intervals_, UINT64_MAX, body_->version(), most,
                        writer) ||
      !body_->HasRoomFor(changes_)) {
    return false;
  }
  body_->Patch(changes_, writer);
  replaced.CountMade(writer.nodes_made(), writer.bytes_made());
  return true;
}

void TableHistory::Rebuild(const FlatView& view, RetireList& replaced) {
  DropGrowth(replaced);
  RetireNewest(replaced);
  Build(view);
  replaced.CountMade(1, memory_bytes());
}

void TableHistory::RetireNewest(RetireList& replaced) {
  if (scan_ != nullptr) {
    replaced.Add({[](void* table, uint64_t, size_t& budget) {
                    ScanTable::Deleter()(static_cast<ScanTable*>(table));
                    if (budget != 0) --budget;
                    return true;
                  },
                  const_cast<ScanTable*>(scan_.release()), 0, scan_born_});
  }
  if (body_ != nullptr) {
    TableMemory::Retire(body_->TakeMemory(), replaced);
    body_.reset();
  }
}

void TableHistory::Retire(std::unique_ptr<TableHistory> history,
                          RetireList& replaced) {
  history->DropGrowth(replaced);
  history->RetireNewest(replaced);
}

// ---- Growth.

void TableHistory::StartGrowth() {
  const TableVersion& version = body_->version();
  const uint64_t first = version.Find(0).last + 1;
  if (first == 0) return;  // One run.
  growth_.reset(new Growth{
      Census(first, FirstOfRun(version, UINT64_MAX), body_->runs() - 1),
      nullptr,
      0,
      {},
      {}});
}

bool TableHistory::Grow(const FlatView& view, RetireList& replaced) {
  if (growth_->body == nullptr) {
    Count(view);
    return false;
  }
  if (!BuildSome(view, replaced)) {
    DropGrowth(replaced);  // It will be tried again.
    return false;
  }
  if (growth_->next != 0) return false;
  RetireNewest(replaced);
  body_ = std::move(growth_->body);
  body_->memory().set_shown_since(newest_);
  body_->Settle();
  // The host may put these together later. While it was built, each would have
  // been cleared by one commit.
  if (options_.huge_pages) {
    body_->WantHugePages();
    body_->NoMoreHugePages();
  }
  growth_.reset();
  return true;
}

void TableHistory::Count(const FlatView& view) {
  Census& census = growth_->census;
  if (!ForBoundaries(view, kCountStep, growth_->next,
                     [&](uint64_t boundary, bool target) {
                       census.Add(boundary, target);
                     })) {
    return;
  }
  census.Finish();
  const Choice choice = Choose(census);
  if (!choice.body ||
      (IsAsGood(body_->version().root, *choice.body) && !body_->IsWorn())) {
    body_->Settle();
    growth_.reset();
    return;
  }
  growth_->next = 0;
  growth_->body = std::make_unique<TableBody>(*choice.body, choice.runs,
                                              choice.crowded, newest_);
}

// Moves the frontier, to 0 from the end of the space. False if there is no
// room.
bool TableHistory::BuildSome(const FlatView& view, RetireList& replaced) {
  TableBody& body = *growth_->body;
  const uint64_t frontier = growth_->next;
  // Up to the end of a range, so that the frontier cuts none.
  auto at = view.Seek(Addr(frontier));
  uint64_t last = 0;
  for (size_t i = 0; i < kBuildStep && at != view.end(); ++i, ++at) {
    last = at->range.last.raw();
  }
  if (at == view.end()) last = UINT64_MAX;

  std::vector<AddrRange>& intervals = growth_->intervals;
  intervals.clear();
  // The first time all slots are set, those beyond to a hole.
  const bool first_time = body.version().lines == nullptr;
  AddrRange built = {Addr(frontier), Addr(first_time ? UINT64_MAX : last)};
  for (const AddrRange& interval : intervals_) {
    if (interval.first > built.last) break;
    if (interval.Overlaps(built) || interval.Touches(built)) {
      built.first = std::min(built.first, interval.first);
      break;
    }
    intervals.push_back(interval);
  }
  intervals.push_back(built);
  if (!body.memory().CanBeBornAt(newest_)) return false;
  MemoryWriter writer(body.memory(), newest_, nullptr);
  growth_->changes.Collect(view, intervals, last, body.version(), SIZE_MAX,
                           writer);
  if (!first_time && !body.HasRoomFor(growth_->changes)) {
    return false;
  }
  body.Patch(growth_->changes, writer);
  replaced.CountMade(writer.nodes_made(), writer.bytes_made());
  growth_->next = last + 1;
  return true;
}

void TableHistory::DropGrowth(RetireList& replaced) {
  if (growth_ == nullptr) return;
  if (growth_->body != nullptr) {
    TableMemory::Retire(growth_->body->TakeMemory(), replaced);
  }
  growth_.reset();
}

void TableHistory::CheckInvariants() const {
  if (body_ != nullptr) body_->CheckInvariants();
  if (growth_ != nullptr && growth_->body != nullptr) {
    if (growth_->body->version().lines != nullptr) {
      growth_->body->CheckInvariants();
    }
  }
}

}  // namespace planish::internal
