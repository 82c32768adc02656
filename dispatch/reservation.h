// Reservation: address space for something that must not move as it grows.
// Memory is the host's business: a page costs nothing until it is first
// written. Untouched bytes are zero.
//
// Under AddressSanitizer, Poison() makes memory that is free within it trap.
//
// THREAD SAFETY  A plain piece of memory.
// COST  Two or three system calls, and a page fault for each page, once.

#ifndef PLANISH_DISPATCH_RESERVATION_H_
#define PLANISH_DISPATCH_RESERVATION_H_

#include <cstddef>

#include "absl/base/config.h"

#if defined(ABSL_HAVE_ADDRESS_SANITIZER)
#include <sanitizer/asan_interface.h>
#endif

namespace planish {

class Reservation {
 public:
  static constexpr size_t kPage = 4096;
  static constexpr size_t kHugePage = size_t{2} << 20;

  explicit Reservation(size_t bytes);
  ~Reservation();
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;

  // At a page; at a huge one, from one of these on.
  std::byte* data() { return data_; }

  // Asks for huge pages where whole ones lie within `bytes` from `begin` on,
  // since one that is touched must be cleared, which takes a while. A refusal
  // costs speed only.
  void WantHugePages(size_t begin, size_t bytes);
  // Asks for none from `begin` to `end`, where that was asked for.
  void NoHugePages(size_t begin, size_t end);

  // Gives back the memory, not the addresses, of `bytes` from `begin` on, a
  // page for each node of `budget` that it takes. True when all of it is gone;
  // until then, call it again. `done` is 0 at first, and kept by the caller.
  bool ReleaseSome(size_t begin, size_t bytes, size_t& done, size_t& budget);

  static void Poison(void* memory, size_t bytes) {
#if defined(ABSL_HAVE_ADDRESS_SANITIZER)
    ASAN_POISON_MEMORY_REGION(memory, bytes);
#else
    static_cast<void>(memory);
    static_cast<void>(bytes);
#endif
  }
  static void Unpoison(void* memory, size_t bytes) {
#if defined(ABSL_HAVE_ADDRESS_SANITIZER)
    ASAN_UNPOISON_MEMORY_REGION(memory, bytes);
#else
    static_cast<void>(memory);
    static_cast<void>(bytes);
#endif
  }

 private:
  std::byte* data_ = nullptr;
  size_t bytes_;
  bool huge_pages_ = false;
};

}  // namespace planish

#endif  // PLANISH_DISPATCH_RESERVATION_H_
