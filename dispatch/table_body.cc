#include "planish/dispatch/table_body.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "planish/dispatch/changes.h"
#include "planish/dispatch/line_arena.h"
#include "planish/dispatch/pages_writer.h"
#include "planish/dispatch/radix_writer.h"
#include "planish/dispatch/slots.h"
#include "planish/dispatch/table_audit.h"
#include "planish/dispatch/table_memory.h"
#include "planish/dispatch/table_root.h"
#include "planish/dispatch/tree_writer.h"

namespace planish::internal {
namespace {

constexpr size_t kTerminalsPerLine = sizeof(Line) / sizeof(Terminal);
constexpr uint64_t kSome = 64;  // Runs: too few to care.
constexpr uint64_t kFew = 512;  // Too few for their memory to matter.
constexpr size_t kPathLines = 1024;
// Of what is taken, for each run that is no hole: more than that is to be
// looked into. With 43 bytes of the view it makes 147.
constexpr uint64_t kFairBytes = 104;

// The lines that a version takes.
TableMemory::Size Expected(const TableRoot& root, uint64_t runs,
                           uint64_t crowded) {
  TableMemory::Size size = {0, kSome, runs};
  size_t slot_lines = 0;
  bool has_chunks = false;
  if (root.is_tree()) {
    crowded = runs;
  } else if (root.is_pages()) {
    slot_lines = root.pages.grid().slots() / kTerminalsPerLine;
    has_chunks = root.pages.depth != 0;
  } else {
    slot_lines = root.level.grid().slots();
    has_chunks = root.level.depth != 0;
    if (root.level.ranked) size.block_lines += runs / 3 + slot_lines / 8;
  }
  if (has_chunks) {
    size.chunks = slot_lines / LineArena::kChunkLines + 1;
    // The directories.
    size.block_lines += size.chunks / 16;
  } else {
    size.block_lines += slot_lines;
  }
  // Rows and inner nodes, half full.
  size.block_lines += crowded * 2 / 3;
  return size;
}

// What to reserve for it: twice the runs, versions that readers see or that are
// held, and what HasRoomFor() asks for one step of a successor's growth, which
// is more than it takes. If that isn't enough, the table is built anew.
TableMemory::Size Reserved(TableMemory::Size size, uint64_t runs) {
  size.chunks = 4 * size.chunks + 1024;
  size.block_lines =
      4 * size.block_lines + (size_t{1} << (runs < 4096 ? 17 : 18));
  size.descriptors = 4 * size.descriptors + 4096;
  return size;
}

}  // namespace

TableBody::TableBody(const TableRoot& root, uint64_t runs, uint64_t crowded,
                     uint64_t commit) {
  version_.root = root;
  const TableMemory::Size expected = Expected(root, runs, crowded);
  memory_ = TableMemory::Make(Reserved(expected, runs), commit);
  expected_ = expected;
}

bool TableBody::HasRoomFor(const Changes& changes) const {
  // Places that may be written anew; what each may take at most.
  const size_t ends = 2 * changes.dirty().size() + 2;
  const size_t places = changes.runs() + ends;
  size_t lines = 64;
  size_t root_lines = 0;
  const TableRoot& root = version_.root;
  if (root.is_radix()) {
    if (root.level.ranked) {
      lines += LineArena::kChunkLines * Ranked::kRuns / kTerminalsPerLine;
    }
    root_lines = Expected(root, 0, 0).block_lines;
  } else if (root.is_pages()) {
    root_lines = Expected(root, 0, 0).block_lines;
  }
  // A path in a tree: at each height three groups of children are joined. What
  // lies between the ends of an interval is built anew, of its runs.
  const size_t paths = root.is_tree() || crowded_ != 0 ? 2 * ends : 0;
  const LineArena& arena = memory_->lines();
  return arena.HasRoom(2 * places,
                       root_lines + places * lines + paths * kPathLines) &&
         memory_->descriptors().HasRoom(2 * places);
}

void TableBody::Patch(const Changes& changes, MemoryWriter& writer) {
  TableRoot& root = version_.root;
  int64_t crowded = 0;
  if (root.is_radix()) {
    root = TableRoot(WriteLevel(root.level, changes, writer, crowded));
  } else if (root.is_pages()) {
    const Pages pages = WritePages(root.pages, changes, writer, crowded);
    root = TableRoot(pages, crowded_ + static_cast<uint64_t>(crowded) != 0);
  } else {
    TreeWriter trees(writer);
    Tree tree = root.tree;
    for (const Changes::Group& group : changes.groups()) {
      const auto runs = changes.RunsOf(group);
      tree = tree.root == 0 ? trees.Build(runs)
                            : trees.Splice(tree, group.from, group.to, runs);
    }
    root = TableRoot(tree);
  }
  crowded_ += static_cast<uint64_t>(crowded);
  runs_ += changes.runs() - changes.old_runs();
  targets_ += changes.targets() - changes.old_targets();
  changed_ += std::max(changes.runs(), changes.old_runs());
  version_.lines = memory_->lines().data();
}

bool TableBody::IsOutgrown() const {
  if (runs_ > 2 * settled_runs_ + kSome || 2 * runs_ + kSome < settled_runs_) {
    return true;
  }
  if (memory_->IsRunningLow()) return true;
  if (runs_ > kFew && changed_ > runs_ / 2 &&
      memory_->bytes() > kFairBytes * targets_) {
    return true;
  }
  // A tree is for what suits no other form; that may have changed.
  if (version_.root.is_tree()) return changed_ > 2 * runs_ + kSome;
  return crowded_ > settled_crowded_ + runs_ / 8 + kSome / 8;
}

bool TableBody::IsWorn() const {
  return memory_->IsRunningLow() ||
         8 * memory_->free_bytes() > memory_->bytes();
}

void TableBody::Settle() {
  settled_runs_ = runs_;
  settled_crowded_ = crowded_;
  changed_ = 0;
}

void TableBody::CheckInvariants() const {
  AuditTable(version_, *memory_, {runs_, targets_, crowded_});
}

}  // namespace planish::internal
