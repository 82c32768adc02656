// Writes the page form (pages.h): what its slots hold. The directories above
// them are DirectoryWriter's.
//
// COST  A commit copies, for each place that it changes, a chunk of 2 KiB and
//   the directories on the path.

#ifndef PLANISH_DISPATCH_PAGES_WRITER_H_
#define PLANISH_DISPATCH_PAGES_WRITER_H_

#include <cstdint>

#include "planish/dispatch/changes.h"
#include "planish/dispatch/pages.h"
#include "planish/dispatch/table_memory.h"

namespace planish::internal {

// The next version of `pages`, or the first one if its root is 0. `crowded` is
// told how many more runs are below slots than before.
Pages WritePages(Pages pages, const Changes& changes, MemoryWriter& memory,
                 int64_t& crowded);

}  // namespace planish::internal

#endif  // PLANISH_DISPATCH_PAGES_WRITER_H_
