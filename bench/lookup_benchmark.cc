// What does a lookup cost, against other structures that give the same answer?
//
//   lookup/MAP/N/PATTERN/MODE/STRUCTURE      MODE: throughput, latency, batch
//   build/MAP/N                              view and table, whole
//   floor/empty, floor/l1-chase
//
// throughput  independent addresses; loop overhead included
// latency     each address depends on the last answer (host, last and kind)
// batch       LookupBatch() of 16, per address
//
// Read a row against the others of its run, in L1 loads: `l1_ns` is one step of
// a pointer chase through 4 KiB, measured before and after the row; `loads` is
// the row in that unit. bench/report makes the tables.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "benchmark/benchmark.h"
#include "planish/base/check.h"
#include "planish/bench/l1_unit.h"
#include "planish/bench/real_machines.h"
#include "planish/dispatch/dispatch_table.h"
#include "planish/dispatch/run_list.h"
#include "planish/measure/maps.h"
#include "planish/measure/patterns.h"
#include "planish/measure/rivals/rivals.h"
#include "planish/measure/rivals/s_tree.h"
#include "planish/measure/rivals/wide_root.h"
#include "planish/measure/views.h"

namespace planish::measure {
namespace {

constexpr uint64_t kSeed = 20;
constexpr size_t kChunk = 1024;  // Lookups for each look at the clock.
constexpr size_t kBatch = 16;
// Fewer, and a core learns their order: a Zen 5 foresees half of what depends
// on 2^15 random addresses, which flatters every structure with branches.
constexpr size_t kMinAddresses = size_t{1} << 18;
constexpr size_t kMaxAddresses = size_t{1} << 21;

// ---- What is searched.

// A rival, which answers as the table does: with a Section.
template <typename R>
class Rival {
 public:
  template <typename... Args>
  explicit Rival(const RunList& list, Args... args)
      : rival_(list.runs, args...), descriptors_(list.descriptors.data()) {}
  Section Lookup(Addr a) const {
    return Section(a, rival_.Find(a.raw()), descriptors_);
  }

 private:
  R rival_;
  const Descriptor* descriptors_;
};

// A map and what was made of it; one at a time, since the large ones are large.
struct Subject {
  std::vector<MapRange> map;
  std::unique_ptr<ViewOfMap> view;
  RunList list;
  std::unique_ptr<const DispatchTable> table;
  std::vector<uint64_t> addresses;
  std::string addresses_of;
  std::shared_ptr<const void> rival;  // The one that was asked for last.
  std::string rival_of;
};

using MapMaker = std::function<std::vector<MapRange>()>;

Subject& SubjectOf(const std::string& name, const MapMaker& make) {
  static auto& current = *new std::string;
  static auto& subject = *new Subject;
  if (current != name) {
    subject = Subject();
    subject.map = make();
    subject.view = std::make_unique<ViewOfMap>(subject.map);
    subject.list = MakeRunList(subject.view->view());
    subject.table = DispatchTable::Build(subject.view->view());
    current = name;
  }
  return subject;
}

const std::vector<uint64_t>& AddressesOf(Subject& subject, Pattern pattern) {
  const std::string name(kPatterns[static_cast<size_t>(pattern)].second);
  if (subject.addresses_of != name) {
    const size_t count =
        std::clamp(4 * subject.map.size(), kMinAddresses, kMaxAddresses);
    subject.addresses =
        MakeAddresses(pattern, subject.map, count / kChunk * kChunk, kSeed);
    subject.addresses_of = name;
  }
  return subject.addresses;
}

// ---- Loops. What a caller takes from an answer: host, last and kind.

// Always inline: a call would measure how a Section is passed in memory.
[[gnu::always_inline]] inline uint64_t Digest(const Section& s) {
  return reinterpret_cast<uintptr_t>(s.host()) + s.last().raw() +
         static_cast<uint64_t>(s.kind());
}

template <typename S>
[[gnu::noinline]] uint64_t RunThroughput(const S& s, const uint64_t* addrs,
                                         size_t count) {
  uint64_t sum = 0;
  for (size_t i = 0; i < count; ++i) sum += Digest(s.Lookup(Addr(addrs[i])));
  return sum;
}

// `zero` is 0, but the compiler can't know.
template <typename S>
[[gnu::noinline]] uint64_t RunLatency(const S& s, const uint64_t* addrs,
                                      size_t count, uint64_t zero) {
  uint64_t last = 0;
  for (size_t i = 0; i < count; ++i) {
    last = Digest(s.Lookup(Addr(addrs[i] + (last & zero))));
  }
  return last;
}

uint64_t OpaqueZero() {
  uint64_t zero = 0;
  benchmark::DoNotOptimize(zero);
  return zero;
}

// A walk through all addresses, a chunk for each turn of the benchmark's loop.
template <typename F>
void RunChunks(benchmark::State& state, const std::vector<uint64_t>& addresses,
               F f) {
  constexpr size_t kMaxWarming = size_t{1} << 16;
  static auto& rng = *new Rng(kSeed);  // Repetitions begin in other places.
  Row row(state);
  benchmark::DoNotOptimize(
      f(addresses.data(), std::min(addresses.size(), kMaxWarming)));
  size_t at = rng.Below(addresses.size() / kChunk) * kChunk;
  const double begin = NowNs();
  size_t done = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(f(addresses.data() + at, kChunk));
    at = at + kChunk == addresses.size() ? 0 : at + kChunk;
    done += kChunk;
  }
  row.Done((NowNs() - begin) / static_cast<double>(done));
}

// Evicts, then times eight lookups.
template <typename F>
void RunCold(benchmark::State& state, const std::vector<uint64_t>& addresses,
             F f) {
  constexpr size_t kLookups = 8;
  static auto& junk = *new std::vector<uint64_t>(size_t{6} << 20);
  Row row(state);
  size_t at = 0;
  double total = 0;
  size_t done = 0;
  for (auto _ : state) {
    for (size_t i = 0; i < junk.size(); i += 8) ++junk[i];
    benchmark::DoNotOptimize(addresses[at + kLookups - 1]);
    const double begin = NowNs();
    benchmark::DoNotOptimize(f(addresses.data() + at, kLookups));
    const double took = NowNs() - begin;
    state.SetIterationTime(took * 1e-9);
    total += took;
    done += kLookups;
    at = (at + kLookups) % (addresses.size() - kLookups);
  }
  row.Done(total / static_cast<double>(done));
}

template <typename S>
void RunModes(benchmark::State& state, Subject& subject, Pattern pattern,
              bool latency, const S& s) {
  const std::vector<uint64_t>& addresses = AddressesOf(subject, pattern);
  const uint64_t zero = OpaqueZero();
  const auto run = [&](const uint64_t* addrs, size_t count) {
    return latency ? RunLatency(s, addrs, count, zero)
                   : RunThroughput(s, addrs, count);
  };
  if (pattern == Pattern::kCold) {
    RunCold(state, addresses, run);
  } else {
    RunChunks(state, addresses, run);
  }
}

void RunBatch(benchmark::State& state, Subject& subject) {
  const std::vector<uint64_t>& addresses =
      AddressesOf(subject, Pattern::kUniform);
  std::vector<Addr> addrs;
  for (const uint64_t a : addresses) addrs.push_back(Addr(a));
  std::array<Section, kBatch> sections;
  RunChunks(state, addresses, [&](const uint64_t* chunk, size_t count) {
    const Addr* from = addrs.data() + (chunk - addresses.data());
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i += kBatch) {
      subject.table->LookupBatch(absl::MakeConstSpan(from + i, kBatch),
                                 absl::MakeSpan(sections));
      for (const Section& section : sections) sum += Digest(section);
    }
    return sum;
  });
  state.SetLabel(std::string(subject.table->form_name()));
}

// ---- Registration.

struct MapCase {
  std::string name;  // MAP/N
  MapMaker make;
};

void Register(const std::string& name,
              std::function<void(benchmark::State&)> run, bool manual_time) {
  auto* made = benchmark::RegisterBenchmark(
      name.c_str(), [run = std::move(run)](benchmark::State& s) { run(s); });
  if (manual_time) made->UseManualTime()->Iterations(8);
}

template <typename R>
void RegisterRival(const MapCase& map, Pattern pattern, bool latency,
                   const std::string& prefix) {
  Register(
      absl::StrCat(prefix, R::kName),
      [=](benchmark::State& state) {
        Subject& subject = SubjectOf(map.name, map.make);
        if constexpr (std::is_same_v<R, PageArray>) {
          if (!PageArray::Fits(subject.list.runs)) {
            state.SkipWithError("the window is too large");
            return;
          }
        }
        if (subject.rival_of != R::kName) {
          subject.rival = std::make_shared<const Rival<R>>(subject.list);
          subject.rival_of = R::kName;
        }
        RunModes(state, subject, pattern, latency,
                 *static_cast<const Rival<R>*>(subject.rival.get()));
      },
      pattern == Pattern::kCold);
}

// What `same` would cost if nothing had to be searched.
void RegisterFloor(const MapCase& map, bool latency,
                   const std::string& prefix) {
  Register(
      absl::StrCat(prefix, OneCompare::kName),
      [=](benchmark::State& state) {
        Subject& subject = SubjectOf(map.name, map.make);
        const uint64_t same = AddressesOf(subject, Pattern::kSame).front();
        RunModes(state, subject, Pattern::kSame, latency,
                 Rival<OneCompare>(subject.list, same));
      },
      false);
}

void RegisterOurs(const MapCase& map, Pattern pattern, bool latency,
                  const std::string& prefix) {
  Register(
      absl::StrCat(prefix, "planish"),
      [=](benchmark::State& state) {
        Subject& subject = SubjectOf(map.name, map.make);
        RunModes(state, subject, pattern, latency, *subject.table);
        state.SetLabel(std::string(subject.table->form_name()));
        state.counters["bytes_per_range"] =
            static_cast<double>(subject.table->memory_bytes()) /
            static_cast<double>(subject.map.size());
      },
      pattern == Pattern::kCold);
}

void RegisterMap(const MapCase& map) {
  for (const auto& [pattern, pattern_name] : kPatterns) {
    for (const bool latency : {false, true}) {
      const std::string prefix =
          absl::StrCat("lookup/", map.name, "/", pattern_name, "/",
                       latency ? "latency" : "throughput", "/");
      const auto rival = [&, p = pattern]<typename R>() {
        RegisterRival<R>(map, p, latency, prefix);
      };
      RegisterOurs(map, pattern, latency, prefix);
      rival.template operator()<STree>();
      rival.template operator()<WideRoot>();
      rival.template operator()<SortedVector>();
      rival.template operator()<BinarySearch>();
      rival.template operator()<AbslBtree>();
      rival.template operator()<StdMap>();
      rival.template operator()<PageArray>();
      if (pattern == Pattern::kSame) RegisterFloor(map, latency, prefix);
    }
  }
  Register(
      absl::StrCat("lookup/", map.name, "/uniform/batch/planish"),
      [=](benchmark::State& state) {
        RunBatch(state, SubjectOf(map.name, map.make));
      },
      false);
  // Question: how long is a commit that rebuilds everything?
  Register(
      absl::StrCat("build/", map.name),
      [=](benchmark::State& state) {
        Subject& subject = SubjectOf(map.name, map.make);
        Row row(state);
        double best = std::numeric_limits<double>::max();
        for (auto _ : state) {
          const double begin = NowNs();
          auto view = subject.view->Build();
          auto table = DispatchTable::Build(*view);
          benchmark::DoNotOptimize(table.get());
          best = std::min(best, NowNs() - begin);
        }
        row.Done(best);
        state.SetLabel(std::string(subject.table->form_name()));
      },
      false);
}

void RegisterAll() {
  benchmark::RegisterBenchmark("floor/empty", [](benchmark::State& state) {
    const std::vector<uint64_t> addresses(1 << 15, 1);
    RunChunks(state, addresses, [](const uint64_t* addrs, size_t count) {
      uint64_t sum = 0;
      for (size_t i = 0; i < count; ++i) {
        sum += addrs[i];
        benchmark::DoNotOptimize(sum);
      }
      return sum;
    });
  });
  benchmark::RegisterBenchmark("floor/l1-chase", [](benchmark::State& state) {
    const std::vector<uint64_t> addresses(1 << 15, 1);
    RunChunks(state, addresses, [](const uint64_t*, size_t count) {
      Chase().Run(count);
      return uint64_t{0};
    });
  });
  const std::pair<MapKind, std::vector<size_t>> kGrids[] = {
      {MapKind::kSpread, {8, 64, 1000, 10000, 100000, 1000000}},
      {MapKind::kDense, {8, 64, 1000, 10000, 100000, 1000000}},
      {MapKind::kIommu4k, {1000, 10000, 100000}},
      {MapKind::kPowerLaw, {1000, 10000, 100000}},
      {MapKind::kCrowd, {1000, 10000, 100000}},
  };
  for (const auto& [kind, sizes] : kGrids) {
    for (const size_t n : sizes) {
      RegisterMap({absl::StrCat(std::string(MapKindName(kind)), "/", n),
                   [kind = kind, n] { return MakeMap(kind, n, kSeed); }});
    }
  }
  for (const RealMachine& machine : RealMachines()) {
    RegisterMap({absl::StrCat("real/", machine.name),
                 [machine] { return machine.map; }});
  }
}

}  // namespace
}  // namespace planish::measure

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  planish::measure::RegisterAll();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
