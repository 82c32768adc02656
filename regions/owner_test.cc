// The end of an owner: X5, O1, O2. What it does to address spaces:
// space/address_space_test.cc.

#include "planish/regions/owner.h"

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/regions/graph_text_for_test.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"
#include "planish/regions/transaction.h"

namespace planish {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A card whose BAR lies in the board's bus, whose own bus holds a disk's
// region, and that is looked at and looks around through windows.
class OwnerTest : public testing::Test {
 protected:
  OwnerTest() {
    PLANISH_CHECK_OK(topology_.Link(bus_, other_, Addr(0)));
    PLANISH_CHECK_OK(topology_.Link(bus_, bar_, Addr(0x1000)));
    PLANISH_CHECK_OK(topology_.Link(bar_, part_, Addr(0x10)));
    PLANISH_CHECK_OK(topology_.Link(card_bus_, disk_region_, Addr(0)));
    PLANISH_CHECK_OK(topology_.Link(bus_, onto_card_, Addr(0x8000)));
    PLANISH_CHECK_OK(topology_.Link(bus_, onto_board_, Addr(0x9000)));
  }
  ~OwnerTest() override { topology_.CheckInvariants(); }

  void ExpectCardIsGone() {
    topology_.CheckInvariants();
    EXPECT_THAT(bus_.children(), ElementsAre(&other_, &onto_card_));
    EXPECT_EQ(bar_.container(), nullptr);
    EXPECT_THAT(bar_.children(), IsEmpty());
    EXPECT_EQ(part_.container(), nullptr);
    EXPECT_THAT(card_bus_.children(), IsEmpty());
    EXPECT_EQ(disk_region_.container(), nullptr);
    EXPECT_EQ(onto_card_.alias_target(), nullptr);
    EXPECT_EQ(onto_board_.alias_target(), nullptr);
    EXPECT_EQ(onto_board_.container(), nullptr);
  }

  Topology topology_;
  Owner board_{topology_, "board"};
  Owner card_{topology_, "card"};
  Owner disk_{topology_, "disk"};
  Region& bus_ = **topology_.AddContainer(board_, "bus");
  Region& other_ = **topology_.AddMmio(board_, "other", 0x10);
  Region& bar_ = **topology_.AddMmio(card_, "bar", 0x1000);
  Region& part_ = **topology_.AddMmio(card_, "part", 0x10);
  Region& card_bus_ = **topology_.AddContainer(card_, "card-bus");
  Region& disk_region_ = **topology_.AddMmio(disk_, "disk-io", 0x10);
  Region& onto_card_ =
      **topology_.AddAlias(board_, "onto-card", card_bus_, 0, 0x1000);
  Region& onto_board_ =
      **topology_.AddAlias(card_, "onto-board", other_, 0, 0x1000);
};

TEST_F(OwnerTest, RetireTakesItsRegionsOutOfEverything) {
  EXPECT_FALSE(card_.retired());
  EXPECT_TRUE(card_.Retire());
  EXPECT_TRUE(card_.retired());
  ExpectCardIsGone();
}

TEST_F(OwnerTest, RetireTwiceIsFalse) {
  EXPECT_TRUE(card_.Retire());
  EXPECT_FALSE(card_.Retire());
  ExpectCardIsGone();
}

TEST_F(OwnerTest, RetiringTheContainerLeavesForeignChildrenAlive) {
  EXPECT_TRUE(card_.Retire());
  EXPECT_TRUE(topology_.Link(bus_, disk_region_, Addr(0x3000)).ok());
}

TEST_F(OwnerTest, RetiringTheChildLeavesTheContainerAlive) {
  EXPECT_TRUE(disk_.Retire());
  EXPECT_THAT(card_bus_.children(), IsEmpty());
  EXPECT_EQ(onto_card_.alias_target(), &card_bus_);
  EXPECT_EQ(bar_.container(), &bus_);
}

TEST_F(OwnerTest, RetireInsideATransactionJoinsIt) {
  auto edit = Transaction::Begin(topology_);
  EXPECT_TRUE(card_.Retire());
  ExpectCardIsGone();
  EXPECT_TRUE(topology_.InTransaction());
  EXPECT_TRUE(edit->Commit().ok());
  ExpectCardIsGone();
}

TEST_F(OwnerTest, EveryEditAfterTheEndIsRefused) {
  EXPECT_TRUE(card_.Retire());
  const std::string before = GraphText({&board_, &card_, &disk_});
  const auto expect_refused = [&](const absl::Status& status) {
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("X5"));
    EXPECT_THAT(std::string(status.message()), HasSubstr("'card'"));
    EXPECT_EQ(GraphText({&board_, &card_, &disk_}), before);
  };
  expect_refused(topology_.Link(bus_, bar_, Addr(0)));
  expect_refused(topology_.Link(card_bus_, disk_region_, Addr(0)));
  expect_refused(topology_.Unlink(bar_));
  expect_refused(topology_.SetAddress(bar_, Addr(4)));
  expect_refused(topology_.SetPriority(bar_, 4));
  expect_refused(topology_.SetEnabled(bar_, false));
  expect_refused(topology_.SetSize(bar_, 4));
  expect_refused(topology_.SetReadonly(bar_, true));
  expect_refused(topology_.SetNonvolatile(bar_, true));
  expect_refused(topology_.SetUnmergeable(bar_, true));
  expect_refused(topology_.SetDirtyLogMask(bar_, 4));
  expect_refused(topology_.SetRomd(bar_, false));
  expect_refused(topology_.SetAliasOffset(onto_board_, 4));
  expect_refused(topology_.AddMmio(card_, "late", 1).status());
  expect_refused(topology_.AddAlias(card_, "late", other_, 0, 1).status());
  expect_refused(topology_.AddAlias(board_, "late", bar_, 0, 1).status());
}

TEST_F(OwnerTest, EditsAreRefusedInTheTransactionOfTheEndToo) {
  auto edit = Transaction::Begin(topology_);
  EXPECT_TRUE(card_.Retire());
  EXPECT_EQ(topology_.Link(bus_, bar_, Addr(0)).code(),
            StatusCode::kFailedPrecondition);
  EXPECT_TRUE(edit->Commit().ok());
}

TEST_F(OwnerTest, AfterTheEndItsRegionsAreReadable) {
  int device = 0;
  bar_.set_user_data(&device);
  EXPECT_TRUE(card_.Retire());
  EXPECT_EQ(bar_.name(), "bar");
  EXPECT_EQ(bar_.addr(), Addr(0x1000));
  EXPECT_EQ(bar_.size(), ByteCount(0x1000));
  EXPECT_EQ(bar_.user_data(), &device);
  EXPECT_EQ(&bar_.owner(), &card_);
}

TEST_F(OwnerTest, AWindowOntoARetiredTargetMayBeEdited) {
  EXPECT_TRUE(card_.Retire());
  EXPECT_TRUE(topology_.SetAliasOffset(onto_card_, 0x10).ok());
  EXPECT_TRUE(topology_.Unlink(onto_card_).ok());
  EXPECT_EQ(onto_card_.alias_target(), nullptr);
}

TEST_F(OwnerTest, DestroyingRetires) {
  {
    Owner late(topology_, "late");
    Region& region = **topology_.AddMmio(late, "r", 1);
    PLANISH_CHECK_OK(topology_.Link(bus_, region, Addr(0x7000)));
    EXPECT_EQ(bus_.children().back(), &region);
  }
  EXPECT_EQ(bus_.children().back(), &onto_board_);
  topology_.CheckInvariants();
}

TEST_F(OwnerTest, OwnersEndInAnyOrder) {
  // The container's owner first, then its child's, and the other way round.
  for (const bool container_first : {true, false}) {
    std::optional<Owner> outer(std::in_place, topology_, "outer");
    std::optional<Owner> inner(std::in_place, topology_, "inner");
    Region& container = **topology_.AddContainer(*outer, "container");
    Region& child = **topology_.AddContainer(*inner, "child");
    Region& window = **topology_.AddAlias(*inner, "w", container, 0, 1);
    PLANISH_CHECK_OK(topology_.Link(container, child, Addr(0)));
    PLANISH_CHECK_OK(topology_.Link(child, window, Addr(0)));
    (container_first ? outer : inner).reset();
    topology_.CheckInvariants();
    (container_first ? inner : outer).reset();
    topology_.CheckInvariants();
  }
}

TEST_F(OwnerTest, AWindowOntoItselfRetires) {
  Owner loop(topology_, "loop");
  Region& self = **topology_.AddContainer(loop, "self");
  Region& window = **topology_.AddAlias(loop, "w", self, 0, 1);
  PLANISH_CHECK_OK(topology_.Link(self, window, Addr(0)));
  EXPECT_TRUE(loop.Retire());
  EXPECT_THAT(self.children(), IsEmpty());
  EXPECT_EQ(window.alias_target(), nullptr);
}

}  // namespace
}  // namespace planish
