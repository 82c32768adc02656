// GapSet: which addresses of an interval nothing covers yet. Rendering begins
// with one gap and fills it, the windows of highest precedence first:
//
//   gaps     |----------------------------------|
//   Fill          [======]                          fills [======]
//   gaps     |----|      |----------------------|
//   Fill       [============]                       fills [==]      [==]
//   gaps     |-|            |-------------------|
//
// THREAD SAFETY  A plain value.
// COST  Fill: O(log n + k) for k gaps that the window meets. Hull: O(log n).
//   Memory: some 24 bytes a gap; a Fill() leaves at most one gap more.

#ifndef PLANISH_FLATVIEW_GAP_SET_H_
#define PLANISH_FLATVIEW_GAP_SET_H_

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>

#include "absl/container/btree_map.h"
#include "planish/base/addr.h"

namespace planish {

class GapSet {
  // From the first address of a gap to its last. Raw, as the map searches its
  // nodes faster for numbers.
  using Gaps = absl::btree_map<uint64_t, uint64_t>;

  // The gap that holds `a`, or else the next one.
  template <typename MaybeConstGaps>
  static auto InOrBehind(MaybeConstGaps& gaps, uint64_t a) {
    auto at = gaps.upper_bound(a);
    if (at != gaps.begin()) --at;
    if (at != gaps.end() && at->second < a) ++at;
    return at;
  }

 public:
  explicit GapSet(AddrRange all) {
    gaps_.emplace(all.first.raw(), all.last.raw());
  }

  bool empty() const { return gaps_.empty(); }

  // From the first uncovered address of `window` to the last one; nothing if
  // the whole of it is covered.
  std::optional<AddrRange> Hull(AddrRange window) const {
    const uint64_t first = window.first.raw();
    const uint64_t last = window.last.raw();
    const auto low = InOrBehind(gaps_, first);
    if (low == gaps_.end() || low->first > last) return std::nullopt;
    const Addr seen(std::max(low->first, first));
    if (low->second >= last) return AddrRange{seen, window.last};
    const auto high = std::prev(gaps_.upper_bound(last));
    return AddrRange{seen, Addr(std::min(high->second, last))};
  }

  // Covers `window`. Calls fill(AddrRange) for each part of it that was not,
  // in ascending order.
  template <typename Function>
  void Fill(AddrRange window, Function fill) {
    const uint64_t first = window.first.raw();
    const uint64_t last = window.last.raw();
    auto at = InOrBehind(gaps_, first);
    while (at != gaps_.end() && at->first <= last) {
      const auto [gap_first, gap_last] = *at;
      fill(AddrRange{Addr(std::max(gap_first, first)),
                     Addr(std::min(gap_last, last))});
      if (gap_first < first) {
        at->second = first - 1;
        ++at;
      } else {
        at = gaps_.erase(at);
      }
      if (gap_last > last) {
        gaps_.emplace_hint(at, last + 1, gap_last);
        return;
      }
    }
  }

 private:
  Gaps gaps_;
};

}  // namespace planish

#endif  // PLANISH_FLATVIEW_GAP_SET_H_
