// What a commit renders, and what it leaves alone: told by its report, never by
// a clock. After each commit the fixture holds every space against a full
// render.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/flatview/flat_view.h"
#include "planish/regions/commit_report.h"
#include "planish/regions/limits.h"
#include "planish/regions/owner.h"
#include "planish/regions/ram_block.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"
#include "planish/regions/transaction.h"
#include "planish/space/address_space.h"
#include "planish/space/snapshot.h"
#include "planish/space/space_fixture_for_test.h"

namespace planish {
namespace {

using IncrementalCommitTest = SpaceTest;

// ---- The way up.

TEST_F(IncrementalCommitTest, OnlyWhatMovedIsRendered) {
  Commit([&] {
    for (uint64_t i = 0; i < 1000; ++i) {
      In(sys_, i << 12, Mmio("dev", 0x800));
    }
    Space("cpu", sys_);
  });
  Region& dev = In(sys_, 0x400000, Mmio("moved", 0x10));
  const CommitReport did =
      Commit([&] { Ok(topology_.SetAddress(dev, Addr(0x500000))); });
  EXPECT_EQ(did.changes_marked, 2u);
  EXPECT_EQ(did.walks_resolved, 0u);
  EXPECT_EQ(did.lines_touched, 1u);
  EXPECT_EQ(did.lines_changed, 1u);
  EXPECT_EQ(did.lines_built, 0u);
  EXPECT_EQ(did.intervals_rendered, 2u);
  EXPECT_EQ(did.ranges_out, 1u);
  EXPECT_EQ(did.ranges_in, 1u);
  EXPECT_GT(did.nodes_made, 0u);
  EXPECT_LT(did.bytes_made, 20000u);
}

TEST_F(IncrementalCommitTest, ThroughWindowsOfWindows) {
  Region& bus = Container("bus", 0x1000);
  Region& inner = Alias("inner", bus, 0x100, 0x200);
  In(sys_, 0x8000, Alias("outer", inner, 0x10, 0x80));
  In(sys_, 0x9000, inner);
  In(sys_, 0, Mmio("other", 1));
  Space("cpu", sys_);
  Region& dev = Mmio("dev", 0x10);
  Commit([&] { In(bus, 0x120, dev); });
  EXPECT_EQ(Shown("cpu"), "0-0 other; 8010-801f dev; 9020-902f dev");
  Commit([&] { Ok(topology_.SetAddress(dev, Addr(0x10c))); });
  EXPECT_EQ(Shown("cpu"), "0-0 other; 8000-800b dev@4; 900c-901b dev");
  Commit([&] { Ok(topology_.SetAddress(dev, Addr(0x80))); });
  EXPECT_EQ(Shown("cpu"), "0-0 other");
  Commit([&] { Ok(topology_.SetAliasOffset(inner, 0x70)); });
  EXPECT_EQ(Shown("cpu"), "0-0 other; 8000-800f dev; 9010-901f dev");
}

TEST_F(IncrementalCommitTest, DisabledInTheMiddle) {
  Region& bus = In(sys_, 0x1000, Container("bus", 0x1000));
  In(sys_, 0x8000, Alias("window", bus, 0, 0x1000));
  In(sys_, 0, Mmio("other", 1));
  Space("cpu", sys_);
  Region& dev = Mmio("dev", 0x10);
  Ok(topology_.SetEnabled(bus, false));
  // The window is looked at: it may show more than its target does.
  const CommitReport did = Commit([&] { In(bus, 0, dev); });
  EXPECT_EQ(did.lines_changed, 0u);
  EXPECT_EQ(did.nodes_made, 0u);
  EXPECT_EQ(Shown("cpu"), "0-0 other");
  Commit([&] { Ok(topology_.SetEnabled(bus, true)); });
  EXPECT_EQ(Shown("cpu"), "0-0 other; 1000-100f dev; 8000-800f dev");
  Commit([&] {
    Ok(topology_.SetEnabled(bus, false));
    Ok(topology_.SetAddress(dev, Addr(0x20)));
  });
  EXPECT_EQ(Shown("cpu"), "0-0 other");
}

TEST_F(IncrementalCommitTest, AWindowOverItself) {
  Region& pci = In(sys_, 0, Container("pci"), -1);
  Region& smram = In(sys_, 0xa0000, Alias("smram", pci, 0xa0000, 0x20000), 1);
  In(sys_, 0, Ram("ram", 0x100000));
  Region& vga = In(pci, 0xa0000, Mmio("vga", 0x20000));
  Space("cpu", sys_);
  EXPECT_EQ(Shown("cpu"),
            "0-9ffff ram; a0000-bffff vga; c0000-fffff ram@c0000");
  Commit([&] { Ok(topology_.SetSize(vga, 0x10000)); });
  EXPECT_EQ(Shown("cpu"),
            "0-9ffff ram; a0000-affff vga; b0000-fffff ram@b0000");
  Commit([&] { Ok(topology_.SetEnabled(smram, false)); });
  EXPECT_EQ(Shown("cpu"), "0-fffff ram");
}

TEST_F(IncrementalCommitTest, ARootThatIsMappedElsewhere) {
  Region& card = In(sys_, 0x4000, Container("card", 0x1000));
  Region& dev = In(card, 0, Mmio("dev", 4));
  In(card, 8, Mmio("other", 4));
  Space("card", card);
  EXPECT_EQ(Shown("card"), "4000-4003 dev; 4008-400b other");
  Commit([&] { Ok(topology_.SetAddress(dev, Addr(0x10))); });
  EXPECT_EQ(Shown("card"), "4008-400b other; 4010-4013 dev");
  Commit([&] { Ok(topology_.SetAddress(card, Addr(0x5000))); });
  EXPECT_EQ(Shown("card"), "5008-500b other; 5010-5013 dev");
}

TEST_F(IncrementalCommitTest, UnmergeablePiecesMeltAsInARender) {
  Region& ram = In(sys_, 0, Ram("ram", 0x3000));
  Ok(topology_.SetUnmergeable(ram, true));
  Region& hole = In(sys_, 0x1000, Mmio("dev", 0x1000), 1);
  Space("cpu", sys_);
  EXPECT_EQ(Shown("cpu"), "0-fff ram um; 1000-1fff dev; 2000-2fff ram@2000 um");
  Commit([&] { Ok(topology_.Unlink(hole)); });
  EXPECT_EQ(Shown("cpu"), "0-2fff ram um");
}

// ---- What can't be seen.

TEST_F(IncrementalCommitTest, HiddenEditsPublishNothing) {
  In(sys_, 0, Ram("ram", 0x10000), 1);
  In(sys_, 0x20000, Mmio("other", 1));
  Region& hidden = In(sys_, 0x1000, Mmio("hidden", 0x10));
  Region& off = In(sys_, 0x30000, Container("off"));
  Ok(topology_.SetEnabled(off, false));
  Region& dev = In(off, 0, Mmio("dev", 1));
  Space("cpu", sys_);
  const Snapshot* const before = &Current("cpu");

  CommitReport did =
      Commit([&] { Ok(topology_.SetAddress(hidden, Addr(0x2000))); });
  EXPECT_EQ(did.lines_touched, 1u);
  EXPECT_EQ(did.lines_changed, 0u);
  EXPECT_EQ(did.nodes_made, 0u);
  EXPECT_EQ(did.pieces_retired, 0u);
  did = Commit([&] { Ok(topology_.SetReadonly(hidden, true)); });
  EXPECT_EQ(did.lines_changed, 0u);
  did = Commit([&] { Ok(topology_.SetAddress(dev, Addr(0x2000))); });
  EXPECT_EQ(did.lines_touched, 0u);
  did = Commit([&] {
    Ok(topology_.SetEnabled(hidden, false));
    Ok(topology_.Unlink(In(sys_, 0x30000, Mmio("new", 1))));
    Ok(topology_.SetEnabled(hidden, true));
  });
  EXPECT_EQ(did.lines_changed, 0u);
  EXPECT_EQ(&Current("cpu"), before);
  EXPECT_GT(did.commit, 0u);
}

TEST_F(IncrementalCommitTest, WhatNoSpaceShowsIsNotRendered) {
  Region& other = Container("other");
  In(sys_, 0, Mmio("a", 1));
  In(sys_, 1, Mmio("b", 1));
  Space("cpu", sys_);
  const CommitReport did = Commit([&] { In(other, 0, Mmio("dev", 1)); });
  EXPECT_EQ(did.changes_marked, 1u);
  EXPECT_EQ(did.lines_touched, 0u);
}

// ---- Roots.

TEST_F(IncrementalCommitTest, OneBusMasterOfTenThousand) {
  std::vector<Region*> windows;
  {
    auto all = Transaction::Begin(topology_).value();
    In(sys_, 0, Ram("ram", 0x1000));
    In(sys_, 0x2000, Mmio("uart", 0x10));
    Space("cpu", sys_);
    for (int i = 0; i < 10000; ++i) {
      windows.push_back(&BusMaster("nic" + std::to_string(i), sys_));
    }
    Ok(all.Commit());
  }
  // Not Commit(): that looks at all of them.
  const auto toggle = [&](bool on) {
    auto edit = Transaction::Begin(topology_).value();
    Ok(topology_.SetEnabled(*windows[77], on));
    CommitReport did;
    Ok(edit.Commit(&did));
    EXPECT_EQ(did.walks_resolved, 1u);
    EXPECT_EQ(did.spaces_moved, 1u);
    EXPECT_EQ(did.lines_touched, 0u);
    EXPECT_EQ(did.pieces_retired, 0u);
  };
  toggle(false);
  EXPECT_TRUE(Current("nic77").view().empty());
  EXPECT_EQ(ShownRoot("nic77"), nullptr);
  EXPECT_EQ(&Current("nic78"), &Current("cpu"));
  toggle(true);
  EXPECT_EQ(&Current("nic77"), &Current("cpu"));

  // What they all show is rendered once.
  auto edit = Transaction::Begin(topology_).value();
  In(sys_, 0x3000, Mmio("dev", 1));
  CommitReport did;
  Ok(edit.Commit(&did));
  EXPECT_EQ(did.walks_resolved, 0u);
  EXPECT_EQ(did.intervals_rendered, 1u);
  EXPECT_EQ(did.lines_changed, 1u);
  EXPECT_EQ(&Current("nic9999"), &Current("cpu"));
  CheckSpaces();
}

// One root a vCPU, all alike.
class TwinsTest : public SpaceTest {
 protected:
  TwinsTest() {
    In(sys_, 0, Ram("ram", 0x100000));
    In(sys_, 0x200000, Mmio("uart", 0x10));
    In(smram_, 0xa0000, Mmio("smi", 0x10000));
    Commit([&] {
      Space("cpu", sys_);
      for (int i = 0; i < 64; ++i) {
        Region& root = Container("smm" + std::to_string(i));
        In(root, 0, Alias("memory", sys_, 0, ByteCount::TwoTo64()));
        windows_.push_back(
            &In(root, 0, Alias("smram", smram_, 0, 0x100000), 1));
        Space(root.name(), root);
      }
    });
  }

  Region& smram_ = Container("smram", 0x100000);
  std::vector<Region*> windows_;
};

TEST_F(TwinsTest, AreRenderedOnceAndKeepTheirNames) {
  EXPECT_EQ(Shown("smm0"),
            "0-9ffff ram; a0000-affff smi; b0000-fffff ram@b0000; "
            "200000-20000f uart");
  EXPECT_EQ(&Current("smm0"), &Current("smm63"));
  EXPECT_EQ(ShownRoot("smm0")->name(), "smm0");
  EXPECT_EQ(ShownRoot("smm63")->name(), "smm63");
  const CommitReport did = Commit([&] { In(sys_, 0x300000, Mmio("dev", 1)); });
  EXPECT_EQ(did.lines_touched, 2u);
  EXPECT_EQ(did.intervals_rendered, 2u);
  EXPECT_EQ(&Current("smm0"), &Current("smm63"));
}

TEST_F(TwinsTest, OneThatDepartsGoesItsOwnWay) {
  const Snapshot* const before = &Current("smm1");
  CommitReport did =
      Commit([&] { Ok(topology_.SetReadonly(*windows_[0], true)); });
  EXPECT_EQ(&Current("smm1"), before);
  EXPECT_NE(&Current("smm0"), before);
  EXPECT_EQ(did.lines_built, 1u);
  EXPECT_EQ(did.walks_resolved, 0u);
  // Each is rendered where it is concerned.
  did = Commit([&] { In(smram_, 0, Mmio("dev", 0x10)); });
  EXPECT_EQ(did.lines_changed, 2u);
  // Another like it joins it, and so it goes on till all are alike again.
  const Snapshot* const other = &Current("smm0");
  for (size_t i = 1; i < windows_.size(); ++i) {
    did = Commit([&] { Ok(topology_.SetReadonly(*windows_[i], true)); });
    EXPECT_EQ(did.lines_touched, 0u);
    EXPECT_EQ(&Current("smm" + std::to_string(i)), other);
  }
  did = Commit([&] { In(smram_, 0x100, Mmio("dev", 0x10)); });
  EXPECT_EQ(did.lines_touched, 1u);
  // All at once.
  did = Commit([&] {
    for (Region* window : windows_) Ok(topology_.SetReadonly(*window, false));
  });
  EXPECT_EQ(did.lines_touched, 1u);
  EXPECT_EQ(&Current("smm0"), &Current("smm63"));
}

TEST_F(TwinsTest, TheFirstMayGoWhileWhatItShowsChanges) {
  // smm0's own window is cut off, the others' is not.
  Commit([&] {
    Ok(topology_.SetAliasOffset(*windows_[0], 0x1000));
    In(smram_, 0, Mmio("dev", 0x10));
  });
  EXPECT_EQ(Shown("smm1").substr(0, 8), "0-f dev;");
  Commit([&] {
    Ok(topology_.SetEnabled(*windows_[1], false));  // It shows sys now.
    In(smram_, 0x20, Mmio("dev", 0x10));
  });
  EXPECT_EQ(&Current("smm1"), &Current("cpu"));
  EXPECT_EQ(Shown("smm2").substr(0, 35), "0-f dev; 10-1f ram@10; 20-2f dev; 3");
}

TEST_F(TwinsTest, AnInvisibleDepartureKeepsTheGeneration) {
  const uint64_t before = Current("smm0").generation();
  Region& hidden = Alias("hidden", smram_, 0xa0000, 0x100);
  Commit([&] {
    In(*const_cast<Region*>(windows_[0]->container()), 0xa0000, hidden, -1);
  });
  EXPECT_NE(&Current("smm0"), &Current("smm1"));
  EXPECT_EQ(Current("smm0").generation(), before);
  Commit([&] { Ok(topology_.SetPriority(hidden, 2)); });
  Commit([&] { Ok(topology_.SetAliasOffset(hidden, 0xa0100)); });
  EXPECT_GT(Current("smm0").generation(), before);
  EXPECT_EQ(Current("smm1").generation(), before);
}

// ---- Lines that are kept.

TEST_F(IncrementalCommitTest, ALineIsKeptForWhoComesBack) {
  In(sys_, 0, Ram("ram", 0x1000));
  Region& dev = In(sys_, 0x2000, Mmio("dev", 0x10));
  Region& window = BusMaster("nic", sys_);  // The only space.
  const FlatView* const view = &Current("nic").view();
  CommitReport did = Commit([&] { Ok(topology_.SetEnabled(window, false)); });
  EXPECT_EQ(did.pieces_retired, 0u);
  did = Commit([&] { Ok(topology_.SetEnabled(window, true)); });
  EXPECT_EQ(did.lines_touched, 0u);
  EXPECT_EQ(&Current("nic").view(), view);

  // What happened meanwhile is made good, and no more.
  Commit([&] { Ok(topology_.SetEnabled(window, false)); });
  for (int i = 1; i < 10; ++i) {
    did = Commit([&] {
      Ok(topology_.SetAddress(dev, Addr(0x2000 + 0x1000 * (i % 2))));
    });
    EXPECT_EQ(did.lines_touched, 0u);
  }
  did = Commit([&] { Ok(topology_.SetEnabled(window, true)); });
  EXPECT_EQ(did.lines_touched, 1u);
  EXPECT_EQ(did.lines_built, 0u);
  EXPECT_EQ(did.intervals_rendered, 2u);
  EXPECT_EQ(Shown("nic"), "0-fff ram; 3000-300f dev");
}

TEST_F(IncrementalCommitTest, WhatIsKeptDoesNotTakeANewRegionForAnOldOne) {
  // A new region often lies where one that was freed did.
  In(sys_, 0, Mmio("uart", 1));
  Region& window = BusMaster("nic", sys_);  // The only space.
  std::vector<std::byte> memory(0x2000);
  std::vector<std::unique_ptr<Owner>> cards;
  for (int i = 0; i < 20; ++i) {
    std::byte* const host = memory.data() + 0x1000 * (i % 2);
    cards.push_back(std::make_unique<Owner>(topology_, "card"));
    Region& ram = **topology_.AddRam(*cards.back(), "ram", 0x1000,
                                     RamBacking::Pointer(host));
    In(sys_, 0x1000, ram);
    Commit([&] { Ok(topology_.SetEnabled(window, true)); });
    EXPECT_EQ(Current("nic").Lookup(Addr(0x1000)).host(), host);
    Commit([&] { Ok(topology_.SetEnabled(window, false)); });
    if (i % 3 == 0) Ok(topology_.Unlink(ram));
    cards.pop_back();
  }
}

TEST_F(IncrementalCommitTest, OnlyTheLastFewAreKept) {
  std::vector<Region*> windows;
  std::vector<Region*> systems;
  for (int i = 0; i < 10; ++i) {
    systems.push_back(&Container("sys"));
    for (uint64_t j = 0; j < 100; ++j) {
      In(*systems.back(), 0x1000 * j, Mmio("dev", 0x10));
    }
    windows.push_back(&BusMaster("nic" + std::to_string(i), *systems.back()));
  }
  size_t retired = 0;
  for (Region* window : windows) {
    retired += Commit([&] {
                 Ok(topology_.SetEnabled(*window, false));
               }).pieces_retired;
  }
  EXPECT_GE(retired, 6u);
  while (topology_.Poll(1000)) {
  }
  EXPECT_EQ(topology_.waiting_pieces(), 0u);
  // The last is still there, the first is not.
  EXPECT_EQ(
      Commit([&] { Ok(topology_.SetEnabled(*windows[9], true)); }).lines_built,
      0u);
  EXPECT_EQ(
      Commit([&] { Ok(topology_.SetEnabled(*windows[0], true)); }).lines_built,
      1u);
}

TEST_F(IncrementalCommitTest, ADroppedViewIsFreedInSteps) {
  Region& big = Container("big");
  {
    auto all = Transaction::Begin(topology_).value();
    for (uint64_t i = 0; i < 20000; ++i) {
      In(big, 0x1000 * i, Mmio("dev", 0x10));
    }
    Space("big", big);
    Ok(all.Commit());
  }
  In(sys_, 0, Mmio("a", 1));
  In(sys_, 1, Mmio("b", 1));
  Space("cpu", sys_);
  {
    // Retired, it can't be kept.
    Owner card(topology_, "card");
    Region& own = **topology_.AddContainer(card, "own");
    In(own, 0, Alias("window", big, 0x1000, ByteCount::TwoTo64()));
    In(own, 0, Mmio("x", 1), 1);
    Space("own", own);
    CheckSpaces();
    EXPECT_TRUE(card.Retire());
    EXPECT_TRUE(Current("own").view().empty());
    EXPECT_GT(topology_.waiting_pieces(), 0u);
    EXPECT_TRUE(Of("own").Retire());
    spaces_.erase("own");
    int polls = 0;
    while (topology_.Poll(100)) ++polls;
    EXPECT_GT(polls, 5);
  }
  EXPECT_EQ(topology_.waiting_pieces(), 0u);
}

// ---- Bulk.

TEST_F(IncrementalCommitTest, ALoadIsBuiltAndNotSpliced) {
  Space("cpu", sys_);
  In(sys_, 0, Mmio("a", 1));
  const CommitReport did = Commit([&] {
    for (uint64_t i = 1; i < 5000; ++i) {
      In(sys_, 0x1000 * i, Mmio("dev", 0x10 + i % 7));
    }
  });
  EXPECT_EQ(did.lines_built, 1u);
  EXPECT_EQ(did.lines_changed, 1u);
  EXPECT_EQ(did.ranges_in, 5000u);
}

TEST_F(IncrementalCommitTest, WhatIsBuiltKeepsWhatWasThere) {
  In(sys_, 0, Ram("ram", 0x10000000));
  Region& low = In(sys_, 0x100, Mmio("low", 0x10), 1);
  for (uint64_t i = 0; i < 20; ++i) {
    In(sys_, 0x1000000 * i + 0x500000, Mmio("dev", 0x10), 1);
  }
  Space("cpu", sys_);
  const CommitReport did = Commit([&] {
    for (uint64_t i = 0; i < 1000; ++i) {
      In(sys_, 0x2000000 + 0x1000 * i, Mmio("new", 0x10), 1);
    }
    Ok(topology_.Unlink(low));
    In(sys_, UINT64_MAX, Mmio("last", 1));
  });
  EXPECT_EQ(did.lines_built, 1u);
}

// ---- Errors.

class LimitedTest : public SpaceTest {
 protected:
  LimitedTest() : SpaceTest(Limits{1000, 64}) {}
};

TEST_F(LimitedTest, ACommitThatFailsLeavesEverything) {
  Region& uart = In(sys_, 0x1000, Mmio("uart", 0x10));
  In(sys_, 0x2000, Mmio("other", 0x10));
  Region& window = BusMaster("nic", sys_);
  Space("cpu", sys_);
  Region& twice = Alias("endless", sys_, 0, 0x100);
  const Snapshot* const before = &Current("cpu");
  const size_t waiting = topology_.waiting_pieces();

  auto edit = Transaction::Begin(topology_).value();
  Ok(topology_.SetAddress(uart, Addr(0x8000)));
  Ok(topology_.SetEnabled(window, false));
  Space("late", sys_);
  Region& other = Container("other");
  In(other, 0, Mmio("x", 1));
  In(other, 1, Mmio("y", 1));
  Space("new root", other);
  Ok(topology_.Link(sys_, twice, Addr(0), 9));
  CommitReport did;
  EXPECT_EQ(edit.Commit(&did).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(did.lines_changed, 0u);
  EXPECT_EQ(did.pieces_retired, 0u);

  EXPECT_EQ(&Current("cpu"), before);
  EXPECT_EQ(&Current("nic"), before);
  EXPECT_TRUE(Current("late").view().empty());
  EXPECT_TRUE(Current("new root").view().empty());
  EXPECT_EQ(topology_.waiting_pieces(), waiting);
  CheckSpaces();
  // And as if it had not been: the next one touches what it edits.
  did = Commit([&] { Ok(topology_.SetAddress(uart, Addr(0x3000))); });
  EXPECT_EQ(did.intervals_rendered, 2u);
}

TEST_F(LimitedTest, ARetirementInACommitThatFailsShows) {
  Owner card(topology_, "card");
  Region& bar = **topology_.AddMmio(card, "bar", 0x10);
  In(sys_, 0x100, bar);
  Region& uart = In(sys_, 0x1000, Mmio("uart", 0x10));
  In(sys_, 0x2000, Mmio("other", 0x10));
  Space("cpu", sys_);
  Region& twice = Alias("endless", sys_, 0, 0x100);
  auto edit = Transaction::Begin(topology_).value();
  Ok(topology_.SetAddress(uart, Addr(0x8000)));
  EXPECT_TRUE(card.Retire());
  Ok(topology_.Link(sys_, twice, Addr(0), 9));
  EXPECT_FALSE(edit.Commit().ok());
  EXPECT_EQ(Shown("cpu"), "1000-100f uart; 2000-200f other");
  CheckSpaces();
}

// ---- Long programs on a machine of nested windows.

TEST_F(IncrementalCommitTest, ProgramsOfEdits) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const auto below = [&](uint64_t end) { return random() % end; };
    std::vector<Region*> buses;
    std::vector<Region*> all;
    for (uint64_t i = 0; i < 6; ++i) {
      Region& bus = Container("bus", 0x4000);
      if (i > 0) {
        Region& window = Alias("window", bus, below(4) << 10, 0x2000);
        In(*buses[below(i)], below(8) << 10, window);
        all.push_back(&window);
      }
      buses.push_back(&bus);
      Space("bus" + std::to_string(i), bus);
    }
    // Some buses are seen twice; none sees itself.
    In(*buses[2], 0x400, Alias("again", *buses[3], 0x800, 0x1000));
    BusMaster("nic", *buses[0]);
    for (int i = 0; i < 40; ++i) {
      all.push_back(&Mmio("dev", 0x10 + below(0x200)));
      In(*buses[below(6)], below(0x4000), *all.back(),
         static_cast<int32_t>(below(3)));
    }
    for (int step = 0; step < 150; ++step) {
      Commit([&] {
        for (uint64_t n = 1 + below(3); n > 0; --n) {
          Region& r = *all[below(all.size())];
          switch (below(6)) {
            case 0:
            case 1:
              Ok(topology_.SetAddress(r, Addr(below(0x4000))));
              break;
            case 2:
              Ok(topology_.SetEnabled(r, below(3) != 0));
              break;
            case 3:
              Ok(topology_.SetPriority(r, static_cast<int32_t>(below(3))));
              break;
            case 4:
              Ok(topology_.SetSize(r, 1 + below(0x400)));
              break;
            default:
              Ok(topology_.SetUnmergeable(r, below(2) == 0));
              break;
          }
        }
      });
      if (HasFailure()) return;
    }
    for (const auto& [name, space] : spaces_) space->Retire();
    spaces_.clear();
  }
  while (topology_.Poll(1000)) {
  }
  EXPECT_EQ(topology_.waiting_pieces(), 0u);
}

}  // namespace
}  // namespace planish
