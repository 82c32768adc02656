#include "planish/space/address_space.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "planish/base/check.h"
#include "planish/base/status_macros.h"
#include "planish/regions/transaction.h"
#include "planish/space/publisher.h"

namespace planish {

AddressSpace::AddressSpace(Owner& owner, std::string name, Region& root)
    : topology_(owner.topology()),
      owner_(owner),
      name_(std::move(name)),
      root_(&root) {}

absl::StatusOr<std::unique_ptr<AddressSpace>> AddressSpace::Create(
    Owner& owner, std::string name, Region& root) {
  Topology& topology = owner.topology();
  if (&root.owner().topology() != &topology) {
    return absl::InvalidArgumentError(absl::StrCat("address space '", name,
                                                   "': root '", root.name(),
                                                   "' is of another topology"));
  }
  PLANISH_ASSIGN_OR_RETURN(Transaction edit, Transaction::Begin(topology));
  std::unique_ptr<AddressSpace> space;
  const Owner* retired = owner.retired()          ? &owner
                         : root.owner().retired() ? &root.owner()
                                                  : nullptr;
  absl::Status status;
  if (retired != nullptr) {
    status = absl::FailedPreconditionError(
        absl::StrCat("X5: address space '", name, "' of owner '",
                     retired->name(), "', which was retired"));
  } else {
    space = absl::WrapUnique(new AddressSpace(owner, std::move(name), root));
    Publisher::Of(topology).Add(*space);
  }
  status.Update(edit.Commit());
  if (!status.ok()) return status;
  return space;
}

AddressSpace::~AddressSpace() {
  auto edit = Transaction::Begin(topology_);
  PLANISH_CHECK_OK(edit);
  Publisher::Of(topology_).Remove(*this);
  edit->Commit().IgnoreError();  // Another root's. This space is gone.
}

SnapshotHold AddressSpace::Hold() const {
  auto join = Transaction::Begin(topology_);  // So that nothing comes between.
  PLANISH_CHECK_OK(join);
  SnapshotHold hold(topology_, Current(), shown_root());
  PLANISH_CHECK_OK(join->Commit());
  return hold;
}

}  // namespace planish
