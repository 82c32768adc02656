// An array on huge pages, as our tables are: what a rival loses by small pages
// would say nothing about its structure.

#ifndef PLANISH_MEASURE_RIVALS_HUGE_VECTOR_H_
#define PLANISH_MEASURE_RIVALS_HUGE_VECTOR_H_

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace planish::measure {

// T is trivially copyable, and zero is a value of it.
template <typename T>
class HugeVector {
 public:
  HugeVector() = default;
  ~HugeVector() { std::free(data_); }
  HugeVector(const HugeVector&) = delete;
  HugeVector& operator=(const HugeVector&) = delete;

  void Resize(size_t size) {
    if (size > capacity_) {
      constexpr size_t kHuge = size_t{2} << 20;
      const size_t wanted = size + size / 2;
      const size_t bytes = (wanted * sizeof(T) + kHuge - 1) / kHuge * kHuge;
      void* memory = std::aligned_alloc(kHuge, bytes);
      madvise(memory, bytes, MADV_HUGEPAGE);
      std::memset(memory, 0, bytes);
      if (size_ != 0) std::memcpy(memory, data_, size_ * sizeof(T));
      std::free(std::exchange(data_, static_cast<T*>(memory)));
      capacity_ = bytes / sizeof(T);
    }
    size_ = size;
  }
  size_t size() const { return size_; }
  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }

 private:
  T* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace planish::measure

#endif  // PLANISH_MEASURE_RIVALS_HUGE_VECTOR_H_
