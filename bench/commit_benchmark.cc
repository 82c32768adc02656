// What does a commit cost, by what it changes and by what there is?
//
//   commit/move/MAP/N/SHAPE/SPACES/STRUCTURE   one region goes far away
//   commit/edits/MAP/N/STRUCTURE               100,000 edits of all kinds
//   commit/grow/MAP/N/STRUCTURE                one region more, N times
//   commit/bulk/MAP/N/STRUCTURE                N regions in one transaction
//   commit/machine/TOGGLE/STRUCTURE            192 devices, 64 vCPUs
//
// SHAPE      flat, or nested behind three bridges
// SPACES     address spaces on the root
// STRUCTURE  planish; rebuild: render, view and table of the same root, whole;
//            sorted-vector: 32 bytes a range, copied for each change
//
// A sample is one commit (a toggle of memory decode: two), with the freeing of
// what earlier ones replaced; what is drawn at random is drawn outside of it. A
// sample in which the kernel took the core away is thrown away. `ns` is the
// median. Edits and grow take the least of three identical runs for each edit:
// what is slow by itself is slow in all of them, what the machine did is not.
//
// Units and reading: as lookup_benchmark.cc.

#include <sys/resource.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/bench/l1_unit.h"
#include "planish/dispatch/dispatch_table.h"
#include "planish/flatview/flat_view.h"
#include "planish/flatview/render.h"
#include "planish/measure/live_map.h"
#include "planish/measure/many_devices.h"
#include "planish/measure/maps.h"
#include "planish/regions/commit_report.h"
#include "planish/regions/owner.h"
#include "planish/regions/topology.h"
#include "planish/regions/transaction.h"
#include "planish/space/address_space.h"

namespace planish::measure {
namespace {

constexpr uint64_t kSeed = 20;
constexpr size_t kWarming = 1000;
constexpr size_t kSamples = 4000;
constexpr size_t kEdits = 100'000;
constexpr int kPasses = 3;
// What is too slow for that is cut short.
constexpr double kWarmingNs = 1e9;
constexpr double kSamplingNs = 1.5e9;
constexpr double kPassNs = 5e9;

// How often the kernel took the core away from this thread.
int64_t Preemptions() {
  rusage usage;
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nivcsw;
}

// Times one call; infinity if the kernel interfered.
template <typename F>
double Time(F f) {
  const int64_t preemptions = Preemptions();
  const double begin = NowNs();
  f();
  const double ns = NowNs() - begin;
  return Preemptions() == preemptions ? ns
                                      : std::numeric_limits<double>::infinity();
}

// Samples, and the row that they make.
class Samples {
 public:
  void Add(double ns) { ns_.push_back(ns); }
  // For the i-th sample of a further identical run.
  void Improve(size_t i, double ns) { ns_[i] = std::min(ns_[i], ns); }
  size_t size() const { return ns_.size(); }
  void Cut(size_t size) { ns_.resize(std::min(size, ns_.size())); }

  void Report(benchmark::State& state, Row& row) {
    std::erase(ns_, std::numeric_limits<double>::infinity());
    if (ns_.empty()) return state.SkipWithError("no sample was undisturbed");
    std::sort(ns_.begin(), ns_.end());
    double sum = 0;
    for (const double ns : ns_) sum += ns;
    state.counters["samples"] = static_cast<double>(ns_.size());
    state.counters["mean_ns"] = sum / static_cast<double>(ns_.size());
    state.counters["p99_ns"] = Quantile(0.99);
    state.counters["p999_ns"] = Quantile(0.999);
    state.counters["max_ns"] = ns_.back();
    row.Done(Quantile(0.5));
  }

 private:
  double Quantile(double q) const {
    return ns_[static_cast<size_t>(q * static_cast<double>(ns_.size() - 1))];
  }
  std::vector<double> ns_;
};

// Warms up, then samples.
Samples Sample(const std::function<double()>& sample) {
  double end = NowNs() + kWarmingNs;
  for (size_t i = 0; i < kWarming && NowNs() < end; ++i) sample();
  Samples samples;
  end = NowNs() + kSamplingNs;
  while (samples.size() < kSamples && (samples.size() < 3 || NowNs() < end)) {
    samples.Add(sample());
  }
  return samples;
}

// The least of three runs, for each of at most `count` edits; `make` makes one
// that does the next edit at each call.
Samples SamplePasses(size_t count,
                     const std::function<std::function<double()>()>& make) {
  Samples samples;
  for (int pass = 0; pass < kPasses; ++pass) {
    const std::function<double()> edit = make();
    const double end = NowNs() + kPassNs;
    size_t i = 0;
    for (; i < count && (i < 3 || NowNs() < end); ++i) {
      const double ns = edit();
      if (pass == 0) {
        samples.Add(ns);
      } else {
        samples.Improve(i, ns);
      }
    }
    samples.Cut(i);
    count = samples.size();
  }
  return samples;
}

// ---- Memory.

double BytesPerRange(const Snapshot& snapshot) {
  const FlatView& view = snapshot.view();
  return static_cast<double>(view.totals().bytes +
                             snapshot.table().memory_bytes()) /
         static_cast<double>(view.size());
}

// ---- Maps that live; one at a time, since the large ones are large.

LiveMap& MapOf(const std::string& name, const LiveMap::Options& options) {
  static auto& current = *new std::string;
  static auto& map = *new std::unique_ptr<LiveMap>;
  if (current != name) {
    map.reset();
    map = std::make_unique<LiveMap>(options);
    current = name;
  }
  return *map;
}

// What a move makes that its versions don't share, on average, and how many
// ranges it renders. Asked for outside of the samples: a report costs time.
void ReportMoves(benchmark::State& state, LiveMap& map, int moves) {
  CommitReport sum;
  for (int i = 0; i < moves; ++i) {
    CommitReport report;
    map.Commit(map.DrawMove(), &report);
    sum.nodes_made += report.nodes_made;
    sum.bytes_made += report.bytes_made;
    sum.ranges_in += report.ranges_in;
  }
  const auto average = [&](size_t n) { return static_cast<double>(n) / moves; };
  state.counters["nodes_copied"] = average(sum.nodes_made);
  state.counters["bytes_copied"] = average(sum.bytes_made);
  state.counters["ranges_rendered"] = average(sum.ranges_in);
}

void RunMoves(benchmark::State& state, LiveMap& map) {
  for (auto _ : state) {
    Row row(state);
    Sample([&] {
      const LiveMap::Edit edit = map.DrawMove();
      return Time([&] { map.Commit(edit); });
    }).Report(state, row);
    state.counters["bytes_per_range"] =
        BytesPerRange(map.Current(ReadGuard(map.topology().rcu())));
    ReportMoves(state, map, 100);
  }
  state.SetLabel(std::string(
      map.Current(ReadGuard(map.topology().rcu())).table().form_name()));
}

void RunRebuild(benchmark::State& state, LiveMap& map) {
  for (auto _ : state) {
    Row row(state);
    std::unique_ptr<const FlatView> view;
    std::unique_ptr<const DispatchTable> table;
    Sample([&] {
      return Time([&] {
        auto ranges =
            Render(map.root(), AddrRange::All(), map.topology().limits());
        view = FlatView::Build(&map.root(), *std::move(ranges));
        table = DispatchTable::Build(*view);
      });
    }).Report(state, row);
  }
}

void RunSortedVector(benchmark::State& state, LiveMap& map) {
  struct Entry {
    uint64_t first;
    uint64_t last;
    const void* region;
    uint64_t offset;
  };
  auto entries = std::make_unique<std::vector<Entry>>();
  for (const MapRange& range : map.Ranges()) {
    entries->push_back({range.first, range.last, &map, 0});
  }
  Rng rng(kSeed);
  for (auto _ : state) {
    Row row(state);
    Sample([&] {
      const size_t n = entries->size();
      const size_t from = rng.Below(n);
      const size_t to = (from + n / 8 + rng.Below(n - n / 4)) % n;
      return Time([&] {
        auto next = std::make_unique<std::vector<Entry>>(*entries);
        const auto at = next->begin();
        const auto i = static_cast<std::ptrdiff_t>(from);
        const auto j = static_cast<std::ptrdiff_t>(to);
        if (i < j) std::rotate(at + i, at + i + 1, at + j + 1);
        if (j < i) std::rotate(at + j, at + i, at + i + 1);
        (*next)[to].offset = from;
        entries = std::move(next);
        benchmark::DoNotOptimize(entries->data());
      });
    }).Report(state, row);
  }
}

void RunEdits(benchmark::State& state, const LiveMap::Options& options) {
  for (auto _ : state) {
    Row row(state);
    std::shared_ptr<LiveMap> map;
    Samples samples = SamplePasses(kEdits, [&] {
      map.reset();
      map = std::make_shared<LiveMap>(options);
      for (size_t i = 0; i < 100; ++i) map->Commit(map->DrawMove());
      return [&map] {
        const LiveMap::Edit edit = map->DrawEdit();
        return Time([&] { map->Commit(edit); });
      };
    });
    samples.Report(state, row);
    state.counters["bytes_per_range"] =
        BytesPerRange(map->Current(ReadGuard(map->topology().rcu())));
  }
}

void RunGrow(benchmark::State& state, LiveMap::Options options) {
  options.link = false;
  for (auto _ : state) {
    Row row(state);
    std::shared_ptr<LiveMap> map;
    Samples samples = SamplePasses(options.ranges, [&] {
      map.reset();
      map = std::make_shared<LiveMap>(options);
      return [&map] { return Time([&] { map->LinkNext(); }); };
    });
    samples.Report(state, row);
  }
}

void RunBulk(benchmark::State& state, MapKind kind, size_t n) {
  const std::vector<MapRange> map = MakeMap(kind, n, kSeed);
  for (auto _ : state) {
    Row row(state);
    Topology topology;
    Owner board(topology, "board");
    Region& root = *topology.AddContainer(board, "root").value();
    auto space = AddressSpace::Create(board, "space", root).value();
    double commit_ns = 0;
    const double begin = NowNs();
    auto transaction = Transaction::Begin(topology).value();
    for (const MapRange& range : map) {
      Region* const region =
          topology.AddMmio(board, "region", range.last - range.first + 1)
              .value();
      PLANISH_CHECK_OK(topology.Link(root, *region, Addr(range.first)));
    }
    commit_ns = NowNs();
    PLANISH_CHECK_OK(transaction.Commit());
    const double end = NowNs();
    const ReadGuard guard(topology.rcu());
    PLANISH_CHECK(space->Current(guard).view().size() == n, "all is there");
    row.Done(end - begin);
    state.counters["commit_ns"] = end - commit_ns;
    state.counters["bytes_per_range"] = BytesPerRange(space->Current(guard));
  }
}

ManyDevices& Machine() {
  static auto& machine = *new ManyDevices(ManyDevices::Options());
  return machine;
}

// `toggle`: of which device, on or off.
void RunToggles(benchmark::State& state,
                void (ManyDevices::*toggle)(size_t, bool)) {
  ManyDevices& machine = Machine();
  std::vector<bool> on(machine.device_count(), true);
  Rng rng(kSeed);
  for (auto _ : state) {
    Row row(state);
    Sample([&] {
      const size_t device = rng.Below(on.size());
      on[device] = !on[device];
      return Time([&] { (machine.*toggle)(device, on[device]); });
    }).Report(state, row);
    for (size_t i = 0; i < on.size(); ++i) {
      if (!on[i]) (machine.*toggle)(i, true);
      on[i] = true;
    }
    state.counters["ranges"] = static_cast<double>(machine.range_count());
  }
}

// ---- Registration.

void Register(const std::string& name,
              std::function<void(benchmark::State&)> run) {
  benchmark::RegisterBenchmark(
      name.c_str(), [run = std::move(run)](benchmark::State& s) { run(s); })
      ->Iterations(1)
      ->Unit(benchmark::kMillisecond);
}

void RegisterMoves(MapKind kind, size_t n) {
  for (const auto& [shape, shape_name] :
       {std::pair(LiveMap::Shape::kFlat, "flat"),
        std::pair(LiveMap::Shape::kBridges, "nested")}) {
    for (const size_t spaces : {1, 1000}) {
      const std::string name =
          absl::StrCat("commit/move/", std::string(MapKindName(kind)), "/", n,
                       "/", shape_name, "/", spaces);
      const LiveMap::Options options = {.kind = kind,
                                        .ranges = n,
                                        .shape = shape,
                                        .spaces = spaces,
                                        .seed = kSeed};
      Register(name + "/planish", [=](benchmark::State& state) {
        RunMoves(state, MapOf(name, options));
      });
      if (spaces > 1) continue;
      Register(name + "/rebuild", [=](benchmark::State& state) {
        RunRebuild(state, MapOf(name, options));
      });
      if (shape != LiveMap::Shape::kFlat) continue;
      Register(name + "/sorted-vector", [=](benchmark::State& state) {
        RunSortedVector(state, MapOf(name, options));
      });
    }
  }
}

void RegisterAll() {
  for (const MapKind kind : {MapKind::kSpread, MapKind::kDense}) {
    const std::string map(MapKindName(kind));
    for (const size_t n : {1000, 10'000, 100'000, 1'000'000}) {
      RegisterMoves(kind, n);
      Register(absl::StrCat("commit/bulk/", map, "/", n, "/planish"),
               [=](benchmark::State& state) { RunBulk(state, kind, n); });
    }
    for (const size_t n : {1000, 100'000}) {
      const LiveMap::Options options = {
          .kind = kind, .ranges = n, .seed = kSeed};
      Register(absl::StrCat("commit/edits/", map, "/", n, "/planish"),
               [=](benchmark::State& state) { RunEdits(state, options); });
      Register(absl::StrCat("commit/grow/", map, "/", n, "/planish"),
               [=](benchmark::State& state) { RunGrow(state, options); });
    }
  }
  Register("commit/machine/bus-master/planish", [](benchmark::State& state) {
    RunToggles(state, &ManyDevices::SetBusMaster);
  });
  Register("commit/machine/memory-decode/planish", [](benchmark::State& state) {
    RunToggles(state, &ManyDevices::SetMemoryDecode);
  });
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
