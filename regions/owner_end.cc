#include "planish/regions/owner_end.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "planish/base/check.h"
#include "planish/base/rcu/rcu_domain.h"
#include "planish/base/retire_list.h"

namespace planish {
namespace {

using internal::Ending;
using internal::OwnerBody;

// Slots that a poll looks at for one node that it may free.
constexpr size_t kSlotsPerNode = 64;

// False if the budget ended first.
bool FreeSome(Ending& ending, size_t& budget) {
  for (; !ending.regions.empty(); ending.regions.pop_back(), --budget) {
    if (budget == 0) return false;
  }
  while (!ending.belongings.empty()) {
    if (budget == 0) return false;
    const RetireList::Piece& piece = ending.belongings.back();
    if (piece.free(piece.context, piece.what, budget)) {
      ending.belongings.pop_back();
    }
  }
  return true;
}

}  // namespace

uint64_t OwnerEnds::NewNumber() {
  mu_.Lock();
  const uint64_t number = ++last_;
  mu_.Unlock();
  return number;
}

void OwnerEnds::Begin(uint64_t number, std::unique_ptr<Ending> ending,
                      uint64_t commit) {
  ending->commit = commit;
  if (ending->is_whole) {
    ending->of->is_retired.store(true, std::memory_order_release);  // [N]
  }
  if (oldest_held_.load(std::memory_order_acquire) >= commit) {  // [O]
    ending->epoch.store(rcu_.Advance(), std::memory_order_relaxed);
    ending->step = Ending::Step::kQuiet;
  }
  mu_.Lock();
  if (!ending->is_whole) ++ending->of->parts;
  endings_.emplace(number, std::move(ending));
  mu_.Unlock();
}

bool OwnerEnds::Poll(size_t& budget) {
  const std::thread::id self = std::this_thread::get_id();
  mu_.Lock();
  if (poller_ != std::thread::id() && poller_ != self) {
    mu_.Unlock();
    return false;
  }
  const std::thread::id before = std::exchange(poller_, self);
  bool is_short = false;
  for (auto at = endings_.begin(); at != endings_.end() && !is_short;) {
    Ending& ending = *at->second;
    const uint64_t number = at->first;
    if (!ending.in_step) {
      ending.in_step = true;
      mu_.Unlock();
      const bool is_over = TakeSteps(ending, budget, is_short);
      mu_.Lock();
      ending.in_step = false;
      if (is_over) {
        if (!ending.is_whole) --ending.of->parts;
        auto gone = endings_.extract(number);
        mu_.Unlock();  // The body may go with it.
        gone = {};
        mu_.Lock();
      }
    }
    at = endings_.upper_bound(number);
  }
  poller_ = before;
  mu_.Unlock();
  return is_short;
}

bool OwnerEnds::TakeSteps(Ending& ending, size_t& budget, bool& is_short) {
  switch (ending.step) {
    case Ending::Step::kUnheld:
      if (oldest_held_.load(std::memory_order_acquire) <
          ending.commit) {  // [O]
        return false;
      }
      ending.epoch.store(rcu_.Advance(), std::memory_order_relaxed);
      ending.step = Ending::Step::kQuiet;
      [[fallthrough]];
    case Ending::Step::kQuiet:
      if (!rcu_.Passed(ending.epoch.load(std::memory_order_relaxed)))
        return false;
      ending.scan.emplace(rcu_.pins());
      ending.step = Ending::Step::kUnpinned;
      [[fallthrough]];
    case Ending::Step::kUnpinned: {
      size_t slots =
          budget > SIZE_MAX / kSlotsPerNode ? SIZE_MAX : budget * kSlotsPerNode;
      const bool unpinned = ending.scan->Step(
          [&](const void* key) { return ending.of->IsKeptBy(key); },
          [&](PinSlot& slot, const void* key) {
            rcu_.RequestRelease(slot, key);
          },
          slots);
      if (!unpinned) {
        is_short = slots == 0;
        return false;
      }
      ending.step = Ending::Step::kFinalizer;
    }
      [[fallthrough]];
    case Ending::Step::kFinalizer:
      if (budget == 0) {
        is_short = true;
        return false;
      }
      if (!EnterFinalizer(ending)) return false;
      --budget;
      if (ending.is_whole) ending.finalizer = std::move(ending.of->finalizer);
      if (ending.finalizer != nullptr) {
        std::move(ending.finalizer)();
        ending.finalizer = nullptr;
      }
      LeaveFinalizer(ending);
      if (ending.is_whole) release_(ending);
      ending.step = Ending::Step::kFreed;
      [[fallthrough]];
    case Ending::Step::kFreed:
      is_short = !FreeSome(ending, budget);
      return !is_short;
  }
  return false;
}

bool OwnerEnds::EnterFinalizer(Ending& ending) {
  mu_.Lock();
  ending.in_finalizer = !ending.is_whole || ending.of->parts == 0;
  const bool entered = ending.in_finalizer;
  mu_.Unlock();
  return entered;
}

void OwnerEnds::LeaveFinalizer(Ending& ending) {
  mu_.Lock();
  ending.in_finalizer = false;
  mu_.Unlock();
}

bool OwnerEnds::empty() const {
  mu_.Lock();
  const bool is_empty = endings_.empty();
  mu_.Unlock();
  return is_empty;
}

bool OwnerEnds::Has(uint64_t number) const {
  mu_.Lock();
  const bool has = endings_.contains(number);
  mu_.Unlock();
  return has;
}

const Ending* OwnerEnds::Find(const OwnerBody& body) const {
  for (const auto& [number, ending] : endings_) {
    if (ending->is_whole && ending->of == &body) return &*ending;
  }
  return nullptr;
}

bool OwnerEnds::IsFinalizing(const OwnerBody& body) const {
  mu_.Lock();
  const Ending* const ending =
      poller_ == std::this_thread::get_id() ? Find(body) : nullptr;
  const bool in_step = ending != nullptr && ending->in_step;
  const bool is_finalizing = in_step && ending->in_finalizer;
  mu_.Unlock();
  PLANISH_CHECK(is_finalizing || !in_step,
                "P3: an end is waited for by a callback that it waits for");
  return is_finalizing;
}

void OwnerEnds::Adopt(std::unique_ptr<OwnerBody> body) {
  mu_.Lock();
  const_cast<Ending*>(Find(*body))->body = std::move(body);
  mu_.Unlock();
}

OwnerEnds::Wait OwnerEnds::WaitOf(const OwnerBody& body) const {
  Wait wait = {0, 0};
  mu_.Lock();
  const Ending* const ending = Find(body);
  if (ending != nullptr) {
    // It orders nothing: for reports.
    const uint64_t epoch = ending->epoch.load(std::memory_order_relaxed);
    wait = epoch == 0 ? Wait{ending->commit, UINT64_MAX} : Wait{0, epoch};
  }
  mu_.Unlock();
  return wait;
}

void OwnerEnds::NameHolders(const OwnerBody* body,
                            std::vector<std::string>& who) const {
  mu_.Lock();
  for (const auto& [number, ending] : endings_) {
    const OwnerBody& of = *ending->of;
    if (body != nullptr && body != &of) continue;
    if (ending->in_finalizer) {
      who.push_back(absl::StrCat("the finalizer of '", of.name, "': runs"));
    }
    if (!ending->is_whole) continue;
    // Not IsKeptBy(): another thread may be freeing another's regions.
    absl::flat_hash_map<const void*, const Region*> keys = {
        {of.Key(), nullptr}};
    for (const auto& region : of.regions) keys.emplace(&*region, &*region);
    const auto pins =
        rcu_.Pins([&](const void* key) { return keys.contains(key); });
    for (const RcuDomain::PinReport& pin : pins) {
      const Region* const region = keys.at(pin.key);
      who.push_back(absl::StrCat(
          "pin '", pin.tag, "' of thread ", pin.tid, " (", pin.thread,
          "): keeps '", region == nullptr ? of.name : region->name(), "' of '",
          of.name, "', for ",
          std::chrono::duration_cast<std::chrono::milliseconds>(pin.in_the_way)
              .count(),
          " ms"));
    }
  }
  mu_.Unlock();
}

}  // namespace planish
