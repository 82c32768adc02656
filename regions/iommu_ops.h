// IommuOps: what a model of an IOMMU gives us to translate addresses with, and
// what it tells those who keep copies of its translations.
//
//   device --- access at offset ---> IOMMU region
//                                      | IndexOf(attributes): which table
//                                      | Translate(offset, wanted, index)
//                                      v
//              IommuEntry: [first, last] --> target space, from `translated` on
//                                      |
//                     allowed? yes: look up in the target space, go on there
//                              no: Fault(), and the access fails
//
// An entry is a span, and no page: an IOMMU that has its whole window mapped as
// one says so in one entry, and what is cached of it is one entry as well. A
// place that is not mapped is a span too, with nothing allowed.
//
// Plain functions and a word for the model, as in region_ops.h.
//
// THREAD SAFETY  Translate, IndexOf and Fault run on the thread of the access,
//   any number at once, inside the reader's guard, and with no lock of ours
//   held. They may access memory; what arrives at the region that translates on
//   this thread already is refused.
// LIFETIME  The table outlives each region made with it. The model lives until
//   the region's owner has come to its end.
// SOURCES  SEMANTICS 6; FEATURES F091-F096.

#ifndef PLANISH_REGIONS_IOMMU_OPS_H_
#define PLANISH_REGIONS_IOMMU_OPS_H_

#include <cstdint>
#include <ostream>

#include "absl/status/status.h"
#include "planish/base/addr.h"
#include "planish/regions/access_attributes.h"

namespace planish {

class AddressSpace;

// A set. As what is wanted, none means: whatever there is.
enum class IommuAccess : uint8_t {
  kNone = 0,
  kRead = 1,
  kWrite = 2,
  kReadWrite = 3,
  kFetch = 4,
  kAll = 7,
};

constexpr IommuAccess operator|(IommuAccess a, IommuAccess b) {
  return static_cast<IommuAccess>(static_cast<uint8_t>(a) |
                                  static_cast<uint8_t>(b));
}
// Whether `allowed` has all of `wanted`.
constexpr bool Has(IommuAccess allowed, IommuAccess wanted) {
  return (allowed | wanted) == allowed;
}
// What an access wants.
constexpr IommuAccess WantedBy(bool is_write, AccessAttributes attributes) {
  if (is_write) return IommuAccess::kWrite;
  return attributes.fetch ? IommuAccess::kFetch : IommuAccess::kRead;
}

// "r-x", "---".
std::ostream& operator<<(std::ostream& out, IommuAccess access);

// What is said of one address, and holds for all of [first, last].
struct IommuEntry {
  // Where translated addresses are looked up. Null: nowhere.
  const AddressSpace* target = nullptr;
  // In the region. Where nothing is allowed, these may be left out: then the
  // answer holds for a least page.
  Addr first = Addr(0);
  Addr last = Addr(0);
  Addr translated = Addr(0);  // In the target: of `first`.
  IommuAccess allowed = IommuAccess::kNone;
  // Of the IOMMU's own numbers: caches drop what has the same one together.
  uint32_t domain = 0;

  // From the naturally aligned block that `mask`, a power of two less one,
  // leaves around `offset`, as IOMMUs' page tables have them.
  static constexpr IommuEntry Block(const AddressSpace* target, Addr offset,
                                    Addr translated, uint64_t mask,
                                    IommuAccess allowed, uint32_t domain = 0) {
    return {target,
            Addr(offset.raw() & ~mask),
            Addr(offset.raw() | mask),
            Addr(translated.raw() & ~mask),
            allowed,
            domain};
  }

  constexpr bool Contains(Addr a) const { return first <= a && a <= last; }
  // REQUIRES: Contains(a).
  constexpr Addr TranslatedOf(Addr a) const {
    return Addr(translated.raw() + (a - first));
  }

  friend bool operator==(const IommuEntry&, const IommuEntry&) = default;
};

// [0x1000, 0x1fff] -> 0x8000 rw- domain 2
std::ostream& operator<<(std::ostream& out, const IommuEntry& entry);

// An access that was not translated.
struct IommuFault {
  enum class Why : uint8_t {
    kNotMapped,   // Nothing is allowed there.
    kNotAllowed,  // Other kinds of access are.
    kBadEntry,    // The entry does not contain the offset, or has no target.
  };
  Why why;
  Addr offset;  // In the region.
  IommuAccess wanted;
  uint32_t index;
  AccessAttributes attributes;
};

// What becomes of translations.
struct IommuEvent {
  // A set of them is what a notifier asks for.
  enum Kind : uint8_t {
    kMap = 1,    // `entry` is new.
    kUnmap = 2,  // What was at [entry.first, entry.last] is no more.
    // The same, but only what device-side caches (PCI's ATS) have of it.
    kDeviceUnmap = 4,
  };
  Kind kind = kUnmap;
  uint32_t index = 0;  // Of the table.
  IommuEntry entry;
};

// Hears of the events whose kind it asked for, of its index, that overlap its
// range; their entries are cut to it.
struct IommuNotifier {
  uint8_t kinds = 0;
  AddrRange range = AddrRange::All();  // In the region.
  uint32_t index = 0;
  int32_t priority = 0;  // The higher hears first; of equals the newer one.
  void (*notify)(void* of, const IommuEvent& event) = nullptr;
  void* of = nullptr;
};

struct IommuOps {
  using Translate = IommuEntry(void* iommu, Addr offset, IommuAccess wanted,
                               uint32_t index, AccessAttributes attributes);
  // Which of num_indexes tables translates such accesses. Looks at nothing but
  // these.
  using IndexOf = uint32_t(void* iommu, AccessAttributes attributes);
  using Fault = void(void* iommu, const IommuFault& fault);
  // Says no if the IOMMU can't tell of such events. The kinds are all that some
  // notifier asks for, before and after the one that is to be added or removed.
  using AcceptKinds = absl::Status(void* iommu, uint8_t old_kinds,
                                   uint8_t new_kinds);
  // Tells `notifier` of all that is mapped.
  using Replay = absl::Status(void* iommu, const IommuNotifier& notifier);

  Translate* translate = nullptr;
  IndexOf* index_of = nullptr;          // Null: 0.
  Fault* fault = nullptr;               // Null: nobody is told.
  AcceptKinds* accept_kinds = nullptr;  // Null: all.
  Replay* replay = nullptr;  // Null: by asking Translate for each span.
  uint32_t num_indexes = 1;
  uint64_t min_page_bytes = 4096;  // Replay's least step.
};

}  // namespace planish

#endif  // PLANISH_REGIONS_IOMMU_OPS_H_
