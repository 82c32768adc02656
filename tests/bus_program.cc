#include "planish/tests/bus_program.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/regions/access_attributes.h"
#include "planish/regions/device_port.h"
#include "planish/regions/owner.h"
#include "planish/regions/ram_block.h"
#include "planish/regions/region.h"
#include "planish/regions/region_ops.h"
#include "planish/regions/topology.h"
#include "planish/space/access.h"
#include "planish/space/address_space.h"
#include "planish/space/bulk_access.h"
#include "planish/space/device_access.h"
#include "planish/tests/dice.h"

namespace planish::bus {
namespace {

constexpr bool kHostIsBig = kHostByteOrder == ByteOrder::kBig;

AccessAttributes Real(Attributes a) {
  return {.secure = a.secure, .debug = a.debug, .memory_only = a.memory_only};
}
Attributes Model(AccessAttributes a) {
  return {.debug = a.debug, .memory_only = a.memory_only, .secure = a.secure};
}
unsigned Bits(AccessResult result) { return static_cast<unsigned>(result); }

AccessSizes Real(Sizes sizes) {
  return {static_cast<uint8_t>(sizes.min), static_cast<uint8_t>(sizes.max),
          sizes.unaligned};
}

bool HasMemory(Kind kind) {
  return kind == Kind::kRam || kind == Kind::kRom || kind == Kind::kRomDevice ||
         kind == Kind::kRamDevice;
}

// What a step gave.
struct Answer {
  unsigned bits = 0;
  uint64_t number = 0;  // A value, or the bytes that went well.
  Bytes bytes;

  friend bool operator==(const Answer&, const Answer&) = default;
};

std::string Text(const Answer& answer) {
  std::string text =
      absl::StrCat("bits ", answer.bits, ", ", absl::Hex(answer.number), ",");
  for (const uint8_t byte : answer.bytes) absl::StrAppend(&text, " ", byte);
  return text;
}

Bytes Written(const Step& step) {
  Bytes bytes;
  for (uint64_t i = 0; i < step.bytes; ++i) {
    bytes.push_back(static_cast<uint8_t>(step.value + i * 13));
  }
  return bytes;
}

// A device of the space under test: its registers, reached by callbacks.
class RealDevice {
 public:
  RealDevice(const DeviceSpec& spec, Master& master)
      : big_(spec.big),
        registers_(spec, master),
        ops_{.read = MemberCallback<&RealDevice::Read>,
             .write = MemberCallback<&RealDevice::Write>,
             .valid = Real(spec.valid),
             .impl = Real(spec.impl),
             .order = spec.big ? ByteOrder::kBig : ByteOrder::kLittle} {
    if (spec.filter != 0) ops_.accepts = &RealDevice::Accepts;
  }

  RegionIo Io(const DeviceSpec& spec) {
    constexpr std::array kSame = {ReentryRule::Same::kRegion,
                                  ReentryRule::Same::kOwner,
                                  ReentryRule::Same::kAllowed};
    return {.ops = &ops_,
            .device = this,
            .strict = spec.strict,
            .reentry = {.same = kSame[static_cast<size_t>(spec.same)],
                        .max_depth = static_cast<uint8_t>(spec.max_depth)}};
  }
  Registers& registers() { return registers_; }

 private:
  Loaded<uint64_t> Read(uint64_t offset, unsigned size, AccessAttributes) {
    Bytes bytes;
    const unsigned bits = registers_.Read(offset, size, bytes);
    uint64_t value = 0;
    for (unsigned i = 0; i < size; ++i) {
      value |= uint64_t{bytes[i]} << (8 * (big_ ? size - 1 - i : i));
    }
    return {static_cast<AccessResult>(bits), value};
  }
  AccessResult Write(uint64_t offset, unsigned size, uint64_t value,
                     AccessAttributes) {
    Bytes bytes(size);
    for (unsigned i = 0; i < size; ++i) {
      bytes[i] = static_cast<uint8_t>(value >> (8 * (big_ ? size - 1 - i : i)));
    }
    return static_cast<AccessResult>(registers_.Write(offset, bytes));
  }
  static bool Accepts(void* device, uint64_t offset, unsigned size,
                      bool is_write, AccessAttributes attributes) {
    return static_cast<RealDevice*>(device)->registers_.Accepts(
        offset, size, is_write, Model(attributes));
  }

  const bool big_;
  Registers registers_;
  RegionOps ops_;
};

// The space under test.
class RealBus : public Master {
 public:
  explicit RealBus(const Program& program) {
    options_.r5_10_windows_are_writable = program.options.windows_are_writable;
    options_.r5_12_probe_by_address = program.options.probe_by_address;
    system_ = *topology_.AddContainer(board_, "system");
    // Two that nobody meets, so that the container is its own normalised root.
    for (const uint64_t at : {uint64_t{1} << 40, uint64_t{1} << 41}) {
      Region* far = *topology_.AddReservation(board_, "far", 1);
      PLANISH_CHECK_OK(topology_.Link(*system_, *far, Addr(at)));
    }
    memory_.resize(program.places.size());
    for (size_t i = 0; i < program.places.size(); ++i) {
      Add(program.places[i], i);
    }
    for (size_t i = 0; i < program.places.size(); ++i) {
      const Place& place = program.places[i];
      PLANISH_CHECK_OK(topology_.Link(*system_, *regions_[i], Addr(place.first),
                                      static_cast<int32_t>(i)));
      PLANISH_CHECK_OK(topology_.SetEnabled(*regions_[i], place.enabled));
      PLANISH_CHECK_OK(topology_.SetReadonly(*regions_[i], place.readonly));
      if (place.kind == Kind::kRomDevice) {
        PLANISH_CHECK_OK(topology_.SetRomd(*regions_[i], place.romd));
      }
    }
    space_ = AddressSpace::Create(board_, "cpu", *system_).value();
  }

  Loaded Load(uint64_t at, unsigned size, bool big, Attributes a) override {
    return LoadIn(at, size, big ? 2 : 1, a);
  }
  unsigned Store(uint64_t at, unsigned size, bool big, uint64_t value,
                 Attributes a) override {
    return StoreIn(at, size, big ? 2 : 1, value, a);
  }

  Answer Perform(const Step& step);
  const Bytes& memory(size_t i) const { return memory_[i]; }
  std::string State(size_t i) const {
    return devices_[i] == nullptr ? "" : devices_[i]->registers().State();
  }

 private:
  Owner& OwnerOf(const Place& place) { return place.owner ? card_ : board_; }

  void Add(const Place& place, size_t i) {
    memory_[i].resize(HasMemory(place.kind) ? place.size : 0);
    const RamBacking backing = RamBacking::Pointer(memory_[i].data());
    RegionIo io;
    devices_.push_back(nullptr);
    if (place.has_device) {
      devices_[i] = std::make_unique<RealDevice>(place.device, *this);
      io = devices_[i]->Io(place.device);
    }
    Owner& owner = OwnerOf(place);
    const std::string name = absl::StrCat("place", i);
    absl::StatusOr<Region*> made;
    switch (place.kind) {
      case Kind::kRam:
        made = topology_.AddRam(owner, name, place.size, backing);
        break;
      case Kind::kRom:
        made = topology_.AddRom(owner, name, place.size, backing);
        break;
      case Kind::kRomDevice:
        made = topology_.AddRomDevice(owner, name, place.size, backing, io);
        break;
      case Kind::kRamDevice:
        made = topology_.AddRamDevice(owner, name, place.size, backing);
        break;
      case Kind::kMmio:
        made = topology_.AddMmio(owner, name, place.size, io);
        break;
      case Kind::kReservation:
        made = topology_.AddReservation(owner, name, place.size);
        break;
      case Kind::kWindow:
        made = topology_.AddAlias(owner, name,
                                  *regions_[static_cast<size_t>(place.target)],
                                  place.offset, place.size);
        break;
    }
    PLANISH_CHECK_OK(made);
    regions_.push_back(*made);
    if ((*made)->port() != nullptr) {
      DoorbellList bells;
      for (const Place::Bell& bell : place.bells) {
        bells.push_back({.offset = bell.offset,
                         .size = static_cast<uint8_t>(bell.size),
                         .match_data = bell.match,
                         .data = bell.data,
                         .ring =
                             [](void* of) {
                               static_cast<RealDevice*>(of)->registers().Ring();
                             },
                         .of = devices_[i].get()});
      }
      (*made)->port()->SetDoorbells(std::move(bells));
    }
  }

  template <typename T>
  Loaded LoadAs(uint64_t at, int order, Attributes a) {
    const ReadGuard g(topology_.rcu());
    const AddressSpace& s = *space_;
    const planish::Loaded<T> loaded =
        order == 0   ? planish::Load<T>(g, s, Addr(at), Real(a), options_)
        : order == 1 ? LoadLe<T>(g, s, Addr(at), Real(a), options_)
                     : LoadBe<T>(g, s, Addr(at), Real(a), options_);
    return {Bits(loaded.result), loaded.value};
  }
  Loaded LoadIn(uint64_t at, uint64_t size, int order, Attributes a) {
    switch (size) {
      case 1:
        return LoadAs<uint8_t>(at, order, a);
      case 2:
        return LoadAs<uint16_t>(at, order, a);
      case 4:
        return LoadAs<uint32_t>(at, order, a);
      default:
        return LoadAs<uint64_t>(at, order, a);
    }
  }
  template <typename T>
  unsigned StoreAs(uint64_t at, int order, uint64_t wide, Attributes a) {
    const ReadGuard g(topology_.rcu());
    const AddressSpace& s = *space_;
    const T value = static_cast<T>(wide);
    return Bits(
        order == 0 ? planish::Store<T>(g, s, Addr(at), value, Real(a), options_)
        : order == 1 ? StoreLe<T>(g, s, Addr(at), value, Real(a), options_)
                     : StoreBe<T>(g, s, Addr(at), value, Real(a), options_));
  }
  unsigned StoreIn(uint64_t at, uint64_t size, int order, uint64_t value,
                   Attributes a) {
    switch (size) {
      case 1:
        return StoreAs<uint8_t>(at, order, value, a);
      case 2:
        return StoreAs<uint16_t>(at, order, value, a);
      case 4:
        return StoreAs<uint32_t>(at, order, value, a);
      default:
        return StoreAs<uint64_t>(at, order, value, a);
    }
  }

  // Memory and devices outlive the topology's regions.
  std::vector<Bytes> memory_;
  std::vector<std::unique_ptr<RealDevice>> devices_;
  Topology topology_;
  Owner board_{topology_, "board"};
  Owner card_{topology_, "card"};
  Region* system_;
  std::vector<Region*> regions_;
  AddressSpace* space_;
  AccessOptions options_;
};

Answer FromBulk(const BulkResult& result) {
  return {Bits(result.result), result.good_bytes, {}};
}

Answer RealBus::Perform(const Step& step) {
  const Addr at(step.at);
  const AccessAttributes a = Real(step.attributes);
  const ReadGuard g(topology_.rcu());
  const AddressSpace& s = *space_;
  Region& region = *regions_[static_cast<size_t>(step.place)];
  switch (step.what) {
    case Step::What::kLoad: {
      const Loaded loaded =
          LoadIn(step.at, step.bytes, step.order, step.attributes);
      return {loaded.bits, loaded.value, {}};
    }
    case Step::What::kStore:
      return {
          StoreIn(step.at, step.bytes, step.order, step.value, step.attributes),
          0,
          {}};
    case Step::What::kRead: {
      Bytes bytes(step.bytes, 0xcc);
      Answer answer = FromBulk(Read(
          g, s, at, {reinterpret_cast<std::byte*>(bytes.data()), bytes.size()},
          a, options_));
      answer.bytes = std::move(bytes);
      return answer;
    }
    case Step::What::kWrite:
    case Step::What::kWriteRom: {
      const Bytes bytes = Written(step);
      const absl::Span<const std::byte> from = {
          reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()};
      if (step.what == Step::What::kWrite) {
        return FromBulk(Write(g, s, at, from, a, options_));
      }
      WriteRom(g, s, at, from);
      return {};
    }
    case Step::What::kFill:
      return FromBulk(Fill(g, s, at, static_cast<std::byte>(step.value),
                           step.bytes, a, options_));
    case Step::What::kCopy:
      return FromBulk(
          Copy(g, s, at, s, Addr(step.to), step.bytes, a, options_));
    case Step::What::kProbe:
      return {
          IsAccessible(g, s, at, step.bytes, step.flag, a, options_), 0, {}};
    case Step::What::kEnable:
      PLANISH_CHECK_OK(topology_.SetEnabled(region, step.flag));
      return {};
    case Step::What::kReadonly:
      PLANISH_CHECK_OK(topology_.SetReadonly(region, step.flag));
      return {};
    case Step::What::kRomd:
      if (region.kind() == RegionKind::kRomDevice) {
        PLANISH_CHECK_OK(topology_.SetRomd(region, step.flag));
      }
      return {};
    case Step::What::kMove:
      PLANISH_CHECK_OK(topology_.SetAddress(region, at));
      return {};
  }
  return {};
}

Answer PerformOnModel(Bus& bus, const Step& step) {
  const auto answer = [](const Bulk& bulk) {
    return Answer{bulk.bits, bulk.good, {}};
  };
  const bool big = step.order == 0 ? kHostIsBig : step.order == 2;
  const auto size = static_cast<unsigned>(step.bytes);
  switch (step.what) {
    case Step::What::kLoad: {
      const Master::Loaded loaded =
          bus.Load(step.at, size, big, step.attributes);
      return {loaded.bits, loaded.value, {}};
    }
    case Step::What::kStore:
      return {
          bus.Store(step.at, size, big, step.value, step.attributes), 0, {}};
    case Step::What::kRead: {
      Bytes bytes(step.bytes);
      Answer read = answer(bus.Read(step.at, bytes, step.attributes));
      read.bytes = std::move(bytes);
      return read;
    }
    case Step::What::kWrite:
      return answer(bus.Write(step.at, Written(step), step.attributes));
    case Step::What::kWriteRom:
      bus.WriteRom(step.at, Written(step));
      return {};
    case Step::What::kFill:
      return answer(bus.Fill(step.at, static_cast<uint8_t>(step.value),
                             step.bytes, step.attributes));
    case Step::What::kCopy:
      return answer(bus.Copy(step.at, step.to, step.bytes, step.attributes));
    case Step::What::kProbe:
      return {
          bus.Probe(step.at, step.bytes, step.flag, step.attributes), 0, {}};
    case Step::What::kEnable:
      bus.place(step.place).enabled = step.flag;
      return {};
    case Step::What::kReadonly:
      bus.place(step.place).readonly = step.flag;
      return {};
    case Step::What::kRomd:
      bus.place(step.place).romd = step.flag;
      return {};
    case Step::What::kMove:
      bus.place(step.place).first = step.at;
      return {};
  }
  return {};
}

void Count(const Step& step, const Answer& answer, Tally& tally) {
  tally.ok += answer.bits == 0;
  if (step.what == Step::What::kProbe) return;
  tally.device_errors += (answer.bits & kDeviceError) != 0;
  tally.decode_errors += (answer.bits & kDecodeError) != 0;
  tally.access_errors += (answer.bits & kAccessError) != 0;
  tally.bytes += step.bytes;
}

// ---- Programs.

Sizes RandomSizes(Dice& dice, bool impl) {
  Sizes sizes;
  sizes.max = dice.Pick({0u, 1u, 2u, 4u, 4u, 8u, 8u});
  const unsigned max = sizes.max == 0 && impl ? 4 : sizes.max;
  do {
    sizes.min = dice.Pick({0u, 0u, 1u, 1u, 2u, 4u, 8u});
  } while (sizes.min > max && (impl || sizes.max != 0));
  return sizes;
}

DeviceSpec RandomDevice(Dice& dice) {
  DeviceSpec device;
  device.valid = RandomSizes(dice, false);
  device.impl = RandomSizes(dice, true);
  device.valid.unaligned = dice.OneIn(2);
  device.impl.unaligned = device.valid.unaligned && dice.OneIn(2);
  device.big = dice.OneIn(3);
  device.strict = dice.OneIn(3);
  device.filter = dice.OneIn(4) ? static_cast<int>(1 + dice.Below(3)) : 0;
  device.same = static_cast<int>(dice.Below(3));
  device.max_depth = static_cast<unsigned>(1 + dice.Below(4));
  if (dice.OneIn(4))
    device.fails_every = static_cast<unsigned>(1 + dice.Below(5));
  if (dice.OneIn(2))
    device.dma_every = static_cast<unsigned>(1 + dice.Below(4));
  device.dma_writes = dice.OneIn(2);
  return device;
}

class Maker {
 public:
  explicit Maker(uint64_t seed) : dice_(seed) {}

  Program Make() {
    program_.options.windows_are_writable = dice_.OneIn(4);
    program_.options.probe_by_address = dice_.OneIn(4);
    top_ = dice_.OneIn(5);
    const uint64_t places = 2 + dice_.Below(6);
    for (uint64_t i = 0; i < places; ++i) AddPlace();
    for (Place& place : program_.places) place.device.dma_at = Address();
    const uint64_t steps = 10 + dice_.Below(30);
    for (uint64_t i = 0; i < steps; ++i) AddStep();
    return std::move(program_);
  }

 private:
  // Everything lies in 256 bytes, so that everything overlaps.
  uint64_t Anywhere() {
    return dice_.Below(0x100) + (top_ ? 0 - uint64_t{0x100} : 0);
  }
  // Near an edge, as a rule.
  uint64_t Address() {
    if (dice_.OneIn(6)) return Anywhere();
    const Place& place = program_.places[dice_.Below(program_.places.size())];
    const uint64_t edge = place.first + (dice_.OneIn(2) ? place.size : 0);
    return edge - 9 + dice_.Below(19);
  }

  void AddPlace() {
    Place place;
    place.kind =
        dice_.Pick({Kind::kRam, Kind::kRam, Kind::kRom, Kind::kRomDevice,
                    Kind::kRamDevice, Kind::kMmio, Kind::kMmio, Kind::kMmio,
                    Kind::kReservation, Kind::kWindow});
    std::vector<int> targets;
    for (size_t i = 0; i < program_.places.size(); ++i) {
      if (program_.places[i].kind != Kind::kWindow) {
        targets.push_back(static_cast<int>(i));
      }
    }
    if (place.kind == Kind::kWindow && targets.empty()) place.kind = Kind::kRam;
    place.size =
        dice_.Pick<uint64_t>({1, 2, 3, 4, 6, 8, 13, 16, 24, 32, 64, 96});
    place.first = Anywhere();
    if (dice_.OneIn(2)) place.first &= ~uint64_t{7};
    // A region may hang over the end of the space, memory included.
    place.owner = static_cast<int>(dice_.Below(2));
    place.enabled = !dice_.OneIn(8);
    place.readonly = place.kind == Kind::kRom || dice_.OneIn(6);
    place.romd = !dice_.OneIn(3);
    if (place.kind == Kind::kWindow) {
      place.target = targets[dice_.Below(targets.size())];
      place.offset = dice_.Below(32);
      if (dice_.OneIn(2)) place.offset &= ~uint64_t{7};
    }
    place.has_device = !dice_.OneIn(10) && (place.kind == Kind::kMmio ||
                                            place.kind == Kind::kRomDevice);
    place.device = RandomDevice(dice_);
    if (place.has_device && dice_.OneIn(4)) {
      for (uint64_t i = dice_.Below(4); i > 0; --i) {
        place.bells.push_back({dice_.Below(16),
                               dice_.Pick({0u, 1u, 2u, 4u, 8u}), dice_.OneIn(2),
                               dice_.Below(3)});
      }
      // The first that matches rings: by offset, then as they were given.
      std::stable_sort(place.bells.begin(), place.bells.end(),
                       [](const Place::Bell& a, const Place::Bell& b) {
                         return a.offset < b.offset;
                       });
    }
    program_.places.push_back(std::move(place));
  }

  void AddStep() {
    using What = Step::What;
    Step step;
    step.what = dice_.Pick({What::kLoad,     What::kLoad,  What::kLoad,
                            What::kStore,    What::kStore, What::kStore,
                            What::kRead,     What::kRead,  What::kRead,
                            What::kWrite,    What::kWrite, What::kWrite,
                            What::kFill,     What::kCopy,  What::kCopy,
                            What::kWriteRom, What::kProbe, What::kEnable,
                            What::kReadonly, What::kRomd,  What::kMove});
    step.at = Address();
    step.to = Address();
    step.bytes = dice_.OneIn(3) ? dice_.Below(100) : dice_.Below(18);
    if (step.what == What::kLoad || step.what == What::kStore) {
      step.bytes = dice_.Pick<uint64_t>({1, 2, 4, 8});
    }
    step.order = static_cast<int>(dice_.Below(3));
    step.value = dice_.OneIn(3) ? dice_.Below(3) : dice_.Next();
    step.attributes.debug = dice_.OneIn(8);
    step.attributes.memory_only = step.what != What::kCopy && dice_.OneIn(10);
    step.attributes.secure = dice_.OneIn(2);
    step.flag = dice_.OneIn(2);
    step.place = static_cast<int>(dice_.Below(program_.places.size()));
    program_.steps.push_back(step);
  }

  Dice dice_;
  bool top_ = false;
  Program program_;
};

// ---- Printing.

std::string Number(uint64_t value) {
  return value < 10 ? absl::StrCat(value)
                    : absl::StrCat("0x", absl::Hex(value));
}
std::string Text(bool value) { return value ? "true" : "false"; }
std::string Text(Sizes s) {
  return absl::StrCat("{", s.min, ", ", s.max, ", ", Text(s.unaligned), "}");
}
std::string Text(Kind kind) {
  constexpr const char* kNames[] = {"kRam",       "kRom",  "kRomDevice",
                                    "kRamDevice", "kMmio", "kReservation",
                                    "kWindow"};
  return absl::StrCat("Kind::", kNames[static_cast<size_t>(kind)]);
}
std::string Text(Step::What what) {
  constexpr const char* kNames[] = {
      "kLoad",     "kStore", "kRead",   "kWrite",    "kFill", "kCopy",
      "kWriteRom", "kProbe", "kEnable", "kReadonly", "kRomd", "kMove"};
  return absl::StrCat("Step::What::", kNames[static_cast<size_t>(what)]);
}
std::string Text(const DeviceSpec& d) {
  return absl::StrCat("{", Text(d.valid), ", ", Text(d.impl), ", ", Text(d.big),
                      ", ", Text(d.strict), ", ", d.filter, ", ", d.same, ", ",
                      d.max_depth, ", ", d.fails_every, ", ", d.dma_every, ", ",
                      Number(d.dma_at), ", ", Text(d.dma_writes), "}");
}
std::string Text(const Place& p) {
  std::string bells;
  for (const Place::Bell& b : p.bells) {
    absl::StrAppend(&bells, "{", b.offset, ", ", b.size, ", ", Text(b.match),
                    ", ", b.data, "}, ");
  }
  return absl::StrCat(
      "{", Text(p.kind), ", ", Number(p.first), ", ", Number(p.size), ", ",
      p.owner, ", ", Text(p.enabled), ", ", Text(p.readonly), ", ",
      Text(p.romd), ", ", p.target, ", ", Number(p.offset), ", ",
      Text(p.has_device), ", ", Text(p.device), ", {", bells, "}}");
}
std::string Text(const Step& s) {
  return absl::StrCat(
      "{", Text(s.what), ", ", Number(s.at), ", ", Number(s.to), ", ",
      Number(s.bytes), ", ", s.order, ", ", Number(s.value), ", {",
      Text(s.attributes.debug), ", ", Text(s.attributes.memory_only), ", ",
      Text(s.attributes.secure), "}, ", Text(s.flag), ", ", s.place, "}");
}

// A window is nobody's target, so a place goes with the windows onto it.
std::optional<Program> WithoutPlace(const Program& program, size_t gone) {
  if (program.places.size() == 1) return std::nullopt;
  Program less = program;
  less.places.erase(less.places.begin() + static_cast<ptrdiff_t>(gone));
  const auto after = [gone](int& place) {
    if (static_cast<size_t>(place) == gone) return false;
    if (static_cast<size_t>(place) > gone) --place;
    return true;
  };
  for (Place& place : less.places) {
    if (place.kind == Kind::kWindow && !after(place.target))
      return std::nullopt;
  }
  std::erase_if(less.steps, [&](Step& step) {
    const bool edit = step.what >= Step::What::kEnable;
    if (after(step.place)) return false;
    step.place = 0;
    return edit;
  });
  return less;
}

}  // namespace

std::string AsCode(const Program& program) {
  std::string code =
      absl::StrCat("Program{{", Text(program.options.windows_are_writable),
                   ", ", Text(program.options.probe_by_address), "},\n {\n");
  for (const Place& place : program.places) {
    absl::StrAppend(&code, "  ", Text(place), ",\n");
  }
  absl::StrAppend(&code, " },\n {\n");
  for (const Step& step : program.steps) {
    absl::StrAppend(&code, "  ", Text(step), ",\n");
  }
  return absl::StrCat(code, " }}");
}

Program RandomProgram(uint64_t seed) { return Maker(seed).Make(); }

std::string FailureOf(const Program& program, Tally* tally) {
  Bus model(program.places, program.options);
  RealBus real(program);
  for (size_t i = 0; i < program.steps.size(); ++i) {
    const Step& step = program.steps[i];
    if (step.what == Step::What::kCopy &&
        !model.CanCopy(step.at, step.to, step.bytes)) {
      continue;
    }
    const Answer expected = PerformOnModel(model, step);
    const Answer answer = real.Perform(step);
    const std::string where = absl::StrCat("after step ", i, " ", Text(step));
    if (answer != expected) {
      return absl::StrCat(where, ": ", Text(answer),
                          "\nmodel: ", Text(expected));
    }
    for (size_t p = 0; p < program.places.size(); ++p) {
      if (real.memory(p) != model.memory(static_cast<int>(p))) {
        return absl::StrCat(where, ": memory of place ", p);
      }
      if (!program.places[p].has_device) continue;
      const std::string state = real.State(p);
      const std::string wanted = model.registers(static_cast<int>(p)).State();
      if (state != wanted) {
        return absl::StrCat(where, ": registers of place ", p, "\n", state,
                            "\nmodel:\n", wanted);
      }
    }
    if (tally != nullptr) Count(step, answer, *tally);
  }
  return "";
}

Program Shrink(Program program) {
  for (bool shrunk = true; shrunk;) {
    shrunk = false;
    for (size_t i = program.steps.size(); i-- > 0;) {
      Program less = program;
      less.steps.erase(less.steps.begin() + static_cast<ptrdiff_t>(i));
      if (FailureOf(less).empty()) continue;
      program = std::move(less);
      shrunk = true;
    }
    for (size_t i = program.places.size(); i-- > 0;) {
      std::optional<Program> less = WithoutPlace(program, i);
      if (!less || FailureOf(*less).empty()) continue;
      program = *std::move(less);
      shrunk = true;
    }
  }
  return program;
}

}  // namespace planish::bus
