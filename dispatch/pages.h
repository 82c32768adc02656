// The page form of a table: for views in which no slot of a moderate root holds
// a boundary, as an IOMMU's, whose pages all lead elsewhere. A slot is a
// terminal, 16 bytes; nothing is compared.
//
//   slot = min(sat_sub(a, base), window) >> shift
//
//   up to 1,024 slots    [t0][t1] ...
//   above                directory, 4 bytes each -> chunks of 256 terminals;
//                        the slots of a long run share a chunk
//
// THREAD SAFETY  Immutable once built.
// COST  Find: one load, or two.

#ifndef PLANISH_DISPATCH_PAGES_H_
#define PLANISH_DISPATCH_PAGES_H_

#include <algorithm>
#include <cstdint>
#include <optional>

#include "absl/base/attributes.h"
#include "absl/types/span.h"
#include "planish/dispatch/line_arena.h"
#include "planish/dispatch/terminal.h"

namespace planish::internal {

struct Pages {
  static constexpr int kChunkBits = 8;

  uint64_t base;
  uint64_t window;  // Addresses beyond base + window are clamped to it.
  uint32_t root;    // The line of the terminals, or of the directory.
  uint8_t shift;
  bool has_directory;
};

template <bool kHasDirectory>
ABSL_ATTRIBUTE_ALWAYS_INLINE inline const Terminal* PageOf(const Line* lines,
                                                           const Pages& pages,
                                                           uint64_t a) {
  uint64_t slot =
      std::min(std::max(a, pages.base) - pages.base, pages.window) >>
      pages.shift;
  const Line* line = lines + pages.root;
  if constexpr (kHasDirectory) {
    const auto* directory = reinterpret_cast<const uint32_t*>(line);
    line = lines + directory[slot >> Pages::kChunkBits];
    slot &= (uint64_t{1} << Pages::kChunkBits) - 1;
  }
  return reinterpret_cast<const Terminal*>(line) + slot;
}

// The shift at which no slot holds a boundary, if the root is then at most
// twice as wide as there are runs.
std::optional<int> PlanPages(absl::Span<const Terminal> runs);

// REQUIRES: `shift` is PlanPages(runs).
Pages BuildPages(absl::Span<const Terminal> runs, int shift, LineArena& arena);

}  // namespace planish::internal

#endif  // PLANISH_DISPATCH_PAGES_H_
