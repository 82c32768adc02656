#include "planish/space/delivery.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "planish/base/check.h"
#include "planish/flatview/diff.h"
#include "planish/flatview/flat_range.h"

namespace planish {

namespace internal {

// Who listens to one space.
struct Audience {
  // The writer's.
  const Delivery::Space* space;
  const Snapshot* queued;  // The newest version that was queued.
  std::vector<Listener*> attached;
  // The deliverer's: ascending by priority.
  std::vector<Listener*> told;
};

}  // namespace internal

namespace {

using internal::Audience;

bool Precedes(const Listener* a, const Listener* b) {
  return a->priority() < b->priority();
}

// What std::condition_variable_any calls a lock.
class Lockable {
 public:
  explicit Lockable(Mutex& mu) : mu_(mu) {}
  void lock() ABSL_NO_THREAD_SAFETY_ANALYSIS { mu_.Lock(); }
  void unlock() ABSL_NO_THREAD_SAFETY_ANALYSIS { mu_.Unlock(); }

 private:
  Mutex& mu_;
};

const Snapshot* CurrentOf(const Delivery::Space& space) {
  // Written by the holder of the Transaction only, which this is.
  return space.load(std::memory_order_relaxed)
      ->current.load(std::memory_order_relaxed);
}

// Passes one half of a diff on to `call`, so that all that is removed comes
// before all that is added.
template <typename Call>
class RemovedOnly final : public DiffSink {
 public:
  explicit RemovedOnly(Call call) : call_(call) {}
  void Removed(const FlatRange& range) override { call_(range); }
  void Added(const FlatRange&) override {}

 private:
  Call call_;
};

template <typename CallAdded, typename CallKept>
class AllButRemoved final : public DiffSink {
 public:
  AllButRemoved(bool wants_kept, CallAdded added, CallKept kept)
      : wants_kept_(wants_kept), added_(added), kept_(kept) {}
  void Removed(const FlatRange&) override {}
  void Added(const FlatRange& range) override { added_(range); }
  bool WantsKept() const override { return wants_kept_; }
  void Kept(const FlatRange& before, const FlatRange& after) override {
    kept_(before, after);
  }

 private:
  const bool wants_kept_;
  CallAdded added_;
  CallKept kept_;
};

}  // namespace

Delivery::Delivery(Topology& topology)
    : topology_(topology), nothing_(FlatView::Build(nullptr, {})) {}

Delivery::~Delivery() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  PLANISH_CHECK(queue_.empty() && audiences_.empty(),
                "L1: a Topology ends while listeners are told");
}

// ---- The writer.

std::vector<std::unique_ptr<Audience>>::iterator Delivery::Find(
    const Space& space) {
  return std::find_if(audiences_.begin(), audiences_.end(),
                      [&](const auto& a) { return a->space == &space; });
}

void Delivery::Push(Item item) {
  item.version = topology_.HoldNewest();  // L2.
  item.since = Clock::now();
  mu_.Lock();
  queue_.push_back(std::move(item));
  ++queued_;
  has_items_.store(true, std::memory_order_relaxed);
  mu_.Unlock();
}

void Delivery::Attach(const Space& space, Listener& listener) {
  mu_.Lock();
  PLANISH_CHECK(listener.state_ == Listener::State::kFree,
                "L3: a Listener is attached twice");
  listener.state_ = Listener::State::kAttached;
  mu_.Unlock();
  auto at = Find(space);
  if (at == audiences_.end()) {
    at = audiences_.insert(at, std::make_unique<Audience>(Audience{
                                   &space, CurrentOf(space), /*attached=*/{},
                                   /*told=*/{}}));
  }
  Audience& audience = **at;
  audience.attached.push_back(&listener);
  listener.audience_ = &audience;
  Item item;
  item.listener = &listener;
  item.comes = true;
  item.changes = {{&audience, nothing_.get(), &audience.queued->view()}};
  Push(std::move(item));
}

void Delivery::PushLeaving(Audience& audience, Listener& listener) {
  mu_.Lock();
  listener.state_ = Listener::State::kLeaving;
  mu_.Unlock();
  listener.audience_ = nullptr;
  auto& attached = audience.attached;
  attached.erase(std::find(attached.begin(), attached.end(), &listener));
  Item item;
  item.listener = &listener;
  item.changes = {{&audience, &audience.queued->view(), nothing_.get()}};
  if (attached.empty()) {
    // Nothing that is queued after this names it.
    const auto at = Find(*audience.space);
    item.ends = std::move(*at);
    audiences_.erase(at);
  }
  Push(std::move(item));
}

void Delivery::Detach(const Space& space, Listener& listener) {
  Audience* const audience = listener.audience_;
  PLANISH_CHECK(audience != nullptr && audience->space == &space,
                "L3: a Listener that is not attached to this space");
  PushLeaving(*audience, listener);
}

void Delivery::DetachAll(const Space& space) {
  const auto at = Find(space);
  if (at == audiences_.end()) return;
  const std::vector<Listener*> all = (*at)->attached;
  for (Listener* listener : all) PushLeaving(*listener->audience_, *listener);
}

void Delivery::Enqueue() {
  Item item;
  for (const auto& audience : audiences_) {
    const Snapshot* const now = CurrentOf(*audience->space);
    const Snapshot* const before = std::exchange(audience->queued, now);
    if (now == before) continue;
    item.changes.push_back({audience.get(), &before->view(), &now->view()});
  }
  if (!item.changes.empty()) Push(std::move(item));
}

// ---- Any thread.

uint64_t Delivery::DeliveredTo() const {
  mu_.Lock();
  const uint64_t to = queue_.empty() ? UINT64_MAX : queue_.front().version;
  mu_.Unlock();
  return to;
}

void Delivery::NameUndelivered(std::vector<std::string>& who) const {
  const Clock::time_point now = Clock::now();
  const char* const telling = telling_.load(std::memory_order_relaxed);
  bool first = true;
  mu_.Lock();
  for (const Item& item : queue_) {
    const auto waits =
        std::chrono::duration_cast<std::chrono::milliseconds>(now - item.since);
    std::string line = absl::StrCat("commit ", item.commit(), ": undelivered");
    if (item.listener != nullptr) {
      line = absl::StrCat("version ", item.version, ": listener '",
                          item.listener->name(), "' not ",
                          item.comes ? "attached" : "detached");
    }
    absl::StrAppend(&line, " for ", waits.count(), " ms");
    if (first && telling != nullptr) {
      absl::StrAppend(&line, ", in listener '", telling, "'");
    }
    first = false;
    who.push_back(std::move(line));
  }
  mu_.Unlock();
}

void Delivery::Flush() {
  PLANISH_CHECK(!Delivering(), "L1: a listener waits for delivery");
  Deliver();
  Lockable lock(mu_);
  lock.lock();
  const uint64_t all = queued_;
  told_more_.wait(
      lock, [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return told_ >= all; });
  lock.unlock();
}

Delivery::Item* Delivery::First() {
  Item* first = nullptr;
  mu_.Lock();
  if (queue_.empty()) {
    has_items_.store(false, std::memory_order_relaxed);
    deliverer_.store(std::thread::id(), std::memory_order_relaxed);
  } else {
    first = &queue_.front();
  }
  mu_.Unlock();
  return first;
}

void Delivery::Deliver() {
  if (!has_items_.load(std::memory_order_relaxed)) return;
  mu_.Lock();
  const bool mine =
      deliverer_.load(std::memory_order_relaxed) == std::thread::id();
  if (mine) {
    deliverer_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  }
  mu_.Unlock();
  if (!mine) return;
  while (Item* item = First()) {
    Tell(*item);
    const uint64_t version = item->version;
    const std::unique_ptr<Audience> ends = std::move(item->ends);
    mu_.Lock();
    queue_.pop_front();
    ++told_;
    mu_.Unlock();
    topology_.ReleaseHeld(version);
    told_more_.notify_all();
  }
}

// ---- The deliverer.

template <typename Call>
void Delivery::CallOne(Listener& listener, Call call) {
  telling_.store(listener.name(), std::memory_order_relaxed);
  call(listener);
  telling_.store(nullptr, std::memory_order_relaxed);
}

void Delivery::Tell(Item& item) {
  if (item.listener == nullptr) {
    TellChanges(item);
  } else if (item.comes) {
    TellComing(item);
  } else {
    TellLeaving(item);
  }
}

void Delivery::CallChanges(const Change& change) {
  const std::vector<Listener*>& told = change.audience->told;
  RemovedOnly removed([&](const FlatRange& range) {
    for (auto l = told.rbegin(); l != told.rend(); ++l) {
      CallOne(**l, [&](Listener& to) { to.Removed(range); });
    }
  });
  Diff(*change.before, *change.after, removed);
  const auto wants_kept = [](const Listener* l) { return l->WantsKept(); };
  AllButRemoved rest(
      std::any_of(told.begin(), told.end(), wants_kept),
      [&](const FlatRange& range) {
        for (Listener* l : told) {
          CallOne(*l, [&](Listener& to) { to.Added(range); });
        }
      },
      [&](const FlatRange& before, const FlatRange& after) {
        for (Listener* l : told) {
          if (!l->WantsKept()) continue;
          CallOne(*l, [&](Listener& to) { to.Kept(before, after); });
        }
      });
  Diff(*change.before, *change.after, rest);
}

void Delivery::TellChanges(const Item& item) {
  std::vector<Listener*> all;
  for (const Change& change : item.changes) {
    // Else only the snapshot is a new one.
    if (change.before == change.after) continue;
    const std::vector<Listener*>& told = change.audience->told;
    all.insert(all.end(), told.begin(), told.end());
  }
  std::stable_sort(all.begin(), all.end(), Precedes);
  for (Listener* l : all) {
    CallOne(*l, [&](Listener& to) { to.Begin(item.commit()); });
  }
  for (const Change& change : item.changes) {
    if (change.before != change.after) CallChanges(change);
  }
  for (Listener* l : all) {
    CallOne(*l, [](Listener& to) { to.Commit(); });
  }
}

void Delivery::TellComing(const Item& item) {
  const Change& change = item.changes.front();
  CallOne(*item.listener, [&](Listener& to) {
    to.Begin(item.version);
    for (const FlatRange& range : *change.after) to.Added(range);
    to.Commit();
  });
  auto& told = change.audience->told;
  told.insert(
      std::upper_bound(told.begin(), told.end(), item.listener, Precedes),
      item.listener);
}

void Delivery::TellLeaving(Item& item) {
  const Change& change = item.changes.front();
  auto& told = change.audience->told;
  told.erase(std::find(told.begin(), told.end(), item.listener));
  Listener& listener = *item.listener;
  CallOne(listener, [&](Listener& to) {
    to.Begin(item.version);
    for (const FlatRange& range : *change.before) to.Removed(range);
    to.Commit();
  });
  mu_.Lock();
  listener.state_ = Listener::State::kFree;
  item.listener = nullptr;  // NameUndelivered() must not follow it any more.
  mu_.Unlock();
  listener.Detached();
}

}  // namespace planish
