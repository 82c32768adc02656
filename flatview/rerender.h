// Rerender: what has to be spliced into a view because the graph below its root
// has changed somewhere. Renders the intervals that may look different now, and
// leaves out what looks as before:
//
//    old view    [ram      ][vga][ram             ]     [bar ]
//    dirty                  |------|                    |------------|
//    rendered                [vga] [                     [bar ]
//    changed     nothing
//
// WHY A SPLICE EQUALS A RENDER (F4)  Each address outside the dirty intervals
//   shows what it showed, by the same way down the graph; so two neighbours
//   outside are apart exactly if they were. At an edge, Splice() joins what may
//   be joined. That fails for one kind of range only: an unmergeable one that a
//   single window shows is one range, and its parts could not be put together
//   again. So an interval is widened, on either side, to the far end of an
//   unmergeable range that it cuts or touches: beyond that end both neighbours
//   are outside. Intervals that meet in one such range are taken as one.
//
// THREAD SAFETY  As Render().
// ERRORS  As Render().
// COST  As Render() of the intervals, and O(log n + k) for the k ranges there.

#ifndef PLANISH_FLATVIEW_RERENDER_H_
#define PLANISH_FLATVIEW_RERENDER_H_

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "planish/base/addr.h"
#include "planish/flatview/flat_range.h"
#include "planish/flatview/flat_view.h"
#include "planish/regions/limits.h"
#include "planish/regions/region.h"

namespace planish {

// An interval that looks different now, from its first to its last address, and
// what it shows.
struct Changed {
  AddrRange interval;
  std::vector<FlatRange> ranges;
};

struct Rerendered {
  std::vector<Changed> changed;  // Ascending; empty if all looks as before.
  // For reports.
  size_t intervals = 0;   // Rendered.
  size_t ranges_out = 0;  // In what changed, before
  size_t ranges_in = 0;   // and now.
};

// `old` is what `root` showed, `dirty` where it may show something else now:
// ascending addresses of the view (so R2.19 has been applied), with a gap
// between any two. The dirty log mask counts as something that shows.
absl::StatusOr<Rerendered> Rerender(const FlatView& old, const Region& root,
                                    absl::Span<const AddrRange> dirty,
                                    const Limits& limits);

}  // namespace planish

#endif  // PLANISH_FLATVIEW_RERENDER_H_
