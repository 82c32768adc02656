#include "planish/dispatch/descriptor_pool.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include "planish/base/check.h"
#include "planish/dispatch/reservation.h"
#include "planish/dispatch/terminal.h"

namespace planish {

DescriptorPool::DescriptorPool(size_t most)
    : most_(most),
      memory_(most * kBytes),
      descriptors_(reinterpret_cast<Descriptor*>(memory_.data())),
      births_(reinterpret_cast<uint32_t*>(descriptors_ + most)),
      uses_(reinterpret_cast<uint8_t*>(births_ + most)) {
  PLANISH_CHECK(most < UINT32_MAX, "D5: a dispatch table of 64 GiB");
  descriptors_[0] = Descriptor::kHole;
}

uint32_t DescriptorPool::New(const Descriptor& own, uint32_t born) {
  uint32_t index = free_single_;
  if (index == 0 && free_pair_ != 0) {
    // A pair that nobody needs as such.
    index = free_pair_;
    free_pair_ = births_[index];
    births_[index] = index + 1;
    births_[index + 1] = 0;
    free_single_ = index;
  }
  if (index != 0) {
    free_single_ = births_[index];
    --free_;
  } else {
    PLANISH_CHECK(taken_ < most_, "D5: no room for a descriptor");
    index = static_cast<uint32_t>(taken_++);
  }
  descriptors_[index] = own;
  births_[index] = born;
  uses_[index] = 0;
  return index;
}

uint32_t DescriptorPool::NewPair(const Descriptor& own, const Descriptor& extra,
                                 uint32_t born) {
  uint32_t index = free_pair_;
  if (index != 0) {
    free_pair_ = births_[index];
    free_ -= 2;
  } else {
    PLANISH_CHECK(taken_ + 2 <= most_, "D5: no room for two descriptors");
    index = static_cast<uint32_t>(taken_);
    taken_ += 2;
  }
  descriptors_[index] = own;
  descriptors_[index + 1] = extra;
  births_[index] = born;
  uses_[index] = kPair;
  return index;
}

void DescriptorPool::Free(uint32_t index) {
  const bool pair = IsPair(index);
  uint32_t& list = pair ? free_pair_ : free_single_;
  births_[index] = std::exchange(list, index);
  free_ += pair ? 2 : 1;
}

void DescriptorPool::AddUse(uint32_t index) {
  if (index == 0) return;
  if ((uses_[index] & kMany) == kMany) {
    ++many_[index];
  } else {
    ++uses_[index];
  }
}

bool DescriptorPool::DropUse(uint32_t index) {
  if (index == 0) return false;
  const uint8_t count = uses_[index] & kMany;
  PLANISH_DCHECK(count != 0, "D5: a descriptor that nobody uses");
  if (count == kMany) {
    const auto more = many_.find(index);
    if (more != many_.end()) {
      if (--more->second == 0) many_.erase(more);
      return false;
    }
  }
  --uses_[index];
  return count == 1;
}

size_t DescriptorPool::uses(uint32_t index) const {
  const auto more = many_.find(index);
  return (uses_[index] & kMany) + (more == many_.end() ? 0 : more->second);
}

bool DescriptorPool::ReleaseSome(size_t& budget) {
  const auto release = [&](const void* begin, size_t bytes, size_t& done) {
    const auto offset = static_cast<size_t>(
        static_cast<const std::byte*>(begin) - memory_.data());
    return memory_.ReleaseSome(offset, bytes, done, budget);
  };
  return release(descriptors_, taken_ * sizeof(Descriptor), released_[0]) &&
         release(births_, taken_ * sizeof(uint32_t), released_[1]) &&
         release(uses_, taken_, released_[2]);
}

}  // namespace planish
