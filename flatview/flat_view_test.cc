#include "planish/flatview/flat_view.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/base/retire_list.h"
#include "planish/flatview/diff.h"
#include "planish/flatview/flat_range.h"
#include "planish/regions/owner.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"

namespace planish {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr uint64_t kMax = UINT64_MAX;

class FlatViewTest : public testing::Test {
 protected:
  static FlatRange Range(const Region& region, uint64_t first, uint64_t last,
                         uint64_t offset) {
    FlatRange r;
    r.range = {Addr(first), Addr(last)};
    r.region = &region;
    r.offset = offset;
    r.kind = region.kind();
    return r;
  }
  // The offset is the address: pieces of one region can merge.
  FlatRange Ram(uint64_t first, uint64_t last) const {
    return Range(ram_, first, last, first);
  }
  FlatRange Mmio(uint64_t first, uint64_t last) const {
    return Range(mmio_, first, last, 0);
  }

  std::unique_ptr<const FlatView> View(std::vector<FlatRange> ranges) const {
    auto view = FlatView::Build(&root_, std::move(ranges));
    view->CheckInvariants();
    return view;
  }
  static std::vector<FlatRange> RangesOf(const FlatView& view) {
    return std::vector<FlatRange>(view.begin(), view.end());
  }
  // Of `before`, after a splice.
  std::vector<FlatRange> Spliced(const FlatView& before, uint64_t first,
                                 uint64_t last,
                                 const std::vector<FlatRange>& ranges) {
    RetireList replaced;
    const std::vector<FlatRange> old = RangesOf(before);
    const auto after =
        before.Splice({Addr(first), Addr(last)}, ranges, replaced);
    after->CheckInvariants();
    EXPECT_EQ(after->root(), before.root());
    // The old version still answers, until what it consists of is freed.
    EXPECT_EQ(RangesOf(before), old);
    return RangesOf(*after);
  }

  Topology topology_;
  Owner board_{topology_, "board"};
  Region& root_ = **topology_.AddContainer(board_, "root");
  Region& ram_ = **topology_.AddRam(board_, "ram", ByteCount::TwoTo64(),
                                    RamBacking::None());
  Region& mmio_ = **topology_.AddMmio(board_, "mmio", 0x1000);
};

// ---- Build, Find, Seek.

TEST_F(FlatViewTest, TheEmptyViewHasNothing) {
  const auto view = FlatView::Build(nullptr, {});
  view->CheckInvariants();
  EXPECT_TRUE(view->empty());
  EXPECT_EQ(view->size(), 0u);
  EXPECT_EQ(view->root(), nullptr);
  EXPECT_EQ(view->begin(), view->end());
  EXPECT_EQ(view->Find(Addr(0)), nullptr);
  EXPECT_EQ(view->Seek(Addr(kMax)), view->end());
}

TEST_F(FlatViewTest, FindAtEveryEdge) {
  const auto view = View({Ram(0x10, 0x1f), Mmio(0x20, 0x20), Ram(0x30, kMax)});
  EXPECT_EQ(view->size(), 3u);
  EXPECT_EQ(view->Find(Addr(0)), nullptr);
  EXPECT_EQ(view->Find(Addr(0xf)), nullptr);
  EXPECT_EQ(*view->Find(Addr(0x10)), Ram(0x10, 0x1f));
  EXPECT_EQ(*view->Find(Addr(0x1f)), Ram(0x10, 0x1f));
  EXPECT_EQ(*view->Find(Addr(0x20)), Mmio(0x20, 0x20));
  EXPECT_EQ(view->Find(Addr(0x21)), nullptr);
  EXPECT_EQ(view->Find(Addr(0x2f)), nullptr);
  EXPECT_EQ(*view->Find(Addr(0x30)), Ram(0x30, kMax));
  EXPECT_EQ(*view->Find(Addr(kMax)), Ram(0x30, kMax));
  EXPECT_EQ(view->Find(Addr(0x18))->OffsetOf(Addr(0x18)), 0x18u);
}

TEST_F(FlatViewTest, SeekGoesToTheNextRangeAboveAHole) {
  const auto view = View({Ram(0x10, 0x1f), Mmio(0x30, 0x3f)});
  EXPECT_EQ(*view->Seek(Addr(0)), Ram(0x10, 0x1f));
  EXPECT_EQ(*view->Seek(Addr(0x1f)), Ram(0x10, 0x1f));
  EXPECT_EQ(*view->Seek(Addr(0x20)), Mmio(0x30, 0x3f));
  EXPECT_EQ(*view->Seek(Addr(0x3f)), Mmio(0x30, 0x3f));
  EXPECT_EQ(view->Seek(Addr(0x40)), view->end());
}

TEST_F(FlatViewTest, OneRangeMayBeEverything) {
  const auto view = View({Ram(0, kMax)});
  EXPECT_EQ(*view->Find(Addr(0)), Ram(0, kMax));
  EXPECT_EQ(*view->Find(Addr(kMax)), Ram(0, kMax));
}

TEST_F(FlatViewTest, IterationIsInAddressOrder) {
  const auto view = View({Ram(0, 1), Mmio(5, 6), Ram(9, 9)});
  EXPECT_THAT(RangesOf(*view), ElementsAre(Ram(0, 1), Mmio(5, 6), Ram(9, 9)));
  auto at = view->begin();
  EXPECT_EQ(at++->range.first, Addr(0));
  EXPECT_EQ((++at)->range.first, Addr(9));
}

TEST_F(FlatViewTest, BuildMergesNeighbours) {
  const auto view = View({Ram(0, 7), Ram(8, 15), Ram(16, 16), Mmio(17, 18)});
  EXPECT_THAT(RangesOf(*view), ElementsAre(Ram(0, 16), Mmio(17, 18)));
}

// ---- CanMerge: SEMANTICS 2.4, condition by condition.

TEST_F(FlatViewTest, CanMergeNeedsEveryCondition) {
  const FlatRange left = Ram(0x10, 0x1f);
  const FlatRange right = Ram(0x20, 0x2f);
  EXPECT_TRUE(CanMerge(left, right));
  EXPECT_FALSE(CanMerge(right, left));
  EXPECT_FALSE(CanMerge(left, Ram(0x21, 0x2f)));                 // 1
  EXPECT_FALSE(CanMerge(left, Range(mmio_, 0x20, 0x2f, 0x20)));  // 2
  EXPECT_FALSE(CanMerge(left, Range(ram_, 0x20, 0x2f, 0x21)));   // 3
  const auto differs = [&](auto change) {
    FlatRange other = right;
    change(other);
    return !CanMerge(left, other);
  };
  EXPECT_TRUE(differs([](FlatRange& r) { r.dirty_log_mask = 1; }));  // 4
  EXPECT_TRUE(differs([](FlatRange& r) { r.romd = true; }));         // 5
  EXPECT_TRUE(differs([](FlatRange& r) { r.readonly = true; }));     // 6
  EXPECT_TRUE(differs([](FlatRange& r) { r.nonvolatile = true; }));  // 7
  EXPECT_TRUE(differs([](FlatRange& r) { r.unmergeable = true; }));  // 8
  FlatRange apart = left;
  apart.unmergeable = true;
  EXPECT_FALSE(CanMerge(apart, right));
  FlatRange apart_too = right;
  apart_too.unmergeable = true;
  EXPECT_FALSE(CanMerge(apart, apart_too));
}

TEST_F(FlatViewTest, EqualAttributesMergeWhateverTheyAre) {
  FlatRange left = Ram(0, 7);
  FlatRange right = Ram(8, 15);
  for (FlatRange* r : {&left, &right}) {
    r->dirty_log_mask = 5;
    r->romd = r->readonly = r->nonvolatile = true;
  }
  EXPECT_TRUE(CanMerge(left, right));
}

TEST_F(FlatViewTest, AnOffsetThatWrapsIsNoContinuation) {
  EXPECT_FALSE(CanMerge(Range(ram_, 0x10, 0x1f, kMax - 0xf),
                        Range(ram_, 0x20, 0x2f, 0)));
}

TEST_F(FlatViewTest, NothingFollowsTheLastAddress) {
  EXPECT_FALSE(CanMerge(Range(ram_, 0, kMax, 0), Range(ram_, 0, 1, 0)));
}

// ---- Splice.

TEST_F(FlatViewTest, SpliceIntoTheEmptyView) {
  EXPECT_THAT(Spliced(*View({}), 0x10, 0x1f, {Ram(0x12, 0x13)}),
              ElementsAre(Ram(0x12, 0x13)));
}

TEST_F(FlatViewTest, SpliceReplacesWhatLiesInside) {
  const auto view = View({Ram(0, 7), Mmio(0x10, 0x17), Ram(0x20, 0x27)});
  EXPECT_THAT(Spliced(*view, 0x8, 0x1f, {Mmio(0x18, 0x19)}),
              ElementsAre(Ram(0, 7), Mmio(0x18, 0x19), Ram(0x20, 0x27)));
}

TEST_F(FlatViewTest, SpliceOfNothingMakesAHole) {
  const auto view = View({Ram(0, 7), Mmio(0x10, 0x17), Ram(0x20, 0x27)});
  EXPECT_THAT(Spliced(*view, 0x10, 0x17, {}),
              ElementsAre(Ram(0, 7), Ram(0x20, 0x27)));
}

TEST_F(FlatViewTest, ARangeOverBothEdgesKeepsBothParts) {
  const auto view = View({Ram(0, 0xff)});
  EXPECT_THAT(Spliced(*view, 0x10, 0x1f, {}),
              ElementsAre(Ram(0, 0xf), Ram(0x20, 0xff)));
}

TEST_F(FlatViewTest, RangesOverOneEdgeKeepThePartOutside) {
  const auto view = View({Ram(0, 0x17), Mmio(0x18, 0x2f)});
  EXPECT_THAT(
      Spliced(*view, 0x10, 0x1f, {Mmio(0x12, 0x13)}),
      ElementsAre(Ram(0, 0xf), Mmio(0x12, 0x13), Range(mmio_, 0x20, 0x2f, 8)));
}

TEST_F(FlatViewTest, SpliceMergesAtTheLowerSeam) {
  const auto view = View({Ram(0, 0xf), Mmio(0x10, 0x1f)});
  EXPECT_THAT(Spliced(*view, 0x10, 0x1f, {Ram(0x10, 0x13)}),
              ElementsAre(Ram(0, 0x13)));
}

TEST_F(FlatViewTest, SpliceMergesAtTheUpperSeam) {
  const auto view = View({Mmio(0, 0xf), Ram(0x10, 0x1f)});
  EXPECT_THAT(Spliced(*view, 0, 0xf, {Ram(0x8, 0xf)}),
              ElementsAre(Ram(0x8, 0x1f)));
}

TEST_F(FlatViewTest, SpliceMergesAtBothSeams) {
  const auto view = View({Ram(0, 0xf), Mmio(0x10, 0x1f), Ram(0x20, 0x2f)});
  EXPECT_THAT(Spliced(*view, 0x10, 0x1f, {Ram(0x10, 0x1f)}),
              ElementsAre(Ram(0, 0x2f)));
}

TEST_F(FlatViewTest, SpliceInsideARangePutsItBackTogether) {
  const auto view = View({Ram(0, 0xff)});
  EXPECT_THAT(Spliced(*view, 0x10, 0x1f, {Ram(0x10, 0x1f)}),
              ElementsAre(Ram(0, 0xff)));
}

TEST_F(FlatViewTest, SpliceDoesNotMergeWhatMayNotBe) {
  FlatRange readonly = Ram(0x10, 0x1f);
  readonly.readonly = true;
  const auto view = View({Ram(0, 0xff)});
  EXPECT_THAT(Spliced(*view, 0x10, 0x1f, {readonly}),
              ElementsAre(Ram(0, 0xf), readonly, Ram(0x20, 0xff)));
}

TEST_F(FlatViewTest, NothingOutsideIsTouched) {
  // Two unmergeable pieces that touch stay two, however near the splice.
  FlatRange low = Ram(0, 7);
  FlatRange high = Ram(8, 15);
  low.unmergeable = high.unmergeable = true;
  const auto view = View({low, high, Mmio(0x20, 0x2f)});
  EXPECT_THAT(Spliced(*view, 0x20, 0x2f, {}), ElementsAre(low, high));
}

TEST_F(FlatViewTest, SpliceOfTheWholeSpace) {
  const auto view = View({Ram(0, 7), Mmio(0x10, 0x17)});
  EXPECT_THAT(Spliced(*view, 0, kMax, {Ram(0, kMax)}),
              ElementsAre(Ram(0, kMax)));
}

TEST_F(FlatViewTest, SpliceAtTheEndsOfTheSpace) {
  const auto view = View({Ram(0, kMax)});
  EXPECT_THAT(Spliced(*view, 0, 0, {Mmio(0, 0)}),
              ElementsAre(Mmio(0, 0), Ram(1, kMax)));
  const auto other = View({Ram(0, kMax)});
  EXPECT_THAT(Spliced(*other, kMax, kMax, {Mmio(kMax, kMax)}),
              ElementsAre(Ram(0, kMax - 1), Mmio(kMax, kMax)));
}

TEST_F(FlatViewTest, SpliceOfOneByteInAHole) {
  const auto view = View({Ram(0, 7), Ram(9, 15)});
  EXPECT_THAT(Spliced(*view, 8, 8, {Ram(8, 8)}), ElementsAre(Ram(0, 15)));
}

// F4, against the plain way: each address by itself.
TEST_F(FlatViewTest, RandomSplicesLeaveEveryByteAsItWasPut) {
  constexpr uint64_t kBytes = 64;
  std::vector<FlatRange> shown(kBytes);  // By address; region null: a hole.
  auto view = View({});
  uint64_t state = 1;
  const auto random = [&](uint64_t below) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % below;
  };
  for (int step = 0; step < 2000; ++step) {
    const uint64_t a = random(kBytes);
    const uint64_t b = random(kBytes);
    const uint64_t first = std::min(a, b);
    const uint64_t last = std::max(a, b);
    std::vector<FlatRange> ranges;
    for (uint64_t at = first; at <= last; ++at) {
      shown[at] = FlatRange();
      const uint64_t dice = random(6);
      if (dice == 0) continue;
      // Runs of one byte: what comes out is merged by the view alone.
      ranges.push_back(dice < 5 ? Ram(at, at) : Mmio(at, at));
      if (dice == 4) ranges.back().readonly = true;
      shown[at] = ranges.back();
    }
    RetireList replaced;
    view = view->Splice({Addr(first), Addr(last)}, ranges, replaced);
    view->CheckInvariants();
    for (uint64_t at = 0; at < kBytes; ++at) {
      const FlatRange* found = view->Find(Addr(at));
      ASSERT_EQ(found ? found->region : nullptr, shown[at].region) << at;
      if (found == nullptr) continue;
      ASSERT_EQ(found->OffsetOf(Addr(at)), shown[at].offset) << at;
      ASSERT_EQ(found->readonly, shown[at].readonly) << at;
    }
  }
}

TEST_F(FlatViewTest, AnOldVersionMayGoBeforeOrAfterItsList) {
  for (const bool view_first : {true, false}) {
    auto old = View({Ram(0, 0xff)});
    RetireList replaced;
    const auto next = old->Splice({Addr(0), Addr(0)}, {}, replaced);
    EXPECT_EQ(*old->Find(Addr(0)), Ram(0, 0xff));
    if (view_first) old.reset();
    replaced.FreeAll();
    EXPECT_EQ(next->Find(Addr(0)), nullptr);
    EXPECT_EQ(*next->Find(Addr(1)), Ram(1, 0xff));
  }
}

using FlatViewDeathTest = FlatViewTest;

TEST_F(FlatViewDeathTest, SplicingAnOldVersion) {
  const auto old = View({Ram(0, 0xff)});
  RetireList replaced;
  const auto next = old->Splice(AddrRange::All(), {}, replaced);
  EXPECT_DEATH(old->Splice(AddrRange::All(), {}, replaced), "F3: ");
}

TEST_F(FlatViewDeathTest, CheckInvariantsSeesDisorderAndOverlap) {
  EXPECT_DEATH(View({Mmio(8, 9), Ram(0, 1)}), "F1: ");
  EXPECT_DEATH(View({Mmio(0, 9), Ram(9, 10)}), "F1: ");
  EXPECT_DEATH(View({Ram(9, 8)}), "F1: ");
  FlatRange nothing = Ram(0, 1);
  nothing.region = nullptr;
  EXPECT_DEATH(View({nothing}), "F1: ");
  EXPECT_DEATH(FlatView::Build(nullptr, {Ram(0, 1)})->CheckInvariants(),
               "F1: ");
}

// ---- Diff.

class Recorder : public DiffSink {
 public:
  explicit Recorder(bool wants_kept = false) : wants_kept_(wants_kept) {}
  void Removed(const FlatRange& r) override { Record("-", r); }
  void Added(const FlatRange& r) override { Record("+", r); }
  bool WantsKept() const override { return wants_kept_; }
  void Kept(const FlatRange& before, const FlatRange& after) override {
    Record("=", before);
    masks.emplace_back(before.dirty_log_mask, after.dirty_log_mask);
  }

  std::vector<std::string> heard;
  std::vector<std::pair<int, int>> masks;

 private:
  void Record(const char* what, const FlatRange& r) {
    std::ostringstream out;
    out << what << r;
    heard.push_back(out.str());
  }
  const bool wants_kept_;
};

std::vector<std::string> Heard(const FlatView& before, const FlatView& after,
                               bool wants_kept = false) {
  Recorder recorder(wants_kept);
  Diff(before, after, recorder);
  return recorder.heard;
}

TEST_F(FlatViewTest, DiffOfEqualViewsIsNothing) {
  const auto a = View({Ram(0, 7), Mmio(9, 10)});
  const auto b = View({Ram(0, 7), Mmio(9, 10)});
  EXPECT_THAT(Heard(*a, *b), IsEmpty());
  EXPECT_THAT(Heard(*a, *a), IsEmpty());
  EXPECT_THAT(Heard(*a, *b, true),
              ElementsAre("=[0x0, 0x7] ram", "=[0x9, 0xa] mmio"));
}

TEST_F(FlatViewTest, DiffFromAndToNothing) {
  const auto empty = FlatView::Build(nullptr, {});
  const auto full = View({Ram(0, 7), Mmio(9, 10)});
  EXPECT_THAT(Heard(*empty, *full),
              ElementsAre("+[0x0, 0x7] ram", "+[0x9, 0xa] mmio"));
  EXPECT_THAT(Heard(*full, *empty),
              ElementsAre("-[0x0, 0x7] ram", "-[0x9, 0xa] mmio"));
}

TEST_F(FlatViewTest, DiffAscendsAndRemovesBeforeItAdds) {
  const auto a = View({Ram(0, 7), Mmio(8, 9), Ram(0x10, 0x17)});
  const auto b = View({Ram(0, 9), Mmio(0xc, 0xd), Ram(0x10, 0x17)});
  EXPECT_THAT(
      Heard(*a, *b, true),
      ElementsAre("-[0x0, 0x7] ram", "+[0x0, 0x9] ram", "-[0x8, 0x9] mmio",
                  "+[0xc, 0xd] mmio", "=[0x10, 0x17] ram @0x10"));
}

TEST_F(FlatViewTest, AnyAttributeButTheDirtyLogMakesADifference) {
  const auto a = View({Ram(0, 7)});
  const auto differs = [&](auto change) {
    FlatRange other = Ram(0, 7);
    change(other);
    return Heard(*a, *View({other})).size() == 2;
  };
  EXPECT_TRUE(differs([](FlatRange& r) { r.range.last = Addr(8); }));
  EXPECT_TRUE(differs([&](FlatRange& r) { r.region = &mmio_; }));
  EXPECT_TRUE(differs([](FlatRange& r) { r.offset = 1; }));
  EXPECT_TRUE(differs([](FlatRange& r) { r.kind = RegionKind::kMmio; }));
  EXPECT_TRUE(differs([](FlatRange& r) { r.romd = true; }));
  EXPECT_TRUE(differs([](FlatRange& r) { r.readonly = true; }));
  EXPECT_TRUE(differs([](FlatRange& r) { r.nonvolatile = true; }));
  EXPECT_TRUE(differs([](FlatRange& r) { r.unmergeable = true; }));
}

TEST_F(FlatViewTest, ADirtyLogMaskIsToldByKept) {
  const auto a = View({Ram(0, 7)});
  FlatRange logged = Ram(0, 7);
  logged.dirty_log_mask = 6;
  const auto b = View({logged});
  Recorder recorder(true);
  Diff(*a, *b, recorder);
  EXPECT_THAT(recorder.heard, ElementsAre("=[0x0, 0x7] ram"));
  EXPECT_THAT(recorder.masks, ElementsAre(std::make_pair(0, 6)));
  EXPECT_THAT(Heard(*a, *b), IsEmpty());
}

TEST_F(FlatViewTest, ViewsOfDifferentRootsDiffToo) {
  const auto a = View({Ram(0, 7), Mmio(8, 9)});
  const auto b = FlatView::Build(&mmio_, {Ram(0, 7)});
  EXPECT_THAT(Heard(*a, *b), ElementsAre("-[0x8, 0x9] mmio"));
}

}  // namespace
}  // namespace planish
