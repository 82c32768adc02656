// What a diff costs, and diffs of random versions. What it tells: see also
// flat_view_test.cc.

#include "planish/flatview/diff.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/base/retire_list.h"
#include "planish/flatview/flat_range.h"
#include "planish/flatview/flat_view.h"
#include "planish/regions/owner.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"

namespace planish {
namespace {

class Recorder : public DiffSink {
 public:
  explicit Recorder(bool wants_kept = false) : wants_kept_(wants_kept) {}
  void Removed(const FlatRange& r) override { Record("-", r); }
  void Added(const FlatRange& r) override { Record("+", r); }
  bool WantsKept() const override { return wants_kept_; }
  void Kept(const FlatRange& before, const FlatRange& after) override {
    Record("=", before);
    Record("/", after);
  }

  // The plain way, over whole views.
  void RecordPlainly(const std::vector<FlatRange>& before,
                     const std::vector<FlatRange>& after) {
    size_t i = 0;
    size_t j = 0;
    while (i < before.size() || j < after.size()) {
      const bool takes_old =
          j == after.size() ||
          (i < before.size() && before[i].range.first <= after[j].range.first);
      const bool takes_new =
          i == before.size() ||
          (j < after.size() && after[j].range.first <= before[i].range.first);
      if (takes_old && takes_new) {
        FlatRange same = after[j];
        same.dirty_log_mask = before[i].dirty_log_mask;
        if (same == before[i]) {
          if (wants_kept_) Kept(before[i], after[j]);
          ++i;
          ++j;
          continue;
        }
      }
      if (takes_old) Removed(before[i++]);
      if (takes_new) Added(after[j++]);
    }
  }

  std::string heard;

 private:
  void Record(const char* what, const FlatRange& r) {
    std::ostringstream out;
    out << what << r << " log " << int{r.dirty_log_mask} << "\n";
    heard += out.str();
  }
  const bool wants_kept_;
};

std::vector<FlatRange> RangesOf(const FlatView& view) {
  return std::vector<FlatRange>(view.begin(), view.end());
}

class DiffTest : public testing::Test {
 protected:
  uint64_t Random(uint64_t below) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return (state_ >> 33) % below;
  }
  FlatRange Nth(uint64_t i, uint64_t size = 0x400) const {
    FlatRange r;
    r.range = {Addr(i * 0x1000), Addr(i * 0x1000 + size - 1)};
    r.region = &mmio_;
    r.kind = mmio_.kind();
    return r;
  }
  static AddrRange PlaceOf(uint64_t i) {
    return {Addr(i * 0x1000), Addr(i * 0x1000 + 0xfff)};
  }
  std::unique_ptr<const FlatView> BuildUpTo(uint64_t n) const {
    std::vector<FlatRange> ranges;
    for (uint64_t i = 0; i < n; ++i) ranges.push_back(Nth(i));
    return FlatView::Build(&root_, std::move(ranges));
  }
  void ExpectAsPlain(const FlatView& before, const FlatView& after) {
    for (const bool wants_kept : {false, true}) {
      Recorder plain(wants_kept);
      plain.RecordPlainly(RangesOf(before), RangesOf(after));
      Recorder recorder(wants_kept);
      Diff(before, after, recorder);
      ASSERT_EQ(recorder.heard, plain.heard);
    }
  }

  Topology topology_;
  Owner board_{topology_, "board"};
  const Region& root_ = **topology_.AddContainer(board_, "root");
  const Region& mmio_ =
      **topology_.AddMmio(board_, "mmio", ByteCount::TwoTo64());

 private:
  uint64_t state_ = 1;
};

TEST_F(DiffTest, OfRandomVersions) {
  for (int line = 0; line < 30; ++line) {
    const uint64_t n = 1 + Random(2000);
    std::vector<std::unique_ptr<const FlatView>> versions;
    versions.push_back(BuildUpTo(Random(n)));
    std::vector<std::unique_ptr<RetireList>> held;
    for (int i = 0; i < 20; ++i) {
      held.push_back(std::make_unique<RetireList>());
      // Mostly little, at times much comes, goes, or changes.
      const uint64_t from = Random(n);
      const uint64_t to = Random(4) == 0 ? Random(n) : from + Random(3);
      std::vector<FlatRange> ranges;
      const uint64_t shape = Random(6);
      for (uint64_t at = from; at <= to; ++at) {
        if (shape == 0 || Random(5) == 0) continue;
        ranges.push_back(Nth(at, shape == 1 ? 0x200 : 0x400));
        if (shape == 2) ranges.back().dirty_log_mask = 1;
      }
      if (to < from) continue;
      versions.push_back(versions.back()->Splice(
          {PlaceOf(from).first, PlaceOf(to).last}, ranges, *held.back()));
    }
    for (int pair = 0; pair < 40; ++pair) {
      const auto& before = versions[Random(versions.size())];
      const auto& after = versions[Random(versions.size())];
      ExpectAsPlain(*before, *after);
      if (HasFatalFailure()) FAIL() << "line " << line;
    }
    // Equal ranges in nodes of another making.
    ExpectAsPlain(*FlatView::Build(&root_, RangesOf(*versions[0])),
                  *versions.back());
  }
}

class DiffCostTest : public DiffTest,
                     public testing::WithParamInterface<uint64_t> {
 protected:
  DiffCost CostOf(const FlatView& before, const FlatView& after) {
    Recorder recorder;
    return Diff(before, after, recorder);
  }
};

INSTANTIATE_TEST_SUITE_P(Ranges, DiffCostTest,
                         testing::Values(1000, 10'000, 100'000),
                         testing::PrintToStringParamName());

TEST_P(DiffCostTest, FollowsTheChange) {
  auto view = BuildUpTo(GetParam());
  for (const uint64_t changes : {1, 10, 100}) {
    std::vector<std::unique_ptr<const FlatView>> versions;
    RetireList held;
    versions.push_back(std::move(view));
    for (uint64_t i = 0; i < changes; ++i) {
      const uint64_t at = Random(GetParam());
      std::vector<FlatRange> ranges;
      if (versions.back()->Find(PlaceOf(at).first) == nullptr) {
        ranges.push_back(Nth(at));
      }
      versions.push_back(versions.back()->Splice(PlaceOf(at), ranges, held));
    }
    // A path in each view, and two leaves at most where one was split.
    const DiffCost cost = CostOf(*versions.front(), *versions.back());
    EXPECT_LE(cost.nodes, changes * 14);
    EXPECT_LE(cost.ranges, changes * 4 * 24);
    EXPECT_GE(cost.ranges, 8u);
    ExpectAsPlain(*versions.front(), *versions.back());
    view = std::move(versions.back());
  }
  EXPECT_EQ(CostOf(*view, *view).nodes, 0u);
}

TEST_P(DiffCostTest, OfAHalfThatGoesIsOfThatHalf) {
  const uint64_t n = GetParam();
  const auto view = BuildUpTo(n);
  RetireList held;
  const auto less = view->Splice({PlaceOf(n / 2).first, Addr::Max()}, {}, held);
  EXPECT_LE(CostOf(*view, *less).ranges, n / 2 + 2 * 24);
  EXPECT_LE(CostOf(*less, *view).ranges, n / 2 + 2 * 24);
  ExpectAsPlain(*view, *less);
  ExpectAsPlain(*less, *view);
}

}  // namespace
}  // namespace planish
