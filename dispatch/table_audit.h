// AuditTable: the part of DispatchTable::CheckInvariants() that looks at
// memory.
//
// COST  O(n).

#ifndef PLANISH_DISPATCH_TABLE_AUDIT_H_
#define PLANISH_DISPATCH_TABLE_AUDIT_H_

#include <cstdint>

#include "planish/dispatch/changes.h"
#include "planish/dispatch/table_memory.h"

namespace planish::internal {

struct RunCounts {
  uint64_t runs;
  uint64_t targets;  // Those that are no holes.
  uint64_t crowded;  // Those in trees below slots.
};

// Aborts unless every line and descriptor of `memory` is used by `version`, its
// newest, exactly once, or free, or waiting to be freed (D5); a descriptor's
// uses are its runs; there are as many runs as `counts` says.
void AuditTable(const TableVersion& version, const TableMemory& memory,
                const RunCounts& counts);

}  // namespace planish::internal

#endif  // PLANISH_DISPATCH_TABLE_AUDIT_H_
