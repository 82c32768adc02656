// BasicPinSlots: where a domain's pins are. A pin keeps something (a key: a
// region, as a rule) when the guard under which it was found is gone. It is a
// line that its claimer owns, and nothing else: nobody counts pins.
//
//    reader --> hint                         blocks of 63 slots, 4 KiB each,
//                 |                          in a ring of the reader's
//    block  [head|slot|slot|slot|...]  --->  [head|slot|slot|...]  --->
//                 key, tag, epoch
//
//    all blocks of the domain, newest first: what a PinScan walks
//
// INVARIANTS
//   P1  A slot's key is stored last and with release: whoever sees it sees what
//       belongs to it.
//   P2  A pin is stored inside the guard under which its key was found, and
//       stays in its slot until it ends. Handles move; slots are not copied: a
//       scan could pass the new one before the copy, and the old one after it.
//   P4  After a grace period that began when the key could be found no more, a
//       slot that was once read without it never holds it again. So a scan
//       goes on where it stopped, and ends; and blocks that were added after it
//       began need no look.
// ORDERS
//   [D] claim: key.load(acquire) null, key.store(key, release) | scan:
//       key.load(acquire). drop: key.store(null, release) | the next claim's
//       load, or the scan's. So a scan that finds the slot's next tenant comes
//       after the last one's work as well. That the scan finds a pin at all is
//       the doing of the guard around the claim: [B] in readers.h.
//   [K] extra.fetch_sub(acq_rel) | extra.load(acquire): who drops the last
//       share comes after all the others' work, and passes it on by [D].
//   [L] newest.compare_exchange(release) | newest.load(acquire): a block is
//       made before it is found.
// THREAD SAFETY  Claim: the reader's thread, not in a signal handler. Drop: any
//   thread, one for each share. Scans: any thread.
// LIFETIME  Blocks are the domain's: they stay with the reader's line when its
//   thread ends, pins and all, and go to the next thread that gets the line.
// COST  Claim and drop: two loads and four stores in a line of one's own.
//   Claims walk past occupied slots: 4 of them each, amortised. A block is
//   added when more than 4 in 5 are occupied, so slots are at most 5/4 of the
//   most pins at a time, and a few blocks.
// SOURCES  PROTOCOL P1-P4.

#ifndef PLANISH_BASE_RCU_PIN_SLOTS_H_
#define PLANISH_BASE_RCU_PIN_SLOTS_H_

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "planish/base/rcu/readers.h"

namespace planish {

template <class A>
struct BasicPinBlock;

template <class A>
struct alignas(64) BasicPinSlot {
  template <typename T>
  using Atomic = typename A::template Atomic<T>;

  // Shares beside the first, and a bit for who wants more done at the end.
  static constexpr uint32_t kHooked = uint32_t{1} << 31;

  Atomic<const void*> key{nullptr};  // Null: free. [D]
  // These three are for reports, which may show a tenant's with another's key.
  Atomic<const char*> tag{nullptr};  // A literal.
  Atomic<uint64_t> epoch{0};         // Of the guard in which it was claimed.
  Atomic<int32_t> tid{0};
  Atomic<uint32_t> extra{0};          // [K]
  void* hook = nullptr;               // RcuDomain's, if kHooked.
  BasicPinBlock<A>* block = nullptr;  // Set once.
};

template <class A>
struct alignas(64) BasicPinBlock {
  static constexpr size_t kSlots = A::kPinSlotsPerBlock;

  // What a reader's blocks have in common; the first one's is used.
  struct Ring {
    int32_t blocks = 0;
    int32_t credit = 0;  // Occupied slots that may still be walked past.
  };

  BasicPinBlock() {
    for (BasicPinSlot<A>& slot : slots) slot.block = this;
  }

  BasicPinBlock* older = nullptr;    // In the domain. Set once. [L]
  BasicPinBlock* next = nullptr;     // In the ring. The claimer's.
  BasicPinBlock* of_ring = nullptr;  // The ring's first block.
  Ring ring;
  BasicPinSlot<A> slots[kSlots];
};

template <class A>
class BasicPinSlots {
 public:
  using Slot = BasicPinSlot<A>;
  using Block = BasicPinBlock<A>;
  using Reader = BasicReader<A>;

  BasicPinSlots() = default;
  BasicPinSlots(const BasicPinSlots&) = delete;
  BasicPinSlots& operator=(const BasicPinSlots&) = delete;
  ~BasicPinSlots() {
    for (Block* block = newest(); block != nullptr;) {
      delete std::exchange(block, block->older);
    }
  }

  // REQUIRES: `key` isn't null, and was found under a guard that `reader` is
  // in (P2). `epoch` is for reports.
  ABSL_ATTRIBUTE_ALWAYS_INLINE Slot& Claim(Reader& reader, const void* key,
                                           const char* tag, uint64_t epoch) {
    Slot* slot = reader.pin_hint;
    if (ABSL_PREDICT_FALSE(slot == nullptr ||
                           slot->key.load(std::memory_order_acquire) !=  // [D]
                               nullptr)) {
      slot = &FindFree(reader);
    }
    slot->tag.store(tag, std::memory_order_relaxed);      // By [D].
    slot->epoch.store(epoch, std::memory_order_relaxed);  // By [D].
    slot->key.store(key, std::memory_order_release);      // [D], P1.
    return *slot;
  }

  // One more Drop() for this slot.
  static void Share(Slot& slot) {
    slot.extra.fetch_add(1, std::memory_order_relaxed);  // By [K].
  }

  // Ends one share; calls unhook(slot) if it was the last one and there is
  // more to do.
  template <class Unhook>
  ABSL_ATTRIBUTE_ALWAYS_INLINE static void Drop(Slot& slot, Unhook unhook) {
    const uint32_t extra = slot.extra.load(std::memory_order_acquire);  // [K]
    if (ABSL_PREDICT_FALSE(extra != 0)) {
      if (!DropShare(slot, extra)) return;
      unhook(slot);
    }
    slot.key.store(nullptr, std::memory_order_release);  // [D]
  }

  Block* newest() const {
    return newest_.load(std::memory_order_acquire);  // [L]
  }
  // For tests and reports.
  size_t CountSlots() const {
    size_t count = 0;
    for (Block* b = newest(); b != nullptr; b = b->older) {
      count += Block::kSlots;
    }
    return count;
  }

 private:
  template <typename T>
  using Atomic = typename A::template Atomic<T>;

  static constexpr int32_t kEarned = 4;  // Of credit, by each claim.
  static constexpr int32_t kLap = kEarned * int32_t{Block::kSlots};

  // False if other shares are left.
  ABSL_ATTRIBUTE_NOINLINE static bool DropShare(Slot& slot, uint32_t extra) {
    while ((extra & ~Slot::kHooked) != 0) {
      if (slot.extra.compare_exchange_weak(extra, extra - 1,
                                           std::memory_order_acq_rel,  // [K]
                                           std::memory_order_acquire)) {
        return false;
      }
    }
    return true;
  }

  // The next free slot after the hint, which it moves there.
  ABSL_ATTRIBUTE_NOINLINE Slot& FindFree(Reader& reader) {
    const Slot* hint = reader.pin_hint;
    Block* block = hint == nullptr ? AddBlock(nullptr) : hint->block;
    size_t index =
        hint == nullptr ? 0 : static_cast<size_t>(hint - block->slots) + 1;
    typename Block::Ring& ring = block->of_ring->ring;
    for (int32_t entered = 0;; ++entered) {  // One lap at most.
      for (; index < Block::kSlots; ++index) {
        Slot& slot = block->slots[index];
        if (slot.key.load(std::memory_order_acquire) == nullptr) {  // [D]
          // What a lap over free slots would earn, and no more.
          ring.credit = std::min(ring.credit + kEarned, ring.blocks * kLap);
          slot.tid.store(reader.tid.load(std::memory_order_relaxed),
                         std::memory_order_relaxed);
          return *(reader.pin_hint = &slot);
        }
        --ring.credit;
      }
      const bool add = ring.credit < 0 || entered >= ring.blocks;
      block = add ? AddBlock(block) : block->next;
      index = 0;
    }
  }

  // A new block after `block` in its ring, or in a ring of its own.
  Block* AddBlock(Block* block) {
    auto* const added = new Block;
    if (block == nullptr) {
      added->next = added;
      added->of_ring = added;
    } else {
      added->next = std::exchange(block->next, added);
      added->of_ring = block->of_ring;
    }
    typename Block::Ring& ring = added->of_ring->ring;
    ++ring.blocks;
    ring.credit = std::max(ring.credit, 0);
    added->older = newest_.load(std::memory_order_relaxed);  // By the exchange.
    while (!newest_.compare_exchange_weak(added->older, added,
                                          std::memory_order_release,  // [L]
                                          std::memory_order_relaxed)) {
    }
    return added;
  }

  Atomic<Block*> newest_{nullptr};  // [L]
};

// Finds out when no slot holds certain keys any more. One walk over all slots
// that asks each holder, then one from the first holder on, which waits at each
// slot that holds (P4).
template <class A>
class BasicPinScan {
 public:
  // REQUIRES: a grace period has passed since the keys could be found.
  explicit BasicPinScan(const BasicPinSlots<A>& slots)
      : block_(slots.newest()) {}

  // Goes on; looks at up to `budget` slots, which it takes off. True once no
  // slot holds a key with holds(key). Calls ask(slot, key) for each that does;
  // for the one that it waits at, each time.
  template <class Holds, class Ask>
  bool Step(Holds holds, Ask ask, size_t& budget) {
    for (;; Next()) {
      if (block_ == nullptr) {
        if (!asking_ || first_block_ == nullptr) return true;
        asking_ = false;
        block_ = first_block_;
        index_ = first_index_;
      }
      if (budget == 0) return false;
      --budget;
      BasicPinSlot<A>& slot = block_->slots[index_];
      const void* key = slot.key.load(std::memory_order_acquire);  // [D]
      if (key == nullptr || !holds(key)) continue;
      ask(slot, key);
      if (!asking_) return false;
      if (first_block_ == nullptr) {
        first_block_ = block_;
        first_index_ = index_;
      }
    }
  }

 private:
  void Next() {
    if (++index_ < BasicPinBlock<A>::kSlots) return;
    block_ = block_->older;
    index_ = 0;
  }

  BasicPinBlock<A>* block_;
  size_t index_ = 0;
  bool asking_ = true;
  BasicPinBlock<A>* first_block_ = nullptr;  // Where a holder was found first.
  size_t first_index_ = 0;
};

}  // namespace planish

#endif  // PLANISH_BASE_RCU_PIN_SLOTS_H_
