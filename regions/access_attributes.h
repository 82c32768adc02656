// What comes with an access, and what comes of it.
//
//   AccessAttributes   who asks, and how: 8 bytes, one register
//   AccessResult       bits, ORed over the parts of one access:
//       kOk            0   nothing went wrong
//       kDeviceError   1   a device's callback said no
//       kDecodeError   2   nothing is there, or it takes no such access
//       kAccessError   4   denied: memory was asked for and this is none, or
//                          the access came back to a device that is at work
//
// A part that fails does not stop the others: its bytes read as zero, what is
// written to it vanishes (SEMANTICS 5.1, 5.4).
//
// THREAD SAFETY  Plain values.
// SOURCES  SEMANTICS 5.1, 5.2.

#ifndef PLANISH_REGIONS_ACCESS_ATTRIBUTES_H_
#define PLANISH_REGIONS_ACCESS_ATTRIBUTES_H_

#include <cstdint>
#include <ostream>

namespace planish {

struct AccessAttributes {
  uint32_t pasid : 20 = 0;  // Of no meaning without has_pasid.
  bool has_pasid : 1 = false;
  bool secure : 1 = false;
  bool user : 1 = false;         // Not privileged.
  bool debug : 1 = false;        // A debugger's: writes ROM.
  bool memory_only : 1 = false;  // Fails where there is no RAM.
  bool fetch : 1 = false;        // Of an instruction.
  uint16_t requester_id = 0;     // Of PCI: bus, device, function.

  friend bool operator==(const AccessAttributes&,
                         const AccessAttributes&) = default;
};
static_assert(sizeof(AccessAttributes) == 8);

enum class AccessResult : uint8_t {
  kOk = 0,
  kDeviceError = 1,
  kDecodeError = 2,
  kAccessError = 4,
};

constexpr AccessResult operator|(AccessResult a, AccessResult b) {
  return static_cast<AccessResult>(static_cast<uint8_t>(a) |
                                   static_cast<uint8_t>(b));
}
constexpr AccessResult& operator|=(AccessResult& a, AccessResult b) {
  return a = a | b;
}
// Whether `result` has all the bits of `bits`.
constexpr bool Has(AccessResult result, AccessResult bits) {
  return (result | bits) == result;
}

// "ok", "decode error", "device error|access error".
std::ostream& operator<<(std::ostream& out, AccessResult result);

// What a load gives: auto [result, word] = Load<uint32_t>(...). The value is 0
// where nothing could be read. Two registers.
template <typename T>
struct Loaded {
  AccessResult result = AccessResult::kOk;
  T value = 0;

  friend bool operator==(const Loaded&, const Loaded&) = default;
};

}  // namespace planish

#endif  // PLANISH_REGIONS_ACCESS_ATTRIBUTES_H_
