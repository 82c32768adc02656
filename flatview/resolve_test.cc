// The root that a space really shows, rule by rule: R2.n is SEMANTICS.md's.

#include "planish/flatview/resolve.h"

#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/flatview/render_fixture_for_test.h"
#include "planish/regions/limits.h"
#include "planish/regions/owner.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"

namespace planish {
namespace {

TEST_F(RenderTest, R2_13_ADisabledRootIsNone) {
  In(sys_, 0, Mmio("a", 1));
  In(sys_, 1, Mmio("b", 1));
  EXPECT_EQ(SpaceOn(sys_), "root=sys: 0-0 a; 1-1 b");
  Ok(topology_.SetEnabled(sys_, false));
  EXPECT_EQ(SpaceOn(sys_), "root=(none): (empty)");
  // Also where the walk leads to it.
  EXPECT_EQ(SpaceOn(Alias("window", sys_, 0, ByteCount::TwoTo64())),
            "root=(none): (empty)");
}

TEST_F(RenderTest, R2_14_AFullWindowIsItsTarget) {
  Region& bus = Container("bus", 0x1000);
  In(bus, 0, Mmio("a", 1));
  In(bus, 1, Mmio("b", 1));
  EXPECT_EQ(SpaceOn(Alias("equal", bus, 0, 0x1000)), "root=bus: 0-0 a; 1-1 b");
  EXPECT_EQ(SpaceOn(Alias("larger", bus, 0, 0x1001)), "root=bus: 0-0 a; 1-1 b");
  EXPECT_EQ(SpaceOn(Alias("smaller", bus, 0, 0xfff)),
            "root=smaller: 0-0 a; 1-1 b");
  EXPECT_EQ(SpaceOn(Alias("moved", bus, 1, 0x1000)), "root=moved: 0-0 b");
}

TEST_F(RenderTest, R2_15_ASingleFittingChildIsTheRoot) {
  Region& bus = Container("bus", 0x1000);
  EXPECT_EQ(SpaceOn(bus), "root=(none): (empty)");
  Region& a = In(bus, 0, Mmio("a", 0x1000));
  EXPECT_EQ(SpaceOn(bus), "root=a: 0-fff a");
  Ok(topology_.SetSize(a, 0x1001));  // Does not fit.
  EXPECT_EQ(SpaceOn(bus), "root=bus: 0-fff a");
  Ok(topology_.SetSize(a, 0x10));
  Ok(topology_.SetAddress(a, Addr(1)));  // Not at 0.
  EXPECT_EQ(SpaceOn(bus), "root=bus: 1-10 a");
  Ok(topology_.SetAddress(a, Addr(0)));
  Region& b = In(bus, 0, Mmio("b", 0x10));  // Two.
  EXPECT_EQ(SpaceOn(bus), "root=bus: 0-f b");
  Ok(topology_.SetEnabled(b, false));  // Only the enabled ones count.
  EXPECT_EQ(SpaceOn(bus), "root=a: 0-f a");
  Ok(topology_.SetEnabled(a, false));
  EXPECT_EQ(SpaceOn(bus), "root=(none): (empty)");
}

TEST_F(RenderTest, R2_16_ATerminatingRegionIsItsOwnRoot) {
  Region& io = Mmio("io", 0x10);
  EXPECT_EQ(SpaceOn(io), "root=io: 0-f io");
  In(io, 0, Mmio("only", 0x10));
  EXPECT_EQ(SpaceOn(io), "root=io: 0-f only");
}

TEST_F(RenderTest, R2_17_ManyRootsResolveToOne) {
  Region& bus = Container("bus", 0x1000);
  In(bus, 0, Mmio("a", 1));
  In(bus, 1, Mmio("b", 1));
  Region& master = Container("master");
  Region& window = In(master, 0, Alias("dma", bus, 0, ByteCount::TwoTo64()));
  const Limits& limits = topology_.limits();
  EXPECT_EQ(*ResolveRoot(bus, limits), &bus);
  EXPECT_EQ(*ResolveRoot(window, limits), &bus);
  EXPECT_EQ(*ResolveRoot(master, limits), &bus);
  // Sharing goes by identity: a region that shows the same is another root.
  Region& twin = Container("twin", 0x1000);
  EXPECT_EQ(*ResolveRoot(twin, limits), nullptr);
}

TEST_F(RenderTest, R2_18_AttributesOfRegionsThatTheWalkSkipsAreLost) {
  Region& ram = Ram("ram", 0x1000);
  In(sys_, 0, ram);
  for (Region* r : {&sys_, &Alias("w", sys_, 0, ByteCount::TwoTo64())}) {
    Ok(topology_.SetReadonly(*r, true));
    Ok(topology_.SetNonvolatile(*r, true));
    Ok(topology_.SetUnmergeable(*r, true));
    EXPECT_EQ(SpaceOn(*r), "root=ram: 0-fff ram");
  }
  EXPECT_EQ(Shown(sys_), "0-fff ram ro nv um");
}

TEST_F(RenderTest, R2_19_TheRootsOwnAddressDisplacesTheView) {
  Region& dev = In(sys_, 0x4000, Container("dev", 0x1000));
  In(dev, 0, Mmio("p", 1));
  In(dev, 4, Mmio("q", 1));
  EXPECT_EQ(SpaceOn(dev), "root=dev: 4000-4000 p; 4004-4004 q");
  // And so does that of the region at which the walk ends.
  EXPECT_EQ(SpaceOn(Alias("w", dev, 0, ByteCount::TwoTo64())),
            "root=dev: 4000-4000 p; 4004-4004 q");
  // The address is kept without a container.
  Ok(topology_.Unlink(dev));
  EXPECT_EQ(SpaceOn(dev), "root=dev: 4000-4000 p; 4004-4004 q");
}

// ---- X4.

TEST_F(RenderTest, AWalkWithoutEndFailsAndNamesItsPath) {
  Region& bus = Container("bus", 0x1000);
  Region& window = In(bus, 0, Alias("window", bus, 0, 0x1000));
  for (const Region* root : {&bus, &window}) {
    const auto found = ResolveRoot(*root, topology_.limits());
    EXPECT_EQ(found.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(found.status().message()),
                testing::AllOf(testing::HasSubstr("X4"),
                               testing::HasSubstr("'" + root->name() + "'"),
                               testing::HasSubstr("window -> bus")));
  }
  // A second child ends it: the walk, not the rendering.
  In(bus, 0x10, Mmio("dev", 1));
  EXPECT_EQ(*ResolveRoot(window, topology_.limits()), &bus);
}

TEST_F(RenderTest, TheWalkGoesOnThroughAChildOfNoBytes) {
  Region& bus = Container("bus", 0x1000);
  Region& nothing = In(bus, 0, Container("nothing", 0));
  In(nothing, 0, Mmio("a", 1));
  In(nothing, 1, Mmio("b", 1));
  EXPECT_EQ(NextOnWalk(bus), &nothing);
  EXPECT_EQ(NextOnWalk(nothing), &nothing);
  EXPECT_EQ(SpaceOn(bus), "root=nothing: (empty)");
}

TEST_F(RenderTest, MutualWindowsWithoutEndFail) {
  Region& a = Container("a", 0x1000);
  Region& b = Container("b", 0x1000);
  In(a, 0, Alias("b-in-a", b, 0, 0x1000));
  In(b, 0, Alias("a-in-b", a, 0, 0x1000));
  EXPECT_EQ(ResolveRoot(a, topology_.limits()).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(RenderTest, ALongWalkThatEndsWithinTheDepthIsFine) {
  Region* inner = &Mmio("end", 0x10);
  Region* const end = inner;
  for (int i = 0; i < 100; ++i) {
    Region& outer = Container("c", 0x10);
    In(outer, 0, *inner);
    inner = &Alias("w", outer, 0, 0x10);
  }
  EXPECT_EQ(*ResolveRoot(*inner, Limits{1000, 201}), end);
  EXPECT_EQ(ResolveRoot(*inner, Limits{1000, 200}).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace planish
