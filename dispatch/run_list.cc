#include "planish/dispatch/run_list.h"

#include <array>
#include <cstddef>
#include <cstdint>

#include "planish/dispatch/shown.h"
#include "planish/dispatch/terminal.h"
#include "planish/flatview/flat_range.h"
#include "planish/flatview/flat_view.h"

namespace planish {
namespace {

// Gives ranges their payloads. The pieces of one region that others cut apart
// share a descriptor: found by comparing with the last few.
class Describer {
 public:
  explicit Describer(std::vector<Descriptor>& descriptors)
      : descriptors_(descriptors) {
    descriptors_.push_back(Descriptor::kHole);
  }

  Payload Describe(const FlatRange& range) {
    const Shown shown(range);
    for (const Recent& r : recent_) {
      const bool needs_extra = shown.NeedsExtra(r.index);
      if (descriptors_[r.index] == shown.own &&
          (!needs_extra ||
           (r.has_extra && descriptors_[r.index + 1] == shown.extra))) {
        return shown.PayloadWith(r.index);
      }
    }
    const size_t index = descriptors_.size();
    const bool has_extra = shown.NeedsExtra(index);
    descriptors_.push_back(shown.own);
    if (has_extra) descriptors_.push_back(shown.extra);
    recent_[next_++ % recent_.size()] = {index, has_extra};
    return shown.PayloadWith(index);
  }

 private:
  struct Recent {
    size_t index = 0;
    bool has_extra = false;
  };

  std::vector<Descriptor>& descriptors_;
  std::array<Recent, 4> recent_;
  size_t next_ = 0;
};

}  // namespace

RunList MakeRunList(const FlatView& view) {
  RunList list;
  list.runs.reserve(2 * view.size() + 1);
  list.descriptors.reserve(view.size() + 1);
  Describer describer(list.descriptors);
  uint64_t next = 0;  // The first address not yet in a run; 0 again at the end.
  for (const FlatRange& range : view) {
    if (range.range.first.raw() != next) {
      list.runs.push_back({Payload(), range.range.first.raw() - 1});
    }
    list.runs.push_back({describer.Describe(range), range.range.last.raw()});
    next = range.range.last.raw() + 1;
  }
  if (next != 0 || view.empty()) list.runs.push_back({Payload(), UINT64_MAX});
  return list;
}

}  // namespace planish
