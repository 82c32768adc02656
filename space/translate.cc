#include "planish/space/translate.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "planish/regions/iommu_ops.h"
#include "planish/regions/iommu_port.h"
#include "planish/regions/region.h"
#include "planish/regions/region_ops.h"
#include "planish/regions/topology.h"
#include "planish/space/access_log.h"
#include "planish/space/call_chain.h"
#include "planish/space/iotlb.h"

namespace planish {
namespace {

// A model at work: what it accesses itself must not come back to it. If it
// leaves the guard, its region is pinned until this goes (C2).
class ModelScope {
 public:
  ModelScope(const Reading& guard, const Region& region) : mark_(guard) {
    internal::CallFrame* outer = internal::innermost_call;
    if (outer != nullptr &&
        !internal::MayCallInside(*outer, region, ReentryRule())) {
      return;
    }
    frame_.region = &region;
    frame_.outer = outer;
    frame_.depth = CallDepth() + 1;
    frame_.guard = &guard;
    internal::innermost_call = &frame_;
  }
  ~ModelScope() {
    if (entered()) internal::innermost_call = frame_.outer;
  }
  ModelScope(const ModelScope&) = delete;
  ModelScope& operator=(const ModelScope&) = delete;

  bool entered() const { return frame_.depth != 0; }

 private:
  const CallbackMark mark_;
  internal::CallFrame frame_;
};

// One access on its way.
struct Way {
  const Reading& guard;
  const bool is_write;
  const AccessAttributes attributes;
  const AccessOptions& options;

  // Nothing, up to `last`.
  Translated Refuse(AccessReport::Why why, const Region* region, Addr offset,
                    Addr first, Addr last) const {
    if (options.log != nullptr) {
      options.log->Report({.why = why,
                           .is_write = is_write,
                           .region = region,
                           .offset = offset.raw(),
                           .size_bytes = last - first + 1,
                           .attributes = attributes});
    }
    const AccessResult result = why == AccessReport::Why::kReentered
                                    ? AccessResult::kAccessError
                                    : AccessResult::kDecodeError;
    return {result, Section::Hole(first, last), nullptr};
  }
};

// What is wrong with what a model said of `offset`.
std::optional<IommuFault::Why> FaultIn(const Way& way, const IommuEntry& entry,
                                       Addr offset, IommuAccess wanted) {
  if (entry.allowed == IommuAccess::kNone) return IommuFault::Why::kNotMapped;
  if (!entry.Contains(offset) || entry.target == nullptr ||
      &entry.target->topology().rcu() != &way.guard.domain()) {
    return IommuFault::Why::kBadEntry;
  }
  if (!Has(entry.allowed, wanted)) return IommuFault::Why::kNotAllowed;
  return std::nullopt;
}

// Asks the model. Nothing: it refused, and `refusal` says how.
std::optional<IommuEntry> Ask(const Way& way, const Section& section,
                              uint32_t index, Iotlb* iotlb,
                              Translated& refusal) {
  const Region& region = *section.region();
  const IommuPort& iommu = *region.iommu();
  const Addr offset(section.offset());
  const Addr here = section.addr();
  const ModelScope scope(way.guard, region);
  if (!scope.entered()) {
    refusal = way.Refuse(AccessReport::Why::kReentered, &region, offset, here,
                         section.last());
    return std::nullopt;
  }
  const Iotlb::Ticket ticket = iotlb == nullptr ? 0 : iotlb->ticket();
  const IommuAccess wanted = WantedBy(way.is_write, way.attributes);
  IommuEntry entry;
  if (index < iommu.num_indexes()) {
    entry = iommu.Translate(offset, wanted, index, way.attributes);
  }
  if (const auto why = FaultIn(way, entry, offset, wanted)) {
    iommu.Fault({*why, offset, wanted, index, way.attributes});
    // What the model said is not mapped fails at once, or else a least page.
    uint64_t page_last = offset.raw() | (iommu.ops().min_page_bytes - 1);
    if (*why == IommuFault::Why::kNotMapped && entry.Contains(offset)) {
      page_last = std::max(page_last, entry.last.raw());
    }
    const uint64_t room =
        std::min(page_last - offset.raw(), section.last() - here);
    refusal = way.Refuse(AccessReport::Why::kNotTranslated, &region, offset,
                         here, Addr(here.raw() + room));
    return std::nullopt;
  }
  if (iotlb != nullptr) iotlb->Insert(ticket, iommu, index, offset, entry);
  return entry;
}

}  // namespace

Translated TranslateSection(const Reading& guard, const Section& section,
                            bool is_write, AccessAttributes attributes,
                            const AccessOptions& options) {
  const Way way{guard, is_write, attributes, options};
  const IommuAccess wanted = WantedBy(is_write, attributes);
  Translated at{AccessResult::kOk, section, nullptr};
  for (unsigned depth = 0; IsTranslated(at.section); ++depth) {
    const Region& region = *at.section.region();
    const Addr offset(at.section.offset());
    const Addr here = at.section.addr();
    const Addr here_last = at.section.last();
    const IommuPort& iommu = *region.iommu();
    if (depth == options.max_iommus) {
      return way.Refuse(AccessReport::Why::kReentered, &region, offset, here,
                        here_last);
    }
    Iotlb* iotlb = options.iotlb;
    if (iotlb != nullptr && iommu.log() != &iotlb->log()) iotlb = nullptr;
    const uint32_t index = iommu.IndexOf(attributes);
    const IommuEntry* known =
        iotlb == nullptr ? nullptr : iotlb->Find(iommu, index, offset, wanted);
    IommuEntry entry;
    if (known != nullptr) {
      entry = *known;
    } else {
      // If the model leaves the guard, the region may be gone after this (C2).
      Translated refusal;
      const auto answer = Ask(way, at.section, index, iotlb, refusal);
      if (!answer) return refusal;
      entry = *answer;
    }
    const Addr to = entry.TranslatedOf(offset);
    const Section next = entry.target->Lookup(guard, to);
    const uint64_t room = std::min({here_last - here, entry.last - offset,
                                    Addr::Max() - to, next.last() - to});
    at.section = next.UpTo(Addr(to.raw() + room));
    at.space = entry.target;
  }
  return at;
}

}  // namespace planish
