// Region: a node of the graph. It has a size, and an address inside at most
// one container; what it shows there depends on its kind (SEMANTICS section 1):
//
//   kind         terminates   shows
//   container    no           its children; holes fall through to whatever
//                             lies below it
//   RAM, ROM     yes          host memory; ROM is RAM that starts read-only
//   ROM device   yes          memory when read in romd mode, else callbacks
//   RAM device   yes          host memory that is really a device's BAR
//   MMIO         yes          a device's callbacks
//   reservation  yes          nothing: claims its space, rejects every access
//   IOMMU        yes          what it translates to
//   alias        no           a window onto another region
//
// A region that terminates may have children too: they come first, and the
// region fills the gaps between them itself.
//
// PRECEDENCE  Among the children of one container the higher priority wins;
//   among equals, the one linked last. Priorities of different containers are
//   never compared: a child of a high container beats everything in a lower
//   one, whatever its own number (R2.2, R2.3).
// THREAD SAFETY  Getters: from the thread that holds a Transaction, or when no
//   other thread edits the topology. name(), number(), owner(), ram() and
//   user_data() don't change by edits and may be read at any time.
// LIFETIME  Its owner's, or up to Topology::Destroy(). After either, every edit
//   that names it fails; the object stays readable to who reads or has it
//   pinned, and to finalizers.
// SOURCES  SEMANTICS.md section 1; QEMU's docs/devel/memory.rst for the terms.

#ifndef PLANISH_REGIONS_REGION_H_
#define PLANISH_REGIONS_REGION_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "planish/base/addr.h"
#include "planish/regions/children.h"
#include "planish/regions/device_port.h"
#include "planish/regions/iommu_port.h"
#include "planish/regions/ram_block.h"

namespace planish {

class GraphEditor;
class Owner;
class Topology;

enum class RegionKind : uint8_t {
  kContainer,
  kRam,
  kRom,  // What RAM that is read-only calls itself.
  kRomDevice,
  kRamDevice,
  kMmio,
  kReservation,
  kIommu,
  kAlias,
};

// "container", "ram", "rom", "rom-device", "ram-device", "mmio", "reservation",
// "iommu", "alias": the words of our text formats.
absl::string_view RegionKindName(RegionKind kind);

class Region {
 public:
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;
  ~Region();

  // kRom exactly if the region is RAM and readonly() now.
  RegionKind kind() const {
    return state_.kind == RegionKind::kRam && state_.readonly ? RegionKind::kRom
                                                              : state_.kind;
  }
  // Has memory or callbacks of its own, so it makes ranges (R2.6).
  bool terminates() const {
    return state_.kind != RegionKind::kContainer &&
           state_.kind != RegionKind::kAlias;
  }
  const std::string& name() const { return name_; }
  // Ascends in the order of creation, and is unique in the topology: for orders
  // that must be the same in every run.
  uint64_t number() const { return number_; }
  Owner& owner() const { return owner_; }
  // It was destroyed, or its owner retired: edits can't name it any more.
  bool retired() const { return retired_; }
  // "system/pci/vga.vram": the names from the outermost container to here.
  std::string Path() const;

  // In its container. Kept, and of use as soon as the region is linked again,
  // when it has none. TRAP (R2.19): the address of a region that is itself the
  // root of an address space displaces that space's whole view.
  Addr addr() const { return state_.place.addr; }
  ByteCount size() const { return state_.size; }
  int32_t priority() const { return state_.place.priority; }
  // Among its siblings. REQUIRES: has or had a container.
  Precedence precedence() const {
    return {state_.place.priority, state_.place.link_seq};
  }
  // The addresses that it covers in its container, cut off at 2^64-1. None if
  // it has no bytes. The container may end before it does.
  std::optional<AddrRange> extent() const {
    if (state_.size.IsZero()) return std::nullopt;
    const uint64_t room = UINT64_MAX - state_.place.addr.raw();
    return AddrRange{state_.place.addr,
                     Addr(state_.place.addr.raw() +
                          std::min(state_.size.LastOffset(), room))};
  }

  // A disabled region hides its whole subtree, and covers nothing (R2.1).
  bool enabled() const { return state_.enabled; }
  // These three are inherited by everything below, through aliases too (R2.4).
  // TRAP (R2.18): not by an address space whose root is only a window of equal
  // extent onto another region; rendering starts behind such a root.
  bool readonly() const { return state_.readonly; }
  bool nonvolatile() const { return state_.nonvolatile; }
  bool unmergeable() const { return state_.unmergeable; }
  // ROM devices only: reads go straight to memory.
  bool romd() const { return state_.romd; }
  // The clients that log writes, a bit each (SEMANTICS section 7). Ranges that
  // differ in it don't merge.
  uint8_t dirty_log_mask() const { return state_.dirty_log_mask; }

  // Null if the region has none.
  const Region* container() const { return state_.container; }
  // Ascending precedence: the last one wins. By interval: OverlapWalk.
  const Children& children() const { return children_; }
  // How many of them are enabled, those of no bytes included.
  size_t enabled_children() const { return children_.enabled(); }

  // Aliases only: the window shows the target from alias_offset() on. The
  // target's own address doesn't matter, nor do the containers above it; its
  // own flags and size do. Null once the target's owner has been retired.
  const Region* alias_target() const { return state_.alias_target; }
  uint64_t alias_offset() const { return state_.alias_offset; }
  // The aliases that have this region as their target, in no order.
  const std::vector<Region*>& aliases() const { return aliases_; }

  // Null if there is no host memory (other kinds, or RamBacking::None()).
  const RamBlock* ram() const { return ram_.get(); }
  RamBlock* ram() { return ram_.get(); }

  // The way to the device's callbacks; null if accesses can't reach one.
  const DevicePort* port() const { return port_.get(); }
  DevicePort* port() { return port_.get(); }

  // IOMMUs only; null where nothing translates.
  const IommuPort* iommu() const { return iommu_.get(); }
  IommuPort* iommu() { return iommu_.get(); }

  // The embedder's own word, never looked at here: a device model, as a rule.
  void* user_data() const { return user_data_; }
  void set_user_data(void* user_data) { user_data_ = user_data; }

 private:
  friend class GraphEditor;
  friend class Owner;
  friend class Topology;

  // Where a region lies in its container, and who wins there.
  struct Place {
    Addr addr;
    int32_t priority = 0;
    uint64_t link_seq = 0;  // Of the last link: larger is newer. T2.
  };

  // All that edits change, and that is restored when they are undone.
  struct State {
    Region* container = nullptr;
    Place place;
    ByteCount size;
    RegionKind kind;
    bool enabled = true;
    bool readonly = false;
    bool nonvolatile = false;
    bool unmergeable = false;
    bool romd = true;
    uint8_t dirty_log_mask = 0;
    Region* alias_target = nullptr;
    uint64_t alias_offset = 0;
  };

  Region(Owner& owner, RegionKind kind, std::string name, ByteCount size,
         uint64_t number);

  Owner& owner_;
  const std::string name_;
  const uint64_t number_;
  void* user_data_ = nullptr;
  std::unique_ptr<RamBlock> ram_;
  std::unique_ptr<DevicePort> port_;
  std::unique_ptr<IommuPort> iommu_;

  bool retired_ = false;
  uint64_t edited_in_ = 0;  // The last transaction that changed state_.
  State state_;
  // The other side of it: who has this region as container or alias target.
  Children children_;
  std::vector<Region*> aliases_;
  size_t alias_index_ = 0;  // In its target's list. T4.
};

}  // namespace planish

#endif  // PLANISH_REGIONS_REGION_H_
