// What happens between an access that found a region with callbacks, and the
// callbacks: SEMANTICS 5.5 and 5.6, to the letter, and a strict way beside
// them.
//
//   valid 1..8, impl 4..4, little     load 8 at 0   read(0,4) read(4,4)
//                                     load 1 at 3   read(3,4), low byte
//   the same, strict                  load 1 at 3   read(0,4), its last byte
//
//   strict   Callbacks see no byte past the region's end: such an access is
//            rejected, or cut shorter if it is part of a bulk one. Accesses
//            that are widened, or whose offset the callbacks don't implement,
//            become aligned ones that cover them; a write then reads what it
//            must not change, and writes it back.
//
// THREAD SAFETY  As the region's callbacks.
// LIFETIME  Inside the guard under which the region was found; which may be
//   another one when the call returns (call_chain.h, C1).
// ERRORS  kDecodeError: not valid, or no callbacks. kAccessError: CallChain.
//   What the callbacks say is ORed.
// COST  One indirect call if DevicePort::IsPlain(), and the CallScope.
// SOURCES  SEMANTICS 5.5, 5.6, 5.9; QEMU's FIXME on widened reads, PAIN 8.

#ifndef PLANISH_SPACE_DEVICE_ACCESS_H_
#define PLANISH_SPACE_DEVICE_ACCESS_H_

#include <cstdint>

#include "planish/base/rcu/read_guard.h"
#include "planish/regions/access_attributes.h"
#include "planish/regions/device_port.h"
#include "planish/regions/region.h"
#include "planish/regions/region_ops.h"
#include "planish/space/access_log.h"

namespace planish {

class Iotlb;

// How an address space's accesses are done; the same for all of them.
struct AccessOptions {
  // Null: nobody hears of what failed.
  AccessLog* log = nullptr;
  // R5.10, QEMU's: a window that is read-only does not keep writes from the RAM
  // behind it; only a region's own flag does.
  bool r5_10_windows_are_writable = false;
  // R5.12, QEMU's: a probe cuts its pieces by the address, where the access
  // itself cuts them by the offset in the region.
  bool r5_12_probe_by_address = false;
  // Of one bulk call: the guest says how long it is.
  uint64_t max_device_calls = uint64_t{1} << 24;
  // On the way of one address: tables may lead in circles.
  unsigned max_iommus = 8;
  // What this reader remembers of IOMMUs. Null: they are asked each time.
  Iotlb* iotlb = nullptr;
};

inline constexpr AccessOptions kDefaultAccessOptions = {};

// What a bulk access cuts itself into where nothing else forbids. R5.5.
inline unsigned LargestPiece(const RegionOps& ops) {
  return ops.valid.max == 0 ? 4 : ops.valid.max;
}

// How many of `bytes` an access at `offset` takes at once: 1, 2, 4 or 8. R5.5.
// REQUIRES: bytes != 0.
unsigned PieceSize(const DevicePort& port, uint64_t offset, uint64_t bytes);

// Whether the device takes it: R5.6, step 2, and the end of a strict region.
bool IsValidAccess(const DevicePort& port, uint64_t offset, unsigned size,
                   bool is_write, AccessAttributes attributes);

// One access of 1, 2, 4 or 8 bytes. `order` is the order in which the caller
// sees the bytes; values are numbers of the host.
Loaded<uint64_t> DeviceRead(
    const Reading& guard, const Region& region, uint64_t offset, unsigned size,
    ByteOrder order, AccessAttributes attributes = {},
    const AccessOptions& options = kDefaultAccessOptions);
AccessResult DeviceWrite(const Reading& guard, const Region& region,
                         uint64_t offset, unsigned size, uint64_t value,
                         ByteOrder order, AccessAttributes attributes = {},
                         const AccessOptions& options = kDefaultAccessOptions);

}  // namespace planish

#endif  // PLANISH_SPACE_DEVICE_ACCESS_H_
