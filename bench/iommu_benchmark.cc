// What does a translation cost, beside what others have for it?
//
//   walk/N/STRUCTURE     N pages of 4 KiB side by side, each to a target of its
//                        own; any of them, in no order
//   span/N/io-page-table N pages that go on in the target, as one answer: per
//                        page
//   map/N/STRUCTURE      map and unmap of one page among N
//   iotlb/HITS/WAY       a table of three levels in guest memory; HITS of a
//                        hundred translations are of 64 pages, the others of
//                        any of 32,768. WAY: walk, a callback that loads three
//                        entries; iotlb, Iotlb before it. Counter `hits`: what
//                        part of them it had
//
// STRUCTURE  io-page-table  IoPageTable::Lookup() in a guard, as a thread that
//                           holds one
//            guarded        with a ReadGuard for each
//            map            std::map of pages
//            sorted         the same in a sorted array, binary search
//
// Units and reading: as lookup_benchmark.cc.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/base/rcu/rcu_domain.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/bench/l1_unit.h"
#include "planish/measure/maps.h"
#include "planish/regions/access_attributes.h"
#include "planish/regions/iommu_ops.h"
#include "planish/regions/iommu_port.h"
#include "planish/regions/iotlb_log.h"
#include "planish/regions/owner.h"
#include "planish/regions/ram_block.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"
#include "planish/space/access.h"
#include "planish/space/address_space.h"
#include "planish/space/io_page_table.h"
#include "planish/space/iotlb.h"

namespace planish::measure {
namespace {

constexpr uint64_t kSeed = 20;
constexpr size_t kChunk = 1024;  // Translations for each look at the clock.
constexpr uint64_t kPage = 4096;
constexpr uint64_t kBase = uint64_t{3} << 30;

// Page i goes to the page of number TargetOf(i): a permutation that no two
// neighbours survive.
uint64_t TargetOf(uint64_t page, uint64_t pages) {
  return (page * 40503 + 7) % pages * kPage;
}

std::vector<uint64_t> SomeAddresses(uint64_t pages) {
  Rng rng(kSeed);
  std::vector<uint64_t> addresses;
  for (size_t i = 0; i < 256 * kChunk; ++i) {
    addresses.push_back(kBase + rng.Below(pages) * kPage + rng.Below(kPage));
  }
  return addresses;
}

// Calls run(first of kChunk addresses) over all of them, again and again.
template <typename Run>
void Measure(benchmark::State& state, const std::vector<uint64_t>& addresses,
             Run run) {
  Row row(state);
  for (size_t at = 0; at < addresses.size(); at += kChunk) {
    benchmark::DoNotOptimize(run(addresses.data() + at));
  }
  size_t at = 0;
  size_t done = 0;
  const double begin = NowNs();
  for (auto _ : state) {
    benchmark::DoNotOptimize(run(addresses.data() + at));
    at = (at + kChunk) % addresses.size();
    done += kChunk;
  }
  row.Done((NowNs() - begin) / static_cast<double>(done));
}

// ---- Tables.

struct Pages {
  explicit Pages(uint64_t n) : table(domain, {.max_nodes = 1 << 20}) {
    for (uint64_t i = 0; i < n; ++i) {
      const Addr first(kBase + i * kPage);
      PLANISH_CHECK_OK(table.Map({first, Addr(first.raw() + kPage - 1)},
                                 Addr(TargetOf(i, n)),
                                 IommuAccess::kReadWrite));
    }
  }
  RcuDomain domain;
  IoPageTable table;
};

struct IoPages : Pages {
  explicit IoPages(uint64_t n) : Pages(n), guard(domain) {}
  uint64_t Translate(uint64_t a) const {
    const IoMapping page = table.Lookup(guard, Addr(a));
    return page.mapped() ? page.TargetOf(Addr(a)).raw() : 0;
  }
  ReadGuard guard;
};

struct GuardedPages : Pages {
  explicit GuardedPages(uint64_t n) : Pages(n), reader(domain) {}
  uint64_t Translate(uint64_t a) {
    const ReadGuard guard(reader);
    const IoMapping page = table.Lookup(guard, Addr(a));
    return page.mapped() ? page.TargetOf(Addr(a)).raw() : 0;
  }
  RcuReader reader;
};

struct PageMap {
  explicit PageMap(uint64_t n) {
    for (uint64_t i = 0; i < n; ++i) {
      pages[kBase + i * kPage] = TargetOf(i, n);
    }
  }
  uint64_t Translate(uint64_t a) const {
    const auto at = std::prev(pages.upper_bound(a));
    return a - at->first < kPage ? at->second + (a - at->first) : 0;
  }
  std::map<uint64_t, uint64_t> pages;
};

struct SortedPages {
  explicit SortedPages(uint64_t n) {
    for (uint64_t i = 0; i < n; ++i) {
      pages.push_back({kBase + i * kPage, TargetOf(i, n)});
    }
  }
  uint64_t Translate(uint64_t a) const {
    const auto at = std::prev(std::upper_bound(
        pages.begin(), pages.end(), a,
        [](uint64_t key, const auto& page) { return key < page.first; }));
    return a - at->first < kPage ? at->second + (a - at->first) : 0;
  }
  std::vector<std::pair<uint64_t, uint64_t>> pages;
};

template <typename S>
[[gnu::noinline]] uint64_t RunTranslations(S& s, const uint64_t* addrs) {
  uint64_t sum = 0;
  for (size_t i = 0; i < kChunk; ++i) sum += s.Translate(addrs[i]);
  return sum;
}

template <typename S>
void RunWalk(benchmark::State& state, uint64_t pages) {
  S s(pages);
  Measure(state, SomeAddresses(pages),
          [&](const uint64_t* at) { return RunTranslations(s, at); });
}

void RunSpan(benchmark::State& state, uint64_t pages) {
  RcuDomain domain;
  IoPageTable table(domain);
  for (uint64_t i = 0; i < pages; ++i) {
    const Addr first(kBase + i * kPage);
    PLANISH_CHECK_OK(table.Map({first, Addr(first.raw() + kPage - 1)},
                               Addr(i * kPage), IommuAccess::kReadWrite));
  }
  const ReadGuard guard(domain);
  Row row(state);
  size_t done = 0;
  const double begin = NowNs();
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        table.LookupSpan(guard, Addr(kBase), pages * kPage));
    done += pages;
  }
  row.Done((NowNs() - begin) / static_cast<double>(done));
}

void RunMap(benchmark::State& state, uint64_t pages, bool std_map) {
  PageMap map(std_map ? pages : 1);
  Pages table(std_map ? 1 : pages);
  Rng rng(kSeed);
  Row row(state);
  size_t done = 0;
  const double begin = NowNs();
  for (auto _ : state) {
    for (size_t i = 0; i < kChunk; ++i) {
      const uint64_t first = kBase + rng.Below(pages) * kPage;
      if (std_map) {
        map.pages.erase(first);
        map.pages[first] = 0;
      } else {
        const AddrRange range = {Addr(first), Addr(first + kPage - 1)};
        PLANISH_CHECK_OK(table.table.Unmap(range));
        PLANISH_CHECK_OK(
            table.table.Map(range, Addr(0), IommuAccess::kReadWrite));
      }
    }
    done += kChunk;
  }
  row.Done((NowNs() - begin) / static_cast<double>(done));
}

// ---- A table in guest memory, and the callback that walks it.

class GuestTable {
 public:
  static constexpr uint64_t kPages = 32768;
  static constexpr uint64_t kPresent = 3;  // Read, write.

  GuestTable() {
    PLANISH_CHECK_OK(topology_.Link(system_, ram_, Addr(0)));
    for (uint64_t i = 1; i < 32; ++i) {
      PLANISH_CHECK_OK(
          topology_.Link(system_, **topology_.AddMmio(board_, "regs", kPage),
                         Addr(kBase + i * kPage * 2)));
    }
    memory_ = AddressSpace::Create(board_, "memory", system_).value();
    // The root, one node of the second level, leaves behind.
    Put(0, 0, kPage);
    for (uint64_t leaf = 0; leaf < kPages / 512; ++leaf) {
      Put(kPage, leaf, (2 + leaf) * kPage);
      for (uint64_t i = 0; i < 512; ++i) {
        Put((2 + leaf) * kPage, i, TargetOf(leaf * 512 + i, kPages));
      }
    }
    guard_.emplace(topology_.rcu());
    port_ =
        IommuPort::Create({&kOps, this, &log_}, ByteCount::TwoTo64()).value();
  }

  const IommuPort& port() const { return *port_; }
  const IotlbLog& log() const { return log_; }

 private:
  static IommuEntry Walk(void* iommu, Addr offset, IommuAccess, uint32_t,
                         AccessAttributes) {
    const GuestTable& self = *static_cast<GuestTable*>(iommu);
    uint64_t entry = 0;
    for (int shift = 30; shift >= 12; shift -= 9) {
      const uint64_t index = offset.raw() >> shift & 511;
      const auto loaded =
          LoadLe<uint64_t>(*self.guard_, *self.memory_,
                           Addr((entry & ~(kPage - 1)) + index * 8));
      entry = loaded.value;
      if ((entry & kPresent) == 0) return {};
    }
    return IommuEntry::Block(self.memory_, offset, Addr(entry), kPage - 1,
                             static_cast<IommuAccess>(entry & 3));
  }
  static constexpr IommuOps kOps = {.translate = &Walk};

  void Put(uint64_t node, uint64_t index, uint64_t target) {
    const uint64_t entry = target | kPresent;
    std::memcpy(ram_.ram()->host() + node + index * 8, &entry, sizeof(entry));
  }

  Topology topology_;
  IotlbLog log_{topology_.rcu()};
  Owner board_{topology_, "board"};
  Region& system_ = **topology_.AddContainer(board_, "system");
  Region& ram_ = **topology_.AddRam(board_, "ram", kPage * 128);
  AddressSpace* memory_ = nullptr;
  std::unique_ptr<IommuPort> port_;
  std::optional<ReadGuard> guard_;
};

void RunIotlb(benchmark::State& state, uint64_t hits, bool cached) {
  GuestTable table;
  Iotlb tlb(table.log());
  Rng rng(kSeed);
  std::vector<uint64_t> addresses;
  for (size_t i = 0; i < 256 * kChunk; ++i) {
    const bool hot = rng.Below(100) < hits;
    addresses.push_back(rng.Below(hot ? 64 : GuestTable::kPages) * kPage +
                        rng.Below(kPage));
  }
  const auto translate = [&](Addr a) {
    const IommuPort& port = table.port();
    if (cached) {
      const IommuEntry* known = tlb.Find(port, 0, a, IommuAccess::kRead);
      if (known != nullptr) return known->TranslatedOf(a).raw();
    }
    const Iotlb::Ticket ticket = tlb.ticket();
    const IommuEntry entry = port.Translate(a, IommuAccess::kRead, 0, {});
    if (cached) tlb.Insert(ticket, port, 0, a, entry);
    return entry.TranslatedOf(a).raw();
  };
  Measure(state, addresses, [&](const uint64_t* at) {
    uint64_t sum = 0;
    for (size_t i = 0; i < kChunk; ++i) sum += translate(Addr(at[i]));
    return sum;
  });
  const Iotlb::Stats& stats = tlb.stats();
  if (cached) {
    state.counters["hits"] = static_cast<double>(stats.hits) /
                             static_cast<double>(stats.hits + stats.misses);
  }
}

// ---- Registration.

void Register(const std::string& name,
              std::function<void(benchmark::State&)> run) {
  benchmark::RegisterBenchmark(
      name.c_str(), [run = std::move(run)](benchmark::State& s) { run(s); });
}

void RegisterAll() {
  for (const uint64_t n : {1000, 100000, 1000000}) {
    const auto walk = [n](const char* structure, auto run) {
      Register(absl::StrCat("walk/", n, "/", structure),
               [run, n](benchmark::State& state) { run(state, n); });
    };
    walk("io-page-table", &RunWalk<IoPages>);
    walk("guarded", &RunWalk<GuardedPages>);
    walk("map", &RunWalk<PageMap>);
    walk("sorted", &RunWalk<SortedPages>);
    for (const bool std_map : {false, true}) {
      Register(
          absl::StrCat("map/", n, "/", std_map ? "map" : "io-page-table"),
          [n, std_map](benchmark::State& state) { RunMap(state, n, std_map); });
    }
  }
  for (const uint64_t hits : {90, 100}) {
    for (const bool cached : {false, true}) {
      Register(absl::StrCat("iotlb/", hits, "/", cached ? "iotlb" : "walk"),
               [hits, cached](benchmark::State& state) {
                 RunIotlb(state, hits, cached);
               });
    }
  }
  Register("span/512/io-page-table",
           [](benchmark::State& state) { RunSpan(state, 512); });
}

}  // namespace
}  // namespace planish::measure

int main(int argc, char** argv) {
  planish::measure::RegisterAll();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
