// Loads and stores of fixed width, as CPUs and devices make them.
//
//   ReadGuard guard(topology.rcu());
//   auto [result, word] = LoadLe<uint32_t>(guard, cpu, Addr(0x1000));
//   result = StoreLe<uint16_t>(guard, nic, ring, index, {.requester_id = 8});
//
//   what is there               Load                     Store
//   RAM, RAM device             memory                   memory
//   ROM                         memory                   decode error
//   RAM behind a read-only      memory                   decode error, unless
//     window                                             r5_10 is set
//   ROM device, romd            memory                   callback
//   ROM device, not romd; MMIO  callback                 callback
//   reservation, hole           0, decode error          decode error
//   any RAM, but the access     0, decode error          decode error
//     hangs over its end
//
//   attributes.debug        ROM, and ROM devices in romd mode, are written
//   attributes.memory_only  access error where there is neither RAM nor ROM
//
// Stores to memory whose writes are logged mark what they wrote (RamBlock).
//
// An access is one dispatch, never cut at the border of a range: what it finds
// at its address gets it in full width (SEMANTICS 5.7). Where that is RAM, an
// aligned access is single-copy atomic. Load and Store mean the host's order.
//
// THREAD SAFETY  Any thread. Relaxed: order between accesses is the caller's.
// LIFETIME  The guard is one of the space's topology.
// ERRORS  AccessResult; a load that fails has the value 0.
// COST  RAM: a lookup, and nothing called. Else one call, and one to the
//   device.
// SOURCES  SEMANTICS 5.3, 5.7, 5.10.

#ifndef PLANISH_SPACE_ACCESS_H_
#define PLANISH_SPACE_ACCESS_H_

#include <cstddef>
#include <cstdint>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "planish/base/addr.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/dispatch/dispatch_table.h"
#include "planish/dispatch/section.h"
#include "planish/regions/access_attributes.h"
#include "planish/regions/region_ops.h"
#include "planish/space/address_space.h"
#include "planish/space/device_access.h"
#include "planish/space/guest_memory.h"
#include "planish/space/section_access.h"

namespace planish {
namespace internal {

// Everything but RAM that is read or written as it stands. Of values, in and
// out, the low `size` bytes count.
Loaded<uint64_t> LoadElsewhere(const Reading& guard, const Section& section,
                               unsigned size, ByteOrder order,
                               AccessAttributes attributes,
                               const AccessOptions& options);
AccessResult StoreElsewhere(const Reading& guard, const Section& section,
                            unsigned size, uint64_t value, ByteOrder order,
                            AccessAttributes attributes,
                            const AccessOptions& options);

template <GuestWord T>
ABSL_ATTRIBUTE_ALWAYS_INLINE inline Loaded<T> LoadIn(
    const Reading& guard, const AddressSpace& space, Addr a, ByteOrder order,
    AccessAttributes attributes, const AccessOptions& options) {
  const Section section =
      space.Current(guard).table().Lookup(a);  // Always inlined.
  const std::byte* host = section.host();
  // A ROM device is read as memory, and is none.
  const bool denied =
      attributes.memory_only && section.kind() == SectionKind::kRomDevice;
  if (ABSL_PREDICT_TRUE(host != nullptr && Fits(section, sizeof(T)) &&
                        !denied)) {
    return {AccessResult::kOk, Ordered(LoadGuest<T>(host), order)};
  }
  const Loaded<uint64_t> loaded =
      LoadElsewhere(guard, section, sizeof(T), order, attributes, options);
  return {loaded.result, static_cast<T>(loaded.value)};
}

template <GuestWord T>
ABSL_ATTRIBUTE_ALWAYS_INLINE inline AccessResult StoreIn(
    const Reading& guard, const AddressSpace& space, Addr a, T value,
    ByteOrder order, AccessAttributes attributes,
    const AccessOptions& options) {
  const Section section =
      space.Current(guard).table().Lookup(a);  // Always inlined.
  std::byte* host = section.host();
  if (ABSL_PREDICT_TRUE(host != nullptr && !section.readonly() &&
                        !section.is_slow() &&
                        section.kind() != SectionKind::kRomDevice &&
                        Fits(section, sizeof(T)))) {
    StoreGuest<T>(host, Ordered(value, order));
    return AccessResult::kOk;
  }
  return StoreElsewhere(guard, section, sizeof(T), value, order, attributes,
                        options);
}

}  // namespace internal

// T: uint8_t, uint16_t, uint32_t, uint64_t. Each call is some 2 KiB of code,
// for every form of table: wrap it where that is too much.

template <typename T>
ABSL_ATTRIBUTE_ALWAYS_INLINE inline Loaded<T> Load(
    const Reading& guard, const AddressSpace& space, Addr a,
    AccessAttributes attributes = {},
    const AccessOptions& options = kDefaultAccessOptions) {
  return internal::LoadIn<T>(guard, space, a, kHostByteOrder, attributes,
                             options);
}
template <typename T>
ABSL_ATTRIBUTE_ALWAYS_INLINE inline Loaded<T> LoadLe(
    const Reading& guard, const AddressSpace& space, Addr a,
    AccessAttributes attributes = {},
    const AccessOptions& options = kDefaultAccessOptions) {
  return internal::LoadIn<T>(guard, space, a, ByteOrder::kLittle, attributes,
                             options);
}
template <typename T>
ABSL_ATTRIBUTE_ALWAYS_INLINE inline Loaded<T> LoadBe(
    const Reading& guard, const AddressSpace& space, Addr a,
    AccessAttributes attributes = {},
    const AccessOptions& options = kDefaultAccessOptions) {
  return internal::LoadIn<T>(guard, space, a, ByteOrder::kBig, attributes,
                             options);
}

template <typename T>
ABSL_ATTRIBUTE_ALWAYS_INLINE inline AccessResult Store(
    const Reading& guard, const AddressSpace& space, Addr a, T value,
    AccessAttributes attributes = {},
    const AccessOptions& options = kDefaultAccessOptions) {
  return internal::StoreIn<T>(guard, space, a, value, kHostByteOrder,
                              attributes, options);
}
template <typename T>
ABSL_ATTRIBUTE_ALWAYS_INLINE inline AccessResult StoreLe(
    const Reading& guard, const AddressSpace& space, Addr a, T value,
    AccessAttributes attributes = {},
    const AccessOptions& options = kDefaultAccessOptions) {
  return internal::StoreIn<T>(guard, space, a, value, ByteOrder::kLittle,
                              attributes, options);
}
template <typename T>
ABSL_ATTRIBUTE_ALWAYS_INLINE inline AccessResult StoreBe(
    const Reading& guard, const AddressSpace& space, Addr a, T value,
    AccessAttributes attributes = {},
    const AccessOptions& options = kDefaultAccessOptions) {
  return internal::StoreIn<T>(guard, space, a, value, ByteOrder::kBig,
                              attributes, options);
}

}  // namespace planish

#endif  // PLANISH_SPACE_ACCESS_H_
