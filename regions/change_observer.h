// ChangeObserver: how the graph tells the layer that renders it, without
// knowing it. Topology calls it at the outermost Commit, under the writer lock:
//
//   edits ... Commit() --> Prepare() --ok--> Publish() --> some freed, and
//                              |                          the lock released
//                              '--error--> every edit undone, save
//                                          retirements; PrepareAnyway(),
//                                          Publish(), ...; error returned
//
// THREAD SAFETY  Called by one thread at a time, which holds the Transaction.

#ifndef PLANISH_REGIONS_CHANGE_OBSERVER_H_
#define PLANISH_REGIONS_CHANGE_OBSERVER_H_

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
};

}  // namespace planish

#endif  // PLANISH_REGIONS_CHANGE_OBSERVER_H_
