#include "planish/space/address_space.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "planish/base/check.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/base/status_macros.h"
#include "planish/regions/transaction.h"
#include "planish/space/publisher.h"

namespace planish {

AddressSpace::AddressSpace(Owner& owner, std::string name, Region& root)
    : topology_(owner.topology()),
      owner_(owner),
      name_(std::move(name)),
      root_(&root) {}

absl::StatusOr<AddressSpace*> AddressSpace::Create(Owner& owner,
                                                   std::string name,
                                                   Region& root) {
  Topology& topology = owner.topology();
  if (&root.owner().topology() != &topology) {
    return absl::InvalidArgumentError(absl::StrCat("address space '", name,
                                                   "': root '", root.name(),
                                                   "' is of another topology"));
  }
  PLANISH_ASSIGN_OR_RETURN(Transaction edit, Transaction::Begin(topology));
  AddressSpace* space = nullptr;
  const Owner* retired = owner.retired()  ? &owner
                         : root.retired() ? &root.owner()
                                          : nullptr;
  absl::Status status;
  if (retired != nullptr) {
    status = absl::FailedPreconditionError(
        absl::StrCat("X5: address space '", name, "' of owner '",
                     retired->name(), "', which was retired"));
  } else {
    space = new AddressSpace(owner, std::move(name), root);
    owner.FreeAtEnd({&AddressSpace::Free, space, 0, 0});
    Publisher::Of(topology).Add(*space);
  }
  status.Update(edit.Commit());
  if (status.ok()) return space;
  if (space != nullptr) space->Retire();
  return status;
}

bool AddressSpace::Free(void* space, uint64_t, size_t& budget) {
  delete static_cast<AddressSpace*>(space);
  if (budget != 0) --budget;
  return true;
}

bool AddressSpace::Retire() {
  Transaction edit = Transaction::BeginAnyway(topology_);
  const bool first = record_ != nullptr && !owner_.retired();
  if (first) {
    Publisher::Of(topology_).Remove(*this);
    owner_.EndNow(this);
  }
  edit.Commit().IgnoreError();  // Another root's. This space is gone.
  return first;
}

SnapshotHold AddressSpace::Hold() const {
  // So that nothing comes between.
  Transaction join = Transaction::BeginAnyway(topology_);
  const ReadGuard guard(topology_.rcu());
  SnapshotHold hold(topology_, Current(guard), shown_root(guard));
  PLANISH_CHECK_OK(join.Commit());
  return hold;
}

void AddressSpace::Attach(Listener& listener) {
  Transaction join = Transaction::BeginAnyway(topology_);
  Publisher::Of(topology_).delivery().Attach(cell_, listener);
  PLANISH_CHECK_OK(join.Commit());
}

void AddressSpace::Detach(Listener& listener) {
  Transaction join = Transaction::BeginAnyway(topology_);
  Publisher::Of(topology_).delivery().Detach(cell_, listener);
  PLANISH_CHECK_OK(join.Commit());
}

}  // namespace planish
