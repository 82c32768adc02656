#include "planish/dispatch/reservation.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "planish/base/check.h"

namespace planish {
namespace {

size_t RoundUp(size_t n, size_t to) { return (n + to - 1) / to * to; }

}  // namespace

Reservation::Reservation(size_t bytes) : bytes_(RoundUp(bytes, kPage)) {
  const size_t more = bytes_ < kHugePage ? 0 : kHugePage;
  void* memory = mmap(nullptr, bytes_ + more, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  PLANISH_CHECK(memory != MAP_FAILED, "D5: no address space for a table");
  data_ = static_cast<std::byte*>(memory);
  if (more == 0) return;
  // What sticks out on either side of huge pages goes back.
  const auto address = reinterpret_cast<uintptr_t>(data_);
  const size_t before = RoundUp(address, kHugePage) - address;
  if (before != 0) munmap(data_, before);
  data_ += before;
  if (before != more) munmap(data_ + bytes_, more - before);
}

Reservation::~Reservation() {
  Unpoison(data_, bytes_);
  munmap(data_, bytes_);
}

void Reservation::WantHugePages(size_t begin, size_t bytes) {
  const size_t first = RoundUp(begin, kHugePage);
  const size_t end = (begin + bytes) / kHugePage * kHugePage;
  if (end <= first) return;
  madvise(data_ + first, end - first, MADV_HUGEPAGE);
  huge_pages_ = true;
}

void Reservation::NoHugePages(size_t begin, size_t end) {
  const size_t first = RoundUp(begin, kHugePage);
  if (!huge_pages_ || end <= first) return;
  madvise(data_ + first, end - first, MADV_NOHUGEPAGE);
}

bool Reservation::ReleaseSome(size_t begin, size_t bytes, size_t& done,
                              size_t& budget) {
  // A huge page goes as a whole: splitting it costs more.
  const size_t step = huge_pages_ ? kHugePage : kHugePage / 8;
  while (done < bytes) {
    if (budget == 0) return false;
    const size_t first = RoundUp(begin + done, kPage);
    const size_t end = std::min((begin + done) / step * step + step,
                                RoundUp(begin + bytes, kPage));
    if (first < end) {
      madvise(data_ + first, std::min(end, bytes_) - first, MADV_DONTNEED);
    }
    budget -= std::min(budget, (end - first) / kPage);
    done = end - begin;
  }
  return true;
}

}  // namespace planish
