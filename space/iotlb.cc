#include "planish/space/iotlb.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "planish/base/check.h"

namespace planish {

Iotlb::Iotlb(const IotlbLog& log, Options options)
    : log_(log), mask_(options.slots - 1), seen_(log.sequence()) {
  PLANISH_CHECK(std::has_single_bit(options.slots),
                "TB1: slots are no power of two");
}

void Iotlb::Insert(Ticket ticket, const IommuPort& iommu, uint32_t index,
                   Addr offset, const IommuEntry& entry) {
  // TB1. The model was asked at `ticket`; invalidations since then that have
  // been caught up with are not looked at again.
  if (ticket != seen_ || entry.allowed == IommuAccess::kNone) return;
  unsigned size = kShifts.size() - 1;
  uint64_t mask = 0;
  while (true) {
    mask = (uint64_t{1} << kShifts[size]) - 1;
    if (size == 0 || (entry.first.raw() <= (offset.raw() & ~mask) &&
                      (offset.raw() | mask) <= entry.last.raw())) {
      break;
    }
    --size;
  }
  if (slots_[size] == nullptr) {
    slots_[size] = std::make_unique<Slot[]>(mask_ + 1);
  }
  in_use_ |= 1u << size;
  Slot& slot = slots_[size][SlotOf(size, offset, index)];
  const Addr first = std::max(entry.first, Addr(offset.raw() & ~mask));
  slot = {entry, &iommu, index};
  slot.entry.translated = entry.TranslatedOf(first);
  slot.entry.first = first;
  slot.entry.last = std::min(entry.last, Addr(offset.raw() | mask));
}

void Iotlb::CatchUp(uint64_t now) {
  while (seen_ != now) {
    IotlbLog::Record record;
    if (!log_.Get(seen_, record)) {
      DropAll();
      break;
    }
    Drop(record);
    ++seen_;
  }
  seen_ = now;
}

void Iotlb::Drop(const IotlbLog::Record& record) {
  for (unsigned sizes = in_use_; sizes != 0; sizes &= sizes - 1) {
    const auto size = static_cast<unsigned>(std::countr_zero(sizes));
    const uint64_t first = record.range.first.raw() >> kShifts[size];
    const uint64_t last = record.range.last.raw() >> kShifts[size];
    if (record.index != IotlbLog::kAny && last - first < mask_) {
      const auto index = static_cast<uint32_t>(record.index);
      for (uint64_t page = first; page <= last; ++page) {
        const Addr at(page << kShifts[size]);
        DropIf(slots_[size][SlotOf(size, at, index)], record);
      }
    } else {
      for (size_t i = 0; i <= mask_; ++i) DropIf(slots_[size][i], record);
    }
  }
}

void Iotlb::DropIf(Slot& slot, const IotlbLog::Record& record) {
  const IommuEntry& entry = slot.entry;
  if (entry.allowed == IommuAccess::kNone) return;
  if (record.iommu != nullptr && record.iommu != slot.iommu) return;
  if (record.index != IotlbLog::kAny && record.index != slot.index) return;
  if (record.domain != IotlbLog::kAny && record.domain != entry.domain) return;
  if (!record.range.Overlaps({entry.first, entry.last})) return;
  slot = Slot();
  ++stats_.dropped;
}

void Iotlb::DropAll() {
  for (auto& slots : slots_) {
    if (slots == nullptr) continue;
    for (size_t i = 0; i <= mask_; ++i) DropIf(slots[i], {});
  }
  in_use_ = 0;
}

}  // namespace planish
