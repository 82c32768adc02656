#include "planish/bench/live_rows.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <latch>
#include <thread>
#include <vector>

#include "benchmark/benchmark.h"
#include "planish/base/addr.h"
#include "planish/base/rcu/rcu_domain.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/bench/l1_unit.h"
#include "planish/dispatch/section.h"
#include "planish/measure/live_map.h"
#include "planish/measure/maps.h"
#include "planish/measure/patterns.h"
#include "planish/space/address_space.h"

namespace planish::measure {
namespace {

constexpr size_t kRanges = 1000;
constexpr int kPairs = 20;
constexpr double kTurnNs = 100e6;
constexpr double kCommitEveryNs = 100e3;  // 10,000 a second.

void PinTo(unsigned cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

bool NeedsTwoCores(benchmark::State& state) {
  if (std::thread::hardware_concurrency() >= 2) return false;
  state.SkipWithError("needs two cores");
  return true;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Machine {
  LiveMap map{{.ranges = kRanges, .seed = 20}};
  const std::vector<uint64_t> addresses = MakeAddresses(
      Pattern::kUniform, MakeMap(MapKind::kSpread, kRanges, 20), 1 << 15, 20);
};

// A reader's loop: guard, current version, lookup.
class Reader {
 public:
  explicit Reader(Machine& machine)
      : machine_(machine), reader_(machine.map.topology().rcu()) {}

  void Lookup() {
    const ReadGuard guard(reader_);
    const Section section = machine_.map.spaces().front()->Lookup(
        guard, Addr(machine_.addresses[at_]));
    at_ = (at_ + 1) & ((1 << 15) - 1);
    benchmark::DoNotOptimize(section.last());
  }
  // Nanoseconds each, over `ns`.
  double Run(double ns) {
    constexpr int kChunk = 1024;
    const double begin = NowNs();
    double now = begin;
    uint64_t done = 0;
    while (now - begin < ns) {
      for (int i = 0; i < kChunk; ++i) Lookup();
      done += kChunk;
      now = NowNs();
    }
    return (now - begin) / static_cast<double>(done);
  }

 private:
  Machine& machine_;
  RcuReader reader_;
  size_t at_ = 0;
};

// Commits 10,000 times a second on the second core, while it is told to.
class Writer {
 public:
  explicit Writer(Machine& machine)
      : machine_(machine), thread_([this] { Run(); }) {}
  ~Writer() {
    stop_.store(true);
    thread_.join();
  }
  void Work(bool works) { works_.store(works); }
  uint64_t commits() const { return commits_.load(); }

 private:
  void Run() {
    PinTo(1);
    double next = NowNs();
    while (!stop_.load(std::memory_order_relaxed)) {
      if (!works_.load(std::memory_order_relaxed)) {
        const timespec nap = {0, 200'000};
        nanosleep(&nap, nullptr);
        next = NowNs();
        continue;
      }
      machine_.map.Commit(machine_.map.DrawMove());
      commits_.fetch_add(1);
      next += kCommitEveryNs;
      while (NowNs() < next && works_.load(std::memory_order_relaxed)) {
      }
    }
  }

  Machine& machine_;
  std::atomic<bool> works_{false};
  std::atomic<bool> stop_{false};
  std::atomic<uint64_t> commits_{0};
  std::thread thread_;
};

// One reader's throughput beside a writer, of that alone: in pairs.
void BesideAWriter(benchmark::State& state) {
  if (NeedsTwoCores(state)) return;
  PinTo(0);
  Machine machine;
  Reader reader(machine);
  Writer writer(machine);
  for (auto _ : state) {
    std::vector<double> percent;
    std::vector<double> alone_ns;
    std::vector<double> beside_ns;
    const uint64_t commits = writer.commits();
    double writing_ns = 0;
    reader.Run(kTurnNs);
    for (int i = 0; i < kPairs; ++i) {
      double ns[2];
      for (const int beside : {i % 2, 1 - i % 2}) {
        writer.Work(beside == 1);
        reader.Run(1e6);
        const double begin = NowNs();
        ns[beside] = reader.Run(kTurnNs);
        if (beside == 1) writing_ns += NowNs() - begin + 1e6;
        writer.Work(false);
      }
      percent.push_back(100 * ns[0] / ns[1]);
      alone_ns.push_back(ns[0]);
      beside_ns.push_back(ns[1]);
    }
    state.counters["percent"] = Median(percent);
    state.counters["alone_ns"] = Median(alone_ns);
    state.counters["beside_ns"] = Median(beside_ns);
    state.counters["commits_per_s"] =
        static_cast<double>(writer.commits() - commits) / writing_ns * 1e9;
  }
}

// A line's way to the other core and back.
double RoundTripNs() {
  constexpr int kTrips = 20'000;
  alignas(64) static std::atomic<int> ball{0};
  ball.store(0);
  std::thread other([] {
    PinTo(1);
    for (int i = 0; i < kTrips; ++i) {
      while (ball.load(std::memory_order_acquire) != 2 * i + 1) {
      }
      ball.store(2 * i + 2, std::memory_order_release);
    }
  });
  double begin = 0;
  for (int i = 0; i < kTrips; ++i) {
    if (i == kTrips / 10) begin = NowNs();
    ball.store(2 * i + 1, std::memory_order_release);
    while (ball.load(std::memory_order_acquire) != 2 * i + 2) {
    }
  }
  const double ns = (NowNs() - begin) / (kTrips - kTrips / 10);
  other.join();
  return ns;
}

// The slowest of a thousand lookups, each timed by itself; of 20 turns of
// 100,000 lookups the least.
void SlowLookups(benchmark::State& state) {
  if (NeedsTwoCores(state)) return;
  PinTo(0);
  Machine machine;
  Reader reader(machine);
  Writer writer(machine);
  constexpr size_t kLookups = 100'000;
  std::vector<float> ns(kLookups);
  const auto p999 = [&] {
    double last = NowNs();
    for (float& one : ns) {
      reader.Lookup();
      const double now = NowNs();
      one = static_cast<float>(now - last);
      last = now;
    }
    const auto at = ns.begin() + kLookups / 1000 * 999;
    std::nth_element(ns.begin(), at, ns.end());
    return static_cast<double>(*at);
  };
  for (auto _ : state) {
    const double trip = RoundTripNs();
    std::vector<double> alone;
    std::vector<double> beside;
    for (int i = 0; i < kPairs; ++i) {
      writer.Work(false);
      reader.Run(1e6);
      alone.push_back(p999());
      writer.Work(true);
      reader.Run(1e6);
      beside.push_back(p999());
    }
    writer.Work(false);
    state.counters["p999_alone_ns"] = Median(alone);
    state.counters["p999_beside_ns"] = Median(beside);
    state.counters["round_trip_ns"] = trip;
    state.counters["trips"] = (Median(beside) - Median(alone)) / trip;
  }
}

// Two readers, each on a core of its own, of one.
void TwoReaders(benchmark::State& state) {
  if (NeedsTwoCores(state)) return;
  PinTo(0);
  Machine machine;
  Reader reader(machine);
  std::atomic<int> turn{0};  // Odd: the second one reads.
  std::atomic<double> second_ns{0};
  std::atomic<bool> stop{false};
  std::thread second([&] {
    PinTo(1);
    Reader mine(machine);
    for (int seen = 0; !stop.load();) {
      const int now = turn.load();
      if (now == seen || now % 2 == 0) {
        const timespec nap = {0, 100'000};
        nanosleep(&nap, nullptr);
        continue;
      }
      seen = now;
      second_ns.store(mine.Run(kTurnNs));
    }
  });
  for (auto _ : state) {
    std::vector<double> times;
    reader.Run(kTurnNs);
    for (int i = 0; i < kPairs; ++i) {
      const double alone = reader.Run(kTurnNs);
      second_ns.store(0);
      turn.fetch_add(1);
      const double both = reader.Run(kTurnNs);
      while (second_ns.load() == 0) std::this_thread::yield();
      turn.fetch_add(1);
      times.push_back(alone / both + alone / second_ns.load());
    }
    state.counters["times"] = Median(times);
  }
  stop.store(true);
  second.join();
}

// From Retire() to its call, with a reader that is quiescent every 10 us and a
// thread that polls.
void RetireToEnd(benchmark::State& state) {
  if (NeedsTwoCores(state)) return;
  PinTo(0);
  RcuDomain domain;
  std::atomic<bool> stop{false};
  std::latch online(1);
  std::thread vcpu([&] {
    PinTo(1);
    RcuReader reader(domain);
    reader.Online();
    online.count_down();
    while (!stop.load(std::memory_order_relaxed)) {
      const double until = NowNs() + 10e3;
      while (NowNs() < until) {
      }
      reader.Quiesce();
    }
    reader.Offline();
  });
  online.wait();
  for (auto _ : state) {
    std::vector<double> us;
    for (int i = 0; i < 2000; ++i) {
      double end = 0;
      const double begin = NowNs();
      domain.Retire([&] { end = NowNs(); });
      while (end == 0) domain.Poll();
      us.push_back((end - begin) / 1e3);
    }
    state.counters["median_us"] = Median(us);
    std::sort(us.begin(), us.end());
    state.counters["p99_us"] = us[us.size() / 100 * 99];
  }
  stop.store(true);
  vcpu.join();
}

}  // namespace

void RegisterLiveRows() {
  benchmark::RegisterBenchmark("live/beside-writer", BesideAWriter)
      ->Iterations(1)
      ->UseRealTime();
  benchmark::RegisterBenchmark("live/slow-lookups", SlowLookups)
      ->Iterations(1)
      ->UseRealTime();
  benchmark::RegisterBenchmark("live/two-readers", TwoReaders)
      ->Iterations(1)
      ->UseRealTime();
  benchmark::RegisterBenchmark("live/retire-to-end", RetireToEnd)
      ->Iterations(1)
      ->UseRealTime();
}

}  // namespace planish::measure
