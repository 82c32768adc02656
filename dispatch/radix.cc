#include "planish/dispatch/radix.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "planish/base/check.h"
#include "planish/dispatch/line_arena.h"
#include "planish/dispatch/terminal.h"

namespace planish::internal {
namespace {

using Runs = absl::Span<const Terminal>;

constexpr uint64_t kChunkSlots = uint64_t{1} << Level::kChunkBits;
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

RadixPlan Evaluate(Runs runs, int shift) {
  RadixPlan plan;
  plan.shift = shift;
  plan.slots = Geometry(runs, shift).slots;
  ForEachCrowd(runs, shift, [&](size_t first, size_t last) {
    const uint64_t unit_mask =
        shift > 32 ? (uint64_t{1} << (shift - 32)) - 1 : 0;
    bool plain = last - first < Bucket::kRuns;
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

  Level BuildLevel(Runs runs, int shift);

 private:
  // Where a slot lies: its first address, its last one, and its coordinates.
  struct Place {
    uint64_t first;
    uint64_t last;
    const Level* level;
  };

  void FillSlots(Runs runs, const Level& level, uint32_t line, uint64_t first,
                 uint64_t count, size_t& at);
  void FillBucket(Runs runs, const Place& place, uint32_t line);
  void FillPlain(Runs runs, const Place& place, uint32_t line);
  Payload DeepNode(Runs runs);
  uint32_t SubOf(const Place& place, uint64_t a) const {
    return static_cast<uint32_t>((a - place.level->base) >>
                                 place.level->unit) &
           place.level->sub_mask;
  }

  LineArena& arena_;
};

Level Builder::BuildLevel(Runs runs, int shift) {
  const Geometry geometry(runs, shift);
  const uint64_t slots = geometry.slots;
  Level level = {};
  level.base = geometry.base;
  level.unit = static_cast<uint8_t>(std::max(shift - 32, 0));
  level.slot_bits = static_cast<uint8_t>(std::min(shift, 32));
  level.sub_mask =
      static_cast<uint32_t>((uint64_t{1} << level.slot_bits) - 1);
  level.window = ((slots - 1) << shift) + ((uint64_t{1} << shift) - 1);
  if (slots <= kChunkSlots) {
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
  level.root =
      arena_.Append((entries + kEntriesPerLine - 1) / kEntriesPerLine);
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
    const uint64_t last = first + ((count - 1) << shift) +
                          ((uint64_t{1} << shift) - 1);
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
  for (uint64_t slot = first; slot < first + count; ++slot) {
    Place place = {};
    place.level = &level;
    place.first = level.base + (slot << level.shift());
    place.last = place.first + ((uint64_t{1} << level.shift()) - 1);
    while (runs[at].last < place.first) ++at;
    size_t end = at;
    while (runs[end].last < place.last) ++end;
    FillBucket(runs.subspan(at, end - at + 1), place,
               static_cast<uint32_t>(line + (slot - first)));
    at = end;
  }
}

// `runs` are those that meet the slot at `place`.
void Builder::FillBucket(Runs runs, const Place& place, uint32_t line) {
  constexpr size_t kRuns = Bucket::kRuns;
  const uint64_t unit_mask = (uint64_t{1} << place.level->unit) - 1;
  bool exact = true;
  for (size_t i = 0; i + 1 < runs.size(); ++i) {
    if ((StartAfter(runs[i]) & unit_mask) != 0) exact = false;
  }
  if (exact && runs.size() <= kRuns) {
    FillPlain(runs, place, line);
    return;
  }
  if (!exact || runs.size() > kRuns * kRuns) {
    const Payload deep = DeepNode(runs);
    auto* bucket = arena_.At<Bucket>(line);
    std::fill_n(bucket->payloads, kRuns, deep);
    bucket->last = place.last;
    return;
  }
  // Groups of equal size, the larger ones first; a group of one run needs no
  // bucket of its own.
  const size_t groups = kRuns;
  Terminal upper[kRuns];
  size_t at = 0;
  for (size_t group = 0; group < groups; ++group) {
    const size_t size =
        runs.size() / groups + (group < runs.size() % groups ? 1 : 0);
    const Runs part = runs.subspan(at, size);
    upper[group] = part.back();
    if (size > 1) {
      const uint32_t below = arena_.Append(1);
      FillPlain(part, place, below);
      upper[group].payload = Payload::Node(below, /*deep=*/false);
    }
    at += size;
  }
  FillPlain(upper, place, line);
}

// At most Bucket::kRuns exact runs; only the last may end behind the slot.
void Builder::FillPlain(Runs runs, const Place& place, uint32_t line) {
  auto* bucket = arena_.At<Bucket>(line);
  const size_t skipped = Bucket::kRuns - runs.size();
  for (size_t i = 0; i < runs.size(); ++i) {
    bucket->payloads[skipped + i] = runs[i].payload;
    if (i != 0) {
      bucket->starts[skipped + i - 1] =
          SubOf(place, StartAfter(runs[i - 1]));
    }
  }
  bucket->last = runs.back().last;
}

Payload Builder::DeepNode(Runs runs) {
  const uint32_t line = arena_.Append(1);
  const Level level = BuildLevel(runs, PlanRadix(runs).shift);
  *arena_.At<Level>(line) = level;
  return Payload::Node(line, /*deep=*/true);
}

}  // namespace

// The root is made wide until few targets share their slot with more than a
// bucket holds, but not wider than one slot for each boundary.
RadixPlan PlanRadix(absl::Span<const Terminal> runs) {
  const uint64_t boundaries = runs.size() - 1;
  const int narrowest = ShiftFor(runs, boundaries + 2);
  RadixPlan best = Evaluate(runs, narrowest);
  for (int shift = narrowest + 1; shift < narrowest + 3 && shift < 64;
       ++shift) {
    const RadixPlan plan = Evaluate(runs, shift);
    if (plan.slots < 3) break;  // The first and last boundary must part.
    if (plan.crowded * 32 > plan.targets + best.crowded * 32) break;
    best = plan;
  }
  return best;
}

Level BuildRadix(absl::Span<const Terminal> runs, const RadixPlan& plan,
                 LineArena& arena) {
  PLANISH_CHECK(runs.size() >= 2, "D2: a radix table without a boundary");
  return Builder(arena).BuildLevel(runs, plan.shift);
}

Terminal FindDeep(const Line* lines, uint32_t where, uint64_t a) {
  const Level& level = *reinterpret_cast<const Level*>(lines + where);
  switch (level.depth) {
    case 0:
      return FindInLevel<0>(lines, level, a);
    case 1:
      return FindInLevel<1>(lines, level, a);
    default:
      return FindInLevel<2>(lines, level, a);
  }
}

}  // namespace planish::internal
