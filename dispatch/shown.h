// Shown: what a range of a view says, in the words of terminals and
// descriptors.
//
// THREAD SAFETY  A plain value. Reads the range's region and its host address
//   now; nobody does so later.

#ifndef PLANISH_DISPATCH_SHOWN_H_
#define PLANISH_DISPATCH_SHOWN_H_

#include <cstdint>
#include <optional>

#include "planish/dispatch/terminal.h"
#include "planish/flatview/flat_range.h"

namespace planish {

struct Shown {
  explicit Shown(const FlatRange& range);

  // A second descriptor is needed if the first one is `index`.
  bool NeedsExtra(uint64_t index) const {
    return slow || (host_delta && !Near(index));
  }
  // `index` is of `own`, followed by `extra` if NeedsExtra(index).
  Payload PayloadWith(uint64_t index) const;

  SectionKind kind;
  bool readonly;
  bool slow;
  std::optional<uint64_t> host_delta;  // Host address minus guest address.
  Descriptor own;
  Descriptor extra;

 private:
  std::optional<Payload> Near(uint64_t index) const {
    return Payload::NearHost(kind, readonly, slow, index, *host_delta);
  }
};

}  // namespace planish

#endif  // PLANISH_DISPATCH_SHOWN_H_
