#include "planish/dispatch/directory_writer.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "absl/functional/function_ref.h"
#include "planish/base/check.h"
#include "planish/dispatch/changes.h"
#include "planish/dispatch/line_arena.h"
#include "planish/dispatch/table_memory.h"
#include "planish/dispatch/terminal.h"

namespace planish::internal {
namespace {

// The first slot that the run which holds `a`, and ended with `last`, met in
// the old version.
uint64_t FirstSlotOfRun(const TableVersion& old, const SlotGrid& grid,
                        uint64_t a, uint64_t last) {
  const auto reaches = [&](uint64_t slot) {
    return old.Find(grid.Last(slot)).last == last;
  };
  uint64_t known = grid.SlotOf(a);
  uint64_t step = 1;  // Mostly that is enough.
  while (known != 0) {
    const uint64_t probe = known > step ? known - step : 0;
    if (reaches(probe)) {
      known = probe;
      step *= 2;
    } else if (step == 1) {
      break;
    } else {
      step = std::max<uint64_t>(1, step / 4);
    }
  }
  return known;
}

void AddSpan(SlotSpan span, std::vector<SlotSpan>& spans) {
  if (spans.empty() || spans.back().last + 1 < span.first) {
    spans.push_back(span);
    return;
  }
  // The run before may begin in a slot that was not dirty yet.
  while (spans.size() > 1 && spans[spans.size() - 2].last + 1 >= span.first) {
    spans.pop_back();
  }
  spans.back().first = std::min(spans.back().first, span.first);
  spans.back().last = std::max(spans.back().last, span.last);
}

}  // namespace

std::vector<SlotSpan> DirtySlots(const Changes& changes, const SlotGrid& grid) {
  std::vector<SlotSpan> spans;
  for (const Changes::Dirty& dirty : changes.dirty()) {
    uint64_t first = grid.SlotOf(dirty.first);
    if (dirty.reaches_back) {
      first =
          FirstSlotOfRun(changes.old(), grid, dirty.first - 1, dirty.old_last);
    }
    AddSpan({first, grid.SlotOf(dirty.last)}, spans);
  }
  return spans;
}

size_t DirectoryWriter::Shape::root_lines() const {
  const size_t bytes =
      depth == 1 ? chunks() * sizeof(uint16_t)
                 : (((chunks() - 1) >> middle_bits) + 1) * sizeof(uint32_t);
  return (bytes - 1) / sizeof(Line) + 1;
}

class DirectoryWriter::Replaced {
 public:
  // `old_at` tells what was in an entry, of which there are `count`.
  Replaced(uint64_t count, absl::FunctionRef<uint32_t(uint64_t)> old_at,
           absl::FunctionRef<void(uint32_t)> drop)
      : count_(count), old_at_(old_at), drop_(drop) {}
  ~Replaced() { Close(); }

  // The entries in `span`, all of which were `old`, are `now`. Ascending.
  void Step(SlotSpan span, uint32_t old, uint32_t now) {
    if (old == 0) return;
    if (span.first != next_) {
      Close();
      line_ = old;
      used_ = span.first != 0 && old_at_(span.first - 1) == old;
    } else if (old != line_) {
      if (!used_) drop_(line_);
      line_ = old;
      used_ = false;
    }
    used_ = used_ || now == old;
    next_ = span.last + 1;
  }

 private:
  void Close() {
    if (line_ == 0 || used_) return;
    if (next_ < count_ && old_at_(next_) == line_) return;
    drop_(line_);
  }

  const uint64_t count_;
  const absl::FunctionRef<uint32_t(uint64_t)> old_at_;
  const absl::FunctionRef<void(uint32_t)> drop_;
  uint32_t line_ = 0;  // Of the present entries; `used_`: in others too.
  bool used_ = false;
  uint64_t next_ = std::numeric_limits<uint64_t>::max();
};

uint32_t DirectoryWriter::Write(uint32_t old_root) {
  old_root_ = old_root;
  dirty_ = DirtySlots(changes_, shape_.grid);
  if (dirty_.empty()) return old_root;
  switch (shape_.depth) {
    case 0:
      return WriteFlat();
    case 1:
      return WriteOne();
    default:
      return WriteTwo();
  }
}

uint32_t DirectoryWriter::OldChunk(uint64_t chunk) const {
  if (old_root_ == 0) return 0;
  if (shape_.depth == 1) {
    return memory_.At<uint16_t>(old_root_)[chunk] * LineArena::kChunkLines;
  }
  const uint64_t mask = (uint64_t{1} << shape_.middle_bits) - 1;
  const uint32_t middle = OldMiddle(chunk >> shape_.middle_bits);
  return memory_.At<uint32_t>(middle)[chunk & mask];
}

uint32_t DirectoryWriter::OldMiddle(uint64_t middle) const {
  return old_root_ == 0 ? 0 : memory_.At<uint32_t>(old_root_)[middle];
}

std::vector<SlotSpan> DirectoryWriter::DirtyChunks() const {
  std::vector<SlotSpan> chunks;
  for (const SlotSpan& span : dirty_) {
    AddSpan({span.first >> shape_.chunk_bits, span.last >> shape_.chunk_bits},
            chunks);
  }
  return chunks;
}

void DirectoryWriter::DropBelow(uint64_t chunk, uint32_t old) {
  const SlotSpan span = SlotsOf(chunk);
  slots_.DropBelow(memory_.At<Line>(old), span.last - span.first + 1);
}

void DirectoryWriter::RetireChunk(uint32_t chunk) {
  slots_.DropBeside(memory_.At<Line>(chunk), shape_.slots_per_chunk());
  memory_.RetireChunk(chunk);
}

uint32_t DirectoryWriter::UniformChunk(const Terminal& run, uint32_t old,
                                       uint32_t before) {
  if (IsUniform(old, run)) return old;
  if (IsUniform(before, run)) return before;
  const uint32_t chunk = memory_.NewChunk();
  slots_.WriteUniform(run, memory_.At<Line>(chunk));
  return chunk;
}

uint32_t DirectoryWriter::NextChunk(uint64_t chunk, uint32_t before) {
  const uint32_t old = OldChunk(chunk);
  const Terminal run = changes_.Find(FirstOf(chunk));
  if (run.last >= LastOf(chunk)) {
    const uint32_t line = UniformChunk(run, old, before);
    if (old != 0 && old != line && old != dropped_) DropBelow(chunk, old);
    dropped_ = old;
    return line;
  }
  const SlotSpan span = SlotsOf(chunk);
  while (dirty_[at_dirty_].last < span.first) ++at_dirty_;
  const uint32_t line = memory_.NewChunk();
  slots_.Write(span, shape_.slots_per_chunk(),
               absl::MakeConstSpan(dirty_).subspan(at_dirty_),
               old == 0 ? nullptr : memory_.At<Line>(old),
               memory_.At<Line>(line));
  return line;
}

uint32_t DirectoryWriter::WriteFlat() {
  const size_t lines = shape_.flat_lines();
  const uint32_t root = memory_.NewBlock(lines);
  const Line* old = old_root_ == 0 ? nullptr : memory_.At<Line>(old_root_);
  const uint64_t slots = shape_.grid.slots();
  slots_.Write({0, slots - 1}, slots, dirty_, old, memory_.At<Line>(root));
  if (old != nullptr) {
    slots_.DropBeside(old, slots);
    memory_.RetireBlock(old_root_, lines);
  }
  return root;
}

uint32_t DirectoryWriter::WriteOne() {
  const size_t lines = shape_.root_lines();
  const uint32_t root = memory_.NewBlock(lines);
  auto* entries = memory_.At<uint16_t>(root);
  if (old_root_ == 0) {
    std::memset(static_cast<void*>(entries), 0, lines * sizeof(Line));
  } else {
    std::memcpy(static_cast<void*>(entries), memory_.At<uint16_t>(old_root_),
                lines * sizeof(Line));
  }
  const auto old_chunk = [this](uint64_t chunk) { return OldChunk(chunk); };
  const auto retire_chunk = [this](uint32_t line) { RetireChunk(line); };
  Replaced replaced(shape_.chunks(), old_chunk, retire_chunk);
  for (const SlotSpan& span : DirtyChunks()) {
    uint32_t before = 0;
    if (span.first != 0) {
      before = entries[span.first - 1] * LineArena::kChunkLines;
    }
    for (uint64_t chunk = span.first; chunk <= span.last; ++chunk) {
      const uint32_t line = NextChunk(chunk, before);
      const uint32_t number = line / LineArena::kChunkLines;
      PLANISH_DCHECK(number <= UINT16_MAX, "D5: a chunk beyond the directory");
      entries[chunk] = static_cast<uint16_t>(number);
      replaced.Step({chunk, chunk}, OldChunk(chunk), line);
      before = line;
    }
  }
  if (old_root_ != 0) memory_.RetireBlock(old_root_, lines);
  return root;
}

bool DirectoryWriter::IsUniformMiddle(uint32_t middle, uint64_t chunks,
                                      const Terminal& run) const {
  if (middle == 0) return false;
  const auto* entries = memory_.At<uint32_t>(middle);
  return entries[0] == entries[chunks - 1] && IsUniform(entries[0], run);
}

uint32_t DirectoryWriter::UniformMiddle(const Terminal& run, SlotSpan chunks,
                                        uint32_t old, uint32_t before,
                                        uint32_t chunk_before) {
  const uint64_t entries = uint64_t{1} << shape_.middle_bits;
  if (IsUniformMiddle(old, chunks.last - chunks.first + 1, run)) return old;
  if (IsUniformMiddle(before, entries, run)) return before;
  const uint32_t middle =
      memory_.NewBlock(entries * sizeof(uint32_t) / sizeof(Line));
  const uint32_t first = old == 0 ? 0 : memory_.At<uint32_t>(old)[0];
  std::fill_n(memory_.At<uint32_t>(middle), entries,
              UniformChunk(run, first, chunk_before));
  return middle;
}

uint32_t DirectoryWriter::WriteTwo() {
  const uint64_t entries = uint64_t{1} << shape_.middle_bits;
  const size_t middle_lines = entries * sizeof(uint32_t) / sizeof(Line);
  const size_t lines = shape_.root_lines();
  const uint32_t root = memory_.NewBlock(lines);
  auto* top = memory_.At<uint32_t>(root);
  if (old_root_ == 0) {
    std::memset(static_cast<void*>(top), 0, lines * sizeof(Line));
  } else {
    std::memcpy(static_cast<void*>(top), memory_.At<uint32_t>(old_root_),
                lines * sizeof(Line));
  }
  const uint64_t middles = ((shape_.chunks() - 1) >> shape_.middle_bits) + 1;
  const auto old_middle = [this](uint64_t middle) { return OldMiddle(middle); };
  const auto retire_middle = [this, middle_lines](uint32_t line) {
    memory_.RetireBlock(line, middle_lines);
  };
  Replaced middles_replaced(middles, old_middle, retire_middle);
  const auto old_chunk = [this](uint64_t chunk) { return OldChunk(chunk); };
  const auto retire_chunk = [this](uint32_t line) { RetireChunk(line); };
  Replaced replaced(shape_.chunks(), old_chunk, retire_chunk);

  uint64_t copied = middles;  // The middle node that was copied last.
  for (const SlotSpan& span : DirtyChunks()) {
    uint32_t before = 0;
    if (span.first != 0) {
      const uint64_t chunk = span.first - 1;
      before = memory_.At<uint32_t>(
          top[chunk >> shape_.middle_bits])[chunk & (entries - 1)];
    }
    for (uint64_t chunk = span.first; chunk <= span.last;) {
      const uint64_t middle = chunk >> shape_.middle_bits;
      const uint32_t old = OldMiddle(middle);
      const SlotSpan whole = {
          middle << shape_.middle_bits,
          std::min((middle + 1) << shape_.middle_bits, shape_.chunks()) - 1};
      const uint64_t last = std::min(span.last, whole.last);
      if (chunk == whole.first && last == whole.last) {
        const Terminal run = changes_.Find(FirstOf(chunk));
        if (run.last >= LastOf(last)) {
          top[middle] = UniformMiddle(
              run, whole, old, middle == 0 ? 0 : top[middle - 1], before);
          before = memory_.At<uint32_t>(top[middle])[0];
          middles_replaced.Step({middle, middle}, old, top[middle]);
          ReplaceChunks(whole, old, before, replaced);
          chunk = last + 1;
          continue;
        }
      }
      if (copied != middle) {
        copied = middle;
        top[middle] = memory_.NewBlock(middle_lines);
        if (old == 0) {
          std::fill_n(memory_.At<uint32_t>(top[middle]), entries, 0);
        } else {
          std::copy_n(memory_.At<uint32_t>(old), entries,
                      memory_.At<uint32_t>(top[middle]));
        }
        middles_replaced.Step({middle, middle}, old, top[middle]);
      }
      for (; chunk <= last; ++chunk) {
        before = NextChunk(chunk, before);
        memory_.At<uint32_t>(top[middle])[chunk & (entries - 1)] = before;
        replaced.Step({chunk, chunk}, OldChunk(chunk), before);
      }
    }
  }
  if (old_root_ != 0) memory_.RetireBlock(old_root_, lines);
  return root;
}

void DirectoryWriter::ReplaceChunks(SlotSpan chunks, uint32_t old_middle,
                                    uint32_t now, Replaced& replaced) {
  if (old_middle == 0) return;
  const auto* old = memory_.At<uint32_t>(old_middle);
  const uint64_t count = chunks.last - chunks.first + 1;
  if (count > 1 && old[0] == old[count - 1]) {
    replaced.Step(chunks, old[0], now);  // Shared, so nothing is below them.
    return;
  }
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t chunk = chunks.first + i;
    if (old[i] != now) DropBelow(chunk, old[i]);
    replaced.Step({chunk, chunk}, old[i], now);
  }
}

}  // namespace planish::internal
