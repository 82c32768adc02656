#include "planish/dispatch/radix.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "planish/base/check.h"
#include "planish/dispatch/line_arena.h"
#include "planish/dispatch/slots.h"
#include "planish/dispatch/terminal.h"

namespace planish::internal {
namespace {

using Runs = absl::Span<const Terminal>;

constexpr uint64_t kChunkSlots = uint64_t{1} << Level::kChunkBits;
constexpr uint64_t kMaxFlat = 128;  // Slots without a directory: 8 KiB.
constexpr uint64_t kMiddleEntries = uint64_t{1} << Level::kMiddleBits;
constexpr uint64_t kMaxOneDirectory = uint64_t{1} << 17;  // Slots.
constexpr size_t kEntriesPerLine = sizeof(Line) / sizeof(uint32_t);

// Where run i + 1 begins.
uint64_t StartAfter(const Terminal& run) { return run.last + 1; }

// The geometry of a level over `runs`, whose boundaries are the starts of all
// runs but the first.
struct Geometry {
  uint64_t base;
  uint64_t slots;

  Geometry(Runs runs, int shift) {
    const uint64_t first = StartAfter(runs.front());
    const uint64_t final = StartAfter(runs[runs.size() - 2]);
    base = (first - 1) >> shift << shift;
    slots = ((final - base) >> shift) + 1;
  }
};

// The smallest shift that gives at most `max_slots`. REQUIRES: max_slots > 2.
int ShiftFor(Runs runs, uint64_t max_slots) {
  const uint64_t first = StartAfter(runs.front());
  const uint64_t final = StartAfter(runs[runs.size() - 2]);
  int shift = 0;  // Slots: at most two more than the distance holds whole ones.
  while (shift < 63 && (final - first) >> shift > max_slots - 2) ++shift;
  return shift;
}

// Walks the slots of one geometry that hold boundaries, upwards, and tells for
// each the runs that it meets: runs[first, last], both included.
template <typename F>
void ForEachCrowd(Runs runs, int shift, F f) {
  const Geometry geometry(runs, shift);
  const size_t count = runs.size() - 1;  // Boundaries.
  for (size_t i = 0; i < count;) {
    const uint64_t slot = (StartAfter(runs[i]) - geometry.base) >> shift;
    size_t end = i + 1;
    while (end < count &&
           (StartAfter(runs[end]) - geometry.base) >> shift == slot) {
      ++end;
    }
    f(i, end);
    i = end;
  }
}

bool IsHole(const Terminal& run) { return run.payload == Payload(); }

uint64_t UnitMask(int shift) {
  return shift > 32 ? (uint64_t{1} << (shift - 32)) - 1 : 0;
}

RadixPlan Evaluate(Runs runs, int shift, bool ranked) {
  const size_t capacity = ranked ? Ranked::kRuns : Bucket::kRuns;
  const uint64_t unit_mask = UnitMask(shift);
  RadixPlan plan;
  plan.shift = shift;
  plan.ranked = ranked;
  plan.slots = Geometry(runs, shift).slots;
  ForEachCrowd(runs, shift, [&](size_t first, size_t last) {
    bool plain = last - first < capacity;
    uint64_t targets = 0;
    for (size_t i = first; i < last; ++i) {
      targets += IsHole(runs[i]) ? 0 : 1;
      if ((StartAfter(runs[i]) & unit_mask) != 0) plain = false;
    }
    plan.targets += targets;
    if (!plain) plan.crowded += targets;
  });
  return plan;
}

class Builder {
 public:
  explicit Builder(LineArena& arena) : arena_(arena) {}

  Level BuildLevel(Runs runs, const RadixPlan& plan);

 private:
  void FillSlots(Runs runs, const Level& level, uint32_t line, uint64_t first,
                 uint64_t count, size_t& at);
  // `runs` are those that meet the slot, and fit.
  void FillBucket(Runs runs, const Level& level, uint32_t line);
  void FillRanked(Runs runs, const Level& level, uint32_t line);
  void PlaceTerminals(uint32_t line, uint64_t count);
  Terminal DeepNode(Runs runs, uint64_t last);

  LineArena& arena_;
  std::vector<Terminal> terminals_;  // Of the chunk that is being filled.
};

// Where `a` is in its slot.
uint32_t SubOf(const Level& level, uint64_t a) {
  return static_cast<uint32_t>((a - level.base) >> level.unit) & level.sub_mask;
}

Level Builder::BuildLevel(Runs runs, const RadixPlan& plan) {
  const int shift = plan.shift;
  const Geometry geometry(runs, shift);
  const uint64_t slots = geometry.slots;
  Level level = {};
  level.ranked = plan.ranked;
  level.base = geometry.base;
  level.unit = static_cast<uint8_t>(std::max(shift - 32, 0));
  level.slot_bits = static_cast<uint8_t>(std::min(shift, 32));
  level.sub_mask = static_cast<uint32_t>((uint64_t{1} << level.slot_bits) - 1);
  level.window = ((slots - 1) << shift) + ((uint64_t{1} << shift) - 1);
  if (slots <= kMaxFlat) {
    level.depth = 0;
    level.root = arena_.Append(slots);
    size_t at = 0;
    FillSlots(runs, level, level.root, 0, slots, at);
    return level;
  }

  const uint64_t chunks = (slots + kChunkSlots - 1) / kChunkSlots;
  level.depth = slots <= kMaxOneDirectory ? 1 : 2;
  const uint64_t middles =
      level.depth == 2 ? (chunks + kMiddleEntries - 1) / kMiddleEntries : 0;
  const uint64_t entries = level.depth == 2 ? middles : chunks;
  level.root = arena_.Append((entries + kEntriesPerLine - 1) / kEntriesPerLine);
  const uint32_t first_middle =
      middles == 0 ? 0
                   : arena_.Append(middles * kMiddleEntries / kEntriesPerLine);
  size_t at = 0;
  size_t shared_run = runs.size();
  uint32_t shared_chunk = 0;
  for (uint64_t chunk = 0; chunk < chunks; ++chunk) {
    const uint64_t first_slot = chunk * kChunkSlots;
    const uint64_t count = std::min(kChunkSlots, slots - first_slot);
    const uint64_t first = level.base + (first_slot << shift);
    const uint64_t last =
        first + ((count - 1) << shift) + ((uint64_t{1} << shift) - 1);
    while (runs[at].last < first) ++at;
    uint32_t line = 0;
    if (runs[at].last >= last && at == shared_run) {
      line = shared_chunk;
    } else {
      // All chunks are whole, so that patching can grow into the last one.
      const bool uniform = runs[at].last >= last;
      const size_t run = at;
      line = arena_.Append(kChunkSlots);
      FillSlots(runs, level, line, first_slot, count, at);
      if (uniform) {
        shared_run = run;
        shared_chunk = line;
      }
    }
    if (level.depth == 1) {
      arena_.At<uint32_t>(level.root)[chunk] = line;
    } else {
      const uint64_t middle = chunk / kMiddleEntries;
      const auto middle_line = static_cast<uint32_t>(
          first_middle + middle * kMiddleEntries / kEntriesPerLine);
      arena_.At<uint32_t>(level.root)[middle] = middle_line;
      arena_.At<uint32_t>(middle_line)[chunk % kMiddleEntries] = line;
    }
  }
  return level;
}

// `at` is a run that begins at or below slot `first`; moved on.
void Builder::FillSlots(Runs runs, const Level& level, uint32_t line,
                        uint64_t first, uint64_t count, size_t& at) {
  const size_t capacity = level.ranked ? Ranked::kRuns : Bucket::kRuns;
  const uint64_t unit_mask = UnitMask(level.shift());
  // A nested level is built in the middle of a chunk, and has its own.
  std::vector<Terminal> outer;
  outer.swap(terminals_);
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t begin = level.base + ((first + i) << level.shift());
    const uint64_t end = begin + ((uint64_t{1} << level.shift()) - 1);
    while (runs[at].last < begin) ++at;
    size_t back = at;
    bool exact = true;
    for (; runs[back].last < end; ++back) {
      if ((StartAfter(runs[back]) & unit_mask) != 0) exact = false;
    }
    Runs inside = runs.subspan(at, back - at + 1);
    Terminal deep;
    if (!exact || inside.size() > capacity) {
      deep = DeepNode(inside, end);
      inside = Runs(&deep, 1);
    }
    const auto slot = static_cast<uint32_t>(line + i);
    if (level.ranked) {
      FillRanked(inside, level, slot);
    } else {
      FillBucket(inside, level, slot);
    }
    at = back;
  }
  if (level.ranked) PlaceTerminals(line, count);
  outer.swap(terminals_);
}

void Builder::FillBucket(Runs runs, const Level& level, uint32_t line) {
  auto& bucket = *arena_.At<Bucket>(line);
  const size_t skipped = Bucket::kRuns - runs.size();
  for (size_t i = 0; i < runs.size(); ++i) {
    bucket.payloads[skipped + i] = runs[i].payload;
    if (i != 0) {
      bucket.starts[skipped + i - 1] = SubOf(level, StartAfter(runs[i - 1]));
    }
  }
  bucket.last = runs.back().last;
}

// `first` counts from the chunk's first terminal until these have a place.
void Builder::FillRanked(Runs runs, const Level& level, uint32_t line) {
  auto& slot = *arena_.At<Ranked>(line);
  const size_t skipped = Ranked::kRuns - runs.size();
  std::fill_n(slot.starts, Ranked::kRuns - 1, Ranked::kBias);
  for (size_t i = 1; i < runs.size(); ++i) {
    slot.starts[skipped + i - 1] =
        SubOf(level, StartAfter(runs[i - 1])) ^ Ranked::kBias;
  }
  // A run that reaches from slot to slot has one terminal.
  if (!terminals_.empty() && terminals_.back().last == runs[0].last &&
      terminals_.back().payload == runs[0].payload) {
    terminals_.pop_back();
  }
  slot.first = static_cast<uint32_t>(terminals_.size() - skipped);
  terminals_.insert(terminals_.end(), runs.begin(), runs.end());
}

void Builder::PlaceTerminals(uint32_t line, uint64_t count) {
  constexpr size_t kPerLine = sizeof(Line) / sizeof(Terminal);
  const uint32_t place =
      arena_.Append((terminals_.size() + kPerLine - 1) / kPerLine);
  std::copy(terminals_.begin(), terminals_.end(), arena_.At<Terminal>(place));
  for (uint64_t i = 0; i < count; ++i) {
    arena_.At<Ranked>(static_cast<uint32_t>(line + i))->first +=
        static_cast<uint32_t>(place * kPerLine);
  }
}

Terminal Builder::DeepNode(Runs runs, uint64_t last) {
  const uint32_t line = arena_.Append(1);
  const Level level = BuildLevel(runs, PlanRadix(runs));
  *arena_.At<Level>(line) = level;
  return {Payload::Node(line), last};
}

}  // namespace

// Buckets, where the root can be made so wide that nearly every target's slot
// has few runs, but not wider than one slot for each boundary; ranked slots
// elsewhere, as narrow as that allows.
RadixPlan PlanRadix(absl::Span<const Terminal> runs) {
  constexpr double kFew = 1.0 / 32;
  const uint64_t boundaries = runs.size() - 1;
  const int narrowest = ShiftFor(runs, boundaries + 2);
  RadixPlan best = Evaluate(runs, narrowest, /*ranked=*/false);
  const bool ranked = best.crowding() > kFew;
  if (ranked) best = Evaluate(runs, narrowest, ranked);
  for (int shift = narrowest + 1; shift < narrowest + 4 && shift < 64;
       ++shift) {
    const RadixPlan plan = Evaluate(runs, shift, ranked);
    if (plan.slots < 3) break;  // The first and last boundary must part.
    if (plan.crowding() > best.crowding() + kFew / 2) break;
    best = plan;
  }
  return best;
}

Level BuildRadix(absl::Span<const Terminal> runs, const RadixPlan& plan,
                 LineArena& arena) {
  PLANISH_CHECK(runs.size() >= 2, "D2: a radix table without a boundary");
  return Builder(arena).BuildLevel(runs, plan);
}

namespace {

template <bool kRanked>
Terminal FindInSome(const Line* lines, const Level& level, uint64_t a) {
  switch (level.depth) {
    case 0:
      return FindInLevel<0, kRanked>(lines, level, a);
    case 1:
      return FindInLevel<1, kRanked>(lines, level, a);
    default:
      return FindInLevel<2, kRanked>(lines, level, a);
  }
}

}  // namespace

Terminal FindDeep(const Line* lines, uint32_t where, uint64_t a) {
  const Level& level = *reinterpret_cast<const Level*>(lines + where);
  return level.ranked ? FindInSome<true>(lines, level, a)
                      : FindInSome<false>(lines, level, a);
}

}  // namespace planish::internal
