#include "planish/measure/maps.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/strings/string_view.h"

namespace planish::measure {
namespace {

constexpr uint64_t kPage = 4096;
constexpr uint64_t kSpace = uint64_t{1} << 46;
constexpr uint64_t kDenseBase = uint64_t{3} << 30;

constexpr MapKind kKinds[] = {MapKind::kSpread, MapKind::kDense,
                              MapKind::kIommu4k, MapKind::kPowerLaw,
                              MapKind::kCrowd};

struct Shape {
  uint64_t size;
  uint64_t align;
  bool is_ram;
};

Shape RandomShape(Rng& rng) {
  if (rng.Below(10) == 0) {
    const uint64_t size = uint64_t{64} << rng.Below(6);
    return {size, size, false};
  }
  const uint64_t size = kPage << rng.Below(10);
  return {size, kPage, rng.Below(2) == 0};
}

uint64_t AlignUp(uint64_t n, uint64_t align) {
  return (n + align - 1) / align * align;
}

// Appends `n` ranges from `at` on, each up to `max_gap` behind the last.
void Pack(uint64_t at, size_t n, uint64_t max_gap, Rng& rng,
          std::vector<MapRange>& map) {
  for (size_t i = 0; i < n; ++i) {
    const Shape shape = RandomShape(rng);
    if (max_gap != 0) at += rng.Below(max_gap);
    at = AlignUp(at, shape.align);
    map.push_back({at, at + shape.size - 1, shape.is_ram});
    at += shape.size;
  }
}

void Spread(size_t n, Rng& rng, std::vector<MapRange>& map) {
  const uint64_t slot = kSpace / n;
  for (size_t i = 0; i < n; ++i) {
    const Shape shape = RandomShape(rng);
    const uint64_t first = AlignUp(
        i * slot + rng.Below(slot - shape.size - shape.align), shape.align);
    map.push_back({first, first + shape.size - 1, shape.is_ram});
  }
}

void Iommu4k(size_t n, std::vector<MapRange>& map) {
  for (size_t i = 0; i < n; ++i) {
    const uint64_t first = kDenseBase + i * kPage;
    map.push_back({first, first + kPage - 1, true});
  }
}

// An eighth of what is left goes to the next cluster, but at least four; at
// most 64 clusters, in places of equal size.
void PowerLaw(size_t n, Rng& rng, std::vector<MapRange>& map) {
  constexpr uint64_t kPlaces = 64;
  constexpr uint64_t kPlace = kSpace / kPlaces;
  std::vector<size_t> sizes;
  for (size_t left = n; left > 0;) {
    const size_t size = sizes.size() + 1 == kPlaces
                            ? left
                            : std::min(left, std::max<size_t>(left / 8, 4));
    sizes.push_back(size);
    left -= size;
  }
  // A shuffle, so that large and small ones lie side by side.
  for (size_t i = sizes.size(); i > 1; --i) {
    std::swap(sizes[i - 1], sizes[rng.Below(i)]);
  }
  for (size_t i = 0; i < sizes.size(); ++i) {
    Pack(i * kPlace + rng.Below(kPlace / 2), sizes[i], 16 * kPage, rng, map);
  }
}

void Crowd(size_t n, Rng& rng, std::vector<MapRange>& map) {
  const size_t spread = std::max<size_t>(n / 2, 1);
  Spread(spread, rng, map);
  const uint64_t top = map.back().last;
  Pack(AlignUp(top + 1, kPage), n - spread, 0, rng, map);
}

}  // namespace

absl::string_view MapKindName(MapKind kind) {
  switch (kind) {
    case MapKind::kSpread:
      return "spread";
    case MapKind::kDense:
      return "dense";
    case MapKind::kIommu4k:
      return "iommu4k";
    case MapKind::kPowerLaw:
      return "power-law";
    case MapKind::kCrowd:
      return "crowd";
  }
  return "?";
}

std::optional<MapKind> ParseMapKind(absl::string_view name) {
  for (const MapKind kind : kKinds) {
    if (MapKindName(kind) == name) return kind;
  }
  return std::nullopt;
}

std::vector<MapRange> MakeMap(MapKind kind, size_t n, uint64_t seed) {
  Rng rng(seed);
  std::vector<MapRange> map;
  map.reserve(n);
  if (n == 0) return map;
  switch (kind) {
    case MapKind::kSpread:
      Spread(n, rng, map);
      break;
    case MapKind::kDense:
      Pack(kDenseBase, n, 0, rng, map);
      break;
    case MapKind::kIommu4k:
      Iommu4k(n, map);
      break;
    case MapKind::kPowerLaw:
      PowerLaw(n, rng, map);
      break;
    case MapKind::kCrowd:
      Crowd(n, rng, map);
      break;
  }
  return map;
}

}  // namespace planish::measure
