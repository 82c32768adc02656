#include "planish/regions/iommu_port.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/base/status_macros.h"

namespace planish {
namespace {

constexpr uint8_t kAllKinds =
    IommuEvent::kMap | IommuEvent::kUnmap | IommuEvent::kDeviceUnmap;

// The part of `event` that `notifier` hears of.
void Tell(const IommuNotifier& notifier, IommuEvent event) {
  IommuEntry& entry = event.entry;
  const Addr first = std::max(entry.first, notifier.range.first);
  entry.translated = entry.TranslatedOf(first);
  entry.first = first;
  entry.last = std::min(entry.last, notifier.range.last);
  notifier.notify(notifier.of, event);
}

}  // namespace

absl::StatusOr<std::unique_ptr<IommuPort>> IommuPort::Create(
    const RegionIommu& iommu, ByteCount size) {
  if (iommu.ops == nullptr || size.IsZero()) return nullptr;
  if (iommu.ops->translate == nullptr) {
    return absl::InvalidArgumentError("IommuOps without a translate");
  }
  if (iommu.ops->num_indexes == 0) {
    return absl::InvalidArgumentError("IommuOps without an index");
  }
  if (!std::has_single_bit(iommu.ops->min_page_bytes)) {
    return absl::InvalidArgumentError(
        "IommuOps: min_page_bytes is no power of two");
  }
  return absl::WrapUnique(new IommuPort(iommu, size));
}

absl::Status IommuPort::CheckNotifier(const IommuNotifier& notifier) const {
  if (notifier.notify == nullptr || notifier.kinds == 0 ||
      (notifier.kinds & ~kAllKinds) != 0) {
    return absl::InvalidArgumentError("an IOMMU notifier for nothing");
  }
  if (notifier.range.first > notifier.range.last) {
    return absl::InvalidArgumentError("an IOMMU notifier of no range");
  }
  if (notifier.index >= num_indexes()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "an IOMMU notifier of index ", notifier.index, " of ", num_indexes()));
  }
  return absl::OkStatus();
}

template <typename Edit>
absl::Status IommuPort::EditNotifiers(Edit edit) {
  const auto kinds_of = [](const std::vector<Listed>& list) {
    uint8_t kinds = 0;
    for (const Listed& listed : list) {
      kinds = static_cast<uint8_t>(kinds | listed.notifier.kinds);
    }
    return kinds;
  };
  // The model is asked without the lock; if others edited meanwhile, anew.
  while (true) {
    mu_.Lock();
    const uint64_t edits = edits_;
    const uint8_t before = kinds_of(notifiers_);
    std::vector<Listed> list = notifiers_;
    mu_.Unlock();

    PLANISH_RETURN_IF_ERROR(edit(list));
    const uint8_t after = kinds_of(list);
    if (before != after && ops_.accept_kinds != nullptr) {
      PLANISH_RETURN_IF_ERROR(ops_.accept_kinds(iommu_, before, after));
    }

    mu_.Lock();
    const bool alone = edits_ == edits;
    if (alone) {
      notifiers_ = std::move(list);
      ++edits_;
    }
    mu_.Unlock();
    if (alone) return absl::OkStatus();
  }
}

absl::StatusOr<IommuPort::NotifierId> IommuPort::AddNotifier(
    const IommuNotifier& notifier) {
  if (log_ == nullptr) {
    return absl::FailedPreconditionError("an IOMMU region without an IotlbLog");
  }
  PLANISH_RETURN_IF_ERROR(CheckNotifier(notifier));
  mu_.Lock();
  const NotifierId id = ++last_id_;
  mu_.Unlock();
  PLANISH_RETURN_IF_ERROR(EditNotifiers([&](std::vector<Listed>& list) {
    // Before its equals.
    const auto at =
        std::find_if(list.begin(), list.end(), [&](const Listed& listed) {
          return listed.notifier.priority <= notifier.priority;
        });
    list.insert(at, {id, notifier});
    return absl::OkStatus();
  }));
  return id;
}

absl::Status IommuPort::RemoveNotifier(NotifierId id) {
  return EditNotifiers([&](std::vector<Listed>& list) -> absl::Status {
    const auto at =
        std::find_if(list.begin(), list.end(),
                     [&](const Listed& listed) { return listed.id == id; });
    if (at == list.end()) {
      return absl::NotFoundError(absl::StrCat("IOMMU notifier ", id));
    }
    list.erase(at);
    return absl::OkStatus();
  });
}

absl::Status IommuPort::Notify(const IommuEvent& event) {
  const IommuEntry& entry = event.entry;
  if (!std::has_single_bit(static_cast<uint8_t>(event.kind)) ||
      (event.kind & ~kAllKinds) != 0 || entry.first > entry.last ||
      event.index >= num_indexes()) {
    return absl::InvalidArgumentError("an IOMMU event of nothing");
  }
  if (event.kind != IommuEvent::kMap && entry.allowed != IommuAccess::kNone) {
    return absl::InvalidArgumentError("an unmapping that allows something");
  }
  if (log_ == nullptr) return absl::OkStatus();
  if (event.kind != IommuEvent::kMap) {
    log_->Invalidate({.iommu = this,
                      .range = {entry.first, entry.last},
                      .index = event.index});
  }
  // What Drain() waits for.
  const ReadGuard guard(log_->domain());
  absl::InlinedVector<IommuNotifier, 4> told;
  mu_.Lock();
  for (const Listed& listed : notifiers_) {
    const IommuNotifier& n = listed.notifier;
    if ((n.kinds & event.kind) != 0 && n.index == event.index &&
        n.range.Overlaps({entry.first, entry.last})) {
      told.push_back(n);
    }
  }
  mu_.Unlock();
  for (const IommuNotifier& notifier : told) Tell(notifier, event);
  return absl::OkStatus();
}

absl::Status IommuPort::Replay(const IommuNotifier& notifier,
                               uint64_t max_steps) const {
  PLANISH_RETURN_IF_ERROR(CheckNotifier(notifier));
  if (ops_.replay != nullptr) return ops_.replay(iommu_, notifier);
  const Addr last = std::min(notifier.range.last, Addr(last_offset_));
  Addr at = notifier.range.first;
  for (uint64_t step = 0; at <= last; ++step) {
    if (step == max_steps) {
      return absl::ResourceExhaustedError(
          absl::StrCat("a replay of more than ", max_steps, " steps"));
    }
    const IommuEntry entry =
        Translate(at, IommuAccess::kNone, notifier.index, {});
    Addr end(at.raw() | (ops_.min_page_bytes - 1));
    if (entry.Contains(at)) {
      end = std::max(end, entry.last);
      if (entry.allowed != IommuAccess::kNone) {
        end = entry.last;
        Tell(notifier, {IommuEvent::kMap, notifier.index, entry});
      }
    }
    if (end >= last) break;
    at = Addr(end.raw() + 1);
  }
  return absl::OkStatus();
}

}  // namespace planish
