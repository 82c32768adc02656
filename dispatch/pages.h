// The page form of a table: for views in which no slot of a moderate root holds
// a boundary, as an IOMMU's, whose pages all lead elsewhere. A slot is a
// terminal, 16 bytes; nothing is compared.
//
//   slot = min(sat_sub(a, base), window) >> shift
//
//   up to 1,024 slots    [t0][t1] ...
//   above                directory, 2 bytes each -> chunks of 128 terminals;
//                        the slots of a long run share a chunk
//   above 2^20           two directories, as in radix.h
//
// A boundary that comes later and parts a slot, or lies outside, makes of the
// slot's terminal a node, which names a tree (tree.h). A table with such nodes
// is searched by FindInMixedPages().
//
// THREAD SAFETY  Immutable once shown.
// COST  Find: one load, or two, or three.

#ifndef PLANISH_DISPATCH_PAGES_H_
#define PLANISH_DISPATCH_PAGES_H_

#include <algorithm>
#include <cstdint>

#include "absl/base/attributes.h"
#include "planish/dispatch/line_arena.h"
#include "planish/dispatch/slot_grid.h"
#include "planish/dispatch/terminal.h"

namespace planish::internal {

struct Pages {
  static constexpr int kChunkBits = 7;
  static constexpr int kMiddleBits = 8;  // Directory entries in a middle node.

  uint64_t base;
  uint64_t window;  // Addresses beyond base + window are clamped to it.
  uint32_t root;    // The line of the terminals, or of the directory.
  uint8_t shift;
  uint8_t depth;  // Of directories: 0 to 2.

  SlotGrid grid() const { return {base, window, shift}; }
};
static_assert(sizeof(Terminal) << Pages::kChunkBits ==
              sizeof(Line) * LineArena::kChunkLines);

// `kDepth` is pages.depth.
template <int kDepth>
ABSL_ATTRIBUTE_ALWAYS_INLINE inline const Terminal* PageOf(const Line* lines,
                                                           const Pages& pages,
                                                           uint64_t a) {
  // NOLINTNEXTLINE(misc-const-correctness): a second level changes it.
  uint64_t slot =
      std::min(std::max(a, pages.base) - pages.base, pages.window) >>
      pages.shift;
  constexpr uint64_t kChunkMask = (uint64_t{1} << Pages::kChunkBits) - 1;
  const Line* line = lines + pages.root;
  if constexpr (kDepth == 2) {
    const auto* top = reinterpret_cast<const uint32_t*>(line);
    line = lines + top[slot >> (Pages::kChunkBits + Pages::kMiddleBits)];
    const auto* middle = reinterpret_cast<const uint32_t*>(line);
    constexpr uint64_t kMiddleMask = (uint64_t{1} << Pages::kMiddleBits) - 1;
    line = lines + middle[slot >> Pages::kChunkBits & kMiddleMask];
    slot &= kChunkMask;
  } else if constexpr (kDepth == 1) {
    const auto* directory = reinterpret_cast<const uint16_t*>(line);
    line = lines + uint64_t{directory[slot >> Pages::kChunkBits]} *
                       LineArena::kChunkLines;
    slot &= kChunkMask;
  }
  return reinterpret_cast<const Terminal*>(line) + slot;
}

// Of any depth, with nodes.
Terminal FindInMixedPages(const Line* lines, const Pages& pages, uint64_t a);

}  // namespace planish::internal

#endif  // PLANISH_DISPATCH_PAGES_H_
