// What an access may do with the section that it found: shared by accesses of
// fixed width and by bulk ones.
//
// SOURCES  SEMANTICS 5.2, 5.3, 5.10, 7.

#ifndef PLANISH_SPACE_SECTION_ACCESS_H_
#define PLANISH_SPACE_SECTION_ACCESS_H_

#include <bit>
#include <cstdint>

#include "absl/base/optimization.h"
#include "planish/dispatch/section.h"
#include "planish/regions/access_attributes.h"
#include "planish/regions/dirty_bitmap.h"
#include "planish/regions/ram_block.h"
#include "planish/regions/region.h"
#include "planish/space/access_log.h"
#include "planish/space/device_access.h"

namespace planish::internal {

// Whether `bytes`, not 0, from the section's address on are in it.
inline bool Fits(const Section& section, uint64_t bytes) {
  return section.last() - section.addr() >= bytes - 1;
}

// What attributes.memory_only lets through.
inline bool IsMemory(SectionKind kind) {
  return kind == SectionKind::kRam || kind == SectionKind::kRom ||
         kind == SectionKind::kRamDevice;
}

// Reads go to memory exactly where host() is not null; writes not everywhere.
inline bool WritesMemory(const Section& section, AccessAttributes attributes,
                         const AccessOptions& options) {
  if (section.host() == nullptr) return false;
  if (attributes.debug) return true;
  if (section.kind() == SectionKind::kRomDevice) return false;
  if (section.kind() == SectionKind::kRom) return false;
  return !section.readonly() || options.r5_10_windows_are_writable;
}

// To be called after `bytes` were written to the section's memory.
inline void MarkDirty(const Section& section, uint64_t bytes) {
  if (ABSL_PREDICT_TRUE(!section.is_slow())) return;
  const RamBlock& ram = *section.region()->ram();
  for (unsigned mask = section.dirty_log_mask(); mask != 0; mask &= mask - 1) {
    const auto client = static_cast<unsigned>(std::countr_zero(mask));
    if (DirtyBitmap* dirty = ram.dirty(client)) {
      dirty->Mark(section.offset(), bytes);
    }
  }
}

// Reports an access that has no callbacks to go to.
inline AccessResult RefuseAt(AccessReport::Why why, const Section& section,
                             uint64_t size_bytes, bool is_write,
                             AccessAttributes attributes,
                             const AccessOptions& options) {
  if (options.log != nullptr) {
    options.log->Report(
        {.why = why,
         .is_write = is_write,
         .region = section.region(),
         .offset = section.is_hole() ? section.addr().raw() : section.offset(),
         .size_bytes = size_bytes,
         .attributes = attributes});
  }
  return why == AccessReport::Why::kDenied ? AccessResult::kAccessError
                                           : AccessResult::kDecodeError;
}

}  // namespace planish::internal

#endif  // PLANISH_SPACE_SECTION_ACCESS_H_
