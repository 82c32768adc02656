// SnapshotCell: where the spaces of one normalised root find its newest version
// (V2). A store here changes them all.
//
// THREAD SAFETY  One writer, any readers.
// LIFETIME  The Publisher's; retired with the last space.

#ifndef PLANISH_SPACE_SNAPSHOT_CELL_H_
#define PLANISH_SPACE_SNAPSHOT_CELL_H_

#include <atomic>

#include "planish/regions/region.h"
#include "planish/space/snapshot.h"

namespace planish::internal {

struct SnapshotCell {
  const Region* const root = nullptr;  // Null: none. Not followed here.
  std::atomic<const Snapshot*> current{nullptr};
};

}  // namespace planish::internal

#endif  // PLANISH_SPACE_SNAPSHOT_CELL_H_
