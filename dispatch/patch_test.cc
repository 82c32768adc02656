// Random programs of splices and patches, in each form, against the view and
// against tables that are built anew. Each program prints its seed.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/base/retire_list.h"
#include "planish/dispatch/dispatch_table.h"
#include "planish/dispatch/section.h"
#include "planish/flatview/flat_range.h"
#include "planish/flatview/flat_view.h"
#include "planish/regions/owner.h"
#include "planish/regions/ram_block.h"
#include "planish/regions/topology.h"

namespace planish {
namespace {

constexpr uint64_t kMax = UINT64_MAX;
using Force = DispatchTable::Options::Force;

class Rng {
 public:
  explicit Rng(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return (state_ >> 29) ^ (state_ << 35);
  }
  uint64_t Below(uint64_t bound) { return Next() % bound; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }

 private:
  uint64_t state_;
};

// Where ranges lie.
struct Shape {
  const char* name;
  int space_bits;    // Below 2^space_bits.
  int align_bits;    // At multiples of this.
  int cluster_bits;  // Most in clusters of this size; 0: anywhere.
  int size_bits;     // Up to 2^size_bits units of alignment long.
};

constexpr Shape kShapes[] = {
    {"bytes", 24, 0, 0, 4},        {"pages", 40, 12, 0, 6},
    {"anywhere", 64, 0, 0, 40},    {"clusters", 62, 4, 20, 6},
    {"one crowd", 40, 0, 14, 2},   {"iommu", 26, 12, 0, 0},
    {"two levels", 64, 20, 32, 3},
};

// A view and its table, edited together; old versions are kept for a while.
class Machine {
 public:
  Machine(const Shape& shape, Force force, uint64_t seed)
      : shape_(shape), rng_(seed) {
    const ByteCount size = uint64_t{1} << 62;
    const auto host = [](uintptr_t address) {
      // Never followed.
      return RamBacking::Pointer(reinterpret_cast<void*>(address));
    };
    root_ = topology_.AddContainer(board_, "root").value();
    regions_ = {
        topology_.AddRam(board_, "near", size, host(0x7f00'0000'0000)).value(),
        topology_.AddRam(board_, "far", size, host(0x7f00'1234'5678)).value(),
        topology_.AddMmio(board_, "uart", ByteCount::TwoTo64()).value(),
        topology_.AddRomDevice(board_, "flash", size, host(0x7d00'0000'0000))
            .value(),
    };
    for (uint64_t& cluster : clusters_) cluster = Anywhere();
    options_.force = force;
    options_.huge_pages = false;
    view_ = FlatView::Build(root_, {});
    table_ = DispatchTable::Build(*view_, options_, 0);
  }
  ~Machine() {
    while (!kept_.empty()) FreeOldest();
  }

  const FlatView& view() const { return *view_; }
  const DispatchTable& table() const { return *table_; }
  Rng& rng() { return rng_; }

  // One commit of some edits, which make the view grow, or shrink.
  void Commit(bool grow, size_t edits) {
    RetireList replaced(++commit_);
    intervals_.clear();
    Old old = {std::move(view_), std::move(table_), {}, nullptr, {}};
    const FlatView* from = old.view.get();
    for (size_t i = 0; i < edits; ++i) {
      std::vector<FlatRange> ranges;
      const AddrRange interval = Edit(*from, grow, ranges);
      auto next = from->Splice(interval, ranges, replaced);
      if (view_ != nullptr) old.between.push_back(std::move(view_));
      view_ = std::move(next);
      from = view_.get();
      intervals_.push_back(interval);
    }
    table_ = DispatchTable::Patch(*old.table, *view_, intervals_, replaced);
    made_bytes_ = replaced.bytes_made();
    old.replaced = std::make_unique<RetireList>(std::move(replaced));
    if (keep_one_in_ != 0 && rng_.OneIn(keep_one_in_)) {
      old.ranges.assign(old.view->begin(), old.view->end());
    }
    kept_.push_back(std::move(old));
    while (kept_.size() > keep_) FreeOldest();
  }

  // Near what the last commit changed, and at random.
  void CheckSome() {
    for (const AddrRange& interval : intervals_) {
      for (const uint64_t a : {interval.first.raw(), interval.last.raw()}) {
        for (const uint64_t b : {a - 1, a, a + 1}) Check(*view_, *table_, b);
      }
      for (int i = 0; i < 4; ++i) {
        Check(*view_, *table_,
              interval.first.raw() +
                  rng_.Next() %
                      (interval.last.raw() - interval.first.raw() / 2 + 1));
      }
    }
    for (int i = 0; i < 8; ++i) Check(*view_, *table_, Somewhere());
    for (const uint64_t a : {uint64_t{0}, kMax}) Check(*view_, *table_, a);
  }

  // Every edge, in this version and in a new table of the view; memory.
  void CheckAll() {
    table_->CheckInvariants(*view_);
    const auto rebuilt = DispatchTable::Build(*view_, options_, commit_);
    const auto same = [&](uint64_t a) {
      const Section patched = table_->Lookup(Addr(a));
      const Section fresh = rebuilt->Lookup(Addr(a));
      ASSERT_EQ(patched.kind(), fresh.kind()) << Addr(a);
      ASSERT_EQ(patched.last(), fresh.last()) << Addr(a);
      ASSERT_EQ(patched.host(), fresh.host()) << Addr(a);
      ASSERT_EQ(patched.region(), fresh.region()) << Addr(a);
      ASSERT_EQ(patched.offset(), fresh.offset()) << Addr(a);
      ASSERT_EQ(patched.dirty_log_mask(), fresh.dirty_log_mask()) << Addr(a);
      ASSERT_EQ(patched.readonly(), fresh.readonly()) << Addr(a);
    };
    for (const FlatRange& range : *view_) {
      const uint64_t first = range.range.first.raw();
      const uint64_t last = range.range.last.raw();
      for (const uint64_t a :
           {first - 1, first, first + (last - first) / 2, last, last + 1}) {
        same(a);
        if (testing::Test::HasFatalFailure()) return;
      }
    }
  }

  // How many commits' old versions are kept, and how often what they showed is
  // compared when they go.
  void Keep(size_t versions, uint64_t compare_one_in) {
    keep_ = versions;
    keep_one_in_ = compare_one_in;
    while (kept_.size() > keep_) FreeOldest();
  }

  size_t made_bytes() const { return made_bytes_; }
  size_t form_changes() const { return form_changes_; }

 private:
  struct Old {
    std::unique_ptr<const FlatView> view;
    std::unique_ptr<const DispatchTable> table;
    std::vector<std::unique_ptr<const FlatView>> between;
    std::unique_ptr<RetireList> replaced;
    std::vector<FlatRange> ranges;  // Of the view, if it is to be compared.
  };

  // What a view says, one address.
  static void Check(const FlatView& view, const DispatchTable& table,
                    uint64_t a) {
    const Section section = table.Lookup(Addr(a));
    const auto at = view.Seek(Addr(a));
    if (at == view.end() || at->range.first > Addr(a)) {
      ASSERT_TRUE(section.is_hole()) << Addr(a);
      ASSERT_EQ(section.last(), at == view.end()
                                    ? Addr::Max()
                                    : Addr(at->range.first.raw() - 1))
          << Addr(a);
      return;
    }
    ASSERT_EQ(section.region(), at->region) << Addr(a);
    ASSERT_EQ(section.offset(), at->OffsetOf(Addr(a))) << Addr(a);
    ASSERT_EQ(section.last(), at->range.last) << Addr(a);
    ASSERT_EQ(section.dirty_log_mask(), at->dirty_log_mask) << Addr(a);
    ASSERT_EQ(section.readonly(), at->readonly) << Addr(a);
  }

  void FreeOldest() {
    Old& old = kept_.front();
    for (const FlatRange& range : old.ranges) {
      for (const Addr a : {range.range.first, range.range.last}) {
        const Section section = old.table->Lookup(a);
        ASSERT_EQ(section.region(), range.region) << "an old version, " << a;
        ASSERT_EQ(section.offset(), range.OffsetOf(a)) << "an old version";
        ASSERT_EQ(section.last(), range.range.last) << "an old version";
      }
    }
    if (rng_.OneIn(2)) old.table.reset();
    old.replaced->FreeAll();
    kept_.pop_front();
  }

  uint64_t Align(uint64_t a) const {
    return a >> shape_.align_bits << shape_.align_bits;
  }
  uint64_t Anywhere() { return Align(rng_.Next() >> (64 - shape_.space_bits)); }
  uint64_t Somewhere() {
    if (shape_.cluster_bits == 0 || rng_.OneIn(10)) return Anywhere();
    return Align(clusters_[rng_.Below(std::size(clusters_))] +
                 (rng_.Next() >> (64 - shape_.cluster_bits)));
  }
  uint64_t Length() {
    const uint64_t units = 1 + (rng_.Next() >> (63 - shape_.size_bits)) / 2;
    return units << shape_.align_bits;
  }

  FlatRange RandomRange(uint64_t first, uint64_t last) {
    FlatRange range;
    range.range = {Addr(first), Addr(last)};
    range.region = regions_[rng_.Below(regions_.size())];
    range.kind = range.region->kind();
    range.romd = range.region->romd();
    // Few offsets, so that some ranges are pieces of one.
    range.offset = first + (rng_.Below(4) << 12);
    if (rng_.OneIn(8)) range.offset = rng_.Next() >> 8;
    if (rng_.OneIn(8)) range.dirty_log_mask = 5;
    range.unmergeable = rng_.OneIn(2);
    range.readonly = rng_.OneIn(8);
    return range;
  }

  // A range that exists, at random as far as addresses are; null if none.
  const FlatRange* Pick(const FlatView& view) {
    auto at = view.Seek(Addr(Somewhere()));
    if (at == view.end()) at = view.begin();
    return at == view.end() ? nullptr : &*at;
  }

  // What to splice next.
  AddrRange Edit(const FlatView& view, bool grow,
                 std::vector<FlatRange>& ranges) {
    const FlatRange* picked = Pick(view);
    const uint64_t kind = rng_.Below(16);
    if (picked != nullptr && (kind < 3 || (!grow && kind < 10))) {
      return picked->range;  // Removed.
    }
    if (picked != nullptr && kind == 3) {  // Shown otherwise.
      FlatRange range = *picked;
      range.dirty_log_mask ^= 1;
      if (rng_.OneIn(2)) range.readonly = !range.readonly;
      ranges.push_back(range);
      return range.range;
    }
    if (picked != nullptr && kind == 4) {  // Not changed at all.
      ranges.push_back(*picked);
      return picked->range;
    }
    if (kind == 5 && rng_.OneIn(8)) {  // At an end of the space.
      const uint64_t length = Length();
      const AddrRange end = rng_.OneIn(2)
                                ? AddrRange{Addr(0), Addr(length - 1)}
                                : AddrRange{Addr(0 - length), Addr(kMax)};
      if (rng_.OneIn(2)) {
        ranges.push_back(RandomRange(end.first.raw(), end.last.raw()));
      }
      return end;
    }
    if (kind == 6) {  // Several, and what is between.
      uint64_t at = Somewhere();
      const uint64_t first = at;
      for (uint64_t i = rng_.Below(6); i != 0; --i) {
        const uint64_t length = Length();
        if (kMax - at < 2 * length) break;
        ranges.push_back(RandomRange(at, at + length - 1));
        at += length + (rng_.OneIn(2) ? 0 : Length());
      }
      const uint64_t last =
          ranges.empty() ? first : ranges.back().range.last.raw();
      return {Addr(first), Addr(last)};
    }
    const uint64_t first = Somewhere();
    const uint64_t last = std::max(first, first + (Length() - 1));
    ranges.push_back(RandomRange(first, last));
    return {Addr(first), Addr(last)};
  }

  const Shape shape_;
  Rng rng_;
  Topology topology_;
  Owner board_{topology_, "board"};
  const Region* root_ = nullptr;
  std::vector<const Region*> regions_;
  uint64_t clusters_[5] = {};
  DispatchTable::Options options_;
  uint64_t commit_ = 0;
  std::unique_ptr<const FlatView> view_;
  std::unique_ptr<const DispatchTable> table_;
  std::vector<AddrRange> intervals_;
  std::deque<Old> kept_;
  size_t keep_ = 3;
  uint64_t keep_one_in_ = 8;
  size_t made_bytes_ = 0;
  size_t form_changes_ = 0;
};

std::string NameOf(Force force) {
  switch (force) {
    case Force::kNone:
      return "by rule";
    case Force::kTree:
      return "tree";
    case Force::kRadix:
      return "radix";
    case Force::kDeepRadix:
      return "deep radix";
  }
  return "?";
}

constexpr Force kForces[] = {Force::kNone, Force::kTree, Force::kRadix,
                             Force::kDeepRadix};

// Places for ranges, one after the other, as a guest may choose them.
struct Order {
  const char* name;
  uint64_t (*place)(uint64_t i, Rng& rng);  // Of 2^20 bytes at most.
};

constexpr Order kOrders[] = {
    {"spread", [](uint64_t, Rng& rng) { return rng.Next() >> 22 << 4; }},
    {"ascending", [](uint64_t i, Rng&) { return i << 21; }},
    {"descending", [](uint64_t i, Rng&) { return kMax - (i << 21) - 1000; }},
    {"doubling",
     [](uint64_t i, Rng& rng) {
       return (uint64_t{1} << (i % 60)) + (rng.Next() >> (63 - i % 60) << 1);
     }},
    {"ever denser",
     [](uint64_t i, Rng& rng) { return rng.Next() >> (4 + i / 256) << 4; }},
};

// Ranges that come and go, one in each commit, and a table that follows.
class Crowd {
 public:
  Crowd(Force force, uint64_t seed) : rng_(seed) {
    root_ = topology_.AddContainer(board_, "root").value();
    uart_ = topology_.AddMmio(board_, "uart", ByteCount::TwoTo64()).value();
    DispatchTable::Options options;
    options.force = force;
    options.huge_pages = false;
    view_ = FlatView::Build(root_, {});
    table_ = DispatchTable::Build(*view_, options, 0);
  }

  void Add(uint64_t first, uint64_t last) { Add(first, last, rng_.Next()); }
  void Add(uint64_t first, uint64_t last, uint64_t offset) {
    FlatRange range;
    range.range = {Addr(first), Addr(last)};
    range.region = uart_;
    range.kind = uart_->kind();
    range.offset = offset;
    Splice(range.range, {range});
  }
  void Remove(AddrRange interval) { Splice(interval, {}); }

  void CheckAt(uint64_t a) const {
    const Section section = table_->Lookup(Addr(a));
    const FlatRange* range = view_->Find(Addr(a));
    ASSERT_EQ(section.is_hole(), range == nullptr) << Addr(a);
    if (range == nullptr) return;
    ASSERT_EQ(section.offset(), range->OffsetOf(Addr(a))) << Addr(a);
    ASSERT_EQ(section.last(), range->range.last) << Addr(a);
  }
  void CheckAll() const { table_->CheckInvariants(*view_); }

  const FlatView& view() const { return *view_; }
  const DispatchTable& table() const { return *table_; }
  Rng& rng() { return rng_; }
  size_t most_made() const { return most_made_; }

 private:
  void Splice(AddrRange interval, std::vector<FlatRange> ranges) {
    RetireList replaced(++commit_);
    auto view = view_->Splice(interval, ranges, replaced);
    auto table = DispatchTable::Patch(*table_, *view, {interval}, replaced);
    most_made_ = std::max(most_made_, replaced.bytes_made());
    view_ = std::move(view);
    table_ = std::move(table);
  }

  Rng rng_;
  Topology topology_;
  Owner board_{topology_, "board"};
  const Region* root_ = nullptr;
  const Region* uart_ = nullptr;
  uint64_t commit_ = 0;
  std::unique_ptr<const FlatView> view_;
  std::unique_ptr<const DispatchTable> table_;
  size_t most_made_ = 0;
};

class PatchTest : public testing::Test {};

TEST_F(PatchTest, GrowsAndShrinksInEachForm) {
  for (const Shape& shape : kShapes) {
    for (const Force force : kForces) {
      const uint64_t seed = 1 + static_cast<uint64_t>(shape.space_bits);
      SCOPED_TRACE(std::string(shape.name) + ", " + NameOf(force) + ", seed " +
                   std::to_string(seed));
      Machine machine(shape, force, seed);
      for (int step = 0; step < 3000; ++step) {
        const bool grow = step % 1000 < 700;
        const size_t edits =
            machine.rng().OneIn(40) ? 30 : 1 + machine.rng().Below(3);
        machine.Commit(grow, edits);
        machine.CheckSome();
        if (step % 64 == 0) machine.CheckAll();
        if (HasFatalFailure()) {
          FAIL() << "step " << step << ", " << machine.table().form_name()
                 << ", " << machine.view().size() << " ranges";
        }
      }
    }
  }
}

// Pieces of a range that come one by one have a descriptor each. When they
// meet, every slot of the range must have the one that is still used.
TEST_F(PatchTest, PiecesThatMeetShareADescriptor) {
  for (const Force force : kForces) {
    SCOPED_TRACE(NameOf(force));
    Crowd crowd(force, 1);
    for (uint64_t i = 0; i < 600; ++i) {
      if (i >= 200 && i < 300) continue;
      crowd.Add(i << 16, (i << 16) + 0xff);
    }
    const uint64_t first = 200 << 16;
    const uint64_t last = (300 << 16) - 1;
    const uint64_t cover = 230 << 16;
    const uint64_t behind = 240 << 16;
    crowd.Add(first, cover - 1, /*offset=*/0);
    crowd.Add(cover, behind - 1, /*offset=*/1);
    crowd.Add(behind, last, /*offset=*/behind - first);
    crowd.CheckAll();
    crowd.Add(cover, behind - 1, /*offset=*/cover - first);
    ASSERT_EQ(crowd.view().Find(Addr(first))->range.last, Addr(last));
    crowd.CheckAll();
    // What is free now is used again.
    for (uint64_t i = 600; i < 700; ++i) crowd.Add(i << 16, (i << 16) + 0xff);
    crowd.CheckAll();
    for (uint64_t i = 200; i < 300; ++i) crowd.CheckAt(i << 16);
  }
}

// At the border between two forms, a table isn't made anew at each crossing.
TEST_F(PatchTest, KeepsItsFormAtABorder) {
  Crowd crowd(Force::kNone, 1);
  for (uint64_t i = 0; i < 15; ++i) crowd.Add(i << 20, (i << 20) + 0x123);
  EXPECT_EQ(crowd.table().form_name(), "scan");
  const AddrRange next = {Addr(15 << 20), Addr((15 << 20) + 0x123)};
  const AddrRange after = {Addr(16 << 20), Addr((16 << 20) + 0x123)};
  for (int i = 0; i < 20; ++i) {
    crowd.Add(next.first.raw(), next.last.raw());
    crowd.Add(after.first.raw(), after.last.raw());
    EXPECT_EQ(crowd.table().form_name(), "radix") << i;
    crowd.Remove(next);
    crowd.Remove(after);
    EXPECT_EQ(crowd.table().form_name(), "radix") << i;
  }
  crowd.CheckAll();
}

TEST_F(PatchTest, GrowsFromNothingAndBackOneByOne) {
  for (const Order& order : kOrders) {
    for (const Force force : {Force::kNone, Force::kDeepRadix}) {
      const uint64_t seed = 7;
      SCOPED_TRACE(std::string(order.name) + ", " + NameOf(force));
      Crowd crowd(force, seed);
      const uint64_t most = order.name == kOrders[0].name ? 20'000 : 4'000;
      for (uint64_t i = 0; i < most; ++i) {
        const uint64_t first = order.place(i, crowd.rng());
        const uint64_t last = first + crowd.rng().Below(1 << 12);
        crowd.Add(first, std::max(first, last));
        crowd.CheckAt(first);
        crowd.CheckAt(last);
        crowd.CheckAt(crowd.rng().Next());
        if (i % (i < 3000 ? 8 : 100) == 0) crowd.CheckAll();
        if (HasFatalFailure()) FAIL() << i << " ranges";
      }
      while (!crowd.view().empty()) {
        auto at = crowd.view().Seek(Addr(crowd.rng().Next()));
        if (at == crowd.view().end()) at = crowd.view().begin();
        const AddrRange gone = at->range;
        crowd.Remove(gone);
        crowd.CheckAt(gone.first.raw());
        const size_t left = crowd.view().size();
        if (left % (left < 3000 ? 8 : 100) == 0) crowd.CheckAll();
        if (HasFatalFailure()) FAIL() << left << " ranges left";
      }
      EXPECT_LT(crowd.table().memory_bytes(), 8192u);
    }
  }
}

}  // namespace
}  // namespace planish
