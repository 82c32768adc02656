#include "planish/dispatch/dispatch_table.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/base/retire_list.h"
#include "planish/dispatch/section.h"
#include "planish/flatview/flat_range.h"
#include "planish/flatview/flat_view.h"
#include "planish/regions/owner.h"
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

 private:
  uint64_t state_;
};

// One region of each kind. Views are made by hand: what a range shows is an
// argument here, not the outcome of rendering.
class DispatchTableTest : public testing::Test {
 protected:
  DispatchTableTest() {
    const ByteCount all = ByteCount::TwoTo64();
    const ByteCount size = uint64_t{1} << 62;
    regions_ = {
        topology_.AddRam(board_, "bare", size, RamBacking::None()).value(),
        topology_.AddRam(board_, "near", size, Host(0x7f00'0000'0000)).value(),
        topology_.AddRam(board_, "far", size, Host(0x7f00'1234'5678)).value(),
        topology_.AddRom(board_, "rom", size, Host(0x7e00'0000'0000)).value(),
        topology_.AddRomDevice(board_, "flash", size, Host(0x7d00'0000'0000))
            .value(),
        topology_.AddRamDevice(board_, "bar", size, Host(0x7c00'0000'0000))
            .value(),
        topology_.AddMmio(board_, "uart", all).value(),
        topology_.AddReservation(board_, "reserved", all).value(),
        topology_.AddIommu(board_, "iommu").value(),
    };
    root_ = topology_.AddContainer(board_, "root").value();
  }

  // Never followed.
  static RamBacking Host(uintptr_t address) {
    return RamBacking::Pointer(reinterpret_cast<void*>(address));
  }

  FlatRange Range(uint64_t first, uint64_t last, const Region* region,
                  uint64_t offset) const {
    FlatRange range;
    range.range = {Addr(first), Addr(last)};
    range.region = region;
    range.offset = offset;
    range.kind = region->kind();
    range.romd = region->romd();
    range.readonly = region->readonly();
    return range;
  }

  const Region* RandomRegion(Rng& rng) const {
    return regions_[rng.Below(regions_.size())];
  }

  // Ranges between the given boundaries, each third of which is a hole, with
  // regions, offsets and attributes at random.
  std::vector<FlatRange> RandomRanges(const std::set<uint64_t>& starts,
                                      Rng& rng) const {
    std::vector<FlatRange> ranges;
    for (auto at = starts.begin(); at != starts.end(); ++at) {
      const auto next = std::next(at);
      const uint64_t last = next == starts.end() ? kMax : *next - 1;
      if (rng.Below(3) == 0) continue;
      FlatRange range = Range(*at, last, RandomRegion(rng),
                              rng.Below(4) * 4096 + rng.Below(2) * 3);
      if (rng.Below(4) == 0) {
        range.dirty_log_mask = static_cast<uint8_t>(rng.Below(256));
      }
      if (rng.Below(4) == 0) range.nonvolatile = true;
      if (rng.Below(4) == 0) range.readonly = true;
      if (rng.Below(4) == 0) range.romd = !range.romd;
      range.unmergeable = true;  // So that each boundary stays one.
      ranges.push_back(range);
    }
    return ranges;
  }

  std::unique_ptr<const FlatView> View(std::vector<FlatRange> ranges) const {
    return FlatView::Build(root_, std::move(ranges));
  }

  Topology topology_;
  Owner board_{topology_, "board"};
  std::vector<const Region*> regions_;
  const Region* root_ = nullptr;
};

// ---- The oracle: the plain list of ranges, walked in order. Knows nothing of
// payloads, slots or descriptors, and asks regions itself.

struct Expected {
  SectionKind kind = SectionKind::kHole;
  uint64_t last = kMax;
  const FlatRange* range = nullptr;
  uint64_t host = 0;
};

SectionKind ExpectedKind(const FlatRange& range) {
  static const std::pair<RegionKind, SectionKind> kKinds[] = {
      {RegionKind::kRam, SectionKind::kRam},
      {RegionKind::kRom, SectionKind::kRom},
      {RegionKind::kRomDevice, SectionKind::kRomDevice},
      {RegionKind::kRamDevice, SectionKind::kRamDevice},
      {RegionKind::kMmio, SectionKind::kMmio},
      {RegionKind::kReservation, SectionKind::kReservation},
      {RegionKind::kIommu, SectionKind::kIommu}};
  for (const auto& [region, section] : kKinds) {
    if (region == range.kind) return section;
  }
  ADD_FAILURE();
  return SectionKind::kHole;
}

Expected Oracle(const std::vector<FlatRange>& ranges, uint64_t a) {
  // Lower bound by hand: the first range that does not end below `a`.
  size_t low = 0;
  size_t high = ranges.size();
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (ranges[middle].range.last.raw() < a) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  Expected expected;
  if (low == ranges.size()) return expected;
  const FlatRange& range = ranges[low];
  if (a < range.range.first.raw()) {
    expected.last = range.range.first.raw() - 1;
    return expected;
  }
  expected.kind = ExpectedKind(range);
  expected.last = range.range.last.raw();
  expected.range = &range;
  const RamBlock* ram = range.region->ram();
  if (ram != nullptr && (range.kind != RegionKind::kRomDevice || range.romd)) {
    expected.host = reinterpret_cast<uintptr_t>(ram->host()) + range.offset +
                    (a - range.range.first.raw());
  }
  return expected;
}

void ExpectAnswer(const std::vector<FlatRange>& ranges, const Section& got,
                  uint64_t a) {
  const Expected want = Oracle(ranges, a);
  ASSERT_EQ(got.addr(), Addr(a));
  ASSERT_EQ(got.kind(), want.kind) << Addr(a) << ": " << got;
  ASSERT_EQ(got.last(), Addr(want.last)) << Addr(a) << ": " << got;
  ASSERT_EQ(reinterpret_cast<uintptr_t>(got.host()), want.host)
      << Addr(a) << ": " << got;
  if (want.range == nullptr) {
    ASSERT_TRUE(got.is_hole());
    ASSERT_EQ(got.region(), nullptr);
    ASSERT_EQ(got.offset(), 0u);
    ASSERT_FALSE(got.readonly() || got.is_slow() || got.nonvolatile());
    return;
  }
  ASSERT_EQ(got.region(), want.range->region) << Addr(a) << ": " << got;
  ASSERT_EQ(got.offset(),
            want.range->offset + (a - want.range->range.first.raw()));
  ASSERT_EQ(got.readonly(), want.range->readonly);
  ASSERT_EQ(got.is_slow(), want.range->dirty_log_mask != 0);
  ASSERT_EQ(got.dirty_log_mask(), want.range->dirty_log_mask);
  ASSERT_EQ(got.nonvolatile(), want.range->nonvolatile);
  ASSERT_EQ(got.romd(), want.range->romd);
}

// Each edge, one below, one above, one in between, and the ends of the space.
std::vector<Addr> Probes(const std::vector<FlatRange>& ranges, Rng& rng) {
  std::vector<Addr> probes = {Addr(0), Addr(1), Addr(kMax), Addr(kMax - 1)};
  for (const FlatRange& range : ranges) {
    const uint64_t first = range.range.first.raw();
    const uint64_t last = range.range.last.raw();
    if (first != 0) probes.push_back(Addr(first - 1));
    probes.push_back(Addr(first));
    probes.push_back(
        Addr(first + (last - first == kMax ? rng.Next()
                                           : rng.Below(last - first + 1))));
    probes.push_back(Addr(last));
    if (last != kMax) probes.push_back(Addr(last + 1));
  }
  for (int i = 0; i < 50; ++i) probes.push_back(Addr(rng.Next()));
  return probes;
}

void ExpectTable(const std::vector<FlatRange>& ranges, const FlatView& view,
                 const DispatchTable& table, Rng& rng) {
  SCOPED_TRACE(std::string(table.form_name()) + ", " +
               std::to_string(ranges.size()) + " ranges");
  const std::vector<Addr> probes = Probes(ranges, rng);
  for (const Addr a : probes) {
    ExpectAnswer(ranges, table.Lookup(a), a.raw());
    if (testing::Test::HasFatalFailure()) return;
  }
  std::vector<Section> batch(probes.size());
  table.LookupBatch(probes, absl::MakeSpan(batch));
  for (size_t i = 0; i < probes.size(); ++i) {
    ExpectAnswer(ranges, batch[i], probes[i].raw());
    if (testing::Test::HasFatalFailure()) return;
  }
  table.CheckInvariants(view);
}

// By rule and in each family of forms.
void ExpectAllForms(const std::vector<FlatRange>& ranges, const FlatView& view,
                    Rng& rng) {
  for (const Force force : {Force::kNone, Force::kTree, Force::kRadix}) {
    DispatchTable::Options options;
    options.force = force;
    const auto table = DispatchTable::Build(view, options);
    ExpectTable(ranges, view, *table, rng);
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST_F(DispatchTableTest, EmptyViewIsOneHole) {
  Rng rng(1);
  const auto view = FlatView::Build(nullptr, {});
  ExpectAllForms({}, *view, rng);
  const auto table = DispatchTable::Build(*view);
  EXPECT_TRUE(table->Lookup(Addr(0)).is_hole());
  EXPECT_EQ(table->Lookup(Addr(0)).last(), Addr::Max());
}

TEST_F(DispatchTableTest, OneRangeCanBeTheWholeSpace) {
  Rng rng(2);
  const std::vector<FlatRange> ranges = {Range(0, kMax, regions_[6], 0)};
  ExpectAllForms(ranges, *View(ranges), rng);
}

TEST_F(DispatchTableTest, RangesAtBothEndsOfTheSpace) {
  Rng rng(3);
  for (const uint64_t size : {1u, 2u, 4096u, 4097u}) {
    const std::vector<FlatRange> ranges = {
        Range(0, size - 1, regions_[1], 0),
        Range(kMax - size + 1, kMax, regions_[6], 7)};
    ExpectAllForms(ranges, *View(ranges), rng);
  }
}

TEST_F(DispatchTableTest, PortsAreByteGranular) {
  Rng rng(4);
  std::vector<FlatRange> ranges;
  for (uint64_t port = 0; port < 0x10000; port += 1 + rng.Below(40)) {
    const uint64_t first = port;
    port += rng.Below(9);
    ranges.push_back(Range(first, port, regions_[6], 3 * first));
  }
  ExpectAllForms(ranges, *View(ranges), rng);
}

TEST_F(DispatchTableTest, AnswersOfEachKind) {
  const std::vector<FlatRange> ranges = {
      Range(0x1000, 0x1fff, regions_[1], 0x3000),
      Range(0x2000, 0x20ff, regions_[6], 8),
  };
  const auto view = View(ranges);
  const auto table = DispatchTable::Build(*view);

  const Section ram = table->Lookup(Addr(0x1040));
  EXPECT_EQ(ram.kind(), SectionKind::kRam);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(ram.host()), 0x7f00'0000'3040u);
  EXPECT_EQ(ram.region(), regions_[1]);
  EXPECT_EQ(ram.offset(), 0x3040u);
  EXPECT_EQ(ram.last(), Addr(0x1fff));

  const Section uart = table->Lookup(Addr(0x2003));
  EXPECT_EQ(uart.kind(), SectionKind::kMmio);
  EXPECT_EQ(uart.host(), nullptr);
  EXPECT_EQ(uart.region(), regions_[6]);
  EXPECT_EQ(uart.offset(), 11u);
  EXPECT_EQ(uart.last(), Addr(0x20ff));

  const Section hole = table->Lookup(Addr(0x2100));
  EXPECT_TRUE(hole.is_hole());
  EXPECT_EQ(hole.last(), Addr::Max());
}

// Every number of boundaries around each change of form, anywhere in 2^64, at
// several granularities.
TEST_F(DispatchTableTest, EachNumberOfBoundaries) {
  for (size_t count = 1; count <= 320; ++count) {
    const uint64_t seed = 1000 + count;
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const int shift = static_cast<int>(rng.Below(40));
    std::set<uint64_t> starts;
    while (starts.size() < count) {
      starts.insert(rng.Next() >> shift >> rng.Below(24) << rng.Below(16) >>
                    rng.Below(2));
    }
    const auto ranges = RandomRanges(starts, rng);
    ExpectAllForms(ranges, *View(ranges), rng);
    if (HasFatalFailure()) return;
  }
}

struct Shape {
  const char* name;
  int space_bits;    // Boundaries lie below 2^space_bits.
  int align_bits;    // At multiples of this.
  int cluster_bits;  // In clusters of this size; 0: anywhere.
  size_t clusters;
};

constexpr Shape kShapes[] = {
    {"bytes", 20, 0, 0, 0},      {"pages", 36, 12, 0, 0},
    {"units", 62, 30, 0, 0},     {"anywhere", 63, 0, 0, 0},
    {"clusters", 63, 0, 24, 5},  {"many clusters", 46, 4, 14, 300},
    {"one crowd", 63, 0, 22, 1},
};

TEST_F(DispatchTableTest, RandomMapsOfManyShapes) {
  for (const Shape& shape : kShapes) {
    for (const size_t count : {30u, 300u, 3000u, 30000u}) {
      const uint64_t seed = count + static_cast<uint64_t>(shape.space_bits);
      SCOPED_TRACE(std::string(shape.name) + ", seed " + std::to_string(seed));
      Rng rng(seed);
      std::vector<uint64_t> bases;
      for (size_t i = 0; i < shape.clusters; ++i) {
        bases.push_back(rng.Next() >> (64 - shape.space_bits));
      }
      std::set<uint64_t> starts;
      for (size_t i = 0; i < count; ++i) {
        // Every tenth lies anywhere, in clustered shapes too.
        uint64_t at = rng.Next() >> (64 - shape.space_bits);
        if (!bases.empty() && rng.Below(10) != 0) {
          at = bases[rng.Below(bases.size())] +
               (rng.Next() >> (64 - shape.cluster_bits));
        }
        starts.insert(at >> shape.align_bits << shape.align_bits);
      }
      const auto ranges = RandomRanges(starts, rng);
      ExpectAllForms(ranges, *View(ranges), rng);
      if (HasFatalFailure()) return;
    }
  }
}

// Boundaries that double in distance: each level of a radix sees one crowd.
TEST_F(DispatchTableTest, PowersOfTwoNestDeeply) {
  Rng rng(6);
  std::set<uint64_t> starts;
  for (int bit = 0; bit < 64; ++bit) {
    for (uint64_t i = 0; i < 8; ++i) starts.insert((uint64_t{1} << bit) + i);
  }
  const auto ranges = RandomRanges(starts, rng);
  ExpectAllForms(ranges, *View(ranges), rng);
}

TEST_F(DispatchTableTest, PagesGetTheirForm) {
  for (const uint64_t count : {300u, 1000u, 1100u, 5000u, 100000u}) {
    Rng rng(count);
    std::vector<FlatRange> ranges;
    for (uint64_t i = 0; i < count; ++i) {
      ranges.push_back(Range((i + 5) << 12, ((i + 6) << 12) - 1, regions_[1],
                             (count - i) << 12));
    }
    const auto view = View(ranges);
    EXPECT_EQ(DispatchTable::Build(*view)->form_name(), "pages");
    ExpectAllForms(ranges, *view, rng);
  }
}

TEST_F(DispatchTableTest, PagesUpToTheEndOfTheSpace) {
  Rng rng(7);
  std::vector<FlatRange> ranges;
  for (uint64_t i = 0; i < 2000; ++i) {
    const uint64_t first = 0 - ((2000 - i) << 12);
    ranges.push_back(Range(first, first + 4095, regions_[6], i << 13));
  }
  ExpectAllForms(ranges, *View(ranges), rng);
}

TEST_F(DispatchTableTest, FormsFollowSizeAndShape) {
  const auto form = [&](uint64_t count, auto first) {
    std::vector<FlatRange> ranges;
    for (uint64_t i = 0; i < count; ++i) {
      ranges.push_back(Range(first(i), first(i) + 0x40, regions_[6], i));
    }
    return std::string(DispatchTable::Build(*View(ranges))->form_name());
  };
  const auto even = [](uint64_t i) { return i * 0x12345; };
  // Three in 2^16 bytes, then three in as much from the next power of 4 on:
  // no root parts them all.
  const auto doubling = [](uint64_t i) {
    return (uint64_t{1} << (2 * (i / 16) + 12)) + (i % 16) * 0x50;
  };
  EXPECT_EQ(form(15, even), "scan");
  EXPECT_EQ(form(1000, even), "radix");
  EXPECT_EQ(form(100, doubling), "scan");
  EXPECT_EQ(form(400, doubling), "tree");
}

TEST_F(DispatchTableTest, LargeUniformRunsShareChunks) {
  // A long RAM between crowds of devices: its slots cost directory entries.
  std::vector<FlatRange> ranges;
  for (uint64_t i = 0; i < 2000; ++i) {
    ranges.push_back(Range(i << 12, (i << 12) + 0x7ff, regions_[6], i));
  }
  ranges.push_back(Range(0x800'0000, 0x8000'0000, regions_[1], 0));
  const auto view = View(ranges);
  DispatchTable::Options radix;
  radix.force = Force::kRadix;
  Rng rng(8);
  const auto table = DispatchTable::Build(*view, radix);
  ExpectTable(ranges, *view, *table, rng);
  EXPECT_LT(table->memory_bytes(), 160 * ranges.size());
}

TEST_F(DispatchTableTest, PiecesOfOneRegionShareADescriptor) {
  std::vector<FlatRange> pieces;
  std::vector<FlatRange> strangers;
  for (uint64_t i = 0; i < 1000; ++i) {
    const uint64_t first = i << 13;
    pieces.push_back(Range(first, first + 0xfff, regions_[1], first));
    strangers.push_back(Range(first, first + 0xfff, regions_[1], i << 15));
  }
  EXPECT_LT(DispatchTable::Build(*View(pieces))->memory_bytes() + 15000,
            DispatchTable::Build(*View(strangers))->memory_bytes());
}

TEST_F(DispatchTableTest, PatchedAnswersAsRebuilt) {
  Rng rng(9);
  std::vector<FlatRange> ranges;
  for (uint64_t i = 0; i < 500; ++i) {
    ranges.push_back(Range(i << 16, (i << 16) + 0xfff, regions_[6], i));
  }
  auto view = View(ranges);
  auto table = DispatchTable::Build(*view);
  for (int step = 0; step < 20; ++step) {
    RetireList replaced;
    const size_t at = rng.Below(ranges.size());
    const AddrRange hole = ranges[at].range;
    ranges.erase(ranges.begin() + static_cast<std::ptrdiff_t>(at));
    auto next_view = view->Splice(hole, {}, replaced);
    auto next = DispatchTable::Patch(*table, *next_view, {hole}, replaced);
    // The old one answers until the list is freed.
    EXPECT_FALSE(table->Lookup(hole.first).is_hole());
    EXPECT_TRUE(next->Lookup(hole.first).is_hole());
    ExpectTable(ranges, *next_view, *next, rng);
    // Either may go first.
    if (step % 2 == 0) {
      replaced.FreeAll();
      table = std::move(next);
    } else {
      table = std::move(next);
      replaced.FreeAll();
    }
    view = std::move(next_view);
  }
}

TEST_F(DispatchTableTest, AnOldVersionIsNotPatched) {
  const auto view = View({Range(0, 1, regions_[6], 0)});
  const auto table = DispatchTable::Build(*view);
  RetireList replaced;
  const auto next = DispatchTable::Patch(*table, *view, {}, replaced);
  EXPECT_DEATH(DispatchTable::Patch(*table, *view, {}, replaced), "D4");
}

TEST_F(DispatchTableTest, InvariantsSeeAnotherView) {
  const auto view = View({Range(0, 0xfff, regions_[6], 0)});
  const auto other = View({Range(0, 0xffe, regions_[6], 0)});
  const auto table = DispatchTable::Build(*view);
  table->CheckInvariants(*view);
  EXPECT_DEATH(table->CheckInvariants(*other), "D3");
}

}  // namespace
}  // namespace planish
