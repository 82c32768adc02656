// ReclaimQueue: what commits have replaced, until nobody can see it any more.
// A piece that was born at commit b and retired by commit d was part of the
// versions b to d - 1. It is freed when
//   - every reader that entered before d has left (reclaimer.h), and
//   - no held version v has b <= v < d.
// Nothing counts: both follow from the two numbers.
//
// Pieces are kept in the order of d, cut at the held versions:
//
//    held 17        held 40                     waiting for readers
//    [d 18 .. 40]   [d 41 .. 90]                [d 95 .. 97]
//     all born       all born
//     at 17 or       at 40 or                   next to be looked at: the
//     before         before                     front
//
// What only a hold keeps is behind that hold, at the last one before d, and
// keeps nobody else waiting. When a hold goes, its pieces are looked at again:
// each is freed, or goes to the hold before, whose own pieces all have a lower
// d. So moving them keeps the order.
//
// INVARIANTS (CheckInvariants())
//   V3a  The whole sequence (behind the holds, then waiting) ascends by d, and
//        by the order of Add() within a d.
//   V3b  A piece behind hold v has b <= v < d, and no hold lies between v and
//        d; while v is held.
//   V3c  Pieces are freed in the order of that sequence, save those that a hold
//        keeps. Therefore a container (an arena, a whole table) goes after what
//        is in it, if the container is born no later than its contents, and
//        retired no earlier, and added behind them within one commit: it stands
//        behind them in the sequence, and a hold v that keeps one of them keeps
//        the container too, since b(container) <= b <= v < d <= d(container).
// THREAD SAFETY  None: it belongs to the writer. Only the Reclaimer is told by
//   others.
// LIFETIME  What still waits is freed by the destructor, which checks that
//   nothing is held.
// COST  Add: O(pieces). Hold, Release: O(log of the holds), and a short move.
//   Poll: O(budget); O(1) if nothing can be freed, however much waits. A piece
//   is looked at once for readers, and once for each hold that it waits behind.
// SOURCES  PROTOCOL V3, V5, G5, E3.

#ifndef PLANISH_BASE_RECLAIM_QUEUE_H_
#define PLANISH_BASE_RECLAIM_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "planish/base/reclaimer.h"
#include "planish/base/retire_list.h"

namespace planish {

class ReclaimQueue {
 public:
  // A version that is held, by so many, and what waits for it alone.
  struct HeldVersion {
    uint64_t version;
    size_t holds;
    size_t pieces;
  };

  // `readers` outlives the queue.
  explicit ReclaimQueue(const Reclaimer& readers) : readers_(readers) {}
  ~ReclaimQueue();
  ReclaimQueue(const ReclaimQueue&) = delete;
  ReclaimQueue& operator=(const ReclaimQueue&) = delete;

  // Takes over what commit retired.commit() replaced. REQUIRES: ascending.
  void Add(RetireList& retired);

  // Looks at pieces and frees what can be, up to `budget` nodes. True if there
  // is more to do for the next call.
  bool Poll(size_t budget);

  // Keeps all of `version`, once for each call, until it is released as often.
  // REQUIRES: nothing of it was retired yet, or it is held.
  void Hold(uint64_t version);
  void Release(uint64_t version);

  // Pieces that wait: for readers (or for the next Poll()), and for holds.
  size_t waiting() const { return waiting_.size(); }
  size_t kept_by_holds() const;
  size_t size() const { return waiting() + kept_by_holds(); }
  // Oldest first.
  std::vector<HeldVersion> HeldVersions() const;
  // UINT64_MAX: none is held.
  uint64_t OldestHeld() const;

  // Aborts with the id of the first invariant that doesn't hold.
  void CheckInvariants() const;

 private:
  struct Dead {
    RetireList::Piece piece;
    uint64_t died;  // The commit that retired it.
  };
  struct Held {
    uint64_t version;
    size_t holds;  // 0: released, its pieces are to be looked at again.
    std::deque<Dead> pieces;
  };

  // The first of held_ with a version of `version` or later.
  std::vector<Held>::iterator At(uint64_t version);
  // Frees `dead`, or puts it behind held_[before - 1], the last hold before its
  // death. False if the budget ended first.
  bool Settle(const Dead& dead, size_t before, size_t& budget);

  const Reclaimer& readers_;
  uint64_t newest_ = 0;     // The last commit that was added.
  std::vector<Held> held_;  // Ascending by version.
  size_t released_ = 0;     // So many of held_ have no hold left.
  std::deque<Dead> waiting_;
};

}  // namespace planish

#endif  // PLANISH_BASE_RECLAIM_QUEUE_H_
