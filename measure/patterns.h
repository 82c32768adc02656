// Which addresses a benchmark asks for, in which order.
//
//   same         one address in one range
//   alternating  two ranges in turn
//   streams      16 interleaved, each going up through its range 512 bytes at a
//                time and then on to the next range
//   zipf         range k of a random order as often as 1/k
//   uniform      a range at random, then an offset in it
//   cold         as uniform, after all caches were filled with something else
//
// Addresses are made beforehand and read in order, so the generator costs the
// loop one load that the hardware foresees.

#ifndef PLANISH_MEASURE_PATTERNS_H_
#define PLANISH_MEASURE_PATTERNS_H_

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "planish/measure/maps.h"

namespace planish::measure {

enum class Pattern { kSame, kAlternating, kStreams, kZipf, kUniform, kCold };

inline constexpr std::array<std::pair<Pattern, const char*>, 6> kPatterns = {{
    {Pattern::kSame, "same"},
    {Pattern::kAlternating, "alternating"},
    {Pattern::kStreams, "streams"},
    {Pattern::kZipf, "zipf"},
    {Pattern::kUniform, "uniform"},
    {Pattern::kCold, "cold"},
}};

// `count` addresses. REQUIRES: `map` isn't empty.
inline std::vector<uint64_t> MakeAddresses(Pattern pattern,
                                           const std::vector<MapRange>& map,
                                           size_t count, uint64_t seed) {
  Rng rng(seed);
  const size_t n = map.size();
  const auto within = [&](const MapRange& range) {
    const uint64_t size = range.last - range.first + 1;  // 0: all of 2^64.
    return range.first + (size == 0 ? rng.Next() : rng.Below(size));
  };
  std::vector<uint64_t> addresses;
  addresses.reserve(count);
  switch (pattern) {
    case Pattern::kSame:
      addresses.assign(count, within(map[n / 2]));
      break;
    case Pattern::kAlternating: {
      const uint64_t two[] = {within(map[n / 3]), within(map[n - 1])};
      for (size_t i = 0; i < count; ++i) addresses.push_back(two[i % 2]);
      break;
    }
    case Pattern::kStreams: {
      struct Stream {
        size_t range;
        uint64_t offset;
      };
      std::array<Stream, 16> streams;
      for (Stream& stream : streams) stream = {rng.Below(n), 0};
      for (size_t i = 0; i < count; ++i) {
        Stream& stream = streams[i % streams.size()];
        const MapRange& range = map[stream.range];
        addresses.push_back(range.first + stream.offset);
        if (range.last - range.first - stream.offset >= 512) {
          stream.offset += 512;
        } else {
          stream = {(stream.range + 1) % n, 0};
        }
      }
      break;
    }
    case Pattern::kZipf: {
      std::vector<double> sums(n);
      double sum = 0;
      for (size_t k = 0; k < n; ++k) {
        sum += 1.0 / static_cast<double>(k + 1);
        sums[k] = sum;
      }
      std::vector<uint32_t> order(n);
      for (size_t k = 0; k < n; ++k) order[k] = static_cast<uint32_t>(k);
      for (size_t k = n; k > 1; --k) {
        std::swap(order[k - 1], order[rng.Below(k)]);
      }
      for (size_t i = 0; i < count; ++i) {
        const double at = sum * static_cast<double>(rng.Next() >> 11) * 0x1p-53;
        const auto k = static_cast<size_t>(
            std::lower_bound(sums.begin(), sums.end(), at) - sums.begin());
        addresses.push_back(within(map[order[std::min(k, n - 1)]]));
      }
      break;
    }
    case Pattern::kUniform:
    case Pattern::kCold:
      for (size_t i = 0; i < count; ++i) {
        addresses.push_back(within(map[rng.Below(n)]));
      }
      break;
  }
  return addresses;
}

}  // namespace planish::measure

#endif  // PLANISH_MEASURE_PATTERNS_H_
