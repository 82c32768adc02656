#include "planish/dispatch/table_audit.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "planish/base/check.h"
#include "planish/dispatch/changes.h"
#include "planish/dispatch/descriptor_pool.h"
#include "planish/dispatch/line_arena.h"
#include "planish/dispatch/pages.h"
#include "planish/dispatch/radix.h"
#include "planish/dispatch/slots.h"
#include "planish/dispatch/table_memory.h"
#include "planish/dispatch/table_root.h"
#include "planish/dispatch/terminal.h"
#include "planish/dispatch/tree.h"

namespace planish::internal {
namespace {

constexpr uint32_t kTerminalsPerLine = sizeof(Line) / sizeof(Terminal);

// Walks all that a version refers to, and notes which lines it has seen.
class LineWalk {
 public:
  explicit LineWalk(const LineArena& lines) : lines_(lines) {}

  void SeeTree(Tree tree) {
    See(tree.root, kTreeNodeLines);
    SeeNode(tree.root, tree.depth);
  }

  void SeeLevel(const Level& level) {
    SeeSlots(level.root, level.depth, level.grid().slots(), Level::kChunkBits,
             [&](uint32_t line, uint64_t slots) {
               if (level.ranked) {
                 SeeRanked(line, slots);
               } else {
                 SeeBuckets(line, slots);
               }
             });
  }

  void SeePages(const Pages& pages) {
    SeeSlots(pages.root, pages.depth, pages.grid().slots(), Pages::kChunkBits,
             [&](uint32_t line, uint64_t slots) {
               const auto* slot = lines_.At<Terminal>(line);
               for (uint64_t i = 0; i < slots; ++i) SeeBelow(slot[i].payload);
             });
  }

  size_t seen() const { return seen_lines_; }
  uint64_t crowded() const { return crowded_; }

 private:
  void See(uint32_t line, size_t lines) {
    seen_lines_ += lines;
    for (size_t i = 0; i < lines; ++i) {
      const size_t at = line + i;
      if (at >= seen_.size()) seen_.resize(std::max(at + 1, 2 * seen_.size()));
      PLANISH_CHECK(at != 0 && !seen_[at], "D5: a line has two users");
      seen_[at] = true;
    }
  }

  void SeeBelow(Payload payload) {
    if (!payload.is_node()) return;
    const Tree tree = TreeOf(payload);
    const uint64_t before = runs_in_trees_;
    SeeTree(tree);
    crowded_ += runs_in_trees_ - before;
  }

  // Recursion: as deep as a tree, 31 at most.
  void SeeNode(uint32_t line, int height) {
    if (height == 0) {
      const auto& row = *lines_.At<TreeRow>(line);
      const int runs = RunsOf(row);
      PLANISH_CHECK(runs != 0, "D2: a row without runs");
      for (int i = 1; i < runs; ++i) {
        PLANISH_CHECK(row.lasts[i - 1] < row.lasts[i], "D2: runs descend");
      }
      runs_in_trees_ += static_cast<uint64_t>(runs);
      return;
    }
    const auto& inner = *lines_.At<TreeInner>(line);
    const int children = ChildrenOf(inner);
    const auto first = static_cast<uint32_t>(inner.first_child);
    See(first, static_cast<size_t>(children) * kTreeNodeLines);
    for (int i = 0; i < children; ++i) {
      SeeNode(first + static_cast<uint32_t>(i) * kTreeNodeLines, height - 1);
    }
  }

  template <typename F>
  void SeeSlots(uint32_t root, int depth, uint64_t slots, int chunk_bits,
                F see) {
    const uint64_t per_chunk = uint64_t{1} << chunk_bits;
    const uint64_t chunks = (slots - 1) / per_chunk + 1;
    constexpr uint64_t kEntries = uint64_t{1} << Level::kMiddleBits;
    static_assert(Level::kMiddleBits == Pages::kMiddleBits);
    if (depth == 0) {
      const uint64_t lines =
          (slots * LineArena::kChunkLines - 1) / per_chunk + 1;
      See(root, lines);
      see(root, slots);
      return;
    }
    const uint64_t middles = (chunks - 1) / kEntries + 1;
    const uint64_t bytes = depth == 1 ? chunks * 2 : middles * 4;
    See(root, (bytes - 1) / sizeof(Line) + 1);
    uint32_t middle_before = 0;
    uint32_t before = 0;
    for (uint64_t chunk = 0; chunk < chunks; ++chunk) {
      uint32_t line = 0;
      if (depth == 1) {
        line = lines_.At<uint16_t>(root)[chunk] * LineArena::kChunkLines;
      } else {
        const uint32_t middle = lines_.At<uint32_t>(root)[chunk / kEntries];
        if (middle != middle_before) {
          See(middle, kEntries * sizeof(uint32_t) / sizeof(Line));
        }
        middle_before = middle;
        line = lines_.At<uint32_t>(middle)[chunk % kEntries];
      }
      PLANISH_CHECK(line != 0, "D2: a slot that is not set");
      if (line == before) continue;  // Shared.
      before = line;
      See(line, LineArena::kChunkLines);
      see(line, std::min(per_chunk, slots - chunk * per_chunk));
    }
  }

  void SeeBuckets(uint32_t line, uint64_t slots) {
    const auto* slot = lines_.At<Bucket>(line);
    for (uint64_t i = 0; i < slots; ++i) {
      SeeBelow(slot[i].payloads[Bucket::kRuns - 1]);
    }
  }

  void SeeRanked(uint32_t line, uint64_t slots) {
    const auto* slot = lines_.At<Ranked>(line);
    const auto* terminals = lines_.At<Terminal>(0);
    uint32_t begin = slot[0].first;
    for (int i = 0; i + 1 < Ranked::kRuns; ++i) {
      if (slot[0].starts[i] != Ranked::kBias) break;
      ++begin;
    }
    const uint32_t count = slot[slots - 1].first + Ranked::kRuns - begin;
    See(begin / kTerminalsPerLine, (count - 1) / kTerminalsPerLine + 1);
    for (uint64_t i = 0; i < slots; ++i) {
      const uint32_t final = slot[i].first + Ranked::kRuns - 1;
      SeeBelow(terminals[final].payload);
    }
  }

  const LineArena& lines_;
  std::vector<bool> seen_;
  size_t seen_lines_ = 0;
  uint64_t runs_in_trees_ = 0;
  uint64_t crowded_ = 0;
};

void AuditDescriptors(const TableVersion& version, const TableMemory& memory,
                      const RunCounts& counts) {
  const DescriptorPool& pool = memory.descriptors();
  std::unordered_map<uint32_t, size_t> uses;
  uint64_t count = 0;
  uint64_t targets = 0;
  for (uint64_t a = 0;; ++a) {
    const Terminal run = version.Find(a);
    ++count;
    if (run.payload != Payload()) {
      ++targets;
      ++uses[static_cast<uint32_t>(run.payload.index())];
    }
    if (run.last == UINT64_MAX) break;
    a = run.last;
  }
  PLANISH_CHECK_EQ(count, counts.runs, "D5: the number of runs");
  PLANISH_CHECK_EQ(targets, counts.targets, "D5: the number of targets");
  size_t used = 0;
  for (const auto& [index, runs_with_it] : uses) {
    PLANISH_CHECK_EQ(pool.uses(index), runs_with_it,
                     "D5: the uses of a descriptor");
    used += pool.IsPair(index) ? 2 : 1;
  }
  PLANISH_CHECK_EQ(used + pool.free() + memory.waiting_descriptors() + 1,
                   pool.taken(), "D5: descriptors are lost");
}

}  // namespace

void AuditTable(const TableVersion& version, const TableMemory& memory,
                const RunCounts& counts) {
  const LineArena& lines = memory.lines();
  LineWalk walk(lines);
  const TableRoot& root = version.root;
  if (root.is_tree()) {
    walk.SeeTree(root.tree);
  } else if (root.is_pages()) {
    walk.SeePages(root.pages);
  } else {
    walk.SeeLevel(root.level);
  }
  PLANISH_CHECK_EQ(walk.seen() + lines.free_lines() + memory.waiting_lines(),
                   lines.taken_lines(), "D5: lines are lost");
  PLANISH_CHECK_EQ(walk.crowded(), counts.crowded, "D5: runs below slots");
  AuditDescriptors(version, memory, counts);
}

}  // namespace planish::internal
