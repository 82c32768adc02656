// Delivery: the queue between commits and listeners.
//
//    commits, under the writer lock         one thread, with no lock held
//      publish 41 --.                         .--> Begin Removed ... Commit
//      attach ------+--> [41][attach][42] ----+       diff 40 to 41
//      publish 42 --'     held: 40  41  41    '--> release 40, next
//
// A commit queues where a space that somebody listens to has another snapshot
// than before. Who has committed and finds nobody at work here works until the
// queue is empty; who finds somebody leaves it to him. So a commit waits for no
// listener, and a listener that commits is not called from inside itself.
//
// Attaching and detaching go through the queue, too. So a list of listeners
// changes only between two deliveries, and a listener that attaches late is
// told of what was there then, and of every commit after it.
//
// INVARIANTS
//   L1  One thread at a time delivers; first queued, first told. It holds no
//       lock of ours.
//   L2  What is queued holds the version before it, until it has been told. It
//       need not hold the version after: that is current, or held by what was
//       queued next for the same space.
//   L3  A listener has one space at a time, and goes when it has left it.
// THREAD SAFETY  As marked. Lock order: the writer lock, then mu_.
// LIFETIME  The Publisher's. Ends with an empty queue.
// COST  A commit: a look at each space that is listened to. Delivery: twice
//   that of Diff(), for each of these that changed.
// SOURCES  PROTOCOL L1, L2.

#ifndef PLANISH_SPACE_DELIVERY_H_
#define PLANISH_SPACE_DELIVERY_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "planish/base/mutex.h"
#include "planish/flatview/flat_view.h"
#include "planish/regions/topology.h"
#include "planish/space/listener.h"
#include "planish/space/snapshot.h"
#include "planish/space/snapshot_cell.h"

namespace planish {

class Delivery {
 public:
  // Where a space finds its cell; by this it is known here.
  using Space = std::atomic<const internal::SnapshotCell*>;

  explicit Delivery(Topology& topology);
  ~Delivery();
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;

  // ---- REQUIRES: inside a Transaction. Deliver() follows its commit.

  // Aborts (L3) if it is attached to a space, or has not left its last one.
  void Attach(const Space& space, Listener& listener);
  void Detach(const Space& space, Listener& listener);
  // The space goes.
  void DetachAll(const Space& space);
  // The commit under way has stored all cells; its number is not newest yet.
  void Enqueue();

  // ---- Any thread, inside a Transaction or not.

  // As ChangeObserver says.
  uint64_t DeliveredTo() const;
  bool Delivering() const {
    // Only this thread can have written its own id there.
    return deliverer_.load(std::memory_order_relaxed) ==
           std::this_thread::get_id();
  }
  void NameUndelivered(std::vector<std::string>& who) const;

  // ---- Any thread, outside of Transactions.

  // Tells all that is queued, unless somebody is at it.
  void Deliver();
  // Aborts (L1) in a listener.
  void Flush();

 private:
  using Clock = std::chrono::steady_clock;

  // Between two versions of what one space shows.
  struct Change {
    internal::Audience* audience;
    const FlatView* before;
    const FlatView* after;
  };
  struct Item {
    uint64_t version = 0;  // Held: the newest one when this was queued.
    Clock::time_point since;
    // All of the listeners' that are attached, or
    std::vector<Change> changes;
    // one that comes or goes.
    Listener* listener = nullptr;
    bool comes = false;
    // Whose last listener goes.
    std::unique_ptr<internal::Audience> ends;

    uint64_t commit() const { return version + 1; }
  };

  std::vector<std::unique_ptr<internal::Audience>>::iterator Find(
      const Space& space);
  void Push(Item item);
  void PushLeaving(internal::Audience& audience, Listener& listener);
  // The first in the queue; null, and nobody is delivering, if there is none.
  Item* First();

  // The deliverer's.
  void Tell(Item& item);
  void TellChanges(const Item& item);
  void TellComing(const Item& item);
  void TellLeaving(Item& item);
  template <typename Call>
  void CallOne(Listener& listener, Call call);
  void CallChanges(const Change& change);

  Topology& topology_;
  // Before the first version, and after the last.
  const std::unique_ptr<const FlatView> nothing_;
  // The writer's.
  std::vector<std::unique_ptr<internal::Audience>> audiences_;

  mutable Mutex mu_;
  // The first is being told, if somebody delivers; only he takes it off.
  std::deque<Item> queue_ ABSL_GUARDED_BY(mu_);
  uint64_t queued_ ABSL_GUARDED_BY(mu_) = 0;  // So many so far,
  uint64_t told_ ABSL_GUARDED_BY(mu_) = 0;    // of which so many are told.
  std::condition_variable_any told_more_;
  // Written under mu_.
  std::atomic<std::thread::id> deliverer_;
  // A hint, to spare mu_: who queued something finds it set.
  std::atomic<bool> has_items_{false};
  // Who is being called now, for reports; null between calls.
  std::atomic<const char*> telling_{nullptr};
};

}  // namespace planish

#endif  // PLANISH_SPACE_DELIVERY_H_
