#include "planish/space/address_space.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/dispatch/section.h"
#include "planish/flatview/flat_view.h"
#include "planish/regions/limits.h"
#include "planish/regions/owner.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"
#include "planish/regions/transaction.h"

namespace planish {
namespace {

using absl::StatusCode;
using testing::AllOf;
using testing::HasSubstr;

// `system` holds a RAM and a UART, so that it is its own normalised root.
class AddressSpaceTest : public testing::Test {
 protected:
  AddressSpaceTest() {
    Ok(topology_.Link(system_, ram_, Addr(0)));
    Ok(topology_.Link(system_, uart_, Addr(0x8000)));
  }

  static void Ok(const absl::Status& status) { PLANISH_CHECK_OK(status); }
  static AddressSpace* Space(Owner& owner, Region& root) {
    return AddressSpace::Create(owner, "space", root).value();
  }
  Region& Container(Owner& owner, const std::string& name) {
    return **topology_.AddContainer(owner, name);
  }
  Transaction Begin() { return Transaction::Begin(topology_).value(); }
  // Makes `container` show itself without end.
  Region& MakeEndless(Region& container) {
    Region& window =
        **topology_.AddAlias(board_, "endless", container, 0, 0x100);
    const absl::Status status = topology_.Link(container, window, Addr(0), 9);
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
    EXPECT_THAT(
        std::string(status.message()),
        AllOf(HasSubstr("X4"), HasSubstr("'" + container.name() + "'")));
    return window;
  }

  Topology topology_{Limits{10000, 256}};
  Owner board_{topology_, "board"};
  Owner card_{topology_, "card"};
  Region& system_ = Container(board_, "system");
  Region& ram_ = **topology_.AddRam(board_, "ram", 0x1000);
  Region& uart_ = **topology_.AddMmio(board_, "uart", 0x10);
  // Last: it goes first.
  const ReadGuard guard_{topology_.rcu()};
};

// ---- What a space shows.

TEST_F(AddressSpaceTest, ShowsItsRoot) {
  AddressSpace* const cpu = Space(board_, system_);
  EXPECT_EQ(cpu->name(), "space");
  EXPECT_EQ(cpu->root(), &system_);
  EXPECT_EQ(&cpu->owner(), &board_);
  const FlatView& view = cpu->Current(guard_).view();
  EXPECT_EQ(view.root(), &system_);
  ASSERT_EQ(view.size(), 2u);
  EXPECT_EQ(view.Find(Addr(0xfff))->region, &ram_);
  EXPECT_EQ(view.Find(Addr(0x1000)), nullptr);
  EXPECT_EQ(view.Find(Addr(0x8000))->region, &uart_);
}

TEST_F(AddressSpaceTest, LookupSaysWhatTheViewSays) {
  AddressSpace* const cpu = Space(board_, system_);
  const Section last_of_ram = cpu->Lookup(guard_, Addr(0xfff));
  EXPECT_EQ(last_of_ram.kind(), SectionKind::kRam);
  EXPECT_EQ(last_of_ram.region(), &ram_);
  EXPECT_EQ(last_of_ram.offset(), 0xfffu);
  EXPECT_EQ(last_of_ram.last(), Addr(0xfff));
  EXPECT_EQ(last_of_ram.host(), ram_.ram()->host() + 0xfff);
  const Section hole = cpu->Lookup(guard_, Addr(0x1000));
  EXPECT_TRUE(hole.is_hole());
  EXPECT_EQ(hole.last(), Addr(0x7fff));
  const Section uart = cpu->Current(guard_).Lookup(Addr(0x8004));
  EXPECT_EQ(uart.kind(), SectionKind::kMmio);
  EXPECT_EQ(uart.region(), &uart_);
  EXPECT_EQ(uart.offset(), 4u);
  EXPECT_EQ(uart.host(), nullptr);
  EXPECT_EQ(cpu->Lookup(guard_, Addr::Max()).last(), Addr::Max());
}

TEST_F(AddressSpaceTest, EditsShowAtTheOutermostCommit) {
  AddressSpace* const cpu = Space(board_, system_);
  Transaction outer = Begin();
  Transaction inner = Begin();
  Ok(topology_.SetAddress(uart_, Addr(0x9000)));
  Ok(inner.Commit());
  EXPECT_EQ(cpu->Lookup(guard_, Addr(0x8000)).region(), &uart_);
  EXPECT_TRUE(cpu->Lookup(guard_, Addr(0x9000)).is_hole());
  Ok(outer.Commit());
  EXPECT_TRUE(cpu->Lookup(guard_, Addr(0x8000)).is_hole());
  EXPECT_EQ(cpu->Lookup(guard_, Addr(0x9000)).region(), &uart_);
}

TEST_F(AddressSpaceTest, ASpaceMayBeRootedAnywhere) {
  AddressSpace* const on_ram = Space(board_, ram_);
  EXPECT_EQ(on_ram->Lookup(guard_, Addr(0x10)).region(), &ram_);
  Region& window = **topology_.AddAlias(board_, "w", ram_, 0x800, 0x100);
  AddressSpace* const on_window = Space(board_, window);
  EXPECT_EQ(on_window->Lookup(guard_, Addr(0xff)).offset(), 0x8ffu);
  EXPECT_TRUE(on_window->Lookup(guard_, Addr(0x100)).is_hole());
}

// ---- R2.17: sharing.

TEST_F(AddressSpaceTest, SpacesOnOneNormalisedRootShareItsView) {
  AddressSpace* const cpu0 = Space(board_, system_);
  AddressSpace* const cpu1 = Space(card_, system_);
  Region& master = Container(card_, "master");
  Region& window =
      **topology_.AddAlias(card_, "dma", system_, 0, ByteCount::TwoTo64());
  Ok(topology_.Link(master, window, Addr(0)));
  AddressSpace* const nic = Space(card_, master);
  EXPECT_EQ(&cpu0->Current(guard_), &cpu1->Current(guard_));
  EXPECT_EQ(&cpu0->Current(guard_).view(), &nic->Current(guard_).view());
  EXPECT_EQ(nic->root(), &master);
  EXPECT_EQ(nic->Current(guard_).view().root(), &system_);
  // Also after an edit.
  Ok(topology_.SetAddress(uart_, Addr(0x9000)));
  EXPECT_EQ(&cpu0->Current(guard_), &cpu1->Current(guard_));
  EXPECT_EQ(&cpu0->Current(guard_), &nic->Current(guard_));
}

TEST_F(AddressSpaceTest, SharingGoesByIdentityNotByContent) {
  Region& twin = Container(board_, "twin");
  for (Region* r : {&ram_, &uart_}) {
    Region& window = **topology_.AddAlias(board_, "w", *r, 0, r->size());
    Ok(topology_.Link(twin, window, r->addr()));
  }
  AddressSpace* const one = Space(board_, system_);
  AddressSpace* const other = Space(board_, twin);
  EXPECT_NE(&one->Current(guard_), &other->Current(guard_));
  EXPECT_EQ(one->Lookup(guard_, Addr(0)).region(),
            other->Lookup(guard_, Addr(0)).region());
}

TEST_F(AddressSpaceTest, AllThatShowNothingShareTheEmptyView) {
  Region& empty = Container(board_, "empty");
  Region& off = Container(card_, "off");
  Ok(topology_.SetEnabled(off, false));
  AddressSpace* const a = Space(board_, empty);
  AddressSpace* const b = Space(card_, off);
  EXPECT_EQ(&a->Current(guard_), &b->Current(guard_));
  EXPECT_TRUE(a->Current(guard_).view().empty());
  EXPECT_EQ(a->Current(guard_).view().root(), nullptr);
  EXPECT_NE(a->Current(guard_).generation(), 0u);
  EXPECT_TRUE(a->Lookup(guard_, Addr(0)).is_hole());
  EXPECT_EQ(a->Lookup(guard_, Addr(0)).last(), Addr::Max());
}

TEST_F(AddressSpaceTest, BusMasteringSwitchesBetweenTheSharedViews) {
  AddressSpace* const cpu = Space(board_, system_);
  AddressSpace* const nobody = Space(board_, Container(board_, "empty"));
  Region& master = Container(card_, "master");
  Region& window =
      **topology_.AddAlias(card_, "dma", system_, 0, ByteCount::TwoTo64());
  Ok(topology_.SetEnabled(window, false));
  Ok(topology_.Link(master, window, Addr(0)));
  AddressSpace* const nic = Space(card_, master);
  for (int i = 0; i < 3; ++i) {
    const Snapshot* const of_cpu = &cpu->Current(guard_);
    EXPECT_EQ(&nic->Current(guard_), &nobody->Current(guard_));
    Ok(topology_.SetEnabled(window, true));
    EXPECT_EQ(&nic->Current(guard_), &cpu->Current(guard_));
    Ok(topology_.SetEnabled(window, false));
    EXPECT_EQ(&nic->Current(guard_), &nobody->Current(guard_));
    EXPECT_EQ(&cpu->Current(guard_), of_cpu);
  }
}

// ---- Generations.

TEST_F(AddressSpaceTest, OnlyWhatIsVisibleChangesTheGeneration) {
  AddressSpace* const cpu = Space(board_, system_);
  Region& card_bus = Container(card_, "card-bus");
  Region& a = **topology_.AddMmio(card_, "a", 0x10);
  Region& b = **topology_.AddMmio(card_, "b", 0x10);
  Ok(topology_.Link(card_bus, a, Addr(0)));
  Ok(topology_.Link(card_bus, b, Addr(0x100)));
  AddressSpace* const other = Space(card_, card_bus);

  const Snapshot* const before = &cpu->Current(guard_);
  const uint64_t generation = before->generation();
  EXPECT_NE(generation, 0u);
  EXPECT_NE(generation, other->Current(guard_).generation());
  // Of another root.
  const uint64_t others = other->Current(guard_).generation();
  Ok(topology_.SetAddress(b, Addr(0x200)));
  EXPECT_GT(other->Current(guard_).generation(), others);
  // Not linked, disabled, covered, empty, off and on again.
  Region& hidden = **topology_.AddMmio(board_, "hidden", 0x10);
  Ok(topology_.Link(system_, hidden, Addr(0x100), -1));
  Ok(topology_.SetAddress(hidden, Addr(0x200)));
  Ok(topology_.SetEnabled(hidden, false));
  Ok(topology_.SetAddress(hidden, Addr(0x4000)));
  Ok(topology_.SetSize(hidden, 0));
  Ok(topology_.SetEnabled(hidden, true));
  Ok(topology_.Unlink(hidden));
  Transaction twice = Begin();
  Ok(topology_.SetEnabled(uart_, false));
  Ok(topology_.SetEnabled(uart_, true));
  Ok(twice.Commit());
  Space(card_, system_);  // One space more.
  EXPECT_EQ(&cpu->Current(guard_), before);
  EXPECT_EQ(cpu->Current(guard_).generation(), generation);
}

TEST_F(AddressSpaceTest, EverythingVisibleChangesTheGeneration) {
  AddressSpace* const cpu = Space(board_, system_);
  uint64_t last = cpu->Current(guard_).generation();
  const auto expect_another = [&](const absl::Status& status) {
    Ok(status);
    EXPECT_NE(cpu->Current(guard_).generation(), last);
    last = cpu->Current(guard_).generation();
  };
  expect_another(topology_.SetAddress(uart_, Addr(0x8001)));
  expect_another(topology_.SetSize(uart_, 0x11));
  expect_another(topology_.SetReadonly(uart_, true));
  expect_another(topology_.SetNonvolatile(uart_, true));
  expect_another(topology_.SetUnmergeable(uart_, true));
  expect_another(topology_.SetDirtyLogMask(uart_, 1));
  expect_another(topology_.SetEnabled(uart_, false));
  expect_another(topology_.SetEnabled(uart_, true));
  expect_another(topology_.Unlink(uart_));
}

// ---- Transactions.

TEST_F(AddressSpaceTest, MadeInATransactionItIsEmptyUntilTheCommit) {
  Transaction outer = Begin();
  Transaction inner = Begin();
  AddressSpace* const cpu = Space(board_, system_);
  Ok(inner.Commit());
  EXPECT_TRUE(cpu->Current(guard_).view().empty());
  EXPECT_TRUE(cpu->Lookup(guard_, Addr(0)).is_hole());
  Ok(outer.Commit());
  EXPECT_EQ(cpu->Lookup(guard_, Addr(0)).region(), &ram_);
}

TEST_F(AddressSpaceTest, MadeAndRetiredInATransaction) {
  Transaction edit = Begin();
  Space(board_, system_)->Retire();
  Ok(edit.Commit());
  AddressSpace* const cpu = Space(board_, system_);
  Transaction next = Begin();
  Space(card_, system_)->Retire();
  Ok(next.Commit());
  EXPECT_EQ(cpu->Lookup(guard_, Addr(0)).region(), &ram_);
}

TEST_F(AddressSpaceTest, RetiredInATransactionTheOthersGoOn) {
  AddressSpace* const cpu = Space(board_, system_);
  AddressSpace* const other = Space(board_, system_);
  AddressSpace* const alone = Space(board_, ram_);
  const Snapshot* const before = &cpu->Current(guard_);
  Transaction edit = Begin();
  other->Retire();
  alone->Retire();
  Ok(edit.Commit());
  EXPECT_EQ(&cpu->Current(guard_), before);
}

TEST_F(AddressSpaceTest, ItsCreationIsUndoneWithItsTransaction) {
  AddressSpace* const cpu = Space(board_, system_);
  const Snapshot* const before = &cpu->Current(guard_);
  Transaction edit = Begin();
  AddressSpace* const late = Space(board_, ram_);
  Region& window = **topology_.AddAlias(board_, "w", system_, 0, 0x100);
  Ok(topology_.Link(system_, window, Addr(0), 9));
  EXPECT_EQ(edit.Commit().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(late->root(), nullptr);
  EXPECT_TRUE(late->Current(guard_).view().empty());
  EXPECT_EQ(&cpu->Current(guard_), before);
  // For good.
  Ok(topology_.SetAddress(uart_, Addr(0x9000)));
  EXPECT_TRUE(late->Current(guard_).view().empty());
  EXPECT_EQ(cpu->Lookup(guard_, Addr(0x9000)).region(), &uart_);
}

// ---- Errors, X4.

TEST_F(AddressSpaceTest, AnEditThatPassesALimitIsUndone) {
  AddressSpace* const cpu = Space(board_, system_);
  const Snapshot* const before = &cpu->Current(guard_);
  Region& window = MakeEndless(system_);
  EXPECT_EQ(window.container(), nullptr);
  EXPECT_EQ(&cpu->Current(guard_), before);
  topology_.CheckInvariants();
  Ok(topology_.SetAddress(uart_, Addr(0x9000)));
  EXPECT_EQ(cpu->Lookup(guard_, Addr(0x9000)).region(), &uart_);
}

TEST_F(AddressSpaceTest, AMoveThatPassesALimitIsUndone) {
  AddressSpace* const cpu = Space(board_, system_);
  Region& window = **topology_.AddAlias(board_, "w", system_, 0, 0x100);
  Ok(topology_.Link(system_, window, Addr(0x4000)));  // Harmless there.
  EXPECT_EQ(cpu->Lookup(guard_, Addr(0x4000)).region(), &ram_);
  EXPECT_EQ(topology_.SetAddress(window, Addr(0)).code(),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(window.addr(), Addr(0x4000));
  EXPECT_EQ(cpu->Lookup(guard_, Addr(0x4000)).region(), &ram_);
}

TEST_F(AddressSpaceTest, WhatNoSpaceShowsIsNotRendered) {
  Region& bus = Container(board_, "bus");
  Region& window = **topology_.AddAlias(board_, "w", bus, 0, 0x100);
  Ok(topology_.Link(bus, window, Addr(0), 9));
  // A second child, so that the root's walk ends here.
  Ok(topology_.Link(bus, **topology_.AddMmio(board_, "m", 1), Addr(0)));
  AddressSpace* const cpu = Space(board_, system_);
  const auto made = AddressSpace::Create(board_, "late", bus);
  EXPECT_EQ(made.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(made.status().message()), HasSubstr("'bus'"));
  EXPECT_EQ(cpu->Lookup(guard_, Addr(0)).region(), &ram_);
  Ok(topology_.SetEnabled(window, false));
  EXPECT_TRUE(AddressSpace::Create(board_, "late", bus).ok());
}

TEST_F(AddressSpaceTest, FortyDoublingAliasesAreRefused) {
  Region* half = &uart_;
  for (int i = 0; i < 40; ++i) {
    Region& both = Container(board_, "double" + std::to_string(i));
    const uint64_t size = uint64_t{0x10} << i;
    for (uint64_t at : {uint64_t{0}, size}) {
      Region& window = **topology_.AddAlias(board_, "w", *half, 0, size);
      Ok(topology_.Link(both, window, Addr(at)));
    }
    half = &both;
  }
  AddressSpace* const cpu = Space(board_, system_);
  const absl::Status status = topology_.Link(system_, *half, Addr(0x10000));
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("X4"), HasSubstr("'system'")));
  EXPECT_EQ(half->container(), nullptr);
  EXPECT_TRUE(cpu->Lookup(guard_, Addr(0x10000)).is_hole());
}

TEST_F(AddressSpaceTest, ARootOfAnotherTopologyIsRefused) {
  Topology other;
  Owner stranger(other, "stranger");
  Region& foreign = **other.AddContainer(stranger, "foreign");
  const auto made = AddressSpace::Create(board_, "odd", foreign);
  EXPECT_EQ(made.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(made.status().message()),
              AllOf(HasSubstr("'odd'"), HasSubstr("'foreign'")));
}

TEST_F(AddressSpaceTest, RetiredOwnersAreRefused) {
  Region& bus = Container(card_, "bus");
  EXPECT_TRUE(card_.Retire());
  for (const auto& status :
       {AddressSpace::Create(card_, "odd", system_).status(),
        AddressSpace::Create(board_, "odd", bus).status()}) {
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
    EXPECT_THAT(
        std::string(status.message()),
        AllOf(HasSubstr("X5"), HasSubstr("'odd'"), HasSubstr("'card'")));
  }
}

// ---- The end of an owner: X5, E1, E2.

TEST_F(AddressSpaceTest, RetiringTheRootsOwnerEmptiesTheSpace) {
  Region& bus = Container(card_, "bus");
  Ok(topology_.Link(bus, **topology_.AddMmio(card_, "a", 1), Addr(0)));
  Ok(topology_.Link(bus, **topology_.AddMmio(card_, "b", 1), Addr(1)));
  AddressSpace* const space = Space(board_, bus);
  AddressSpace* const empty = Space(board_, Container(board_, "empty"));
  EXPECT_EQ(space->Current(guard_).view().size(), 2u);
  EXPECT_TRUE(card_.Retire());
  EXPECT_EQ(space->root(), nullptr);
  EXPECT_EQ(&space->Current(guard_), &empty->Current(guard_));
}

TEST_F(AddressSpaceTest, RetiringItsOwnOwnerEmptiesTheSpace) {
  AddressSpace* const space = Space(card_, system_);
  AddressSpace* const cpu = Space(board_, system_);
  EXPECT_TRUE(card_.Retire());
  EXPECT_EQ(space->root(), nullptr);
  EXPECT_TRUE(space->Current(guard_).view().empty());
  EXPECT_EQ(cpu->Lookup(guard_, Addr(0)).region(), &ram_);
}

TEST_F(AddressSpaceTest, RetiredRegionsLeaveEveryView) {
  AddressSpace* const cpu = Space(board_, system_);
  Region& bar = **topology_.AddMmio(card_, "bar", 0x10);
  Ok(topology_.Link(system_, bar, Addr(0x10), 1));
  Region& window = **topology_.AddAlias(board_, "w", bar, 0, 0x10);
  Ok(topology_.Link(system_, window, Addr(0x9000)));
  EXPECT_EQ(cpu->Lookup(guard_, Addr(0x10)).region(), &bar);
  EXPECT_EQ(cpu->Lookup(guard_, Addr(0x9000)).region(), &bar);
  EXPECT_TRUE(card_.Retire());
  EXPECT_EQ(cpu->Lookup(guard_, Addr(0x10)).region(), &ram_);
  EXPECT_TRUE(cpu->Lookup(guard_, Addr(0x9000)).is_hole());
}

TEST_F(AddressSpaceTest, ARetirementInATransactionShowsAtItsCommit) {
  Region& bar = **topology_.AddMmio(card_, "bar", 0x10);
  Ok(topology_.Link(system_, bar, Addr(0x10), 1));
  AddressSpace* const cpu = Space(board_, system_);
  AddressSpace* const own = Space(card_, system_);
  Transaction edit = Begin();
  EXPECT_TRUE(card_.Retire());
  EXPECT_EQ(cpu->Lookup(guard_, Addr(0x10)).region(), &bar);
  EXPECT_EQ(own->Lookup(guard_, Addr(0x10)).region(), &bar);
  Ok(edit.Commit());
  EXPECT_EQ(cpu->Lookup(guard_, Addr(0x10)).region(), &ram_);
  EXPECT_TRUE(own->Lookup(guard_, Addr(0x10)).is_hole());
}

TEST_F(AddressSpaceTest, ARetirementStandsWhereTheRestIsUndone) {
  Region& bar = **topology_.AddMmio(card_, "bar", 0x10);
  Ok(topology_.Link(system_, bar, Addr(0x10), 1));
  AddressSpace* const cpu = Space(board_, system_);
  AddressSpace* const own = Space(card_, system_);
  Region& window = **topology_.AddAlias(board_, "w", system_, 0, 0x100);
  Transaction edit = Begin();
  Ok(topology_.SetAddress(uart_, Addr(0x9000)));
  EXPECT_TRUE(card_.Retire());
  Ok(topology_.Link(system_, window, Addr(0), 9));
  EXPECT_EQ(edit.Commit().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(cpu->Lookup(guard_, Addr(0x10)).region(), &ram_);
  EXPECT_EQ(cpu->Lookup(guard_, Addr(0x8000)).region(), &uart_);
  EXPECT_EQ(own->root(), nullptr);
  EXPECT_TRUE(own->Lookup(guard_, Addr(0)).is_hole());
  topology_.CheckInvariants();
}

// The walk of R2.15 goes on where the card's region was, and ends at a region
// that R2.19 displaces less: the endless window comes into view.
TEST_F(AddressSpaceTest, ARetirementThatLeavesARootPastALimitStillStands) {
  AddressSpace* const cpu = Space(board_, system_);
  Region& root = Container(board_, "root");
  Region& bus = Container(board_, "bus");
  Region& window = **topology_.AddAlias(board_, "w", bus, 0x2000, 0x1000);
  Region& part = **topology_.AddMmio(card_, "part", 0x10);
  Region& dev = **topology_.AddMmio(board_, "dev", 0x10);
  Ok(topology_.SetAddress(root, Addr(0xfffffffffffff000)));
  Ok(topology_.Link(root, bus, Addr(0)));
  Ok(topology_.Link(root, part, Addr(0x100)));
  Ok(topology_.Link(bus, window, Addr(0x2000)));
  Ok(topology_.Link(bus, dev, Addr(0)));
  AddressSpace* const space = Space(board_, root);
  EXPECT_EQ(space->Lookup(guard_, Addr(0xfffffffffffff000)).region(), &dev);

  EXPECT_TRUE(card_.Retire());
  EXPECT_TRUE(space->Current(guard_).view().empty());
  EXPECT_EQ(space->root(), &root);
  EXPECT_EQ(cpu->Lookup(guard_, Addr(0)).region(), &ram_);
  // Nobody else's commit suffers from it.
  Ok(topology_.SetAddress(uart_, Addr(0x9000)));
  EXPECT_EQ(cpu->Lookup(guard_, Addr(0x9000)).region(), &uart_);
  EXPECT_TRUE(space->Current(guard_).view().empty());
  Ok(topology_.Unlink(window));
  EXPECT_EQ(space->Lookup(guard_, Addr(0)).region(), &dev);
}

TEST(AddressSpaceEndTest, SpacesAndOwnersEndInAnyOrder) {
  enum class First { kSpace, kRoot, kOwner };
  for (First first : {First::kSpace, First::kRoot, First::kOwner}) {
    Topology topology;
    Owner board(topology, "board");
    Region& uart = **topology.AddMmio(board, "uart", 0x10);
    std::optional<Owner> root_owner(std::in_place, topology, "root-owner");
    std::optional<Owner> owner(std::in_place, topology, "owner");
    Region& root = **topology.AddContainer(*root_owner, "root");
    Region& m = **topology.AddMmio(*root_owner, "m", 1);
    PLANISH_CHECK_OK(topology.Link(root, m, Addr(4)));
    AddressSpace* const space =
        AddressSpace::Create(*owner, "space", root).value();
    const auto shows = [&] {
      const ReadGuard guard(topology.rcu());
      return !space->Lookup(guard, Addr(4)).is_hole();
    };
    EXPECT_TRUE(shows());
    if (first == First::kSpace) {
      EXPECT_TRUE(space->Retire());
      EXPECT_FALSE(space->Retire());
    }
    if (first == First::kRoot) root_owner.reset();
    if (first == First::kOwner) {
      owner.reset();
    } else {
      EXPECT_FALSE(shows());
    }
    root_owner.reset();
    owner.reset();
    // Edits go on.
    PLANISH_CHECK_OK(topology.SetAddress(uart, Addr(0x8001)));
    topology.CheckInvariants();
  }
}

}  // namespace
}  // namespace planish
