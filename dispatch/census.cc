#include "planish/dispatch/census.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "planish/dispatch/pages.h"
#include "planish/dispatch/radix.h"
#include "planish/dispatch/slot_grid.h"
#include "planish/dispatch/slots.h"
#include "planish/dispatch/terminal.h"

namespace planish::internal {
namespace {

constexpr uint64_t kMaxFlat = 128;  // Slots without a directory: 8 KiB.
constexpr uint64_t kMaxOneDirectory = uint64_t{1} << 17;  // Slots.
constexpr uint64_t kLargeRoot = uint64_t{1} << 15;        // 2 MiB.
// Of slots and terminals, for each target. With descriptors, the view, and what
// commits leave free, it makes 160.
constexpr uint64_t kFairBytes = 80;
constexpr uint64_t kMaxFlatPages = 1024;  // 16 KiB.
constexpr uint64_t kMaxOnePageDirectory = uint64_t{1} << 20;

// Narrower slots than there are boundaries gain nothing.
int NarrowestShift(uint64_t first, uint64_t final, uint64_t max_slots) {
  int shift = 0;  // Slots: at most two more than the distance holds whole ones.
  while (shift < 63 && (final - first) >> shift > max_slots - 2) ++shift;
  return shift;
}

uint64_t UnitMask(int shift) {
  return shift > 32 ? (uint64_t{1} << (shift - 32)) - 1 : 0;
}

}  // namespace

Census::Census(uint64_t first, uint64_t final, uint64_t count)
    : first_(first),
      final_(final),
      narrowest_(
          NarrowestShift(first, final, std::max<uint64_t>(count, 1) + 2)),
      candidates_{},
      all_bits_(first | final) {}

void Census::Add(uint64_t boundary, bool ends_target) {
  ++count_;
  all_bits_ |= boundary;
  if (ends_target) ++targets_;
  for (size_t i = 0; i < candidates_.size(); ++i) {
    const int shift = std::min(narrowest_ + static_cast<int>(i), 63);
    Candidate& candidate = candidates_[i];
    const uint64_t slot = boundary >> shift;
    if (slot != candidate.slot) {
      CloseSlot(candidate);
      candidate.slot = slot;
    }
    ++candidate.boundaries;
    candidate.targets += ends_target ? 1 : 0;
    candidate.plain = candidate.plain && (boundary & UnitMask(shift)) == 0;
  }
}

void Census::CloseSlot(Candidate& candidate) {
  // The runs that meet a slot are one more than its boundaries.
  if (!candidate.plain || candidate.boundaries >= Bucket::kRuns) {
    candidate.crowded_buckets += candidate.targets;
  }
  if (!candidate.plain || candidate.boundaries >= Ranked::kRuns) {
    candidate.crowded_ranked += candidate.targets;
  }
  candidate.boundaries = 0;
  candidate.targets = 0;
  candidate.plain = true;
}

void Census::Finish() {
  for (Candidate& candidate : candidates_) CloseSlot(candidate);
}

uint64_t Census::SlotsAt(int shift) const {
  return ((final_ - ((first_ - 1) >> shift << shift)) >> shift) + 1;
}

RadixPlan Census::PlanOf(size_t candidate, bool ranked) const {
  const Candidate& c = candidates_[candidate];
  return {narrowest_ + static_cast<int>(candidate), ranked, targets_,
          ranked ? c.crowded_ranked : c.crowded_buckets};
}

bool Census::IsFair(const RadixPlan& plan) const {
  uint64_t bytes = SlotsAt(plan.shift) * sizeof(Line);
  // A terminal is shared by slots, but not by chunks.
  if (plan.ranked) bytes += (count_ + 1) * sizeof(Terminal) * 5 / 4;
  return bytes <= kFairBytes * targets_;
}

// Few slots: half as many, as long as that crowds hardly more targets; even if
// it crowds some more, where the root is beyond the caches, since it costs
// fewer misses then, or takes more memory than is fair.
RadixPlan Census::BestPlan(bool ranked) const {
  constexpr double kMore = 1.0 / 64;  // At each step.
  constexpr double kMoreIfLarge = 1.0 / 10;
  constexpr double kMostIfUnfair = 1.0 / 4;
  RadixPlan best = PlanOf(0, ranked);
  const double least = best.crowding();
  for (size_t i = 1; i < candidates_.size(); ++i) {
    const RadixPlan plan = PlanOf(i, ranked);
    // The first and last boundary must part.
    if (plan.shift > 63 || SlotsAt(plan.shift) < 3) break;
    double most = best.crowding() + kMore;
    if (!IsFair(best)) {
      most = std::max(most, kMostIfUnfair);
    } else if (!ranked && SlotsAt(best.shift) > kLargeRoot) {
      most = least + kMoreIfLarge;
    }
    if (plan.crowding() > most) break;
    best = plan;
  }
  return best;
}

// Buckets, where the root can be made so wide that nearly every target's slot
// has few runs, but not wider than one slot for each boundary; ranked slots
// elsewhere.
RadixPlan Census::Radix() const {
  constexpr double kFew = 1.0 / 32;
  if (PlanOf(0, /*ranked=*/false).crowding() <= kFew) {
    const RadixPlan best = BestPlan(/*ranked=*/false);
    if (IsFair(best)) return best;
  }
  return BestPlan(/*ranked=*/true);
}

Level Census::LevelFor(const RadixPlan& plan, bool two_directories) const {
  const uint64_t slots = SlotsAt(plan.shift);
  const SlotGrid grid = SlotGrid::Make((first_ - 1) >> plan.shift << plan.shift,
                                       plan.shift, slots);
  Level level = {};
  level.base = grid.base;
  level.window = grid.window;
  level.unit = static_cast<uint8_t>(std::max(plan.shift - 32, 0));
  level.slot_bits = static_cast<uint8_t>(std::min(plan.shift, 32));
  level.sub_mask = static_cast<uint32_t>((uint64_t{1} << level.slot_bits) - 1);
  level.ranked = plan.ranked;
  if (slots > kMaxFlat) {
    level.depth = slots > kMaxOneDirectory || two_directories ? 2 : 1;
  }
  return level;
}

std::optional<int> Census::PageShift() const {
  const int shift = std::countr_zero(all_bits_);
  if ((final_ - first_) >> shift > 2 * count_ + 2) return std::nullopt;
  return shift;
}

Pages Census::PagesFor(int shift) const {
  const uint64_t base = first_ - (uint64_t{1} << shift);
  const uint64_t slots = ((final_ - base) >> shift) + 1;
  const SlotGrid grid = SlotGrid::Make(base, shift, slots);
  Pages pages = {};
  pages.base = grid.base;
  pages.window = grid.window;
  pages.shift = static_cast<uint8_t>(shift);
  if (slots > kMaxFlatPages) {
    pages.depth = slots > kMaxOnePageDirectory ? 2 : 1;
  }
  return pages;
}

}  // namespace planish::internal
