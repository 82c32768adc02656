// OwnerPin: keeps an owner, with all that it has, when the guard is gone: for
// DMA that goes on, requests in a queue, a device's own timer.
//
//   std::optional<OwnerPin> dma;
//   {
//     const ReadGuard guard(topology.rcu());
//     const Section ram = nic.Lookup(guard, ring);
//     dma.emplace(guard, *ram.region(), "nic rx");
//     host = ram.host();
//   }
//   ... the card writes to `host`, on whatever threads ...
//   dma.reset();
//
// It may be taken of an owner that was just retired, if the guard found one of
// its regions; the end waits for it then. Nobody is counted: see Pin.
//
// THREAD SAFETY  Made by the thread of its guard, dropped by any thread. May
//   outlive its thread.
// LIFETIME  Goes before its Topology (P2). Whoever keeps one for long says how
//   it can be asked to let go: OnReleaseRequested().
// COST  As Pin: two loads, four stores.
// SOURCES  PROTOCOL P1-P4.

#ifndef PLANISH_REGIONS_OWNER_PIN_H_
#define PLANISH_REGIONS_OWNER_PIN_H_

#include <utility>

#include "absl/functional/any_invocable.h"
#include "planish/base/rcu/pin.h"
#include "planish/base/rcu/rcu_domain.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/regions/region.h"

namespace planish {

class OwnerPin {
 public:
  // REQUIRES: `region` was found under `guard`. `tag` says why, for reports; a
  // literal.
  [[nodiscard]] OwnerPin(const Reading& guard, const Region& region,
                         const char* tag)
      : domain_(&guard.domain()), pin_(guard, &region, tag) {}

  // A second share of this pin, for another part of a request; it ends with the
  // last one.
  [[nodiscard]] OwnerPin Split() { return OwnerPin(domain_, pin_.Split()); }

  // `callback` is called once, by a thread that polls, with no lock held, when
  // the owner was retired and waits for its pins. It may drop this pin. Who
  // drops it elsewhere waits while it runs. At most one a pin.
  void OnReleaseRequested(absl::AnyInvocable<void()> callback) {
    pin_.OnReleaseRequested(*domain_, std::move(callback));
  }

 private:
  friend class Owner;
  OwnerPin(RcuDomain* domain, Pin pin)
      : domain_(domain), pin_(std::move(pin)) {}

  RcuDomain* domain_;
  Pin pin_;
};

}  // namespace planish

#endif  // PLANISH_REGIONS_OWNER_PIN_H_
