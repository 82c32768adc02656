// Transactions: X1 to X3, over an observer that fails when it is told to. What
// the real one does with Limits: space/address_space_test.cc.

#include "planish/regions/transaction.h"
#include "planish/base/rcu/read_guard.h"

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/base/retire_list.h"
#include "planish/regions/change_observer.h"
#include "planish/regions/change_set.h"
#include "planish/regions/commit_report.h"
#include "planish/regions/graph_text_for_test.h"
#include "planish/regions/owner.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"

namespace planish {
namespace {

using absl::StatusCode;
using testing::ElementsAre;

// Something that a commit replaces. Tells when it is freed.
struct Piece {
  ~Piece() { freed(); }
  std::function<void()> freed;
};

class FakeObserver final : public ChangeObserver {
 public:
  explicit FakeObserver(std::vector<std::string>& calls) : calls_(calls) {}

  absl::Status Prepare(const ChangeSet&) override {
    calls_.push_back("prepare");
    return std::exchange(next_, absl::OkStatus());
  }
  void PrepareAnyway(const ChangeSet&) override { calls_.push_back("anyway"); }
  void Publish(RetireList& replaced) override {
    calls_.push_back("publish");
    if (piece_ != nullptr) replaced.Add(std::exchange(piece_, nullptr));
  }

  void Report(CommitReport& report) const override {
    report.lines_touched = 42;
  }

  void FailNext() { next_ = absl::ResourceExhaustedError("X4: too much"); }
  void ReplaceNext(const Piece* piece) { piece_ = piece; }

 private:
  std::vector<std::string>& calls_;
  absl::Status next_;
  const Piece* piece_ = nullptr;
};

class TransactionTest : public testing::Test {
 protected:
  TransactionTest() {
    auto observer = std::make_unique<FakeObserver>(calls_);
    observer_ = observer.get();
    topology_.set_observer(std::move(observer));
  }
  ~TransactionTest() override { topology_.CheckInvariants(); }

  Transaction Begin() { return Transaction::Begin(topology_).value(); }
  std::string Text() const { return GraphText({&board_, &card_}); }

  std::vector<std::string> calls_;
  FakeObserver* observer_;
  Topology topology_;
  Owner board_{topology_, "board"};
  Owner card_{topology_, "card"};
  Region& bus_ = **topology_.AddContainer(board_, "bus");
  Region& a_ = **topology_.AddMmio(board_, "a", 0x10);
  Region& b_ = **topology_.AddMmio(card_, "b", 0x10);
};

TEST_F(TransactionTest, ASingleEditIsACommit) {
  EXPECT_TRUE(topology_.Link(bus_, a_, Addr(0)).ok());
  EXPECT_THAT(calls_, ElementsAre("prepare", "publish"));
}

TEST_F(TransactionTest, ManyEditsAreOneCommit) {
  Transaction edit = Begin();
  EXPECT_TRUE(topology_.Link(bus_, a_, Addr(0)).ok());
  EXPECT_TRUE(topology_.Link(bus_, b_, Addr(0)).ok());
  EXPECT_EQ(a_.container(), &bus_);  // Visible to this thread at once.
  EXPECT_TRUE(calls_.empty());
  EXPECT_TRUE(edit.Commit().ok());
  EXPECT_THAT(calls_, ElementsAre("prepare", "publish"));
}

TEST_F(TransactionTest, OnlyTheOutermostCommitPublishes) {
  Transaction outer = Begin();
  {
    Transaction inner = Begin();
    EXPECT_TRUE(topology_.Link(bus_, a_, Addr(0)).ok());
    EXPECT_TRUE(inner.Commit().ok());
  }
  EXPECT_TRUE(topology_.InTransaction());
  EXPECT_TRUE(calls_.empty());
  EXPECT_TRUE(outer.Commit().ok());
  EXPECT_FALSE(topology_.InTransaction());
  EXPECT_THAT(calls_, ElementsAre("prepare", "publish"));
}

TEST_F(TransactionTest, WhatChangesNothingCommitsNothing) {
  EXPECT_TRUE(Begin().Commit().ok());
  EXPECT_TRUE(topology_.SetEnabled(a_, true).ok());
  EXPECT_TRUE(topology_.SetAddress(a_, a_.addr()).ok());
  EXPECT_TRUE(topology_.SetPriority(a_, a_.priority()).ok());
  EXPECT_TRUE(topology_.SetSize(a_, a_.size()).ok());
  EXPECT_FALSE(topology_.Unlink(a_).ok());
  EXPECT_TRUE(topology_.AddAlias(board_, "alias", a_, 0, 1).ok());
  EXPECT_TRUE(calls_.empty());
}

TEST_F(TransactionTest, AnEditThatFailsLeavesTheEarlierOnes) {
  Transaction edit = Begin();
  EXPECT_TRUE(topology_.Link(bus_, a_, Addr(0)).ok());
  EXPECT_EQ(topology_.Link(bus_, a_, Addr(1)).code(),
            StatusCode::kFailedPrecondition);
  EXPECT_TRUE(edit.Commit().ok());
  EXPECT_EQ(a_.container(), &bus_);
  EXPECT_EQ(a_.addr(), Addr(0));
}

// ---- V3: what a commit replaced.

TEST_F(TransactionTest, WhatWasReplacedGoesWithItsCommit) {
  int freed = 0;
  observer_->ReplaceNext(new Piece{[&] { ++freed; }});
  EXPECT_TRUE(topology_.Link(bus_, a_, Addr(0)).ok());
  EXPECT_EQ(freed, 1);
  EXPECT_EQ(topology_.waiting_pieces(), 0u);
}

TEST_F(TransactionTest, WhatAReaderMaySeeWaitsForIt) {
  int freed = 0;
  {
    const ReadGuard guard(topology_.rcu());
    observer_->ReplaceNext(new Piece{[&] { ++freed; }});
    EXPECT_TRUE(topology_.Link(bus_, a_, Addr(0)).ok());
    EXPECT_EQ(freed, 0);
    EXPECT_EQ(topology_.waiting_pieces(), 1u);
    EXPECT_THAT(topology_.WhoHolds(),
                ElementsAre(testing::ContainsRegex(
                    "^thread [0-9]+ \\(.*\\): in a guard for [0-9]+ ms$")));
    EXPECT_TRUE(topology_.Unlink(a_).ok());  // A commit polls too.
    EXPECT_EQ(freed, 0);
  }
  EXPECT_FALSE(topology_.Poll(100));
  EXPECT_EQ(freed, 1);
  EXPECT_THAT(topology_.WhoHolds(), ElementsAre());
}

TEST_F(TransactionTest, WhatAHeldVersionHasWaitsForItsRelease) {
  EXPECT_TRUE(topology_.Link(bus_, a_, Addr(0)).ok());
  EXPECT_EQ(topology_.HoldNewest(), 1u);
  int freed = 0;
  observer_->ReplaceNext(new Piece{[&] { ++freed; }});
  Transaction edit = Begin();
  EXPECT_TRUE(topology_.Unlink(a_).ok());
  EXPECT_EQ(topology_.HoldNewest(), 1u);  // What is published counts.
  EXPECT_TRUE(edit.Commit().ok());
  EXPECT_EQ(topology_.commit_number(), 2u);
  EXPECT_THAT(topology_.WhoHolds(),
              ElementsAre("version 1: held 2 times, keeps 1 pieces"));
  topology_.ReleaseHeld(1);
  EXPECT_FALSE(topology_.Poll(100));
  EXPECT_EQ(freed, 0);
  topology_.ReleaseHeld(1);
  EXPECT_TRUE(topology_.Link(bus_, a_, Addr(0)).ok());  // A commit polls too.
  EXPECT_EQ(freed, 1);
}

TEST_F(TransactionTest, ACommitFreesAboutWhatItReplacesAndNoMore) {
  std::optional<ReadGuard> guard(std::in_place, topology_.rcu());
  int freed = 0;
  for (int i = 0; i < 1000; ++i) {
    observer_->ReplaceNext(new Piece{[&] { ++freed; }});
    EXPECT_TRUE(topology_.SetEnabled(a_, i % 2 != 0).ok());
  }
  EXPECT_EQ(freed, 0);
  guard.reset();
  EXPECT_TRUE(topology_.SetEnabled(a_, false).ok());
  EXPECT_GT(freed, 0);
  EXPECT_LT(freed, 100);
  const int before = freed;
  EXPECT_TRUE(topology_.Poll(10));
  EXPECT_EQ(freed, before + 10);
  while (topology_.Poll(100)) {
  }
  EXPECT_EQ(freed, 1000);
}

// ---- What a commit tells.

TEST_F(TransactionTest, OnlyTheOutermostCommitReports) {
  Transaction outer = Begin();
  Transaction inner = Begin();
  EXPECT_TRUE(topology_.Link(bus_, a_, Addr(0)).ok());
  CommitReport report;
  EXPECT_TRUE(inner.Commit(&report).ok());
  EXPECT_EQ(report.commit, 0u);
  observer_->ReplaceNext(new Piece{[] {}});
  EXPECT_TRUE(outer.Commit(&report).ok());
  EXPECT_EQ(report.commit, 1u);
  EXPECT_EQ(report.pieces_retired, 1u);
  EXPECT_EQ(report.pieces_waiting, 0u);
  EXPECT_EQ(report.lines_touched, 42u);
  EXPECT_GE(report.prepare_ns, 0);
}

TEST_F(TransactionTest, WhatChangesNothingReportsNothing) {
  CommitReport report;
  EXPECT_TRUE(Begin().Commit(&report).ok());
  EXPECT_EQ(report.commit, 0u);
  EXPECT_EQ(topology_.commit_number(), 0u);
}

// ---- X3: a commit that fails undoes every edit of its transaction.

TEST_F(TransactionTest, ACommitThatFailsUndoesASingleEdit) {
  const std::string before = Text();
  observer_->FailNext();
  const absl::Status status = topology_.Link(bus_, a_, Addr(0x40), 7);
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(), "X4: too much");
  EXPECT_EQ(Text(), before);
  EXPECT_THAT(calls_, ElementsAre("prepare", "anyway", "publish"));
  EXPECT_TRUE(topology_.Link(bus_, a_, Addr(0)).ok());
}

TEST_F(TransactionTest, ACommitThatFailsUndoesEveryKindOfEdit) {
  Region& c = **topology_.AddMmio(board_, "c", 0x10);
  Region& d = **topology_.AddMmio(board_, "d", 0x10);
  Region& flash =
      **topology_.AddRomDevice(board_, "flash", 1, RamBacking::None());
  Region& alias = **topology_.AddAlias(board_, "alias", a_, 3, 0x10);
  for (Region* r : {&a_, &b_, &c, &d}) {
    PLANISH_CHECK_OK(topology_.Link(bus_, *r, Addr(0)));
  }
  const std::string before = Text();

  Transaction edit = Begin();
  PLANISH_CHECK_OK(topology_.SetAddress(b_, Addr(0x20)));
  PLANISH_CHECK_OK(topology_.SetPriority(a_, 1));
  PLANISH_CHECK_OK(topology_.Unlink(c));
  PLANISH_CHECK_OK(topology_.Link(d, c, Addr(4), 4));
  PLANISH_CHECK_OK(topology_.Link(bus_, alias, Addr(4), -4));
  PLANISH_CHECK_OK(topology_.SetAddress(b_, Addr(0x30)));
  PLANISH_CHECK_OK(topology_.SetPriority(b_, 1));
  PLANISH_CHECK_OK(topology_.SetEnabled(d, false));
  PLANISH_CHECK_OK(topology_.SetSize(d, 1));
  PLANISH_CHECK_OK(topology_.SetReadonly(d, true));
  PLANISH_CHECK_OK(topology_.SetNonvolatile(d, true));
  PLANISH_CHECK_OK(topology_.SetUnmergeable(d, true));
  PLANISH_CHECK_OK(topology_.SetDirtyLogMask(d, 9));
  PLANISH_CHECK_OK(topology_.SetRomd(flash, false));
  PLANISH_CHECK_OK(topology_.SetAliasOffset(alias, 9));
  PLANISH_CHECK_OK(topology_.Unlink(a_));
  EXPECT_NE(Text(), before);
  observer_->FailNext();
  EXPECT_EQ(edit.Commit().code(), StatusCode::kResourceExhausted);

  EXPECT_EQ(Text(), before);
  EXPECT_THAT(bus_.children(), ElementsAre(&a_, &b_, &c, &d));
  topology_.CheckInvariants();
}

TEST_F(TransactionTest, AnInnerCommitDoesNotOutliveTheOuterOnesFailure) {
  const std::string before = Text();
  Transaction outer = Begin();
  Transaction inner = Begin();
  PLANISH_CHECK_OK(topology_.Link(bus_, a_, Addr(0)));
  EXPECT_TRUE(inner.Commit().ok());
  observer_->FailNext();
  EXPECT_FALSE(outer.Commit().ok());
  EXPECT_EQ(Text(), before);
}

TEST_F(TransactionTest, RegionsMadeInATransactionOutliveItsFailure) {
  Transaction edit = Begin();
  Region& made = **topology_.AddMmio(board_, "made", 0x10);
  Region& alias = **topology_.AddAlias(board_, "alias", made, 8, 1);
  PLANISH_CHECK_OK(topology_.Link(bus_, made, Addr(0x40)));
  PLANISH_CHECK_OK(topology_.SetAliasOffset(alias, 4));
  observer_->FailNext();
  EXPECT_FALSE(edit.Commit().ok());
  EXPECT_EQ(made.container(), nullptr);
  EXPECT_EQ(made.addr(), Addr(0));
  EXPECT_EQ(alias.alias_target(), &made);
  EXPECT_EQ(alias.alias_offset(), 8u);
  topology_.CheckInvariants();
}

TEST_F(TransactionTest, ARetirementStandsWhenItsTransactionIsUndone) {
  PLANISH_CHECK_OK(topology_.Link(bus_, b_, Addr(0x20)));
  Transaction edit = Begin();
  PLANISH_CHECK_OK(topology_.Link(bus_, a_, Addr(0)));
  PLANISH_CHECK_OK(topology_.Unlink(b_));
  EXPECT_TRUE(card_.Retire());
  observer_->FailNext();
  EXPECT_FALSE(edit.Commit().ok());
  EXPECT_TRUE(card_.retired());
  EXPECT_EQ(b_.container(), nullptr);
  EXPECT_EQ(a_.container(), nullptr);  // The rest is undone.
  EXPECT_TRUE(bus_.children().empty());
  EXPECT_EQ(topology_.SetEnabled(b_, false).code(),
            StatusCode::kFailedPrecondition);
  topology_.CheckInvariants();
}

TEST_F(TransactionTest, ARetirementAloneCannotFail) {
  PLANISH_CHECK_OK(topology_.Link(bus_, b_, Addr(0)));
  calls_.clear();
  observer_->FailNext();
  EXPECT_TRUE(card_.Retire());
  EXPECT_THAT(calls_, ElementsAre("prepare", "anyway", "publish"));
  EXPECT_TRUE(bus_.children().empty());
}

TEST_F(TransactionTest, WhoeverAsksIsToldOfAnUndoNewestFirst) {
  std::vector<int> order;
  Transaction edit = Begin();
  topology_.OnUndo([&] { order.push_back(1); });
  topology_.OnUndo([&] { order.push_back(2); });
  topology_.MarkChanged();
  observer_->FailNext();
  EXPECT_FALSE(edit.Commit().ok());
  EXPECT_THAT(order, ElementsAre(2, 1));
  // And not again, nor when a commit succeeds.
  Transaction next = Begin();
  topology_.OnUndo([&] { order.push_back(3); });
  topology_.MarkChanged();
  EXPECT_TRUE(next.Commit().ok());
  EXPECT_THAT(order, ElementsAre(2, 1));
}

// ---- X1, X2.

TEST_F(TransactionTest, MovingATransactionMovesTheDuty) {
  Transaction first = Begin();
  Transaction second = std::move(first);
  EXPECT_TRUE(second.Commit().ok());
}

TEST_F(TransactionTest, TransactionsOfTwoThreadsTakeTurns) {
  // Each turn breaks and restores what every other turn relies on.
  std::atomic<int> inside{0};
  const auto work = [&] {
    for (int i = 0; i < 200; ++i) {
      Transaction edit = Begin();
      EXPECT_EQ(inside.fetch_add(1), 0);
      EXPECT_EQ(a_.container(), nullptr);
      PLANISH_CHECK_OK(topology_.Link(bus_, a_, Addr(0)));
      std::this_thread::yield();
      PLANISH_CHECK_OK(topology_.Unlink(a_));
      EXPECT_EQ(inside.fetch_sub(1), 1);
      EXPECT_TRUE(edit.Commit().ok());
    }
  };
  std::thread other(work);
  work();
  other.join();
}

TEST_F(TransactionTest, InTransactionIsOfThisThread) {
  Transaction edit = Begin();
  bool other_is = true;
  std::thread([&] { other_is = topology_.InTransaction(); }).join();
  EXPECT_FALSE(other_is);
  EXPECT_TRUE(topology_.InTransaction());
  EXPECT_TRUE(edit.Commit().ok());
}

using TransactionDeathTest = TransactionTest;

TEST_F(TransactionDeathTest, DestroyedUncommitted) {
  EXPECT_DEATH({ Transaction edit = Begin(); }, "X2: .*destroyed uncommitted");
}

TEST_F(TransactionDeathTest, CommittedTwice) {
  EXPECT_DEATH(
      {
        Transaction edit = Begin();
        edit.Commit().IgnoreError();
        edit.Commit().IgnoreError();
      },
      "X2: .*committed twice");
}

TEST_F(TransactionDeathTest, CommittedOnAnotherThread) {
  EXPECT_DEATH(
      {
        Transaction edit = Begin();
        std::thread([&] { edit.Commit().IgnoreError(); }).join();
      },
      "X1: Commit on another thread");
}

TEST_F(TransactionDeathTest, AnOwnerDestroyedInside) {
  EXPECT_DEATH(
      {
        Transaction edit = Begin();
        Owner gone(topology_, "gone");
        static_cast<void>(gone);
      },
      "X1: the end of an owner is waited for");
}

TEST_F(TransactionDeathTest, ASecondObserver) {
  EXPECT_DEATH(topology_.set_observer(std::make_unique<FakeObserver>(calls_)),
               "a second observer");
}

}  // namespace
}  // namespace planish
