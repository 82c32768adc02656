#include "planish/dispatch/line_arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <utility>

#include "planish/base/check.h"

namespace planish {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kMaxLines = size_t{1} << 32;

size_t RoundUp(size_t n, size_t to) { return (n + to - 1) / to * to; }

bool IsMapped(size_t lines) { return lines * sizeof(Line) >= kHugePage; }

// Zeroed; a multiple of huge pages and aligned to them if IsMapped().
Line* Allocate(size_t lines, bool huge_pages) {
  const size_t bytes = lines * sizeof(Line);
  if (!IsMapped(lines)) {
    void* memory = ::operator new(bytes, std::align_val_t(alignof(Line)));
    std::memset(memory, 0, bytes);
    return static_cast<Line*>(memory);
  }
  // One huge page more than needed; what sticks out on either side goes back.
  void* memory = mmap(nullptr, bytes + kHugePage, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  PLANISH_CHECK(memory != MAP_FAILED, "no memory for a dispatch table");
  std::byte* const begin = static_cast<std::byte*>(memory);
  const size_t before = RoundUp(reinterpret_cast<uintptr_t>(begin), kHugePage) -
                        reinterpret_cast<uintptr_t>(begin);
  if (before != 0) munmap(begin, before);
  munmap(begin + before + bytes, kHugePage - before);
  // A refusal costs speed only.
  if (huge_pages) madvise(begin + before, bytes, MADV_HUGEPAGE);
  return reinterpret_cast<Line*>(begin + before);
}

void Free(Line* memory, size_t lines) {
  if (memory == nullptr) return;
  if (IsMapped(lines)) {
    munmap(memory, lines * sizeof(Line));
  } else {
    ::operator delete(memory, std::align_val_t(alignof(Line)));
  }
}

size_t RoundCapacity(size_t lines) {
  if (!IsMapped(lines)) return lines;
  return RoundUp(lines, kHugePage / sizeof(Line));
}

}  // namespace

LineArena::LineArena(size_t lines, bool huge_pages)
    : size_(1), capacity_(RoundCapacity(lines + 1)), huge_pages_(huge_pages) {
  lines_ = Allocate(capacity_, huge_pages_);
}

LineArena::~LineArena() { Free(lines_, capacity_); }

LineArena::LineArena(LineArena&& other) noexcept
    : lines_(std::exchange(other.lines_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)),
      huge_pages_(other.huge_pages_) {}

uint32_t LineArena::Append(size_t lines) {
  if (size_ + lines > capacity_) {
    const size_t capacity =
        RoundCapacity(std::max(size_ + lines, capacity_ + capacity_ / 2));
    PLANISH_CHECK(capacity <= kMaxLines, "a dispatch table of 256 GiB");
    Line* const grown = Allocate(capacity, huge_pages_);
    std::memcpy(static_cast<void*>(grown), lines_, size_ * sizeof(Line));
    Free(lines_, capacity_);
    lines_ = grown;
    capacity_ = capacity;
  }
  return static_cast<uint32_t>(std::exchange(size_, size_ + lines));
}

}  // namespace planish
