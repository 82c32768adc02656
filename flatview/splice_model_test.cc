// Property: whatever is spliced into a view, it holds what a plain sorted
// vector holds after the same; every version answers as it did until it is
// freed; and what is made and what is listed as replaced add up to what there
// is.
//
// For a soak: PLANISH_PROGRAMS=100000 PLANISH_SEED=7 splice_model_test

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/base/retire_list.h"
#include "planish/flatview/flat_range.h"
#include "planish/flatview/flat_view.h"
#include "planish/flatview/view_nodes.h"
#include "planish/regions/owner.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"

namespace planish {
namespace {

// What a range shows. Both regions are seen at offset = address, so that runs
// of one kind melt, unless they are unmergeable.
enum class What : uint8_t { kRam, kMmio, kReadonly, kUnmergeable };

struct Put {
  uint64_t first;
  uint64_t last;
  What what;
};
struct Step {
  uint64_t first;
  uint64_t last;
  std::vector<Put> ranges;
  bool commits = true;  // False: the next one belongs to the same commit.
};
using Program = std::vector<Step>;

std::string AsCode(const Program& program) {
  const char* const names[] = {"What::kRam", "What::kMmio", "What::kReadonly",
                               "What::kUnmergeable"};
  std::ostringstream out;
  out << std::hex << std::showbase << std::boolalpha << "Program{";
  for (const Step& step : program) {
    out << "\n    {" << step.first << ", " << step.last << ", {";
    for (const Put& put : step.ranges) {
      out << (&put == step.ranges.data() ? "{" : ", {") << put.first << ", "
          << put.last << ", " << names[static_cast<size_t>(put.what)] << "}";
    }
    out << "}, " << step.commits << "},";
  }
  out << "}";
  return out.str();
}

// The plain way. Shares no code with the view, not even CanMerge().
class Plain {
 public:
  void Perform(const Step& step) {
    std::vector<Put> next;
    for (const Put& put : ranges_) {  // What reaches below the interval.
      if (put.first >= step.first) continue;
      next.push_back(put);
      next.back().last = std::min(put.last, step.first - 1);
    }
    next.insert(next.end(), step.ranges.begin(), step.ranges.end());
    for (const Put& put : ranges_) {  // And above.
      if (put.last <= step.last) continue;
      next.push_back(put);
      next.back().first = std::max(put.first, step.last + 1);
    }
    ranges_.clear();
    for (const Put& put : next) {
      if (!ranges_.empty() && ranges_.back().last + 1 == put.first &&
          ranges_.back().what == put.what && put.what != What::kUnmergeable) {
        ranges_.back().last = put.last;
      } else {
        ranges_.push_back(put);
      }
    }
  }

  const std::vector<Put>& ranges() const { return ranges_; }

 private:
  std::vector<Put> ranges_;
};

class Graph {
 public:
  FlatRange RangeOf(const Put& put) const {
    FlatRange r;
    r.range = {Addr(put.first), Addr(put.last)};
    r.region = put.what == What::kMmio ? &mmio_ : &ram_;
    r.kind = r.region->kind();
    r.offset = put.first;
    r.readonly = put.what == What::kReadonly;
    r.unmergeable = put.what == What::kUnmergeable;
    return r;
  }
  std::vector<FlatRange> RangesOf(const std::vector<Put>& puts) const {
    std::vector<FlatRange> ranges;
    ranges.reserve(puts.size());
    for (const Put& put : puts) ranges.push_back(RangeOf(put));
    return ranges;
  }
  std::unique_ptr<const FlatView> Build(std::vector<FlatRange> ranges) const {
    return FlatView::Build(&root_, std::move(ranges), 1);
  }

 private:
  Topology topology_;
  Owner board_{topology_, "board"};
  const Region& root_ = **topology_.AddContainer(board_, "root");
  const Region& ram_ = **topology_.AddRam(board_, "ram", ByteCount::TwoTo64(),
                                          RamBacking::None());
  const Region& mmio_ =
      **topology_.AddMmio(board_, "mmio", ByteCount::TwoTo64());
};

std::vector<FlatRange> RangesOf(const FlatView& view) {
  return std::vector<FlatRange>(view.begin(), view.end());
}

// A line of versions: the newest one, the last few before it with what they
// showed, and what each commit replaced.
class Line {
 public:
  // `held`: how many old versions are kept, with all that they consist of.
  Line(std::unique_ptr<const FlatView> first, size_t held)
      : newest_(std::move(first)),
        held_(held),
        replaced_(std::make_unique<RetireList>(commit_)) {}
  ~Line() {
    while (!old_.empty()) LetGo();
  }

  const FlatView& newest() const { return *newest_; }

  void Splice(AddrRange interval, const std::vector<FlatRange>& ranges) {
    const size_t nodes = newest_->totals().nodes;
    const size_t made = replaced_->nodes_made();
    const size_t listed = replaced_->size();
    auto next = newest_->Splice(interval, ranges, *replaced_);
    EXPECT_EQ(next->totals().nodes, nodes + (replaced_->nodes_made() - made) -
                                        (replaced_->size() - listed));
    between_.push_back(std::exchange(newest_, std::move(next)));
  }

  void Commit() {
    for (const RetireList::Piece& piece : replaced_->pieces()) {
      EXPECT_LE(piece.born, commit_);
    }
    // What this commit made and replaced again no version has ever shown.
    Old& old = old_.emplace_back();
    if (held_ > 0 && !between_.empty()) {
      old.view = std::move(between_.front());
      old.shows = RangesOf(*old.view);
    }
    between_.clear();
    old.replaced = std::move(replaced_);
    replaced_ = std::make_unique<RetireList>(++commit_);
    while (old_.size() > held_) LetGo();
  }

 private:
  struct Old {
    std::unique_ptr<const FlatView> view;  // Null: nothing was spliced.
    std::vector<FlatRange> shows;
    std::unique_ptr<RetireList> replaced;  // With what no later one shows.
  };

  // The oldest.
  void LetGo() {
    if (old_.front().view != nullptr) {
      EXPECT_EQ(RangesOf(*old_.front().view), old_.front().shows);
    }
    old_.pop_front();
  }

  uint64_t commit_ = 2;
  std::unique_ptr<const FlatView> newest_;
  std::vector<std::unique_ptr<const FlatView>> between_;
  const size_t held_;
  std::unique_ptr<RetireList> replaced_;
  std::deque<Old> old_;
};

// What is wrong with the view; nothing, if all is well.
std::string DifferenceFrom(const std::vector<FlatRange>& expected,
                           const FlatView& view) {
  std::ostringstream out;
  auto at = view.begin();
  for (const FlatRange& r : expected) {
    if (at == view.end() || !(*at == r)) {
      out << "shows ";
      if (at == view.end()) {
        out << "nothing";
      } else {
        out << *at;
      }
      out << " instead of " << r;
      return out.str();
    }
    const Addr first = r.range.first;
    for (const Addr a : {first, r.range.last}) {
      if (view.Find(a) != &*at || view.Seek(a) != at) {
        out << "doesn't find " << r << " at " << a;
        return out.str();
      }
    }
    if (first > Addr(0)) {
      const Addr below(first.raw() - 1);
      const FlatRange* const found = view.Find(below);
      if (found != nullptr && found->range.last != below) {
        out << "finds " << *found << " below " << r;
        return out.str();
      }
      if (found == nullptr && view.Seek(below) != at) {
        out << "doesn't seek up to " << r << " from " << below;
        return out.str();
      }
    }
    ++at;
  }
  if (at != view.end()) out << "shows " << *at << " behind the last";
  return out.str();
}

const Program* running = nullptr;

// The step that fails, and how; nothing if none does.
std::string FailureOf(const Program& program) {
  running = &program;
  const Graph graph;
  const size_t nodes_before = internal::LiveViewNodes();
  std::string failure;
  {
    Line line(graph.Build({}), /*held=*/8);
    Plain plain;
    for (size_t i = 0; i < program.size() && failure.empty(); ++i) {
      const Step& step = program[i];
      plain.Perform(step);
      line.Splice({Addr(step.first), Addr(step.last)},
                  graph.RangesOf(step.ranges));
      if (step.commits) line.Commit();
      line.newest().CheckInvariants();
      failure = DifferenceFrom(graph.RangesOf(plain.ranges()), line.newest());
      if (!failure.empty())
        failure = "step " + std::to_string(i) + " " + failure;
    }
  }
  if (failure.empty() && internal::LiveViewNodes() != nodes_before) {
    failure = "leaves nodes behind";
  }
  running = nullptr;
  return failure;
}

// An invariant that doesn't hold aborts; the program is wanted then too.
void PrintProgram(int signal) {
  if (running != nullptr) {
    std::fprintf(stderr, "in %s\n", AsCode(*running).c_str());
  }
  std::signal(signal, SIG_DFL);
}

Program Shrink(Program program) {
  for (size_t i = program.size(); i-- > 0;) {
    Program shorter = program;
    shorter.erase(shorter.begin() + static_cast<std::ptrdiff_t>(i));
    if (!FailureOf(shorter).empty()) program = std::move(shorter);
  }
  return program;
}

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 2 + 1) { Below(1); }
  uint64_t Below(uint64_t bound) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return (state_ >> 33) % bound;
  }
  uint64_t Any() { return Below(uint64_t{1} << 31) << 33 ^ Below(1u << 31); }

 private:
  uint64_t state_;
};

// Programs over a window of the address space: at its start, at its end, or
// over all of it in steps.
struct Window {
  uint64_t base;
  uint64_t units;
  uint64_t unit;  // In bytes.

  uint64_t First(uint64_t at) const { return base + at * unit; }
  uint64_t Last(uint64_t at) const { return base + at * unit + (unit - 1); }
};

Step RandomStep(const Window& window, bool grows, Random& random) {
  const uint64_t shape = random.Below(40);
  uint64_t from = random.Below(window.units);
  uint64_t length = 1 + random.Below(4);
  if (shape < 3) length = 1 + random.Below(window.units);
  if (shape == 3) {
    from = 0;
    length = window.units;
  }
  const uint64_t to = std::min(from + length, window.units) - 1;
  Step step{window.First(from), window.Last(to), {}, random.Below(4) != 0};
  // Sparse and dense, long runs and short ones.
  const uint64_t holes = grows ? 1 + random.Below(3) : 5 + random.Below(6);
  const uint64_t longest = random.Below(4) == 0 ? 64 : 2;
  for (uint64_t at = from; at <= to;) {
    const uint64_t end = std::min(to, at + random.Below(longest));
    if (random.Below(10) >= holes) {
      step.ranges.push_back({window.First(at), window.Last(end),
                             static_cast<What>(random.Below(4))});
    }
    at = end + 1;
  }
  return step;
}

Program RandomProgram(uint64_t seed) {
  Random random(seed);
  const uint64_t units = uint64_t{64} << random.Below(6);
  Window window{0, units, 1};
  switch (random.Below(3)) {
    case 0:
      break;
    case 1:
      window.base = UINT64_MAX - (units - 1);
      break;
    case 2:
      window.unit = (UINT64_MAX / units) + 1;
      break;
  }
  Program program;
  const size_t steps = 20 + random.Below(100);
  const size_t turn = random.Below(steps);  // From here on it shrinks.
  for (size_t i = 0; i < steps; ++i) {
    program.push_back(RandomStep(window, i < turn, random));
  }
  if (random.Below(2) == 0) {
    program.push_back({window.First(0), window.Last(units - 1), {}, true});
  }
  return program;
}

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 0);
}

TEST(SpliceModelTest, AViewHoldsWhatAPlainVectorHolds) {
  const uint64_t seed = FromEnvironment("PLANISH_SEED", 1);
  const uint64_t programs = FromEnvironment("PLANISH_PROGRAMS", 400);
  std::signal(SIGABRT, PrintProgram);
  for (uint64_t i = 0; i < programs; ++i) {
    const Program program = RandomProgram(seed + i);
    const std::string failure = FailureOf(program);
    if (failure.empty() && !testing::Test::HasFailure()) continue;
    const Program shrunk = Shrink(program);
    FAIL() << "PLANISH_SEED=" << seed + i << ", " << failure
           << "\nshrunk: " << FailureOf(shrunk) << "\n"
           << AsCode(shrunk);
  }
  std::signal(SIGABRT, SIG_DFL);
}

// ---- What it costs, by counting.

class SpliceCostTest : public testing::TestWithParam<uint64_t> {
 protected:
  // Range i of n, in the middle of its 0x1000 bytes: nothing touches.
  FlatRange Nth(uint64_t i) const {
    return graph_.RangeOf({i * 0x1000 + 0x400, i * 0x1000 + 0x7ff, What::kRam});
  }
  static AddrRange PlaceOf(uint64_t i) {
    return {Addr(i * 0x1000), Addr(i * 0x1000 + 0xfff)};
  }
  std::unique_ptr<const FlatView> BuildEvery(uint64_t step) const {
    std::vector<FlatRange> ranges;
    for (uint64_t i = 0; i < GetParam(); i += step) ranges.push_back(Nth(i));
    return graph_.Build(std::move(ranges));
  }

  const size_t nodes_before_ = internal::LiveViewNodes();
  Graph graph_;
};

INSTANTIATE_TEST_SUITE_P(Ranges, SpliceCostTest,
                         testing::Values(1000, 10'000, 100'000),
                         testing::PrintToStringParamName());

TEST_P(SpliceCostTest, OneRangeTakesOnePath) {
  Random random(1);
  auto view = BuildEvery(1);
  size_t worst_bytes = 0;
  size_t worst_nodes = 0;
  size_t bytes = 0;
  for (int i = 0; i < 20'000; ++i) {
    // In and out again at random, so that nodes overflow and run empty.
    const uint64_t at = random.Below(GetParam());
    RetireList replaced(static_cast<uint64_t>(i));
    const bool there = view->Find(Addr(at * 0x1000 + 0x400)) != nullptr;
    const FlatRange range = Nth(at);
    view = view->Splice(PlaceOf(at), absl::MakeConstSpan(&range, there ? 0 : 1),
                        replaced);
    worst_bytes = std::max(worst_bytes, replaced.bytes_made());
    worst_nodes = std::max(worst_nodes, replaced.nodes_made());
    bytes += replaced.bytes_made();
  }
  view->CheckInvariants();
  // Four levels; a splice makes one node of each, or two.
  EXPECT_LE(worst_nodes, 8u);
  EXPECT_LE(worst_bytes, 4096u);
  EXPECT_LE(bytes / 20'000, 2048u);
  // However old it is.
  EXPECT_LE(view->totals().bytes, 45 * view->size());
}

TEST_P(SpliceCostTest, WhatIsThereAlreadyCostsNothing) {
  auto view = BuildEvery(1);
  const std::vector<FlatRange> ranges = RangesOf(*view);
  RetireList replaced;
  view = view->Splice(AddrRange::All(), ranges, replaced);
  EXPECT_EQ(replaced.size(), 0u);
  EXPECT_EQ(replaced.nodes_made(), 0u);
  // Nor do those around the one that differs.
  std::vector<FlatRange> without = ranges;
  without.erase(without.begin() + 500);
  view = view->Splice(AddrRange::All(), without, replaced);
  EXPECT_LE(replaced.nodes_made(), 5u);
  EXPECT_EQ(RangesOf(*view), without);
}

TEST_P(SpliceCostTest, GrowsAndShrinksToNothing) {
  const uint64_t n = GetParam();
  Random random(2);
  std::vector<uint64_t> order(n);
  for (uint64_t i = 0; i < n; ++i) order[i] = i;
  const auto shuffle = [&] {
    for (uint64_t i = n; i > 1; --i) {
      std::swap(order[i - 1], order[random.Below(i)]);
    }
  };
  {
    Line line(graph_.Build({}), /*held=*/2);
    shuffle();
    for (uint64_t at : order) {
      line.Splice(PlaceOf(at), {Nth(at)});
      // Held versions are compared whole, which takes its time.
      if (at % (n / 50) == 0) line.Commit();
    }
    line.newest().CheckInvariants();
    EXPECT_EQ(DifferenceFrom(RangesOf(*BuildEvery(1)), line.newest()), "");
    EXPECT_LE(line.newest().totals().bytes, 45 * n);
    shuffle();
    for (uint64_t at : order) {
      line.Splice(PlaceOf(at), {});
      if (at % (n / 50) == 0) line.Commit();
    }
    line.newest().CheckInvariants();
    EXPECT_TRUE(line.newest().empty());
    EXPECT_EQ(line.newest().totals().nodes, 0u);
  }
  EXPECT_EQ(internal::LiveViewNodes(), nodes_before_);
}

TEST_P(SpliceCostTest, HalfGoesAtOnceAndComesBack) {
  auto view = BuildEvery(1);
  const size_t nodes = view->totals().nodes;
  const uint64_t half = GetParam() / 2;
  const AddrRange upper = {PlaceOf(half).first, Addr::Max()};
  RetireList gone(2);
  view = view->Splice(upper, {}, gone);
  view->CheckInvariants();
  EXPECT_EQ(view->size(), half);
  EXPECT_LE(gone.nodes_made(), 5u);
  EXPECT_LE(gone.size(), nodes / 2 + 5);
  std::vector<FlatRange> back;
  for (uint64_t i = half; i < GetParam(); ++i) back.push_back(Nth(i));
  RetireList replaced(3);
  view = view->Splice(upper, back, replaced);
  view->CheckInvariants();
  EXPECT_LE(replaced.size(), 5u);
  EXPECT_EQ(DifferenceFrom(RangesOf(*BuildEvery(1)), *view), "");
}

// ---- Births: V3.

TEST(SpliceBirthTest, AHeldVersionKeepsItsNodesAndNoOthers) {
  const Graph graph;
  const size_t nodes_before = internal::LiveViewNodes();
  Random random(3);
  auto view = graph.Build({});
  std::unique_ptr<const FlatView> held;
  std::vector<FlatRange> held_shows;
  std::vector<RetireList::Piece> waiting;
  constexpr uint64_t kHeld = 30;
  for (uint64_t commit = 2; commit <= 61; ++commit) {
    RetireList replaced(commit);
    std::unique_ptr<const FlatView> before;
    for (int i = 0; i < 20; ++i) {  // The last one takes all away.
      const Window window{0, 2000, 1};
      Step step = RandomStep(window, true, random);
      if (commit == 61) step = {0, UINT64_MAX, {}};
      auto next = view->Splice({Addr(step.first), Addr(step.last)},
                               graph.RangesOf(step.ranges), replaced);
      if (before == nullptr) before = std::move(view);
      view = std::move(next);
    }
    if (commit == kHeld + 1) {
      held = std::move(before);
      held_shows = RangesOf(*held);
    }
    for (const RetireList::Piece& piece : replaced.Release()) {
      if (piece.born <= kHeld && kHeld < commit) {
        waiting.push_back(piece);
        continue;
      }
      size_t budget = 1;
      EXPECT_TRUE(piece.free(piece.context, piece.what, budget));
    }
  }
  EXPECT_TRUE(view->empty());
  EXPECT_EQ(RangesOf(*held), held_shows);
  EXPECT_GT(held->totals().nodes, 20u);
  EXPECT_EQ(waiting.size(), held->totals().nodes);
  EXPECT_EQ(internal::LiveViewNodes(), nodes_before + waiting.size());
  for (const RetireList::Piece& piece : waiting) {
    size_t budget = 1;
    EXPECT_TRUE(piece.free(piece.context, piece.what, budget));
    EXPECT_EQ(budget, 0u);
  }
  EXPECT_EQ(internal::LiveViewNodes(), nodes_before);
}

// ---- Retire.

TEST_P(SpliceCostTest, RetireFreesInSteps) {
  auto view = BuildEvery(1);
  RetireList replaced(7);
  const FlatRange other = Nth(3);
  view = view->Splice(PlaceOf(2), {}, replaced);
  view = view->Splice(PlaceOf(3), absl::MakeConstSpan(&other, 1), replaced);
  replaced.FreeAll();
  const size_t nodes = view->totals().nodes;
  EXPECT_EQ(internal::LiveViewNodes(), nodes_before_ + nodes);
  FlatView::Retire(std::move(view), replaced);
  std::vector<RetireList::Piece> pieces = replaced.Release();
  ASSERT_EQ(pieces.size(), 1u);
  const RetireList::Piece& piece = pieces.front();
  EXPECT_EQ(piece.born, 1u);  // Most of it is as old as that.

  size_t left = nodes;
  for (bool done = false; !done;) {
    size_t budget = 10;
    done = piece.free(piece.context, piece.what, budget);
    const size_t freed = left - (internal::LiveViewNodes() - nodes_before_);
    EXPECT_EQ(freed, 10 - budget);
    EXPECT_TRUE(done || freed == 10);
    left -= freed;
  }
  EXPECT_EQ(left, 0u);
}

TEST(FlatViewRetireTest, OfNothingAndOfTheEmptyView) {
  RetireList replaced;
  FlatView::Retire(nullptr, replaced);
  EXPECT_EQ(replaced.size(), 0u);
  FlatView::Retire(FlatView::Build(nullptr, {}), replaced);
  EXPECT_EQ(replaced.size(), 1u);
}

TEST(FlatViewRetireTest, OfAVersionThatWasSplicedLeavesTheNodesAlone) {
  const Graph graph;
  auto old = graph.Build({graph.RangeOf({0, 7, What::kRam})});
  RetireList replaced;
  const auto next = old->Splice({Addr(20), Addr(30)}, {}, replaced);
  EXPECT_EQ(replaced.size(), 0u);
  FlatView::Retire(std::move(old), replaced);
  replaced.FreeAll();
  EXPECT_EQ(RangesOf(*next),
            std::vector<FlatRange>{graph.RangeOf({0, 7, What::kRam})});
}

}  // namespace
}  // namespace planish
