#include "planish/tests/bus_model.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace planish::bus {
namespace {

constexpr size_t kFileBytes = 32;

std::string Hex(uint64_t value) {
  char text[20];
  std::snprintf(text, sizeof(text), "%jx", uintmax_t{value});
  return text;
}

Bytes ToBytes(uint64_t value, unsigned size, bool big) {
  Bytes bytes;
  for (unsigned i = 0; i < size; ++i) {
    bytes.push_back(static_cast<uint8_t>(value));
    value /= 256;
  }
  if (big) std::reverse(bytes.begin(), bytes.end());
  return bytes;
}

uint64_t ToNumber(Bytes bytes, bool big) {
  if (!big) std::reverse(bytes.begin(), bytes.end());
  uint64_t value = 0;
  for (const uint8_t byte : bytes) value = value * 256 + byte;
  return value;
}

}  // namespace

// ---- Registers.

Registers::Registers(const DeviceSpec& spec, Master& master)
    : spec_(spec), master_(master) {
  for (size_t i = 0; i < kFileBytes; ++i) {
    file_.push_back(static_cast<uint8_t>(0x80 + i));
  }
}

unsigned Registers::Called(const std::string& what) {
  log_ += what;
  const unsigned call = ++calls_;
  if (spec_.dma_every != 0 && call % spec_.dma_every == 0) {
    if (spec_.dma_writes) {
      const unsigned bits =
          master_.Store(spec_.dma_at, 4, false, 0x01010101 * (call & 0xff), {});
      log_ += " dma " + Hex(bits);
    } else {
      const Master::Loaded loaded = master_.Load(spec_.dma_at, 4, false, {});
      log_ += " dma " + Hex(loaded.bits) + ' ' + Hex(loaded.value);
    }
  }
  log_ += '\n';
  return spec_.fails_every != 0 && call % spec_.fails_every == 0 ? kDeviceError
                                                                 : 0;
}

unsigned Registers::Read(uint64_t offset, unsigned size, Bytes& bytes) {
  const unsigned bits = Called("r " + Hex(offset) + ' ' + Hex(size));
  bytes.clear();
  for (unsigned i = 0; i < size; ++i) {
    bytes.push_back(file_[(offset + i) % kFileBytes]);
  }
  // Reading changes something: a call too many would show.
  ++file_[offset % kFileBytes];
  return bits;
}

unsigned Registers::Write(uint64_t offset, const Bytes& bytes) {
  std::string what = "w " + Hex(offset);
  for (const uint8_t byte : bytes) what += ' ' + Hex(byte);
  const unsigned bits = Called(what);
  for (size_t i = 0; i < bytes.size(); ++i) {
    file_[(offset + i) % kFileBytes] = bytes[i];
  }
  return bits;
}

bool Registers::Accepts(uint64_t offset, unsigned, bool is_write,
                        Attributes attributes) const {
  switch (spec_.filter) {
    case 1:
      return attributes.secure;
    case 2:
      return offset != 4;
    case 3:
      return !is_write;
    default:
      return true;
  }
}

std::string Registers::State() const {
  std::string state = log_ + "rung " + Hex(rung_) + '\n';
  for (const uint8_t byte : file_) state += Hex(byte) + ' ';
  return state;
}

// ---- Who is there.

Bus::Bus(std::vector<Place> places, Options options)
    : places_(std::move(places)), options_(options) {
  for (const Place& place : places_) {
    const bool has_memory = place.kind != Kind::kMmio &&
                            place.kind != Kind::kReservation &&
                            place.kind != Kind::kWindow;
    memory_.emplace_back(has_memory ? place.size : 0);
    registers_.emplace_back(place.device, *this);
  }
}

Bus::Who Bus::At(uint64_t address) const {
  for (size_t i = places_.size(); i-- > 0;) {
    const Place& place = places_[i];
    if (!place.enabled || address < place.first ||
        address - place.first >= place.size) {
      continue;
    }
    const uint64_t offset = address - place.first;
    if (place.kind != Kind::kWindow) {
      return {static_cast<int>(i), offset, place.readonly};
    }
    const Place& target = places_[static_cast<size_t>(place.target)];
    const uint64_t there = place.offset + offset;
    if (!target.enabled || there >= target.size) continue;
    return {place.target, there, place.readonly || target.readonly};
  }
  return {};
}

bool Bus::IsRam(const Who& who) const {
  if (who.place < 0) return false;
  const Kind kind = Of(who).kind;
  return kind == Kind::kRam || kind == Kind::kRom || kind == Kind::kRamDevice;
}

bool Bus::ReadsMemory(const Who& who) const {
  return IsRam(who) ||
         (who.place >= 0 && Of(who).kind == Kind::kRomDevice && Of(who).romd);
}

bool Bus::WritesMemory(const Who& who, Attributes attributes) const {
  if (!ReadsMemory(who)) return false;
  if (attributes.debug) return true;
  if (Of(who).kind == Kind::kRomDevice) return false;
  // RAM that is read-only itself is ROM. A RAM device isn't.
  if (Of(who).readonly && Of(who).kind != Kind::kRamDevice) return false;
  return !who.readonly || options_.windows_are_writable;
}

bool Bus::HasDevice(const Who& who) const {
  return who.place >= 0 && Of(who).has_device &&
         (Of(who).kind == Kind::kMmio || Of(who).kind == Kind::kRomDevice);
}

uint8_t& Bus::Byte(const Who& who) {
  return memory_[static_cast<size_t>(who.place)][who.offset];
}

bool Bus::OneRun(uint64_t at, unsigned size) const {
  const Who first = At(at);
  for (unsigned i = 1; i < size; ++i) {
    if (at + i < at) return false;
    const Who who = At(at + i);
    if (who.place != first.place || who.offset != first.offset + i ||
        who.readonly != first.readonly) {
      return false;
    }
  }
  return true;
}

// ---- Registers on the bus.

unsigned Bus::Piece(const Place& place, uint64_t offset, uint64_t aligned_as,
                    uint64_t left) const {
  const DeviceSpec& device = place.device;
  const unsigned max = device.valid.max == 0 ? 4 : device.valid.max;
  for (unsigned size : {8u, 4u, 2u}) {
    if (size > max || size > left) continue;
    if (!device.impl.unaligned && aligned_as % size != 0) continue;
    if (device.strict && offset < place.size && size > place.size - offset) {
      continue;
    }
    return size;
  }
  return 1;
}

std::vector<Bus::Call> Bus::CallsOf(const Place& place, uint64_t offset,
                                    unsigned size) const {
  const DeviceSpec& device = place.device;
  const unsigned min = device.impl.min == 0 ? 1 : device.impl.min;
  const unsigned max = device.impl.max == 0 ? 4 : device.impl.max;
  unsigned n = size;
  if (n > max) n = max;
  if (n < min) n = min;
  uint64_t from = offset;
  if (device.strict) {
    if (!device.impl.unaligned) {
      while (n > min && offset % n != 0) n /= 2;
    }
    if (n > size || (!device.impl.unaligned && offset % n != 0)) {
      from = offset - offset % n;
    }
  }
  std::vector<Call> calls;
  for (uint64_t at = from; at - from < offset - from + size; at += n) {
    calls.push_back({at, n});
  }
  return calls;
}

bool Bus::Takes(const Who& who, unsigned size, bool is_write,
                Attributes attributes) {
  const Place& place = Of(who);
  const DeviceSpec& device = place.device;
  const Registers& registers = registers_[static_cast<size_t>(who.place)];
  if (!registers.Accepts(who.offset, size, is_write, attributes)) return false;
  if (!device.valid.unaligned && who.offset % size != 0) return false;
  if (device.valid.max != 0 &&
      (size < device.valid.min || size > device.valid.max)) {
    return false;
  }
  if (device.strict) {
    if (who.offset + size > place.size) return false;
    for (const Call& call : CallsOf(place, who.offset, size)) {
      if (call.offset + call.size > place.size) return false;
    }
  }
  return true;
}

bool Bus::MayCall(const Who& who) const {
  const DeviceSpec& device = Of(who).device;
  if (at_work_.empty()) return true;
  if (at_work_.size() >= device.max_depth) return false;
  for (const int place : at_work_) {
    if (device.same == 0 && place == who.place) return false;
    if (device.same == 1 &&
        places_[static_cast<size_t>(place)].owner == Of(who).owner) {
      return false;
    }
  }
  return true;
}

unsigned Bus::DeviceRead(const Who& who, Bytes& bytes, Attributes attributes) {
  const auto size = static_cast<unsigned>(bytes.size());
  std::fill(bytes.begin(), bytes.end(), uint8_t{0});
  if (!HasDevice(who) || !Takes(who, size, false, attributes)) {
    return kDecodeError;
  }
  if (!MayCall(who)) return kAccessError;
  at_work_.push_back(who.place);
  unsigned bits = 0;
  for (const Call& call : CallsOf(Of(who), who.offset, size)) {
    Bytes part;
    bits |= registers_[static_cast<size_t>(who.place)].Read(call.offset,
                                                            call.size, part);
    for (unsigned i = 0; i < call.size; ++i) {
      const uint64_t at = call.offset + i - who.offset;
      if (at < size) bytes[at] = part[i];
    }
  }
  at_work_.pop_back();
  return bits;
}

unsigned Bus::DeviceWrite(const Who& who, const Bytes& bytes,
                          Attributes attributes) {
  const auto size = static_cast<unsigned>(bytes.size());
  if (!HasDevice(who) || !Takes(who, size, true, attributes)) {
    return kDecodeError;
  }
  const Place& place = Of(who);
  Registers& registers = registers_[static_cast<size_t>(who.place)];
  for (const Place::Bell& bell : place.bells) {
    if (bell.offset != who.offset) continue;
    if (bell.size != 0 && bell.size != size) continue;
    if (bell.match && bell.data != ToNumber(bytes, place.device.big)) continue;
    registers.Ring();
    return 0;
  }
  if (!MayCall(who)) return kAccessError;
  at_work_.push_back(who.place);
  unsigned bits = 0;
  for (const Call& call : CallsOf(place, who.offset, size)) {
    // Zeros where a widened call goes beyond; in strict regions, what was
    // there.
    Bytes part(call.size);
    bool whole = true;
    for (unsigned i = 0; i < call.size; ++i) {
      whole = whole && call.offset + i - who.offset < size;
    }
    if (place.device.strict && !whole) {
      const unsigned read = registers.Read(call.offset, call.size, part);
      bits |= read;
      if (read != 0) continue;
    }
    for (unsigned i = 0; i < call.size; ++i) {
      const uint64_t at = call.offset + i - who.offset;
      if (at < size) part[i] = bytes[at];
    }
    bits |= registers.Write(call.offset, part);
  }
  at_work_.pop_back();
  return bits;
}

// ---- Fixed width.

Master::Loaded Bus::Load(uint64_t at, unsigned size, bool big,
                         Attributes attributes) {
  const Who who = At(at);
  if (attributes.memory_only && !IsRam(who)) return {kAccessError, 0};
  Bytes bytes(size);
  if (ReadsMemory(who)) {
    if (!OneRun(at, size)) return {kDecodeError, 0};
    for (unsigned i = 0; i < size; ++i) bytes[i] = Byte(At(at + i));
    return {0, ToNumber(bytes, big)};
  }
  const unsigned bits = DeviceRead(who, bytes, attributes);
  return {bits, ToNumber(bytes, big)};
}

unsigned Bus::Store(uint64_t at, unsigned size, bool big, uint64_t value,
                    Attributes attributes) {
  const Who who = At(at);
  if (attributes.memory_only && !IsRam(who)) return kAccessError;
  const Bytes bytes = ToBytes(value, size, big);
  if (WritesMemory(who, attributes)) {
    if (!OneRun(at, size)) return kDecodeError;
    for (unsigned i = 0; i < size; ++i) Byte(At(at + i)) = bytes[i];
    return 0;
  }
  return DeviceWrite(who, bytes, attributes);
}

// ---- Bulk.

template <typename Step>
Bulk Bus::ForEach(uint64_t at, uint64_t bytes, Attributes attributes,
                  Step step) {
  Bulk bulk;
  uint64_t i = 0;
  while (i < bytes) {
    const bool past = i > UINT64_MAX - at;
    const Who who = past ? Who{} : At(at + i);
    Done done = {bytes - i, kDecodeError};
    if (!past) {
      done.bits = kAccessError;
      if (!attributes.memory_only || IsRam(who)) done = step(i, who);
    }
    if (bulk.bits == 0 && done.bits == 0) bulk.good = i + done.bytes;
    bulk.bits |= done.bits;
    i += done.bytes;
  }
  return bulk;
}

Bulk Bus::Read(uint64_t at, Bytes& bytes, Attributes attributes) {
  std::fill(bytes.begin(), bytes.end(), uint8_t{0});
  return ForEach(
      at, bytes.size(), attributes, [&](uint64_t i, const Who& who) -> Done {
        if (ReadsMemory(who)) {
          bytes[i] = Byte(who);
          return {1, 0};
        }
        if (!HasDevice(who)) return {1, kDecodeError};
        Bytes part(Piece(Of(who), who.offset, who.offset, bytes.size() - i));
        const unsigned bits = DeviceRead(who, part, attributes);
        std::copy(part.begin(), part.end(),
                  bytes.begin() + static_cast<ptrdiff_t>(i));
        return {part.size(), bits};
      });
}

Bulk Bus::Write(uint64_t at, const Bytes& bytes, Attributes attributes) {
  return ForEach(
      at, bytes.size(), attributes, [&](uint64_t i, const Who& who) -> Done {
        if (WritesMemory(who, attributes)) {
          Byte(who) = bytes[i];
          return {1, 0};
        }
        if (!HasDevice(who)) return {1, kDecodeError};
        const unsigned size =
            Piece(Of(who), who.offset, who.offset, bytes.size() - i);
        const auto from = bytes.begin() + static_cast<ptrdiff_t>(i);
        return {size, DeviceWrite(who, Bytes(from, from + size), attributes)};
      });
}

Bulk Bus::Fill(uint64_t at, uint8_t value, uint64_t bytes,
               Attributes attributes) {
  return Write(at, Bytes(bytes, value), attributes);
}

Bulk Bus::Copy(uint64_t from, uint64_t to, uint64_t bytes,
               Attributes attributes) {
  Bytes buffer(bytes);
  std::vector<bool> read(bytes);
  const Bulk in =
      ForEach(from, bytes, attributes, [&](uint64_t i, const Who& who) -> Done {
        if (!ReadsMemory(who)) return {1, kDecodeError};
        buffer[i] = Byte(who);
        read[i] = true;
        return {1, 0};
      });
  Bulk all = in;
  for (uint64_t i = 0; i < bytes; ++i) {
    if (!read[i]) continue;
    const Who who = i <= UINT64_MAX - to ? At(to + i) : Who{};
    if (WritesMemory(who, attributes)) {
      Byte(who) = buffer[i];
      continue;
    }
    all.bits |= kDecodeError;
    all.good = std::min(all.good, i);
  }
  return all;
}

void Bus::WriteRom(uint64_t at, const Bytes& bytes) {
  for (size_t i = 0; i < bytes.size() && i <= UINT64_MAX - at; ++i) {
    const Who who = At(at + i);
    if (ReadsMemory(who)) Byte(who) = bytes[i];
  }
}

bool Bus::Probe(uint64_t at, uint64_t bytes, bool is_write,
                Attributes attributes) {
  const Bulk bulk =
      ForEach(at, bytes, attributes, [&](uint64_t i, const Who& who) -> Done {
        if (is_write ? WritesMemory(who, attributes) : ReadsMemory(who)) {
          return {1, 0};
        }
        if (!HasDevice(who)) return {1, kDecodeError};
        const bool by_address =
            options_.probe_by_address && !Of(who).device.strict;
        const unsigned size = Piece(
            Of(who), who.offset, by_address ? at + i : who.offset, bytes - i);
        return {size,
                Takes(who, size, is_write, attributes) ? 0 : kDecodeError};
      });
  return bulk.bits == 0;
}

bool Bus::CanCopy(uint64_t from, uint64_t to, uint64_t bytes) const {
  const auto whos = [&](uint64_t at) {
    std::vector<Who> all;
    for (uint64_t i = 0; i < bytes && i <= UINT64_MAX - at; ++i) {
      all.push_back(At(at + i));
    }
    return all;
  };
  const std::vector<Who> sources = whos(from);
  const std::vector<Who> targets = whos(to);
  for (const auto& side : {sources, targets}) {
    for (const Who& who : side) {
      if (HasDevice(who)) return false;
    }
  }
  for (size_t i = 0; i < sources.size(); ++i) {
    for (size_t j = 0; j < targets.size(); ++j) {
      if (sources[i].place >= 0 && sources[i].place == targets[j].place &&
          sources[i].offset == targets[j].offset && from + i != to + j) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace planish::bus
