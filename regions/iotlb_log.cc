#include "planish/regions/iotlb_log.h"

#include <atomic>
#include <cstdint>

#include "planish/base/addr.h"
#include "planish/base/rcu/atomics.h"

namespace planish {

void IotlbLog::Invalidate(const Record& record) {
  mu_.Lock();
  const uint64_t number = sequence_.load(std::memory_order_relaxed);  // Own.
  Slot& slot = slots_[number % kSlots];
  constexpr auto kRelease = std::memory_order_release;
  slot.iommu.store(record.iommu, kRelease);  // [W]
  slot.first.store(record.range.first.raw(), kRelease);
  slot.last.store(record.range.last.raw(), kRelease);
  slot.index.store(record.index, kRelease);
  slot.domain.store(record.domain, kRelease);
  sequence_.store(number + 1, kRelease);  // [S]
  mu_.Unlock();
  StdAtomics::FullFence();  // [S]
}

bool IotlbLog::Get(uint64_t number, Record& record) const {
  const Slot& slot = slots_[number % kSlots];
  constexpr auto kAcquire = std::memory_order_acquire;
  record.iommu = slot.iommu.load(kAcquire);  // [W]
  record.range = {Addr(slot.first.load(kAcquire)),
                  Addr(slot.last.load(kAcquire))};
  record.index = slot.index.load(kAcquire);
  record.domain = slot.domain.load(kAcquire);
  // At number + kSlots, the next record of this slot may be half written.
  return sequence() - number < kSlots;
}

}  // namespace planish
