// ChangeObserver: how the graph tells the layer that renders it, without
// knowing it. Topology calls it at the outermost Commit, under the writer lock:
//
//   edits ... Commit() --> Prepare() --ok--> Publish() --> some freed, and
//                              |                          the lock released
//                              '--error--> every edit undone, save
//                                          retirements; PrepareAnyway(),
//                                          Publish(), ...; error returned
//
//   ... the lock released --> Deliver(): listeners hear of it
//
// THREAD SAFETY  Called by one thread at a time, which holds the Transaction;
//   but for delivery, which is any thread's.

#ifndef PLANISH_REGIONS_CHANGE_OBSERVER_H_
#define PLANISH_REGIONS_CHANGE_OBSERVER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "planish/base/retire_list.h"
#include "planish/regions/change_set.h"
#include "planish/regions/commit_report.h"

namespace planish {

class ChangeObserver {
 public:
  virtual ~ChangeObserver() = default;

  // Computes what the changed graph shows, and publishes nothing. On an error
  // (Limits, X4) it throws away what it computed. `changes` are good until it
  // returns.
  virtual absl::Status Prepare(const ChangeSet& changes) = 0;
  // The same where no error is possible (X5): what passes a limit all the same
  // shows nothing, until an edit has put that right. Of `changes`, most have
  // been undone; what retirements changed is among them.
  virtual void PrepareAnyway(const ChangeSet& changes) = 0;
  // Makes what was computed visible, and lists what that replaced. Can't
  // fail.
  virtual void Publish(RetireList& replaced) = 0;
  // Fills in what it knows of the commit that it just published.
  virtual void Report(CommitReport& report) const { static_cast<void>(report); }

  // ---- Delivery (PROTOCOL L1, L2).

  // Called after each outermost Commit, with no lock held.
  virtual void Deliver() {}
  // Listeners have been told of all commits up to this one; UINT64_MAX: of all
  // there are.
  virtual uint64_t DeliveredTo() const { return UINT64_MAX; }
  // Returns when listeners have been told of all that was published before.
  virtual void Flush() {}
  // True on a thread that a listener is called on.
  virtual bool Delivering() const { return false; }
  // Adds a line for each commit that is not delivered (E3).
  virtual void NameUndelivered(std::vector<std::string>& who) const {
    static_cast<void>(who);
  }
};

}  // namespace planish

#endif  // PLANISH_REGIONS_CHANGE_OBSERVER_H_
