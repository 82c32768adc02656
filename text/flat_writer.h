// The exact text of QEMU's `info mtree -f`, from live address spaces:
//
//   FlatView #0
//    AS "memory", root: system
//    AS "cpu-memory-0", root: system
//    Root memory region: system
//     0000000000000000-0000000000003fff (prio 0, rom): boot
//     0000000080000000-0000000087ffffff (prio 0, ram): sdram @0000000000001000
//
// Spaces with the same normalised root form one block (R2.17); blocks and their
// numbers follow the first space of each. Between blocks stands an empty line.
// The words are those of QEMU 7.2: every container, MMIO, reservation and IOMMU
// is `i/o`.
//
// THREAD SAFETY  As a lookup: nobody commits meanwhile.
// SOURCES  SEMANTICS 10.1, 10.2; docs/TEXT.md.

#ifndef PLANISH_TEXT_FLAT_WRITER_H_
#define PLANISH_TEXT_FLAT_WRITER_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "planish/flatview/flat_range.h"
#include "planish/regions/region.h"
#include "planish/space/address_space.h"

namespace planish::text {

struct FlatTextOptions {
  // The -o form: what stands behind each range, as Machine::OwnerText() tells
  // it. Nothing is added where it is empty. Unset: the plain form.
  std::function<absl::string_view(const Region&)> owner_of;
};

std::string WriteFlatViews(absl::Span<const AddressSpace* const> spaces,
                           const FlatTextOptions& options = {});
std::string WriteFlatViews(const std::vector<AddressSpace*>& spaces,
                           const FlatTextOptions& options = {});

// One space's view: what stands below the spaces of its block, without the
// empty line.
std::string WriteFlatView(const AddressSpace& space,
                          const FlatTextOptions& options = {});

// One range, without the end of the line.
std::string FlatRangeLine(const FlatRange& range,
                          const FlatTextOptions& options = {});

// "ram", "rom", "romd", "ramd" or "i/o".
absl::string_view FlatTypeName(const FlatRange& range);

}  // namespace planish::text

#endif  // PLANISH_TEXT_FLAT_WRITER_H_
