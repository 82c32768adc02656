// SlotTrees: the trees below the slots of a radix or page root, and which runs
// meet a slot.
//
// COST  Write: O(log n + changed), or O(n) for a tree that was not there
//   before, of what had room in a slot and of what is new.

#ifndef PLANISH_DISPATCH_SLOT_TREES_H_
#define PLANISH_DISPATCH_SLOT_TREES_H_

#include <cstdint>
#include <vector>

#include "planish/dispatch/changes.h"
#include "planish/dispatch/table_memory.h"
#include "planish/dispatch/terminal.h"
#include "planish/dispatch/tree_writer.h"

namespace planish::internal {

class SlotTrees {
 public:
  SlotTrees(const Changes& changes, MemoryWriter& memory)
      : changes_(changes), writer_(memory) {}

  // The node for a slot of the addresses from `first` to `last`, whose payload
  // was `old`: a node too, or not.
  Payload Write(uint64_t first, uint64_t last, Payload old);
  // Retires what is below `old`, if it is a node.
  void Drop(Payload old) {
    if (old.is_node()) writer_.Retire(TreeOf(old));
  }

  // How many more runs there are in trees than before.
  int64_t added() const { return writer_.added(); }

 private:
  // The new runs that meet these addresses.
  void Gather(uint64_t first, uint64_t last);

  const Changes& changes_;
  TreeWriter writer_;
  std::vector<Terminal> runs_;
};

}  // namespace planish::internal

#endif  // PLANISH_DISPATCH_SLOT_TREES_H_
