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

// What to reserve for it: twice the runs, and versions that readers see or that
// are held. If that isn't enough, the table is built anew.
TableMemory::Size Reserved(TableMemory::Size size, uint64_t runs) {
  size.chunks = 4 * size.chunks + kSome;
  size.block_lines = 4 * size.block_lines + (size_t{1} << 15) +
                     (runs < 4096 ? 0 : size_t{1} << 18);
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
  const size_t places = changes.runs() + 2 * changes.dirty().size() + 2;
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
  // A path in a tree: at each height three groups of children are joined.
  if (root.is_tree() || crowded_ != 0) lines += 1024;
  const LineArena& arena = memory_->lines();
  return arena.HasRoom(2 * places, root_lines + places * lines) &&
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
  changed_ += std::max(changes.runs(), changes.old_runs());
  version_.lines = memory_->lines().data();
}

bool TableBody::IsOutgrown() const {
  if (runs_ > 2 * settled_runs_ + kSome || 2 * runs_ + kSome < settled_runs_) {
    return true;
  }
  // A tree is for what suits no other form; that may have changed.
  if (version_.root.is_tree()) return changed_ > 2 * runs_ + kSome;
  return crowded_ > settled_crowded_ + runs_ / 8 + kSome / 8;
}

void TableBody::Settle() {
  settled_runs_ = runs_;
  settled_crowded_ = crowded_;
  changed_ = 0;
}

void TableBody::CheckInvariants() const {
  AuditTable(version_, *memory_, runs_, crowded_);
}

}  // namespace planish::internal
