#include "planish/space/root_forest.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/base/retire_list.h"
#include "planish/flatview/resolve.h"
#include "planish/regions/change_observer.h"
#include "planish/regions/change_set.h"
#include "planish/regions/limits.h"
#include "planish/regions/owner.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"

namespace planish {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Asks the forest what each commit marks.
class Asker final : public ChangeObserver {
 public:
  explicit Asker(RootForest& forest) : forest_(forest) {}
  absl::Status Prepare(const ChangeSet& changes) override {
    lost_.clear();
    for (const Region* region : changes.resolve_again) {
      forest_.Ask(*region, lost_);
    }
    return absl::OkStatus();
  }
  void PrepareAnyway(const ChangeSet&) override {}
  void Publish(RetireList&) override {}

  // By the last commit.
  const std::vector<RootForest::Walker*>& lost() const { return lost_; }

 private:
  RootForest& forest_;
  std::vector<RootForest::Walker*> lost_;
};

class RootForestTest : public testing::Test {
 protected:
  RootForestTest() {
    auto asker = std::make_unique<Asker>(forest_);
    asker_ = asker.get();
    topology_.set_observer(std::move(asker));
  }

  Region& Container(const std::string& name,
                    ByteCount size = ByteCount::TwoTo64()) {
    return **topology_.AddContainer(board_, name, size);
  }
  Region& Alias(Region& target, uint64_t offset, ByteCount size) {
    return **topology_.AddAlias(board_, "window", target, offset, size);
  }
  Region& In(Region& container, uint64_t at, Region& child) {
    PLANISH_CHECK_OK(topology_.Link(container, child, Addr(at)));
    return child;
  }
  const Region* End(const RootForest::Walker& walker) {
    forest_.CheckInvariants();
    return forest_.Resolve(walker, topology_.limits()).value();
  }

  RootForest forest_;  // Before the topology that asks it.
  Topology topology_;
  Owner board_{topology_, "board"};
  Asker* asker_;
};

TEST_F(RootForestTest, OneOfTenThousandBusMasters) {
  Region& sys = Container("sys");
  In(sys, 0, Container("a", 1));
  In(sys, 1, Container("b", 1));
  std::vector<Region*> windows;
  std::vector<RootForest::Walker> walkers(10000);
  for (RootForest::Walker& walker : walkers) {
    Region& master = Container("master");
    windows.push_back(&In(master, 0, Alias(sys, 0, ByteCount::TwoTo64())));
    forest_.Start(walker, &master);
    ASSERT_EQ(*forest_.Resolve(walker, topology_.limits()), &sys);
  }
  EXPECT_EQ(forest_.size(), 20001u);

  PLANISH_CHECK_OK(topology_.SetEnabled(*windows[5000], false));
  EXPECT_THAT(asker_->lost(), ElementsAre(&walkers[5000]));
  EXPECT_EQ(End(walkers[5000]), nullptr);
  EXPECT_EQ(forest_.size(), 20000u);  // Its window is on nobody's walk.
  PLANISH_CHECK_OK(topology_.SetEnabled(*windows[5000], true));
  EXPECT_THAT(asker_->lost(), ElementsAre(&walkers[5000]));
  EXPECT_EQ(End(walkers[5000]), &sys);
  EXPECT_EQ(forest_.size(), 20001u);

  // What others do with what they show is nothing to the walks.
  In(sys, 2, Container("c", 1));
  EXPECT_THAT(asker_->lost(), IsEmpty());
  for (RootForest::Walker& walker : walkers) forest_.Start(walker, nullptr);
  EXPECT_EQ(forest_.size(), 0u);
}

TEST_F(RootForestTest, WhatManyWalksMeetLosesThemAll) {
  Region& sys = Container("sys");
  Region& only = In(sys, 0, Container("only", 0x1000));
  RootForest::Walker direct;
  RootForest::Walker through;
  RootForest::Walker elsewhere;
  forest_.Start(direct, &sys);
  forest_.Start(through, &Alias(sys, 0, ByteCount::TwoTo64()));
  forest_.Start(elsewhere, &Container("other"));
  In(only, 0, **topology_.AddMmio(board_, "a", 1));
  In(only, 1, **topology_.AddMmio(board_, "b", 1));
  EXPECT_EQ(End(direct), &only);
  EXPECT_EQ(End(through), &only);
  EXPECT_EQ(End(elsewhere), nullptr);

  In(sys, 0x1000, Container("second", 1));
  EXPECT_THAT(asker_->lost(), testing::UnorderedElementsAre(&direct, &through));
  EXPECT_EQ(End(direct), &sys);
  EXPECT_EQ(End(through), &sys);
  for (auto* walker : {&direct, &through, &elsewhere}) {
    forest_.Start(*walker, nullptr);
  }
}

TEST_F(RootForestTest, WalksInACircle) {
  Region& a = Container("a", 0x1000);
  Region& b = Container("b", 0x1000);
  In(a, 0, Alias(b, 0, 0x1000));
  Region& back = In(b, 0, Alias(a, 0, 0x1000));
  RootForest::Walker walker;
  forest_.Start(walker, &a);
  EXPECT_EQ(forest_.Resolve(walker, topology_.limits()).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(forest_.size(), 4u);
  PLANISH_CHECK_OK(topology_.SetEnabled(back, false));
  EXPECT_THAT(asker_->lost(), ElementsAre(&walker));
  EXPECT_EQ(End(walker), nullptr);
  PLANISH_CHECK_OK(topology_.SetEnabled(back, true));
  EXPECT_FALSE(forest_.Resolve(walker, topology_.limits()).ok());
  // Nobody walks there now: the circle goes when it is broken.
  forest_.Start(walker, nullptr);
  EXPECT_EQ(forest_.size(), 4u);
  PLANISH_CHECK_OK(topology_.Unlink(back));
  EXPECT_EQ(forest_.size(), 0u);
}

// Against the walk from scratch, for all walkers after each edit.
TEST(RootForestModelTest, WalksEndWhereResolveRootSays) {
  size_t ends = 0;
  size_t lost = 0;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const auto below = [&](size_t end) { return random() % end; };
    RootForest forest;
    Topology topology(Limits{10000, 12});
    auto owned = std::make_unique<Asker>(forest);
    Asker* const asker = owned.get();
    topology.set_observer(std::move(owned));
    Owner board(topology, "board");
    std::vector<Region*> regions;
    std::vector<RootForest::Walker> walkers(6);
    std::vector<const Region*> roots(walkers.size());
    // As of when the walker was last lost, or began.
    std::vector<const Region*> known(walkers.size());
    for (int step = 0; step < 120; ++step) {
      const size_t count = regions.size();
      Region* const one = count == 0 ? nullptr : regions[below(count)];
      std::vector<RootForest::Walker*> again;
      switch (count < 8 ? below(2) : below(10)) {
        case 0:
          regions.push_back(*topology.AddContainer(board, "c", 16 * below(4)));
          break;
        case 1:
          if (count == 0) break;
          regions.push_back(*topology.AddAlias(
              board, "a", *one, below(3) == 0 ? 4 : 0, 16 * (1 + below(4))));
          break;
        case 2:
          regions.push_back(*topology.AddMmio(board, "m", 16));
          break;
        case 3:
          topology.Unlink(*one).IgnoreError();
          break;
        case 4:
          PLANISH_CHECK_OK(topology.SetEnabled(*one, below(3) != 0));
          break;
        case 5:
          topology.SetSize(*one, 16 * below(5)).IgnoreError();
          break;
        case 6:
          PLANISH_CHECK_OK(topology.SetAddress(*one, Addr(below(2))));
          break;
        case 7: {
          const size_t i = below(walkers.size());
          roots[i] = below(6) == 0 ? nullptr : one;
          forest.Start(walkers[i], roots[i]);
          again.push_back(&walkers[i]);
          break;
        }
        default:
          topology.Link(*regions[below(count)], *one, Addr(below(4) == 0))
              .IgnoreError();
          break;
      }
      again.insert(again.end(), asker->lost().begin(), asker->lost().end());
      lost += asker->lost().size();
      forest.CheckInvariants();
      for (size_t i = 0; i < walkers.size(); ++i) {
        const auto end = forest.Resolve(walkers[i], topology.limits());
        const Region* expected = nullptr;
        if (roots[i] != nullptr) {
          const auto whole = ResolveRoot(*roots[i], topology.limits());
          ASSERT_EQ(end.ok(), whole.ok());
          if (whole.ok()) expected = *whole;
        }
        if (end.ok()) {
          ASSERT_EQ(*end, expected);
        }
        // Who was not lost ends where it ended.
        const Region* now = end.ok() ? *end : roots[i];
        if (std::find(again.begin(), again.end(), &walkers[i]) == again.end()) {
          ASSERT_EQ(now, known[i]);
        }
        known[i] = now;
        if (now != nullptr) ++ends;
      }
    }
    for (RootForest::Walker& walker : walkers) forest.Start(walker, nullptr);
  }
  EXPECT_GT(ends, 10000u);
  EXPECT_GT(lost, 1000u);
}

}  // namespace
}  // namespace planish
