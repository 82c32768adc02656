#include "planish/dispatch/scan_table.h"

#include <algorithm>
#include <cstddef>
#include <new>

#include "planish/dispatch/line_arena.h"
#include "planish/dispatch/run_list.h"
#include "planish/dispatch/table_root.h"
#include "planish/dispatch/terminal.h"
#include "planish/dispatch/tree.h"

namespace planish::internal {

void ScanTable::Deleter::operator()(const ScanTable* table) const {
  ::operator delete(const_cast<ScanTable*>(table),
                    std::align_val_t(alignof(ScanTable)));
}

ScanTable::Ptr ScanTable::Make(const RunList& list) {
  const size_t line_count = ScanTreeLines(list.runs.size());
  const size_t bytes = sizeof(ScanTable) + line_count * sizeof(Line) +
                       list.descriptors.size() * sizeof(Descriptor);
  void* memory = ::operator new(bytes, std::align_val_t(alignof(ScanTable)));
  auto* table = new (memory) ScanTable(line_count, bytes);
  auto* lines = reinterpret_cast<Line*>(table + 1);
  table->root_ = TableRoot(WriteScanTree(list.runs, lines));
  std::copy(list.descriptors.begin(), list.descriptors.end(),
            reinterpret_cast<Descriptor*>(lines + line_count));
  return Ptr(table);
}

}  // namespace planish::internal
