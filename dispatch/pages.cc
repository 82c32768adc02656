#include "planish/dispatch/pages.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/types/span.h"
#include "planish/dispatch/line_arena.h"
#include "planish/dispatch/terminal.h"

namespace planish::internal {
namespace {

constexpr uint64_t kMaxFlat = 1024;  // Slots: 16 KiB.
constexpr uint64_t kChunkSlots = uint64_t{1} << Pages::kChunkBits;
constexpr size_t kTerminalsPerLine = sizeof(Line) / sizeof(Terminal);
constexpr size_t kEntriesPerLine = sizeof(Line) / sizeof(uint32_t);

struct Ends {
  uint64_t first;  // Boundary: where the second run begins.
  uint64_t final;  // Where the last one does.
};

Ends EndsOf(absl::Span<const Terminal> runs) {
  return {runs.front().last + 1, runs[runs.size() - 2].last + 1};
}

// Fills `count` slots from `slot` on; `at` is a run at or below, moved on.
void FillSlots(absl::Span<const Terminal> runs, const Pages& pages,
               uint64_t slot, uint64_t count, size_t& at, Terminal* out) {
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t first = pages.base + ((slot + i) << pages.shift);
    while (runs[at].last < first) ++at;
    out[i] = runs[at];
  }
}

}  // namespace

std::optional<int> PlanPages(absl::Span<const Terminal> runs) {
  if (runs.size() < 2) return std::nullopt;
  uint64_t all = 0;
  for (size_t i = 0; i + 1 < runs.size(); ++i) all |= runs[i].last + 1;
  const int shift = std::countr_zero(all);
  const Ends ends = EndsOf(runs);
  const uint64_t slots_between = (ends.final - ends.first) >> shift;
  if (slots_between > 2 * runs.size()) return std::nullopt;
  return shift;
}

Pages BuildPages(absl::Span<const Terminal> runs, int shift, LineArena& arena) {
  const Ends ends = EndsOf(runs);
  Pages pages = {};
  pages.shift = static_cast<uint8_t>(shift);
  pages.base = ends.first - (uint64_t{1} << shift);
  const uint64_t slots = ((ends.final - pages.base) >> shift) + 1;
  pages.window = ((slots - 1) << shift) + ((uint64_t{1} << shift) - 1);
  size_t at = 0;
  if (slots <= kMaxFlat) {
    pages.root =
        arena.Append((slots + kTerminalsPerLine - 1) / kTerminalsPerLine);
    FillSlots(runs, pages, 0, slots, at, arena.At<Terminal>(pages.root));
    return pages;
  }
  pages.has_directory = true;
  const uint64_t chunks = (slots + kChunkSlots - 1) / kChunkSlots;
  pages.root = arena.Append((chunks + kEntriesPerLine - 1) / kEntriesPerLine);
  size_t shared_run = runs.size();
  uint32_t shared_chunk = 0;
  for (uint64_t chunk = 0; chunk < chunks; ++chunk) {
    const uint64_t slot = chunk * kChunkSlots;
    const uint64_t count = std::min(kChunkSlots, slots - slot);
    const uint64_t first = pages.base + (slot << shift);
    while (runs[at].last < first) ++at;
    const bool uniform =
        runs[at].last >= first + ((count - 1) << shift) && count == kChunkSlots;
    if (!uniform || at != shared_run) {
      const size_t run = at;
      const uint32_t line = arena.Append(kChunkSlots / kTerminalsPerLine);
      FillSlots(runs, pages, slot, count, at, arena.At<Terminal>(line));
      shared_chunk = line;
      shared_run = uniform ? run : runs.size();
    }
    arena.At<uint32_t>(pages.root)[chunk] = shared_chunk;
  }
  return pages;
}

}  // namespace planish::internal
