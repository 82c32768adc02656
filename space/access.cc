#include "planish/space/access.h"

#include <cstdint>

#include "planish/space/section_access.h"

namespace planish::internal {
namespace {

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

}  // namespace

Loaded<uint64_t> LoadElsewhere(const Section& section, unsigned size,
                               ByteOrder order, AccessAttributes attributes,
                               const AccessOptions& options) {
  if (attributes.memory_only && !IsMemory(section.kind())) {
    return {RefuseAt(AccessReport::Why::kDenied, section, size, false,
                     attributes, options)};
  }
  if (HasCallbacks(section, false)) {
    return DeviceRead(*section.region(), section.offset(), size, order,
                      attributes, options);
  }
  return {RefuseAt(section.is_hole() ? AccessReport::Why::kUnassigned
                                     : AccessReport::Why::kRejected,
                   section, size, false, attributes, options)};
}

AccessResult StoreElsewhere(const Section& section, unsigned size,
                            uint64_t value, ByteOrder order,
                            AccessAttributes attributes,
                            const AccessOptions& options) {
  if (attributes.memory_only && !IsMemory(section.kind())) {
    return RefuseAt(AccessReport::Why::kDenied, section, size, true, attributes,
                    options);
  }
  if (WritesMemory(section, attributes, options)) {
    if (Fits(section, size)) {
      StoreSized(section.host(), size, value, order);
      return AccessResult::kOk;
    }
  } else if (HasCallbacks(section, true)) {
    return DeviceWrite(*section.region(), section.offset(), size, value, order,
                       attributes, options);
  }
  return RefuseAt(section.is_hole() ? AccessReport::Why::kUnassigned
                                    : AccessReport::Why::kRejected,
                  section, size, true, attributes, options);
}

}  // namespace planish::internal
