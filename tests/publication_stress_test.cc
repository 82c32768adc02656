// A map that proves itself. Each commit stamps its number into every window of
// one root: windows onto the stamp's page of a large RAM, moved there in one
// transaction. A reader that finds two stamps in one snapshot has seen half a
// commit; one that finds an older stamp than before has gone back in time.
//
//   windows   [0 )  gap  [1 )  gap  [2 )  gap ...     all show page G of
//   `pages`
//
// Runs for PLANISH_STRESS_SECONDS, 2 by default.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/dispatch/section.h"
#include "planish/flatview/flat_range.h"
#include "planish/flatview/flat_view.h"
#include "planish/regions/owner.h"
#include "planish/regions/ram_block.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"
#include "planish/regions/transaction.h"
#include "planish/space/address_space.h"
#include "planish/space/listener.h"
#include "planish/space/snapshot.h"

namespace planish {
namespace {

constexpr uint64_t kPage = 0x1000;
constexpr uint64_t kWindows = 48;

std::chrono::milliseconds StressTime() {
  const char* seconds = std::getenv("PLANISH_STRESS_SECONDS");
  return std::chrono::milliseconds(
      seconds == nullptr ? 2000 : std::atoi(seconds) * 1000);
}

class StampedMap {
 public:
  StampedMap() {
    Region& root = **topology_.AddContainer(owner_, "root");
    Region& pages = **topology_.AddRam(
        owner_, "pages", ByteCount(uint64_t{1} << 60), RamBacking::None());
    for (uint64_t i = 0; i < kWindows; ++i) {
      windows_.push_back(
          *topology_.AddAlias(owner_, "window", pages, 0, ByteCount(kPage)));
      PLANISH_CHECK_OK(
          topology_.Link(root, *windows_.back(), Addr(2 * i * kPage)));
    }
    space_ = *AddressSpace::Create(owner_, "space", root);
  }

  // All windows, in an order of the dice.
  void StampNext(std::mt19937& random) {
    auto all = Transaction::Begin(topology_);
    PLANISH_CHECK_OK(all);
    const uint64_t stamp = ++stamp_;
    std::shuffle(windows_.begin(), windows_.end(), random);
    for (Region* window : windows_) {
      PLANISH_CHECK_OK(topology_.SetAliasOffset(*window, stamp * kPage));
    }
    PLANISH_CHECK_OK(all->Commit());
  }

  // The stamp of a snapshot, all of whose answers agree on it.
  static uint64_t StampOf(const Snapshot& snapshot, std::mt19937& random) {
    const uint64_t stamp = StampAt(snapshot, random() % kWindows);
    for (int i = 0; i < 6; ++i) {
      PLANISH_CHECK_EQ(StampAt(snapshot, random() % kWindows), stamp,
                       "V1: two commits in one snapshot");
    }
    return stamp;
  }
  static void CheckWhole(const Snapshot& snapshot, uint64_t stamp) {
    PLANISH_CHECK_EQ(snapshot.view().size(), size_t{kWindows},
                     "V1: a view with half a map");
    for (const FlatRange& range : snapshot.view()) {
      PLANISH_CHECK_EQ(range.offset / kPage, stamp,
                       "V1: two commits in one view");
    }
  }

  Topology& topology() { return topology_; }
  AddressSpace& space() { return *space_; }
  // REQUIRES: nobody stamps.
  uint64_t stamp() const { return stamp_; }

 private:
  static uint64_t StampAt(const Snapshot& snapshot, uint64_t window) {
    const Section section = snapshot.Lookup(Addr(2 * window * kPage + 8));
    PLANISH_CHECK(section.region() != nullptr, "V1: a hole");
    return section.offset() / kPage;
  }

  Topology topology_;
  Owner owner_{topology_, "owner"};
  std::vector<Region*> windows_;  // The writer's, as is stamp_.
  uint64_t stamp_ = 0;
  AddressSpace* space_ = nullptr;
};

// What one reader knows: never less than before.
class Witness {
 public:
  explicit Witness(uint32_t seed) : random_(seed) {}

  void Look(const Reading& guard, const AddressSpace& space) {
    const Snapshot& snapshot = space.Current(guard);
    const uint64_t stamp = StampedMap::StampOf(snapshot, random_);
    PLANISH_CHECK(stamp >= stamp_, "V1: a version older than before");
    if (stamp != stamp_) ++versions_;
    stamp_ = stamp;
    if (random_() % 16 == 0) StampedMap::CheckWhole(snapshot, stamp);
  }
  uint64_t stamp() const { return stamp_; }
  int versions() const { return versions_; }

 private:
  std::mt19937 random_;
  uint64_t stamp_ = 0;
  int versions_ = 0;
};

// Hears of each stamp, in turn and whole.
class StampListener : public Listener {
 public:
  StampListener() : Listener("stamps") {}
  void Begin(uint64_t version) override {
    PLANISH_CHECK(version >= version_, "L1: versions out of order");
    version_ = version;
    removed_ = added_ = 0;
  }
  void Removed(const FlatRange& range) override {
    PLANISH_CHECK_EQ(range.offset / kPage, stamp_, "L1: a stamp left out");
    ++removed_;
  }
  void Added(const FlatRange& range) override {
    if (added_++ == 0) next_ = range.offset / kPage;
    PLANISH_CHECK_EQ(range.offset / kPage, next_, "L1: half a commit");
  }
  void Commit() override {
    if (added_ == 0) return;  // Detached.
    PLANISH_CHECK_EQ(added_, kWindows, "L1: half a commit");
    if (told_++ != 0) {
      PLANISH_CHECK_EQ(removed_, kWindows, "L1: half a commit");
      PLANISH_CHECK_EQ(next_, stamp_ + 1, "L1: a commit left out");
    }
    stamp_ = next_;
  }
  uint64_t stamp() const { return stamp_; }

 private:
  uint64_t version_ = 0;
  uint64_t stamp_ = 0;
  uint64_t next_ = 0;
  uint64_t removed_ = 0;
  uint64_t added_ = 0;
  uint64_t told_ = 0;
};

size_t WaitingAfterPolls(Topology& topology) {
  while (topology.Poll(10'000)) {
  }
  return topology.waiting_pieces();
}

TEST(PublicationStressTest, OneThread) {
  StampedMap map;
  StampListener listener;
  map.space().Attach(listener);
  Witness witness(1);
  Witness held_witness(2);
  std::mt19937 random(3);
  size_t idle = 0;
  for (int i = 0; i < 2000; ++i) {
    map.StampNext(random);
    {
      const ReadGuard guard(map.topology().rcu());
      witness.Look(guard, map.space());
      ASSERT_EQ(witness.stamp(), map.stamp());
      // A guard fixes nothing; what it found before stays.
      const Snapshot& old = map.space().Current(guard);
      map.StampNext(random);
      ASSERT_EQ(StampedMap::StampOf(old, random), map.stamp() - 1);
      held_witness.Look(guard, map.space());
      ASSERT_EQ(held_witness.stamp(), map.stamp());
    }
    ASSERT_EQ(listener.stamp(), map.stamp());
    if (i == 0) idle = WaitingAfterPolls(map.topology());
  }
  EXPECT_EQ(WaitingAfterPolls(map.topology()), idle) << "memory is flat";
  map.space().Detach(listener);
}

TEST(PublicationStressTest, ReadersAndWriters) {
  StampedMap map;
  StampListener listener;
  std::mt19937 random(4);
  map.StampNext(random);
  map.space().Attach(listener);
  const size_t idle = WaitingAfterPolls(map.topology());
  const size_t nodes = [&] {
    const ReadGuard guard(map.topology().rcu());
    return map.space().Current(guard).view().totals().nodes;
  }();

  std::atomic<bool> stop{false};
  std::atomic<uint64_t> looks{0};
  std::atomic<int> versions{0};
  std::vector<std::thread> threads;
  for (uint32_t seed = 10; seed < 14; ++seed) {
    threads.emplace_back([&, seed] {
      Witness witness(seed);
      uint64_t mine = 0;
      // The last one reads in quiescent-state mode.
      if (seed == 13) {
        RcuReader reader(map.topology().rcu());
        reader.Online();
        while (!stop.load(std::memory_order_relaxed)) {
          for (int i = 0; i < 20; ++i, ++mine)
            witness.Look(reader, map.space());
          reader.Quiesce();
        }
        reader.Offline();
      } else {
        while (!stop.load(std::memory_order_relaxed)) {
          const ReadGuard guard(map.topology().rcu());
          for (int i = 0; i < 3; ++i, ++mine) witness.Look(guard, map.space());
        }
      }
      looks += mine;
      versions += witness.versions();
    });
  }
  for (uint32_t seed = 20; seed < 22; ++seed) {
    threads.emplace_back([&, seed] {
      std::mt19937 dice(seed);
      while (!stop.load(std::memory_order_relaxed)) {
        map.StampNext(dice);
        if (dice() % 8 == 0) map.topology().Poll(1000);
        if (dice() % 64 == 0) map.topology().Flush();
        if (dice() % 32 == 0) std::this_thread::yield();
      }
    });
  }
  std::this_thread::sleep_for(StressTime());
  stop.store(true);
  for (std::thread& thread : threads) thread.join();

  map.topology().Flush();
  EXPECT_EQ(listener.stamp(), map.stamp());
  EXPECT_GT(looks.load(), 100u);
  EXPECT_GT(versions.load(), 20) << "readers that saw one version only";
  EXPECT_EQ(WaitingAfterPolls(map.topology()), idle) << "memory is flat";
  {
    const ReadGuard guard(map.topology().rcu());
    EXPECT_EQ(map.space().Current(guard).view().totals().nodes, nodes);
  }
  map.space().Detach(listener);
  RecordProperty("commits", std::to_string(map.stamp()));
  RecordProperty("looks", std::to_string(looks.load()));
}

}  // namespace
}  // namespace planish
