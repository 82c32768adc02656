// RootSignature: all that a root shows by itself, when all it consists of is
// windows onto others: roots with the same one show the same, whatever goes on
// behind the windows. A PC has such a root for each vCPU:
//
//    smm 0   memory - -> system, smram - -> smram      \  one class, one line
//    smm 1   memory - -> system, smram - -> smram      /  of versions
//    (version_line.h)
//
// THREAD SAFETY  A plain value, compared and never followed.
// SOURCES  PROTOCOL V4; SEMANTICS 2.1 for what counts.

#ifndef PLANISH_SPACE_ROOT_SIGNATURE_H_
#define PLANISH_SPACE_ROOT_SIGNATURE_H_

#include <cstdint>
#include <optional>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "planish/base/addr.h"
#include "planish/regions/region.h"

namespace planish {

struct RootSignature {
  // The root itself, then its children, the one that wins first.
  struct Part {
    Addr addr;
    ByteCount size;
    // Aliases: what they show. The root, if it is a container: null and 0.
    const Region* target;
    uint64_t offset;
    bool readonly;
    bool nonvolatile;
    bool unmergeable;

    friend bool operator==(const Part&, const Part&) = default;
    template <typename H>
    friend H AbslHashValue(H h, const Part& p) {
      return H::combine(std::move(h), p.addr.raw(),
                        static_cast<uint64_t>(p.size.wide()), p.target,
                        p.offset, p.readonly, p.nonvolatile, p.unmergeable);
    }
  };
  absl::InlinedVector<Part, 3> parts;

  friend bool operator==(const RootSignature&, const RootSignature&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const RootSignature& s) {
    return H::combine(std::move(h), s.parts);
  }
};

// None for a root that is like no other: it terminates, or has an enabled child
// that is no window; or more children than is worth comparing; or it shows
// nothing, being disabled or of no bytes.
// COST  O(log of the children).
std::optional<RootSignature> SignatureOf(const Region& root);

}  // namespace planish

#endif  // PLANISH_SPACE_ROOT_SIGNATURE_H_
