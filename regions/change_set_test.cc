// What each edit marks; and, by random programs, that marks cover all that a
// transaction changed (change_set.h, "why that is enough").

#include "planish/regions/change_set.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/base/retire_list.h"
#include "planish/regions/change_observer.h"
#include "planish/regions/graph_editor.h"
#include "planish/regions/owner.h"
#include "planish/regions/ram_block.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"
#include "planish/regions/transaction.h"

namespace planish {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr uint64_t kMax = UINT64_MAX;

// Keeps what it is told.
class Witness final : public ChangeObserver {
 public:
  absl::Status Prepare(const ChangeSet& changes) override {
    prepared_.push_back(changes);
    return std::exchange(next_, absl::OkStatus());
  }
  void PrepareAnyway(const ChangeSet& changes) override {
    prepared_anyway_.push_back(changes);
  }
  void Publish(RetireList& replaced) override {
    published_.push_back(replaced.commit());
  }

  void FailNext() { next_ = absl::ResourceExhaustedError("X4: too much"); }
  std::vector<ChangeSet>& prepared() { return prepared_; }
  std::vector<ChangeSet>& prepared_anyway() { return prepared_anyway_; }
  const std::vector<uint64_t>& published() const { return published_; }

 private:
  absl::Status next_;
  std::vector<ChangeSet> prepared_;
  std::vector<ChangeSet> prepared_anyway_;
  std::vector<uint64_t> published_;
};

// "bus[0x0, 0xf] a[0x0, 0x3] | moved a | again bus"
std::string Text(const ChangeSet& changes) {
  std::ostringstream out;
  const char* gap = "";
  for (const Change& change : changes.shown) {
    out << std::exchange(gap, " ") << change.region->name() << change.interval;
  }
  if (!changes.moved.empty()) out << std::exchange(gap, " ") << "| moved";
  for (const Region* region : changes.moved) out << ' ' << region->name();
  if (!changes.resolve_again.empty()) {
    out << std::exchange(gap, " ") << "| again";
  }
  for (const Region* region : changes.resolve_again) {
    out << ' ' << region->name();
  }
  return out.str();
}

class ChangeSetTest : public testing::Test {
 protected:
  ChangeSetTest() {
    auto witness = std::make_unique<Witness>();
    witness_ = witness.get();
    topology_.set_observer(std::move(witness));
    PLANISH_CHECK_OK(topology_.Link(bus_, a_, Addr(0x100)));
    PLANISH_CHECK_OK(topology_.Link(bus_, off_, Addr(0x100)));
    PLANISH_CHECK_OK(topology_.SetEnabled(off_, false));
    PLANISH_CHECK_OK(topology_.Link(bus_, window_, Addr(0x800)));
    PLANISH_CHECK_OK(topology_.Link(bus_, none_, Addr(0x900)));
    witness_->prepared().clear();
  }
  ~ChangeSetTest() override { topology_.CheckInvariants(); }

  // What the one commit since the last call was told; "no commit".
  std::string Marks() {
    const std::vector<ChangeSet> told = std::exchange(witness_->prepared(), {});
    if (told.empty()) return "no commit";
    EXPECT_EQ(told.size(), 1u);
    return Text(told[0]);
  }
  // What `edit` marks, as a transaction of its own.
  std::string MarksOf(const absl::Status& edit) {
    EXPECT_TRUE(edit.ok()) << edit;
    return Marks();
  }

  Witness* witness_;
  Topology topology_;
  Owner board_{topology_, "board"};
  Owner card_{topology_, "card"};
  Region& bus_ = **topology_.AddContainer(board_, "bus");
  Region& a_ = **topology_.AddMmio(board_, "a", 0x10);
  Region& b_ = **topology_.AddMmio(card_, "b", 0x10);
  Region& window_ = **topology_.AddAlias(board_, "window", a_, 4, 0x20);
  Region& off_ = **topology_.AddMmio(board_, "off", 0x10);
  Region& none_ = **topology_.AddMmio(board_, "none", 0);
  Region& flash_ =
      **topology_.AddRomDevice(board_, "flash", 0x10, RamBacking::None());
  GraphEditor editor_{topology_};
};

// ---- Links and places.

TEST_F(ChangeSetTest, Link) {
  EXPECT_EQ(MarksOf(topology_.Link(bus_, b_, Addr(0x40))),
            "bus[0x40, 0x4f] | moved b | again bus");
}

TEST_F(ChangeSetTest, LinkAtTheAddressThatItHad) {
  EXPECT_EQ(MarksOf(topology_.Link(bus_, b_, Addr(0))),
            "bus[0x0, 0xf] | again bus");
}

TEST_F(ChangeSetTest, Unlink) {
  EXPECT_EQ(MarksOf(topology_.Unlink(a_)), "bus[0x100, 0x10f] | again bus");
}

TEST_F(ChangeSetTest, MoveMarksWhereItWasAndIs) {
  EXPECT_EQ(MarksOf(topology_.SetAddress(a_, Addr(0x40))),
            "bus[0x40, 0x4f] bus[0x100, 0x10f] | moved a | again bus");
  EXPECT_EQ(MarksOf(editor_.SetAddress(a_, Addr(0x100))),
            "bus[0x40, 0x4f] bus[0x100, 0x10f] | moved a | again bus");
}

TEST_F(ChangeSetTest, MovesThatMeetAreOneMark) {
  EXPECT_EQ(MarksOf(topology_.SetAddress(a_, Addr(0x108))),
            "bus[0x100, 0x117] | moved a | again bus");
  EXPECT_EQ(MarksOf(topology_.SetAddress(a_, Addr(0x118))),
            "bus[0x108, 0x127] | moved a | again bus");
  EXPECT_EQ(MarksOf(topology_.SetAddress(a_, Addr(0x129))),
            "bus[0x118, 0x127] bus[0x129, 0x138] | moved a | again bus");
}

TEST_F(ChangeSetTest, WhatHangsOverTheEndOfTheSpaceIsNowhere) {
  EXPECT_EQ(MarksOf(topology_.Link(bus_, b_, Addr(kMax - 3))),
            "bus[0xfffffffffffffffc, 0xffffffffffffffff] | moved b | "
            "again bus");
  EXPECT_EQ(MarksOf(topology_.SetAddress(b_, Addr(kMax))),
            "bus[0xfffffffffffffffc, 0xffffffffffffffff] | moved b | "
            "again bus");
  // It grows, beyond the end.
  EXPECT_EQ(MarksOf(topology_.SetSize(b_, 0x20)),
            "b[0x10, 0x1f] | again bus b");
}

TEST_F(ChangeSetTest, MoveWithoutAContainer) {
  EXPECT_EQ(MarksOf(topology_.SetAddress(b_, Addr(0x40))), "| moved b");
  EXPECT_EQ(MarksOf(editor_.SetAddress(b_, Addr(0x41))), "| moved b");
}

TEST_F(ChangeSetTest, PriorityMarksWhereItIs) {
  EXPECT_EQ(MarksOf(topology_.SetPriority(a_, 1)),
            "bus[0x100, 0x10f] | again bus");
  EXPECT_EQ(MarksOf(editor_.SetPriority(a_, 0)),
            "bus[0x100, 0x10f] | again bus");
  EXPECT_EQ(MarksOf(topology_.SetPriority(b_, 1)), "");
}

// ---- Sizes.

TEST_F(ChangeSetTest, ResizeMarksWhatItLostOrGained) {
  EXPECT_EQ(MarksOf(topology_.SetSize(a_, 0x18)),
            "bus[0x110, 0x117] a[0x10, 0x17] | again bus a window");
  EXPECT_EQ(MarksOf(topology_.SetSize(a_, 4)),
            "bus[0x104, 0x117] a[0x4, 0x17] | again bus a window");
  EXPECT_EQ(MarksOf(editor_.SetSize(a_, 0)),
            "bus[0x100, 0x103] a[0x0, 0x3] | again bus a window");
  EXPECT_EQ(MarksOf(editor_.SetSize(a_, ByteCount::TwoTo64())),
            "bus[0x100, 0xffffffffffffffff] a[0x0, 0xffffffffffffffff] | "
            "again bus a window");
  EXPECT_EQ(MarksOf(topology_.SetSize(a_, kMax)),
            "a[0xffffffffffffffff, 0xffffffffffffffff] | again bus a window");
}

TEST_F(ChangeSetTest, AResizeBeforeAMoveMarksAllThatItLeaves) {
  Transaction edit = Transaction::Begin(topology_).value();
  PLANISH_CHECK_OK(topology_.SetSize(a_, 4));
  PLANISH_CHECK_OK(topology_.SetAddress(a_, Addr(0x400)));
  EXPECT_EQ(MarksOf(edit.Commit()),
            "bus[0x100, 0x10f] bus[0x400, 0x403] a[0x4, 0xf] | moved a | "
            "again bus a window");
}

// ---- What a region shows.

TEST_F(ChangeSetTest, EnablingMarksItselfAndItsContainer) {
  for (const bool enabled : {false, true}) {
    EXPECT_EQ(MarksOf(topology_.SetEnabled(a_, enabled)),
              "bus[0x100, 0x10f] a[0x0, 0xf] | again bus a");
    EXPECT_EQ(MarksOf(topology_.SetEnabled(bus_, enabled)),
              "bus[0x0, 0xffffffffffffffff] | again bus");
  }
}

TEST_F(ChangeSetTest, AttributesMarkTheRegion) {
  EXPECT_EQ(MarksOf(topology_.SetReadonly(a_, true)), "a[0x0, 0xf]");
  EXPECT_EQ(MarksOf(topology_.SetNonvolatile(a_, true)), "a[0x0, 0xf]");
  EXPECT_EQ(MarksOf(topology_.SetUnmergeable(a_, true)), "a[0x0, 0xf]");
  EXPECT_EQ(MarksOf(topology_.SetDirtyLogMask(a_, 1)), "a[0x0, 0xf]");
  EXPECT_EQ(MarksOf(topology_.SetRomd(flash_, false)), "flash[0x0, 0xf]");
  EXPECT_EQ(MarksOf(editor_.SetRomd(flash_, true)), "flash[0x0, 0xf]");
}

TEST_F(ChangeSetTest, AliasesAndKindsAreResolvedAgain) {
  EXPECT_EQ(MarksOf(topology_.SetAliasOffset(window_, 0)),
            "window[0x0, 0x1f] | again window");
  EXPECT_EQ(MarksOf(editor_.SetAlias(window_, &a_, 1)),
            "window[0x0, 0x1f] | again window");
  EXPECT_EQ(MarksOf(editor_.SetAlias(window_, &b_, 1)),
            "window[0x0, 0x1f] | again window");
  EXPECT_EQ(MarksOf(editor_.SetKind(a_, RegionKind::kContainer)),
            "a[0x0, 0xf] | again a");
  EXPECT_EQ(MarksOf(editor_.SetKind(window_, RegionKind::kMmio)),
            "window[0x0, 0x1f] | again window");
}

// ---- What nobody can see.

TEST_F(ChangeSetTest, WhatChangesNothingMarksNothing) {
  Transaction edit = Transaction::Begin(topology_).value();
  PLANISH_CHECK_OK(topology_.SetAddress(a_, a_.addr()));
  PLANISH_CHECK_OK(topology_.SetPriority(a_, 0));
  PLANISH_CHECK_OK(topology_.SetSize(a_, 0x10));
  PLANISH_CHECK_OK(topology_.SetEnabled(a_, true));
  PLANISH_CHECK_OK(topology_.SetReadonly(a_, false));
  PLANISH_CHECK_OK(topology_.SetRomd(flash_, true));
  PLANISH_CHECK_OK(topology_.SetAliasOffset(window_, 4));
  PLANISH_CHECK_OK(editor_.SetAddress(a_, a_.addr()));
  PLANISH_CHECK_OK(editor_.SetPriority(a_, 0));
  PLANISH_CHECK_OK(editor_.SetSize(a_, 0x10));
  PLANISH_CHECK_OK(editor_.SetKind(a_, RegionKind::kMmio));
  PLANISH_CHECK_OK(editor_.SetAlias(window_, &a_, 4));
  EXPECT_EQ(MarksOf(edit.Commit()), "no commit");
}

TEST_F(ChangeSetTest, EditsOfADisabledRegionShowNothing) {
  EXPECT_EQ(MarksOf(topology_.SetAddress(off_, Addr(0x40))), "| moved off");
  EXPECT_EQ(MarksOf(topology_.SetPriority(off_, 4)), "");
  EXPECT_EQ(MarksOf(topology_.SetReadonly(off_, true)), "");
  EXPECT_EQ(MarksOf(topology_.SetSize(off_, 0x20)), "");
  EXPECT_EQ(MarksOf(editor_.SetKind(off_, RegionKind::kAlias)), "");
  EXPECT_EQ(MarksOf(editor_.SetAlias(off_, &a_, 1)), "");
  EXPECT_EQ(MarksOf(topology_.Unlink(off_)), "");
  EXPECT_EQ(MarksOf(topology_.Link(bus_, off_, Addr(0x40))), "");
  EXPECT_EQ(MarksOf(topology_.SetEnabled(off_, true)),
            "bus[0x40, 0x5f] off[0x0, 0x1f] | again bus off");
}

TEST_F(ChangeSetTest, ADisabledTargetIsStillMeasured) {
  // R2.14 compares sizes before R2.13 asks whether the target is enabled.
  PLANISH_CHECK_OK(topology_.AddAlias(board_, "onto", off_, 0, 0x10));
  EXPECT_EQ(MarksOf(topology_.SetSize(off_, 0x20)), "| again onto");
}

TEST_F(ChangeSetTest, ARegionOfNoBytesShowsNothing) {
  EXPECT_EQ(MarksOf(topology_.SetAddress(none_, Addr(0x40))),
            "| moved none | again bus");
  EXPECT_EQ(MarksOf(topology_.SetReadonly(none_, true)), "");
  EXPECT_EQ(MarksOf(topology_.SetEnabled(none_, false)), "| again bus none");
}

TEST_F(ChangeSetTest, NewRegionsMarkNothing) {
  PLANISH_CHECK_OK(topology_.AddMmio(board_, "new", 0x10));
  PLANISH_CHECK_OK(topology_.AddAlias(board_, "newer", a_, 0, 0x10));
  EXPECT_EQ(Marks(), "no commit");
}

// ---- Transactions.

TEST_F(ChangeSetTest, ThereAndBackIsMarkedAllTheSame) {
  Transaction edit = Transaction::Begin(topology_).value();
  PLANISH_CHECK_OK(topology_.SetAddress(a_, Addr(0x40)));
  PLANISH_CHECK_OK(topology_.SetAddress(a_, Addr(0x100)));
  EXPECT_EQ(MarksOf(edit.Commit()),
            "bus[0x40, 0x4f] bus[0x100, 0x10f] | moved a | again bus");
}

TEST_F(ChangeSetTest, HiddenOnlyAtTheEndIsMarkedWhereItWas) {
  Transaction edit = Transaction::Begin(topology_).value();
  PLANISH_CHECK_OK(topology_.SetEnabled(a_, false));
  PLANISH_CHECK_OK(topology_.SetAddress(a_, Addr(0x40)));
  PLANISH_CHECK_OK(topology_.Unlink(a_));
  EXPECT_EQ(MarksOf(edit.Commit()),
            "bus[0x100, 0x10f] a[0x0, 0xf] | moved a | again bus a");
}

TEST_F(ChangeSetTest, MarksAreOfTheirTransactionOnly) {
  EXPECT_EQ(MarksOf(topology_.SetReadonly(a_, true)), "a[0x0, 0xf]");
  witness_->FailNext();
  EXPECT_FALSE(topology_.SetReadonly(a_, false).ok());
  EXPECT_EQ(Marks(), "a[0x0, 0xf]");
  EXPECT_EQ(MarksOf(topology_.SetReadonly(b_, true)), "b[0x0, 0xf]");
}

TEST_F(ChangeSetTest, NoObserverNoMarks) {
  Topology topology;
  Owner board(topology, "board");
  Region& a = **topology.AddMmio(board, "a", 0x10);
  PLANISH_CHECK_OK(topology.SetReadonly(a, true));
  auto witness = std::make_unique<Witness>();
  Witness& told = *witness;
  topology.set_observer(std::move(witness));
  PLANISH_CHECK_OK(topology.SetReadonly(a, false));
  ASSERT_EQ(told.prepared().size(), 1u);
  EXPECT_EQ(Text(told.prepared()[0]), "a[0x0, 0xf]");
}

TEST_F(ChangeSetTest, RegionsComeInTheOrderOfTheirCreation) {
  Transaction edit = Transaction::Begin(topology_).value();
  for (Region* r : {&flash_, &a_, &window_, &b_}) {
    PLANISH_CHECK_OK(topology_.SetReadonly(*r, true));
    PLANISH_CHECK_OK(topology_.SetAddress(*r, Addr(0x40)));
  }
  EXPECT_EQ(MarksOf(edit.Commit()),
            "bus[0x40, 0x5f] bus[0x100, 0x10f] bus[0x800, 0x81f] a[0x0, 0xf] "
            "b[0x0, 0xf] window[0x0, 0x1f] flash[0x0, 0xf] | moved a b window "
            "flash | again bus");
}

TEST_F(ChangeSetTest, ManyMarksOfOneContainerAreMerged) {
  constexpr uint64_t kMany = 100000;
  std::vector<uint64_t> at(kMany);
  // In three rows of neighbours.
  for (uint64_t i = 0; i < kMany; ++i) at[i] = 0x1000000 * (i % 3) + i / 3 * 16;
  std::shuffle(at.begin(), at.end(), std::mt19937_64(1));
  Transaction edit = Transaction::Begin(topology_).value();
  for (const uint64_t first : at) {
    Region& child = **topology_.AddMmio(board_, "child", 0x10);
    PLANISH_CHECK_OK(topology_.Link(bus_, child, Addr(first)));
  }
  PLANISH_CHECK_OK(edit.Commit());
  ASSERT_EQ(witness_->prepared().size(), 1u);
  const ChangeSet changes = std::exchange(witness_->prepared(), {})[0];
  EXPECT_THAT(changes.shown,
              ElementsAre(Change{&bus_, {Addr(0), Addr(0x8235f)}},
                          Change{&bus_, {Addr(0x1000000), Addr(0x108234f)}},
                          Change{&bus_, {Addr(0x2000000), Addr(0x208234f)}}));
  EXPECT_EQ(changes.moved.size(), kMany - 1);  // One stays at 0.
  EXPECT_THAT(changes.resolve_again, ElementsAre(&bus_));
}

// ---- The end of an owner.

TEST_F(ChangeSetTest, RetirementMarksWhatItTakesOut) {
  Region& card_bus = **topology_.AddContainer(card_, "card_bus", 0x100);
  Region& onto = **topology_.AddAlias(board_, "onto", b_, 0, 8);
  PLANISH_CHECK_OK(topology_.Link(bus_, b_, Addr(0x40)));
  PLANISH_CHECK_OK(topology_.Link(card_bus, flash_, Addr(0x20)));
  witness_->prepared().clear();
  EXPECT_TRUE(card_.Retire());
  EXPECT_EQ(Marks(),
            "bus[0x40, 0x4f] card_bus[0x20, 0x2f] onto[0x0, 0x7] | again bus "
            "b card_bus onto");
  EXPECT_EQ(onto.alias_target(), nullptr);
}

TEST_F(ChangeSetTest, ARetirementThatStandsIsToldAgain) {
  PLANISH_CHECK_OK(topology_.Link(bus_, b_, Addr(0x40)));
  witness_->prepared().clear();
  Transaction edit = Transaction::Begin(topology_).value();
  PLANISH_CHECK_OK(topology_.SetAddress(b_, Addr(0x60)));
  PLANISH_CHECK_OK(topology_.SetAddress(a_, Addr(0x80)));
  EXPECT_TRUE(card_.Retire());
  witness_->FailNext();
  EXPECT_FALSE(edit.Commit().ok());
  EXPECT_EQ(Marks(),
            "bus[0x40, 0x4f] bus[0x60, 0x6f] bus[0x80, 0x8f] "
            "bus[0x100, 0x10f] | moved a b | again bus b");
  ASSERT_EQ(witness_->prepared_anyway().size(), 1u);
  EXPECT_EQ(Text(witness_->prepared_anyway()[0]),
            "bus[0x40, 0x4f] bus[0x60, 0x6f] bus[0x80, 0x8f] "
            "bus[0x100, 0x10f] | moved a b | again bus b");
}

TEST_F(ChangeSetTest, EditsOfARetiredOwnersRegionsMarkNothing) {
  EXPECT_TRUE(card_.Retire());
  EXPECT_EQ(Marks(), "| again b");
  EXPECT_FALSE(topology_.SetReadonly(b_, true).ok());
  EXPECT_FALSE(topology_.Link(bus_, b_, Addr(0)).ok());
  EXPECT_FALSE(editor_.SetSize(b_, 1).ok());
  EXPECT_FALSE(card_.Retire());
  EXPECT_EQ(Marks(), "no commit");
}

// ---- Numbers.

TEST_F(ChangeSetTest, CommitsThatPublishAreNumbered) {
  const uint64_t before = topology_.commit_number();
  EXPECT_EQ(before, witness_->published().back());
  PLANISH_CHECK_OK(topology_.SetReadonly(a_, true));
  EXPECT_EQ(topology_.commit_number(), before + 1);
  PLANISH_CHECK_OK(topology_.SetReadonly(a_, true));
  EXPECT_EQ(topology_.commit_number(), before + 1);
  witness_->FailNext();
  EXPECT_FALSE(topology_.SetReadonly(a_, false).ok());
  EXPECT_EQ(topology_.commit_number(), before + 2);
  EXPECT_EQ(witness_->published().back(), before + 2);
}

// ---- Random programs.

// What a region is at one offset, as text: if it is the same before and after,
// and the same is true of all that it leads to, it shows the same.
std::string StateAt(const Region& region, uint64_t offset) {
  if (!region.enabled() || offset >= region.size().wide()) return "nothing";
  std::ostringstream out;
  out << RegionKindName(region.kind()) << region.readonly()
      << region.nonvolatile() << region.unmergeable() << region.romd()
      << int{region.dirty_log_mask()};
  if (region.alias_target() != nullptr) {
    out << " shows " << region.alias_target()->number() << '@'
        << offset + region.alias_offset();
  }
  for (const Region* child : region.children()) {
    const auto extent = child->extent();
    if (child->enabled() && extent && extent->Contains(Addr(offset))) {
      out << ", " << child->number() << '@' << offset - child->addr().raw();
    }
  }
  return out.str();
}

// Where R2.13 to R2.16 lead from a region, in one step.
std::string StepFrom(const Region& region) {
  if (region.owner().retired() || !region.enabled()) return "none";
  if (region.kind() == RegionKind::kAlias) {
    const Region* target = region.alias_target();
    if (target == nullptr) return "none";
    if (region.alias_offset() != 0 || region.size() < target->size()) {
      return "here";
    }
    return std::to_string(target->number());
  }
  if (region.terminates()) return "here";
  const Region* only = nullptr;
  for (const Region* child : region.children()) {
    if (!child->enabled()) continue;
    if (only != nullptr) return "here";
    only = child;
  }
  if (only == nullptr) return "none";
  if (only->addr() != Addr(0) || only->size() > region.size()) return "here";
  return std::to_string(only->number());
}

class ChangeSetModelTest : public testing::TestWithParam<uint64_t> {
 protected:
  static constexpr uint64_t kSpace = 24;  // Offsets looked at.

  // Everything that may be marked, of every region.
  struct Picture {
    std::map<std::pair<const Region*, uint64_t>, std::string> shown;
    std::map<const Region*, uint64_t> addr;
    std::map<const Region*, std::string> step;
  };

  Picture Take() const {
    Picture picture;
    for (const Region* r : regions_) {
      for (uint64_t offset = 0; offset < kSpace; ++offset) {
        picture.shown[{r, offset}] = StateAt(*r, offset);
      }
      picture.addr[r] = r->addr().raw();
      picture.step[r] = StepFrom(*r);
    }
    return picture;
  }

  void ExpectCovered(const Picture& before, const Picture& after,
                     const ChangeSet& changes) {
    std::set<std::pair<const Region*, uint64_t>> marked;
    for (const Change& c : changes.shown) {
      for (uint64_t offset = c.interval.first.raw();
           offset < kSpace && offset <= c.interval.last.raw(); ++offset) {
        marked.insert({c.region, offset});
      }
    }
    for (const auto& [where, state] : before.shown) {
      if (state == after.shown.at(where)) continue;
      EXPECT_TRUE(marked.contains(where))
          << where.first->name() << " at " << where.second << ": was " << state
          << ", is " << after.shown.at(where);
    }
    for (const Region* r : regions_) {
      const auto has = [&](const std::vector<const Region*>& list) {
        return std::find(list.begin(), list.end(), r) != list.end();
      };
      EXPECT_TRUE(before.addr.at(r) == after.addr.at(r) || has(changes.moved))
          << r->name() << " moved";
      EXPECT_TRUE(before.step.at(r) == after.step.at(r) ||
                  has(changes.resolve_again))
          << r->name() << " led to " << before.step.at(r) << ", leads to "
          << after.step.at(r);
    }
    for (size_t i = 1; i < changes.shown.size(); ++i) {
      const Change& a = changes.shown[i - 1];
      const Change& b = changes.shown[i];
      EXPECT_TRUE(a.region->number() < b.region->number() ||
                  (a.region == b.region && a.interval.last < b.interval.first &&
                   !a.interval.Touches(b.interval)));
    }
  }

  Region& Any() { return *regions_[rng_() % regions_.size()]; }
  uint64_t Small() { return rng_() % 16; }

  // One edit, which may fail; it is added to program_.
  void Edit(Topology& topology) {
    Region& r = Any();
    Region& other = Any();
    const uint64_t x = Small();
    const bool yes = rng_() % 2 != 0;
    const int low = static_cast<int>(rng_() % 3) - 1;
    GraphEditor editor(topology);
    const std::vector<std::pair<const char*, std::function<absl::Status()>>>
        edits = {
            {"Link", [&] { return topology.Link(other, r, Addr(x), low); }},
            {"Link", [&] { return topology.Link(other, r, Addr(x), low); }},
            {"Unlink", [&] { return topology.Unlink(r); }},
            {"SetAddress", [&] { return topology.SetAddress(r, Addr(x)); }},
            {"SetPriority", [&] { return topology.SetPriority(r, low); }},
            {"SetEnabled", [&] { return topology.SetEnabled(r, yes); }},
            {"SetEnabled", [&] { return topology.SetEnabled(r, yes); }},
            {"SetSize", [&] { return topology.SetSize(r, x); }},
            {"SetReadonly", [&] { return topology.SetReadonly(r, yes); }},
            {"SetNonvolatile", [&] { return topology.SetNonvolatile(r, yes); }},
            {"SetUnmergeable", [&] { return topology.SetUnmergeable(r, yes); }},
            {"SetDirtyLogMask",
             [&] { return topology.SetDirtyLogMask(r, uint8_t{yes}); }},
            {"SetAliasOffset",
             [&] { return topology.SetAliasOffset(r, x % 3); }},
            {"editor.SetKind",
             [&] {
               constexpr RegionKind kKinds[] = {
                   RegionKind::kContainer, RegionKind::kMmio,
                   RegionKind::kRomDevice, RegionKind::kAlias};
               return editor.SetKind(r, kKinds[x % std::size(kKinds)]);
             }},
            {"editor.SetAlias",
             [&] {
               return editor.SetAlias(r, x == 0 ? nullptr : &other, x % 2);
             }},
            {"editor.SetAddress",
             [&] { return editor.SetAddress(r, Addr(x)); }},
            {"editor.SetPriority", [&] { return editor.SetPriority(r, low); }},
            {"editor.SetSize", [&] { return editor.SetSize(r, x); }},
            {"editor.SetRomd", [&] { return editor.SetRomd(r, yes); }},
            {"Retire",
             [&] {
               // Seldom, or little is left.
               if (rng_() % 16 == 0) owners_[rng_() % owners_.size()]->Retire();
               return absl::OkStatus();
             }},
        };
    const auto& [name, edit] = edits[rng_() % edits.size()];
    const absl::Status status = edit();
    if (!status.ok()) return;
    program_ << "  " << name << " r=" << r.name() << " other=" << other.name()
             << " x=" << x << " yes=" << yes << " low=" << low << '\n';
  }

  std::mt19937_64 rng_{GetParam()};
  std::vector<std::unique_ptr<Owner>> owners_;
  std::vector<Region*> regions_;
  std::ostringstream program_;
};

TEST_P(ChangeSetModelTest, MarksCoverWhatChanged) {
  auto made = std::make_unique<Witness>();
  Witness& witness = *made;
  Topology topology;
  topology.set_observer(std::move(made));
  for (int i = 0; i < 4; ++i) {
    owners_.push_back(
        std::make_unique<Owner>(topology, "owner" + std::to_string(i)));
    for (int j = 0; j < 4; ++j) {
      const std::string name = "r" + std::to_string(4 * i + j);
      regions_.push_back(j % 2 == 0
                             ? *topology.AddContainer(*owners_[i], name, 16)
                             : *topology.AddMmio(*owners_[i], name, Small()));
    }
  }
  Picture before = Take();
  for (int step = 0; step < 150 && !HasFailure(); ++step) {
    program_.str("");
    witness.prepared().clear();
    witness.prepared_anyway().clear();
    const bool fails = rng_() % 4 == 0;
    if (fails) witness.FailNext();
    Transaction edit = Transaction::Begin(topology).value();
    for (uint64_t n = rng_() % 8; n-- > 0;) Edit(topology);
    edit.Commit().IgnoreError();
    topology.CheckInvariants();
    SCOPED_TRACE("seed " + std::to_string(GetParam()) + ", step " +
                 std::to_string(step) + (fails ? ", undone" : "") + ":\n" +
                 program_.str());
    if (witness.prepared().empty()) {
      witness.prepared().emplace_back();  // Nothing may have changed.
    }
    Picture after = Take();
    ExpectCovered(before, after,
                  fails && !witness.prepared_anyway().empty()
                      ? witness.prepared_anyway()[0]
                      : witness.prepared()[0]);
    before = std::move(after);
  }
  owners_.clear();
}

INSTANTIATE_TEST_SUITE_P(Seeds, ChangeSetModelTest,
                         testing::Range<uint64_t>(1, 101));

}  // namespace
}  // namespace planish
