#include "planish/space/io_page_table.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <ostream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/base/rcu/rcu_domain.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/regions/iommu_ops.h"

namespace planish {
namespace {

constexpr uint64_t kPage = 4096;
constexpr uint64_t k2M = uint64_t{1} << 21;
constexpr uint64_t k1G = uint64_t{1} << 30;
constexpr uint64_t k512G = uint64_t{1} << 39;

AddrRange Pages(uint64_t first, uint64_t bytes) {
  return {Addr(first), Addr(first + (bytes - 1))};
}

class IoPageTableTest : public ::testing::Test {
 protected:
  IoMapping At(uint64_t a) {
    const ReadGuard guard(domain_);
    return table_.Lookup(guard, Addr(a));
  }
  IoMapping SpanAt(uint64_t a, uint64_t bytes) {
    const ReadGuard guard(domain_);
    return table_.LookupSpan(guard, Addr(a), bytes);
  }
  void Map(uint64_t first, uint64_t bytes, uint64_t target,
           IommuAccess allowed = IommuAccess::kReadWrite) {
    const absl::Status status =
        table_.Map(Pages(first, bytes), Addr(target), allowed);
    EXPECT_TRUE(status.ok()) << status;
    table_.CheckInvariants();
  }
  void Unmap(uint64_t first, uint64_t bytes) {
    const absl::Status status = table_.Unmap(Pages(first, bytes));
    EXPECT_TRUE(status.ok()) << status;
    table_.CheckInvariants();
  }

  RcuDomain domain_;
  IoPageTable table_{domain_};
};

TEST_F(IoPageTableTest, AnEmptyTableIsOneHoleAtAnyAddress) {
  EXPECT_EQ(At(0).first, Addr(0));
  EXPECT_FALSE(At(0).mapped());
  EXPECT_FALSE(At(UINT64_MAX).mapped());
  EXPECT_EQ(At(UINT64_MAX).last, Addr::Max());
  EXPECT_EQ(At(k512G).first, Addr(k512G));
}

TEST_F(IoPageTableTest, APageIsFoundWholeAndWithWhatItAllows) {
  Map(0x5000, kPage, 0x9000, IommuAccess::kRead);
  const IoMapping page = At(0x5678);
  EXPECT_EQ(page, (IoMapping{Addr(0x5000), Addr(0x5fff), Addr(0x9000),
                             IommuAccess::kRead}));
  EXPECT_EQ(page.TargetOf(Addr(0x5678)), Addr(0x9678));
  EXPECT_FALSE(At(0x4fff).mapped());
  EXPECT_FALSE(At(0x6000).mapped());
}

TEST_F(IoPageTableTest, PagesAreAsLargeAsRangeAndTargetLetThem) {
  Map(k1G - k2M - kPage, kPage + k2M + k1G + k2M + kPage,
      5 * k1G - k2M - kPage);
  EXPECT_EQ(At(k1G - k2M - 1).last - At(k1G - k2M - 1).first, kPage - 1);
  EXPECT_EQ(At(k1G - 1).last - At(k1G - 1).first, k2M - 1);
  EXPECT_EQ(At(k1G + 5).last - At(k1G + 5).first, k1G - 1);
  EXPECT_EQ(At(k1G + 5).TargetOf(Addr(k1G + 5)), Addr(5 * k1G + 5));
  EXPECT_EQ(At(2 * k1G).last - At(2 * k1G).first, k2M - 1);
  EXPECT_EQ(At(2 * k1G + k2M).last - At(2 * k1G + k2M).first, kPage - 1);
  // A target that is off by a page makes small pages of it.
  Map(4 * k1G, k2M, kPage);
  EXPECT_EQ(At(4 * k1G).last - At(4 * k1G).first, kPage - 1);
}

TEST_F(IoPageTableTest, TheWholeSpaceIsAFewEntries) {
  ASSERT_TRUE(
      table_.Map(AddrRange::All(), Addr(0), IommuAccess::kReadWrite).ok());
  table_.CheckInvariants();
  EXPECT_LT(table_.stats().nodes, 3u);
  for (const uint64_t a : {uint64_t{0}, k512G, UINT64_MAX}) {
    EXPECT_EQ(At(a).TargetOf(Addr(a)), Addr(a));
  }
  // A hole of one page at the very end.
  Unmap(UINT64_MAX - kPage + 1, kPage);
  EXPECT_FALSE(At(UINT64_MAX).mapped());
  EXPECT_EQ(At(UINT64_MAX).first, Addr(UINT64_MAX - kPage + 1));
  EXPECT_TRUE(At(UINT64_MAX - kPage).mapped());
  ASSERT_TRUE(table_.Unmap(AddrRange::All()).ok());
  EXPECT_FALSE(At(0).mapped());
  EXPECT_EQ(table_.stats().nodes, 1u);
}

TEST_F(IoPageTableTest, APartOfALargePageIsCutOut) {
  Map(0, k1G, k1G);
  EXPECT_EQ(table_.stats().nodes, 1u);
  Unmap(k2M + 3 * kPage, 2 * kPage);
  EXPECT_EQ(table_.stats().nodes, 3u);
  EXPECT_EQ(At(k2M + 3 * kPage).first, Addr(k2M + 3 * kPage));
  EXPECT_FALSE(At(k2M + 4 * kPage).mapped());
  EXPECT_EQ(At(k2M + 5 * kPage).target, Addr(k1G + k2M + 5 * kPage));
  EXPECT_EQ(At(0).last, Addr(k2M - 1));
  // And mapped over again, as one.
  Map(0, k1G, 0, IommuAccess::kRead);
  EXPECT_EQ(At(k2M),
            (IoMapping{Addr(0), Addr(k1G - 1), Addr(0), IommuAccess::kRead}));
  EXPECT_EQ(table_.stats().nodes, 1u);
}

TEST_F(IoPageTableTest, SpansMergeWhatGoesOnInTheTarget) {
  for (uint64_t i = 0; i < 8; ++i) Map(i * kPage, kPage, 0x100000 + i * kPage);
  Map(8 * kPage, kPage, 0x100000 + 9 * kPage);
  EXPECT_EQ(SpanAt(0x1010, 1).last, Addr(0x1fff));
  EXPECT_EQ(SpanAt(0x1010, 0xff0).last, Addr(0x1fff));
  EXPECT_EQ(SpanAt(0x1010, 0xff1).last, Addr(0x2fff));
  const IoMapping all = SpanAt(0x1010, UINT64_MAX);
  EXPECT_EQ(all.first, Addr(0x1000));
  EXPECT_EQ(all.last, Addr(0x7fff));
  EXPECT_EQ(all.TargetOf(Addr(0x7000)), Addr(0x107000));
}

TEST_F(IoPageTableTest, SpansEndWhereOtherAccessesAreAllowed) {
  Map(0, kPage, 0x100000);
  Map(kPage, kPage, 0x101000, IommuAccess::kRead);
  EXPECT_EQ(SpanAt(0, 2 * kPage).last, Addr(0xfff));
  // Across sizes of pages, and up to the end of the space.
  Map(k2M, k1G, k2M);
  EXPECT_EQ(SpanAt(k2M, 2 * k1G).last, Addr(k2M + k1G - 1));
  Map(UINT64_MAX - 2 * kPage + 1, 2 * kPage, 0);
  EXPECT_EQ(SpanAt(UINT64_MAX - kPage, UINT64_MAX).last, Addr::Max());
}

TEST_F(IoPageTableTest, WhatIsNoMappingIsRefused) {
  const auto expect_invalid = [&](const absl::Status& status) {
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  };
  const AddrRange page = Pages(0x1000, kPage);
  expect_invalid(table_.Map(page, Addr(0), IommuAccess::kNone));
  expect_invalid(table_.Map(page, Addr(8), IommuAccess::kRead));
  expect_invalid(table_.Map(page, Addr(0), static_cast<IommuAccess>(8)));
  expect_invalid(
      table_.Map({Addr(0x1001), Addr(0x1fff)}, Addr(0), IommuAccess::kRead));
  expect_invalid(table_.Unmap({Addr(0x1000), Addr(0x1ffe)}));
  expect_invalid(table_.Map({Addr(0), Addr(0x1fff)}, Addr(UINT64_MAX - 0xfff),
                            IommuAccess::kRead));
  EXPECT_FALSE(At(0x1000).mapped());
}

TEST_F(IoPageTableTest, ChangesThatWantTooManyNodesChangeNothing) {
  IoPageTable small(domain_, {.max_nodes = 4});
  const ReadGuard guard(domain_);
  ASSERT_TRUE(small.Map(Pages(0, k1G), Addr(0), IommuAccess::kRead).ok());
  // 512 nodes of small pages; and, past what could be at all, no try.
  for (const uint64_t bytes : {k1G, 1024 * k512G}) {
    EXPECT_EQ(
        small.Map(Pages(0, bytes), Addr(kPage), IommuAccess::kWrite).code(),
        absl::StatusCode::kResourceExhausted);
    small.CheckInvariants();
    EXPECT_EQ(small.Lookup(guard, Addr(k1G - 1)).allowed, IommuAccess::kRead);
    EXPECT_EQ(small.Lookup(guard, Addr(k1G - 1)).TargetOf(Addr(k1G - 1)),
              Addr(k1G - 1));
    EXPECT_FALSE(small.Lookup(guard, Addr(k1G)).mapped());
  }
  EXPECT_LE(small.stats().nodes + small.stats().waiting + small.stats().free,
            4u);
  // One page of each 2 MiB: each splits a node off, until there are none.
  uint64_t i = 0;
  while (i < 512 && small.Unmap(Pages(i * k2M, kPage)).ok()) ++i;
  ASSERT_LT(i, 4u);
  EXPECT_EQ(small.Lookup(guard, Addr(i * k2M)).TargetOf(Addr(i * k2M)),
            Addr(i * k2M));
}

TEST_F(IoPageTableTest, NodesWaitForReadersAndAreTakenAgain) {
  IoPageTable table(domain_, {.max_nodes = 8});
  const auto map_and_drop = [&](uint64_t at) {
    const absl::Status mapped =
        table.Map(Pages(at, kPage), Addr(0), IommuAccess::kRead);
    const absl::Status dropped = table.Unmap(Pages(at & ~(k1G - 1), k1G));
    return mapped.ok() && dropped.ok();
  };
  {
    // A reader that was here first keeps all of them.
    std::atomic<int> stage{0};
    std::thread reader([&] {
      const ReadGuard guard(domain_);
      stage = 1;
      while (stage != 2) std::this_thread::yield();
    });
    while (stage != 1) std::this_thread::yield();
    int done = 0;
    while (map_and_drop(0)) ++done;
    EXPECT_EQ(done, 3);
    stage = 2;
    reader.join();
  }
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(map_and_drop(0));
  table.CheckInvariants();
  EXPECT_EQ(table.stats().nodes, 1u);
}

TEST_F(IoPageTableTest, EmptyNodesAreKeptButNotForEver) {
  // One page at a time: the node stays for the next one.
  for (int i = 0; i < 100; ++i) {
    Map(0, kPage, 0);
    Unmap(0, kPage);
    EXPECT_EQ(table_.stats().nodes, 3u);
    EXPECT_EQ(table_.stats().waiting, 0u);
  }
  for (uint64_t i = 0; i < 500; ++i) {
    Map(i * k2M, kPage, 0);
    Unmap(i * k2M, kPage);
  }
  EXPECT_LT(table_.stats().nodes, 40u);
}

// ---- The oracle: a map from first addresses to what is there.

class Model {
 public:
  struct Run {
    uint64_t last;
    uint64_t target;
    IommuAccess allowed;
  };

  void Unmap(uint64_t first, uint64_t last) {
    Cut(first);
    if (last != UINT64_MAX) Cut(last + 1);
    runs_.erase(runs_.lower_bound(first), runs_.upper_bound(last));
  }
  void Map(uint64_t first, uint64_t last, uint64_t target,
           IommuAccess allowed) {
    Unmap(first, last);
    runs_[first] = {last, target, allowed};
  }
  std::optional<Run> At(uint64_t a) const {
    auto at = runs_.upper_bound(a);
    if (at == runs_.begin()) return std::nullopt;
    --at;
    if (at->second.last < a) return std::nullopt;
    return Run{at->second.last, at->second.target + (a - at->first),
               at->second.allowed};
  }
  bool IsHole(uint64_t first, uint64_t last) const {
    if (At(first).has_value()) return false;
    const auto at = runs_.lower_bound(first);
    return at == runs_.end() || at->first > last;
  }
  // The last address that goes on from `a` in target and access.
  uint64_t EndOf(uint64_t a) const {
    Run run = *At(a);
    while (run.last != UINT64_MAX) {
      const std::optional<Run> next = At(run.last + 1);
      if (!next || next->allowed != run.allowed ||
          next->target != run.target + (run.last + 1 - a)) {
        break;
      }
      run.last = next->last;
    }
    return run.last;
  }

 private:
  // Makes a run begin at `a`, if one has it.
  void Cut(uint64_t a) {
    const std::optional<Run> run = At(a);
    if (!run) return;
    auto at = std::prev(runs_.upper_bound(a));
    if (at->first == a) return;
    at->second.last = a - 1;
    runs_[a] = *run;
  }
  std::map<uint64_t, Run> runs_;
};

struct Rng {
  uint64_t state;
  uint64_t Next() {
    state += 0x9e3779b97f4a7c15;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  uint64_t Below(uint64_t bound) { return Next() % bound; }
};

struct Step {
  bool is_map;
  uint64_t first;
  uint64_t last;
  uint64_t target;
  IommuAccess allowed;
};

std::ostream& operator<<(std::ostream& out, const Step& step) {
  out << (step.is_map ? "map " : "unmap ")
      << AddrRange{Addr(step.first), Addr(step.last)};
  if (step.is_map) out << " to " << Addr(step.target) << ' ' << step.allowed;
  return out;
}

// Near borders of pages of all sizes, so that ranges meet.
uint64_t SomePage(Rng& rng) {
  constexpr uint64_t kBases[] = {
      0,           k2M,   k1G,         3 * k1G,
      k512G - k2M, k512G, 512 * k512G, ~uint64_t{0} - 2 * k1G + 1};
  constexpr uint64_t kUnits[] = {kPage, kPage, k2M, k1G};
  return kBases[rng.Below(8)] + rng.Below(6) * kUnits[rng.Below(4)];
}

Step SomeStep(Rng& rng) {
  constexpr uint64_t kUnits[] = {kPage, kPage, k2M, k1G};
  const uint64_t first = SomePage(rng);
  const uint64_t bytes = (1 + rng.Below(3)) * kUnits[rng.Below(4)] +
                         (rng.Below(3) == 0 ? kPage : 0);
  const uint64_t last = std::max(first, first + (bytes - 1)) | (kPage - 1);
  Step step = {rng.Below(5) < 3, first, last, 0,
               static_cast<IommuAccess>(1 + rng.Below(3))};
  // Aligned like the address as a rule; then it may go on from its neighbour.
  step.target = first % k512G;
  if (rng.Below(3) == 0) step.target += k512G * (1 + rng.Below(2));
  if (rng.Below(4) == 0) step.target += kPage * rng.Below(3);
  return step;
}

// Compares the table with the model at `a`; returns the mistake.
std::string Compare(const IoPageTable& table, const ReadGuard& guard,
                    const Model& model, uint64_t a, uint64_t bytes) {
  std::ostringstream wrong;
  const IoMapping page = table.Lookup(guard, Addr(a));
  const std::optional<Model::Run> run = model.At(a);
  if (page.first > Addr(a) || page.last < Addr(a)) wrong << "not around it; ";
  if (page.mapped() != run.has_value()) {
    wrong << "mapped or not; ";
  } else if (!run) {
    if (!model.IsHole(page.first.raw(), page.last.raw())) {
      wrong << "no hole all over; ";
    }
  } else {
    if (page.allowed != run->allowed) wrong << "allowed; ";
    if (page.TargetOf(Addr(a)).raw() != run->target) wrong << "target; ";
    const uint64_t end = model.EndOf(a);
    if (page.last.raw() > end) wrong << "page past the end; ";
    const IoMapping span = table.LookupSpan(guard, Addr(a), bytes);
    const uint64_t wanted =
        bytes - 1 > UINT64_MAX - a ? UINT64_MAX : a + (bytes - 1);
    if (span.last.raw() > end) wrong << "span past the end; ";
    if (span.last.raw() < std::min(end, wanted)) wrong << "span too short; ";
  }
  if (wrong.str().empty()) return "";
  std::ostringstream out;
  out << Addr(a) << " (" << bytes << " bytes): " << wrong.str() << page;
  return out.str();
}

TEST(IoPageTableModelTest, RandomProgramsAnswerAsTheModel) {
  constexpr uint64_t kPrograms = 200;
  constexpr int kSteps = 60;
  for (uint64_t seed = 1; seed <= kPrograms; ++seed) {
    Rng rng{seed};
    RcuDomain domain;
    // Small tables run out of nodes now and then, and large ones don't.
    IoPageTable table(domain, {.max_nodes = seed % 2 == 0 ? 24u : 100000u});
    Model model;
    std::ostringstream program;
    program << "seed " << seed << '\n';
    for (int i = 0; i < kSteps; ++i) {
      const Step step = SomeStep(rng);
      const AddrRange range = {Addr(step.first), Addr(step.last)};
      const absl::Status status =
          step.is_map ? table.Map(range, Addr(step.target), step.allowed)
                      : table.Unmap(range);
      program << step << (status.ok() ? "" : "  # fails") << '\n';
      if (status.ok()) {
        if (step.is_map) {
          model.Map(step.first, step.last, step.target, step.allowed);
        } else {
          model.Unmap(step.first, step.last);
        }
      } else {
        ASSERT_EQ(status.code(), absl::StatusCode::kResourceExhausted)
            << status << '\n'
            << program.str();
        ASSERT_EQ(seed % 2, 0u) << program.str();
      }
      if (i % 8 == 0) table.CheckInvariants();
      const ReadGuard guard(domain);
      std::vector<uint64_t> addresses = {step.first, step.last, step.first - 1,
                                         step.last + 1};
      for (int k = 0; k < 8; ++k) {
        addresses.push_back(SomePage(rng) + rng.Below(kPage));
      }
      for (const uint64_t a : addresses) {
        const std::string wrong =
            Compare(table, guard, model, a, 1 + rng.Below(64 * kPage));
        ASSERT_EQ(wrong, "") << program.str();
      }
    }
  }
}

// ---- One writer, readers meanwhile. Each address maps to itself plus a
// multiple of 2^40 that says which mapping it is; what is never unmapped is
// always found.

TEST(IoPageTableThreadsTest, ReadersSeeOldPagesOrNewOnesAndNothingElse) {
  constexpr uint64_t kStamp = uint64_t{1} << 40;
  constexpr uint64_t kArea = 4 * k2M;
  RcuDomain domain;
  IoPageTable table(domain, {.max_nodes = 64});
  ASSERT_TRUE(
      table.Map(Pages(kArea, k2M), Addr(kArea), IommuAccess::kRead).ok());
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> mistakes{0};
  std::atomic<uint64_t> found{0};
  std::vector<std::thread> readers;
  for (uint64_t id = 0; id < 2; ++id) {
    readers.emplace_back([&, id] {
      Rng rng{id + 1};
      while (!stop.load(std::memory_order_relaxed)) {
        const uint64_t a = rng.Below(kArea + k2M);
        const ReadGuard guard(domain);
        const IoMapping page = table.LookupSpan(guard, Addr(a), 2 * kPage);
        if (page.mapped()) found.fetch_add(1, std::memory_order_relaxed);
        const bool ok =
            page.first <= Addr(a) && Addr(a) <= page.last &&
            (page.mapped() ? page.TargetOf(Addr(a)).raw() % kStamp == a
                           : a < kArea);
        if (!ok) mistakes.fetch_add(1, std::memory_order_relaxed);
      }
    });
  }
  Rng rng{7};
  uint64_t refused = 0;
  for (uint64_t i = 1; i < 20000 || found.load() < 1000; ++i) {
    // Whole large pages, splits, and single pages, in the first part.
    const uint64_t unit = rng.Below(2) == 0 ? k2M : kPage;
    const uint64_t first = rng.Below(kArea / unit) * unit;
    absl::Status status;
    if (rng.Below(2) == 0) {
      status = table.Map(Pages(first, unit), Addr(first + i % 512 * kStamp),
                         IommuAccess::kReadWrite);
      // Written once, then as it was: a change of the same page in place.
    } else {
      status = table.Unmap(Pages(first, unit));
    }
    // Nodes may all be waiting for readers.
    if (!status.ok()) ++refused;
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(mistakes.load(), 0u);
  EXPECT_LT(refused, 10000u);
  table.CheckInvariants();
}

}  // namespace
}  // namespace planish
