#include "planish/regions/owner.h"

#include <algorithm>
#include <string>
#include <utility>

#include "planish/base/check.h"
#include "planish/regions/topology.h"
#include "planish/regions/transaction.h"

namespace planish {

Owner::Owner(Topology& topology, std::string name)
    : topology_(topology), name_(std::move(name)) {
  auto join = Transaction::Begin(topology_);
  PLANISH_CHECK_OK(join);
  topology_.owners_.push_back(this);
  PLANISH_CHECK_OK(join->Commit());
}

Owner::~Owner() {
  PLANISH_CHECK(!topology_.InTransaction(),
                "X1: an Owner was destroyed inside a Transaction");
  Retire();
  belongings_.FreeAll();
  auto leave = Transaction::Begin(topology_);
  PLANISH_CHECK_OK(leave);
  auto& owners = topology_.owners_;
  owners.erase(std::find(owners.begin(), owners.end(), this));
  PLANISH_CHECK_OK(leave->Commit());
}

bool Owner::Retire() {
  auto edit = Transaction::Begin(topology_);
  PLANISH_CHECK_OK(edit);
  const bool first = !retired_;
  if (first) {
    topology_.IsolateOwner(*this);
    topology_.retired_here_.push_back(this);
  }
  // X5: if that fails, by what is left of a root, the retirement stands. In an
  // outer transaction this commits nothing yet.
  edit->Commit().IgnoreError();
  return first;
}

}  // namespace planish
