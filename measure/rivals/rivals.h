// The rivals: what else could answer a lookup. Each is our own code, made once
// from the runs of a map and then only searched, and each fills the same
// answer: the 16 bytes of a Terminal, with payload and last address.
//
//   SortedVector    std::lower_bound over terminals
//   BinarySearch    branch-free, over the lasts alone
//   StdMap          std::map
//   AbslBtree       absl::btree_map
//   WideRoot        wide_root.h: a static radix, 4n root slots of 16 bytes
//   STree           s_tree.h: static, 8 keys a line, 9 children
//   PageArray       4 bytes a page: a floor, where it fits
//   OneCompare      keeps its last answer and compares with that: a floor,
//                   right while one run is asked for
//
// A rival may be faster than what could be patched; that is the point of it.

#ifndef PLANISH_MEASURE_RIVALS_RIVALS_H_
#define PLANISH_MEASURE_RIVALS_RIVALS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "absl/base/optimization.h"
#include "absl/container/btree_map.h"
#include "absl/types/span.h"
#include "planish/dispatch/terminal.h"

namespace planish::measure {

class SortedVector {
 public:
  static constexpr const char* kName = "sorted-vector";
  explicit SortedVector(absl::Span<const Terminal> runs)
      : runs_(runs.begin(), runs.end()) {}
  Terminal Find(uint64_t a) const {
    return *std::lower_bound(
        runs_.begin(), runs_.end(), a,
        [](const Terminal& run, uint64_t addr) { return run.last < addr; });
  }

 private:
  std::vector<Terminal> runs_;
};

class BinarySearch {
 public:
  static constexpr const char* kName = "binary-search";
  explicit BinarySearch(absl::Span<const Terminal> runs) {
    for (const Terminal& run : runs) {
      lasts_.push_back(run.last);
      payloads_.push_back(run.payload);
    }
  }
  Terminal Find(uint64_t a) const {
    const uint64_t* base = lasts_.data();
    for (size_t size = lasts_.size(); size > 1;) {
      const size_t half = size / 2;
      base += base[half - 1] < a ? half : 0;
      size -= half;
    }
    return {payloads_[static_cast<size_t>(base - lasts_.data())], *base};
  }

 private:
  std::vector<uint64_t> lasts_;
  std::vector<Payload> payloads_;
};

// An ordered map from the last address of each run.
template <typename Map>
class OrderedMap {
 public:
  explicit OrderedMap(absl::Span<const Terminal> runs) {
    for (const Terminal& run : runs) {
      map_.emplace_hint(map_.end(), run.last, run.payload);
    }
  }
  Terminal Find(uint64_t a) const {
    const auto at = map_.lower_bound(a);
    return {at->second, at->first};
  }

 private:
  Map map_;
};

class StdMap : public OrderedMap<std::map<uint64_t, Payload>> {
 public:
  static constexpr const char* kName = "std-map";
  using OrderedMap::OrderedMap;
};

class AbslBtree : public OrderedMap<absl::btree_map<uint64_t, Payload>> {
 public:
  static constexpr const char* kName = "absl-btree";
  using OrderedMap::OrderedMap;
};

// Where the window is at most 16 million pages. The run in which a page begins;
// what else begins in the page is found by walking.
class PageArray {
 public:
  static constexpr const char* kName = "page-array";
  static bool Fits(absl::Span<const Terminal> runs) {
    return runs.size() > 1 &&
           (runs[runs.size() - 2].last >> 12) - (runs.front().last >> 12) <
               (uint64_t{1} << 24);
  }
  explicit PageArray(absl::Span<const Terminal> runs)
      : runs_(runs.begin(), runs.end()) {
    if (!Fits(runs)) return;
    base_ = runs.front().last >> 12;
    const uint64_t top = (runs[runs.size() - 2].last >> 12) + 1;
    uint32_t at = 0;
    for (uint64_t page = base_; page <= top; ++page) {
      while (runs[at].last < page << 12) ++at;
      // Below the base all is run 0.
      first_.push_back(page == base_ ? 0 : at);
    }
  }
  Terminal Find(uint64_t a) const {
    const uint64_t page = a >> 12;
    const uint64_t slot = page > base_ ? page - base_ : 0;
    uint32_t at = first_[std::min<uint64_t>(slot, first_.size() - 1)];
    while (runs_[at].last < a) ++at;
    return runs_[at];
  }

 private:
  std::vector<Terminal> runs_;
  std::vector<uint32_t> first_;
  uint64_t base_ = 0;
};

// What no search can beat: one compare with the run that holds `expected`, for
// as long as it holds what is asked, and a slow search elsewhere.
class OneCompare {
 public:
  static constexpr const char* kName = "one-compare";
  OneCompare(absl::Span<const Terminal> runs, uint64_t expected)
      : all_(runs), found_(all_.Find(expected)) {
    for (const Terminal& run : runs) {
      if (run.last >= expected) break;
      first_ = run.last + 1;
    }
  }
  Terminal Find(uint64_t a) const {
    if (ABSL_PREDICT_TRUE(a - first_ <= found_.last - first_)) return found_;
    return all_.Find(a);
  }

 private:
  SortedVector all_;
  Terminal found_;
  uint64_t first_ = 0;
};

}  // namespace planish::measure

#endif  // PLANISH_MEASURE_RIVALS_RIVALS_H_
