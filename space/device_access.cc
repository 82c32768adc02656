#include "planish/space/device_access.h"

#include <algorithm>
#include <bit>
#include <cstdint>

#include "absl/base/optimization.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/space/call_chain.h"
#include "planish/space/guest_memory.h"

namespace planish {
namespace {

using internal::ByteSwap;

// The low `size` bytes.
uint64_t Low(uint64_t value, unsigned size) {
  return size >= 8 ? value : value & ((uint64_t{1} << (size * 8)) - 1);
}

uint64_t SwapLow(uint64_t value, unsigned size) {
  return ByteSwap(value) >> (64 - size * 8);
}

uint64_t ShiftLeft(uint64_t value, int bits) {
  return bits >= 0 ? value << bits : value >> -bits;
}

// The largest size to which `offset` is aligned.
uint64_t AlignmentOf(uint64_t offset) {
  return offset == 0 ? 8 : offset & (~offset + 1);
}

// ---- R5.6, step 5: pieces of `n` at the access's own address.

struct Pieces {
  unsigned size;  // Of the access.
  unsigned n;     // Of each call; larger than `size` if there is only one.
  ByteOrder order;

  // Where the piece at `i` lies in the value; negative: below it.
  int BitOf(unsigned i) const {
    const int at = static_cast<int>(i);
    return 8 * (order == ByteOrder::kLittle
                    ? at
                    : static_cast<int>(size) - static_cast<int>(n) - at);
  }
};

Loaded<uint64_t> ReadPieces(const DevicePort& port, uint64_t offset,
                            const Pieces& p, AccessAttributes attributes) {
  Loaded<uint64_t> all;
  for (unsigned i = 0; i < p.size; i += p.n) {
    const Loaded<uint64_t> part = port.Read(offset + i, p.n, attributes);
    all.result |= part.result;
    all.value |= ShiftLeft(Low(part.value, p.n), p.BitOf(i));
  }
  all.value = Low(all.value, p.size);
  return all;
}

AccessResult WritePieces(const DevicePort& port, uint64_t offset,
                         const Pieces& p, uint64_t value,
                         AccessAttributes attributes) {
  AccessResult result = AccessResult::kOk;
  for (unsigned i = 0; i < p.size; i += p.n) {
    result |= port.Write(offset + i, p.n,
                         Low(ShiftLeft(value, -p.BitOf(i)), p.n), attributes);
  }
  return result;
}

// ---- Strict: aligned blocks of `n` that cover the access.

struct Blocks {
  unsigned n;
  uint64_t first;   // The offset of the first block.
  unsigned count;   // 1 to 5.
  unsigned before;  // Bytes of the first block that come before the access.

  uint64_t bytes() const { return uint64_t{n} * count; }
};

Blocks BlocksOver(uint64_t offset, unsigned size, unsigned n) {
  const unsigned before = static_cast<unsigned>(offset & (n - 1));
  return {n, offset - before, (before + size + n - 1) / n, before};
}

// The shift of byte `i` of a number of `size` bytes.
int BitOfByte(unsigned i, unsigned size, ByteOrder order) {
  return 8 * static_cast<int>(order == ByteOrder::kLittle ? i : size - 1 - i);
}

// Copies the bytes that both have: those from `before` on in `blocks`' order.
struct ByteCopy {
  ByteOrder order;
  unsigned size;  // Of the access.
  const Blocks& b;

  // The bytes of block `k` that belong to the access: [from, to).
  unsigned From(unsigned k) const { return k == 0 ? b.before : 0; }
  unsigned To(unsigned k) const {
    return std::min(b.n, b.before + size - k * b.n);
  }
  // Of byte `j` of block `k`, in the block and in the access.
  int BitInBlock(unsigned j) const { return BitOfByte(j, b.n, order); }
  int BitInAccess(unsigned k, unsigned j) const {
    return BitOfByte(k * b.n + j - b.before, size, order);
  }
};

Loaded<uint64_t> ReadBlocks(const DevicePort& port, const Blocks& b,
                            unsigned size, AccessAttributes attributes) {
  const ByteCopy copy{port.order(), size, b};
  Loaded<uint64_t> all;
  for (unsigned k = 0; k < b.count; ++k) {
    const Loaded<uint64_t> block =
        port.Read(b.first + uint64_t{k} * b.n, b.n, attributes);
    all.result |= block.result;
    for (unsigned j = copy.From(k); j < copy.To(k); ++j) {
      all.value |= (block.value >> copy.BitInBlock(j) & 0xff)
                   << copy.BitInAccess(k, j);
    }
  }
  return all;
}

AccessResult WriteBlocks(const DevicePort& port, const Blocks& b, unsigned size,
                         uint64_t value, AccessAttributes attributes) {
  const ByteCopy copy{port.order(), size, b};
  AccessResult result = AccessResult::kOk;
  for (unsigned k = 0; k < b.count; ++k) {
    const uint64_t at = b.first + uint64_t{k} * b.n;
    uint64_t block = 0;
    if (copy.From(k) != 0 || copy.To(k) != b.n) {
      const Loaded<uint64_t> old = port.Read(at, b.n, attributes);
      result |= old.result;
      // Writing back what could not be read would change it.
      if (old.result != AccessResult::kOk) continue;
      block = old.value;
    }
    for (unsigned j = copy.From(k); j < copy.To(k); ++j) {
      const int bit = copy.BitInBlock(j);
      block &= ~(uint64_t{0xff} << bit);
      block |= (value >> copy.BitInAccess(k, j) & 0xff) << bit;
    }
    result |= port.Write(at, b.n, Low(block, b.n), attributes);
  }
  return result;
}

// How the callbacks are called for one access.
struct Plan {
  unsigned n;
  bool blocks;
};

Plan PlanOf(const DevicePort& port, uint64_t offset, unsigned size) {
  unsigned n = std::clamp(size, port.impl_min(), port.impl_max());
  if (!port.strict()) return {n, false};
  if (!port.ops().impl.unaligned) {
    const auto aligned = std::min<uint64_t>(n, AlignmentOf(offset));
    n = std::max(port.impl_min(), static_cast<unsigned>(aligned));
    if ((offset & (n - 1)) != 0) return {n, true};
  }
  return {n, n > size};
}

// R5.6, step 2, without the filter.
bool IsValidSize(const RegionOps& ops, uint64_t offset, unsigned size) {
  if (!ops.valid.unaligned && (offset & (size - 1)) != 0) return false;
  if (ops.valid.max == 0) return true;
  return size >= ops.valid.min && size <= ops.valid.max;
}

ABSL_ATTRIBUTE_NOINLINE AccessResult Refuse(
    AccessReport::Why why, const Region& region, uint64_t offset, unsigned size,
    bool is_write, AccessAttributes attributes, const AccessOptions& options) {
  if (options.log != nullptr) {
    options.log->Report({.why = why,
                         .is_write = is_write,
                         .region = &region,
                         .offset = offset,
                         .size_bytes = size,
                         .attributes = attributes});
  }
  return why == AccessReport::Why::kReentered ? AccessResult::kAccessError
                                              : AccessResult::kDecodeError;
}

}  // namespace

unsigned PieceSize(const DevicePort& port, uint64_t offset, uint64_t bytes) {
  const RegionOps& ops = port.ops();
  uint64_t size = LargestPiece(ops);
  if (!ops.impl.unaligned) size = std::min(size, AlignmentOf(offset));
  if (port.strict() && offset <= port.last_offset()) {
    size = std::min(size - 1, port.last_offset() - offset) + 1;
  }
  return static_cast<unsigned>(std::bit_floor(std::min(size, bytes)));
}

bool IsValidAccess(const DevicePort& port, uint64_t offset, unsigned size,
                   bool is_write, AccessAttributes attributes) {
  const RegionOps& ops = port.ops();
  if (ops.accepts != nullptr &&
      !ops.accepts(port.device(), offset, size, is_write, attributes)) {
    return false;
  }
  if (!IsValidSize(ops, offset, size)) return false;
  if (!port.Holds(offset, size)) return false;
  const Plan plan = PlanOf(port, offset, size);
  if (!plan.blocks) return true;
  const Blocks b = BlocksOver(offset, size, plan.n);
  return port.Holds(b.first, b.bytes());
}

Loaded<uint64_t> DeviceRead(const Reading& guard, const Region& region,
                            uint64_t offset, unsigned size, ByteOrder order,
                            AccessAttributes attributes,
                            const AccessOptions& options) {
  const DevicePort* port = region.port();
  const bool plain = port != nullptr && port->IsPlain(offset, size);
  if (!plain && (port == nullptr ||
                 !IsValidAccess(*port, offset, size, false, attributes))) {
    return {Refuse(AccessReport::Why::kRejected, region, offset, size, false,
                   attributes, options)};
  }
  const CallScope scope(guard, region, *port);
  if (!scope.entered()) {
    return {Refuse(AccessReport::Why::kReentered, region, offset, size, false,
                   attributes, options)};
  }
  Loaded<uint64_t> loaded;
  if (ABSL_PREDICT_TRUE(plain)) {
    loaded = port->Read(offset, size, attributes);
    loaded.value = Low(loaded.value, size);
  } else {
    const Plan plan = PlanOf(*port, offset, size);
    loaded = plan.blocks
                 ? ReadBlocks(*port, BlocksOver(offset, size, plan.n), size,
                              attributes)
                 : ReadPieces(*port, offset, {size, plan.n, port->order()},
                              attributes);
  }
  if (order != port->order()) loaded.value = SwapLow(loaded.value, size);
  return loaded;
}

AccessResult DeviceWrite(const Reading& guard, const Region& region,
                         uint64_t offset, unsigned size, uint64_t value,
                         ByteOrder order, AccessAttributes attributes,
                         const AccessOptions& options) {
  const DevicePort* port = region.port();
  const bool plain = port != nullptr && port->IsPlain(offset, size);
  if (!plain && (port == nullptr ||
                 !IsValidAccess(*port, offset, size, true, attributes))) {
    return Refuse(AccessReport::Why::kRejected, region, offset, size, true,
                  attributes, options);
  }
  value = Low(value, size);
  if (order != port->order()) value = SwapLow(value, size);
  if (const Doorbell* bell = port->FindDoorbell(offset, size, value)) {
    bell->ring(bell->of);
    return AccessResult::kOk;
  }
  const CallScope scope(guard, region, *port);
  if (!scope.entered()) {
    return Refuse(AccessReport::Why::kReentered, region, offset, size, true,
                  attributes, options);
  }
  if (ABSL_PREDICT_TRUE(plain)) {
    return port->Write(offset, size, value, attributes);
  }
  const Plan plan = PlanOf(*port, offset, size);
  if (plan.blocks) {
    return WriteBlocks(*port, BlocksOver(offset, size, plan.n), size, value,
                       attributes);
  }
  return WritePieces(*port, offset, {size, plan.n, port->order()}, value,
                     attributes);
}

}  // namespace planish
