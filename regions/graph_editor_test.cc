#include "planish/regions/graph_editor.h"

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/base/retire_list.h"
#include "planish/regions/change_observer.h"
#include "planish/regions/change_set.h"
#include "planish/regions/graph_text_for_test.h"
#include "planish/regions/owner.h"
#include "planish/regions/ram_block.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"
#include "planish/regions/transaction.h"

namespace planish {
namespace {

using absl::StatusCode;
using testing::ElementsAre;

class Refuser final : public ChangeObserver {
 public:
  absl::Status Prepare(const ChangeSet&) override {
    return absl::ResourceExhaustedError("no");
  }
  void PrepareAnyway(const ChangeSet&) override {}
  void Publish(RetireList&) override {}
};

class GraphEditorTest : public testing::Test {
 protected:
  GraphEditorTest() {
    for (Region* r : {&a_, &b_, &c_}) {
      PLANISH_CHECK_OK(topology_.Link(bus_, *r, Addr(0)));
    }
  }
  ~GraphEditorTest() override {
    PLANISH_CHECK_OK(edit_.Commit());
    topology_.CheckInvariants();
  }

  Topology topology_;
  Owner board_{topology_, "board"};
  Owner card_{topology_, "card"};
  Region& bus_ = **topology_.AddContainer(board_, "bus");
  Region& a_ = **topology_.AddMmio(board_, "a", 0x10);
  Region& b_ = **topology_.AddMmio(board_, "b", 0x10);
  Region& c_ = **topology_.AddMmio(board_, "c", 0x10);
  GraphEditor editor_{topology_};
  Transaction edit_ = Transaction::Begin(topology_).value();
};

TEST_F(GraphEditorTest, SetAddressKeepsTheOrder) {
  EXPECT_TRUE(editor_.SetAddress(a_, Addr(0x40)).ok());
  EXPECT_EQ(a_.addr(), Addr(0x40));
  EXPECT_THAT(bus_.children(), ElementsAre(&a_, &b_, &c_));
}

TEST_F(GraphEditorTest, SetPriorityKeepsTheAge) {
  EXPECT_TRUE(editor_.SetPriority(a_, 1).ok());
  EXPECT_THAT(bus_.children(), ElementsAre(&b_, &c_, &a_));
  // Both of priority 1 now, and `a` was linked before `c`.
  EXPECT_TRUE(editor_.SetPriority(c_, 1).ok());
  EXPECT_THAT(bus_.children(), ElementsAre(&b_, &a_, &c_));
  EXPECT_TRUE(editor_.SetPriority(a_, 0).ok());
  EXPECT_TRUE(editor_.SetPriority(c_, 0).ok());
  EXPECT_THAT(bus_.children(), ElementsAre(&a_, &b_, &c_));
  topology_.CheckInvariants();
}

TEST_F(GraphEditorTest, SetPriorityWithoutAContainer) {
  EXPECT_TRUE(editor_.SetPriority(bus_, -5).ok());
  EXPECT_EQ(bus_.priority(), -5);
}

TEST_F(GraphEditorTest, SetKindToAnAliasAndBack) {
  EXPECT_TRUE(editor_.SetKind(a_, RegionKind::kAlias).ok());
  EXPECT_EQ(a_.kind(), RegionKind::kAlias);
  EXPECT_EQ(a_.alias_target(), nullptr);
  EXPECT_TRUE(editor_.SetAlias(a_, &b_, 4).ok());
  EXPECT_EQ(a_.alias_target(), &b_);
  EXPECT_EQ(a_.alias_offset(), 4u);
  topology_.CheckInvariants();
  EXPECT_TRUE(editor_.SetKind(a_, RegionKind::kIommu).ok());
  EXPECT_EQ(a_.kind(), RegionKind::kIommu);
  EXPECT_EQ(a_.alias_target(), nullptr);
  topology_.CheckInvariants();
}

TEST_F(GraphEditorTest, SetKindDoesNotTouchReadonly) {
  EXPECT_TRUE(editor_.SetKind(a_, RegionKind::kRom).ok());
  EXPECT_EQ(a_.kind(), RegionKind::kRam);
  EXPECT_TRUE(topology_.SetReadonly(a_, true).ok());
  EXPECT_EQ(a_.kind(), RegionKind::kRom);
}

TEST_F(GraphEditorTest, ARegionWithChildrenCannotBecomeAnAlias) {
  const absl::Status status = editor_.SetKind(bus_, RegionKind::kAlias);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("'bus'"));
  EXPECT_EQ(bus_.kind(), RegionKind::kContainer);
}

TEST_F(GraphEditorTest, SetAliasChangesTheTarget) {
  Region& window = **topology_.AddAlias(board_, "w", a_, 1, 0x10);
  EXPECT_TRUE(editor_.SetAlias(window, &b_, 2).ok());
  EXPECT_EQ(window.alias_target(), &b_);
  EXPECT_EQ(window.alias_offset(), 2u);
  topology_.CheckInvariants();
  EXPECT_TRUE(editor_.SetAlias(window, nullptr, 0).ok());
  EXPECT_EQ(window.alias_target(), nullptr);
  EXPECT_EQ(editor_.SetAlias(a_, &b_, 0).code(), StatusCode::kInvalidArgument);
}

TEST_F(GraphEditorTest, SizeAndRomdWhateverTheKind) {
  EXPECT_TRUE(editor_.SetSize(a_, ByteCount::TwoTo64()).ok());
  EXPECT_EQ(a_.size(), ByteCount::TwoTo64());
  EXPECT_TRUE(editor_.SetRomd(a_, false).ok());
  EXPECT_FALSE(a_.romd());
}

TEST_F(GraphEditorTest, AddMakesEveryKind) {
  using Kind = RegionKind;
  for (Kind kind : {Kind::kContainer, Kind::kRam, Kind::kRom, Kind::kRomDevice,
                    Kind::kRamDevice, Kind::kMmio, Kind::kReservation,
                    Kind::kIommu, Kind::kAlias}) {
    const auto made =
        editor_.Add(board_, kind, "made", 0x20, RamBacking::None());
    ASSERT_TRUE(made.ok()) << made.status();
    EXPECT_EQ((*made)->kind(), kind);
    EXPECT_EQ((*made)->size(), ByteCount(0x20));
  }
}

TEST_F(GraphEditorTest, RegionsOfARetiredOwnerAreRefused) {
  Region& gone = **topology_.AddAlias(card_, "gone", a_, 0, 1);
  EXPECT_TRUE(card_.Retire());
  const std::string before = GraphText({&board_, &card_});
  for (const absl::Status& status :
       {editor_.SetKind(gone, RegionKind::kMmio),
        editor_.SetAddress(gone, Addr(1)), editor_.SetPriority(gone, 1),
        editor_.SetSize(gone, 2), editor_.SetRomd(gone, false),
        editor_.SetAlias(gone, &b_, 1),
        editor_.Add(card_, RegionKind::kMmio, "m", 1, RamBacking::None())
            .status()}) {
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << status;
  }
  Region& window = **topology_.AddAlias(board_, "w", a_, 1, 0x10);
  EXPECT_EQ(editor_.SetAlias(window, &gone, 0).code(),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(window.alias_target(), &a_);
}

TEST(GraphEditorUndoTest, ACommitThatFailsUndoesItsEditsToo) {
  Topology topology;
  Owner board(topology, "board");
  Region& bus = **topology.AddContainer(board, "bus");
  Region& a = **topology.AddMmio(board, "a", 0x10);
  Region& b = **topology.AddMmio(board, "b", 0x10);
  Region& window = **topology.AddAlias(board, "w", a, 1, 0x10);
  for (Region* r : {&a, &b}) PLANISH_CHECK_OK(topology.Link(bus, *r, Addr(0)));
  const std::string before = GraphText({&board});

  GraphEditor editor(topology);
  auto edit = Transaction::Begin(topology);
  topology.set_observer(std::make_unique<Refuser>());
  PLANISH_CHECK_OK(editor.SetPriority(a, 3));
  PLANISH_CHECK_OK(editor.SetAddress(a, Addr(3)));
  PLANISH_CHECK_OK(editor.SetSize(a, 3));
  PLANISH_CHECK_OK(editor.SetRomd(a, false));
  PLANISH_CHECK_OK(editor.SetAlias(window, &b, 3));
  PLANISH_CHECK_OK(editor.SetKind(window, RegionKind::kMmio));
  PLANISH_CHECK_OK(editor.SetKind(a, RegionKind::kAlias));
  PLANISH_CHECK_OK(editor.SetAlias(a, &bus, 3));
  EXPECT_NE(GraphText({&board}), before);
  EXPECT_EQ(edit->Commit().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(GraphText({&board}), before);
  topology.CheckInvariants();
}

}  // namespace
}  // namespace planish
