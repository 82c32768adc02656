#include "planish/regions/transaction.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "planish/base/check.h"
#include "planish/regions/topology.h"

namespace planish {

absl::StatusOr<Transaction> Transaction::Begin(Topology& topology) {
  topology.BeginTransaction();
  absl::Status status = topology.CheckWaiting();
  if (status.ok()) return Transaction(&topology);
  PLANISH_CHECK_OK(topology.CommitTransaction(nullptr));
  return status;
}

Transaction Transaction::BeginAnyway(Topology& topology) {
  topology.BeginTransaction();
  return Transaction(&topology);
}

Transaction::~Transaction() {
  PLANISH_CHECK(topology_ == nullptr,
                "X2: a Transaction was destroyed uncommitted");
}

absl::Status Transaction::Commit(CommitReport* report) {
  PLANISH_CHECK(topology_ != nullptr, "X2: a Transaction was committed twice");
  return std::exchange(topology_, nullptr)->CommitTransaction(report);
}

}  // namespace planish
