// Maps to measure and to test with: made, by kind, number and seed; the same
// on every machine.
//
//   spread     a space of 46 bits in n equal slots, one range somewhere in each
//   dense      packed from 3 GiB up, in order
//   iommu4k    n pages of 4 KiB side by side, each to a target of its own
//   power-law  clusters, few large and many small, anywhere in 46 bits
//   crowd      one half spread, the other packed into one slot of the former
//
// Sizes (not iommu4k): 4 KiB to 2 MiB, each power of two equally often, at a
// multiple of 4 KiB; one range in ten is smaller than a page, 64 bytes to 2
// KiB, at a multiple of its size. These are devices, and so is every second of
// the others; the rest is RAM.
//
// COST  O(n).

#ifndef PLANISH_MEASURE_MAPS_H_
#define PLANISH_MEASURE_MAPS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/strings/string_view.h"

namespace planish::measure {

enum class MapKind { kSpread, kDense, kIommu4k, kPowerLaw, kCrowd };

// "spread", "dense", "iommu4k", "power-law", "crowd".
absl::string_view MapKindName(MapKind kind);
// Nothing if `name` is none of these.
std::optional<MapKind> ParseMapKind(absl::string_view name);

struct MapRange {
  uint64_t first;
  uint64_t last;  // Inclusive.
  bool is_ram;
};

// `n` ranges, ascending, apart from one another. REQUIRES: n <= 2^21.
std::vector<MapRange> MakeMap(MapKind kind, size_t n, uint64_t seed);

// A small generator of random numbers with a fixed algorithm (SplitMix64), as
// the standard library's distributions differ between implementations.
class Rng {
 public:
  explicit Rng(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    state_ += 0x9e3779b97f4a7c15;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // 0 to bound - 1, near enough to evenly. REQUIRES: bound > 0.
  uint64_t Below(uint64_t bound) { return Next() % bound; }

 private:
  uint64_t state_;
};

}  // namespace planish::measure

#endif  // PLANISH_MEASURE_MAPS_H_
