// RamBlock: the host memory behind a RAM, ROM, ROM-device or RAM-device region.
//
//   backing     whose memory                        fd()   host()
//   anonymous   ours: mmap, private, not reserved   -1     page aligned
//   memfd       ours: shared, so that a vhost-user   >= 0   page aligned
//               or VFIO peer can map it too
//   pointer     the caller's; never freed by us     -1     as given
//   (none)      no RamBlock: the region is RAM on a map that nobody runs, as
//               maps read from text are. Lookups answer without a host address.
//
// Whose writes are logged has a DirtyBitmap here for each client that logs: set
// before a commit puts the client's bit into Region::dirty_log_mask(), and
// taken away when no access can be under way that saw it there.
//
// THREAD SAFETY  Immutable once made, but for the bitmaps: any thread. The
//   bytes are the guest's affair.
// LIFETIME  Its region's. Memory of ours is unmapped with it.
// ERRORS  kInvalidArgument: zero bytes, or 2^64. kResourceExhausted: the host
//   refused; the message carries its errno and the size.
// COST  Pages cost nothing until they are touched.

#ifndef PLANISH_REGIONS_RAM_BLOCK_H_
#define PLANISH_REGIONS_RAM_BLOCK_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "planish/base/addr.h"
#include "planish/regions/dirty_bitmap.h"

namespace planish {

// What to put behind a RAM-like region; an argument of Topology::AddRam().
class RamBacking {
 public:
  enum class Kind : uint8_t { kAnonymous, kMemfd, kPointer, kNone };

  static RamBacking Anonymous() { return RamBacking(Kind::kAnonymous); }
  static RamBacking Memfd() { return RamBacking(Kind::kMemfd); }
  // `host` must stay mapped, for the region's whole size, until the region's
  // owner has been destroyed.
  static RamBacking Pointer(void* host) {
    RamBacking backing(Kind::kPointer);
    backing.host_ = static_cast<std::byte*>(host);
    return backing;
  }
  static RamBacking None() { return RamBacking(Kind::kNone); }

  Kind kind() const { return kind_; }
  std::byte* host() const { return host_; }

 private:
  explicit RamBacking(Kind kind) : kind_(kind) {}
  Kind kind_;
  std::byte* host_ = nullptr;
};

class RamBlock {
 public:
  // Null, and OK, for RamBacking::None(). `name` labels a memfd in /proc.
  static absl::StatusOr<std::unique_ptr<RamBlock>> Create(const char* name,
                                                          ByteCount size,
                                                          RamBacking backing);
  ~RamBlock();
  RamBlock(const RamBlock&) = delete;
  RamBlock& operator=(const RamBlock&) = delete;

  std::byte* host() const { return host_; }
  uint64_t size_bytes() const { return size_bytes_; }
  int fd() const { return fd_; }

  // The clients that can log: as many as a mask has bits.
  static constexpr unsigned kDirtyClients = 8;
  // Null: that client does not log.
  DirtyBitmap* dirty(unsigned client) const {
    // Partner: SetDirty().
    return dirty_[client].load(std::memory_order_acquire);
  }
  // Returns the one before: to be freed when no access can be using it.
  std::unique_ptr<DirtyBitmap> SetDirty(unsigned client,
                                        std::unique_ptr<DirtyBitmap> bitmap);

 private:
  RamBlock(std::byte* host, uint64_t size_bytes, int fd, bool ours)
      : host_(host), size_bytes_(size_bytes), fd_(fd), ours_(ours) {}

  std::byte* const host_;
  const uint64_t size_bytes_;
  const int fd_;
  const bool ours_;
  std::array<std::atomic<DirtyBitmap*>, kDirtyClients> dirty_{};
};

}  // namespace planish

#endif  // PLANISH_REGIONS_RAM_BLOCK_H_
