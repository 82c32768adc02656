// Bulk accesses: a number of bytes, over whatever lies there.
//
//   [ RAM    )[ hole )[ uart regs   )[ ROM   )      Read(guard, cpu, a, buffer)
//    memcpy    zeros   4 4 4 2 calls  memcpy        decode error; good: the RAM
//
// Results are composed: a part that fails does not stop the others. What can't
// be read gives zero bytes, what can't be written vanishes, and `good_bytes`
// tells how far all went well. Registers get the largest pieces that the device
// takes at their offsets (SEMANTICS 5.5), in the order of the addresses; a
// piece may reach over the end of a region that is not strict. Beyond 2^64
// there is nothing.
//
// Rows as in access.h, but that pieces of RAM and ROM end where their ranges
// do, and for memory_only: if the first byte is not in memory, nothing is done
// at all; later on, everything from that byte on fails.
//
// THREAD SAFETY  Any thread. A call of 1, 2, 4 or 8 bytes that lies in RAM and
//   is aligned there is single-copy atomic; larger ones promise nothing.
// LIFETIME  One snapshot per call, unless a callback leaves the guard
//   (call_chain.h): then the rest is looked up anew, so the space must live by
//   more than that guard: a call from its owner's device, or a pin. A host
//   buffer may itself be guest memory.
// ERRORS  BulkResult.
// COST  RAM: a lookup for each range, and memmove. Registers: a lookup and a
//   call for each piece, AccessOptions::max_device_calls of them at most: then
//   an access error. Holes: a lookup, whatever their length.
// SOURCES  SEMANTICS 5.4, 5.5, 5.11, 5.12.

#ifndef PLANISH_SPACE_BULK_ACCESS_H_
#define PLANISH_SPACE_BULK_ACCESS_H_

#include <cstddef>
#include <cstdint>
#include <ostream>

#include "absl/types/span.h"
#include "planish/base/addr.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/regions/access_attributes.h"
#include "planish/space/address_space.h"
#include "planish/space/device_access.h"

namespace planish {

struct BulkResult {
  AccessResult result = AccessResult::kOk;
  uint64_t good_bytes = 0;  // Before the first one that failed.

  friend bool operator==(const BulkResult&, const BulkResult&) = default;
};

// decode error, good 0x10
std::ostream& operator<<(std::ostream& out, const BulkResult& result);

BulkResult Read(const Reading& guard, const AddressSpace& space, Addr a,
                absl::Span<std::byte> to, AccessAttributes attributes = {},
                const AccessOptions& options = kDefaultAccessOptions);
BulkResult Write(const Reading& guard, const AddressSpace& space, Addr a,
                 absl::Span<const std::byte> from,
                 AccessAttributes attributes = {},
                 const AccessOptions& options = kDefaultAccessOptions);
BulkResult Fill(const Reading& guard, const AddressSpace& space, Addr a,
                std::byte value, uint64_t bytes,
                AccessAttributes attributes = {},
                const AccessOptions& options = kDefaultAccessOptions);

// Reads from one space and writes to another, or to the same one: then as if
// all were read first. (If two windows show one RAM, that is not noticed.) What
// can't be read is not written.
BulkResult Copy(const Reading& guard, const AddressSpace& from_space, Addr from,
                const AddressSpace& to_space, Addr to, uint64_t bytes,
                AccessAttributes attributes = {},
                const AccessOptions& options = kDefaultAccessOptions);

// For loaders and debuggers: memory that is read-only is written too; what is
// no memory is passed over. R5.11: can't fail.
void WriteRom(const Reading& guard, const AddressSpace& space, Addr a,
              absl::Span<const std::byte> from);

// Whether a Read() or Write() would find each piece to be memory, or one that
// its device takes. Moves nothing. R5.12.
bool IsAccessible(const Reading& guard, const AddressSpace& space, Addr a,
                  uint64_t bytes, bool is_write,
                  AccessAttributes attributes = {},
                  const AccessOptions& options = kDefaultAccessOptions);

}  // namespace planish

#endif  // PLANISH_SPACE_BULK_ACCESS_H_
