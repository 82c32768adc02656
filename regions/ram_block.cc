#include "planish/regions/ram_block.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <sstream>
#include <string>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace planish {
namespace {

absl::Status Refused(const char* what, ByteCount size) {
  const int error = errno;
  std::ostringstream out;
  out << what << " of " << size << " bytes: errno " << error;
  return absl::ResourceExhaustedError(out.str());
}

}  // namespace

absl::StatusOr<std::unique_ptr<RamBlock>> RamBlock::Create(const char* name,
                                                           ByteCount size,
                                                           RamBacking backing) {
  if (backing.kind() == RamBacking::Kind::kNone) return nullptr;
  if (size.IsZero() || size == ByteCount::TwoTo64()) {
    std::ostringstream out;
    out << "'" << name << "': host memory of " << size << " bytes";
    return absl::InvalidArgumentError(out.str());
  }
  const uint64_t bytes = size.LastOffset() + 1;
  if (backing.kind() == RamBacking::Kind::kPointer) {
    if (backing.host() == nullptr) {
      return absl::InvalidArgumentError("RamBacking::Pointer(nullptr)");
    }
    return absl::WrapUnique(new RamBlock(backing.host(), bytes, -1, false));
  }
  int fd = -1;
  int flags = MAP_NORESERVE | MAP_PRIVATE | MAP_ANONYMOUS;
  if (backing.kind() == RamBacking::Kind::kMemfd) {
    if (bytes > static_cast<uint64_t>(INT64_MAX)) {
      errno = EFBIG;
      return Refused("memfd", size);
    }
    fd = memfd_create(name, MFD_CLOEXEC);
    if (fd < 0) return Refused("memfd_create", size);
    if (ftruncate(fd, static_cast<off_t>(bytes)) != 0) {
      const absl::Status refused = Refused("ftruncate", size);
      close(fd);
      return refused;
    }
    flags = MAP_NORESERVE | MAP_SHARED;
  }
  void* host = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
  if (host == MAP_FAILED) {
    const absl::Status refused = Refused("mmap", size);
    if (fd >= 0) close(fd);
    return refused;
  }
  return absl::WrapUnique(
      new RamBlock(static_cast<std::byte*>(host), bytes, fd, true));
}

std::unique_ptr<DirtyBitmap> RamBlock::SetDirty(
    unsigned client, std::unique_ptr<DirtyBitmap> bitmap) {
  // Partner: dirty(). Orders the bitmap's contents before it.
  return absl::WrapUnique(
      dirty_[client].exchange(bitmap.release(), std::memory_order_acq_rel));
}

RamBlock::~RamBlock() {
  for (const auto& dirty : dirty_) {
    delete dirty.load(std::memory_order_relaxed);
  }
  if (!ours_) return;
  munmap(host_, size_bytes_);
  if (fd_ >= 0) close(fd_);
}

}  // namespace planish
