// A static S+ tree: the lasts in nodes of 8, one cache line each, with 9
// children whose places are computed, level under level; the bottom level is
// the sorted sequence itself. A step counts the keys below the address.

#ifndef PLANISH_MEASURE_RIVALS_S_TREE_H_
#define PLANISH_MEASURE_RIVALS_S_TREE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "planish/dispatch/terminal.h"
#include "planish/measure/rivals/huge_vector.h"

namespace planish::measure {

class STree {
 public:
  static constexpr const char* kName = "s-tree";

  explicit STree(absl::Span<const Terminal> runs) {
    // Bottom up: how many nodes a level has; then where each level begins.
    std::vector<size_t> nodes = {(runs.size() + kKeys - 1) / kKeys};
    while (nodes.back() > 1) {
      nodes.push_back((nodes.back() + kKeys) / (kKeys + 1));
    }
    size_t total = 0;
    for (size_t i = nodes.size(); i-- > 0;) {
      levels_.push_back(total);
      total += nodes[i];
    }
    keys_.Resize(total);
    payloads_.Resize(nodes[0]);
    for (size_t i = 0; i < total * kKeys; ++i) {
      keys_[i / kKeys].keys[i % kKeys] = UINT64_MAX;
    }
    for (size_t i = 0; i < runs.size(); ++i) {
      keys_[levels_.back() + i / kKeys].keys[i % kKeys] = runs[i].last;
      payloads_[i / kKeys].payloads[i % kKeys] = runs[i].payload;
    }
    // Key j of a node: the last address under its child j.
    for (size_t height = 1; height < nodes.size(); ++height) {
      const size_t level = nodes.size() - 1 - height;
      size_t under = kKeys;  // Runs under a child.
      for (size_t h = 1; h < height; ++h) under *= kKeys + 1;
      for (size_t node = 0; node < nodes[height]; ++node) {
        for (size_t j = 0; j < kKeys; ++j) {
          const size_t end = (node * (kKeys + 1) + j + 1) * under;
          if (end > runs.size()) break;
          keys_[levels_[level] + node].keys[j] = runs[end - 1].last;
        }
      }
    }
  }

  Terminal Find(uint64_t a) const {
    size_t node = 0;
    for (size_t i = 0; i + 1 < levels_.size(); ++i) {
      node = node * (kKeys + 1) + Rank(keys_[levels_[i] + node], a);
    }
    const Node& bottom = keys_[levels_.back() + node];
    const size_t rank = Rank(bottom, a);
    return {payloads_[node].payloads[rank], bottom.keys[rank]};
  }

 private:
  static constexpr size_t kKeys = 8;
  struct alignas(64) Node {
    uint64_t keys[kKeys];
  };
  struct alignas(64) Answers {
    Payload payloads[kKeys];
  };

  static size_t Rank(const Node& node, uint64_t a) {
    size_t rank = 0;
    for (size_t i = 0; i < kKeys; ++i) {
      rank += static_cast<size_t>(node.keys[i] < a);
    }
    return rank;
  }

  std::vector<size_t> levels_;  // First node of each, from the root.
  HugeVector<Node> keys_;
  HugeVector<Answers> payloads_;
};

}  // namespace planish::measure

#endif  // PLANISH_MEASURE_RIVALS_S_TREE_H_
