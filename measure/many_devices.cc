#include "planish/measure/many_devices.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/regions/ram_block.h"
#include "planish/regions/transaction.h"

namespace planish::measure {
namespace {

// Nobody reads through the host address, so nothing need be there.
constexpr uintptr_t kHost = 0x7f00'0000'0000;
constexpr uint64_t kBelow4G = uint64_t{2} << 30;
constexpr uint64_t kAbove4G = uint64_t{6} << 30;
constexpr uint64_t k4G = uint64_t{1} << 32;
// BARs, 20 KiB a device, from here on in steps of 64 KiB.
constexpr uint64_t kBars = 0xc000'0000;
constexpr uint64_t kBarStep = 0x10000;

}  // namespace

ManyDevices::ManyDevices(const Options& options) {
  auto transaction = Transaction::Begin(topology_).value();
  MakeBoard();
  MakeIo();
  for (size_t i = 0; i < options.devices; ++i) MakeDevice(i);
  for (size_t i = 0; i < options.vcpus; ++i) MakeVcpu(i);
  PLANISH_CHECK_OK(transaction.Commit());
}

Region& ManyDevices::Container(const std::string& name) {
  return *topology_.AddContainer(board_, name).value();
}

void ManyDevices::Registers(Owner& owner, Region& container,
                            const std::string& name, uint64_t at, uint64_t size,
                            int32_t priority) {
  Region* const region = topology_.AddMmio(owner, name, size).value();
  PLANISH_CHECK_OK(topology_.Link(container, *region, Addr(at), priority));
}

Region& ManyDevices::Window(Region& container, const std::string& name,
                            Region& target, uint64_t at, uint64_t offset,
                            ByteCount size, int32_t priority) {
  Region* const window =
      topology_.AddAlias(board_, name, target, offset, size).value();
  PLANISH_CHECK_OK(topology_.Link(container, *window, Addr(at), priority));
  return *window;
}

void ManyDevices::AddSpace(const std::string& name, Region& root) {
  spaces_.push_back(AddressSpace::Create(board_, name, root).value());
}

void ManyDevices::MakeBoard() {
  system_ = &Container("system");
  pci_ = &Container("pci");
  Region* const ram =
      topology_
          .AddRam(board_, "pc.ram", kBelow4G + kAbove4G,
                  RamBacking::Pointer(reinterpret_cast<void*>(kHost)))
          .value();
  Window(*system_, "ram-below-4g", *ram, 0, 0, kBelow4G);
  Window(*system_, "ram-above-4g", *ram, k4G, kBelow4G, kAbove4G);
  PLANISH_CHECK_OK(topology_.Link(*system_, *pci_, Addr(0), -1));
  Registers(board_, *system_, "ioapic", 0xfec00000, 0x1000);
  Registers(board_, *system_, "hpet", 0xfed00000, 0x400);
  Registers(board_, *system_, "msi", 0xfee00000, 0x100000, 4096);
  Registers(board_, *pci_, "flash", 0xfffc0000, 0x40000);
  // In front of the RAM that system management mode has in its place.
  Registers(board_, *pci_, "vga-lowmem", 0xa0000, 0x20000, 1);
  Window(*system_, "smram-region", *pci_, 0xa0000, 0xa0000, 0x20000, 1);
  smram_ = &Container("smram");
  Window(*smram_, "smram-low", *ram, 0xa0000, 0xa0000, 0x20000);
  AddSpace("memory", *system_);

  // A device that sees RAM below 4 GiB and interrupts, and nothing else; three
  // on the board that are no bus masters.
  Region& dma = Container("dma-window");
  Window(dma, "dma-ram", *ram, 0, 0, kBelow4G);
  Window(dma, "dma-msi", *system_, 0xfee00000, 0xfee00000, 0x100000);
  AddSpace("dma-window", dma);
  for (const char* name : {"host-bridge", "isa-bridge", "smbus"}) {
    AddSpace(name, Container(name));
  }
}

void ManyDevices::MakeIo() {
  Region* const io = topology_.AddMmio(board_, "io", 0x10000).value();
  for (uint64_t i = 0; i < 33; ++i) {
    Registers(board_, *io, "port" + std::to_string(i), 0x20 + 0x18 * i, 8);
  }
  AddSpace("I/O", *io);
}

void ManyDevices::MakeDevice(size_t number) {
  const std::string name = "device" + std::to_string(number);
  Device& device = devices_.emplace_back();
  device.owner = std::make_unique<Owner>(topology_, name);
  Owner& owner = *device.owner;

  device.bars[0] =
      topology_.AddContainer(owner, name + ".msix", 0x1000).value();
  Registers(owner, *device.bars[0], name + ".msix-table", 0, 0x30);
  Registers(owner, *device.bars[0], name + ".msix-pba", 0x800, 8);
  device.bars[1] = topology_.AddContainer(owner, name + ".pci", 0x4000).value();
  uint64_t at = 0;
  for (const char* what : {".common", ".isr", ".device", ".notify"}) {
    Registers(owner, *device.bars[1], name + what, at, 0x1000);
    at += 0x1000;
  }
  const uint64_t base = kBars + number * kBarStep;
  device.places[0] = Addr(base);
  device.places[1] = Addr(base + 0x4000);
  for (int i = 0; i < 2; ++i) {
    PLANISH_CHECK_OK(
        topology_.Link(*pci_, *device.bars[i], device.places[i], 1));
  }
  Region& dma = Container(name + ".bus-master-container");
  device.bus_master =
      &Window(dma, name + ".bus-master", *system_, 0, 0, ByteCount::TwoTo64());
  AddSpace(name, dma);
}

void ManyDevices::MakeVcpu(size_t number) {
  const std::string suffix = std::to_string(number);
  AddSpace("cpu-memory-" + suffix, *system_);
  Region& root = Container("smm-root-" + suffix);
  Window(root, "memory", *system_, 0, 0, ByteCount::TwoTo64());
  smram_windows_.push_back(&Window(root, "smram", *smram_, 0, 0, k4G, 1));
  AddSpace("cpu-smm-" + suffix, root);
}

void ManyDevices::SetBusMaster(size_t device, bool on) {
  PLANISH_CHECK_OK(topology_.SetEnabled(*devices_[device].bus_master, on));
}

void ManyDevices::SetMemoryDecode(size_t number, bool on) {
  Device& device = devices_[number];
  for (int i = 0; i < 2; ++i) {
    Region& bar = *device.bars[i];
    if ((bar.container() != nullptr) == on) continue;
    PLANISH_CHECK_OK(on ? topology_.Link(*pci_, bar, device.places[i], 1)
                        : topology_.Unlink(bar));
  }
}

void ManyDevices::SetSmram(size_t vcpu, bool on) {
  PLANISH_CHECK_OK(topology_.SetEnabled(*smram_windows_[vcpu], on));
}

size_t ManyDevices::range_count() const {
  absl::flat_hash_map<const Region*, size_t> sizes;
  const ReadGuard guard(topology_.rcu());
  for (const AddressSpace* space : spaces_) {
    sizes[space->shown_root(guard)] = space->Current(guard).view().size();
  }
  size_t sum = 0;
  for (const auto& [root, size] : sizes) sum += size;
  return sum;
}

size_t ManyDevices::root_count() const {
  absl::flat_hash_map<const Region*, bool> roots;
  const ReadGuard guard(topology_.rcu());
  for (const AddressSpace* space : spaces_) {
    const Region* const root = space->shown_root(guard);
    if (root != nullptr) roots[root] = true;
  }
  return roots.size();
}

}  // namespace planish::measure
