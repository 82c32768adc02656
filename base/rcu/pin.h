// Pin: keeps what a key stands for, a region as a rule, when the guard is gone.
// Nobody is counted: the pin is a line that names the key, and who wants to end
// the key's life scans the lines, after a grace period (pin_slots.h).
//
//    std::optional<Pin> dma;
//    {
//      ReadGuard guard(domain);
//      const Region& region = ...;                    // found under the guard
//      dma.emplace(guard, &region, "dma-read");
//    }
//    ... the device writes into the region's memory ...
//    dma.reset();
//
// THREAD SAFETY  Made by the thread of its guard, dropped by any thread. Two
//   shares (Split()) may be used by two threads.
// LIFETIME  Must go before its domain [P2]. May outlive its thread.
// COST  Pin and unpin: two loads and four stores. Split, and dropping a share
//   of a pin that was ever split: a read-modify-write in the slot.
// SOURCES  PROTOCOL P1-P4.

#ifndef PLANISH_BASE_RCU_PIN_H_
#define PLANISH_BASE_RCU_PIN_H_

#include <atomic>
#include <utility>

#include "absl/base/attributes.h"
#include "absl/functional/any_invocable.h"
#include "planish/base/check.h"
#include "planish/base/rcu/lifetime_checks.h"
#include "planish/base/rcu/rcu_domain.h"
#include "planish/base/rcu/read_guard.h"

namespace planish {

class Pin {
 public:
  // REQUIRES: `key` was found under `guard`. `tag` says why, for reports; it
  // must stay for ever, as a literal does.
  [[nodiscard]] ABSL_ATTRIBUTE_ALWAYS_INLINE Pin(const Reading& guard,
                                                 const void* key,
                                                 const char* tag)
      : Pin(ClaimUnder(guard, key, tag)) {}
  Pin(Pin&& other) noexcept : slot_(std::exchange(other.slot_, nullptr)) {}
  Pin& operator=(Pin&& other) noexcept {
    Pin taken(std::move(other));
    std::swap(slot_, taken.slot_);
    return *this;
  }
  ABSL_ATTRIBUTE_ALWAYS_INLINE ~Pin() {
    if (slot_ != nullptr) PinSlots::Drop(*slot_, &RcuDomain::UnhookPin);
  }

  // Null after a move.
  const void* key() const {
    return slot_ == nullptr
               ? nullptr
               : slot_->key.load(std::memory_order_relaxed);  // Own.
  }

  // A second share of this pin; it ends with the last one.
  [[nodiscard]] Pin Split() {
    PinSlots::Share(*slot_);
    return Pin(slot_);
  }

  // `callback` is called once, by who polls, with no lock held, when what is
  // pinned was retired and waits for its pins. It may drop this very pin. Who
  // drops it elsewhere waits while it runs. At most one a pin.
  void OnReleaseRequested(RcuDomain& domain,
                          absl::AnyInvocable<void()> callback) {
    domain.HookPin(*slot_, std::move(callback));
  }

 private:
  explicit Pin(PinSlot* slot) : slot_(slot) {}

  ABSL_ATTRIBUTE_ALWAYS_INLINE static PinSlot* ClaimUnder(const Reading& guard,
                                                          const void* key,
                                                          const char* tag) {
    Reader& reader = guard.reader_;
    const uint64_t epoch = reader.word.load(std::memory_order_relaxed);  // Own.
    if (kLifetimeChecks) {
      PLANISH_CHECK(epoch != kIdle && guard.OnItsThread(),
                    "P2: a pin outside its guard");
    }
    return &guard.domain_.pins().Claim(reader, key, tag, epoch);
  }

  PinSlot* slot_;
};

}  // namespace planish

#endif  // PLANISH_BASE_RCU_PIN_H_
