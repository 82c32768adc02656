// IotlbLog: which translations are no longer true, for all who keep copies of
// them. A machine has one; each IOMMU region that may be cached names it.
//
//   model                                  a reader's Iotlb (space/iotlb.h)
//   change the tables                      n = sequence()          [S]
//   Invalidate(): record, sequence + 1     n isn't what it was? drop what the
//     [S], full fence                        records between say
//   return                                 use what is left
//
// A reader loads one word that changes only when something is invalidated. It
// drops what it has by itself, so that nobody writes into its entries.
//
// ORDERS
//   [S] sequence.store(release) | sequence.load(acquire): the record, and what
//       the model changed before it, come before the reader's next look at the
//       model's tables. The fence behind it: whoever looks up after
//       Invalidate() has returned sees it.
//   [W] record's words: store(release) | load(acquire). A reader that gets a
//       word of a later record also gets, by [S] before it, the sequence that
//       tells that its own record is gone.
// THREAD SAFETY  Any thread.
// LIFETIME  Its domain outlives it; it outlives the regions and caches that
//   name it.
// COST  Invalidate: a mutex and a fence, whatever the number of readers.
//   sequence(): a load. The last 63 records are there; a reader that is further
//   behind drops all it has.
// SOURCES  SEMANTICS 6.

#ifndef PLANISH_REGIONS_IOTLB_LOG_H_
#define PLANISH_REGIONS_IOTLB_LOG_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <utility>

#include "absl/base/attributes.h"
#include "absl/functional/any_invocable.h"
#include "planish/base/addr.h"
#include "planish/base/mutex.h"
#include "planish/base/rcu/rcu_domain.h"

namespace planish {

class IommuPort;

// What readers load is in a line of its own, hence the padding.
class IotlbLog {  // NOLINT(clang-analyzer-optin.performance.Padding)
 public:
  static constexpr uint64_t kAny = UINT64_MAX;

  // What is dropped: translations that all of this is true of.
  struct Record {
    const IommuPort* iommu = nullptr;  // Null: of any.
    AddrRange range = AddrRange::All();
    uint64_t index = kAny;
    uint64_t domain = kAny;
  };

  explicit IotlbLog(RcuDomain& domain) : domain_(domain) {}
  IotlbLog(const IotlbLog&) = delete;
  IotlbLog& operator=(const IotlbLog&) = delete;

  RcuDomain& domain() const { return domain_; }

  // ---- For models. IommuPort::Notify() does the first one itself. Once these
  // have returned, no access that begins uses what was dropped.

  void Invalidate(const Record& record);
  void InvalidateDomain(const IommuPort& iommu, uint32_t domain) {
    Invalidate({.iommu = &iommu, .domain = domain});
  }
  void InvalidateAll() { Invalidate({}); }

  // Returns when accesses that began earlier, and may use what was dropped
  // since, are over. Not under a guard, nor in a callback (G5).
  void Drain() { domain_.Synchronize(); }
  // The same from a callback: `done` is called by a Poll() of the domain.
  void DrainThen(absl::AnyInvocable<void() &&> done) {
    domain_.Retire(std::move(done));
  }

  // ---- For caches.

  // How many records there have been.
  ABSL_ATTRIBUTE_ALWAYS_INLINE uint64_t sequence() const {
    return sequence_.load(std::memory_order_acquire);  // [S]
  }
  // False if it is gone. REQUIRES: number < sequence().
  bool Get(uint64_t number, Record& record) const;

 private:
  static constexpr uint64_t kSlots = 64;

  struct Slot {
    std::atomic<const IommuPort*> iommu{nullptr};  // [W]
    std::atomic<uint64_t> first{0};
    std::atomic<uint64_t> last{0};
    std::atomic<uint64_t> index{0};
    std::atomic<uint64_t> domain{0};
  };

  RcuDomain& domain_;
  alignas(64) std::atomic<uint64_t> sequence_{0};  // [S]
  alignas(64) Mutex mu_;                           // Held by who adds a record.
  std::array<Slot, kSlots> slots_;                 // Record n is in n % kSlots.
};

}  // namespace planish

#endif  // PLANISH_REGIONS_IOTLB_LOG_H_
