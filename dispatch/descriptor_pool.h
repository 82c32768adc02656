// DescriptorPool: the descriptors of a table and of its older versions. They
// never move and never change while somebody may see them. Each is used by one
// run or more of the newest version; the writer counts them, for itself.
//
//    descriptors   [0: hole][1][2][3 | 4][5] ...     two side by side: with
//    extra uses           -        1  3  1      0: free    a byte each, more in
//    a map births         -        7  9  9      -> next    or the next free one
//
// INVARIANTS  A descriptor whose uses went to 0 is not used again, but retired
//   by the caller, and freed when no version that has it can be seen.
// THREAD SAFETY  The writer's. Readers read descriptors.
// ERRORS  HasRoom() is to be asked first: taking more than there is aborts.
// COST  Each call O(1). 21 bytes a descriptor.

#ifndef PLANISH_DISPATCH_DESCRIPTOR_POOL_H_
#define PLANISH_DISPATCH_DESCRIPTOR_POOL_H_

#include <cstddef>
#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "planish/dispatch/reservation.h"
#include "planish/dispatch/terminal.h"

namespace planish {

class DescriptorPool {
 public:
  explicit DescriptorPool(size_t most);
  DescriptorPool(const DescriptorPool&) = delete;
  DescriptorPool& operator=(const DescriptorPool&) = delete;

  // Unused yet.
  uint32_t New(const Descriptor& own, uint32_t born);
  uint32_t NewPair(const Descriptor& own, const Descriptor& extra,
                   uint32_t born);
  void Free(uint32_t index);

  // Hole, 0, has no uses to count.
  void AddUse(uint32_t index);
  // True if it was the last one.
  bool DropUse(uint32_t index);
  size_t uses(uint32_t index) const;

  uint32_t born(uint32_t index) const { return births_[index]; }
  bool IsPair(uint32_t index) const { return (uses_[index] & kPair) != 0; }
  bool HasRoom(size_t descriptors) const {
    return descriptors <= most_ - taken_;
  }

  // Half of them are taken.
  bool IsRunningLow() const { return 2 * taken_ > most_; }

  const Descriptor* data() const { return descriptors_; }

  // Gives the memory back, a page for each node of `budget` that it takes. True
  // when all is gone. Nothing may be asked for once it has begun.
  bool ReleaseSome(size_t& budget);

  // Of all that was ever taken, free or not, and what is known of it.
  size_t taken_bytes() const { return taken_ * kBytes; }
  size_t free_bytes() const { return free_ * kBytes; }
  size_t taken() const { return taken_; }
  size_t free() const { return free_; }

 private:
  static constexpr size_t kBytes = sizeof(Descriptor) + sizeof(uint32_t) + 1;
  static constexpr uint8_t kPair = 0x80;
  static constexpr uint8_t kMany = 0x7f;  // And more, in many_.

  const size_t most_;
  Reservation memory_;
  Descriptor* descriptors_;
  uint32_t* births_;
  uint8_t* uses_;
  size_t taken_ = 1;
  size_t free_ = 0;
  uint32_t free_single_ = 0;
  uint32_t free_pair_ = 0;
  size_t released_[3] = {};
  absl::flat_hash_map<uint32_t, size_t> many_;  // Uses beyond kMany.
};

}  // namespace planish

#endif  // PLANISH_DISPATCH_DESCRIPTOR_POOL_H_
