// DirtyBitmap: which parts of a RAM block one client has not seen since they
// were written: a bit for each granule, set after the data by every write path
// of space/, and taken by the client, a display or a migration.
//
//    writer                           client
//    store the data                   take the bits: exchange 0      [N]
//    LightFence    [M]                HeavyFence                     [M]
//    bit set already? done            read the data of those granules
//    else set it: fetch_or    [N]
//
// ORDERS
//   [M] A writer that finds its bit set leaves it alone, for the price of a
//       load; the bit may be taken at that moment. With the fences either the
//       writer sees the bit taken, and sets it again, or its data is there for
//       the client to read. As with guards (base/rcu/atomics.h), the client
//       pays for both. Without membarrier(2) the writer has a full fence of its
//       own.
//   [N] fetch_or(release) | exchange(acquire): who gets a bit gets the data.
// THREAD SAFETY  Any thread, all functions at once.
// LIFETIME  Its RamBlock's; see RamBlock::SetDirty().
// COST  A bit for each granule. Mark: four loads if the bit is set, else one
//   read-modify-write for 64 granules. Taking: a load for 64 granules, a
//   read-modify-write for those that have any, one membarrier a call.
// SOURCES  SEMANTICS 7; FEATURES F097-F100, F104.

#ifndef PLANISH_REGIONS_DIRTY_BITMAP_H_
#define PLANISH_REGIONS_DIRTY_BITMAP_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "absl/types/span.h"
#include "planish/base/check.h"
#include "planish/base/rcu/atomics.h"

namespace planish {

// What was dirty in some part of a block at some moment. A plain value.
class DirtySnapshot {
 public:
  // Whether any granule that has a byte of these was dirty, as far as they are
  // in the part that was asked for.
  bool Test(uint64_t offset, uint64_t bytes) const;
  bool empty() const;

 private:
  friend class DirtyBitmap;
  int granule_shift_ = 0;
  uint64_t first_word_ = 0;
  std::vector<uint64_t> words_;
};

class DirtyBitmap {
 public:
  // Of a block of `bytes`, clean. REQUIRES: the granule is a power of two.
  DirtyBitmap(uint64_t bytes, uint64_t granule_bytes);
  DirtyBitmap(const DirtyBitmap&) = delete;
  DirtyBitmap& operator=(const DirtyBitmap&) = delete;

  uint64_t granule_bytes() const { return uint64_t{1} << granule_shift_; }
  uint64_t granules() const { return granules_; }
  // For a caller's bitmap: bit i of word w is granule 64 * w + i of the block.
  size_t words() const { return static_cast<size_t>(granules_ + 63) / 64; }

  // To be called after the data was stored.
  // REQUIRES: bytes != 0, inside the block; here and below.
  ABSL_ATTRIBUTE_ALWAYS_INLINE void Mark(uint64_t offset, uint64_t bytes) {
    const uint64_t first = offset >> granule_shift_;
    const uint64_t last = (offset + bytes - 1) >> granule_shift_;
    PLANISH_DCHECK(bytes != 0 && last < granules_, "mark outside of the block");
    if (ABSL_PREDICT_TRUE(light_)) {
      StdAtomics::LightFence();  // [M]
    } else {
      StdAtomics::FullFence();  // [M]
    }
    if (ABSL_PREDICT_FALSE(first / 64 != last / 64)) {
      return MarkWords(first, last);
    }
    MarkWord(first / 64, Mask(first, last));
  }
  void MarkAll() { Mark(0, bytes_); }

  bool Test(uint64_t offset, uint64_t bytes) const;

  // These take what is dirty in a part of the block: exactly the granules that
  // have a byte of it, whatever shares a word with them.

  DirtySnapshot SnapshotAndClear(uint64_t offset, uint64_t bytes);
  // ORs it into `into`, which has words() words. Returns how many bits are set
  // in `into` that were not.
  uint64_t TestAndClear(uint64_t offset, uint64_t bytes,
                        absl::Span<uint64_t> into);
  // Returns whether there was any.
  bool Clear(uint64_t offset, uint64_t bytes);

  // Marks what somebody else, as a hypervisor, has logged: bit i of `bits` is a
  // page of `page_bytes` at offset + i * page_bytes. Bits past the block's end
  // mean nothing. Returns how many others were set.
  uint64_t Import(uint64_t offset, uint64_t page_bytes,
                  absl::Span<const uint64_t> bits);

 private:
  using Word = std::atomic<uint64_t>;

  // The bits of [first, last], which are in one word.
  static uint64_t Mask(uint64_t first, uint64_t last) {
    return ~uint64_t{0} >> (63 - (last - first)) << (first % 64);
  }
  ABSL_ATTRIBUTE_ALWAYS_INLINE void MarkWord(uint64_t word, uint64_t mask) {
    Word& bits = bits_[word];
    if ((bits.load(std::memory_order_relaxed) & mask) == mask) return;  // [M]
    bits.fetch_or(mask, std::memory_order_release);                     // [N]
  }
  void MarkWords(uint64_t first, uint64_t last);

  // Calls f(word, bits) for each word of the part with bits that it took.
  template <typename F>
  void Take(uint64_t offset, uint64_t bytes, F f);

  const int granule_shift_;
  const bool light_;  // Membarrier works.
  const uint64_t bytes_;
  const uint64_t granules_;
  const std::unique_ptr<Word[]> bits_;
};

}  // namespace planish

#endif  // PLANISH_REGIONS_DIRTY_BITMAP_H_
