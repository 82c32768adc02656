#include "planish/space/bulk_access.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ostream>

#include "absl/base/optimization.h"
#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"
#include "planish/base/addr.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/dispatch/dispatch_table.h"
#include "planish/dispatch/section.h"
#include "planish/regions/device_port.h"
#include "planish/regions/region.h"
#include "planish/space/access_log.h"
#include "planish/space/address_space.h"
#include "planish/space/guest_memory.h"
#include "planish/space/section_access.h"
#include "planish/space/translate.h"

namespace planish {
namespace {

using internal::CopyGuest;
using internal::FillGuest;
using internal::Fits;
using internal::IsMemory;
using internal::MarkDirty;
using internal::MoveGuest;
using internal::RefuseAt;
using internal::WritesMemory;

// The length of [section.addr(), section.last()], cut to `left`, which isn't 0.
uint64_t BytesIn(const Section& section, uint64_t left) {
  return std::min(left - 1, section.last() - section.addr()) + 1;
}

// What one call sees of a space: one version of it, and after a callback that
// has left the guard, another one (C2).
class Seen {
 public:
  Seen(const Reading& guard, const AddressSpace& space)
      : guard_(guard),
        space_(space),
        snapshot_(&space.Current(guard)),
        interrupted_(guard.interrupted()) {}

  const Reading& guard() const { return guard_; }
  // To be asked again after each callback.
  const Snapshot& snapshot() {
    if (ABSL_PREDICT_FALSE(guard_.interrupted() != interrupted_)) {
      interrupted_ = guard_.interrupted();
      snapshot_ = &space_.Current(guard_);
    }
    return *snapshot_;
  }

 private:
  const Reading& guard_;
  const AddressSpace& space_;
  const Snapshot* snapshot_;
  uint32_t interrupted_;
};

// A bulk access, piece by piece: what is to be done next, and with how much.
class Walk {
 public:
  enum class Where : uint8_t {
    kMemory,   // host(), `bytes` of it.
    kDevice,   // One access of `bytes`.
    kNowhere,  // `bytes` that fail with refusal().
  };

  Walk(Seen& seen, Addr a, uint64_t bytes, bool is_write,
       AccessAttributes attributes, const AccessOptions& options)
      : seen_(seen),
        first_(a),
        total_(bytes),
        is_write_(is_write),
        attributes_(attributes),
        options_(options) {}

  // False at the end.
  bool Next() {
    if (done_ == total_) return false;
    if (ABSL_PREDICT_FALSE(done_ > Addr::Max() - first_)) {  // Past 2^64.
      Fail(AccessResult::kDecodeError, left());
      return true;
    }
    section_ = seen_.snapshot().Lookup(Addr(first_.raw() + done_));
    refusal_ = AccessResult::kOk;
    is_cut_ = IsTranslated(section_);
    if (ABSL_PREDICT_FALSE(is_cut_) && !GoThrough()) return true;
    if (attributes_.memory_only && !IsMemory(section_.kind())) {
      Fail(RefuseAt(AccessReport::Why::kDenied, section_, left(), is_write_,
                    attributes_, options_),
           left());
    } else if (is_write_ ? WritesMemory(section_, attributes_, options_)
                         : section_.host() != nullptr) {
      where_ = Where::kMemory;
      bytes_ = BytesIn(section_, left());
    } else {
      FindDevice();
    }
    return true;
  }

  Where where() const { return where_; }
  uint64_t bytes() const { return bytes_; }
  AccessResult refusal() const { return refusal_; }
  const Section& section() const { return section_; }
  // Where the piece is in the space that was asked.
  Addr at() const { return Addr(first_.raw() + done_); }
  uint64_t done() const { return done_; }
  uint64_t left() const { return total_ - done_; }

  // REQUIRES: where() is kDevice.
  Loaded<uint64_t> ReadDevice() const {
    return DeviceRead(seen_.guard(), *section_.region(), section_.offset(),
                      Width(), kHostByteOrder, attributes_, options_);
  }
  AccessResult WriteDevice(uint64_t value) const {
    return DeviceWrite(seen_.guard(), *section_.region(), section_.offset(),
                       Width(), value, kHostByteOrder, attributes_, options_);
  }

  // What has become of the next `bytes`.
  void Advance(uint64_t bytes, AccessResult result) {
    if (sum_.result == AccessResult::kOk && result == AccessResult::kOk) {
      sum_.good_bytes += bytes;
    }
    sum_.result |= result;
    done_ += bytes;
  }
  BulkResult sum() const { return sum_; }

 private:
  unsigned Width() const { return static_cast<unsigned>(bytes_); }

  void Fail(AccessResult refusal, uint64_t bytes) {
    where_ = Where::kNowhere;
    refusal_ = refusal;
    bytes_ = bytes;
  }

  // Whether there is a call left; if not, all the rest fails.
  bool MayCall() {
    if (device_calls_ == options_.max_device_calls) {
      Fail(AccessResult::kAccessError, left());
      return false;
    }
    ++device_calls_;
    return true;
  }

  // From an IOMMU to where it leads. False: it doesn't.
  bool GoThrough() {
    if (!MayCall()) return false;
    const Translated at = TranslateSection(seen_.guard(), section_, is_write_,
                                           attributes_, options_);
    section_ = at.section;
    if (at.result == AccessResult::kOk) return true;
    Fail(at.result, BytesIn(section_, left()));
    return false;
  }

  void FindDevice() {
    const Region* region = section_.region();
    const DevicePort* port = region == nullptr ? nullptr : region->port();
    if (port == nullptr) {
      const uint64_t bytes = BytesIn(section_, left());
      Fail(RefuseAt(region == nullptr ? AccessReport::Why::kUnassigned
                                      : AccessReport::Why::kRejected,
                    section_, bytes, is_write_, attributes_, options_),
           bytes);
      return;
    }
    if (!MayCall()) return;
    where_ = Where::kDevice;
    bytes_ = PieceSize(*port, section_.offset(),
                       is_cut_ ? BytesIn(section_, left()) : left());
  }

  Seen& seen_;
  const Addr first_;
  const uint64_t total_;
  const bool is_write_;
  const AccessAttributes attributes_;
  const AccessOptions& options_;

  uint64_t done_ = 0;
  uint64_t device_calls_ = 0;
  BulkResult sum_;
  // The next piece.
  Section section_;
  bool is_cut_ = false;  // It was translated, and holds no further.
  Where where_ = Where::kNowhere;
  AccessResult refusal_ = AccessResult::kOk;
  uint64_t bytes_ = 0;
};

// A number of `bytes` bytes as it stands in memory, and back.
void PutNumber(std::byte* to, uint64_t value, uint64_t bytes) {
  if constexpr (kHostByteOrder == ByteOrder::kBig) value <<= 64 - 8 * bytes;
  std::memcpy(to, &value, bytes);
}

uint64_t TakeNumber(const std::byte* from, uint64_t bytes) {
  uint64_t value = 0;
  std::memcpy(&value, from, bytes);
  if constexpr (kHostByteOrder == ByteOrder::kBig) value >>= 64 - 8 * bytes;
  return value;
}

BulkResult WriteTo(Seen& seen, Addr a, absl::Span<const std::byte> from,
                   AccessAttributes attributes, const AccessOptions& options) {
  const Section section = seen.snapshot().table().Lookup(a);
  if (ABSL_PREDICT_TRUE(!from.empty() && Fits(section, from.size()) &&
                        IsMemory(section.kind()) &&
                        WritesMemory(section, attributes, options))) {
    CopyGuest(section.host(), from.data(), from.size(), true);
    MarkDirty(section, from.size());
    return {AccessResult::kOk, from.size()};
  }
  Walk walk(seen, a, from.size(), true, attributes, options);
  while (walk.Next()) {
    const std::byte* at = from.data() + walk.done();
    switch (walk.where()) {
      case Walk::Where::kMemory:
        CopyGuest(walk.section().host(), at, walk.bytes(), true);
        MarkDirty(walk.section(), walk.bytes());
        walk.Advance(walk.bytes(), AccessResult::kOk);
        break;
      case Walk::Where::kDevice:
        walk.Advance(walk.bytes(),
                     walk.WriteDevice(TakeNumber(at, walk.bytes())));
        break;
      case Walk::Where::kNowhere:
        walk.Advance(walk.bytes(), walk.refusal());
        break;
    }
  }
  return walk.sum();
}

// ---- Copying within a space.

constexpr size_t kStageBytes = 4096;

// Reads `bytes` into a buffer, then writes what could be read.
BulkResult CopyStaged(Seen& source, Addr from, Seen& target, Addr to,
                      uint64_t bytes, AccessAttributes attributes,
                      const AccessOptions& options) {
  struct Run {
    uint64_t first;
    uint64_t bytes;
  };
  std::array<std::byte, kStageBytes> stage;
  absl::InlinedVector<Run, 8> runs;  // What could be read; apart.
  Walk walk(source, from, bytes, false, attributes, options);
  while (walk.Next()) {
    std::byte* at = stage.data() + walk.done();
    const uint64_t n = walk.bytes();
    AccessResult result = walk.refusal();
    if (walk.where() == Walk::Where::kMemory) {
      CopyGuest(at, walk.section().host(), n, false);
      result = AccessResult::kOk;
    } else if (walk.where() == Walk::Where::kDevice) {
      const Loaded<uint64_t> loaded = walk.ReadDevice();
      PutNumber(at, loaded.value, n);
      result = loaded.result;
    }
    if (result == AccessResult::kOk) {
      if (!runs.empty() &&
          runs.back().first + runs.back().bytes == walk.done()) {
        runs.back().bytes += n;
      } else {
        runs.push_back({walk.done(), n});
      }
    }
    walk.Advance(n, result);
  }
  BulkResult sum = walk.sum();
  for (const Run& run : runs) {
    const bool past = run.first > Addr::Max() - to;  // 2^64.
    const BulkResult written =
        past ? BulkResult{AccessResult::kDecodeError, 0}
             : WriteTo(target, Addr(to.raw() + run.first),
                       {stage.data() + run.first, run.bytes}, attributes,
                       options);
    sum.result |= written.result;
    if (written.result != AccessResult::kOk) {
      sum.good_bytes = std::min(sum.good_bytes, run.first + written.good_bytes);
    }
  }
  return sum;
}

// From the last byte to the first: `to` lies above `from`, and they overlap.
BulkResult CopyUpwards(Seen& seen, Addr from, Addr to, uint64_t bytes,
                       AccessAttributes attributes,
                       const AccessOptions& options) {
  BulkResult sum{AccessResult::kOk, bytes};
  uint64_t left = bytes;
  for (uint64_t steps = 0; left != 0; ++steps) {
    if (steps == options.max_device_calls) {
      return {sum.result | AccessResult::kAccessError, 0};
    }
    const uint64_t n = std::min<uint64_t>(left, kStageBytes);
    left -= n;
    BulkResult part{AccessResult::kDecodeError, 0};
    if (left <= Addr::Max() - to) {
      part = CopyStaged(seen, Addr(from.raw() + left), seen,
                        Addr(to.raw() + left), n, attributes, options);
    }
    sum.result |= part.result;
    if (part.result != AccessResult::kOk) {
      sum.good_bytes = left + part.good_bytes;
    }
  }
  return sum;
}

// ---- Probing.

// How many bytes from the section's on are pieces that the device takes, if it
// takes the first one, of `piece` bytes: where none is filtered, cut smaller or
// widened over the end, all up to the section's end.
uint64_t AlikeBytes(const Section& section, const DevicePort& port,
                    uint64_t piece, uint64_t left) {
  if (port.ops().accepts != nullptr || piece != LargestPiece(port.ops())) {
    return piece;
  }
  uint64_t bytes = BytesIn(section, left);
  if (port.strict()) {
    if (piece < port.impl_min()) return piece;
    bytes = std::min(bytes - 1, port.last_offset() - section.offset()) + 1;
  }
  return std::max(piece, bytes - bytes % piece);
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const BulkResult& result) {
  return out << result.result << ", good " << ByteCount(result.good_bytes);
}

BulkResult Read(const Reading& guard, const AddressSpace& space, Addr a,
                absl::Span<std::byte> to, AccessAttributes attributes,
                const AccessOptions& options) {
  Seen seen(guard, space);
  // As a rule it is one range of RAM.
  const Section section = seen.snapshot().table().Lookup(a);
  if (ABSL_PREDICT_TRUE(section.host() != nullptr && !to.empty() &&
                        Fits(section, to.size()) && IsMemory(section.kind()))) {
    CopyGuest(to.data(), section.host(), to.size(), false);
    return {AccessResult::kOk, to.size()};
  }
  Walk walk(seen, a, to.size(), false, attributes, options);
  while (walk.Next()) {
    std::byte* at = to.data() + walk.done();
    switch (walk.where()) {
      case Walk::Where::kMemory:
        CopyGuest(at, walk.section().host(), walk.bytes(), false);
        walk.Advance(walk.bytes(), AccessResult::kOk);
        break;
      case Walk::Where::kDevice: {
        const Loaded<uint64_t> loaded = walk.ReadDevice();
        PutNumber(at, loaded.value, walk.bytes());
        walk.Advance(walk.bytes(), loaded.result);
        break;
      }
      case Walk::Where::kNowhere:
        FillGuest(at, std::byte{0}, walk.bytes());
        walk.Advance(walk.bytes(), walk.refusal());
        break;
    }
  }
  return walk.sum();
}

BulkResult Write(const Reading& guard, const AddressSpace& space, Addr a,
                 absl::Span<const std::byte> from, AccessAttributes attributes,
                 const AccessOptions& options) {
  Seen seen(guard, space);
  return WriteTo(seen, a, from, attributes, options);
}

BulkResult Fill(const Reading& guard, const AddressSpace& space, Addr a,
                std::byte value, uint64_t bytes, AccessAttributes attributes,
                const AccessOptions& options) {
  Seen seen(guard, space);
  constexpr uint64_t kEachByte = UINT64_MAX / 0xff;
  Walk walk(seen, a, bytes, true, attributes, options);
  while (walk.Next()) {
    switch (walk.where()) {
      case Walk::Where::kMemory:
        FillGuest(walk.section().host(), value, walk.bytes());
        MarkDirty(walk.section(), walk.bytes());
        walk.Advance(walk.bytes(), AccessResult::kOk);
        break;
      case Walk::Where::kDevice:
        walk.Advance(
            walk.bytes(),
            walk.WriteDevice(static_cast<uint64_t>(value) * kEachByte));
        break;
      case Walk::Where::kNowhere:
        walk.Advance(walk.bytes(), walk.refusal());
        break;
    }
  }
  return walk.sum();
}

BulkResult Copy(const Reading& guard, const AddressSpace& from_space, Addr from,
                const AddressSpace& to_space, Addr to, uint64_t bytes,
                AccessAttributes attributes, const AccessOptions& options) {
  Seen from_seen(guard, from_space);
  Seen to_seen(guard, to_space);
  if (&from_seen.snapshot() == &to_seen.snapshot() && from < to &&
      to - from < bytes) {
    return CopyUpwards(from_seen, from, to, bytes, attributes, options);
  }
  Walk source(from_seen, from, bytes, false, attributes, options);
  Walk target(to_seen, to, bytes, true, attributes, options);
  while (source.Next()) {
    const uint32_t interrupted = guard.interrupted();
    if (!target.Next()) break;
    // An IOMMU's model has left the guard that the source was found under.
    const bool is_stale = guard.interrupted() != interrupted;
    using Where = Walk::Where;
    uint64_t n = std::min(source.bytes(), target.bytes());
    AccessResult result = AccessResult::kOk;
    if (source.where() == Where::kNowhere) {
      result = source.refusal();
    } else if (target.where() == Where::kNowhere) {
      result = target.refusal();
    } else if (source.where() == Where::kMemory &&
               target.where() == Where::kMemory && !is_stale) {
      MoveGuest(target.section().host(), source.section().host(), n);
      MarkDirty(target.section(), n);
    } else {
      if (source.where() == Where::kDevice) {
        n = source.bytes();
      } else if (target.where() == Where::kDevice) {
        n = target.bytes();
      }
      n = std::min<uint64_t>(n, kStageBytes);
      const BulkResult part = CopyStaged(from_seen, source.at(), to_seen,
                                         target.at(), n, attributes, options);
      if (part.good_bytes != n) {
        // The piece failed from its middle on.
        source.Advance(part.good_bytes, AccessResult::kOk);
        target.Advance(part.good_bytes, AccessResult::kOk);
        n -= part.good_bytes;
      }
      result = part.result;
    }
    source.Advance(n, result);
    target.Advance(n, result);
  }
  return source.sum();
}

void WriteRom(const Reading& guard, const AddressSpace& space, Addr a,
              absl::Span<const std::byte> from) {
  Seen seen(guard, space);
  size_t done = 0;
  while (done != from.size() && done <= Addr::Max() - a) {
    const Section section =
        TranslateSection(guard, seen.snapshot().Lookup(Addr(a.raw() + done)),
                         true, {.debug = true})
            .section;
    const uint64_t n = BytesIn(section, from.size() - done);
    if (std::byte* host = section.host()) {
      CopyGuest(host, from.data() + done, n, true);
      MarkDirty(section, n);
    }
    done += n;
  }
}

bool IsAccessible(const Reading& guard, const AddressSpace& space, Addr a,
                  uint64_t bytes, bool is_write, AccessAttributes attributes,
                  const AccessOptions& options) {
  Seen seen(guard, space);
  AccessOptions quiet = options;
  quiet.log = nullptr;
  Walk walk(seen, a, bytes, is_write, attributes, quiet);
  while (walk.Next()) {
    uint64_t n = walk.bytes();
    if (walk.where() == Walk::Where::kNowhere) return false;
    if (walk.where() == Walk::Where::kDevice) {
      const Section& section = walk.section();
      const DevicePort& port = *section.region()->port();
      const uint64_t offset = section.offset();
      if (options.r5_12_probe_by_address && !port.strict()) {
        n = PieceSize(port, section.addr().raw(), walk.left());
      }
      if (!IsValidAccess(port, offset, static_cast<unsigned>(n), is_write,
                         attributes)) {
        return false;
      }
      n = AlikeBytes(section, port, n, walk.left());
    }
    walk.Advance(n, AccessResult::kOk);
  }
  return true;
}

}  // namespace planish
