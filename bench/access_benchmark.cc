// What does an access cost, beside what others have for it?
//
//   access/WHAT/N/PATTERN/STRUCTURE
//
// WHAT       load4, store4: of RAM; logged-store4: of RAM whose writes are
//            logged for one client, in pages that are dirty already; reg-load4,
//            reg-store4: of an idle register without a lock; read4k, write4k:
//            bulk, of RAM
// N          ranges: half of them RAM of 4 KiB, half registers
// PATTERN    same: one address; uniform: any of RAM, or of the registers
// STRUCTURE  planish      the current snapshot, as a thread that has a guard
//            guarded      and with a ReadGuard for each access
//            switch       a switch on the address, 64 cases written out,
//                         callbacks called by name: what small emulators have
//            locked-map   std::map of devices under a std::shared_mutex, a
//                         virtual function: the shape of Rust VMMs' buses
//            memcpy       the bytes alone
//
// Units and reading: as lookup_benchmark.cc. An access is in a loop of its own;
// the loop and the load of its address are part of each row, `empty` included.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "benchmark/benchmark.h"
#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/base/rcu/rcu_domain.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/bench/l1_unit.h"
#include "planish/measure/maps.h"
#include "planish/regions/access_attributes.h"
#include "planish/regions/dirty_bitmap.h"
#include "planish/regions/owner.h"
#include "planish/regions/ram_block.h"
#include "planish/regions/region.h"
#include "planish/regions/region_ops.h"
#include "planish/regions/topology.h"
#include "planish/regions/transaction.h"
#include "planish/space/access.h"
#include "planish/space/address_space.h"
#include "planish/space/bulk_access.h"

namespace planish::measure {
namespace {

constexpr uint64_t kSeed = 20;
constexpr size_t kChunk = 1024;  // Accesses for each look at the clock.
constexpr uint64_t kStride = 0x4000;
constexpr uint64_t kBytes = 0x1000;

// An idle register: a value, and nothing happens.
struct Device {
  uint64_t value = 0;
  Loaded<uint64_t> Read(uint64_t offset, unsigned, AccessAttributes) {
    return {AccessResult::kOk, value + offset};
  }
  AccessResult Write(uint64_t, unsigned, uint64_t written, AccessAttributes) {
    value = written;
    return AccessResult::kOk;
  }
};
constexpr RegionOps kOps = {.read = MemberCallback<&Device::Read>,
                            .write = MemberCallback<&Device::Write>};

// Range i lies at i * kStride; even ones are RAM, odd ones registers.
class Machine {
 public:
  explicit Machine(size_t ranges) : devices_(ranges) {
    Transaction edit = Transaction::Begin(topology_).value();
    Region& system = **topology_.AddContainer(board_, "system");
    for (size_t i = 0; i < ranges; ++i) {
      Region* region = i % 2 == 0 ? *topology_.AddRam(board_, "ram", kBytes)
                                  : *topology_.AddMmio(
                                        board_, "regs", kBytes,
                                        {.ops = &kOps, .device = &devices_[i]});
      PLANISH_CHECK_OK(topology_.Link(system, *region, Addr(i * kStride)));
      hosts_.push_back(i % 2 == 0 ? region->ram()->host() : nullptr);
    }
    PLANISH_CHECK_OK(edit.Commit());
    space_ = AddressSpace::Create(board_, "cpu", system).value();
    for (std::byte* host : hosts_) {
      if (host != nullptr) std::memset(host, 0x5a, kBytes);
    }
  }

  // Logs writes to all of the RAM.
  void Log() {
    for (const auto& region : board_.regions()) {
      RamBlock* ram = region->ram();
      if (ram == nullptr) continue;
      ram->SetDirty(0, std::make_unique<DirtyBitmap>(kBytes, kBytes));
      PLANISH_CHECK_OK(topology_.SetDirtyLogMask(*region, 1));
    }
  }

  const AddressSpace& space() const { return *space_; }
  RcuDomain& domain() { return topology_.rcu(); }
  std::byte* host(size_t range) const { return hosts_[range]; }
  Device& device(size_t range) { return devices_[range]; }
  size_t ranges() const { return hosts_.size(); }

 private:
  std::vector<Device> devices_;
  std::vector<std::byte*> hosts_;
  Topology topology_;
  Owner board_{topology_, "board"};
  AddressSpace* space_;
};

// ---- The ways to make an access. The address is a multiple of 4.

struct Planish {
  explicit Planish(Machine& machine)
      : space(machine.space()), guard(machine.domain()) {}
  uint32_t Load(uint64_t a) const {
    return LoadLe<uint32_t>(guard, space, Addr(a)).value;
  }
  void Store(uint64_t a, uint32_t value) const {
    benchmark::DoNotOptimize(StoreLe<uint32_t>(guard, space, Addr(a), value));
  }
  const AddressSpace& space;
  ReadGuard guard;
};

struct Guarded {
  explicit Guarded(Machine& machine)
      : space(machine.space()), reader(machine.domain()) {}
  uint32_t Load(uint64_t a) {
    const ReadGuard guard(reader);
    return LoadLe<uint32_t>(guard, space, Addr(a)).value;
  }
  void Store(uint64_t a, uint32_t value) {
    const ReadGuard guard(reader);
    benchmark::DoNotOptimize(StoreLe<uint32_t>(guard, space, Addr(a), value));
  }
  const AddressSpace& space;
  RcuReader reader;
};

[[gnu::noinline]] uint32_t ReadRegister(Device& device, uint64_t offset) {
  return static_cast<uint32_t>(device.Read(offset, 4, {}).value);
}
[[gnu::noinline]] void WriteRegister(Device& device, uint32_t value) {
  device.Write(0, 4, value, {});
}

// Made for 64 ranges, as such code is made for its board.
struct Switch {
  explicit Switch(Machine& machine) {
    for (size_t i = 0; i < 64; ++i) {
      hosts[i] = machine.host(i);
      devices[i] = &machine.device(i);
    }
  }
#define PLANISH_CASE4(i, RAM, REGS) RAM(i) REGS(i + 1) RAM(i + 2) REGS(i + 3)
#define PLANISH_CASE16(i, RAM, REGS) \
  PLANISH_CASE4(i, RAM, REGS)        \
  PLANISH_CASE4(i + 4, RAM, REGS)    \
  PLANISH_CASE4(i + 8, RAM, REGS) PLANISH_CASE4(i + 12, RAM, REGS)
#define PLANISH_CASE64(RAM, REGS) \
  PLANISH_CASE16(0, RAM, REGS)    \
  PLANISH_CASE16(16, RAM, REGS)   \
  PLANISH_CASE16(32, RAM, REGS) PLANISH_CASE16(48, RAM, REGS)

  uint32_t Load(uint64_t a) const {
    uint32_t value = 0;
    const uint64_t offset = a % kStride;
    if (offset >= kBytes) return 0;
    switch (a / kStride) {
#define PLANISH_RAM(i)                                     \
  case i:                                                  \
    std::memcpy(&value, hosts[i] + offset, sizeof(value)); \
    return value;
#define PLANISH_REGS(i) \
  case i:               \
    return ReadRegister(*devices[i], offset);
      PLANISH_CASE64(PLANISH_RAM, PLANISH_REGS)
#undef PLANISH_RAM
#undef PLANISH_REGS
      default:
        return 0;
    }
  }
  void Store(uint64_t a, uint32_t value) const {
    const uint64_t offset = a % kStride;
    if (offset >= kBytes) return;
    switch (a / kStride) {
#define PLANISH_RAM(i)                                     \
  case i:                                                  \
    std::memcpy(hosts[i] + offset, &value, sizeof(value)); \
    return;
#define PLANISH_REGS(i) \
  case i:               \
    return WriteRegister(*devices[i], value);
      PLANISH_CASE64(PLANISH_RAM, PLANISH_REGS)
#undef PLANISH_RAM
#undef PLANISH_REGS
      default:
        return;
    }
  }
  std::array<std::byte*, 64> hosts;
  std::array<Device*, 64> devices;
};

struct LockedMap {
  struct Target {
    virtual ~Target() = default;
    virtual void Read(uint64_t offset, absl::Span<uint8_t> data) = 0;
    virtual void Write(uint64_t offset, absl::Span<const uint8_t> data) = 0;
  };
  struct Ram : Target {
    explicit Ram(std::byte* h) : host(h) {}
    void Read(uint64_t offset, absl::Span<uint8_t> data) override {
      std::memcpy(data.data(), host + offset, data.size());
    }
    void Write(uint64_t offset, absl::Span<const uint8_t> data) override {
      std::memcpy(host + offset, data.data(), data.size());
    }
    std::byte* host;
  };
  struct Regs : Target {
    explicit Regs(Device& d) : device(d) {}
    void Read(uint64_t offset, absl::Span<uint8_t> data) override {
      const uint64_t value = device.Read(offset, 4, {}).value;
      std::memcpy(data.data(), &value, data.size());
    }
    void Write(uint64_t offset, absl::Span<const uint8_t> data) override {
      uint32_t value = 0;
      std::memcpy(&value, data.data(), sizeof(value));
      device.Write(offset, 4, value, {});
    }
    Device& device;
  };

  explicit LockedMap(Machine& machine) {
    for (size_t i = 0; i < machine.ranges(); ++i) {
      auto& target = targets[i * kStride];
      if (i % 2 == 0) {
        target = std::make_unique<Ram>(machine.host(i));
      } else {
        target = std::make_unique<Regs>(machine.device(i));
      }
    }
  }
  uint32_t Load(uint64_t a) {
    const std::shared_lock lock(mutex);
    const auto at = std::prev(targets.upper_bound(a));
    if (a - at->first >= kBytes) return 0;
    std::array<uint8_t, 4> data;
    at->second->Read(a - at->first, absl::MakeSpan(data));
    uint32_t value = 0;
    std::memcpy(&value, data.data(), sizeof(value));
    return value;
  }
  void Store(uint64_t a, uint32_t value) {
    const std::shared_lock lock(mutex);
    const auto at = std::prev(targets.upper_bound(a));
    if (a - at->first >= kBytes) return;
    std::array<uint8_t, 4> data;
    std::memcpy(data.data(), &value, sizeof(value));
    at->second->Write(a - at->first, data);
  }
  std::map<uint64_t, std::unique_ptr<Target>> targets;
  std::shared_mutex mutex;
};

// Nothing but the loop.
struct Empty {
  explicit Empty(Machine&) {}
  uint32_t Load(uint64_t a) const { return static_cast<uint32_t>(a); }
  void Store(uint64_t a, uint32_t value) const {
    benchmark::DoNotOptimize(a + value);
  }
};

// ---- Loops.

template <typename S>
[[gnu::noinline]] uint64_t RunLoads(S& s, const uint64_t* addrs) {
  uint64_t sum = 0;
  for (size_t i = 0; i < kChunk; ++i) sum += s.Load(addrs[i]);
  return sum;
}
template <typename S>
[[gnu::noinline]] uint64_t RunStores(S& s, const uint64_t* addrs) {
  for (size_t i = 0; i < kChunk; ++i) {
    s.Store(addrs[i], static_cast<uint32_t>(i));
  }
  return 0;
}

enum class What { kLoad, kStore, kLoggedStore, kRegLoad, kRegStore };

std::vector<uint64_t> AddressesOf(What what, bool same, size_t ranges) {
  Rng rng(kSeed);
  const bool regs = what == What::kRegLoad || what == What::kRegStore;
  std::vector<uint64_t> addresses;
  for (size_t i = 0; i < 16 * kChunk; ++i) {
    const uint64_t range =
        (same ? ranges / 2 : 2 * rng.Below(ranges / 2)) + (regs ? 1 : 0);
    addresses.push_back(range * kStride + (same ? 0x40 : 4 * rng.Below(0x400)));
  }
  return addresses;
}

template <typename S>
void RunAccesses(benchmark::State& state, What what, bool same, size_t ranges) {
  Machine machine(ranges);
  if (what == What::kLoggedStore) machine.Log();
  S s(machine);
  const std::vector<uint64_t> addresses = AddressesOf(what, same, ranges);
  const bool loads = what == What::kLoad || what == What::kRegLoad;
  const auto run = [&](size_t at) {
    return loads ? RunLoads(s, addresses.data() + at)
                 : RunStores(s, addresses.data() + at);
  };
  Row row(state);
  for (size_t at = 0; at < addresses.size(); at += kChunk) {
    benchmark::DoNotOptimize(run(at));
  }
  size_t at = 0;
  size_t done = 0;
  const double begin = NowNs();
  for (auto _ : state) {
    benchmark::DoNotOptimize(run(at));
    at = (at + kChunk) % addresses.size();
    done += kChunk;
  }
  row.Done((NowNs() - begin) / static_cast<double>(done));
}

// Page by page over eight of them.
void RunBulk(benchmark::State& state, bool write, bool bare) {
  constexpr size_t kPages = 8;
  Machine machine(64);
  std::vector<std::byte> buffer(kBytes);
  const ReadGuard guard(machine.domain());
  const auto run = [&](size_t page) {
    const Addr at(2 * page * kStride);
    std::byte* host = machine.host(2 * page);
    if (bare) {
      std::memcpy(write ? host : buffer.data(), write ? buffer.data() : host,
                  kBytes);
    } else if (write) {
      benchmark::DoNotOptimize(
          Write(guard, machine.space(), at, buffer).good_bytes);
    } else {
      benchmark::DoNotOptimize(
          Read(guard, machine.space(), at, absl::MakeSpan(buffer)).good_bytes);
    }
    benchmark::DoNotOptimize(buffer.data());
    benchmark::ClobberMemory();
  };
  Row row(state);
  for (size_t i = 0; i < kChunk; ++i) run(i % kPages);
  size_t done = 0;
  const double begin = NowNs();
  for (auto _ : state) {
    for (size_t i = 0; i < kChunk; ++i) run(i % kPages);
    done += kChunk;
  }
  row.Done((NowNs() - begin) / static_cast<double>(done));
}

// ---- Registration.

void Register(const std::string& name,
              std::function<void(benchmark::State&)> run) {
  benchmark::RegisterBenchmark(
      name.c_str(), [run = std::move(run)](benchmark::State& s) { run(s); });
}

template <typename S>
void RegisterStructure(const std::string& structure, size_t ranges) {
  for (const auto& [name, what] :
       {std::pair("load4", What::kLoad), std::pair("store4", What::kStore),
        std::pair("logged-store4", What::kLoggedStore),
        std::pair("reg-load4", What::kRegLoad),
        std::pair("reg-store4", What::kRegStore)}) {
    for (const bool same : {true, false}) {
      Register(absl::StrCat("access/", name, "/", ranges, "/",
                            same ? "same" : "uniform", "/", structure),
               [what = what, same, ranges](benchmark::State& state) {
                 RunAccesses<S>(state, what, same, ranges);
               });
    }
  }
}

void RegisterAll() {
  RegisterStructure<Empty>("empty", 64);
  RegisterStructure<Planish>("planish", 64);
  RegisterStructure<Guarded>("guarded", 64);
  RegisterStructure<Switch>("switch", 64);
  RegisterStructure<LockedMap>("locked-map", 64);
  RegisterStructure<Planish>("planish", 1000);
  RegisterStructure<LockedMap>("locked-map", 1000);
  for (const bool write : {false, true}) {
    for (const bool bare : {false, true}) {
      Register(absl::StrCat("access/", write ? "write4k" : "read4k",
                            "/64/pages/", bare ? "memcpy" : "planish"),
               [write, bare](benchmark::State& state) {
                 RunBulk(state, write, bare);
               });
    }
  }
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
