#include "planish/regions/dirty_bitmap.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>

#include "absl/types/span.h"
#include "planish/base/check.h"
#include "planish/base/rcu/atomics.h"

namespace planish {
namespace {

int ShiftOf(uint64_t granule_bytes) {
  PLANISH_CHECK(std::has_single_bit(granule_bytes),
                "a dirty bitmap's granule is no power of two");
  return std::countr_zero(granule_bytes);
}

}  // namespace

bool DirtySnapshot::Test(uint64_t offset, uint64_t bytes) const {
  if (bytes == 0 || words_.empty()) return false;
  const uint64_t begin = first_word_ * 64;
  const uint64_t end = begin + words_.size() * 64;  // Past the last granule.
  uint64_t granule = std::max(offset >> granule_shift_, begin);
  const uint64_t last =
      std::min((offset + bytes - 1) >> granule_shift_, end - 1);
  for (; granule <= last; ++granule) {
    if ((words_[(granule - begin) / 64] >> (granule % 64) & 1) != 0) {
      return true;
    }
  }
  return false;
}

bool DirtySnapshot::empty() const {
  return std::all_of(words_.begin(), words_.end(),
                     [](uint64_t word) { return word == 0; });
}

DirtyBitmap::DirtyBitmap(uint64_t bytes, uint64_t granule_bytes)
    : granule_shift_(ShiftOf(granule_bytes)),
      light_(Membarrier::Works()),
      bytes_(bytes),
      granules_(((bytes - 1) >> granule_shift_) + 1),
      bits_(new Word[words()]()) {}

void DirtyBitmap::MarkWords(uint64_t first, uint64_t last) {
  for (uint64_t begin = first; begin <= last; begin = (begin | 63) + 1) {
    MarkWord(begin / 64, Mask(begin, std::min(begin | 63, last)));
  }
}

bool DirtyBitmap::Test(uint64_t offset, uint64_t bytes) const {
  const uint64_t last = (offset + bytes - 1) >> granule_shift_;
  for (uint64_t begin = offset >> granule_shift_; begin <= last;
       begin = (begin | 63) + 1) {
    const uint64_t mask = Mask(begin, std::min(begin | 63, last));
    // [N], for those who look without taking.
    if ((bits_[begin / 64].load(std::memory_order_acquire) & mask) != 0) {
      return true;
    }
  }
  return false;
}

template <typename F>
void DirtyBitmap::Take(uint64_t offset, uint64_t bytes, F f) {
  const uint64_t last = (offset + bytes - 1) >> granule_shift_;
  PLANISH_DCHECK(bytes != 0 && last < granules_, "take outside of the block");
  bool any = false;
  for (uint64_t begin = offset >> granule_shift_; begin <= last;
       begin = (begin | 63) + 1) {
    Word& word = bits_[begin / 64];
    const uint64_t mask = Mask(begin, std::min(begin | 63, last));
    // What is set after this load is for the next time.
    if ((word.load(std::memory_order_relaxed) & mask) == 0) continue;
    const uint64_t taken =
        word.fetch_and(~mask, std::memory_order_acquire) & mask;  // [N]
    if (taken == 0) continue;
    any = true;
    f(begin / 64, taken);
  }
  if (!any) return;
  if (light_) {
    StdAtomics::HeavyFence();  // [M]
  } else {
    StdAtomics::FullFence();  // [M]
  }
}

DirtySnapshot DirtyBitmap::SnapshotAndClear(uint64_t offset, uint64_t bytes) {
  DirtySnapshot snapshot;
  snapshot.granule_shift_ = granule_shift_;
  snapshot.first_word_ = (offset >> granule_shift_) / 64;
  const uint64_t last_word = ((offset + bytes - 1) >> granule_shift_) / 64;
  snapshot.words_.resize(
      static_cast<size_t>(last_word - snapshot.first_word_ + 1));
  Take(offset, bytes, [&](uint64_t word, uint64_t bits) {
    snapshot.words_[word - snapshot.first_word_] = bits;
  });
  return snapshot;
}

uint64_t DirtyBitmap::TestAndClear(uint64_t offset, uint64_t bytes,
                                   absl::Span<uint64_t> into) {
  PLANISH_CHECK(into.size() >= words(), "a bitmap too short for its block");
  uint64_t added = 0;
  Take(offset, bytes, [&](uint64_t word, uint64_t bits) {
    added += static_cast<uint64_t>(std::popcount(bits & ~into[word]));
    into[word] |= bits;
  });
  return added;
}

bool DirtyBitmap::Clear(uint64_t offset, uint64_t bytes) {
  bool any = false;
  Take(offset, bytes, [&](uint64_t, uint64_t) { any = true; });
  return any;
}

uint64_t DirtyBitmap::Import(uint64_t offset, uint64_t page_bytes,
                             absl::Span<const uint64_t> bits) {
  if (offset >= bytes_) return 0;
  const uint64_t pages = (bytes_ - offset - 1) / page_bytes + 1;
  // Of one size and in step: a word at a time.
  const bool in_step =
      page_bytes == granule_bytes() && offset % (page_bytes * 64) == 0;
  uint64_t set = 0;
  for (uint64_t i = 0; i < bits.size() && i * 64 < pages; ++i) {
    uint64_t word = bits[i];
    if (pages - i * 64 < 64) word &= Mask(0, pages - i * 64 - 1);
    if (word == 0) continue;
    set += static_cast<uint64_t>(std::popcount(word));
    if (in_step) {
      bits_[(offset >> granule_shift_) / 64 + i].fetch_or(
          word, std::memory_order_release);  // [N]
      continue;
    }
    for (; word != 0; word &= word - 1) {
      const auto page = i * 64 + static_cast<uint64_t>(std::countr_zero(word));
      const uint64_t at = offset + page * page_bytes;
      Mark(at, std::min(page_bytes, bytes_ - at));
    }
  }
  return set;
}

}  // namespace planish
