#include "planish/space/address_space.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/base/check.h"
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
  std::unique_ptr<AddressSpace> Space(Owner& owner, Region& root) {
    auto made = AddressSpace::Create(owner, "space", root);
    PLANISH_CHECK_OK(made);
    return *std::move(made);
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
};

// ---- What a space shows.

TEST_F(AddressSpaceTest, ShowsItsRoot) {
  const auto cpu = Space(board_, system_);
  EXPECT_EQ(cpu->name(), "space");
  EXPECT_EQ(cpu->root(), &system_);
  EXPECT_EQ(&cpu->owner(), &board_);
  const FlatView& view = cpu->Current().view();
  EXPECT_EQ(view.root(), &system_);
  ASSERT_EQ(view.size(), 2u);
  EXPECT_EQ(view.Find(Addr(0xfff))->region, &ram_);
  EXPECT_EQ(view.Find(Addr(0x1000)), nullptr);
  EXPECT_EQ(view.Find(Addr(0x8000))->region, &uart_);
}

TEST_F(AddressSpaceTest, LookupSaysWhatTheViewSays) {
  const auto cpu = Space(board_, system_);
  const Section last_of_ram = cpu->Lookup(Addr(0xfff));
  EXPECT_EQ(last_of_ram.kind(), SectionKind::kRam);
  EXPECT_EQ(last_of_ram.region(), &ram_);
  EXPECT_EQ(last_of_ram.offset(), 0xfffu);
  EXPECT_EQ(last_of_ram.last(), Addr(0xfff));
  EXPECT_EQ(last_of_ram.host(), ram_.ram()->host() + 0xfff);
  const Section hole = cpu->Lookup(Addr(0x1000));
  EXPECT_TRUE(hole.is_hole());
  EXPECT_EQ(hole.last(), Addr(0x7fff));
  const Section uart = cpu->Current().Lookup(Addr(0x8004));
  EXPECT_EQ(uart.kind(), SectionKind::kMmio);
  EXPECT_EQ(uart.region(), &uart_);
  EXPECT_EQ(uart.offset(), 4u);
  EXPECT_EQ(uart.host(), nullptr);
  EXPECT_EQ(cpu->Lookup(Addr::Max()).last(), Addr::Max());
}

TEST_F(AddressSpaceTest, EditsShowAtTheOutermostCommit) {
  const auto cpu = Space(board_, system_);
  Transaction outer = Begin();
  Transaction inner = Begin();
  Ok(topology_.SetAddress(uart_, Addr(0x9000)));
  Ok(inner.Commit());
  EXPECT_EQ(cpu->Lookup(Addr(0x8000)).region(), &uart_);
  EXPECT_TRUE(cpu->Lookup(Addr(0x9000)).is_hole());
  Ok(outer.Commit());
  EXPECT_TRUE(cpu->Lookup(Addr(0x8000)).is_hole());
  EXPECT_EQ(cpu->Lookup(Addr(0x9000)).region(), &uart_);
}

TEST_F(AddressSpaceTest, ASpaceMayBeRootedAnywhere) {
  const auto on_ram = Space(board_, ram_);
  EXPECT_EQ(on_ram->Lookup(Addr(0x10)).region(), &ram_);
  Region& window = **topology_.AddAlias(board_, "w", ram_, 0x800, 0x100);
  const auto on_window = Space(board_, window);
  EXPECT_EQ(on_window->Lookup(Addr(0xff)).offset(), 0x8ffu);
  EXPECT_TRUE(on_window->Lookup(Addr(0x100)).is_hole());
}

// ---- R2.17: sharing.

TEST_F(AddressSpaceTest, SpacesOnOneNormalisedRootShareItsView) {
  const auto cpu0 = Space(board_, system_);
  const auto cpu1 = Space(card_, system_);
  Region& master = Container(card_, "master");
  Region& window =
      **topology_.AddAlias(card_, "dma", system_, 0, ByteCount::TwoTo64());
  Ok(topology_.Link(master, window, Addr(0)));
  const auto nic = Space(card_, master);
  EXPECT_EQ(&cpu0->Current(), &cpu1->Current());
  EXPECT_EQ(&cpu0->Current().view(), &nic->Current().view());
  EXPECT_EQ(nic->root(), &master);
  EXPECT_EQ(nic->Current().view().root(), &system_);
  // Also after an edit.
  Ok(topology_.SetAddress(uart_, Addr(0x9000)));
  EXPECT_EQ(&cpu0->Current(), &cpu1->Current());
  EXPECT_EQ(&cpu0->Current(), &nic->Current());
}

TEST_F(AddressSpaceTest, SharingGoesByIdentityNotByContent) {
  Region& twin = Container(board_, "twin");
  for (Region* r : {&ram_, &uart_}) {
    Region& window = **topology_.AddAlias(board_, "w", *r, 0, r->size());
    Ok(topology_.Link(twin, window, r->addr()));
  }
  const auto one = Space(board_, system_);
  const auto other = Space(board_, twin);
  EXPECT_NE(&one->Current(), &other->Current());
  EXPECT_EQ(one->Lookup(Addr(0)).region(), other->Lookup(Addr(0)).region());
}

TEST_F(AddressSpaceTest, AllThatShowNothingShareTheEmptyView) {
  Region& empty = Container(board_, "empty");
  Region& off = Container(card_, "off");
  Ok(topology_.SetEnabled(off, false));
  const auto a = Space(board_, empty);
  const auto b = Space(card_, off);
  EXPECT_EQ(&a->Current(), &b->Current());
  EXPECT_TRUE(a->Current().view().empty());
  EXPECT_EQ(a->Current().view().root(), nullptr);
  EXPECT_NE(a->Current().generation(), 0u);
  EXPECT_TRUE(a->Lookup(Addr(0)).is_hole());
  EXPECT_EQ(a->Lookup(Addr(0)).last(), Addr::Max());
}

TEST_F(AddressSpaceTest, BusMasteringSwitchesBetweenTheSharedViews) {
  const auto cpu = Space(board_, system_);
  const auto nobody = Space(board_, Container(board_, "empty"));
  Region& master = Container(card_, "master");
  Region& window =
      **topology_.AddAlias(card_, "dma", system_, 0, ByteCount::TwoTo64());
  Ok(topology_.SetEnabled(window, false));
  Ok(topology_.Link(master, window, Addr(0)));
  const auto nic = Space(card_, master);
  for (int i = 0; i < 3; ++i) {
    const Snapshot* const of_cpu = &cpu->Current();
    EXPECT_EQ(&nic->Current(), &nobody->Current());
    Ok(topology_.SetEnabled(window, true));
    EXPECT_EQ(&nic->Current(), &cpu->Current());
    Ok(topology_.SetEnabled(window, false));
    EXPECT_EQ(&nic->Current(), &nobody->Current());
    EXPECT_EQ(&cpu->Current(), of_cpu);
  }
}

// ---- Generations.

TEST_F(AddressSpaceTest, OnlyWhatIsVisibleChangesTheGeneration) {
  const auto cpu = Space(board_, system_);
  Region& card_bus = Container(card_, "card-bus");
  Region& a = **topology_.AddMmio(card_, "a", 0x10);
  Region& b = **topology_.AddMmio(card_, "b", 0x10);
  Ok(topology_.Link(card_bus, a, Addr(0)));
  Ok(topology_.Link(card_bus, b, Addr(0x100)));
  const auto other = Space(card_, card_bus);

  const Snapshot* const before = &cpu->Current();
  const uint64_t generation = before->generation();
  EXPECT_NE(generation, 0u);
  EXPECT_NE(generation, other->Current().generation());
  // Of another root.
  const uint64_t others = other->Current().generation();
  Ok(topology_.SetAddress(b, Addr(0x200)));
  EXPECT_GT(other->Current().generation(), others);
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
  const auto another_space = Space(card_, system_);
  EXPECT_EQ(&cpu->Current(), before);
  EXPECT_EQ(cpu->Current().generation(), generation);
}

TEST_F(AddressSpaceTest, EverythingVisibleChangesTheGeneration) {
  const auto cpu = Space(board_, system_);
  uint64_t last = cpu->Current().generation();
  const auto expect_newer = [&](const absl::Status& status) {
    Ok(status);
    EXPECT_GT(cpu->Current().generation(), last);
    last = cpu->Current().generation();
  };
  expect_newer(topology_.SetAddress(uart_, Addr(0x8001)));
  expect_newer(topology_.SetSize(uart_, 0x11));
  expect_newer(topology_.SetReadonly(uart_, true));
  expect_newer(topology_.SetNonvolatile(uart_, true));
  expect_newer(topology_.SetUnmergeable(uart_, true));
  expect_newer(topology_.SetDirtyLogMask(uart_, 1));
  expect_newer(topology_.SetEnabled(uart_, false));
  expect_newer(topology_.SetEnabled(uart_, true));
  expect_newer(topology_.Unlink(uart_));
}

// ---- Transactions.

TEST_F(AddressSpaceTest, MadeInATransactionItIsEmptyUntilTheCommit) {
  Transaction outer = Begin();
  Transaction inner = Begin();
  const auto cpu = Space(board_, system_);
  Ok(inner.Commit());
  EXPECT_TRUE(cpu->Current().view().empty());
  EXPECT_TRUE(cpu->Lookup(Addr(0)).is_hole());
  Ok(outer.Commit());
  EXPECT_EQ(cpu->Lookup(Addr(0)).region(), &ram_);
}

TEST_F(AddressSpaceTest, MadeAndDestroyedInATransaction) {
  Transaction edit = Begin();
  Space(board_, system_).reset();
  Ok(edit.Commit());
  const auto cpu = Space(board_, system_);
  Transaction next = Begin();
  Space(card_, system_).reset();
  Ok(next.Commit());
  EXPECT_EQ(cpu->Lookup(Addr(0)).region(), &ram_);
}

TEST_F(AddressSpaceTest, DestroyedInATransactionTheOthersGoOn) {
  const auto cpu = Space(board_, system_);
  auto other = Space(board_, system_);
  auto alone = Space(board_, ram_);
  const Snapshot* const before = &cpu->Current();
  Transaction edit = Begin();
  other.reset();
  alone.reset();
  Ok(edit.Commit());
  EXPECT_EQ(&cpu->Current(), before);
}

TEST_F(AddressSpaceTest, ItsCreationIsUndoneWithItsTransaction) {
  const auto cpu = Space(board_, system_);
  const Snapshot* const before = &cpu->Current();
  Transaction edit = Begin();
  const auto late = Space(board_, ram_);
  Region& window = **topology_.AddAlias(board_, "w", system_, 0, 0x100);
  Ok(topology_.Link(system_, window, Addr(0), 9));
  EXPECT_EQ(edit.Commit().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(late->root(), nullptr);
  EXPECT_TRUE(late->Current().view().empty());
  EXPECT_EQ(&cpu->Current(), before);
  // For good.
  Ok(topology_.SetAddress(uart_, Addr(0x9000)));
  EXPECT_TRUE(late->Current().view().empty());
  EXPECT_EQ(cpu->Lookup(Addr(0x9000)).region(), &uart_);
}

// ---- Errors, X4.

TEST_F(AddressSpaceTest, AnEditThatPassesALimitIsUndone) {
  const auto cpu = Space(board_, system_);
  const Snapshot* const before = &cpu->Current();
  Region& window = MakeEndless(system_);
  EXPECT_EQ(window.container(), nullptr);
  EXPECT_EQ(&cpu->Current(), before);
  topology_.CheckInvariants();
  Ok(topology_.SetAddress(uart_, Addr(0x9000)));
  EXPECT_EQ(cpu->Lookup(Addr(0x9000)).region(), &uart_);
}

TEST_F(AddressSpaceTest, AMoveThatPassesALimitIsUndone) {
  const auto cpu = Space(board_, system_);
  Region& window = **topology_.AddAlias(board_, "w", system_, 0, 0x100);
  Ok(topology_.Link(system_, window, Addr(0x4000)));  // Harmless there.
  EXPECT_EQ(cpu->Lookup(Addr(0x4000)).region(), &ram_);
  EXPECT_EQ(topology_.SetAddress(window, Addr(0)).code(),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(window.addr(), Addr(0x4000));
  EXPECT_EQ(cpu->Lookup(Addr(0x4000)).region(), &ram_);
}

TEST_F(AddressSpaceTest, WhatNoSpaceShowsIsNotRendered) {
  Region& bus = Container(board_, "bus");
  Region& window = **topology_.AddAlias(board_, "w", bus, 0, 0x100);
  Ok(topology_.Link(bus, window, Addr(0), 9));
  // A second child, so that the root's walk ends here.
  Ok(topology_.Link(bus, **topology_.AddMmio(board_, "m", 1), Addr(0)));
  const auto cpu = Space(board_, system_);
  const auto made = AddressSpace::Create(board_, "late", bus);
  EXPECT_EQ(made.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(made.status().message()), HasSubstr("'bus'"));
  EXPECT_EQ(cpu->Lookup(Addr(0)).region(), &ram_);
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
  const auto cpu = Space(board_, system_);
  const absl::Status status = topology_.Link(system_, *half, Addr(0x10000));
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("X4"), HasSubstr("'system'")));
  EXPECT_EQ(half->container(), nullptr);
  EXPECT_TRUE(cpu->Lookup(Addr(0x10000)).is_hole());
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
  const auto space = Space(board_, bus);
  const auto empty = Space(board_, Container(board_, "empty"));
  EXPECT_EQ(space->Current().view().size(), 2u);
  EXPECT_TRUE(card_.Retire());
  EXPECT_EQ(space->root(), nullptr);
  EXPECT_EQ(&space->Current(), &empty->Current());
}

TEST_F(AddressSpaceTest, RetiringItsOwnOwnerEmptiesTheSpace) {
  const auto space = Space(card_, system_);
  const auto cpu = Space(board_, system_);
  EXPECT_TRUE(card_.Retire());
  EXPECT_EQ(space->root(), nullptr);
  EXPECT_TRUE(space->Current().view().empty());
  EXPECT_EQ(cpu->Lookup(Addr(0)).region(), &ram_);
}

TEST_F(AddressSpaceTest, RetiredRegionsLeaveEveryView) {
  const auto cpu = Space(board_, system_);
  Region& bar = **topology_.AddMmio(card_, "bar", 0x10);
  Ok(topology_.Link(system_, bar, Addr(0x10), 1));
  Region& window = **topology_.AddAlias(board_, "w", bar, 0, 0x10);
  Ok(topology_.Link(system_, window, Addr(0x9000)));
  EXPECT_EQ(cpu->Lookup(Addr(0x10)).region(), &bar);
  EXPECT_EQ(cpu->Lookup(Addr(0x9000)).region(), &bar);
  EXPECT_TRUE(card_.Retire());
  EXPECT_EQ(cpu->Lookup(Addr(0x10)).region(), &ram_);
  EXPECT_TRUE(cpu->Lookup(Addr(0x9000)).is_hole());
}

TEST_F(AddressSpaceTest, ARetirementInATransactionShowsAtItsCommit) {
  Region& bar = **topology_.AddMmio(card_, "bar", 0x10);
  Ok(topology_.Link(system_, bar, Addr(0x10), 1));
  const auto cpu = Space(board_, system_);
  const auto own = Space(card_, system_);
  Transaction edit = Begin();
  EXPECT_TRUE(card_.Retire());
  EXPECT_EQ(cpu->Lookup(Addr(0x10)).region(), &bar);
  EXPECT_EQ(own->Lookup(Addr(0x10)).region(), &bar);
  Ok(edit.Commit());
  EXPECT_EQ(cpu->Lookup(Addr(0x10)).region(), &ram_);
  EXPECT_TRUE(own->Lookup(Addr(0x10)).is_hole());
}

TEST_F(AddressSpaceTest, ARetirementStandsWhereTheRestIsUndone) {
  Region& bar = **topology_.AddMmio(card_, "bar", 0x10);
  Ok(topology_.Link(system_, bar, Addr(0x10), 1));
  const auto cpu = Space(board_, system_);
  const auto own = Space(card_, system_);
  Region& window = **topology_.AddAlias(board_, "w", system_, 0, 0x100);
  Transaction edit = Begin();
  Ok(topology_.SetAddress(uart_, Addr(0x9000)));
  EXPECT_TRUE(card_.Retire());
  Ok(topology_.Link(system_, window, Addr(0), 9));
  EXPECT_EQ(edit.Commit().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(cpu->Lookup(Addr(0x10)).region(), &ram_);
  EXPECT_EQ(cpu->Lookup(Addr(0x8000)).region(), &uart_);
  EXPECT_EQ(own->root(), nullptr);
  EXPECT_TRUE(own->Lookup(Addr(0)).is_hole());
  topology_.CheckInvariants();
}

// The walk of R2.15 goes on where the card's region was, and ends at a region
// that R2.19 displaces less: the endless window comes into view.
TEST_F(AddressSpaceTest, ARetirementThatLeavesARootPastALimitStillStands) {
  const auto cpu = Space(board_, system_);
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
  const auto space = Space(board_, root);
  EXPECT_EQ(space->Lookup(Addr(0xfffffffffffff000)).region(), &dev);

  EXPECT_TRUE(card_.Retire());
  EXPECT_TRUE(space->Current().view().empty());
  EXPECT_EQ(space->root(), &root);
  EXPECT_EQ(cpu->Lookup(Addr(0)).region(), &ram_);
  // Nobody else's commit suffers from it.
  Ok(topology_.SetAddress(uart_, Addr(0x9000)));
  EXPECT_EQ(cpu->Lookup(Addr(0x9000)).region(), &uart_);
  EXPECT_TRUE(space->Current().view().empty());
  Ok(topology_.Unlink(window));
  EXPECT_EQ(space->Lookup(Addr(0)).region(), &dev);
}

TEST_F(AddressSpaceTest, SpacesAndOwnersEndInAnyOrder) {
  enum class First { kSpace, kRoot, kOwner };
  for (First first : {First::kSpace, First::kRoot, First::kOwner}) {
    std::optional<Owner> root_owner(std::in_place, topology_, "root-owner");
    std::optional<Owner> owner(std::in_place, topology_, "owner");
    Region& root = Container(*root_owner, "root");
    Ok(topology_.Link(root, **topology_.AddMmio(*root_owner, "m", 1), Addr(4)));
    auto space = Space(*owner, root);
    EXPECT_FALSE(space->Lookup(Addr(4)).is_hole());
    if (first == First::kSpace) space.reset();
    if (first == First::kRoot) root_owner.reset();
    if (first == First::kOwner) owner.reset();
    if (space != nullptr) {
      EXPECT_TRUE(space->Lookup(Addr(4)).is_hole());
    }
    root_owner.reset();
    owner.reset();
    // Edits go on, with the space there or not.
    Ok(topology_.SetAddress(uart_,
                            Addr(0x8001 + static_cast<uint64_t>(first))));
    space.reset();
    topology_.CheckInvariants();
  }
}

TEST(AddressSpaceDeathTest, ASpaceMustNotOutliveItsTopology) {
  EXPECT_DEATH(
      {
        auto topology = std::make_unique<Topology>();
        std::unique_ptr<AddressSpace> space;
        {
          Owner board(*topology, "board");
          Region& root = **topology->AddContainer(board, "root");
          space = *AddressSpace::Create(board, "late", root);
        }
        topology.reset();
      },
      "E2: an AddressSpace outlives");
}

}  // namespace
}  // namespace planish
