// How bytes of guest memory are touched: other threads and the guest itself
// touch them at the same time, and that is no mistake of ours.
//
//   aligned, of 1, 2, 4 or 8 bytes   single-copy atomic: all of it or nothing
//   anything else                    byte by byte, in any order
//
// The order between accesses is the caller's: these are relaxed.
//
// THREAD SAFETY  Any thread. ThreadSanitizer sees atomics, so it reports races
//   of the host's own data and not those of a guest.
// COST  Fixed width: one instruction, and a test of the alignment. Copies: as
//   memmove(3).

#ifndef PLANISH_SPACE_GUEST_MEMORY_H_
#define PLANISH_SPACE_GUEST_MEMORY_H_

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "planish/regions/region_ops.h"

#if defined(__SANITIZE_THREAD__)
#define PLANISH_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define PLANISH_TSAN 1
#endif
#endif

namespace planish::internal {

// What can be loaded and stored.
template <typename T>
concept GuestWord =
    std::unsigned_integral<T> && !std::same_as<T, bool> && sizeof(T) <= 8;

template <typename T>
constexpr T ByteSwap(T value) {
  if constexpr (sizeof(T) == 2) return __builtin_bswap16(value);
  if constexpr (sizeof(T) == 4) return __builtin_bswap32(value);
  if constexpr (sizeof(T) == 8) return __builtin_bswap64(value);
  return value;
}

// Between the host's order and another.
template <typename T>
constexpr T Ordered(T value, ByteOrder order) {
  return order == kHostByteOrder ? value : ByteSwap(value);
}

inline bool IsAligned(const std::byte* p, size_t size) {
  return (reinterpret_cast<uintptr_t>(p) & (size - 1)) == 0;
}

// ---- Copies.

#ifdef PLANISH_TSAN
inline void MoveGuest(std::byte* to, const std::byte* from, size_t bytes) {
  const bool backwards = std::less<>()(from, to);
  for (size_t i = 0; i < bytes; ++i) {
    const size_t at = backwards ? bytes - 1 - i : i;
    __atomic_store_n(to + at, __atomic_load_n(from + at, __ATOMIC_RELAXED),
                     __ATOMIC_RELAXED);
  }
}
inline void FillGuest(std::byte* to, std::byte value, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) {
    __atomic_store_n(to + i, value, __ATOMIC_RELAXED);
  }
}
#else
inline void MoveGuest(std::byte* to, const std::byte* from, size_t bytes) {
  std::memmove(to, from, bytes);
}
inline void FillGuest(std::byte* to, std::byte value, size_t bytes) {
  std::memset(to, static_cast<int>(value), bytes);
}
#endif

// ---- Fixed width, in the host's order.

template <GuestWord T>
ABSL_ATTRIBUTE_ALWAYS_INLINE inline T LoadGuest(const std::byte* p) {
  if (ABSL_PREDICT_TRUE(IsAligned(p, sizeof(T)))) {
    return __atomic_load_n(reinterpret_cast<const T*>(p), __ATOMIC_RELAXED);
  }
  T value;
  MoveGuest(reinterpret_cast<std::byte*>(&value), p, sizeof(T));
  return value;
}

template <GuestWord T>
ABSL_ATTRIBUTE_ALWAYS_INLINE inline void StoreGuest(std::byte* p, T value) {
  if (ABSL_PREDICT_TRUE(IsAligned(p, sizeof(T)))) {
    __atomic_store_n(reinterpret_cast<T*>(p), value, __ATOMIC_RELAXED);
    return;
  }
  MoveGuest(p, reinterpret_cast<const std::byte*>(&value), sizeof(T));
}

// ---- Between guest memory and the host's own: atomic where the guest's side
// is aligned and `bytes` is a width. The two may overlap.

template <GuestWord T>
inline bool CopyWord(std::byte* to, const std::byte* from, bool out) {
  if (!IsAligned(out ? to : from, sizeof(T))) return false;
  if (out) {
    T value;
    std::memcpy(&value, from, sizeof(T));
    StoreGuest<T>(to, value);
  } else {
    const T value = LoadGuest<T>(from);
    std::memcpy(to, &value, sizeof(T));
  }
  return true;
}

// `out`: `to` is the guest's, else `from` is.
inline void CopyGuest(std::byte* to, const std::byte* from, size_t bytes,
                      bool out) {
  switch (bytes) {
    case 2:
      if (CopyWord<uint16_t>(to, from, out)) return;
      break;
    case 4:
      if (CopyWord<uint32_t>(to, from, out)) return;
      break;
    case 8:
      if (CopyWord<uint64_t>(to, from, out)) return;
      break;
    default:
      break;
  }
  MoveGuest(to, from, bytes);
}

}  // namespace planish::internal

#endif  // PLANISH_SPACE_GUEST_MEMORY_H_
