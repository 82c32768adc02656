// Backoff: how to wait for readers. They can't wake anybody: that would be a
// load more for them. So who waits looks again, soon at first.
//
//   for (Backoff backoff; !IsDone(); backoff.Wait()) {
//   }

#ifndef PLANISH_BASE_RCU_BACKOFF_H_
#define PLANISH_BASE_RCU_BACKOFF_H_

#include <sched.h>
#include <time.h>

#include <algorithm>

namespace planish {

class Backoff {
 public:
  void Wait() {
    if (rounds_ < 64) {
      ++rounds_;
      sched_yield();
      return;
    }
    const timespec pause = {0, nanoseconds_};
    nanosleep(&pause, nullptr);
    nanoseconds_ = std::min(nanoseconds_ * 2, 1'000'000L);
  }

 private:
  int rounds_ = 0;
  long nanoseconds_ = 20'000;  // NOLINT(google-runtime-int): as timespec.
};

}  // namespace planish

#endif  // PLANISH_BASE_RCU_BACKOFF_H_
