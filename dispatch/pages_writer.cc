#include "planish/dispatch/pages_writer.h"

#include <algorithm>
#include <cstdint>

#include "absl/types/span.h"
#include "planish/dispatch/changes.h"
#include "planish/dispatch/directory_writer.h"
#include "planish/dispatch/line_arena.h"
#include "planish/dispatch/pages.h"
#include "planish/dispatch/slot_grid.h"
#include "planish/dispatch/slot_trees.h"
#include "planish/dispatch/table_memory.h"
#include "planish/dispatch/terminal.h"

namespace planish::internal {
namespace {

class PageSlots final : public SlotWriter {
 public:
  PageSlots(const SlotGrid& grid, const Changes& changes, MemoryWriter& memory)
      : grid_(grid), changes_(changes), trees_(changes, memory) {}

  void Write(SlotSpan span, uint64_t room, absl::Span<const SlotSpan> dirty,
             const Line* from, Line* to) override {
    const auto* old = reinterpret_cast<const Terminal*>(from);
    auto* slots = reinterpret_cast<Terminal*>(to);
    const uint64_t count = span.last - span.first + 1;
    if (old != nullptr) std::copy_n(old, count, slots);
    const SlotSpan all[] = {span};
    if (old == nullptr) dirty = all;
    for (const SlotSpan& part : dirty) {
      if (part.first > span.last) break;
      const uint64_t last = std::min(part.last, span.last);
      for (uint64_t slot = std::max(part.first, span.first); slot <= last;
           ++slot) {
        Fill(slot, old == nullptr ? Payload() : old[slot - span.first].payload,
             slots[slot - span.first]);
      }
    }
    std::fill(slots + count, slots + room, slots[count - 1]);
  }

  void WriteUniform(const Terminal& run, Line* to) override {
    std::fill_n(reinterpret_cast<Terminal*>(to),
                uint64_t{1} << Pages::kChunkBits, run);
  }

  bool IsUniform(const Line* slots, const Terminal& run) const override {
    const auto& slot = *reinterpret_cast<const Terminal*>(slots);
    return slot.last == run.last && slot.payload == run.payload;
  }

  void DropBelow(const Line* slots, uint64_t count) override {
    const auto* slot = reinterpret_cast<const Terminal*>(slots);
    for (uint64_t i = 0; i < count; ++i) trees_.Drop(slot[i].payload);
  }
  void DropBeside(const Line*, uint64_t) override {}

  int64_t crowded() const { return trees_.added(); }

 private:
  void Fill(uint64_t slot, Payload old, Terminal& to) {
    const uint64_t first = grid_.First(slot);
    const uint64_t last = grid_.Last(slot);
    to = changes_.Find(first);
    if (to.last < last) {
      to = {trees_.Write(first, last, old), last};
    } else {
      trees_.Drop(old);
    }
  }

  const SlotGrid grid_;
  const Changes& changes_;
  SlotTrees trees_;
};

}  // namespace

Pages WritePages(Pages pages, const Changes& changes, MemoryWriter& memory,
                 int64_t& crowded) {
  const DirectoryWriter::Shape shape = {pages.grid(), Pages::kChunkBits,
                                        Pages::kMiddleBits, pages.depth};
  PageSlots slots(shape.grid, changes, memory);
  pages.root = DirectoryWriter(shape, changes, memory, slots).Write(pages.root);
  crowded = slots.crowded();
  return pages;
}

}  // namespace planish::internal
