#include "planish/regions/overlap_walk.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
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
#include "planish/regions/change_set.h"
#include "planish/regions/owner.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"
#include "planish/regions/transaction.h"

namespace planish {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;

std::vector<const Region*> Walk(const Region& container, AddrRange interval) {
  std::vector<const Region*> found;
  OverlapWalk walk(container, interval);
  while (const Region* child = walk.Next()) found.push_back(child);
  EXPECT_EQ(walk.Next(), nullptr);  // And it stays at its end.
  return found;
}

// The same, by SEMANTICS and not by extent().
std::vector<const Region*> Should(const Region& container, AddrRange interval) {
  std::vector<const Region*> found;
  const auto& children = container.children();
  for (auto it = children.rbegin(); it != children.rend(); ++it) {
    const Region& child = **it;
    const Int128 first = child.addr().raw();
    const Int128 end = first + static_cast<Int128>(child.size().wide());
    if (child.enabled() && first <= interval.last.raw() &&
        end > interval.first.raw() && end > first) {
      found.push_back(&child);
    }
  }
  return found;
}

AddrRange Range(uint64_t first, uint64_t last) {
  return {Addr(first), Addr(last)};
}

// With few children there is no index, with many there is; those are out of
// everybody's way.
class OverlapWalkTest : public testing::TestWithParam<int> {
 protected:
  OverlapWalkTest() {
    for (int i = 0; i < GetParam(); ++i) {
      Region& fill = **topology_.AddMmio(board_, "fill", 0x10);
      PLANISH_CHECK_OK(topology_.Link(bus_, fill, Addr(0x800000 + 0x100 * i)));
    }
    PLANISH_CHECK_OK(topology_.Link(bus_, a_, Addr(0x100), 1));
    PLANISH_CHECK_OK(topology_.Link(bus_, b_, Addr(0x108)));
    PLANISH_CHECK_OK(topology_.Link(bus_, c_, Addr(0x108)));
  }
  ~OverlapWalkTest() override { topology_.CheckInvariants(); }

  Topology topology_;
  Owner board_{topology_, "board"};
  Region& bus_ = **topology_.AddContainer(board_, "bus", 0x1000000);
  Region& a_ = **topology_.AddMmio(board_, "a", 0x10);
  Region& b_ = **topology_.AddMmio(board_, "b", 0x10);
  Region& c_ = **topology_.AddMmio(board_, "c", 0x10);
};

INSTANTIATE_TEST_SUITE_P(Few, OverlapWalkTest, testing::Values(0));
INSTANTIATE_TEST_SUITE_P(Many, OverlapWalkTest, testing::Values(100));

TEST_P(OverlapWalkTest, TheIndexIsForFewOfMany) {
  const OverlapWalk few(bus_, Range(0x100, 0x10f));
  EXPECT_EQ(few.nodes_seen() > 0, GetParam() > 0);
  const OverlapWalk all(bus_, AddrRange::All());
  EXPECT_EQ(all.nodes_seen(), 0u);
  // Unless there are only few to be found.
  for (Region* child : bus_.children()) {
    if (child == &a_) continue;
    PLANISH_CHECK_OK(topology_.SetEnabled(*child, false));
  }
  OverlapWalk only(bus_, AddrRange::All());
  EXPECT_EQ(only.nodes_seen() > 0, GetParam() > 0);
  EXPECT_EQ(only.Next(), &a_);
  EXPECT_EQ(only.Next(), nullptr);
}

TEST_P(OverlapWalkTest, TheWinnerComesFirst) {
  EXPECT_THAT(Walk(bus_, Range(0x100, 0x10f)), ElementsAre(&a_, &c_, &b_));
  EXPECT_THAT(Walk(bus_, Range(0x100, 0x107)), ElementsAre(&a_));
  EXPECT_THAT(Walk(bus_, Range(0x110, 0x110)), ElementsAre(&c_, &b_));
  EXPECT_THAT(Walk(bus_, Range(0x118, 0x7fffff)), IsEmpty());
}

TEST_P(OverlapWalkTest, ADisabledChildIsLeftOut) {
  PLANISH_CHECK_OK(topology_.SetEnabled(c_, false));
  EXPECT_THAT(Walk(bus_, Range(0x110, 0x110)), ElementsAre(&b_));
  EXPECT_EQ(bus_.enabled_children(), bus_.children().size() - 1);
  PLANISH_CHECK_OK(topology_.SetEnabled(c_, true));
  EXPECT_THAT(Walk(bus_, Range(0x110, 0x110)), ElementsAre(&c_, &b_));
  EXPECT_EQ(bus_.enabled_children(), bus_.children().size());
}

TEST_P(OverlapWalkTest, AChildOfNoBytesIsLeftOut) {
  PLANISH_CHECK_OK(topology_.SetSize(c_, 0));
  EXPECT_THAT(Walk(bus_, Range(0x108, 0x110)), ElementsAre(&a_, &b_));
  EXPECT_EQ(bus_.enabled_children(), bus_.children().size());
  PLANISH_CHECK_OK(topology_.SetSize(c_, 1));
  EXPECT_THAT(Walk(bus_, Range(0x108, 0x110)), ElementsAre(&a_, &c_, &b_));
}

TEST_P(OverlapWalkTest, AnEditShowsInTheNextWalk) {
  PLANISH_CHECK_OK(topology_.SetAddress(b_, Addr(0x400)));
  EXPECT_THAT(Walk(bus_, Range(0x100, 0x7fffff)), ElementsAre(&a_, &b_, &c_));
  EXPECT_THAT(Walk(bus_, Range(0x400, 0x400)), ElementsAre(&b_));
  PLANISH_CHECK_OK(topology_.SetSize(b_, 0x20));
  EXPECT_THAT(Walk(bus_, Range(0x41f, 0x41f)), ElementsAre(&b_));
  PLANISH_CHECK_OK(topology_.SetPriority(c_, 2));
  EXPECT_THAT(Walk(bus_, Range(0x100, 0x7fffff)), ElementsAre(&c_, &a_, &b_));
  PLANISH_CHECK_OK(topology_.Unlink(a_));
  EXPECT_THAT(Walk(bus_, Range(0x100, 0x7fffff)), ElementsAre(&c_, &b_));
}

TEST_P(OverlapWalkTest, TheContainersEndDoesNotMatterTheSpacesDoes) {
  PLANISH_CHECK_OK(topology_.SetAddress(a_, Addr(0xfffff8)));
  EXPECT_THAT(Walk(bus_, Range(0x1000007, 0x1000007)), ElementsAre(&a_));
  PLANISH_CHECK_OK(topology_.SetAddress(a_, Addr(UINT64_MAX - 1)));
  EXPECT_THAT(Walk(bus_, Range(UINT64_MAX, UINT64_MAX)), ElementsAre(&a_));
  EXPECT_THAT(Walk(bus_, Range(0, 0xff)), IsEmpty());
  PLANISH_CHECK_OK(topology_.SetSize(a_, ByteCount::TwoTo64()));
  EXPECT_EQ(a_.extent(), Range(UINT64_MAX - 1, UINT64_MAX));
  EXPECT_THAT(Walk(bus_, Range(0, 0xff)), IsEmpty());
  PLANISH_CHECK_OK(topology_.SetAddress(a_, Addr(0)));
  EXPECT_THAT(Walk(bus_, Range(0x118, 0x118)), ElementsAre(&a_));
  EXPECT_EQ(a_.extent(), AddrRange::All());
}

TEST_P(OverlapWalkTest, ARetiredOwnersChildrenAreGone) {
  Owner card(topology_, "card");
  Region& d = **topology_.AddMmio(card, "d", 0x10);
  PLANISH_CHECK_OK(topology_.Link(bus_, d, Addr(0x108)));
  EXPECT_THAT(Walk(bus_, Range(0x110, 0x110)), ElementsAre(&d, &c_, &b_));
  EXPECT_TRUE(card.Retire());
  EXPECT_THAT(Walk(bus_, Range(0x110, 0x110)), ElementsAre(&c_, &b_));
}

// ---- Random programs, some of which are undone.

class Refuser final : public ChangeObserver {
 public:
  absl::Status Prepare(const ChangeSet&) override {
    return std::exchange(next_, absl::OkStatus());
  }
  void PrepareAnyway(const ChangeSet&) override {}
  void Publish(RetireList&) override {}
  void FailNext() { next_ = absl::ResourceExhaustedError("X4: too much"); }

 private:
  absl::Status next_;
};

class OverlapWalkModelTest : public testing::TestWithParam<uint64_t> {};

TEST_P(OverlapWalkModelTest, WalksYieldWhatALookAtEverybodyDoes) {
  std::mt19937_64 rng(GetParam());
  auto made = std::make_unique<Refuser>();
  Refuser& observer = *made;
  Topology topology;
  topology.set_observer(std::move(made));
  Owner board(topology, "board");
  Owner card(topology, "card");
  Region* const buses[] = {*topology.AddContainer(board, "bus"),
                           *topology.AddContainer(board, "other bus")};
  std::vector<Region*> children;
  const size_t count = 4 + rng() % 60;
  for (size_t i = 0; i < count; ++i) {
    children.push_back(*topology.AddMmio(i % 8 == 0 ? card : board,
                                         "r" + std::to_string(i), rng() % 64));
  }
  // Both around 0 and, by wrapping, around 2^64.
  const auto any_addr = [&] { return Addr(rng() % 1000 - rng() % 40); };
  std::ostringstream program;
  for (int step = 0; step < 400; ++step) {
    program.str("");
    const bool undone = rng() % 4 == 0;
    if (undone) observer.FailNext();
    Transaction edit = Transaction::Begin(topology).value();
    // Mostly in one direction, so that the index comes and goes.
    const bool filling = step / 50 % 2 == 0;
    for (uint64_t n = rng() % 10; n-- > 0;) {
      Region& child = *children[rng() % children.size()];
      Region& bus = *buses[rng() % 8 == 0];
      const uint64_t what = rng() % 12;
      const Addr at = any_addr();
      const int priority = static_cast<int>(rng() % 3) - 1;
      program << "  " << child.name() << " edit " << what << " at " << at
              << " priority " << priority << '\n';
      absl::Status status;
      if (what < 4 && filling) {
        status = topology.Link(bus, child, at, priority);
      } else if (what < 4) {
        status = topology.Unlink(child);
      } else if (what < 6) {
        status = topology.SetAddress(child, at);
      } else if (what < 7) {
        status = topology.SetPriority(child, priority);
      } else if (what < 9) {
        status = topology.SetSize(child, at.raw() % 64);
      } else if (what < 11) {
        status = topology.SetEnabled(child, priority != 0);
      } else if (rng() % 200 == 0) {
        card.Retire();
      }
      status.IgnoreError();  // Linked already, or not at all, or retired.
    }
    edit.Commit().IgnoreError();
    SCOPED_TRACE("seed " + std::to_string(GetParam()) + ", step " +
                 std::to_string(step) + (undone ? ", undone" : "") + ":\n" +
                 program.str());
    topology.CheckInvariants();
    for (const Region* bus : buses) {
      const Addr first = any_addr();
      const AddrRange some = {first, Addr(std::max(first, any_addr()))};
      ASSERT_THAT(Walk(*bus, some), ElementsAreArray(Should(*bus, some)));
      const AddrRange all = AddrRange::All();
      ASSERT_THAT(Walk(*bus, all), ElementsAreArray(Should(*bus, all)));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, OverlapWalkModelTest,
                         testing::Range<uint64_t>(1, 41));

}  // namespace
}  // namespace planish
