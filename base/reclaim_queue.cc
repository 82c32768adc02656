#include "planish/base/reclaim_queue.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "planish/base/check.h"
#include "planish/base/retire_list.h"

namespace planish {

ReclaimQueue::~ReclaimQueue() {
  PLANISH_CHECK(held_.size() == released_, "V3: a version is still held");
  const auto free_all = [](const std::deque<Dead>& pieces) {
    for (const Dead& dead : pieces) {
      size_t budget = SIZE_MAX;
      while (!dead.piece.free(dead.piece.context, dead.piece.what, budget)) {
        budget = SIZE_MAX;
      }
    }
  };
  for (const Held& held : held_) free_all(held.pieces);  // V3c
  free_all(waiting_);
}

void ReclaimQueue::Add(RetireList& retired) {
  PLANISH_CHECK(retired.commit() >= newest_, "V3a: commits ascend");
  newest_ = retired.commit();
  for (const RetireList::Piece& piece : retired.Release()) {
    waiting_.push_back({piece, newest_});
  }
}

bool ReclaimQueue::Settle(const Dead& dead, size_t before, size_t& budget) {
  if (budget == 0) return false;
  if (before != 0 && held_[before - 1].version >= dead.piece.born) {
    held_[before - 1].pieces.push_back(dead);
    --budget;
    return true;
  }
  // A piece that is partly gone is never kept after all: only the newest
  // version can become held, and it has no retired pieces.
  const RetireList::Piece& piece = dead.piece;
  while (!piece.free(piece.context, piece.what, budget)) {
    if (budget == 0) return false;
  }
  return true;
}

bool ReclaimQueue::Poll(size_t budget) {
  // 1. Behind released holds. These come before all that waits (V3a), so they
  //    go first, lowest version first.
  for (size_t i = 0; released_ != 0;) {
    if (held_[i].holds != 0) {
      ++i;
      continue;
    }
    std::deque<Dead>& pieces = held_[i].pieces;
    for (; !pieces.empty(); pieces.pop_front()) {
      if (!Settle(pieces.front(), i, budget)) return true;
    }
    held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(i));
    --released_;
  }
  // 2. What readers kept. All of held_ is held now.
  if (waiting_.empty()) return false;
  const uint64_t seen = readers_.OldestVisible();
  for (; !waiting_.empty(); waiting_.pop_front()) {
    const Dead& dead = waiting_.front();
    if (dead.died > seen) return false;
    const auto before = static_cast<size_t>(At(dead.died) - held_.begin());
    if (!Settle(dead, before, budget)) return true;
  }
  return false;
}

std::vector<ReclaimQueue::Held>::iterator ReclaimQueue::At(uint64_t version) {
  return std::partition_point(
      held_.begin(), held_.end(),
      [version](const Held& held) { return held.version < version; });
}

void ReclaimQueue::Hold(uint64_t version) {
  const auto at = At(version);
  if (at != held_.end() && at->version == version && at->holds != 0) {
    ++at->holds;
    return;
  }
  PLANISH_CHECK(version >= newest_ && at == held_.end(),
                "V3: an old version can't be held");
  held_.push_back({version, 1, {}});
}

void ReclaimQueue::Release(uint64_t version) {
  const auto at = At(version);
  PLANISH_CHECK(at != held_.end() && at->version == version && at->holds != 0,
                "V3: a version that is not held was released");
  if (--at->holds != 0) return;
  if (at->pieces.empty()) {
    held_.erase(at);
  } else {
    ++released_;
  }
}

size_t ReclaimQueue::kept_by_holds() const {
  size_t count = 0;
  for (const Held& held : held_) count += held.pieces.size();
  return count;
}

std::vector<ReclaimQueue::HeldVersion> ReclaimQueue::HeldVersions() const {
  std::vector<HeldVersion> versions;
  for (const Held& held : held_) {
    if (held.holds == 0) continue;
    versions.push_back({held.version, held.holds, held.pieces.size()});
  }
  return versions;
}

uint64_t ReclaimQueue::OldestHeld() const {
  for (const Held& held : held_) {
    if (held.holds != 0) return held.version;
  }
  return UINT64_MAX;
}

void ReclaimQueue::CheckInvariants() const {
  uint64_t last = 0;
  size_t released = 0;
  for (size_t i = 0; i < held_.size(); ++i) {
    const Held& held = held_[i];
    if (held.holds == 0) ++released;
    PLANISH_CHECK(held.holds != 0 || !held.pieces.empty(),
                  "V3b: a released hold with nothing behind it");
    PLANISH_CHECK(i == 0 || held_[i - 1].version < held.version,
                  "V3a: held versions ascend");
    for (const Dead& dead : held.pieces) {
      PLANISH_CHECK(last <= dead.died, "V3a: pieces ascend by their end");
      last = dead.died;
      PLANISH_CHECK(dead.piece.born <= held.version && held.version < dead.died,
                    "V3b: a piece behind a hold that doesn't keep it");
      PLANISH_CHECK(i + 1 == held_.size() || held_[i + 1].holds == 0 ||
                        dead.died <= held_[i + 1].version,
                    "V3b: a piece behind an earlier hold than the last");
    }
  }
  PLANISH_CHECK_EQ(released, released_, "V3b: the count of released holds");
  for (const Dead& dead : waiting_) {
    PLANISH_CHECK(last <= dead.died, "V3a: pieces ascend by their end");
    last = dead.died;
  }
}

}  // namespace planish
