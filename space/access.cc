#include "planish/space/access.h"

#include <cstdint>

#include "planish/base/rcu/read_guard.h"
#include "planish/regions/device_port.h"
#include "planish/regions/region.h"
#include "planish/space/call_chain.h"
#include "planish/space/translate.h"

namespace planish::internal {
namespace {

Loaded<uint64_t> LoadSized(const std::byte* host, unsigned size,
                           ByteOrder order) {
  switch (size) {
    case 1:
      return {AccessResult::kOk, LoadGuest<uint8_t>(host)};
    case 2:
      return {AccessResult::kOk, Ordered(LoadGuest<uint16_t>(host), order)};
    case 4:
      return {AccessResult::kOk, Ordered(LoadGuest<uint32_t>(host), order)};
    default:
      return {AccessResult::kOk, Ordered(LoadGuest<uint64_t>(host), order)};
  }
}

// Of the low `size` bytes of `value`.
void StoreSized(std::byte* host, unsigned size, uint64_t value,
                ByteOrder order) {
  switch (size) {
    case 1:
      return StoreGuest(host, static_cast<uint8_t>(value));
    case 2:
      return StoreGuest(host, Ordered(static_cast<uint16_t>(value), order));
    case 4:
      return StoreGuest(host, Ordered(static_cast<uint32_t>(value), order));
    default:
      return StoreGuest(host, Ordered(value, order));
  }
}

// Whether `section` is one whose callbacks take what does not go to memory.
bool HasCallbacks(const Section& section, bool is_write) {
  switch (section.kind()) {
    case SectionKind::kMmio:
      return true;
    case SectionKind::kRomDevice:
      return is_write || !section.romd();
    default:
      return false;
  }
}

uint64_t SwapLow(uint64_t value, unsigned size) {
  return ByteSwap(value) >> (64 - size * 8);
}

// The common access to a device: plain, of registers, and not from inside a
// callback. What else there is to ask is then answered already.
struct PlainAccess {
  ABSL_ATTRIBUTE_ALWAYS_INLINE PlainAccess(const Section& section,
                                           unsigned size,
                                           AccessAttributes attributes) {
    if (section.kind() != SectionKind::kMmio) return;
    if (attributes.memory_only || innermost_call != nullptr) return;
    region = section.region();
    offset = section.offset();
    const DevicePort* its = region->port();
    if (its != nullptr && its->IsPlain(offset, size)) port = its;
  }

  const DevicePort* port = nullptr;  // Null: it is something else.
  const Region* region = nullptr;
  uint64_t offset = 0;
};

ABSL_ATTRIBUTE_NOINLINE Loaded<uint64_t> LoadUncommon(
    const Reading& guard, const Section& section, unsigned size,
    ByteOrder order, AccessAttributes attributes,
    const AccessOptions& options) {
  if (IsTranslated(section)) {
    const Translated at =
        TranslateSection(guard, section, false, attributes, options);
    if (at.result != AccessResult::kOk) return {at.result};
    const bool denied = attributes.memory_only && !IsMemory(at.section.kind());
    if (at.section.host() != nullptr && Fits(at.section, size) && !denied) {
      return LoadSized(at.section.host(), size, order);
    }
    return LoadUncommon(guard, at.section, size, order, attributes, options);
  }
  if (attributes.memory_only && !IsMemory(section.kind())) {
    return {RefuseAt(AccessReport::Why::kDenied, section, size, false,
                     attributes, options)};
  }
  if (HasCallbacks(section, false)) {
    return DeviceRead(guard, *section.region(), section.offset(), size, order,
                      attributes, options);
  }
  return {RefuseAt(section.is_hole() ? AccessReport::Why::kUnassigned
                                     : AccessReport::Why::kRejected,
                   section, size, false, attributes, options)};
}

ABSL_ATTRIBUTE_NOINLINE AccessResult
StoreUncommon(const Reading& guard, const Section& section, unsigned size,
              uint64_t value, ByteOrder order, AccessAttributes attributes,
              const AccessOptions& options) {
  if (IsTranslated(section)) {
    const Translated at =
        TranslateSection(guard, section, true, attributes, options);
    if (at.result != AccessResult::kOk) return at.result;
    return StoreUncommon(guard, at.section, size, value, order, attributes,
                         options);
  }
  if (attributes.memory_only && !IsMemory(section.kind())) {
    return RefuseAt(AccessReport::Why::kDenied, section, size, true, attributes,
                    options);
  }
  if (WritesMemory(section, attributes, options)) {
    if (Fits(section, size)) {
      StoreSized(section.host(), size, value, order);
      MarkDirty(section, size);
      return AccessResult::kOk;
    }
  } else if (HasCallbacks(section, true)) {
    return DeviceWrite(guard, *section.region(), section.offset(), size, value,
                       order, attributes, options);
  }
  return RefuseAt(section.is_hole() ? AccessReport::Why::kUnassigned
                                    : AccessReport::Why::kRejected,
                  section, size, true, attributes, options);
}

}  // namespace

Loaded<uint64_t> LoadElsewhere(const Reading& guard, const Section& section,
                               unsigned size, ByteOrder order,
                               AccessAttributes attributes,
                               const AccessOptions& options) {
  const PlainAccess plain(section, size, attributes);
  if (ABSL_PREDICT_FALSE(plain.port == nullptr)) {
    return LoadUncommon(guard, section, size, order, attributes, options);
  }
  const OutermostCall call(guard, *plain.region);
  Loaded<uint64_t> loaded = plain.port->Read(plain.offset, size, attributes);
  if (order != plain.port->order()) loaded.value = SwapLow(loaded.value, size);
  return loaded;
}

AccessResult StoreElsewhere(const Reading& guard, const Section& section,
                            unsigned size, uint64_t value, ByteOrder order,
                            AccessAttributes attributes,
                            const AccessOptions& options) {
  if (section.kind() == SectionKind::kRam && section.host() != nullptr &&
      !section.readonly() && Fits(section, size)) {  // It is logged.
    StoreSized(section.host(), size, value, order);
    MarkDirty(section, size);
    return AccessResult::kOk;
  }
  const PlainAccess plain(section, size, attributes);
  if (ABSL_PREDICT_FALSE(plain.port == nullptr ||
                         plain.port->has_doorbells())) {
    return StoreUncommon(guard, section, size, value, order, attributes,
                         options);
  }
  if (order != plain.port->order()) value = SwapLow(value, size);
  const OutermostCall call(guard, *plain.region);
  return plain.port->Write(plain.offset, size, value, attributes);
}

}  // namespace planish::internal
