// IommuPort: what a region knows of the IOMMU behind it, and the notifiers that
// hear what becomes of its translations.
//
// Whoever changes a translation says so, after the change:
//   Notify(kUnmap, range)   caches drop it, then notifiers are told
//   Notify(kMap, entry)     notifiers are told; nobody caches what isn't there
// A change in place is an unmap and a map.
//
// THREAD SAFETY  Any thread. Notifiers run on the thread of Notify(), perhaps
//   several at once, with no lock of ours held; they may add and remove
//   notifiers.
// LIFETIME  Its region's. A notifier that was removed may still be running on
//   another thread; IotlbLog::Drain() waits for that.
// ERRORS  kInvalidArgument, or what IommuOps::accept_kinds says.
// COST  Notify: a mutex, and a copy of those that it concerns.
// SOURCES  SEMANTICS 6.

#ifndef PLANISH_REGIONS_IOMMU_PORT_H_
#define PLANISH_REGIONS_IOMMU_PORT_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "planish/base/addr.h"
#include "planish/base/mutex.h"
#include "planish/regions/access_attributes.h"
#include "planish/regions/iommu_ops.h"
#include "planish/regions/iotlb_log.h"

namespace planish {

// What a region is made with: Topology::AddIommu().
struct RegionIommu {
  const IommuOps* ops = nullptr;  // Null: every access is rejected.
  void* iommu = nullptr;
  // Null: its translations are cached by nobody, and it has no notifiers. With
  // one, an entry may depend on offset and index alone: what else it depends
  // on, a PASID or a requester, has to be in the index.
  IotlbLog* log = nullptr;
};

class IommuPort {
 public:
  using NotifierId = uint64_t;

  // Null, and OK, without ops.
  static absl::StatusOr<std::unique_ptr<IommuPort>> Create(
      const RegionIommu& iommu, ByteCount size);
  IommuPort(const IommuPort&) = delete;
  IommuPort& operator=(const IommuPort&) = delete;

  const IommuOps& ops() const { return ops_; }
  IotlbLog* log() const { return log_; }

  // ---- For accesses.

  // num_indexes() or more: a mistake of the model's.
  uint32_t IndexOf(AccessAttributes attributes) const {
    return ops_.index_of == nullptr ? 0 : ops_.index_of(iommu_, attributes);
  }
  uint32_t num_indexes() const { return ops_.num_indexes; }
  IommuEntry Translate(Addr offset, IommuAccess wanted, uint32_t index,
                       AccessAttributes attributes) const {
    return ops_.translate(iommu_, offset, wanted, index, attributes);
  }
  void Fault(const IommuFault& fault) const {
    if (ops_.fault != nullptr) ops_.fault(iommu_, fault);
  }

  // ---- For models and their listeners.

  // kFailedPrecondition: the region has no log.
  absl::StatusOr<NotifierId> AddNotifier(const IommuNotifier& notifier);
  // The model may veto that as well; then the notifier stays. kNotFound.
  absl::Status RemoveNotifier(NotifierId id);

  // kInvalidArgument: not one kind, an unmapping that allows something, no such
  // index.
  absl::Status Notify(const IommuEvent& event);

  // Tells `notifier`, whether or not it was added, of all that is mapped in its
  // range. Asks the model span by span, `max_steps` times at most:
  // kResourceExhausted.
  absl::Status Replay(const IommuNotifier& notifier,
                      uint64_t max_steps = uint64_t{1} << 24) const;

 private:
  struct Listed {
    NotifierId id;
    IommuNotifier notifier;
  };

  IommuPort(const RegionIommu& iommu, ByteCount size)
      : ops_(*iommu.ops),
        iommu_(iommu.iommu),
        log_(iommu.log),
        last_offset_(size.LastOffset()) {}

  absl::Status CheckNotifier(const IommuNotifier& notifier) const;
  // edit(list) changes the notifiers, if the model agrees; it may be called
  // more than once.
  template <typename Edit>
  absl::Status EditNotifiers(Edit edit);

  const IommuOps& ops_;
  void* const iommu_;
  IotlbLog* const log_;
  const uint64_t last_offset_;

  Mutex mu_;
  NotifierId last_id_ ABSL_GUARDED_BY(mu_) = 0;
  std::vector<Listed> notifiers_ ABSL_GUARDED_BY(mu_);  // In order of calls.
  uint64_t edits_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace planish

#endif  // PLANISH_REGIONS_IOMMU_PORT_H_
