// Transaction: many edits, one commit.
//
//   auto move = Transaction::Begin(topology).value();
//   absl::Status status = topology.Unlink(*bar);
//   status.Update(topology.Link(*bus, *bar, at));
//   status.Update(move.Commit());         // Readers see both edits, or
//   neither.
//
// Every edit of Topology opens one of its own, so a single edit is a commit.
// Transactions of one thread nest; only the outermost Commit() publishes.
//
// THREAD SAFETY  Holds the topology's writer lock from Begin() to the outermost
//   Commit(); another thread's Begin() waits for it (X1). Stays on its thread.
// LIFETIME  Must be committed, also when an edit inside it failed: to destroy
//   it uncommitted aborts (X2).
// ERRORS  An edit that fails changes nothing; the edits before it stand (X2).
//   Commit() fails for one reason, Limits (X3, X4): then nothing was published
//   and every edit of the outermost transaction is undone, save retirements.
//   Begin() fails where too much waits for readers (X4).
// COST  Begin: a lock. Commit: what the ChangeObserver does.

#ifndef PLANISH_REGIONS_TRANSACTION_H_
#define PLANISH_REGIONS_TRANSACTION_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace planish {

struct CommitReport;
class Topology;

class [[nodiscard]] Transaction {
 public:
  // Fails past Limits::max_waiting_bytes, with the reader's name, unless it is
  // within another one.
  static absl::StatusOr<Transaction> Begin(Topology& topology);
  // For what no limit stops: ends, and looking.
  static Transaction BeginAnyway(Topology& topology);
  Transaction(Transaction&& other) noexcept
      : topology_(std::exchange(other.topology_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  // `report`, if any, is told what the commit did, if it is the outermost.
  // REQUIRES: on the thread that began it, once, innermost first.
  absl::Status Commit(CommitReport* report = nullptr);

 private:
  explicit Transaction(Topology* topology) : topology_(topology) {}
  Topology* topology_;  // Null once committed or moved from.
};

}  // namespace planish

#endif  // PLANISH_REGIONS_TRANSACTION_H_
