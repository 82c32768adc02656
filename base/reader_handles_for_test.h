// ReaderHandles, for tests: readers that say when they come and go, each by a
// handle of its own, under a lock; any number of them on one thread. The
// plainest Reclaimer.
//
//    inside   [41] -> [41] -> [43]       in the order of entry, so the oldest
//              ^ OldestVisible()         version is always in front
//
// THREAD SAFETY  Any number of handles on any threads; one handle, one thread
//   at a time.
// LIFETIME  Handles go before their ReaderHandles, which checks that they have
//   left.
// COST  Enter, Leave, OldestVisible: a lock and a few stores, no allocation.

#ifndef PLANISH_BASE_READER_HANDLES_FOR_TEST_H_
#define PLANISH_BASE_READER_HANDLES_FOR_TEST_H_

#include <cstddef>
#include <cstdint>
#include <list>

#include "absl/base/thread_annotations.h"
#include "planish/base/check.h"
#include "planish/base/mutex.h"
#include "planish/base/reclaimer.h"

namespace planish {

class ReaderHandles final : public Reclaimer {
 public:
  class Handle {
   public:
    explicit Handle(ReaderHandles& readers) : readers_(readers) {}
    // Leaves.
    ~Handle() {
      if (is_inside()) Leave();
    }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;

    // What is current from here on stays until Leave().
    // REQUIRES: !is_inside().
    void Enter();
    // REQUIRES: is_inside().
    void Leave();
    bool is_inside() const { return outside_.empty(); }

   private:
    ReaderHandles& readers_;
    // The handle's one node: here while outside, in readers_.inside_ else.
    std::list<uint64_t> outside_{0};
    std::list<uint64_t>::iterator entry_ = outside_.begin();
  };

  ReaderHandles() = default;
  ~ReaderHandles() override {
    PLANISH_CHECK(inside_.empty(), "V3: a reader is still inside");
  }
  ReaderHandles(const ReaderHandles&) = delete;
  ReaderHandles& operator=(const ReaderHandles&) = delete;

  void Published(uint64_t commit) override {
    mu_.Lock();
    PLANISH_CHECK(commit >= published_, "V3: versions are published in order");
    published_ = commit;
    mu_.Unlock();
  }
  uint64_t OldestVisible() const override {
    mu_.Lock();
    const uint64_t oldest = inside_.empty() ? published_ : inside_.front();
    mu_.Unlock();
    return oldest;
  }
  // How many readers are inside now.
  size_t inside() const {
    mu_.Lock();
    const size_t count = inside_.size();
    mu_.Unlock();
    return count;
  }

 private:
  mutable Mutex mu_;
  uint64_t published_ ABSL_GUARDED_BY(mu_) = 0;
  // The version that was published when the reader entered, each.
  std::list<uint64_t> inside_ ABSL_GUARDED_BY(mu_);
};

inline void ReaderHandles::Handle::Enter() {
  PLANISH_CHECK(!is_inside(), "V3: a reader entered twice");
  readers_.mu_.Lock();
  *entry_ = readers_.published_;
  readers_.inside_.splice(readers_.inside_.end(), outside_);
  readers_.mu_.Unlock();
}

inline void ReaderHandles::Handle::Leave() {
  PLANISH_CHECK(is_inside(), "V3: a reader left twice");
  readers_.mu_.Lock();
  outside_.splice(outside_.end(), readers_.inside_, entry_);
  readers_.mu_.Unlock();
}

}  // namespace planish

#endif  // PLANISH_BASE_READER_HANDLES_FOR_TEST_H_
