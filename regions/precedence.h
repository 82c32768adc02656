// Precedence: who wins among the children of one container. The higher priority
// does; among equals, whoever was linked last (R2.2, R2.3).
//
// THREAD SAFETY  A plain value.

#ifndef PLANISH_REGIONS_PRECEDENCE_H_
#define PLANISH_REGIONS_PRECEDENCE_H_

#include <compare>
#include <cstdint>

#include "planish/base/addr.h"

namespace planish {

class Precedence {
 public:
  // Below that of every child.
  constexpr Precedence() = default;
  // `link_seq` is not 0, and no two children of a container have the same.
  constexpr Precedence(int32_t priority, uint64_t link_seq)
      // Biased, so that negative priorities come first.
      : raw_(Uint128{static_cast<uint32_t>(priority) ^ 0x80000000u} << 64 |
             link_seq) {}
  // Above that of every child.
  static constexpr Precedence Highest() {
    Precedence highest;
    highest.raw_ = ~Uint128{0};
    return highest;
  }

  constexpr uint64_t link_seq() const { return static_cast<uint64_t>(raw_); }

  friend constexpr auto operator<=>(Precedence, Precedence) = default;

 private:
  Uint128 raw_ = 0;
};

}  // namespace planish

#endif  // PLANISH_REGIONS_PRECEDENCE_H_
