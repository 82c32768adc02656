// What is marked somewhere, and where roots have to look: by hand, and against
// a walk down from every address.

#include "planish/space/climb.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/base/interval_set.h"
#include "planish/regions/change_set.h"
#include "planish/regions/owner.h"
#include "planish/regions/ram_block.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"

namespace planish {
namespace {

AddrRange R(uint64_t first, uint64_t last) { return {Addr(first), Addr(last)}; }

class ClimbTest : public testing::Test {
 protected:
  ClimbTest() { climb_.Watch(sys_); }

  Region& Container(const std::string& name,
                    ByteCount size = ByteCount::TwoTo64()) {
    return **topology_.AddContainer(board_, name, size);
  }
  Region& Alias(const std::string& name, Region& target, uint64_t offset,
                ByteCount size) {
    return **topology_.AddAlias(board_, name, target, offset, size);
  }
  Region& In(Region& container, uint64_t at, Region& child) {
    PLANISH_CHECK_OK(topology_.Link(container, child, Addr(at)));
    return child;
  }
  void Enable(Region& region, bool enabled) {
    PLANISH_CHECK_OK(topology_.SetEnabled(region, enabled));
  }

  // "sys 1000-1fff, 4000-4fff; smm ...", roots in the order of their names.
  std::string Hits(const std::vector<Change>& shown) {
    ChangeSet changes;
    changes.shown = shown;
    std::map<std::string, IntervalSet> by_root;
    for (const Climb::Hit& hit : climb_.Run(changes, topology_.ways_up())) {
      by_root[hit.root->name()].AddAll(hit.intervals);
    }
    std::ostringstream out;
    out << std::hex;
    for (const auto& [root, intervals] : by_root) {
      out << (out.tellp() > 0 ? "; " : "") << root;
      for (const AddrRange& r : intervals) {
        out << (&r == intervals.begin() ? " " : ", ") << r.first.raw() << '-'
            << r.last.raw();
      }
    }
    return out.str();
  }

  Topology topology_;
  Owner board_{topology_, "board"};
  Region& sys_ = Container("sys");
  Climb climb_;
};

TEST_F(ClimbTest, ContainersShiftAndClip) {
  Region& bus = In(sys_, 0x1000, Container("bus", 0x100));
  Region& dev = In(bus, 0xf0, Container("dev", 0x20));  // Hangs over.
  EXPECT_EQ(Hits({{&dev, R(0, 3)}}), "sys 10f0-10f3");
  EXPECT_EQ(Hits({{&dev, R(8, 0x1f)}}), "sys 10f8-10ff");
  EXPECT_EQ(Hits({{&dev, R(0x10, 0x1f)}}), "");
  EXPECT_EQ(Hits({{&bus, R(0, 3)}, {&bus, R(8, 9)}}),
            "sys 1000-1003, 1008-1009");
}

TEST_F(ClimbTest, WindowsShiftAndClip) {
  Region& bus = Container("bus", 0x1000);
  In(sys_, 0x8000, Alias("w", bus, 0x100, 0x80));
  EXPECT_EQ(Hits({{&bus, R(0x100, 0x10f)}}), "sys 8000-800f");
  EXPECT_EQ(Hits({{&bus, R(0, 0xff)}}), "");
  EXPECT_EQ(Hits({{&bus, R(0xf0, 0xfff)}}), "sys 8000-807f");
}

TEST_F(ClimbTest, WindowsOfWindows) {
  Region& bus = Container("bus", 0x1000);
  Region& inner = Alias("inner", bus, 0x100, 0x100);
  In(sys_, 0x8000, Alias("outer", inner, 0x10, 0x20));
  EXPECT_EQ(Hits({{&bus, R(0x118, 0x200)}}), "sys 8008-801f");
  // Also where the inner one is seen by itself.
  In(sys_, 0x9000, inner);
  EXPECT_EQ(Hits({{&bus, R(0x118, 0x118)}}), "sys 8008-8008, 9018-9018");
}

TEST_F(ClimbTest, SeveralWindowsOntoOneThing) {
  Region& bus = Container("bus", 0x1000);
  In(sys_, 0x1000, Alias("a", bus, 0, 0x1000));
  In(sys_, 0x2000, Alias("b", bus, 0, 0x1000));
  In(sys_, 0x5000, bus);
  EXPECT_EQ(Hits({{&bus, R(0x10, 0x1f)}}),
            "sys 1010-101f, 2010-201f, 5010-501f");
}

TEST_F(ClimbTest, NothingLeavesADisabledRegion) {
  Region& bus = In(sys_, 0x1000, Container("bus", 0x100));
  Region& dev = In(bus, 0x10, Container("dev", 0x10));
  Region& window = In(sys_, 0x2000, Alias("w", bus, 0, 0x100));
  Enable(bus, false);
  EXPECT_EQ(Hits({{&dev, R(0, 3)}}), "");
  // The mark of its being switched goes to windows; its container has its own.
  EXPECT_EQ(Hits({{&bus, R(0, 0xff)}}), "sys 2000-20ff");
  Enable(bus, true);
  Enable(window, false);
  EXPECT_EQ(Hits({{&dev, R(0, 3)}}), "sys 1010-1013");
}

TEST_F(ClimbTest, WhatARegionLostGoesToWindowsAndToItsOwnView) {
  Region& bus = In(sys_, 0x1000, Container("bus", 0x80));
  In(sys_, 0x2000, Alias("w", bus, 0, 0x100));
  climb_.Watch(bus);
  EXPECT_EQ(Hits({{&bus, R(0x80, 0xff)}}), "bus 1080-10ff; sys 2080-20ff");
}

TEST_F(ClimbTest, ARootThatIsMappedElsewhereIsDisplaced) {
  Region& root = Container("root", 0x1000);
  PLANISH_CHECK_OK(topology_.SetAddress(root, Addr(UINT64_MAX - 0xff)));
  climb_.Watch(root);
  EXPECT_EQ(Hits({{&root, R(0x10, 0x1f)}}),
            "root ffffffffffffff10-ffffffffffffff1f");
  EXPECT_EQ(Hits({{&root, R(0xf0, 0x1ff)}}),
            "root fffffffffffffff0-ffffffffffffffff");
  EXPECT_EQ(Hits({{&root, R(0x100, 0x1ff)}}), "root");
}

TEST_F(ClimbTest, AWindowOverItselfEnds) {
  // As the SMRAM window of a PC.
  Region& pci = In(sys_, 0, Container("pci"));
  In(sys_, 0xa0000, Alias("smram", pci, 0xa0000, 0x20000));
  In(pci, 0xa0000, Alias("again", sys_, 0xa0000, 0x20000));
  Region& vga = In(pci, 0xa0000, Container("vga", 0x20000));
  EXPECT_EQ(Hits({{&vga, R(0, 0xfff)}}), "sys a0000-a0fff");
  EXPECT_LT(climb_.steps(), 10u);
}

TEST_F(ClimbTest, AWindowThatShiftsWhatItShowsEnds) {
  Region& window = In(sys_, 0x1000, Alias("w", sys_, 0, ByteCount::TwoTo64()));
  Region& dev = In(sys_, 0x10, Container("dev", 1));
  const std::string hits = Hits({{&dev, R(0, 0)}});
  EXPECT_EQ(hits.find("sys "), 0u);
  EXPECT_LT(climb_.steps(), 100u);
  // All that it had to find is there.
  ChangeSet changes;
  changes.shown = {{&dev, R(0, 0)}};
  IntervalSet found;
  for (const Climb::Hit& hit : climb_.Run(changes, topology_.ways_up())) {
    found.AddAll(hit.intervals);
  }
  for (uint64_t i = 0; i < 1000; ++i) {
    const Addr a(0x10 + 0x1000 * i);
    EXPECT_TRUE(found.Covers({a, a}));
  }
  PLANISH_CHECK_OK(topology_.Unlink(window));
}

TEST_F(ClimbTest, DiamondsDoNotMultiply) {
  // Each of forty regions is seen twice by the next: 2^40 ways to the root.
  Region* below = &Container("bottom", 1);
  Region* const bottom = below;
  for (int i = 0; i < 40; ++i) {
    Region& above = Container("level", ByteCount::TwoTo64());
    In(above, 0, Alias("a", *below, 0, uint64_t{1} << i));
    In(above, uint64_t{1} << i, Alias("b", *below, 0, uint64_t{1} << i));
    below = &above;
  }
  In(sys_, 0, *below);
  EXPECT_EQ(Hits({{bottom, R(0, 0)}}), "sys 0-ffffffffff");
  EXPECT_LT(climb_.steps(), 40u * 3 * 16 + 16);
}

TEST_F(ClimbTest, WindowsThatLeadToNoRootAreForgotten) {
  Region& dev = In(sys_, 0x10, Container("dev", 0x10));
  std::vector<Region*> masters;
  for (int i = 0; i < 1000; ++i) {
    masters.push_back(&Container("master"));
    In(*masters.back(), 0x1000, Alias("window", sys_, 0, ByteCount::TwoTo64()));
  }
  EXPECT_EQ(Hits({{&dev, R(0, 0)}}), "sys 10-10");
  EXPECT_EQ(climb_.steps(), 2u);
  EXPECT_EQ(Hits({{&dev, R(0, 0)}}), "sys 10-10");

  // One of them is a root from now on, another gets a container that is one,
  // the next a window from there.
  climb_.Watch(*masters[10]);
  Region& other = Container("other");
  climb_.Watch(other);
  EXPECT_EQ(Hits({{&dev, R(0, 0)}}), "master 1010-1010; sys 10-10");
  In(other, 0x20000, *masters[20]);
  EXPECT_EQ(Hits({{&dev, R(0, 0)}}),
            "master 1010-1010; other 21010-21010; sys 10-10");
  In(other, 0x30000, Alias("far", *masters[30], 0, ByteCount::TwoTo64()));
  EXPECT_EQ(Hits({{&dev, R(0, 0)}}),
            "master 1010-1010; other 21010-21010, 31010-31010; sys 10-10");
  climb_.Unwatch(*masters[10]);
  EXPECT_EQ(Hits({{&dev, R(0, 0)}}),
            "other 21010-21010, 31010-31010; sys 10-10");
}

TEST_F(ClimbTest, ManyMarksAreNotMadeCoarse) {
  Region& bus = In(sys_, 0, Container("bus"));
  std::vector<Change> shown;
  for (uint64_t i = 0; i < 10000; ++i) {
    shown.push_back({&bus, R(16 * i, 16 * i)});
  }
  ChangeSet changes;
  changes.shown = shown;
  const auto& hits = climb_.Run(changes, topology_.ways_up());
  ASSERT_EQ(hits.size(), 1u);
  EXPECT_EQ(hits[0].intervals.size(), 10000u);
}

// ---- Random graphs of a few bytes.

using Place = std::pair<const Region*, uint64_t>;  // An offset in it.

// All places that a root looks at to say what is at one address.
class Descent {
 public:
  explicit Descent(Addr a) : a_(a) {}

  void Look(const Region& region, Int128 base) {
    const Int128 offset = a_.raw() - base;
    if (offset < 0) return;
    const auto at = static_cast<uint64_t>(offset);
    if (!seen_.insert({&region, at}).second) return;
    if (!region.enabled() || region.size().wide() <= at) return;
    if (region.alias_target() != nullptr) {
      return Look(*region.alias_target(), base - region.alias_offset());
    }
    for (const Region* child : region.children()) {
      const Int128 below = base + child->addr().raw();
      const Int128 inside = a_.raw() - below;
      if (!child->enabled() || inside < 0 ||
          child->size().wide() <= static_cast<Uint128>(inside)) {
        continue;
      }
      Look(*child, below);
    }
  }
  bool Saw(const Region* region, AddrRange interval) const {
    for (uint64_t at = interval.first.raw(); at <= interval.last.raw(); ++at) {
      if (seen_.count({region, at}) != 0) return true;
    }
    return false;
  }

 private:
  const Addr a_;
  std::set<Place> seen_;
};

TEST(ClimbModelTest, FindsWhateverARootLooksAtAndNoMore) {
  size_t found = 0;
  size_t not_found = 0;
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const auto below = [&](uint64_t end) { return random() % end; };
    Topology topology;
    Owner board(topology, "board");
    std::vector<Region*> regions;
    const size_t count = 4 + below(12);
    for (size_t i = 0; i < count; ++i) {
      const uint64_t size = below(4) == 0 ? 300 : 1 + below(64);
      if (i < 2 || below(2) == 0) {
        regions.push_back(*topology.AddContainer(board, "c", size));
      } else {
        regions.push_back(*topology.AddAlias(
            board, "a", *regions[below(regions.size())], below(32), size));
      }
      if (i > 1) {
        topology
            .Link(*regions[below(i)], *regions[i], Addr(below(64)),
                  static_cast<int32_t>(below(3)))
            .IgnoreError();  // An alias has no children.
      }
      if (below(8) == 0) {
        PLANISH_CHECK_OK(topology.SetEnabled(*regions[i], false));
      }
    }
    Climb climb;
    std::vector<const Region*> roots = {regions[0], regions[1],
                                        regions[below(regions.size())]};
    for (const Region* root : roots) climb.Watch(*root);
    for (int i = 0; i < 8; ++i) {
      const Region* const region = regions[below(regions.size())];
      const uint64_t first = below(80);
      const AddrRange interval = R(first, first + below(4));
      ChangeSet changes;
      changes.shown = {{region, interval}};
      std::map<const Region*, IntervalSet> hits;
      for (const Climb::Hit& hit : climb.Run(changes, topology.ways_up())) {
        hits[hit.root].AddAll(hit.intervals);
      }
      for (const Region* root : roots) {
        for (uint64_t a = 0; a < 400; ++a) {
          Descent descent{Addr(a)};
          descent.Look(*root, root->addr().raw());
          const bool sees = descent.Saw(region, interval);
          const bool hit = hits[root].Covers({Addr(a), Addr(a)});
          // Windows that show themselves and shift are made coarse.
          ASSERT_TRUE(hit == sees || (hit && climb.steps() >= 16))
              << "root " << root->number() << " at " << a << ", marked "
              << region->number() << " " << interval;
          ++(sees ? found : not_found);
        }
      }
    }
  }
  EXPECT_GT(found, 5000u);
  EXPECT_GT(not_found, 5000u);
}

}  // namespace
}  // namespace planish
