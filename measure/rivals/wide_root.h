// A static radix with a root of up to 4n slots, and clamped nodes below it. An
// entry of 16 bytes is a terminal, which answers, or a node:
//
//   next = first + min(sat_sub(a, base) >> shift, n)
//
// The root could not be copied by a commit, which is why this is a rival.

#ifndef PLANISH_MEASURE_RIVALS_WIDE_ROOT_H_
#define PLANISH_MEASURE_RIVALS_WIDE_ROOT_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "planish/dispatch/terminal.h"
#include "planish/measure/rivals/huge_vector.h"

namespace planish::measure {

class WideRoot {
 public:
  static constexpr const char* kName = "wide-root";

  explicit WideRoot(absl::Span<const Terminal> runs) {
    uint64_t targets = 0;
    for (const Terminal& run : runs) targets += run.payload != Payload();
    root_ = MakeNode(runs, 0, UINT64_MAX, std::max<uint64_t>(4 * targets, 4));
  }

  Terminal Find(uint64_t a) const {
    const Entry* entry = Next(root_, a);
    while ((entry->word & 3) == kNode) entry = Next(Unpack(*entry), a);
    return std::bit_cast<Terminal>(*entry);
  }

 private:
  static constexpr uint64_t kNode = 3;  // Payload::Form::kNode.
  struct Entry {
    uint64_t word;  // A payload; or kNode, shift << 8, n << 16, first << 32.
    uint64_t last;  // Or base.
  };
  struct Node {
    uint64_t base;
    uint64_t n;  // The last slot.
    uint64_t first;
    int shift;
  };

  static Node Unpack(const Entry& entry) {
    return {entry.last, entry.word >> 16 & 0xffff, entry.word >> 32,
            static_cast<int>(entry.word >> 8 & 0xff)};
  }

  const Entry* Next(const Node& node, uint64_t a) const {
    const uint64_t above = a > node.base ? a - node.base : 0;
    return &entries_[node.first + std::min(above >> node.shift, node.n)];
  }

  // `runs` are those that meet [first, last].
  Node MakeNode(absl::Span<const Terminal> runs, uint64_t first, uint64_t last,
                uint64_t max_slots) {
    Node node = {};
    if (runs.size() == 1) {
      node.first = entries_.size();
      entries_.Resize(node.first + 1);
      Store(node.first, runs[0]);
      return node;
    }
    const uint64_t low = runs.front().last + 1;
    const uint64_t high = runs[runs.size() - 2].last + 1;
    while (node.shift < 63 && (high - low) >> node.shift > max_slots - 2) {
      ++node.shift;
    }
    node.base = (low - 1) >> node.shift << node.shift;
    node.n = (high - node.base) >> node.shift;
    node.first = entries_.size();
    entries_.Resize(node.first + node.n + 1);
    size_t at = 0;
    for (uint64_t slot = 0; slot <= node.n; ++slot) {
      const uint64_t begin =
          slot == 0 ? first : node.base + (slot << node.shift);
      const uint64_t end =
          slot == node.n ? last : node.base + ((slot + 1) << node.shift) - 1;
      while (runs[at].last < begin) ++at;
      size_t back = at;
      while (runs[back].last < end) ++back;
      if (at == back) {
        Store(node.first + slot, runs[at]);
        continue;
      }
      const uint64_t child_slots =
          std::clamp<uint64_t>(2 * (back - at), 4, 0x10000);
      const Node child =
          MakeNode(runs.subspan(at, back - at + 1), begin, end, child_slots);
      entries_[node.first + slot] = {
          kNode | static_cast<uint64_t>(child.shift) << 8 | child.n << 16 |
              child.first << 32,
          child.base};
      at = back;
    }
    return node;
  }

  void Store(size_t at, const Terminal& run) {
    entries_[at] = {run.payload.bits(), run.last};
  }

  Node root_;
  HugeVector<Entry> entries_;
};

}  // namespace planish::measure

#endif  // PLANISH_MEASURE_RIVALS_WIDE_ROOT_H_
