// TableBody: the newest version of a table of more than a few runs, in the
// memory that it shares with older ones. A commit patches it.
//
// INVARIANTS  D5 (table_memory.h).
// THREAD SAFETY  The writer's.
// COST  Patch: O(log n + changed), in all forms.

#ifndef PLANISH_DISPATCH_TABLE_BODY_H_
#define PLANISH_DISPATCH_TABLE_BODY_H_

#include <cstddef>
#include <cstdint>
#include <utility>

#include "planish/dispatch/changes.h"
#include "planish/dispatch/table_memory.h"
#include "planish/dispatch/table_root.h"

namespace planish::internal {

class TableBody {
 public:
  // A table of `root`'s form and shape, which has no lines yet, for about so
  // many runs; nothing but a hole, until the first Patch().
  TableBody(const TableRoot& root, uint64_t runs, uint64_t crowded,
            uint64_t commit);

  const TableVersion& version() const { return version_; }
  TableMemory& memory() { return *memory_; }
  const TableMemory& memory() const { return *memory_; }
  TableMemory::Ptr TakeMemory() { return std::move(memory_); }

  // `changes` are to version().
  bool HasRoomFor(const Changes& changes) const;
  // Makes the next version. REQUIRES: HasRoomFor(changes).
  void Patch(const Changes& changes, MemoryWriter& writer);

  uint64_t runs() const { return runs_; }
  // It differs so much from what it was made for, that another form or shape
  // may serve better; or IsWorn().
  bool IsOutgrown() const;
  // Little of its memory is left, or much of what was taken is free again: one
  // of the same form and shape would serve better.
  bool IsWorn() const;
  // It was found to be what one would make now, too.
  void Settle();
  // Asks for huge pages: before it is first written, or afterwards.
  void WantHugePages() {
    memory_->WantHugePages(expected_.chunks, expected_.block_lines);
  }
  void NoMoreHugePages() { memory_->NoMoreHugePages(); }

  // Aborts with the id of the first invariant that doesn't hold.
  void CheckInvariants() const;

 private:
  TableVersion version_;
  TableMemory::Ptr memory_;
  TableMemory::Size expected_;  // Of a version.
  uint64_t runs_ = 1;
  uint64_t targets_ = 0;  // Those that are no holes.
  uint64_t crowded_ = 0;  // Runs in trees below slots.
  uint64_t changed_ = 0;  // Runs, since Settle().
  // Runs and crowded, when it was made.
  uint64_t settled_runs_ = 1;
  uint64_t settled_crowded_ = 0;
};

}  // namespace planish::internal

#endif  // PLANISH_DISPATCH_TABLE_BODY_H_
