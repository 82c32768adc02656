// AccessLog: hears of accesses that went nowhere, so that somebody can find the
// driver or the device model that is wrong. A guest can make any number of
// them, so only some a second are told, with the number of those that were not.
//
// THREAD SAFETY  Any thread. The hook runs on the thread of the access, on
//   several at once perhaps, inside the reader's guard.
// LIFETIME  Outlives the accesses that name it in their AccessOptions.
// COST  An access that succeeds: none. One that fails: a coarse clock and two
//   atomics.

#ifndef PLANISH_SPACE_ACCESS_LOG_H_
#define PLANISH_SPACE_ACCESS_LOG_H_

#include <atomic>
#include <cstdint>
#include <ostream>

#include "planish/regions/access_attributes.h"
#include "planish/regions/region.h"

namespace planish {

struct AccessReport {
  enum class Why : uint8_t {
    kUnassigned,     // Nothing is there.
    kRejected,       // The region takes no such access.
    kReentered,      // The device is at work already: CallChain.
    kDenied,         // Memory was asked for.
    kNotTranslated,  // An IOMMU does not let it through.
  };
  Why why;
  bool is_write;
  const Region* region;  // Null where nothing is.
  uint64_t offset;       // In the region; without one, the address.
  uint64_t size_bytes;
  AccessAttributes attributes;
  uint64_t untold = 0;  // Reports that were left out before this one.
};

// read of 4 bytes at 'uart' +0x10: rejected (3 untold)
std::ostream& operator<<(std::ostream& out, const AccessReport& report);

class AccessLog {
 public:
  using Hook = void(void* of, const AccessReport& report);
  using Clock = int64_t();  // Seconds since whenever.

  AccessLog(Hook* hook, void* of, uint32_t per_second = 16,
            Clock* clock = &CoarseSeconds)
      : hook_(hook), of_(of), per_second_(per_second), clock_(clock) {}
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  void Report(AccessReport report);

 private:
  static int64_t CoarseSeconds();

  Hook* const hook_;
  void* const of_;
  const uint32_t per_second_;
  Clock* const clock_;
  // All relaxed: they order nothing, and at the turn of a second a report more
  // or less does no harm.
  std::atomic<int64_t> second_{INT64_MIN};
  std::atomic<uint32_t> told_{0};
  std::atomic<uint64_t> untold_{0};
};

}  // namespace planish

#endif  // PLANISH_SPACE_ACCESS_LOG_H_
