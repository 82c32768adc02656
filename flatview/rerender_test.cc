#include "planish/flatview/rerender.h"

#include <algorithm>
#include <cstddef>
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
#include "planish/flatview/flat_range.h"
#include "planish/flatview/flat_view.h"
#include "planish/flatview/render.h"
#include "planish/flatview/render_fixture_for_test.h"
#include "planish/regions/limits.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"

namespace planish {
namespace {

using testing::IsEmpty;

class RerenderTest : public RenderTest {
 protected:
  // What sys_ shows now is what comes to be old.
  void Start() {
    view_ = FlatView::Build(
        &sys_, *Render(sys_, AddrRange::All(), topology_.limits()));
  }
  // What is to be spliced: "1000-1fff: 1000-17ff ram | ...".
  std::string Changes(const std::vector<AddrRange>& dirty) {
    const auto result = Rerender(*view_, sys_, dirty, topology_.limits());
    if (!result.ok()) return std::string(result.status().message());
    std::ostringstream out;
    out << std::hex;
    for (const Changed& changed : result->changed) {
      if (&changed != result->changed.data()) out << " | ";
      out << changed.interval.first.raw() << '-' << changed.interval.last.raw()
          << ": " << Text(changed.ranges);
    }
    return out.str();
  }
  // Splices them, and compares with a render of everything (F4).
  void Splice(const std::vector<AddrRange>& dirty) {
    auto result = Rerender(*view_, sys_, dirty, topology_.limits());
    ASSERT_TRUE(result.ok()) << result.status();
    RetireList replaced;
    std::vector<std::unique_ptr<const FlatView>> old;
    for (const Changed& changed : result->changed) {
      auto next = view_->Splice(changed.interval, changed.ranges, replaced);
      old.push_back(std::exchange(view_, std::move(next)));
    }
    view_->CheckInvariants();
    ASSERT_EQ(Text({view_->begin(), view_->end()}), Shown(sys_));
  }
  static AddrRange Range(uint64_t first, uint64_t last) {
    return {Addr(first), Addr(last)};
  }

  std::unique_ptr<const FlatView> view_;
};

TEST_F(RerenderTest, NothingChanged) {
  In(sys_, 0x1000, Ram("ram", 0x1000));
  Start();
  EXPECT_EQ(Changes({}), "");
  EXPECT_EQ(Changes({Range(0, 0xfff)}), "");
  EXPECT_EQ(Changes({Range(0x1200, 0x12ff), Range(0x1f00, 0x20ff)}), "");
  EXPECT_EQ(Changes({AddrRange::All()}), "");
}

TEST_F(RerenderTest, WhatComesAndGoesIsTrimmed) {
  In(sys_, 0x1000, Ram("ram", 0x1000));
  Region& bar = In(sys_, 0x3000, Mmio("bar", 0x100));
  Start();
  In(sys_, 0x1800, Mmio("vga", 0x100), 1);
  EXPECT_EQ(Changes({Range(0x1800, 0x2fff)}), "1800-18ff: 1800-18ff vga");
  // A part of a range is compared with the same part of what was there.
  EXPECT_EQ(Changes({Range(0x17f0, 0x190f)}), "1800-18ff: 1800-18ff vga");
  Ok(topology_.SetEnabled(bar, false));
  EXPECT_EQ(Changes({Range(0x2000, 0x4000)}), "3000-30ff: (empty)");
  EXPECT_EQ(Changes({Range(0x1800, 0x18ff), Range(0x3000, 0x30ff)}),
            "1800-18ff: 1800-18ff vga | 3000-30ff: (empty)");
  Splice({Range(0x1800, 0x18ff), Range(0x3000, 0x30ff)});
}

TEST_F(RerenderTest, ADirtyLogMaskIsAChange) {
  Region& ram = In(sys_, 0, Ram("ram", 0x1000));
  Start();
  Ok(topology_.SetDirtyLogMask(ram, 4));
  EXPECT_EQ(Changes({Range(0, 0xfff)}), "0-fff: 0-fff ram log4");
}

TEST_F(RerenderTest, ItCountsWhatItDoes) {
  In(sys_, 0, Mmio("a", 0x100));
  In(sys_, 0x200, Mmio("b", 0x100));
  Start();
  In(sys_, 0x80, Mmio("c", 0x10), 1);
  const auto result = Rerender(
      *view_, sys_, {{Range(0, 0x2ff), Range(0x400, 0x4ff)}}, Limits());
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->intervals, 2u);
  EXPECT_EQ(result->ranges_out, 1u);
  EXPECT_EQ(result->ranges_in, 1u);
}

TEST_F(RerenderTest, ChangesFarApartAreNotJoined) {
  std::vector<Region*> all;
  for (uint64_t i = 0; i < 200; ++i) {
    all.push_back(&In(sys_, 0x100 * i, Mmio("m" + std::to_string(i), 0x10)));
  }
  Start();
  for (const size_t i : {3, 5, 190}) {
    Ok(topology_.SetEnabled(*all[i], false));
  }
  EXPECT_EQ(Changes({AddrRange::All()}),
            "300-50f: 400-40f m4 | be00-be0f: (empty)");
  Splice({AddrRange::All()});
}

TEST_F(RerenderTest, LimitsAreToldAsByRender) {
  Region& bus = In(sys_, 0x4000, Container("bus", 0x1000));
  Start();
  In(bus, 0x100, Alias("window", bus, 0x100, 0x100));
  EXPECT_THAT(Changes({Range(0x4000, 0x4fff)}),
              testing::HasSubstr("shows itself without end"));
  EXPECT_EQ(Changes({Range(0x4000, 0x40ff), Range(0x4200, 0x4fff)}), "");
}

// ---- F4 where ranges can't be merged.

class UnmergeableTest : public RerenderTest {
 protected:
  Region& ram_ = Ram("ram", 0x3000);
  Region& whole_ = Alias("whole", ram_, 0, 0x3000);
};

TEST_F(UnmergeableTest, OneThatIsCut) {
  Ok(topology_.SetUnmergeable(whole_, true));
  In(sys_, 0, whole_);
  Start();
  EXPECT_EQ(Changes({Range(0x1000, 0x1fff)}), "");
  In(sys_, 0x1000, Mmio("cover", 0x100), 1);
  // The splice leaves of the old one what a render shows of it.
  EXPECT_EQ(Changes({Range(0x1000, 0x10ff)}),
            "0-10ff: 0-fff ram um; 1000-10ff cover");
  Splice({Range(0x1000, 0x10ff)});
}

TEST_F(UnmergeableTest, OneThatIsPutTogetherAgain) {
  Ok(topology_.SetUnmergeable(whole_, true));
  In(sys_, 0, whole_);
  Region& cover = In(sys_, 0x1000, Mmio("cover", 0x100), 1);
  Start();
  Ok(topology_.SetEnabled(cover, false));
  EXPECT_EQ(Changes({Range(0x1000, 0x10ff)}), "0-2fff: 0-2fff ram um");
  Splice({Range(0x1000, 0x10ff)});
}

TEST_F(UnmergeableTest, OneThatTwoDirtyIntervalsMeet) {
  // It is one range now; the middle was shown before, and is not dirty.
  Ok(topology_.SetUnmergeable(whole_, true));
  In(sys_, 0, whole_);
  Region& low = In(sys_, 0, Mmio("low", 0x1000), 1);
  Region& high = In(sys_, 0x2000, Mmio("high", 0x1000), 1);
  Start();
  Ok(topology_.SetEnabled(low, false));
  Ok(topology_.SetEnabled(high, false));
  EXPECT_EQ(Changes({Range(0, 0xfff), Range(0x2000, 0x2fff)}),
            "0-2fff: 0-2fff ram um");
  Splice({Range(0, 0xfff), Range(0x2000, 0x2fff)});
}

TEST_F(UnmergeableTest, TwoWindowsSideBySideStayTwo) {
  for (uint64_t at : {0u, 0x1000u, 0x2000u}) {
    Region& window = In(sys_, at, Alias("window", ram_, at, 0x1000));
    Ok(topology_.SetUnmergeable(window, true));
  }
  Region& cover = In(sys_, 0x1000, Mmio("cover", 0x1000), 1);
  Start();
  Ok(topology_.SetEnabled(cover, false));
  EXPECT_EQ(Changes({Range(0x1000, 0x1fff)}),
            "1000-1fff: 1000-1fff ram@1000 um");
  Splice({Range(0x1000, 0x1fff)});
}

TEST_F(UnmergeableTest, AtBothEndsOfTheSpace) {
  Region& all = In(sys_, 0, Mmio("all", ByteCount::TwoTo64()));
  Ok(topology_.SetUnmergeable(all, true));
  Start();
  In(sys_, 0, Mmio("first", 1), 1);
  Region& last = In(sys_, UINT64_MAX, Mmio("last", 1), 1);
  Splice({Range(0, 0), Range(UINT64_MAX, UINT64_MAX)});
  Ok(topology_.SetEnabled(last, false));
  Splice({Range(UINT64_MAX, UINT64_MAX)});
}

// Any edits of a flat machine, with windows of which many are unmergeable and
// continue one another. The dirty intervals are the edited regions' own.
TEST_F(UnmergeableTest, RandomEditsLeaveWhatARenderShows) {
  uint64_t state = 1;
  const auto random = [&](uint64_t below) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % below;
  };
  std::vector<Region*> windows;
  for (int i = 0; i < 24; ++i) {
    const uint64_t at = random(64);
    // At its own offset: neighbours go on where this one ends.
    Region& window = Alias("w" + std::to_string(i), ram_, at, 1 + random(12));
    Ok(topology_.SetUnmergeable(window, random(2) == 0));
    windows.push_back(&In(sys_, at, window, static_cast<int>(random(3))));
  }
  Start();
  for (int step = 0; step < 3000; ++step) {
    std::vector<AddrRange> dirty;
    for (uint64_t edits = 1 + random(3); edits > 0; --edits) {
      Region& window = *windows[random(windows.size())];
      const AddrRange place =
          *AddrRange::FromSize(window.addr(), window.size());
      switch (random(4)) {
        case 0:
          Ok(topology_.SetUnmergeable(window, !window.unmergeable()));
          break;
        case 1:
          Ok(topology_.SetReadonly(window, !window.readonly()));
          break;
        default:
          Ok(topology_.SetEnabled(window, !window.enabled()));
      }
      dirty.push_back(place);
    }
    std::sort(dirty.begin(), dirty.end(),
              [](AddrRange a, AddrRange b) { return a.first < b.first; });
    std::vector<AddrRange> apart;
    for (const AddrRange& d : dirty) {
      if (!apart.empty() &&
          (apart.back().Overlaps(d) || apart.back().Touches(d))) {
        apart.back().last = std::max(apart.back().last, d.last);
      } else {
        apart.push_back(d);
      }
    }
    Splice(apart);
    if (HasFatalFailure()) FAIL() << "step " << step;
  }
}

}  // namespace
}  // namespace planish
