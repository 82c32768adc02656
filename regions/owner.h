// Owner: the one unit of lifetime. A device or a board owns regions; they live
// and die with it. Nothing counts references to an Owner: its life ends by an
// event, Retire(), which takes each of its regions out of every container and
// cuts every alias into them, in one commit and in any order.
//
//    phase     its regions                       left by
//    live      may be linked, edited, looked up  Retire()
//    retired   in no view, but readers and pins  by polls, when listeners have
//              may be inside; edits fail         been told, readers and pins
//                                                have left: the finalizer
//    over      freed                             ~Owner()
//
//   struct Card {
//     explicit Card(Topology& t) : owner(t, "card", [this] { delete this; }) {}
//     Owner owner;
//   };
//   card->owner.Retire();  // Unplugged. Nobody waits: it goes when it can.
//
// INVARIANTS (Topology::CheckInvariants(), and those of owner_end.h)
//   O1  A Region has one Owner, the same from creation to the end.
//   O2  Once retired, no link, alias or address space leads to its regions.
// THREAD SAFETY  Any thread; construction and destruction by one, when no other
//   uses this object. Its regions may still be read then.
// LIFETIME  Its Topology must outlive it. Regions of other owners that were
//   linked into its containers live on, unlinked.
// ERRORS  None: an end of life that can fail is no end (X5).
// COST  Retire: its regions, their links and aliases, and one commit. It waits
//   for nobody.
// SOURCES  PROTOCOL X5, E1-E3, P2, G5.

#ifndef PLANISH_REGIONS_OWNER_H_
#define PLANISH_REGIONS_OWNER_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/base/retire_list.h"
#include "planish/regions/owner_end.h"
#include "planish/regions/owner_pin.h"
#include "planish/regions/region.h"

namespace planish {

class Topology;

class Owner {
 public:
  // What ends with the owner, a device model as a rule. It is called once, by a
  // thread that polls (Topology::Poll(), RetireAndWait(), the domain's own
  // thread), when nobody can be inside any more, with no lock of ours held. It
  // may call anything but RcuDomain::Barrier(), and delete this object. Until
  // it returns, regions and their memory can be read.
  using Finalizer = absl::AnyInvocable<void() &&>;

  Owner(Topology& topology, std::string name, Finalizer finalizer = {});
  // RetireAndWait(); but for the finalizer's own, which doesn't wait.
  ~Owner();
  Owner(const Owner&) = delete;
  Owner& operator=(const Owner&) = delete;

  Topology& topology() const { return topology_; }
  const std::string& name() const { return body_->name; }

  // The embedder's own word: a device model, as a rule. Never looked at here.
  void* user_data() const { return user_data_; }
  void set_user_data(void* user_data) { user_data_ = user_data; }

  // REQUIRES: not retired yet.
  void set_finalizer(Finalizer finalizer);

  // Begins the end. May be called anywhere: under a guard, in a callback, a
  // listener or a finalizer. In an open Transaction the unlinking joins it, and
  // shows at its commit; if that commit fails, the retirement stands and the
  // rest is undone. Returns false if this owner was retired before.
  bool Retire();
  // REQUIRES: inside a Transaction, or while nobody retires it.
  bool retired() const { return retired_; }
  // Retires, and returns when it is over. Polls, so other owners' finalizers
  // may run, too. In its own finalizer it returns at once. Aborts where it
  // would wait for itself: under a guard, in a callback (G5), in a Transaction
  // (X1), in a listener (L1).
  void RetireAndWait();

  // For a thread of the device's own, which has found no region by a lookup:
  // keeps the owner, unless Retire() has been published. `tag`: a literal.
  std::optional<OwnerPin> TryPin(const Reading& guard, const char* tag) const;

  // What the end waits for, a line each; none, if it doesn't wait (E3).
  std::vector<std::string> WhoHolds() const;

  // For the layers above: something that ends with this owner.
  // REQUIRES: inside a Transaction, !retired().
  void FreeAtEnd(const RetireList::Piece& piece);
  // The same thing again, by its context: it ends after the commit, by the
  // same rules. REQUIRES: inside a Transaction.
  void EndNow(void* context);

  // In the order of their creation. Empty when it is over.
  // REQUIRES: inside a Transaction, or while nobody creates or destroys some.
  const std::vector<std::unique_ptr<Region>>& regions() const {
    return body_->regions;
  }

 private:
  friend class GraphEditor;
  friend class Topology;

  Topology& topology_;
  void* user_data_ = nullptr;
  bool retired_ = false;
  std::unique_ptr<internal::OwnerBody> body_;
};

}  // namespace planish

#endif  // PLANISH_REGIONS_OWNER_H_
