// EpochTimes: when the recent epochs began, so that readers and pins need not
// read a clock: they hold an epoch, and this tells for how long at least.
//
// Notes get sparser towards the past: an answer is at most the truth, and more
// than half of it, however long ago that was. 160 notes reach back 2^63 ns.
//
// THREAD SAFETY  None.
// COST  Note: a reading of the clock; amortised O(1).

#ifndef PLANISH_BASE_RCU_EPOCH_TIMES_H_
#define PLANISH_BASE_RCU_EPOCH_TIMES_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace planish {

class EpochTimes {
 public:
  using Clock = std::chrono::steady_clock;

  // REQUIRES: later than all before.
  void Note(uint64_t epoch, Clock::time_point now) {
    if (notes_.size() == kNotes) Thin();
    notes_.push_back({epoch, now});
  }

  // For how long at least something that entered in `epoch` has been in the
  // way: since the first noted epoch after it. Zero if there is none.
  std::chrono::nanoseconds InTheWayFor(uint64_t epoch,
                                       Clock::time_point now) const {
    for (const Entry& entry : notes_) {
      if (entry.epoch > epoch) return now - entry.began;
    }
    return std::chrono::nanoseconds(0);
  }

 private:
  struct Entry {
    uint64_t epoch;
    Clock::time_point began;
  };
  static constexpr size_t kNotes = 160;

  // Drops each note whose elder neighbour is at most twice as old as its kept
  // younger one. So of three that stay, the eldest is more than twice as old as
  // the youngest, and 2 * 63 at most stay.
  void Thin() {
    const Clock::time_point now = notes_.back().began;
    std::vector<Entry> kept = {notes_.back()};  // Descending.
    for (size_t i = notes_.size() - 1; i-- > 0;) {
      const bool drop =
          i != 0 && now - notes_[i - 1].began <= 2 * (now - kept.back().began);
      if (!drop) kept.push_back(notes_[i]);
    }
    notes_.assign(kept.rbegin(), kept.rend());
  }

  std::vector<Entry> notes_;  // Ascending.
};

}  // namespace planish

#endif  // PLANISH_BASE_RCU_EPOCH_TIMES_H_
