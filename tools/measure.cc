#include "planish/tools/measure.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/dispatch/run_list.h"
#include "planish/dispatch/section.h"
#include "planish/dispatch/terminal.h"
#include "planish/measure/rivals/rivals.h"

namespace planish::tools {
namespace {

using Clock = std::chrono::steady_clock;
using Nanoseconds = std::chrono::duration<double, std::nano>;

// The compiler must take `value` for used.
inline void Keep(uint64_t value) { asm volatile("" : : "r"(value)); }

// Times of `repetitions` runs of `pass`, sorted, in ns per operation.
template <typename Pass>
std::vector<double> Time(int repetitions, size_t operations, Pass pass) {
  Keep(pass());  // Warms up.
  std::vector<double> times;
  for (int i = 0; i < repetitions; ++i) {
    const Clock::time_point start = Clock::now();
    Keep(pass());
    const Nanoseconds time = Clock::now() - start;
    times.push_back(time.count() / static_cast<double>(operations));
  }
  std::sort(times.begin(), times.end());
  return times;
}

// A ring of pointers within 4 KiB, each load waiting for the last.
double LoadNanoseconds() {
  struct Node {
    const Node* next;
    uint64_t filler[7];
  };
  static std::array<Node, 64> ring;
  for (size_t i = 0; i < ring.size(); ++i) {
    ring[i].next = &ring[(i + 37) % ring.size()];  // 37: odd, visits all.
  }
  constexpr size_t kLoads = size_t{1} << 16;
  return Time(5, kLoads,
              [] {
                const Node* at = ring.data();
                for (size_t i = 0; i < kLoads; ++i) {
                  at = at->next;
                  asm volatile("" : "+r"(at));
                }
                return reinterpret_cast<uint64_t>(at);
              })
      .front();
}

// Of an answer: enough that it has to be there whole, kind and end.
uint64_t Digest(Section section) {
  return section.last().raw() + static_cast<uint64_t>(section.kind());
}
uint64_t Digest(Terminal terminal) {
  return terminal.last + static_cast<uint64_t>(terminal.payload.kind());
}

struct Timed {
  Figure figure;
  uint64_t digest = 0;
};

template <typename Lookup>
Timed TimeLookups(const std::vector<Addr>& addresses, int repetitions,
                  Lookup lookup) {
  Timed timed;
  const std::vector<double> times = Time(repetitions, addresses.size(), [&] {
    uint64_t digest = 0;
    for (const Addr a : addresses) digest += Digest(lookup(a));
    timed.digest = digest;
    return digest;
  });
  timed.figure.min_ns = times.front();
  timed.figure.median_ns = times[times.size() / 2];
  return timed;
}

}  // namespace

std::vector<MeasuredRow> MeasureLookups(
    const AddressSpace& space, const std::vector<NamedAddresses>& patterns,
    int repetitions) {
  const ReadGuard guard(space.topology().rcu());
  const RunList runs = MakeRunList(space.Current(guard).view());
  const measure::SortedVector sorted_vector(runs.runs);
  const measure::StdMap std_map(runs.runs);
  std::vector<MeasuredRow> rows;
  for (const NamedAddresses& pattern : patterns) {
    const double load_before = LoadNanoseconds();
    const Timed ours = TimeLookups(pattern.addresses, repetitions, [&](Addr a) {
      return space.Lookup(guard, a);
    });
    const Timed vector =
        TimeLookups(pattern.addresses, repetitions,
                    [&](Addr a) { return sorted_vector.Find(a.raw()); });
    const Timed map = TimeLookups(pattern.addresses, repetitions, [&](Addr a) {
      return std_map.Find(a.raw());
    });
    PLANISH_CHECK_EQ(ours.digest, vector.digest, "D1: planish and the vector");
    PLANISH_CHECK_EQ(ours.digest, map.digest, "D1: planish and std::map");
    MeasuredRow row{pattern.name, ours.figure, vector.figure, map.figure,
                    std::min(load_before, LoadNanoseconds())};
    for (Figure* figure : {&row.planish, &row.sorted_vector, &row.std_map}) {
      figure->loads = figure->min_ns / row.load_ns;
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace planish::tools
