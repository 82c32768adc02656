#include "planish/space/call_chain.h"

namespace planish::internal {

bool MayCallInside(const CallFrame& frame, const Region& region,
                   const ReentryRule& rule) {
  if (frame.depth >= rule.max_depth) return false;
  for (const CallFrame* f = &frame; f != nullptr; f = f->outer) {
    switch (rule.same) {
      case ReentryRule::Same::kRegion:
        if (f->region == &region) return false;
        break;
      case ReentryRule::Same::kOwner:
        if (&f->region->owner() == &region.owner()) return false;
        break;
      case ReentryRule::Same::kAllowed:
        return true;
    }
  }
  return true;
}

}  // namespace planish::internal
