// LineArena: the memory of one table: cache lines, named by 32-bit numbers.
// Four bytes instead of eight make a directory half as large, and a table can
// be copied or moved as a whole.
//
// INVARIANTS  Line 0 is used by nobody, so that 0 can mean "none".
// THREAD SAFETY  Append() by one thread, before others read.
// LIFETIME  Pointers are good until the next Append(), numbers for ever.
// COST  Append: amortised O(lines), zeroed. From 2 MiB on, huge pages are asked
//   for with madvise(2) if the caller wants them; untouched pages cost nothing.

#ifndef PLANISH_DISPATCH_LINE_ARENA_H_
#define PLANISH_DISPATCH_LINE_ARENA_H_

#include <cstddef>
#include <cstdint>

namespace planish {

struct alignas(64) Line {
  std::byte bytes[64];
};

class LineArena {
 public:
  // Room for `lines` is made at once; more is found later, at the cost of a
  // copy.
  LineArena(size_t lines, bool huge_pages);
  ~LineArena();
  LineArena(LineArena&& other) noexcept;
  LineArena& operator=(LineArena&&) = delete;

  // The number of the first of `lines` new lines, which follow one another and
  // are zero.
  uint32_t Append(size_t lines);

  template <typename T>
  T* At(uint32_t line) {
    return reinterpret_cast<T*>(lines_ + line);
  }
  template <typename T>
  const T* At(uint32_t line) const {
    return reinterpret_cast<const T*>(lines_ + line);
  }
  const Line* data() const { return lines_; }
  size_t size_bytes() const { return size_ * sizeof(Line); }

 private:
  Line* lines_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
  bool huge_pages_;
};

}  // namespace planish

#endif  // PLANISH_DISPATCH_LINE_ARENA_H_
