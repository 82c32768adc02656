#include "planish/dispatch/line_arena.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "planish/base/check.h"
#include "planish/dispatch/reservation.h"

namespace planish {
namespace {

// So that terminals, four a line, have 32-bit numbers too.
constexpr size_t kMaxLines = size_t{1} << 30;

size_t ChunkBytes(size_t chunks) {
  return chunks * LineArena::kChunkLines * sizeof(Line);
}

// So that blocks begin at a page, and at a huge one if there are many chunks.
size_t RoundChunks(size_t chunks) {
  const size_t to = ChunkBytes(chunks) < Reservation::kHugePage
                        ? Reservation::kPage / ChunkBytes(1)
                        : Reservation::kHugePage / ChunkBytes(1);
  return (chunks + to - 1) / to * to;
}

}  // namespace

LineArena::LineArena(size_t chunks, size_t block_lines)
    : max_chunks_(RoundChunks(chunks + 1)),
      max_block_lines_(block_lines),
      blocks_begin_(static_cast<uint32_t>(max_chunks_ * kChunkLines)),
      memory_(ChunkBytes(max_chunks_) + max_block_lines_ * sizeof(Line) +
              (max_chunks_ + max_block_lines_) * sizeof(uint32_t)),
      lines_(reinterpret_cast<Line*>(memory_.data())),
      block_births_(
          reinterpret_cast<uint32_t*>(lines_ + blocks_begin_ + block_lines)),
      chunk_births_(block_births_ + block_lines) {
  PLANISH_CHECK(blocks_begin_ + block_lines <= kMaxLines,
                "D5: a dispatch table of 64 GiB");
}

uint32_t LineArena::NewChunk(uint32_t born) {
  uint32_t line = free_chunk_;
  if (line != 0) {
    free_chunk_ = *BirthOf(line);
    free_lines_ -= kChunkLines;
  } else {
    PLANISH_CHECK(chunks_taken_ < max_chunks_, "D5: no room for a chunk");
    line = static_cast<uint32_t>(chunks_taken_++ * kChunkLines);
  }
  Reservation::Unpoison(lines_ + line, ChunkBytes(1));
  *BirthOf(line) = born;
  return line;
}

uint32_t LineArena::NewBlock(size_t lines, uint32_t born) {
  const size_t largest =
      std::min(2 * lines, std::max<size_t>(free_blocks_.size(), 1) - 1);
  size_t size = lines;
  while (size <= largest && free_blocks_[size] == 0) ++size;
  uint32_t line = 0;
  if (size <= largest) {
    line = free_blocks_[size];
    free_blocks_[size] = *BirthOf(line);
    free_lines_ -= lines;
  } else {
    PLANISH_CHECK(lines_taken_ + lines <= max_block_lines_,
                  "D5: no room for a block");
    line = blocks_begin_ + static_cast<uint32_t>(lines_taken_);
    lines_taken_ += lines;
    if (lines > 1) *BirthOf(line + 1) = static_cast<uint32_t>(lines);
  }
  Reservation::Unpoison(lines_ + line, lines * sizeof(Line));
  *BirthOf(line) = born;
  return line;
}

void LineArena::Free(uint32_t line, size_t lines) {
  uint32_t* list = &free_chunk_;
  if (!IsChunk(line)) {
    const size_t size = lines > 1 ? *BirthOf(line + 1) : lines;
    if (size >= free_blocks_.size()) free_blocks_.resize(size + 1);
    list = &free_blocks_[size];
  }
  *BirthOf(line) = std::exchange(*list, line);
  free_lines_ += lines;
  Reservation::Poison(lines_ + line, lines * sizeof(Line));
}

bool LineArena::HasRoom(size_t chunks, size_t block_lines) const {
  return chunks <= max_chunks_ - chunks_taken_ &&
         block_lines <= max_block_lines_ - lines_taken_;
}

void LineArena::WantHugePages(size_t chunks, size_t block_lines) {
  memory_.WantHugePages(0, ChunkBytes(std::max(chunks, chunks_taken_)));
  memory_.WantHugePages(ChunkBytes(max_chunks_),
                        std::max(block_lines, lines_taken_) * sizeof(Line));
}

void LineArena::NoMoreHugePages() {
  const size_t blocks = ChunkBytes(max_chunks_);
  memory_.NoHugePages(ChunkBytes(chunks_taken_), blocks);
  memory_.NoHugePages(blocks + lines_taken_ * sizeof(Line),
                      blocks + max_block_lines_ * sizeof(Line));
}

bool LineArena::ReleaseSome(size_t& budget) {
  const size_t births =
      ChunkBytes(max_chunks_) + max_block_lines_ * sizeof(Line);
  const size_t births_bytes =
      (max_block_lines_ + chunks_taken_) * sizeof(uint32_t);
  return memory_.ReleaseSome(0, ChunkBytes(chunks_taken_), released_[0],
                             budget) &&
         memory_.ReleaseSome(ChunkBytes(max_chunks_),
                             lines_taken_ * sizeof(Line), released_[1],
                             budget) &&
         memory_.ReleaseSome(births, births_bytes, released_[2], budget);
}

size_t LineArena::taken_lines() const {
  return (chunks_taken_ - 1) * kChunkLines + lines_taken_;
}

size_t LineArena::taken_bytes() const {
  return taken_lines() * sizeof(Line) +
         (chunks_taken_ + lines_taken_) * sizeof(uint32_t) +
         free_blocks_.capacity() * sizeof(uint32_t);
}

}  // namespace planish
