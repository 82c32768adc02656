// What does a reader pay to be sure of what it found, against other ways?
//
//   guard/WAY            enter and leave, nothing between
//   pin/WAY              take and drop a hold on one object, inside a guard
//   lookup/MAP/N/WAY     a lookup, bare or with a guard of its own
//   advance/READERS      a writer's new epoch and its look at the readers
//   live/...             readers beside a writer and each other, on two cores,
//                        which these rows pin themselves: no taskset
//
// guard   planish         ReadGuard, which finds the thread's line by itself
//         reader          ReadGuard with an RcuReader at hand
//         online          the same in quiescent-state mode
//         quiesce         Quiesce(), nothing published
//         nested          a guard inside a guard
//         fences          ReadGuard where membarrier(2) is missing
//         hazard          a hazard pointer: store, fence, look again; clear
//         refcount        add and subtract, on a count of one's own
//         shared-ptr      load a std::atomic<std::shared_ptr>, and drop it
//         shared-mutex    std::shared_mutex, shared
//         liburcu-*       its flavours; only in snapshot_liburcu_benchmark
// live    beside-writer   a reader's throughput beside a writer that commits
//                         10,000 times a second, of that alone: median of 20
//                         pairs; 1,000 ranges
//         slow-lookups    p99.9 of single lookups, with it and without: the
//                         difference in round trips of a line between the cores
//         two-readers     throughput of two, of one
//         retire-to-end   with a reader that is quiescent every 10 us
// pin     planish, live/N with N pins of this thread's alive beside it,
//         with-guard, split, refcount, shared-ptr
//
// Each rival runs alone and finds its count, mutex or pointer in its own cache;
// with a second thread they take ten times as long, and the first rows as long
// as before. Units and reading: as lookup_benchmark.cc. Read the minimum of ten
// repetitions or more.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <latch>
#include <memory>
#include <shared_mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "planish/base/addr.h"
#include "planish/base/rcu/pin.h"
#include "planish/base/rcu/rcu_domain.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/bench/l1_unit.h"
#include "planish/bench/live_rows.h"
#include "planish/dispatch/dispatch_table.h"
#include "planish/dispatch/section.h"
#include "planish/measure/maps.h"
#include "planish/measure/patterns.h"
#include "planish/measure/views.h"

#if defined(PLANISH_WITH_LIBURCU)
// Inlined, as those who link it under its licence may: the rival at its best.
#define _LGPL_SOURCE
#include <urcu/urcu-bp.h>
#include <urcu/urcu-mb.h>
#include <urcu/urcu-memb.h>
#include <urcu/urcu-qsbr.h>
#endif

namespace planish::measure {
namespace {

constexpr uint64_t kSeed = 20;
constexpr size_t kChunk = 1024;  // Turns for each look at the clock.

// Times `once`, called over and over; the compiler must do all of it each time.
template <typename F>
void RunLoop(benchmark::State& state, F once) {
  Row row(state);
  for (size_t i = 0; i < kChunk; ++i) once();
  size_t done = 0;
  const double begin = NowNs();
  for (auto _ : state) {
    for (size_t i = 0; i < kChunk; ++i) once();
    done += kChunk;
  }
  row.Done((NowNs() - begin) / static_cast<double>(done));
}

void Register(const std::string& name,
              std::function<void(benchmark::State&)> run) {
  benchmark::RegisterBenchmark(
      name.c_str(), [run = std::move(run)](benchmark::State& s) { run(s); });
}

[[gnu::always_inline]] inline void Between() { benchmark::ClobberMemory(); }

// ---- Guards.

void RegisterGuards() {
  Register("guard/planish", [](benchmark::State& state) {
    RcuDomain domain;
    RunLoop(state, [&] {
      const ReadGuard guard(domain);
      Between();
    });
  });
  Register("guard/reader", [](benchmark::State& state) {
    RcuDomain domain;
    RcuReader reader(domain);
    RunLoop(state, [&] {
      const ReadGuard guard(reader);
      Between();
    });
  });
  Register("guard/online", [](benchmark::State& state) {
    RcuDomain domain;
    RcuReader reader(domain);
    reader.Online();
    RunLoop(state, [&] {
      const ReadGuard guard(reader);
      Between();
    });
  });
  Register("guard/quiesce", [](benchmark::State& state) {
    RcuDomain domain;
    RcuReader reader(domain);
    reader.Online();
    RunLoop(state, [&] {
      benchmark::DoNotOptimize(reader.Quiesce());
      Between();
    });
  });
  Register("guard/nested", [](benchmark::State& state) {
    RcuDomain domain;
    const ReadGuard outer(domain);
    RunLoop(state, [&] {
      const ReadGuard guard(domain);
      Between();
    });
  });
  Register("guard/fences", [](benchmark::State& state) {
    RcuDomain::Options options;
    options.fences = true;
    RcuDomain domain(std::move(options));
    RunLoop(state, [&] {
      const ReadGuard guard(domain);
      Between();
    });
  });
}

struct alignas(64) Object {
  uint64_t value = 7;
};

void RegisterRivals() {
  Register("guard/hazard", [](benchmark::State& state) {
    const auto object = std::make_unique<Object>();
    alignas(64) static std::atomic<const Object*> cell;
    alignas(64) static std::atomic<const Object*> hazard;
    cell = object.get();
    RunLoop(state, [&] {
      const Object* found = cell.load(std::memory_order_acquire);
      for (;;) {
        hazard.store(found, std::memory_order_relaxed);
        std::atomic_thread_fence(std::memory_order_seq_cst);
        const Object* again = cell.load(std::memory_order_acquire);
        if (again == found) break;
        found = again;
      }
      Between();
      hazard.store(nullptr, std::memory_order_release);
    });
  });
  Register("guard/refcount", [](benchmark::State& state) {
    alignas(64) static std::atomic<uint64_t> count;
    RunLoop(state, [&] {
      count.fetch_add(1, std::memory_order_acquire);
      Between();
      count.fetch_sub(1, std::memory_order_release);
    });
  });
  Register("guard/shared-ptr", [](benchmark::State& state) {
    std::atomic<std::shared_ptr<Object>> cell(std::make_shared<Object>());
    RunLoop(state, [&] {
      const std::shared_ptr<Object> found =
          cell.load(std::memory_order_acquire);
      Between();
    });
  });
  Register("guard/shared-mutex", [](benchmark::State& state) {
    std::shared_mutex mu;
    RunLoop(state, [&] {
      const std::shared_lock lock(mu);
      Between();
    });
  });
}

#if defined(PLANISH_WITH_LIBURCU)
void RegisterLiburcu() {
  Register("guard/liburcu-memb", [](benchmark::State& state) {
    urcu_memb_register_thread();
    RunLoop(state, [] {
      urcu_memb_read_lock();
      Between();
      urcu_memb_read_unlock();
    });
    urcu_memb_unregister_thread();
  });
  Register("guard/liburcu-mb", [](benchmark::State& state) {
    urcu_mb_register_thread();
    RunLoop(state, [] {
      urcu_mb_read_lock();
      Between();
      urcu_mb_read_unlock();
    });
    urcu_mb_unregister_thread();
  });
  Register("guard/liburcu-bp", [](benchmark::State& state) {
    RunLoop(state, [] {
      urcu_bp_read_lock();
      Between();
      urcu_bp_read_unlock();
    });
  });
  Register("guard/liburcu-qsbr", [](benchmark::State& state) {
    urcu_qsbr_register_thread();
    RunLoop(state, [] {
      urcu_qsbr_read_lock();
      Between();
      urcu_qsbr_read_unlock();
    });
    urcu_qsbr_unregister_thread();
  });
  Register("guard/liburcu-qsbr-quiesce", [](benchmark::State& state) {
    urcu_qsbr_register_thread();
    RunLoop(state, [] {
      urcu_qsbr_quiescent_state();
      Between();
    });
    urcu_qsbr_unregister_thread();
  });
}
#else
void RegisterLiburcu() {}
#endif

// ---- Pins.

void RegisterPins() {
  for (const size_t live : {size_t{0}, size_t{1000}, size_t{100'000}}) {
    const std::string name =
        live == 0 ? "pin/planish" : absl::StrCat("pin/live/", live);
    Register(name, [live](benchmark::State& state) {
      RcuDomain domain;
      const ReadGuard guard(domain);
      const Object object;
      std::vector<Pin> pins;
      for (size_t i = 0; i < live; ++i) pins.emplace_back(guard, &object, "");
      RunLoop(state, [&] {
        const Pin pin(guard, &object, "pin");
        Between();
      });
    });
    // The eldest goes when a new one comes, as in a queue.
    if (live == 0) continue;
    Register(absl::StrCat("pin/queue/", live), [live](benchmark::State& state) {
      RcuDomain domain;
      const ReadGuard guard(domain);
      const Object object;
      std::vector<Pin> pins;
      for (size_t i = 0; i < live; ++i) pins.emplace_back(guard, &object, "");
      size_t at = 0;
      RunLoop(state, [&] {
        pins[at] = Pin(guard, &object, "pin");
        at = at + 1 == live ? 0 : at + 1;
        Between();
      });
    });
  }
  Register("pin/with-guard", [](benchmark::State& state) {
    RcuDomain domain;
    const Object object;
    RunLoop(state, [&] {
      const Pin pin = [&] {
        const ReadGuard guard(domain);
        return Pin(guard, &object, "pin");
      }();
      Between();
    });
  });
  Register("pin/split", [](benchmark::State& state) {
    RcuDomain domain;
    const ReadGuard guard(domain);
    const Object object;
    RunLoop(state, [&] {
      Pin pin(guard, &object, "pin");
      const Pin share = pin.Split();
      Between();
    });
  });
  Register("pin/refcount", [](benchmark::State& state) {
    static std::atomic<uint64_t> count{1};
    RunLoop(state, [&] {
      count.fetch_add(1, std::memory_order_relaxed);
      Between();
      if (count.fetch_sub(1, std::memory_order_acq_rel) == 1) std::abort();
    });
  });
  Register("pin/shared-ptr", [](benchmark::State& state) {
    const auto object = std::make_shared<Object>();
    RunLoop(state, [&] {
      const std::shared_ptr<Object> pin = object;
      Between();
    });
  });
}

// ---- Lookups.

void RegisterLookups() {
  for (const size_t n : {size_t{64}, size_t{1000}}) {
    for (const bool guarded : {false, true}) {
      Register(
          absl::StrCat("lookup/spread/", n, guarded ? "/guarded" : "/bare"),
          [n, guarded](benchmark::State& state) {
            const auto map = MakeMap(MapKind::kSpread, n, kSeed);
            const ViewOfMap view(map);
            const auto table = DispatchTable::Build(view.view());
            const auto addresses =
                MakeAddresses(Pattern::kUniform, map, 1 << 15, kSeed);
            std::atomic<const DispatchTable*> cell(table.get());
            RcuDomain domain;
            size_t at = 0;
            uint64_t sum = 0;
            const auto lookup = [&] {
              const Section section = cell.load(std::memory_order_acquire)
                                          ->Lookup(Addr(addresses[at]));
              at = (at + 1) & ((1 << 15) - 1);
              sum += section.last().raw() +
                     reinterpret_cast<uintptr_t>(section.host());
            };
            if (guarded) {
              RunLoop(state, [&] {
                const ReadGuard guard(domain);
                lookup();
              });
            } else {
              RunLoop(state, lookup);
            }
            benchmark::DoNotOptimize(sum);
          });
    }
  }
}

// ---- The writer.

void RegisterWriter() {
  for (const size_t readers : {0u, 1u, 64u}) {
    Register(absl::StrCat("advance/", readers), [=](benchmark::State& state) {
      RcuDomain domain;
      std::latch registered(static_cast<ptrdiff_t>(readers));
      std::latch done(1);
      std::vector<std::thread> threads;
      for (size_t i = 0; i < readers; ++i) {
        threads.emplace_back([&] {
          { const ReadGuard guard(domain); }
          registered.count_down();
          done.wait();
        });
      }
      registered.wait();
      RunLoop(state, [&] {
        domain.Advance();
        benchmark::DoNotOptimize(domain.Oldest());
      });
      done.count_down();
      for (std::thread& thread : threads) thread.join();
    });
  }
}

}  // namespace
}  // namespace planish::measure

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  // With one thread only, libstdc++ counts a shared_ptr's owners without
  // atomics.
  std::latch done(1);
  std::thread second([&] { done.wait(); });
  planish::measure::RegisterGuards();
  planish::measure::RegisterRivals();
  planish::measure::RegisterLiburcu();
  planish::measure::RegisterPins();
  planish::measure::RegisterLookups();
  planish::measure::RegisterWriter();
  planish::measure::RegisterLiveRows();
  benchmark::RunSpecifiedBenchmarks();
  done.count_down();
  second.join();
  return 0;
}
