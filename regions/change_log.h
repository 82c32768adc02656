// ChangeLog: what the edits of the transaction under way have marked, in the
// order of the edits until somebody wants to read it.
//
// THREAD SAFETY  None: it belongs to the holder of the Transaction.
// COST  A mark: amortised O(1). Merged(): a sort of the marks.

#ifndef PLANISH_REGIONS_CHANGE_LOG_H_
#define PLANISH_REGIONS_CHANGE_LOG_H_

#include "planish/base/addr.h"
#include "planish/regions/change_set.h"
#include "planish/regions/region.h"

namespace planish {

class ChangeLog {
 public:
  void Shown(const Region& region, AddrRange interval);
  void Moved(const Region& region) { set_.moved.push_back(&region); }
  void ResolveAgain(const Region& region) {
    auto& list = set_.resolve_again;
    if (list.empty() || list.back() != &region) list.push_back(&region);
  }

  // All marks since Clear(). More may follow, and this be called again.
  const ChangeSet& Merged();
  void Clear();

 private:
  ChangeSet set_;
};

}  // namespace planish

#endif  // PLANISH_REGIONS_CHANGE_LOG_H_
