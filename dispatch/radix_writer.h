// Writes the radix form (radix.h): what its slots hold. The directories above
// them are DirectoryWriter's.
//
// A slot is written anew from the runs that meet it. If they don't fit, they
// are in a tree below it, which is spliced as long as they don't.
//
// COST  A commit copies, for each place that it changes, a chunk of 2 KiB, its
//   terminals if it is ranked, and the directories on the path.

#ifndef PLANISH_DISPATCH_RADIX_WRITER_H_
#define PLANISH_DISPATCH_RADIX_WRITER_H_

#include <cstdint>

#include "planish/dispatch/changes.h"
#include "planish/dispatch/radix.h"
#include "planish/dispatch/table_memory.h"

namespace planish::internal {

// The next version of `level`, or the first one if its root is 0. `crowded` is
// told how many more runs are below slots than before.
Level WriteLevel(Level level, const Changes& changes, MemoryWriter& memory,
                 int64_t& crowded);

}  // namespace planish::internal

#endif  // PLANISH_DISPATCH_RADIX_WRITER_H_
