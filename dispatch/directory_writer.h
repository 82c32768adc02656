// DirectoryWriter: writes the next version of a radix or page root. What both
// are made of, slots in chunks, below up to two directories, is copied here,
// along the paths to the slots that changed; what a slot holds is the business
// of a SlotWriter.
//
//    directory     [ 7 | 7 | 3 | 9 ]   ->   [ 7 | 7 | 12 | 9 ]
//                    |   |   |   |            |   |    |   |
//                   [ u    ][ a ][ b ]       [ u    ][ a' ][ b ]
//
// A chunk whose slots all lie in one run is the same wherever it stands, so
// that such neighbours share one: u. So do the middle nodes of two directories.
//
// INVARIANTS  The entries that share a chunk or a middle node follow one
// another.
//   (A run's entries do, and what is shared stays where it is as long as its
//   run is the same.) So one of them is still used if a neighbour of what is
//   replaced has it, and is retired once if none does.
// COST  Write: the directories on the path, and 2 KiB for each chunk; slots
//   inside a long run cost 2 bytes each 32, or 4 each 8192.

#ifndef PLANISH_DISPATCH_DIRECTORY_WRITER_H_
#define PLANISH_DISPATCH_DIRECTORY_WRITER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "planish/dispatch/changes.h"
#include "planish/dispatch/line_arena.h"
#include "planish/dispatch/slot_grid.h"
#include "planish/dispatch/table_memory.h"
#include "planish/dispatch/terminal.h"

namespace planish::internal {

// [first, last] of slots or chunks, both included.
struct SlotSpan {
  uint64_t first;
  uint64_t last;
};

// The slots of `grid` that must be written anew. Ascending, with gaps.
std::vector<SlotSpan> DirtySlots(const Changes& changes, const SlotGrid& grid);

// What slots hold. `slots` is where some stand side by side.
class SlotWriter {
 public:
  virtual ~SlotWriter() = default;

  // Writes the slots in `span` to `to`: those in `dirty` from the new runs, the
  // others as they were in `from`; all anew if that is null. What is below the
  // old ones in `dirty` is retired or used. Repeats the last one until there
  // are `room` slots.
  virtual void Write(SlotSpan span, uint64_t room,
                     absl::Span<const SlotSpan> dirty, const Line* from,
                     Line* to) = 0;
  // The slots of a chunk that lies in `run`.
  virtual void WriteUniform(const Terminal& run, Line* to) = 0;
  // Whether the slots, which lie in `run`, are as WriteUniform() would have
  // them.
  virtual bool IsUniform(const Line* slots, const Terminal& run) const = 0;
  // Retires what is below slots that are not written again.
  virtual void DropBelow(const Line* slots, uint64_t count) = 0;
  // Retires what slots have beside their own lines, when these are retired.
  virtual void DropBeside(const Line* slots, uint64_t count) = 0;
};

class DirectoryWriter {
 public:
  struct Shape {
    SlotGrid grid;
    int chunk_bits;   // Slots in a chunk: 2^chunk_bits.
    int middle_bits;  // Entries in a middle node: 2^middle_bits.
    int depth;        // Of directories.

    uint64_t slots_per_chunk() const { return uint64_t{1} << chunk_bits; }
    uint64_t chunks() const { return ((grid.slots() - 1) >> chunk_bits) + 1; }
    // The lines of a root without directories.
    size_t flat_lines() const {
      return ((grid.slots() * LineArena::kChunkLines - 1) >> chunk_bits) + 1;
    }
    // The lines of the directory that is the root.
    size_t root_lines() const;
  };

  DirectoryWriter(const Shape& shape, const Changes& changes,
                  MemoryWriter& memory, SlotWriter& slots)
      : shape_(shape), changes_(changes), memory_(memory), slots_(slots) {}

  // The root of the next version of what `old_root` names, or of the first one
  // if that is 0.
  uint32_t Write(uint32_t old_root);

 private:
  // Tells which of the old lines in the entries that are replaced are used no
  // more, once each.
  class Replaced;

  uint32_t WriteFlat();
  uint32_t WriteOne();
  uint32_t WriteTwo();
  std::vector<SlotSpan> DirtyChunks() const;

  uint64_t FirstOf(uint64_t chunk) const {
    return shape_.grid.First(chunk << shape_.chunk_bits);
  }
  uint64_t LastOf(uint64_t chunk) const {
    return chunk == shape_.chunks() - 1
               ? UINT64_MAX
               : shape_.grid.Last(((chunk + 1) << shape_.chunk_bits) - 1);
  }
  SlotSpan SlotsOf(uint64_t chunk) const {
    const uint64_t first = chunk << shape_.chunk_bits;
    return {
        first,
        std::min(first + shape_.slots_per_chunk(), shape_.grid.slots()) - 1};
  }
  // In the old version; 0 if there is none.
  uint32_t OldChunk(uint64_t chunk) const;
  uint32_t OldMiddle(uint64_t middle) const;

  // The chunk's line in the new version. `before` is that of the chunk before.
  // REQUIRES: called with ascending chunks.
  uint32_t NextChunk(uint64_t chunk, uint32_t before);
  // A chunk that lies in `run`: one of these lines, if it is one, or a new one.
  uint32_t UniformChunk(const Terminal& run, uint32_t old, uint32_t before);
  bool IsUniform(uint32_t chunk, const Terminal& run) const {
    return chunk != 0 && slots_.IsUniform(memory_.At<Line>(chunk), run);
  }
  // As UniformChunk(), for a middle node.
  uint32_t UniformMiddle(const Terminal& run, SlotSpan chunks, uint32_t old,
                         uint32_t before, uint32_t chunk_before);
  bool IsUniformMiddle(uint32_t middle, uint64_t chunks,
                       const Terminal& run) const;
  // All `chunks`, those of a middle node, are `now`.
  void ReplaceChunks(SlotSpan chunks, uint32_t old_middle, uint32_t now,
                     Replaced& replaced);
  void DropBelow(uint64_t chunk, uint32_t old);
  void RetireChunk(uint32_t chunk);

  const Shape shape_;
  const Changes& changes_;
  MemoryWriter& memory_;
  SlotWriter& slots_;
  uint32_t old_root_ = 0;
  std::vector<SlotSpan> dirty_;
  uint32_t dropped_ = 0;  // The old chunk that DropBelow() had last.
  size_t at_dirty_ = 0;   // The first that ends in the present chunk or behind.
};

}  // namespace planish::internal

#endif  // PLANISH_DISPATCH_DIRECTORY_WRITER_H_
