// ManyDevices: the memory of a PC with many PCI devices and vCPUs, as QEMU's
// x86 board builds it, and the two edits that its guests do all the time.
//
//   system --+-- ram-below-4g -> pc.ram
//            +-- ram-above-4g -> pc.ram
//            +-- ioapic, hpet, msi, smram-region
//            +-- pci (prio -1) --+-- flash, vga-lowmem
//                                +-- of each device: bar1 (msix table, pba),
//                                    bar4 (4 registers)
//   smm n  --+-- memory -> system
//            +-- smram (prio 1) -> pc.ram
//
//   root         spaces
//   system       memory, cpu-memory of each vCPU, bus masters that are on
//   smm n        cpu-smm of vCPU n
//   io           I/O
//   dma-window   of a device that sees RAM below 4 GiB and interrupts
//   none         host-bridge, isa-bridge, smbus, bus masters that are off
//
// With 192 devices and 64 vCPUs: 326 spaces, 67 roots, about 75,000 ranges over
// the views of all roots. A PC of that size was measured with QEMU 7.2.
//
// THREAD SAFETY  None.

#ifndef PLANISH_MEASURE_MANY_DEVICES_H_
#define PLANISH_MEASURE_MANY_DEVICES_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "planish/base/addr.h"
#include "planish/regions/owner.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"
#include "planish/space/address_space.h"

namespace planish::measure {

class ManyDevices {
 public:
  struct Options {
    size_t devices = 192;
    size_t vcpus = 64;
  };

  explicit ManyDevices(const Options& options);

  // One commit: the device's space shows the system, or nothing.
  void SetBusMaster(size_t device, bool on);
  // Two commits, one for each BAR, as QEMU does it.
  void SetMemoryDecode(size_t device, bool on);
  // One commit: off, the vCPU's root leads on to the system, and shares its
  // view.
  void SetSmram(size_t vcpu, bool on);

  size_t device_count() const { return devices_.size(); }
  size_t vcpu_count() const { return smram_windows_.size(); }
  Topology& topology() { return topology_; }
  const std::vector<AddressSpace*>& spaces() const { return spaces_; }
  // Of the views of all normalised roots, and the number of those.
  size_t range_count() const;
  size_t root_count() const;

 private:
  struct Device {
    std::unique_ptr<Owner> owner;
    Region* bus_master = nullptr;
    Region* bars[2] = {};
    Addr places[2];
  };

  Region& Container(const std::string& name);
  // A device's register block in `container`.
  void Registers(Owner& owner, Region& container, const std::string& name,
                 uint64_t at, uint64_t size, int32_t priority = 0);
  Region& Window(Region& container, const std::string& name, Region& target,
                 uint64_t at, uint64_t offset, ByteCount size,
                 int32_t priority = 0);
  void AddSpace(const std::string& name, Region& root);
  void MakeBoard();
  void MakeIo();
  void MakeDevice(size_t number);
  void MakeVcpu(size_t number);

  Topology topology_;
  Owner board_{topology_, "board"};
  Region* system_ = nullptr;
  Region* pci_ = nullptr;
  Region* smram_ = nullptr;
  std::vector<Device> devices_;
  std::vector<Region*> smram_windows_;  // By vCPU.
  std::vector<AddressSpace*> spaces_;
};

}  // namespace planish::measure

#endif  // PLANISH_MEASURE_MANY_DEVICES_H_
