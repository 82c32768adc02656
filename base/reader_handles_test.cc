#include "planish/base/reader_handles_for_test.h"

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "planish/base/reclaim_queue.h"
#include "planish/base/retire_list.h"

namespace planish {
namespace {

TEST(ReaderHandlesTest, OldestVisibleIsThatOfTheReaderLongestInside) {
  ReaderHandles readers;
  ReaderHandles::Handle first(readers);
  ReaderHandles::Handle second(readers);
  EXPECT_EQ(readers.OldestVisible(), 0u);
  readers.Published(3);
  EXPECT_EQ(readers.OldestVisible(), 3u);
  first.Enter();
  readers.Published(4);
  second.Enter();
  readers.Published(5);
  EXPECT_EQ(readers.OldestVisible(), 3u);
  EXPECT_EQ(readers.inside(), 2u);
  first.Leave();
  EXPECT_EQ(readers.OldestVisible(), 4u);
  first.Enter();  // Behind the other.
  EXPECT_EQ(readers.OldestVisible(), 4u);
  second.Leave();
  EXPECT_EQ(readers.OldestVisible(), 5u);
}

TEST(ReaderHandlesTest, AHandleThatGoesHasLeft) {
  ReaderHandles readers;
  {
    ReaderHandles::Handle reader(readers);
    reader.Enter();
    EXPECT_TRUE(reader.is_inside());
    readers.Published(1);
    EXPECT_EQ(readers.OldestVisible(), 0u);
  }
  EXPECT_EQ(readers.OldestVisible(), 1u);
  EXPECT_EQ(readers.inside(), 0u);
}

TEST(ReaderHandlesDeathTest, MisuseAborts) {
  ReaderHandles readers;
  ReaderHandles::Handle reader(readers);
  EXPECT_DEATH(reader.Leave(), "V3: a reader left twice");
  reader.Enter();
  EXPECT_DEATH(reader.Enter(), "V3: a reader entered twice");
  readers.Published(2);
  EXPECT_DEATH(readers.Published(1), "V3: versions are published in order");
}

// Each version is a word that is poisoned when it is freed. Readers see no
// poison, and time does not go back for them.
TEST(ReaderHandlesTest, NoReaderSeesWhatWasFreed) {
  struct Version {
    explicit Version(uint64_t n) : number(n) {}
    ~Version() { number = 0; }
    uint64_t number;
  };
  ReaderHandles readers;
  std::atomic<const Version*> current{new Version(1)};
  readers.Published(1);
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> looks{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      ReaderHandles::Handle reader(readers);
      uint64_t last = 1;
      // Relaxed: tells only when to end.
      while (!stop.load(std::memory_order_relaxed)) {
        reader.Enter();
        // Partner: the store below.
        const Version* seen = current.load(std::memory_order_acquire);
        for (int j = 0; j < 10; ++j) {
          ASSERT_GE(seen->number, last);
          std::this_thread::yield();
        }
        last = seen->number;
        reader.Leave();
        // Relaxed: a count.
        looks.fetch_add(1, std::memory_order_relaxed);
      }
    });
  }
  {
    ReclaimQueue queue(readers);
    for (uint64_t commit = 2;
         commit < 2000 || looks.load(std::memory_order_relaxed) < 100;
         ++commit) {
      RetireList list(commit);
      list.Add(current.load(std::memory_order_relaxed), commit - 1);
      // Partner: the load above.
      current.store(new Version(commit), std::memory_order_release);
      readers.Published(commit);
      queue.Add(list);
      queue.Poll(2);
    }
    stop.store(true, std::memory_order_relaxed);
    for (std::thread& thread : threads) thread.join();
    queue.Poll(SIZE_MAX);
    EXPECT_EQ(queue.size(), 0u);
  }
  delete current.load(std::memory_order_relaxed);
}

}  // namespace
}  // namespace planish
