#include "planish/space/call_chain.h"

#include <memory>

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

GuardsLeft::GuardsLeft(CallFrame* innermost) {
  CallFrame* inside = nullptr;
  for (CallFrame* f = innermost; f != nullptr; f = f->outer) {
    if (!f->guard->is_reading()) continue;
    // C2. Of what was found before a pause, all is pinned already.
    if (!f->pin.has_value()) {
      f->pin.emplace(*f->guard, f->region, "callback");
    }
    if (inside == nullptr) inside = f;
  }
  if (inside == nullptr) return;
  pause_.emplace(*inside->guard);
  for (CallFrame* f = inside->outer; f != nullptr; f = f->outer) {
    if (!f->guard->is_reading()) continue;
    others_ = std::make_unique<GuardsLeft>(f);
    return;
  }
}

}  // namespace planish::internal
