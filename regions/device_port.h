// DevicePort: what a region knows of the device behind it, digested when the
// region is made, so that the common access asks one question: is it plain?
//
//   plain   valid, of a size that the callbacks implement, aligned as they want
//           it, not filtered, without a lock: one call, as it stands
//
// Everything else goes by the rules of region_ops.h, in space/device_access.h.
//
// THREAD SAFETY  Immutable, but for the doorbells: readers at any time, one
//   writer at a time.
// LIFETIME  Its region's.
// ERRORS  kInvalidArgument: a callback is missing, a size is not a power of two
//   up to 8, min above max, impl.unaligned without valid.unaligned.
// COST  IsPlain: two loads from the line that the call needs anyway.
// SOURCES  SEMANTICS 1.3, 5.6.

#ifndef PLANISH_REGIONS_DEVICE_PORT_H_
#define PLANISH_REGIONS_DEVICE_PORT_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "planish/base/addr.h"
#include "planish/regions/region_ops.h"

namespace planish {

// Ascending by offset.
using DoorbellList = std::vector<Doorbell>;

class alignas(64) DevicePort {
 public:
  // Null, and OK, without callbacks, and for a region of no bytes: all accesses
  // are rejected. Strict regions keep to `size` also if the region grows later.
  static absl::StatusOr<std::unique_ptr<DevicePort>> Create(const RegionIo& io,
                                                            ByteCount size);
  ~DevicePort();
  DevicePort(const DevicePort&) = delete;
  DevicePort& operator=(const DevicePort&) = delete;

  const RegionOps& ops() const { return *ops_; }
  void* device() const { return device_; }
  ByteOrder order() const { return order_; }
  bool strict() const { return strict_; }
  const ReentryRule& reentry() const { return reentry_; }
  const RegionLock& lock() const { return lock_; }

  // Of what callbacks implement, with the defaults filled in.
  unsigned impl_min() const { return impl_min_; }
  unsigned impl_max() const { return impl_max_; }

  bool IsPlain(uint64_t offset, unsigned size) const {
    return (plain_sizes_ & size) != 0 && (offset & (size - 1) & align_) == 0 &&
           offset <= plain_last_ && plain_last_ - offset >= size - 1;
  }
  // Whether the callbacks may see these bytes.
  bool Holds(uint64_t offset, uint64_t size) const {
    return !strict_ || (offset <= last_ && last_ - offset >= size - 1);
  }
  // Of the last byte that callbacks of a strict region see.
  uint64_t last_offset() const { return last_; }

  Loaded<uint64_t> Read(uint64_t offset, unsigned size,
                        AccessAttributes attributes) const {
    return read_(device_, offset, size, attributes);
  }
  AccessResult Write(uint64_t offset, unsigned size, uint64_t value,
                     AccessAttributes attributes) const {
    return write_(device_, offset, size, value, attributes);
  }

  bool has_doorbells() const {
    return doorbells_.load(std::memory_order_relaxed) != nullptr;  // A hint.
  }
  // The doorbell that this write rings, or null.
  const Doorbell* FindDoorbell(uint64_t offset, unsigned size,
                               uint64_t data) const {
    // Partner: SetDoorbells().
    const DoorbellList* list = doorbells_.load(std::memory_order_acquire);
    return list == nullptr ? nullptr : Find(*list, offset, size, data);
  }
  // Sorts `list` and puts it in place of the present one, which it returns: to
  // be freed when no access that has begun by now can be using it.
  std::unique_ptr<const DoorbellList> SetDoorbells(DoorbellList list);

 private:
  DevicePort(const RegionIo& io, ByteCount size);
  static const Doorbell* Find(const DoorbellList& list, uint64_t offset,
                              unsigned size, uint64_t data);

  // All that a plain access needs: one line.
  RegionOps::Read* const read_;
  RegionOps::Write* const write_;
  void* const device_;
  std::atomic<const DoorbellList*> doorbells_{nullptr};
  uint64_t plain_last_;  // Of the last byte that a plain access may reach.
  uint64_t align_;       // The bits of an offset that have to be 0 up to size.
  ReentryRule reentry_;
  uint8_t plain_sizes_ = 0;  // A size is a bit.
  uint8_t impl_min_;
  uint8_t impl_max_;
  ByteOrder order_;
  bool strict_;

  const RegionOps* const ops_;
  const uint64_t last_;
  const RegionLock lock_;
};

}  // namespace planish

#endif  // PLANISH_REGIONS_DEVICE_PORT_H_
