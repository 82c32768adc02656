// Section: what a lookup answers. Not a point but a span: the answer holds
// from the address that was asked to last(), the end of its range or its hole,
// so that a JIT's TLB, an IOTLB or a DMI grant can keep it.
//
//   kind           host()              region()   what an access does
//   hole           null                null       fails
//   RAM            the byte, or null   yes        memory
//   ROM            the byte, or null   yes        memory, read-only
//   ROM device     in romd mode        yes        reads memory, writes call
//   RAM device     the byte            yes        memory that is a device's
//   MMIO           null                yes        callbacks
//   reservation    null                yes        rejected
//   IOMMU          null                yes        translate, look up again
//
// RAM on a map that nobody runs has no host memory: host() is null and all the
// rest is as for other RAM.
//
// THREAD SAFETY  A plain value.
// LIFETIME  As long as the table that gave it: under the reader's guard.
// COST  kind(), host(), last(), readonly(), is_slow(): arithmetic on registers.
//   region(), offset() and the rest: one load from the table's descriptors.
//   So does host(), for memory that is not page-aligned to its guest address,
//   or lies 2^48 or more away from it, or has a descriptor above the millionth.

#ifndef PLANISH_DISPATCH_SECTION_H_
#define PLANISH_DISPATCH_SECTION_H_

#include <cstddef>
#include <cstdint>
#include <ostream>

#include "absl/base/optimization.h"
#include "absl/strings/string_view.h"
#include "planish/base/addr.h"
#include "planish/dispatch/terminal.h"

namespace planish {

class Region;

// "hole", "ram", "rom", "rom-device", "ram-device", "mmio", "reservation",
// "iommu".
absl::string_view SectionKindName(SectionKind kind);

class Section {
 public:
  // The answer of no table.
  Section() = default;
  Section(Addr addr, Terminal terminal, const Descriptor* descriptors)
      : addr_(addr), terminal_(terminal), descriptors_(descriptors) {}
  // Nothing, from `addr` to `last`.
  static Section Hole(Addr addr, Addr last) {
    return Section(addr, {Payload(), last.raw()}, &Descriptor::kHole);
  }

  SectionKind kind() const { return terminal_.payload.kind(); }
  bool is_hole() const { return kind() == SectionKind::kHole; }

  // The address that was asked, and the last one for which the answer holds.
  Addr addr() const { return addr_; }
  Addr last() const { return Addr(terminal_.last); }

  // The same answer, for less. REQUIRES: addr() <= last <= this->last().
  Section UpTo(Addr last) const {
    Section cut = *this;
    cut.terminal_.last = last.raw();
    return cut;
  }

  // Of the byte that was asked; null where an access can't go to memory.
  std::byte* host() const {
    const Payload payload = terminal_.payload;
    uint64_t host = 0;
    if (ABSL_PREDICT_FALSE(payload.has_far_host())) {
      host = addr_.raw() + descriptors_[payload.index() + 1].delta;
    } else {
      host = payload.NearHost(addr_.raw());
    }
    return reinterpret_cast<std::byte*>(host);
  }

  // What the address shows, and where in it; null and 0 in a hole.
  const Region* region() const { return descriptor().region(); }
  uint64_t offset() const {
    return is_hole() ? 0 : addr_.raw() + descriptor().delta;
  }

  // A write to memory must not be done.
  bool readonly() const { return terminal_.payload.readonly(); }
  // A fast path must stop here: dirty_log_mask() isn't empty.
  bool is_slow() const { return terminal_.payload.slow(); }
  // The clients that log writes, a bit each.
  uint8_t dirty_log_mask() const {
    if (!is_slow()) return 0;
    return static_cast<uint8_t>(
        descriptors_[terminal_.payload.index() + 1].word);
  }
  bool nonvolatile() const { return descriptor().nonvolatile(); }
  // ROM devices: reads go to memory.
  bool romd() const { return descriptor().romd(); }

 private:
  const Descriptor& descriptor() const {
    return descriptors_[terminal_.payload.index()];
  }

  Addr addr_;
  Terminal terminal_ = {Payload(), UINT64_MAX};
  const Descriptor* descriptors_ = &Descriptor::kHole;
};

// [0x1040, 0x1fff] ram @0x40 ro: for failure messages.
std::ostream& operator<<(std::ostream& out, const Section& section);

}  // namespace planish

#endif  // PLANISH_DISPATCH_SECTION_H_
