#include "planish/base/reclaim_queue.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planish/base/reader_handles_for_test.h"
#include "planish/base/retire_list.h"

namespace planish {
namespace {

using testing::ElementsAre;
using testing::FieldsAre;
using testing::IsEmpty;

constexpr size_t kAll = SIZE_MAX;

// Pieces are numbers; `freed` has them in the order in which they went.
class ReclaimQueueTest : public testing::Test {
 protected:
  ~ReclaimQueueTest() override { queue_.CheckInvariants(); }

  struct Of {
    uint64_t born;
    uint64_t name;
    size_t nodes = 1;
  };
  // One commit, that retires these.
  void Commit(uint64_t commit, const std::vector<Of>& pieces) {
    RetireList list(commit);
    for (const Of& of : pieces) {
      if (of.nodes != 1) left_[of.name] = of.nodes;
      list.Add({[](void* self, uint64_t name, size_t& budget) {
                  return static_cast<ReclaimQueueTest*>(self)->Free(name,
                                                                    budget);
                },
                this, of.name, of.born});
    }
    queue_.Add(list);
    readers_.Published(commit);
  }
  bool Free(uint64_t name, size_t& budget) {
    size_t& left = left_.try_emplace(name, 1).first->second;
    const size_t now = std::min(left, budget);
    left -= now;
    budget -= now;
    if (left == 0) freed_.push_back(name);
    return left == 0;
  }

  std::vector<uint64_t> freed_;
  std::map<uint64_t, size_t> left_;  // Nodes, of a piece that was begun.
  ReaderHandles readers_;
  ReclaimQueue queue_{readers_};
};

TEST_F(ReclaimQueueTest, WithoutReadersPiecesGoAtTheNextPoll) {
  Commit(1, {{0, 10}, {0, 11}});
  EXPECT_THAT(freed_, IsEmpty());
  EXPECT_EQ(queue_.waiting(), 2u);
  EXPECT_FALSE(queue_.Poll(kAll));
  EXPECT_THAT(freed_, ElementsAre(10, 11));
  EXPECT_EQ(queue_.size(), 0u);
}

TEST_F(ReclaimQueueTest, AReaderKeepsWhatWasRetiredAfterItEntered) {
  Commit(1, {{0, 10}});
  ReaderHandles::Handle reader(readers_);
  reader.Enter();
  Commit(2, {{1, 20}});
  EXPECT_FALSE(queue_.Poll(kAll));
  EXPECT_THAT(freed_, ElementsAre(10));
  // One that entered later keeps less.
  ReaderHandles::Handle later(readers_);
  later.Enter();
  Commit(3, {{1, 30}});
  reader.Leave();
  EXPECT_FALSE(queue_.Poll(kAll));
  EXPECT_THAT(freed_, ElementsAre(10, 20));
  later.Leave();
  EXPECT_FALSE(queue_.Poll(kAll));
  EXPECT_THAT(freed_, ElementsAre(10, 20, 30));
}

TEST_F(ReclaimQueueTest, AHoldKeepsWhatItsVersionHasAndNoMore) {
  Commit(1, {});
  queue_.Hold(1);
  Commit(2, {{1, 20}, {0, 21}, {2, 22}});  // 22 was made and dropped at 2.
  Commit(3, {{1, 30}, {2, 31}});
  EXPECT_FALSE(queue_.Poll(kAll));
  EXPECT_THAT(freed_, ElementsAre(22, 31));
  EXPECT_EQ(queue_.kept_by_holds(), 3u);
  EXPECT_THAT(queue_.HeldVersions(), ElementsAre(FieldsAre(1, 1, 3)));
  queue_.Release(1);
  EXPECT_THAT(queue_.HeldVersions(), IsEmpty());
  EXPECT_FALSE(queue_.Poll(kAll));
  EXPECT_THAT(freed_, ElementsAre(22, 31, 20, 21, 30));
}

TEST_F(ReclaimQueueTest, WhatOneHoldLosesTheOneBeforeMayKeep) {
  Commit(1, {});
  queue_.Hold(1);
  Commit(2, {{0, 20}});
  queue_.Hold(2);
  Commit(3, {{1, 30}, {2, 31}});
  EXPECT_FALSE(queue_.Poll(kAll));
  EXPECT_THAT(queue_.HeldVersions(),
              ElementsAre(FieldsAre(1, 1, 1), FieldsAre(2, 1, 2)));
  queue_.Release(2);
  EXPECT_FALSE(queue_.Poll(kAll));
  EXPECT_THAT(freed_, ElementsAre(31));
  EXPECT_THAT(queue_.HeldVersions(), ElementsAre(FieldsAre(1, 1, 2)));
  queue_.Release(1);
  EXPECT_FALSE(queue_.Poll(kAll));
  EXPECT_THAT(freed_, ElementsAre(31, 20, 30));
}

TEST_F(ReclaimQueueTest, AVersionHeldTwiceIsReleasedTwice) {
  queue_.Hold(0);
  queue_.Hold(0);
  Commit(1, {{0, 10}});
  queue_.Release(0);
  EXPECT_FALSE(queue_.Poll(kAll));
  EXPECT_THAT(freed_, IsEmpty());
  // An old version may be held again while it is held.
  queue_.Hold(0);
  queue_.Release(0);
  queue_.Release(0);
  EXPECT_FALSE(queue_.Poll(kAll));
  EXPECT_THAT(freed_, ElementsAre(10));
}

TEST_F(ReclaimQueueTest, AStepFreesNoMoreThanItsBudget) {
  Commit(1, {{0, 10}, {0, 11, 5}, {0, 12}});
  EXPECT_TRUE(queue_.Poll(3));
  EXPECT_THAT(freed_, ElementsAre(10));
  EXPECT_EQ(left_[11], 3u);
  EXPECT_TRUE(queue_.Poll(2));
  EXPECT_EQ(left_[11], 1u);
  EXPECT_TRUE(queue_.Poll(1));
  EXPECT_THAT(freed_, ElementsAre(10, 11));
  EXPECT_TRUE(queue_.Poll(0));
  EXPECT_FALSE(queue_.Poll(1));
  EXPECT_THAT(freed_, ElementsAre(10, 11, 12));
}

TEST_F(ReclaimQueueTest, WhatIsHalfGoneStaysSoWhenAVersionIsHeld) {
  Commit(1, {{0, 10, 2}, {0, 11}});
  EXPECT_TRUE(queue_.Poll(1));
  queue_.Hold(1);
  EXPECT_FALSE(queue_.Poll(kAll));
  EXPECT_THAT(freed_, ElementsAre(10, 11));
  queue_.Release(1);
}

// A piece kept by a hold costs a look once, not at every call.
TEST_F(ReclaimQueueTest, WhatCanNotBeFreedIsLookedAtOnce) {
  queue_.Hold(0);
  std::vector<Of> many;
  for (uint64_t i = 0; i < 1000; ++i) many.push_back({0, i});
  Commit(1, many);
  EXPECT_TRUE(queue_.Poll(999));
  EXPECT_EQ(queue_.kept_by_holds(), 999u);
  EXPECT_FALSE(queue_.Poll(1));
  EXPECT_FALSE(queue_.Poll(0));
  Commit(2, {{1, 5000}});
  EXPECT_FALSE(queue_.Poll(1));
  EXPECT_THAT(freed_, ElementsAre(5000));
  queue_.Release(0);
}

TEST_F(ReclaimQueueTest, TheEndFreesEverything) {
  std::vector<uint64_t> freed;
  {
    ReclaimQueue queue(readers_);
    RetireList list(1);
    list.Add({[](void* out, uint64_t name, size_t& budget) {
                budget = 0;
                static_cast<std::vector<uint64_t>*>(out)->push_back(name);
                return true;
              },
              &freed, 7, 0});
    queue.Hold(0);
    queue.Add(list);
    readers_.Published(1);
    queue.Poll(kAll);
    queue.Release(0);
  }
  EXPECT_THAT(freed, ElementsAre(7));
}

TEST_F(ReclaimQueueTest, MisuseAborts) {
  Commit(5, {});
  EXPECT_DEATH(queue_.Hold(4), "V3: an old version");
  EXPECT_DEATH(queue_.Release(5), "V3: a version that is not held");
  EXPECT_DEATH(Commit(4, {}), "V3a: commits ascend");
  EXPECT_DEATH(
      {
        ReclaimQueue queue(readers_);
        queue.Hold(0);
      },
      "V3: a version is still held");
}

// ---- Against V3 as it stands, for programs of random steps.

// Pieces of random births, some of them containers ("arenas") that end with a
// later commit than all that was born in them. Budgets are small at random, so
// that holds come and go between the steps of one release.
class ReclaimModel {
 public:
  explicit ReclaimModel(uint64_t seed) : random_(seed) { Commit(); }
  ~ReclaimModel() {
    inside_.clear();
    while (!holds_.empty()) Release();
  }

  void Step() {
    switch (Below(8)) {
      case 0:
      case 1:
      case 2:
        return Commit();
      case 3:
        return holds_.size() < 6 ? Hold() : Release();
      case 4:
        return Release();
      case 5:
        return inside_.size() < 4 ? Enter() : Leave();
      case 6:
        return Leave();
      default:
        return Poll(Below(4) == 0 ? kAll : Below(6));
    }
  }
  void Poll(size_t budget) {
    const bool more = queue_.Poll(budget);
    queue_.CheckInvariants();
    if (more) return;
    // Nothing that could go is left, and what is left may be seen.
    size_t left = 0;
    for (const Piece& piece : pieces_) {
      if (piece.died == 0) continue;
      EXPECT_EQ(!piece.freed, MayBeSeen(piece)) << Text(piece);
      left += piece.freed ? 0 : 1;
    }
    EXPECT_EQ(queue_.size(), left);
  }
  size_t freed() const { return freed_; }

 private:
  struct Piece {
    uint64_t born;
    size_t arena;  // An index in pieces_; its own, if it is one itself.
    uint64_t died = 0;
    size_t steps = 1;
    bool freed = false;
  };
  struct Reader {
    uint64_t version;
    std::unique_ptr<ReaderHandles::Handle> handle;
  };

  size_t Below(size_t end) { return random_() % end; }
  static std::string Text(const Piece& piece) {
    return "born " + std::to_string(piece.born) + ", died " +
           std::to_string(piece.died);
  }
  // V3, by the letter.
  bool MayBeSeen(const Piece& piece) const {
    for (const Reader& reader : inside_) {
      if (reader.version < piece.died) return true;
    }
    for (const uint64_t v : holds_) {
      if (piece.born <= v && v < piece.died) return true;
    }
    return false;
  }

  void Commit() {
    ++commit_;
    RetireList list(commit_);
    const size_t count = pieces_.size();
    for (size_t i = Below(6); i > 0; --i) {
      const bool is_arena = arenas_.empty() || Below(4) == 0;
      pieces_.push_back(
          {commit_, is_arena ? pieces_.size() : arenas_[Below(arenas_.size())],
           0, 1 + Below(3)});
      if (is_arena) arenas_.push_back(pieces_.size() - 1);
    }
    // Also what this very commit has made: spliced twice.
    for (size_t i = 0; i < pieces_.size(); ++i) {
      if (pieces_[i].arena != i && Below(i < count ? 4 : 16) == 0) {
        Retire(list, i);
      }
    }
    if (Below(4) == 0 && !arenas_.empty()) {
      const size_t at = Below(arenas_.size());
      const size_t arena = arenas_[at];
      for (size_t i = 0; i < pieces_.size(); ++i) {
        if (pieces_[i].arena == arena && i != arena) Retire(list, i);
      }
      Retire(list, arena);
      arenas_.erase(arenas_.begin() + static_cast<std::ptrdiff_t>(at));
    }
    queue_.Add(list);
    readers_.Published(commit_);
  }
  void Retire(RetireList& list, size_t i) {
    if (pieces_[i].died != 0) return;
    pieces_[i].died = commit_;
    list.Add({[](void* self, uint64_t which, size_t& budget) {
                return static_cast<ReclaimModel*>(self)->Free(which, budget);
              },
              this, i, pieces_[i].born});
  }
  bool Free(size_t i, size_t& budget) {
    Piece& piece = pieces_[i];
    EXPECT_NE(budget, 0u);
    EXPECT_FALSE(piece.freed) << Text(piece);
    EXPECT_FALSE(MayBeSeen(piece)) << Text(piece);
    EXPECT_FALSE(pieces_[piece.arena].freed) << Text(piece);
    const size_t now = std::min(piece.steps, budget);
    piece.steps -= now;
    budget -= now;
    if (piece.steps != 0) return false;
    piece.freed = true;
    ++freed_;
    return true;
  }

  void Hold() {
    // The newest, or one that is held.
    const uint64_t version = holds_.empty() || Below(3) != 0
                                 ? commit_
                                 : holds_[Below(holds_.size())];
    queue_.Hold(version);
    holds_.push_back(version);
  }
  void Release() {
    if (holds_.empty()) return;
    const auto at =
        holds_.begin() + static_cast<std::ptrdiff_t>(Below(holds_.size()));
    queue_.Release(*at);
    holds_.erase(at);
  }
  void Enter() {
    inside_.push_back(
        {commit_, std::make_unique<ReaderHandles::Handle>(readers_)});
    inside_.back().handle->Enter();
  }
  void Leave() {
    if (inside_.empty()) return;
    inside_.erase(inside_.begin() +
                  static_cast<std::ptrdiff_t>(Below(inside_.size())));
  }

  std::mt19937_64 random_;
  uint64_t commit_ = 0;
  std::vector<Piece> pieces_;
  std::vector<size_t> arenas_;  // That live.
  std::vector<uint64_t> holds_;
  size_t freed_ = 0;
  ReaderHandles readers_;
  std::vector<Reader> inside_;
  ReclaimQueue queue_{readers_};
};

TEST(ReclaimModelTest, FreesExactlyWhatNobodyMaySee) {
  size_t freed = 0;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    ReclaimModel model(seed);
    for (int i = 0; i < 300; ++i) model.Step();
    model.Poll(kAll);
    freed += model.freed();
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(freed, 10000u);
}

}  // namespace
}  // namespace planish
