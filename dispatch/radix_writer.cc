#include "planish/dispatch/radix_writer.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "planish/dispatch/changes.h"
#include "planish/dispatch/directory_writer.h"
#include "planish/dispatch/line_arena.h"
#include "planish/dispatch/radix.h"
#include "planish/dispatch/slot_grid.h"
#include "planish/dispatch/slot_trees.h"
#include "planish/dispatch/slots.h"
#include "planish/dispatch/table_memory.h"
#include "planish/dispatch/terminal.h"

namespace planish::internal {
namespace {

using Runs = absl::Span<const Terminal>;

constexpr size_t kTerminalsPerLine = sizeof(Line) / sizeof(Terminal);

// The runs of slots, as both kinds have them, and trees below crowded ones.
class RadixSlots : public SlotWriter {
 public:
  RadixSlots(const Level& level, size_t capacity, const Changes& changes,
             MemoryWriter& memory)
      : level_(level),
        grid_(level.grid()),
        changes_(changes),
        memory_(memory),
        trees_(changes, memory),
        capacity_(capacity) {}

  int64_t crowded() const { return trees_.added(); }

 protected:
  // The new runs of a slot whose first payload was `old`.
  Runs RunsOf(uint64_t slot, Payload old) {
    if (Gather(slot)) {
      trees_.Drop(old);
    } else {
      const uint64_t last = grid_.Last(slot);
      runs_ = {{trees_.Write(grid_.First(slot), last, old), last}};
    }
    return runs_;
  }
  // Where `a` is in its slot.
  uint32_t SubOf(uint64_t a) const {
    return static_cast<uint32_t>((a - level_.base) >> level_.unit) &
           level_.sub_mask;
  }

  const Level level_;
  const SlotGrid grid_;
  const Changes& changes_;
  MemoryWriter& memory_;
  SlotTrees trees_;

 private:
  // False if the runs don't fit, or begin where a slot can't tell.
  bool Gather(uint64_t slot) {
    const uint64_t last = grid_.Last(slot);
    const uint64_t unit_mask = (uint64_t{1} << level_.unit) - 1;
    runs_.clear();
    for (uint64_t a = grid_.First(slot);;) {
      const Terminal run = changes_.Find(a);
      runs_.push_back(run);
      if (run.last >= last) return true;
      a = run.last + 1;
      if (runs_.size() == capacity_ || (a & unit_mask) != 0 ||
          !grid_.HasBoundary(a)) {
        return false;
      }
    }
  }

  const size_t capacity_;
  std::vector<Terminal> runs_;
};

bool IsIn(absl::Span<const SlotSpan>& spans, uint64_t slot) {
  while (!spans.empty() && spans.front().last < slot) spans.remove_prefix(1);
  return !spans.empty() && spans.front().first <= slot;
}

class BucketSlots final : public RadixSlots {
 public:
  BucketSlots(const Level& level, const Changes& changes, MemoryWriter& memory)
      : RadixSlots(level, Bucket::kRuns, changes, memory) {}

  void Write(SlotSpan span, uint64_t room, absl::Span<const SlotSpan> dirty,
             const Line* from, Line* to) override {
    const uint64_t count = span.last - span.first + 1;
    for (uint64_t i = 0; i < count; ++i) {
      if (from != nullptr && !IsIn(dirty, span.first + i)) {
        to[i] = from[i];
        continue;
      }
      const Payload old = from == nullptr ? Payload() : PayloadOf(from[i]);
      Fill(RunsOf(span.first + i, old), to[i]);
    }
    std::fill(to + count, to + room, to[count - 1]);
  }

  void WriteUniform(const Terminal& run, Line* to) override {
    Fill(Runs(&run, 1), to[0]);
    std::fill(to + 1, to + LineArena::kChunkLines, to[0]);
  }

  bool IsUniform(const Line* slots, const Terminal& run) const override {
    const auto& bucket = *reinterpret_cast<const Bucket*>(slots);
    return bucket.starts[Bucket::kRuns - 2] == 0 && bucket.last == run.last &&
           bucket.payloads[Bucket::kRuns - 1] == run.payload;
  }

  void DropBelow(const Line* slots, uint64_t count) override {
    for (uint64_t i = 0; i < count; ++i) trees_.Drop(PayloadOf(slots[i]));
  }
  void DropBeside(const Line*, uint64_t) override {}

 private:
  // Of the final run; a node is one.
  static Payload PayloadOf(const Line& slot) {
    return reinterpret_cast<const Bucket&>(slot).payloads[Bucket::kRuns - 1];
  }

  void Fill(Runs runs, Line& slot) const {
    Bucket bucket = {};
    const size_t skipped = Bucket::kRuns - runs.size();
    for (size_t i = 0; i < runs.size(); ++i) {
      bucket.payloads[skipped + i] = runs[i].payload;
      if (i != 0) bucket.starts[skipped + i - 1] = SubOf(runs[i - 1].last + 1);
    }
    bucket.last = runs.back().last;
    reinterpret_cast<Bucket&>(slot) = bucket;
  }
};

// The terminals of a chunk, or of a flat root, are one block, in order.
class RankedSlots final : public RadixSlots {
 public:
  RankedSlots(const Level& level, const Changes& changes, MemoryWriter& memory)
      : RadixSlots(level, Ranked::kRuns, changes, memory) {}

  void Write(SlotSpan span, uint64_t room, absl::Span<const SlotSpan> dirty,
             const Line* from, Line* to) override {
    const uint64_t count = span.last - span.first + 1;
    terminals_.clear();
    for (uint64_t i = 0; i < count; ++i) {
      if (from != nullptr && !IsIn(dirty, span.first + i)) {
        const auto& old = reinterpret_cast<const Ranked&>(from[i]);
        auto& slot = reinterpret_cast<Ranked&>(to[i]);
        slot = old;
        const size_t skipped = SkippedIn(old);
        Place({TerminalsOf(old) + skipped, Ranked::kRuns - skipped}, slot);
        continue;
      }
      const Payload old = from == nullptr ? Payload() : PayloadOf(from[i]);
      Fill(RunsOf(span.first + i, old), to[i]);
    }
    PlaceTerminals(to, count);
    std::fill(to + count, to + room, to[count - 1]);
  }

  void WriteUniform(const Terminal& run, Line* to) override {
    terminals_.clear();
    Fill(Runs(&run, 1), to[0]);
    PlaceTerminals(to, 1);
    std::fill(to + 1, to + LineArena::kChunkLines, to[0]);
  }

  bool IsUniform(const Line* slots, const Terminal& run) const override {
    const auto& slot = *reinterpret_cast<const Ranked*>(slots);
    const Terminal& last = TerminalsOf(slot)[Ranked::kRuns - 1];
    return slot.starts[Ranked::kRuns - 2] == Ranked::kBias &&
           last.last == run.last && last.payload == run.payload;
  }

  void DropBelow(const Line* slots, uint64_t count) override {
    for (uint64_t i = 0; i < count; ++i) trees_.Drop(PayloadOf(slots[i]));
  }
  void DropBeside(const Line* slots, uint64_t count) override {
    const auto& first = reinterpret_cast<const Ranked&>(slots[0]);
    const auto& last = reinterpret_cast<const Ranked&>(slots[count - 1]);
    const uint32_t begin =
        first.first + static_cast<uint32_t>(SkippedIn(first));
    memory_.RetireBlock(begin / kTerminalsPerLine,
                        LinesFor(last.first + Ranked::kRuns - begin));
  }

 private:
  static size_t LinesFor(size_t terminals) {
    return (terminals - 1) / kTerminalsPerLine + 1;
  }
  // Unused starts are in front, and 0, where no run of a slot but its first
  // begins.
  static size_t SkippedIn(const Ranked& slot) {
    size_t skipped = 0;
    while (skipped < Ranked::kRuns - 1 &&
           slot.starts[skipped] == Ranked::kBias) {
      ++skipped;
    }
    return skipped;
  }
  const Terminal* TerminalsOf(const Ranked& slot) const {
    return reinterpret_cast<const Terminal*>(memory_.data()) + slot.first;
  }
  Payload PayloadOf(const Line& slot) const {
    return TerminalsOf(reinterpret_cast<const Ranked&>(slot))[Ranked::kRuns - 1]
        .payload;
  }

  void Fill(Runs runs, Line& line) {
    auto& slot = reinterpret_cast<Ranked&>(line);
    const size_t skipped = Ranked::kRuns - runs.size();
    std::fill_n(slot.starts, Ranked::kRuns - 1, Ranked::kBias);
    for (size_t i = 1; i < runs.size(); ++i) {
      slot.starts[skipped + i - 1] =
          SubOf(runs[i - 1].last + 1) ^ Ranked::kBias;
    }
    Place(runs, slot);
  }

  // `first` counts from the chunk's first terminal until they have a place.
  void Place(Runs runs, Ranked& slot) {
    // A run that reaches from slot to slot has one terminal.
    if (!terminals_.empty() && terminals_.back().last == runs[0].last &&
        terminals_.back().payload == runs[0].payload) {
      terminals_.pop_back();
    }
    slot.first =
        static_cast<uint32_t>(terminals_.size() + runs.size() - Ranked::kRuns);
    terminals_.insert(terminals_.end(), runs.begin(), runs.end());
  }

  void PlaceTerminals(Line* slots, uint64_t count) {
    const uint32_t line = memory_.NewBlock(LinesFor(terminals_.size()));
    std::copy(terminals_.begin(), terminals_.end(), memory_.At<Terminal>(line));
    for (uint64_t i = 0; i < count; ++i) {
      reinterpret_cast<Ranked&>(slots[i]).first +=
          static_cast<uint32_t>(line * kTerminalsPerLine);
    }
  }

  std::vector<Terminal> terminals_;  // Of what is being written.
};

}  // namespace

Level WriteLevel(Level level, const Changes& changes, MemoryWriter& memory,
                 int64_t& crowded) {
  const DirectoryWriter::Shape shape = {level.grid(), Level::kChunkBits,
                                        Level::kMiddleBits, level.depth};
  const auto write = [&](RadixSlots& slots) {
    level.root =
        DirectoryWriter(shape, changes, memory, slots).Write(level.root);
    crowded = slots.crowded();
  };
  if (level.ranked) {
    RankedSlots slots(level, changes, memory);
    write(slots);
  } else {
    BucketSlots slots(level, changes, memory);
    write(slots);
  }
  return level;
}

}  // namespace planish::internal
