// Iotlb: what one reader, a vCPU or a device's queue, remembers of what IOMMUs
// have said, so that most accesses don't ask again.
//
//   slots by size of page:   4 KiB | 64 KiB | 2 MiB | 1 GiB    sizes in use: a
//     a page's number picks   [  ]     [  ]    [  ]    [  ]    bit each
//     its slot                [  ]     [  ]    [  ]    [  ]
//
// An entry is cut to the largest of these pages that it fills, and stands in
// that page's slot; so an invalidation of a few pages looks at a few slots, and
// large mappings take few.
//
//   lookup   log's sequence as it was?  no: drop what its records say
//            the slots of the address, one for each size in use
//   miss     ask the model; insert, unless something was invalidated meanwhile
//            by way of this very cache
//
// INVARIANTS
//   TB1  What is in a slot was true after the invalidation number seen_ - 1.
//   TB2  Only what some access needs is in here: entries that allow nothing are
//        not.
// THREAD SAFETY  One thread at a time. Invalidations come from any thread,
//   through the log.
// LIFETIME  The log outlives it. Before a target space or an IOMMU region ends,
//   what leads there is invalidated.
// COST  Hit: the log's sequence, and a slot for each size in use. Invalidation:
//   paid at the next lookup, by pages or by slots, whichever are fewer. 64
//   bytes a slot, for the sizes that came up.
// SOURCES  SEMANTICS 6; FEATURES F091.

#ifndef PLANISH_SPACE_IOTLB_H_
#define PLANISH_SPACE_IOTLB_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "planish/base/addr.h"
#include "planish/regions/iommu_ops.h"
#include "planish/regions/iommu_port.h"
#include "planish/regions/iotlb_log.h"

namespace planish {

class Iotlb {
 public:
  struct Options {
    size_t slots = 256;  // For each size of page; a power of two.
  };
  struct Stats {
    uint64_t hits = 0;
    uint64_t misses = 0;
    uint64_t dropped = 0;  // Entries, by invalidations.
  };
  // What the reader knew when it missed.
  using Ticket = uint64_t;

  explicit Iotlb(const IotlbLog& log) : Iotlb(log, Options()) {}
  Iotlb(const IotlbLog& log, Options options);
  Iotlb(const Iotlb&) = delete;
  Iotlb& operator=(const Iotlb&) = delete;

  const IotlbLog& log() const { return log_; }
  const Stats& stats() const { return stats_; }

  // What is remembered of `offset`, and allows what is wanted; null if nothing.
  // Good until the next call.
  ABSL_ATTRIBUTE_ALWAYS_INLINE const IommuEntry* Find(const IommuPort& iommu,
                                                      uint32_t index,
                                                      Addr offset,
                                                      IommuAccess wanted) {
    const uint64_t now = log_.sequence();
    if (ABSL_PREDICT_FALSE(now != seen_)) CatchUp(now);
    for (unsigned sizes = in_use_; sizes != 0; sizes &= sizes - 1) {
      const auto size = static_cast<unsigned>(std::countr_zero(sizes));
      const Slot& slot = slots_[size][SlotOf(size, offset, index)];
      if (ABSL_PREDICT_TRUE(slot.entry.Contains(offset) &&
                            slot.iommu == &iommu && slot.index == index &&
                            Has(slot.entry.allowed, wanted))) {
        ++stats_.hits;
        return &slot.entry;
      }
    }
    ++stats_.misses;
    return nullptr;
  }

  // To be taken after Find(), before the model is asked.
  Ticket ticket() const { return seen_; }
  // Does nothing if what the model said may be stale by now.
  // REQUIRES: entry.Contains(offset).
  void Insert(Ticket ticket, const IommuPort& iommu, uint32_t index,
              Addr offset, const IommuEntry& entry);

  void DropAll();

 private:
  static constexpr std::array<int, 4> kShifts = {12, 16, 21, 30};

  struct alignas(64) Slot {
    IommuEntry entry;  // Allows nothing: empty.
    const IommuPort* iommu = nullptr;
    uint32_t index = 0;
  };

  size_t SlotOf(unsigned size, Addr offset, uint32_t index) const {
    return ((offset.raw() >> kShifts[size]) + index * size_t{0x9e37}) & mask_;
  }
  ABSL_ATTRIBUTE_NOINLINE void CatchUp(uint64_t now);
  void Drop(const IotlbLog::Record& record);
  void DropIf(Slot& slot, const IotlbLog::Record& record);

  const IotlbLog& log_;
  const size_t mask_;
  uint64_t seen_;        // Records.
  unsigned in_use_ = 0;  // Sizes.
  std::array<std::unique_ptr<Slot[]>, kShifts.size()> slots_;
  Stats stats_;
};

}  // namespace planish

#endif  // PLANISH_SPACE_IOTLB_H_
