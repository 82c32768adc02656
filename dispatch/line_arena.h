// LineArena: the memory of a table and of its older versions: cache lines,
// named by 32-bit numbers, which never move. Address space is reserved at once,
// memory is taken when it is first written.
//
//    lines     0                       blocks_begin()
//              | c0 | c1 | c2 | ...    | b |  b  | b |    b    | ...
//              chunks, 32 lines each;  blocks, 1 line or more
//              chunk n is line 32 * n
//
// Chunks are apart so that they can also be named by number, in two bytes.
// Freed ones go to a list for each size, last freed first used. A line knows
// the commit that took it (PROTOCOL V3), in the 4 bytes that link it when it is
// free.
//
// INVARIANTS  A line is used, or free, or was never taken; the caller says when
//   it is freed, with the size that it was taken with. Line 0 is used by
//   nobody, so that 0 can mean "none".
// THREAD SAFETY  The writer's. Readers read lines that no longer change.
// ERRORS  HasRoom() is to be asked first: taking more than there is aborts.
// COST  New, Free: O(1), a page fault at times. 4 bytes a line of a block, 4 a
//   chunk.

#ifndef PLANISH_DISPATCH_LINE_ARENA_H_
#define PLANISH_DISPATCH_LINE_ARENA_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "planish/dispatch/reservation.h"

namespace planish {

struct alignas(64) Line {
  std::byte bytes[64];
};

class LineArena {
 public:
  static constexpr uint32_t kChunkLines = 32;

  // Room for that many chunks, and lines in blocks.
  LineArena(size_t chunks, size_t block_lines);
  LineArena(const LineArena&) = delete;
  LineArena& operator=(const LineArena&) = delete;

  // Their content is undefined.
  uint32_t NewChunk(uint32_t born);
  uint32_t NewBlock(size_t lines, uint32_t born);
  // `line` is the first one, and `lines` as many as were asked for.
  void Free(uint32_t line, size_t lines);

  // What `born` was for the chunk or block that begins at `line`.
  uint32_t born(uint32_t line) const { return *BirthOf(line); }
  bool IsChunk(uint32_t line) const { return line < blocks_begin(); }
  bool HasRoom(size_t chunks, size_t block_lines) const;
  // Half of either is taken.
  bool IsRunningLow() const {
    return 2 * chunks_taken_ > max_chunks_ ||
           2 * lines_taken_ > max_block_lines_;
  }

  template <typename T>
  T* At(uint32_t line) {
    return reinterpret_cast<T*>(lines_ + line);
  }
  template <typename T>
  const T* At(uint32_t line) const {
    return reinterpret_cast<const T*>(lines_ + line);
  }
  const Line* data() const { return lines_; }

  // Asks the host for huge pages, where that many chunks and lines will be, or
  // more if there are.
  void WantHugePages(size_t chunks, size_t block_lines);
  // Asks for none where nothing was taken yet: clearing one takes longer than
  // who needs a line may wait.
  void NoMoreHugePages();

  // Gives the memory back, a page for each node of `budget` that it takes. True
  // when all is gone. Nothing may be asked for once it has begun.
  bool ReleaseSome(size_t& budget);

  // Of all that was ever taken, free or not, and what is known of it.
  size_t taken_bytes() const;
  size_t taken_lines() const;
  // Not asked for at present.
  size_t free_lines() const { return free_lines_; }

 private:
  uint32_t blocks_begin() const { return blocks_begin_; }
  uint32_t* BirthOf(uint32_t line) const {
    return IsChunk(line) ? chunk_births_ + line / kChunkLines
                         : block_births_ + (line - blocks_begin_);
  }

  const size_t max_chunks_;
  const size_t max_block_lines_;
  const uint32_t blocks_begin_;
  Reservation memory_;
  Line* lines_;
  uint32_t* block_births_;
  uint32_t* chunk_births_;
  size_t chunks_taken_ = 1;  // Chunk 0 holds line 0.
  size_t lines_taken_ = 0;
  size_t free_lines_ = 0;
  size_t released_[3] = {};  // Of the chunks, the blocks and the births.
  uint32_t free_chunk_ = 0;
  std::vector<uint32_t> free_blocks_;  // By size, in lines.
};

}  // namespace planish

#endif  // PLANISH_DISPATCH_LINE_ARENA_H_
