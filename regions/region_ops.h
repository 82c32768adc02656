// RegionOps: what a device model gives us to reach its registers, and the rules
// by which accesses are cut, widened, swapped and refused on their way there.
//
//   access ---> valid?  ---> swap ---> doorbell? ---> pieces of an impl size
//                 | no                    | yes            |
//                 v                       v                v
//            decode error               rings         read() or write()
//
//   valid   what the device takes. valid.max 0: every size, and valid.min then
//           means nothing. Not valid.unaligned: offsets are multiples of sizes.
//   impl    what the callbacks take: a larger access is cut into several calls,
//           a smaller one is one call of the larger size. 0 means 1 and 4.
//
// Plain functions and a word for the device, not a class with virtuals: a call
// is one indirect jump through a pointer that lies beside the device's word (an
// object would put its vtable between them), one table serves every instance
// of a model, and the layout is one that C and other languages can fill in.
//
//   constexpr RegionOps kUartOps = {.read = MemberCallback<&Uart::Read>,
//                                   .write = MemberCallback<&Uart::Write>};
//
// THREAD SAFETY  Callbacks run on the thread of the access, any number at once
//   unless the region has a RegionLock, and with no lock of ours held: inside
//   the reader's guard, or with a RegionLock outside of it, the owner pinned
//   (C1). They may access memory, and may edit the topology.
// LIFETIME  The table outlives each region made with it. The device lives until
//   the region's owner has come to its end.
// ERRORS  A callback answers with an AccessResult, kDeviceError as a rule.
// SOURCES  SEMANTICS 1.3, 5.5, 5.6, 5.9; PROTOCOL C1.

#ifndef PLANISH_REGIONS_REGION_OPS_H_
#define PLANISH_REGIONS_REGION_OPS_H_

#include <bit>
#include <cstdint>

#include "planish/regions/access_attributes.h"

namespace planish {

enum class ByteOrder : uint8_t { kLittle, kBig };

inline constexpr ByteOrder kHostByteOrder =
    std::endian::native == std::endian::big ? ByteOrder::kBig
                                            : ByteOrder::kLittle;

// Powers of two up to 8, or 0.
struct AccessSizes {
  uint8_t min = 0;
  uint8_t max = 0;
  bool unaligned = false;
};

struct RegionOps {
  // `offset` is from the region's start; `size` is 1, 2, 4 or 8. Of a value the
  // low `size` bytes count.
  using Read = Loaded<uint64_t>(void* device, uint64_t offset, unsigned size,
                                AccessAttributes attributes);
  using Write = AccessResult(void* device, uint64_t offset, unsigned size,
                             uint64_t value, AccessAttributes attributes);
  // Whether the device takes such an access: for security states, for holes
  // among registers.
  using Accepts = bool(void* device, uint64_t offset, unsigned size,
                       bool is_write, AccessAttributes attributes);

  Read* read = nullptr;
  Write* write = nullptr;
  Accepts* accepts = nullptr;  // Null: all.
  AccessSizes valid = {};
  AccessSizes impl = {};
  // Of the registers. There is no "native": a library has no target.
  ByteOrder order = ByteOrder::kLittle;
};

// Member functions as callbacks: MemberCallback<&Uart::Read>. They take what
// the callback takes, but for `device`.
template <auto kMember>
struct OpsThunk;
template <typename D,
          Loaded<uint64_t> (D::*kMember)(uint64_t, unsigned, AccessAttributes)>
struct OpsThunk<kMember> {
  static Loaded<uint64_t> Call(void* device, uint64_t offset, unsigned size,
                               AccessAttributes attributes) {
    return (static_cast<D*>(device)->*kMember)(offset, size, attributes);
  }
};
template <typename D, AccessResult (D::*kMember)(uint64_t, unsigned, uint64_t,
                                                 AccessAttributes)>
struct OpsThunk<kMember> {
  static AccessResult Call(void* device, uint64_t offset, unsigned size,
                           uint64_t value, AccessAttributes attributes) {
    return (static_cast<D*>(device)->*kMember)(offset, size, value, attributes);
  }
};
template <auto kMember>
inline constexpr auto* MemberCallback = &OpsThunk<kMember>::Call;

// Held around each callback of a region; see PROTOCOL C1.
struct RegionLock {
  void (*lock)(void* of) = nullptr;  // Null: no lock.
  void (*unlock)(void* of) = nullptr;
  void* of = nullptr;

  // Of anything with lock() and unlock(), which outlives the region.
  template <typename M>
  static RegionLock Of(M& mutex) {
    return {[](void* m) { static_cast<M*>(m)->lock(); },
            [](void* m) { static_cast<M*>(m)->unlock(); }, &mutex};
  }
};

// What stops an access that a device's callback makes, and that arrives at a
// device that is at work further up this thread's stack. RAM is never stopped.
struct ReentryRule {
  enum class Same : uint8_t {
    kRegion,   // This region is at work already.
    kOwner,    // R5.9, QEMU's: any region of this region's owner is.
    kAllowed,  // Only the depth counts.
  };
  Same same = Same::kRegion;
  // How many callbacks may be at work at once, this region's included.
  uint8_t max_depth = 16;
};

// What a region is made with: Topology::AddMmio(), AddRomDevice().
struct RegionIo {
  const RegionOps* ops = nullptr;  // Null: every access is rejected.
  void* device = nullptr;
  // Callbacks see only what lies inside the region, at multiples of the size.
  // False is QEMU's way: an access may reach over the region's end, and one
  // that is widened stays at its own address.
  bool strict = false;
  ReentryRule reentry = {};
  RegionLock lock = {};
};

// A write that only signals: it never enters the device. Where it stands, a
// write of this size (0: of any), and of this data if `match_data`, rings.
struct Doorbell {
  uint64_t offset = 0;
  uint8_t size = 0;
  bool match_data = false;
  uint64_t data = 0;  // In the order of the device's registers.
  void (*ring)(void* of) = nullptr;
  void* of = nullptr;

  // Rings an eventfd. REQUIRES: `fd` stays open.
  static Doorbell Eventfd(uint64_t offset, uint8_t size, int fd);

  bool Matches(unsigned write_size, uint64_t write_data) const {
    return (size == 0 || size == write_size) &&
           (!match_data || data == write_data);
  }
};

}  // namespace planish

#endif  // PLANISH_REGIONS_REGION_OPS_H_
