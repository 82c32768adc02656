// What happens to an access that found an IOMMU: its address is translated and
// looked up in the target space, again and again, until something else is
// there.
//
//   device's space      system             memory
//   [ iommu      ] -->  [ 2nd stage ] -->  [ RAM          ]     Translated
//      span: 64 KiB        span: 4 KiB        rest of the page  4 KiB
//
// The answer holds as far as each of the spans does. Each space is looked at as
// it is when its turn has come, so there is no one version of all of them.
//
//   decode error   nothing is mapped, or not for such an access:
//   IommuOps::fault access error   AccessOptions::max_iommus were not enough,
//   as where tables
//                  lead back to where they came from; or the region is
//                  translating on this thread already
//
// THREAD SAFETY  Any thread.
// LIFETIME  The guard's. A model that leaves the guard (GuardPause) is seen by
//   Reading::interrupted(): what was looked up before is gone then, the answer
//   is good.
// COST  For each IOMMU a lookup, and a hit in the Iotlb or a call of the model.
// SOURCES  SEMANTICS 6; PROTOCOL C1, C2.

#ifndef PLANISH_SPACE_TRANSLATE_H_
#define PLANISH_SPACE_TRANSLATE_H_

#include "planish/base/addr.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/dispatch/section.h"
#include "planish/regions/access_attributes.h"
#include "planish/regions/region.h"
#include "planish/space/address_space.h"
#include "planish/space/device_access.h"

namespace planish {

// Whether accesses go on from there. An IOMMU without a model rejects them.
inline bool IsTranslated(const Section& section) {
  return section.kind() == SectionKind::kIommu &&
         section.region()->iommu() != nullptr;
}

struct Translated {
  AccessResult result = AccessResult::kOk;
  // Of the space where the way ended, cut to what holds. A hole, if the result
  // is an error: what was asked then fails up to its end.
  Section section;
  // That space; null where no IOMMU was on the way.
  const AddressSpace* space = nullptr;
};

// From what was looked up under `guard`, and may be no IOMMU at all.
Translated TranslateSection(
    const Reading& guard, const Section& section, bool is_write,
    AccessAttributes attributes = {},
    const AccessOptions& options = kDefaultAccessOptions);

// From an address. R6, get_iotlb_entry: what a device's own cache may keep.
inline Translated Translate(
    const Reading& guard, const AddressSpace& space, Addr a, bool is_write,
    AccessAttributes attributes = {},
    const AccessOptions& options = kDefaultAccessOptions) {
  return TranslateSection(guard, space.Lookup(guard, a), is_write, attributes,
                          options);
}

}  // namespace planish

#endif  // PLANISH_SPACE_TRANSLATE_H_
