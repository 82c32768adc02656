#include "planish/regions/device_port.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace planish {
namespace {

bool IsSize(unsigned size) { return size <= 8 && (size & (size - 1)) == 0; }

const char* WhatIsWrong(const RegionOps& ops) {
  if (ops.read == nullptr || ops.write == nullptr) {
    return "RegionOps without a read or a write";
  }
  for (const AccessSizes& sizes : {ops.valid, ops.impl}) {
    if (!IsSize(sizes.min) || !IsSize(sizes.max)) {
      return "RegionOps with a size that is none of 0, 1, 2, 4, 8";
    }
  }
  if (ops.valid.max != 0 && ops.valid.min > ops.valid.max) {
    return "RegionOps: valid.min above valid.max";
  }
  // Without a maximum, impl means 4.
  if (ops.impl.min > (ops.impl.max == 0 ? 4 : ops.impl.max)) {
    return "RegionOps: impl.min above impl.max";
  }
  if (ops.impl.unaligned && !ops.valid.unaligned) {
    return "RegionOps: impl.unaligned without valid.unaligned";
  }
  return nullptr;
}

// A set of sizes, a size being a bit.
uint8_t SizesBetween(unsigned min, unsigned max) {
  uint8_t sizes = 0;
  for (unsigned size = std::max(min, 1u); size <= max; size *= 2) {
    sizes = static_cast<uint8_t>(sizes | size);
  }
  return sizes;
}

}  // namespace

absl::StatusOr<std::unique_ptr<DevicePort>> DevicePort::Create(
    const RegionIo& io, ByteCount size) {
  if (io.ops == nullptr || size.IsZero()) return nullptr;
  if (const char* wrong = WhatIsWrong(*io.ops)) {
    return absl::InvalidArgumentError(wrong);
  }
  if ((io.lock.lock == nullptr) != (io.lock.unlock == nullptr)) {
    return absl::InvalidArgumentError("RegionLock without one of its halves");
  }
  return absl::WrapUnique(new DevicePort(io, size));
}

DevicePort::DevicePort(const RegionIo& io, ByteCount size)
    : read_(io.ops->read),
      write_(io.ops->write),
      device_(io.device),
      plain_last_(io.strict ? size.LastOffset() : UINT64_MAX),
      reentry_(io.reentry),
      impl_min_(std::max<uint8_t>(io.ops->impl.min, 1)),
      impl_max_(io.ops->impl.max == 0 ? 4 : io.ops->impl.max),
      order_(io.ops->order),
      strict_(io.strict),
      ops_(io.ops),
      last_(size.LastOffset()),
      lock_(io.lock) {
  const RegionOps& ops = *io.ops;
  // The rules of a region that is not strict don't look at impl.unaligned here.
  const bool any_offset =
      ops.valid.unaligned && (ops.impl.unaligned || !io.strict);
  align_ = any_offset ? 0 : UINT64_MAX;
  if (ops.accepts == nullptr && io.lock.lock == nullptr) {
    const uint8_t valid = ops.valid.max == 0
                              ? SizesBetween(1, 8)
                              : SizesBetween(ops.valid.min, ops.valid.max);
    plain_sizes_ = valid & SizesBetween(impl_min_, impl_max_);
  }
}

DevicePort::~DevicePort() { delete doorbells_.load(std::memory_order_relaxed); }

std::unique_ptr<const DoorbellList> DevicePort::SetDoorbells(
    DoorbellList list) {
  const DoorbellList* next = nullptr;
  if (!list.empty()) {
    std::stable_sort(list.begin(), list.end(),
                     [](const Doorbell& a, const Doorbell& b) {
                       return a.offset < b.offset;
                     });
    next = new DoorbellList(std::move(list));
  }
  // Partner: FindDoorbell(). Orders the list's contents before it.
  return absl::WrapUnique(doorbells_.exchange(next, std::memory_order_acq_rel));
}

const Doorbell* DevicePort::Find(const DoorbellList& list, uint64_t offset,
                                 unsigned size, uint64_t data) {
  auto at = std::partition_point(
      list.begin(), list.end(),
      [offset](const Doorbell& d) { return d.offset < offset; });
  for (; at != list.end() && at->offset == offset; ++at) {
    if (at->Matches(size, data)) return &*at;
  }
  return nullptr;
}

Doorbell Doorbell::Eventfd(uint64_t offset, uint8_t size, int fd) {
  Doorbell doorbell{.offset = offset, .size = size};
  doorbell.ring = [](void* of) {
    // Fails only where the counter is full: then the bell is ringing already.
    (void)eventfd_write(static_cast<int>(reinterpret_cast<intptr_t>(of)), 1);
  };
  doorbell.of = reinterpret_cast<void*>(static_cast<intptr_t>(fd));
  return doorbell;
}

}  // namespace planish
