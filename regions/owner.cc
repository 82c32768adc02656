#include "planish/regions/owner.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "planish/base/check.h"
#include "planish/base/rcu/lifetime_checks.h"
#include "planish/base/rcu/pin.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/base/retire_list.h"
#include "planish/regions/owner_end.h"
#include "planish/regions/owner_pin.h"
#include "planish/regions/topology.h"

namespace planish {

Owner::Owner(Topology& topology, std::string name, Finalizer finalizer)
    : topology_(topology),
      body_(std::make_unique<internal::OwnerBody>(this, std::move(name))) {
  body_->finalizer = std::move(finalizer);
  topology_.BeginTransaction();
  topology_.owners_.push_back(this);
  PLANISH_CHECK_OK(topology_.CommitTransaction(nullptr));
}

Owner::~Owner() {
  const bool is_finalizing = topology_.ends_.IsFinalizing(*body_);
  RetireAndWait();
  topology_.BeginTransaction();
  auto& owners = topology_.owners_;
  owners.erase(std::find(owners.begin(), owners.end(), this));
  PLANISH_CHECK_OK(topology_.CommitTransaction(nullptr));
  if (is_finalizing) topology_.ends_.Adopt(std::move(body_));
}

void Owner::set_finalizer(Finalizer finalizer) {
  topology_.BeginTransaction();
  PLANISH_CHECK(!retired_, "E1: a finalizer for an owner that was retired");
  body_->finalizer = std::move(finalizer);
  PLANISH_CHECK_OK(topology_.CommitTransaction(nullptr));
}

bool Owner::Retire() {
  topology_.BeginTransaction();
  const bool first = !retired_;
  if (first) {
    topology_.IsolateOwner(*this);
    topology_.retired_here_.push_back(this);
    body_->end = topology_.ends_.NewNumber();
  }
  // X5: if that fails, by what is left of a root, the retirement stands. In an
  // outer transaction this commits nothing yet.
  topology_.CommitTransaction(nullptr).IgnoreError();
  return first;
}

void Owner::RetireAndWait() {
  PLANISH_CHECK(!topology_.InTransaction(),
                "X1: the end of an owner is waited for inside a Transaction");
  if (topology_.ends_.IsFinalizing(*body_)) return;
  topology_.CheckMayWait("G5: RetireAndWait()");
  // From the commit on the finalizer may run, and delete this.
  Topology& topology = topology_;
  topology.BeginTransaction();
  Retire();
  const uint64_t end = body_->end;
  topology.CommitTransaction(nullptr).IgnoreError();  // As in Retire().
  topology.PollUntil([&] { return !topology.ends_.Has(end); });
}

std::optional<OwnerPin> Owner::TryPin(const Reading& guard,
                                      const char* tag) const {
  if (kLifetimeChecks) guard.CheckIsReading(topology_.rcu());
  if (body_->is_retired.load(std::memory_order_acquire)) {  // [N]
    return std::nullopt;
  }
  return OwnerPin(&guard.domain(), Pin(guard, body_->Key(), tag));
}

std::vector<std::string> Owner::WhoHolds() const {
  return topology_.WhoHolds(body_.get());
}

void Owner::FreeAtEnd(const RetireList::Piece& piece) {
  body_->belongings.emplace(piece.context, piece);
}

void Owner::EndNow(void* context) {
  const auto at = body_->belongings.find(context);
  auto ending = std::make_unique<internal::Ending>();
  ending->of = body_.get();
  ending->belongings.push_back(at->second);
  body_->belongings.erase(at);
  topology_.ended_here_.push_back(std::move(ending));
  topology_.MarkChanged();
}

}  // namespace planish
