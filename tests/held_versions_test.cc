// V3, at the layer where nodes are: a long line of versions of a view and its
// table, whose replaced pieces go through a ReclaimQueue, and some of whose
// versions are held. What is held stays as it was, to the last lookup; nothing
// else stays; and in the end nothing is left. (Freed too early:
// AddressSanitizer sees it, and so does whoever compares.)

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/base/reader_handles_for_test.h"
#include "planish/base/reclaim_queue.h"
#include "planish/base/retire_list.h"
#include "planish/dispatch/dispatch_table.h"
#include "planish/dispatch/section.h"
#include "planish/flatview/flat_range.h"
#include "planish/flatview/flat_view.h"
#include "planish/measure/maps.h"
#include "planish/measure/views.h"

namespace planish {
namespace {

using measure::MakeMap;
using measure::MapKind;
using measure::Rng;
using measure::ViewOfMap;

constexpr size_t kBudget = 64;  // Nodes freed by one commit.

struct Version {
  uint64_t commit = 0;
  std::unique_ptr<const FlatView> view;
  std::unique_ptr<const DispatchTable> table;
};

// What a version said when it was published.
struct Memory {
  uint64_t commit = 0;
  const FlatView* view = nullptr;
  const DispatchTable* table = nullptr;
  std::vector<FlatRange> ranges;
  std::vector<std::pair<Addr, Section>> lookups;
};

// The ranges outside `interval`, cut at its edges, and `inside`.
std::vector<FlatRange> SplicePlainly(const std::vector<FlatRange>& old,
                                     AddrRange interval,
                                     const std::vector<FlatRange>& inside) {
  std::vector<FlatRange> spliced;
  const auto put_part = [&](FlatRange r, Addr first, Addr last) {
    r.offset = r.OffsetOf(first);
    r.range = {first, last};
    spliced.push_back(r);
  };
  for (const FlatRange& r : old) {
    if (r.range.first < interval.first) {
      put_part(r, r.range.first,
               std::min(r.range.last, Addr(interval.first.raw() - 1)));
    }
  }
  spliced.insert(spliced.end(), inside.begin(), inside.end());
  for (const FlatRange& r : old) {
    if (r.range.last > interval.last) {
      put_part(r, std::max(r.range.first, Addr(interval.last.raw() + 1)),
               r.range.last);
    }
  }
  MergeNeighbours(spliced);
  return spliced;
}

class Line {
 public:
  Line(MapKind kind, size_t ranges, uint64_t seed)
      : rng_(seed), map_(MakeMap(kind, ranges, seed)), whole_(map_) {
    for (const FlatRange& r : whole_.view()) ranges_.push_back(r);
    kinds_ = ranges_;
    newest_.commit = 1;
    newest_.view = FlatView::Build(whole_.view().root(), ranges_);
    newest_.table = DispatchTable::Build(*newest_.view);
    readers_.Published(newest_.commit);
  }
  // What is newest goes as a whole, in steps.
  ~Line() {
    RetireList last(newest_.commit + 1);
    last.Add(newest_.view.release());
    last.Add(newest_.table.release());
    queue_.Add(last);
    readers_.Published(newest_.commit + 1);
    while (queue_.Poll(kBudget)) {
    }
    EXPECT_EQ(queue_.size(), 0u);
  }

  // `trend`: so many ranges more, or less, than there were in an interval.
  void Commit(int trend = 1) {
    Version next;
    next.commit = newest_.commit + 1;
    RetireList replaced(next.commit);
    std::vector<AddrRange> intervals;
    std::unique_ptr<const FlatView> view = std::move(newest_.view);
    uint64_t born = newest_.commit;
    if (ranges_.size() < 50) trend = 8;
    for (uint64_t i = 1 + rng_.Below(3); i > 0; --i) {
      const AddrRange interval = RandomInterval();
      const std::vector<FlatRange> inside = RandomRanges(interval, trend);
      intervals.push_back(interval);
      auto spliced = view->Splice(interval, inside, replaced);
      ranges_ = SplicePlainly(ranges_, interval, inside);
      replaced.Add(view.release(), born);
      view = std::move(spliced);
      born = next.commit;
    }
    next.view = std::move(view);
    Merge(intervals);
    next.table =
        DispatchTable::Patch(*newest_.table, *next.view, intervals, replaced);
    replaced.Add(newest_.table.release(), newest_.commit);
    newest_ = std::move(next);
    queue_.Add(replaced);
    readers_.Published(newest_.commit);
    queue_.Poll(kBudget);
  }

  void CheckNewest() const {
    newest_.view->CheckInvariants();
    ASSERT_EQ(
        std::vector<FlatRange>(newest_.view->begin(), newest_.view->end()),
        ranges_);
    newest_.table->CheckInvariants(*newest_.view);
  }

  Memory Hold() {
    queue_.Hold(newest_.commit);
    Memory memory;
    memory.commit = newest_.commit;
    memory.view = newest_.view.get();
    memory.table = newest_.table.get();
    memory.ranges = ranges_;
    for (int i = 0; i < 300; ++i) {
      const FlatRange& r = ranges_[rng_.Below(ranges_.size())];
      const uint64_t at =
          r.range.first.raw() +
          rng_.Next() % (2 * (r.range.last - r.range.first) + 2);
      memory.lookups.emplace_back(Addr(at), memory.table->Lookup(Addr(at)));
    }
    return memory;
  }

  void CheckUnchanged(const Memory& memory) const {
    memory.view->CheckInvariants();
    ASSERT_EQ(std::vector<FlatRange>(memory.view->begin(), memory.view->end()),
              memory.ranges);
    for (const auto& [addr, then] : memory.lookups) {
      const Section now = memory.table->Lookup(addr);
      ASSERT_EQ(now.region(), then.region());
      ASSERT_EQ(now.last(), then.last());
      ASSERT_EQ(now.host(), then.host());
      ASSERT_EQ(now.offset(), then.offset());
    }
  }

  ReclaimQueue& queue() { return queue_; }
  Rng& rng() { return rng_; }
  const Version& newest() const { return newest_; }
  // Of the newest version, by its own account.
  size_t Bytes() const {
    return newest_.view->totals().bytes + newest_.table->memory_bytes();
  }

 private:
  // Around some neighbours; once in a while around a quarter of all.
  AddrRange RandomInterval() {
    if (ranges_.empty()) return AddrRange::All();
    const size_t n = ranges_.size();
    const size_t count = rng_.Below(100) == 0 ? n / 4 : rng_.Below(4);
    const size_t from = rng_.Below(n);
    const size_t to = std::min(from + count, n - 1);
    uint64_t first = ranges_[from].range.first.raw();
    uint64_t last = ranges_[to].range.last.raw();
    first += rng_.Below(3) == 0 ? rng_.Below(last - first + 1) : 0;
    if (rng_.Below(3) == 0) last += rng_.Below(0x4000);
    return {Addr(first), Addr(std::max(first, last))};
  }

  std::vector<FlatRange> RandomRanges(AddrRange interval, int trend) {
    std::vector<FlatRange> inside;
    uint64_t at = interval.first.raw();
    const auto count = std::count_if(
        ranges_.begin(), ranges_.end(),
        [&](const FlatRange& r) { return r.range.Overlaps(interval); });
    const auto pieces =
        static_cast<uint64_t>(std::max<std::ptrdiff_t>(count + trend - 1, 0) +
                              static_cast<std::ptrdiff_t>(rng_.Below(3)));
    for (uint64_t i = 0; i < pieces; ++i) {
      const uint64_t left = interval.last.raw() - at;
      FlatRange r = kinds_[rng_.Below(kinds_.size())];
      const uint64_t step = left / (pieces - i) + 1;
      const uint64_t last = at + rng_.Below(std::min(step, left + 1));
      r.range = {Addr(at), Addr(last)};
      r.offset = rng_.Below(64) << 12;
      r.readonly = rng_.Below(4) == 0;
      inside.push_back(r);
      const uint64_t gap = 1 + (rng_.Below(2) == 0 ? 0 : rng_.Below(0x1000));
      if (interval.last.raw() - last < gap) break;
      at = last + gap;
    }
    MergeNeighbours(inside);
    return inside;
  }

  // Ascending, apart: what Patch() is given.
  static void Merge(std::vector<AddrRange>& intervals) {
    std::sort(intervals.begin(), intervals.end(),
              [](AddrRange a, AddrRange b) { return a.first < b.first; });
    std::vector<AddrRange> merged;
    for (const AddrRange& r : intervals) {
      if (!merged.empty() &&
          (merged.back().Overlaps(r) || merged.back().Touches(r))) {
        merged.back().last = std::max(merged.back().last, r.last);
      } else {
        merged.push_back(r);
      }
    }
    intervals = std::move(merged);
  }

  Rng rng_;
  const std::vector<measure::MapRange> map_;
  ViewOfMap whole_;
  ReaderHandles readers_;
  ReclaimQueue queue_{readers_};
  Version newest_;
  std::vector<FlatRange> ranges_;  // Of the newest, kept plainly.
  std::vector<FlatRange> kinds_;   // What new ones are made after.
};

class HeldVersionsTest : public testing::TestWithParam<MapKind> {};

TEST_P(HeldVersionsTest, EveryHundredthOfALongLineStaysAsItWas) {
  Line line(GetParam(), 2000, 1);
  std::vector<Memory> held;
  for (int i = 1; i <= 3000; ++i) {
    line.Commit();
    if (i % 100 == 0) {
      line.CheckNewest();
      held.push_back(line.Hold());
    }
    if (HasFatalFailure()) return;
  }
  line.queue().CheckInvariants();
  for (const Memory& memory : held) line.CheckUnchanged(memory);
  // They go in no order, and the rest stay as they were.
  while (!held.empty()) {
    const size_t i = line.rng().Below(held.size());
    line.queue().Release(held[i].commit);
    held.erase(held.begin() + static_cast<std::ptrdiff_t>(i));
    for (int commits = 0; commits < 3; ++commits) line.Commit();
    if (held.size() % 5 != 0) continue;
    line.queue().CheckInvariants();
    for (const Memory& memory : held) line.CheckUnchanged(memory);
  }
  while (line.queue().Poll(kBudget)) {
  }
  EXPECT_EQ(line.queue().kept_by_holds(), 0u);
  EXPECT_EQ(line.queue().size(), 0u);
  line.CheckNewest();
}

// Tables grow out of their geometry, and into another form, while versions from
// before are held.
TEST_P(HeldVersionsTest, HeldVersionsOutliveGrowthAndLoss) {
  Line line(GetParam(), 100, 3);
  std::vector<Memory> held;
  for (const int trend : {8, -8, 12}) {
    for (int i = 1; i <= 400; ++i) {
      line.Commit(trend);
      if (i % 40 == 0) {
        line.CheckNewest();
        held.push_back(line.Hold());
      }
      if (HasFatalFailure()) return;
    }
    for (const Memory& memory : held) line.CheckUnchanged(memory);
  }
  for (const Memory& memory : held) line.queue().Release(memory.commit);
  while (line.queue().Poll(kBudget)) {
  }
  EXPECT_EQ(line.queue().size(), 0u);
  line.CheckNewest();
}

// Nothing but what is part of the held version: not one node that was born
// later, however many commits follow.
TEST_P(HeldVersionsTest, AHoldKeepsOneVersionAndNoMore) {
  Line line(GetParam(), 2000, 2);
  for (int i = 0; i < 500; ++i) line.Commit();
  const Memory memory = line.Hold();
  // Each node of view and table once, and two objects; a line of the table has
  // 64 bytes at least.
  const size_t pieces =
      memory.view->totals().nodes + memory.table->memory_bytes() / 64 + 2;
  size_t most = 0;
  for (int i = 0; i < 2000; ++i) {
    line.Commit();
    // Waiting for nobody: what is not kept by the hold goes at once.
    while (line.queue().Poll(kBudget)) {
    }
    EXPECT_EQ(line.queue().waiting(), 0u);
    most = std::max(most, line.queue().kept_by_holds());
  }
  line.CheckUnchanged(memory);
  EXPECT_GT(most, memory.view->totals().nodes / 2);
  EXPECT_LE(most, pieces);
  line.queue().Release(memory.commit);
  while (line.queue().Poll(kBudget)) {
  }
  EXPECT_EQ(line.queue().size(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Maps, HeldVersionsTest,
                         testing::Values(MapKind::kSpread, MapKind::kDense,
                                         MapKind::kIommu4k, MapKind::kPowerLaw,
                                         MapKind::kCrowd),
                         [](const testing::TestParamInfo<MapKind>& kind) {
                           std::string name(measure::MapKindName(kind.param));
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace planish
