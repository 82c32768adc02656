// Owner: the one unit of lifetime. A device or a board owns regions; they live
// and die with it. Nothing counts references to an Owner: its life ends by an
// event, Retire(), which takes each of its regions out of every container and
// cuts every alias into them, in one commit and in any order.
//
//    phase     its regions                       left by
//    live      may be linked, edited, looked up  Retire()
//    retired   readable; edits fail; in no view  ~Owner()
//
// INVARIANTS (Topology::CheckInvariants())
//   O1  A Region has one Owner, the same from creation to the end.
//   O2  Once retired, no link, alias or address space leads to its regions.
// THREAD SAFETY  Retire() from any thread. Construction and destruction: by one
//   thread, while no other uses this owner's regions.
// LIFETIME  Its Topology must outlive it. Regions of other owners that were
//   linked into its containers live on, unlinked.
// ERRORS  None: an end of life that can fail is no end (X5).
// COST  Retire: its regions, their links and aliases, and one commit.
// SOURCES  PROTOCOL X5, E1. Grace periods, pins and finalizers come with the
//   RCU domain; until then nobody may look up while Retire() or ~Owner() runs.

#ifndef PLANISH_REGIONS_OWNER_H_
#define PLANISH_REGIONS_OWNER_H_

#include <memory>
#include <string>
#include <vector>

#include "planish/base/retire_list.h"
#include "planish/regions/region.h"

namespace planish {

class Topology;

class Owner {
 public:
  Owner(Topology& topology, std::string name);
  // Retires first. Aborts (X1) inside a Transaction: what that one's commit
  // replaces may still show regions of this owner.
  ~Owner();
  Owner(const Owner&) = delete;
  Owner& operator=(const Owner&) = delete;

  Topology& topology() const { return topology_; }
  const std::string& name() const { return name_; }

  // The embedder's own word: a device model, as a rule. Never looked at here.
  void* user_data() const { return user_data_; }
  void set_user_data(void* user_data) { user_data_ = user_data; }

  // Begins the end. In an open Transaction the unlinking joins it, and shows at
  // its commit; if that commit fails, the retirement stands and the rest is
  // undone. Returns false if this owner was retired before.
  bool Retire();
  bool retired() const { return retired_; }

  // For the layers above: something that ends with this owner, behind its
  // regions. REQUIRES: inside a Transaction, !retired().
  void FreeAtEnd(const RetireList::Piece& piece) { belongings_.Add(piece); }

  // In the order of their creation.
  const std::vector<std::unique_ptr<Region>>& regions() const {
    return regions_;
  }

 private:
  friend class GraphEditor;
  friend class Topology;

  Topology& topology_;
  const std::string name_;
  void* user_data_ = nullptr;
  bool retired_ = false;
  std::vector<std::unique_ptr<Region>> regions_;
  RetireList belongings_;
};

}  // namespace planish

#endif  // PLANISH_REGIONS_OWNER_H_
