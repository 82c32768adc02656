// The unit of the benchmarks: one step of a pointer chase in the first-level
// cache. Absolute times differ between machines, and between moments of one;
// ratios to this, measured in the same process around each row, less so.

#ifndef PLANISH_BENCH_L1_UNIT_H_
#define PLANISH_BENCH_L1_UNIT_H_

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <limits>
#include <numeric>
#include <utility>

#include "benchmark/benchmark.h"
#include "planish/measure/maps.h"

namespace planish::measure {

inline double NowNs() {
  return std::chrono::duration<double, std::nano>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

class L1Chase {
 public:
  L1Chase() {
    std::array<size_t, kNodes> order;
    std::iota(order.begin(), order.end(), size_t{0});
    Rng rng(20);
    for (size_t i = kNodes; i > 1; --i) {
      std::swap(order[i - 1], order[rng.Below(i)]);
    }
    for (size_t i = 0; i < kNodes; ++i) {
      nodes_[order[i]].next = &nodes_[order[(i + 1) % kNodes]];
    }
  }
  void Run(size_t steps) {
    const Node* at = at_;
    for (size_t i = 0; i < steps; i += 8) {
      at = at->next->next->next->next->next->next->next->next;
    }
    at_ = at;
    benchmark::DoNotOptimize(at_);
  }
  // Nanoseconds a step: the least of a few tries.
  double Measure() {
    constexpr size_t kSteps = 4096;
    double best = std::numeric_limits<double>::max();
    for (int i = 0; i < 12; ++i) {
      const double begin = NowNs();
      Run(kSteps);
      best = std::min(best, (NowNs() - begin) / kSteps);
    }
    return best;
  }

 private:
  static constexpr size_t kNodes = 64;
  struct alignas(64) Node {
    const Node* next;
  };
  std::array<Node, kNodes> nodes_;
  const Node* at_ = nodes_.data();
};

inline L1Chase& Chase() {
  static auto& chase = *new L1Chase;
  return chase;
}

// Puts a row's figures into its counters, with the unit on both sides of it.
class Row {
 public:
  explicit Row(benchmark::State& state)
      : state_(state), before_(Chase().Measure()) {}
  void Done(double ns) {
    const double unit = std::min(before_, Chase().Measure());
    state_.counters["ns"] = ns;
    state_.counters["l1_ns"] = unit;
    state_.counters["loads"] = ns / unit;
  }

 private:
  benchmark::State& state_;
  const double before_;
};

}  // namespace planish::measure

#endif  // PLANISH_BENCH_L1_UNIT_H_
