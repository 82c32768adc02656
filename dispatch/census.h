// Census: what is to be known of the boundaries of a view to choose a form for
// its table, gathered in one pass, which may be made in parts.
//
//    targets below nodes, if the root had one slot for each boundary
//                            or slots 2, 4 or 8 times as long
//    and slots were buckets  or ranked
//
// THREAD SAFETY  The writer's.
// COST  Add: O(1), some ten nanoseconds.

#ifndef PLANISH_DISPATCH_CENSUS_H_
#define PLANISH_DISPATCH_CENSUS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "planish/dispatch/pages.h"
#include "planish/dispatch/radix.h"

namespace planish::internal {

// What a level would be like.
struct RadixPlan {
  int shift = 0;
  bool ranked = false;
  // Runs that are no holes, and how many of them lie below a node.
  uint64_t targets = 0;
  uint64_t crowded = 0;

  double crowding() const {
    return targets == 0
               ? 0
               : static_cast<double>(crowded) / static_cast<double>(targets);
  }
};

class Census {
 public:
  // Of about `count` boundaries from `first` to `final`. REQUIRES: one at
  // least.
  Census(uint64_t first, uint64_t final, uint64_t count);

  // The next boundary, above the ones before; whether a run that is no hole
  // ends there.
  void Add(uint64_t boundary, bool ends_target);
  void Finish();

  uint64_t count() const { return count_; }
  // The best level.
  RadixPlan Radix() const;
  Level LevelFor(const RadixPlan& plan, bool two_directories) const;
  // The shift at which no slot holds a boundary, if the root is then at most
  // twice as wide as there are runs.
  std::optional<int> PageShift() const;
  Pages PagesFor(int shift) const;

 private:
  // Slots that are 2^shift long.
  struct Candidate {
    uint64_t slot = 0;  // The present one.
    uint64_t boundaries = 0;
    uint64_t targets = 0;
    bool plain = true;  // No boundary but at multiples of the unit.
    // Of all slots.
    uint64_t crowded_buckets = 0;
    uint64_t crowded_ranked = 0;
  };

  void CloseSlot(Candidate& candidate);
  RadixPlan PlanOf(size_t candidate, bool ranked) const;
  // The best one of a kind.
  RadixPlan BestPlan(bool ranked) const;
  bool IsFair(const RadixPlan& plan) const;
  // The slots that a root with this shift has.
  uint64_t SlotsAt(int shift) const;

  uint64_t first_;
  uint64_t final_;
  int narrowest_;  // The shift of the first candidate.
  std::array<Candidate, 4> candidates_;
  uint64_t count_ = 0;
  uint64_t targets_ = 0;
  uint64_t all_bits_;
};

}  // namespace planish::internal

#endif  // PLANISH_DISPATCH_CENSUS_H_
