// SEMANTICS.md, Appendix A, row by row. The graphs are what its words describe.

#include <cstdint>

#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/flatview/render_fixture_for_test.h"
#include "planish/regions/ram_block.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"

namespace planish {
namespace {

// The picture of the public documentation of QEMU's memory API: A is 0x8000
// long and holds C (I/O, 0-5fff, priority 1) and B (2000-5fff, priority 2);
// B holds D at +0 and E at +2000, 0x1000 each.
class DocsExample : public RenderTest {
 protected:
  void Fill(Region& b) {
    In(a_, 0, Mmio("C", 0x6000), 1);
    In(a_, 0x2000, b, 2);
    In(b, 0, Mmio("D", 0x1000));
    In(b, 0x2000, Mmio("E", 0x1000));
  }
  Region& a_ = Container("A", 0x8000);
};

TEST_F(DocsExample, AppendixA_BIsAPureContainer) {
  Fill(Container("B", 0x4000));
  EXPECT_EQ(SpaceOn(a_),
            "root=A: 0-1fff C; 2000-2fff D; 3000-3fff C@3000; 4000-4fff E; "
            "5000-5fff C@5000");
}

TEST_F(DocsExample, AppendixA_BTerminates) {
  Fill(Mmio("B", 0x4000));
  EXPECT_EQ(SpaceOn(a_),
            "root=A: 0-1fff C; 2000-2fff D; 3000-3fff B@1000; 4000-4fff E; "
            "5000-5fff B@3000");
}

TEST_F(RenderTest, AppendixA_TieNewestWins) {
  In(sys_, 0, Mmio("x", 0x100));
  In(sys_, 0x80, Mmio("y", 0x100));
  EXPECT_EQ(SpaceOn(sys_), "root=sys: 0-7f x; 80-17f y");
}

TEST_F(RenderTest, AppendixA_TieSetAddressMakesItNewest) {
  Region& x = In(sys_, 0, Mmio("x", 0x100));
  In(sys_, 0x80, Mmio("y", 0x100));
  Ok(topology_.SetAddress(x, Addr(0x10)));
  EXPECT_EQ(SpaceOn(sys_), "root=sys: 10-10f x; 110-17f y@90");
}

class TwoAliases : public RenderTest {
 protected:
  Region& ram_ = Ram("ram", 0x1000);
  Region& low_ = In(sys_, 0, Alias("low", ram_, 0, 0x800));
  Region& high_ = In(sys_, 0x800, Alias("high", ram_, 0x800, 0x800));
};

TEST_F(TwoAliases, AppendixA_Melt) {
  EXPECT_EQ(SpaceOn(sys_), "root=sys: 0-fff ram");
}

TEST_F(TwoAliases, AppendixA_OneUnmergeable) {
  Ok(topology_.SetUnmergeable(low_, true));
  EXPECT_EQ(SpaceOn(sys_), "root=sys: 0-7ff ram um; 800-fff ram@800");
}

TEST_F(TwoAliases, AppendixA_OneReadOnly) {
  Ok(topology_.SetReadonly(low_, true));
  EXPECT_EQ(SpaceOn(sys_), "root=sys: 0-7ff ram ro; 800-fff ram@800");
}

TEST_F(RenderTest, AppendixA_SplitByOverlay) {
  In(sys_, 0, Ram("ram", 0x1000));
  In(sys_, 0x100, Mmio("o", 0x10), 1);
  EXPECT_EQ(SpaceOn(sys_), "root=sys: 0-ff ram; 100-10f o; 110-fff ram@110");
}

TEST_F(RenderTest, AppendixA_AliasPastTheEndOfItsTarget) {
  In(sys_, 0, Alias("window", Ram("ram", 0x1000), 0x800, 0x2000));
  In(sys_, 0x7000, Mmio("d", 0x10));
  EXPECT_EQ(SpaceOn(sys_), "root=sys: 0-7ff ram@800; 7000-700f d");
}

TEST_F(RenderTest, AppendixA_AliasWindowClipsAContainersChild) {
  Region& pci = Container("pci");
  In(pci, 0x80, Mmio("bar", 0x100));
  In(sys_, 0x8000, Alias("window", pci, 0, 0x100));
  In(sys_, 0, Mmio("d", 1));
  EXPECT_EQ(SpaceOn(sys_), "root=sys: 0-0 d; 8080-80ff bar");
}

TEST_F(RenderTest, AppendixA_ChildLargerThanItsContainer) {
  Region& bus = In(sys_, 0, Container("bus", 0x1000));
  In(bus, 0x800, Mmio("x", 0x1000));
  In(sys_, 0x9000, Mmio("d", 1));
  EXPECT_EQ(SpaceOn(sys_), "root=sys: 800-fff x; 9000-9000 d");
}

TEST_F(RenderTest, AppendixA_NonvolatileIsInherited) {
  Region& bus = In(sys_, 0x1000, Container("bus", 0x1000));
  In(bus, 0, Ram("ram", 0x1000));
  Ok(topology_.SetNonvolatile(bus, true));
  EXPECT_EQ(SpaceOn(sys_), "root=sys: 1000-1fff ram nv");
}

TEST_F(RenderTest, AppendixA_RootNormalisationDropsReadonly) {
  In(sys_, 0, Ram("ram", 0x1000));
  Ok(topology_.SetReadonly(sys_, true));
  EXPECT_EQ(SpaceOn(sys_), "root=ram: 0-fff ram");
}

TEST_F(RenderTest, AppendixA_BusMasterOnAndOff) {
  Region& n = Container("n");
  In(n, 0, Mmio("p", 1));
  In(n, 8, Mmio("q", 1));
  Region& master = Container("master");
  Region& window = In(master, 0, Alias("dma", n, 0, ByteCount::TwoTo64()));
  EXPECT_EQ(SpaceOn(master), "root=n: 0-0 p; 8-8 q");
  Ok(topology_.SetEnabled(window, false));
  EXPECT_EQ(SpaceOn(master), "root=(none): (empty)");
}

TEST_F(RenderTest, AppendixA_BackgroundOfTwoTo64) {
  Region& all = Container("all");
  In(all, 0, Mmio("bg", ByteCount::TwoTo64()), -1);
  In(all, 0xfffffffffffff000,
     **topology_.AddRom(board_, "top", 0x1000, RamBacking::None()));
  EXPECT_EQ(SpaceOn(all),
            "root=all: 0-ffffffffffffefff bg; "
            "fffffffffffff000-ffffffffffffffff top ro");
}

TEST_F(RenderTest, AppendixA_ClippedAtTwoTo64) {
  Region& all = Container("all");
  In(all, 0, Mmio("z", 1));
  In(all, 0xfffffffffffff000, Ram("r2", 0x2000));
  EXPECT_EQ(SpaceOn(all),
            "root=all: 0-0 z; fffffffffffff000-ffffffffffffffff r2");
}

TEST_F(RenderTest, AppendixA_RootMappedElsewhereIsDisplaced) {
  Region& dev = In(sys_, 0x4000, Container("dev", 0x1000));
  In(dev, 0, Mmio("p", 1));
  In(dev, 4, Mmio("q", 1));
  EXPECT_EQ(SpaceOn(dev), "root=dev: 4000-4000 p; 4004-4004 q");
}

}  // namespace
}  // namespace planish
