// What does a mapping more cost in Unicorn, which keeps QEMU's memory core, and
// what does it cost here?
//
//   unicorn/map/N/STRUCTURE     4 KiB of RAM more, when there are nearly N
//   unicorn/remap/N/STRUCTURE   one mapping of N away, and one more elsewhere
//
// STRUCTURE  unicorn: uc_mem_map, uc_mem_unmap; planish: an owner with one RAM
//            region, linked; the owner destroyed
//
// Regions are 4 KiB each, 64 KiB apart, in random order; both allocate the
// memory. `ns` is the median, of the last tenth while the map grows.
//
// Units and reading: as lookup_benchmark.cc. Wants libunicorn-dev
// (tools/setup --all).

#include <unicorn/unicorn.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/bench/l1_unit.h"
#include "planish/measure/maps.h"
#include "planish/regions/owner.h"
#include "planish/regions/topology.h"
#include "planish/space/address_space.h"

namespace planish::measure {
namespace {

constexpr uint64_t kSeed = 20;
constexpr uint64_t kPage = 4096;
constexpr uint64_t kStep = 65536;

class UnicornMap {
 public:
  UnicornMap() {
    PLANISH_CHECK(uc_open(UC_ARCH_X86, UC_MODE_64, &engine_) == UC_ERR_OK,
                  "Unicorn opens");
  }
  ~UnicornMap() { uc_close(engine_); }
  void Map(uint64_t place) {
    PLANISH_CHECK(
        uc_mem_map(engine_, place * kStep, kPage, UC_PROT_ALL) == UC_ERR_OK,
        "Unicorn maps");
  }
  void Unmap(uint64_t place) {
    PLANISH_CHECK(uc_mem_unmap(engine_, place * kStep, kPage) == UC_ERR_OK,
                  "Unicorn unmaps");
  }

 private:
  uc_engine* engine_ = nullptr;
};

class PlanishMap {
 public:
  explicit PlanishMap(size_t places) : owners_(places) {}
  void Map(uint64_t place) {
    auto& owner = owners_[place];
    owner = std::make_unique<Owner>(topology_, "mapping");
    Region* const ram = topology_.AddRam(*owner, "ram", kPage).value();
    PLANISH_CHECK_OK(topology_.Link(*root_, *ram, Addr(place * kStep)));
  }
  void Unmap(uint64_t place) { owners_[place].reset(); }

 private:
  Topology topology_;
  Owner board_{topology_, "board"};
  std::vector<std::unique_ptr<Owner>> owners_;
  Region* const root_ = topology_.AddContainer(board_, "root").value();
  AddressSpace* const space_ =
      AddressSpace::Create(board_, "space", *root_).value();
};

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

template <typename F>
double Time(F f) {
  const double begin = NowNs();
  f();
  return NowNs() - begin;
}

// Fills `map`, made for 2n places, with n of them; then moves some.
template <typename Map>
void Run(benchmark::State& state, Map& map, size_t n, bool remap) {
  std::vector<uint64_t> order(2 * n);
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  Rng rng(kSeed);
  for (size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[rng.Below(i)]);
  }
  for (auto _ : state) {
    Row row(state);
    std::vector<double> mapping;
    for (size_t i = 0; i < n; ++i) {
      const double ns = Time([&] { map.Map(order[i]); });
      if (i >= n - n / 10) mapping.push_back(ns);
    }
    if (!remap) {
      row.Done(Median(mapping));
      continue;
    }
    std::vector<double> moves;
    for (int i = 0; i < 50; ++i) {
      const size_t from = rng.Below(n);
      const size_t to = n + rng.Below(n);
      moves.push_back(Time([&] {
        map.Unmap(order[from]);
        map.Map(order[to]);
      }));
      std::swap(order[from], order[to]);
    }
    row.Done(Median(moves));
  }
}

void Register(const std::string& name,
              std::function<void(benchmark::State&)> run) {
  benchmark::RegisterBenchmark(
      name.c_str(), [run = std::move(run)](benchmark::State& s) { run(s); })
      ->Iterations(1)
      ->Unit(benchmark::kMillisecond);
}

void RegisterAll() {
  for (const bool remap : {false, true}) {
    for (const size_t n : {64, 256, 1000}) {
      const std::string name =
          absl::StrCat("unicorn/", remap ? "remap" : "map", "/", n);
      Register(name + "/planish", [=](benchmark::State& state) {
        PlanishMap map(2 * n);
        Run(state, map, n, remap);
      });
      Register(name + "/unicorn", [=](benchmark::State& state) {
        UnicornMap map;
        Run(state, map, n, remap);
      });
    }
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
