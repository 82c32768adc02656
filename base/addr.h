// Addr, AddrRange, ByteCount: the three quantities of an address space, as
// types, so that an address is never mistaken for a length.
//
//   Addr        a byte address, 0 to 2^64-1.
//   AddrRange   [first, last], both ends inside. Never empty; [0, 2^64-1] is
//               as ordinary as any other. There is no "end": it would not fit.
//   ByteCount   a size, 0 to 2^64, both included. 65 bits, so cold code only.
//
// THREAD SAFETY  Plain values.
// ERRORS  Arithmetic that could leave the space returns std::optional.
// COST  Addr and AddrRange compile to one and two registers.

#ifndef PLANISH_BASE_ADDR_H_
#define PLANISH_BASE_ADDR_H_

#include <algorithm>
#include <compare>
#include <cstdint>
#include <optional>
#include <ostream>

namespace planish {

// 128-bit arithmetic for the writer's side: alias bases may be negative, and a
// region may end past 2^64. Never used on a lookup path.
// NOLINTBEGIN(modernize-use-using): __extension__ goes with typedef alone.
__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 Uint128;
// NOLINTEND(modernize-use-using)

// A byte address in some address space or region.
class Addr {
 public:
  constexpr Addr() = default;
  constexpr explicit Addr(uint64_t raw) : raw_(raw) {}

  constexpr uint64_t raw() const { return raw_; }

  friend constexpr auto operator<=>(Addr, Addr) = default;
  // The distance in bytes, modulo 2^64: right whenever a >= b.
  friend constexpr uint64_t operator-(Addr a, Addr b) {
    return a.raw_ - b.raw_;
  }

  static constexpr Addr Max() { return Addr(UINT64_MAX); }

 private:
  uint64_t raw_ = 0;
};

// Prints as 0x followed by lower-case hex digits.
std::ostream& operator<<(std::ostream& out, Addr a);

// A number of bytes from 0 to 2^64. Converts from uint64_t, so a literal is
// exact: unlike QEMU's constructors (SEMANTICS 1.1), UINT64_MAX means 2^64-1
// bytes and not 2^64, which has a name of its own.
class ByteCount {
 public:
  constexpr ByteCount() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): a literal is a size.
  constexpr ByteCount(uint64_t bytes) : bytes_(bytes) {}

  static constexpr ByteCount TwoTo64() {
    ByteCount all;
    all.bytes_ = static_cast<Uint128>(1) << 64;
    return all;
  }
  // std::nullopt past 2^64.
  static constexpr std::optional<ByteCount> FromWide(Uint128 bytes) {
    if (bytes > TwoTo64().bytes_) return std::nullopt;
    ByteCount count;
    count.bytes_ = bytes;
    return count;
  }

  constexpr Uint128 wide() const { return bytes_; }
  constexpr bool IsZero() const { return bytes_ == 0; }
  // The offset of the last byte. REQUIRES: !IsZero().
  constexpr uint64_t LastOffset() const {
    return static_cast<uint64_t>(bytes_ - 1);
  }

  friend constexpr auto operator<=>(ByteCount, ByteCount) = default;

 private:
  Uint128 bytes_ = 0;
};

// Prints as 0x followed by lower-case hex digits, 17 of them for 2^64.
std::ostream& operator<<(std::ostream& out, ByteCount count);

// The addresses from `first` to `last`, both included. Never empty.
struct AddrRange {
  Addr first;
  Addr last;

  static constexpr AddrRange All() { return {Addr(0), Addr::Max()}; }

  // std::nullopt if `size` is zero or the range would pass 2^64-1.
  static constexpr std::optional<AddrRange> FromSize(Addr first,
                                                     ByteCount size) {
    if (size.IsZero()) return std::nullopt;
    if (size.LastOffset() > UINT64_MAX - first.raw()) return std::nullopt;
    return AddrRange{first, Addr(first.raw() + size.LastOffset())};
  }

  constexpr bool Contains(Addr a) const { return first <= a && a <= last; }
  constexpr bool Contains(AddrRange r) const {
    return first <= r.first && r.last <= last;
  }
  constexpr bool Overlaps(AddrRange r) const {
    return first <= r.last && r.first <= last;
  }
  constexpr std::optional<AddrRange> Intersect(AddrRange r) const {
    if (!Overlaps(r)) return std::nullopt;
    return AddrRange{std::max(first, r.first), std::min(last, r.last)};
  }
  // True if `r` begins right behind this range.
  constexpr bool Touches(AddrRange r) const {
    return last != Addr::Max() && last.raw() + 1 == r.first.raw();
  }
  constexpr ByteCount size() const {
    // NOLINTNEXTLINE(bugprone-unchecked-optional-access): 2^64 at most.
    return *ByteCount::FromWide(static_cast<Uint128>(last.raw()) - first.raw() +
                                1);
  }

  friend constexpr bool operator==(AddrRange, AddrRange) = default;
};

// Prints as [0x1000, 0x1fff].
std::ostream& operator<<(std::ostream& out, AddrRange r);

}  // namespace planish

#endif  // PLANISH_BASE_ADDR_H_
