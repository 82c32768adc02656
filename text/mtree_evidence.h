// What a flat view proves. The regions that a root could show are laid out side
// by side, each where it would be if nothing covered it; then every stretch
// between two edges is one piece of evidence:
//
//   could show here    [a  ][b            ]      [c      ]
//                           [d     ]                 [e  ]
//   the view           [a  ][d     ][b    ]      [c      ]
//   proves              a    d, d above b   b     c   c above e, or not e
//
// THREAD SAFETY  None.
// ERRORS  A stretch that nothing could explain is a Trouble.
// COST  O(n log n + k^2) a view, for n places and k that overlap; bounded by
//   Effort.

#ifndef PLANISH_TEXT_MTREE_EVIDENCE_H_
#define PLANISH_TEXT_MTREE_EVIDENCE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "planish/base/addr.h"
#include "planish/text/mtree_model.h"
#include "planish/text/mtree_text.h"

namespace planish::text::mtree {

// How much work is left, for all that is done for one pair; and how much one
// view may take in memory. Both follow from the pair's length.
struct Effort {
  static Effort ForLines(size_t lines);

  int64_t steps = 0;
  size_t max_layout = 0;  // Ways down from a view's root.
  bool Spend(int64_t n) { return (steps -= n) >= 0; }
};

// What a line of a view says, as far as names can tell it apart.
struct RangeReading {
  int identity = 0;  // Region::identity
  uint64_t offset = 0;
};
struct ViewEvidence {
  const ViewText* text = nullptr;
  std::vector<std::vector<RangeReading>> ranges;  // As text->ranges.
};

// Tells name, offset and owner of every line apart. An error if the tree has
// no such region.
absl::StatusOr<std::vector<ViewEvidence>> ReadEvidence(
    const Source& flat, const std::vector<ViewText>& views,
    const Forest& forest);

// Where the graph and a view contradict each other.
struct Trouble {
  int view = 0;
  std::vector<int> aliases;  // On the way to what could show there.
  // What should show, -1: nothing, and the windows through which it could.
  struct Window {
    int alias = 0;
    uint64_t at = 0;  // In the target, from its beginning.
  };
  int range = -1;
  uint64_t into = 0;  // Distance from the range's beginning.
  std::vector<Window> windows;
};

// Adds to `model` what the view numbered `view` proves if `root` is what it
// shows. False if the graph is too deep, which is a trouble too, or too
// entangled.
bool Judge(const ViewEvidence& evidence, int view, int root, Model& model,
           Effort& effort, std::vector<Trouble>& troubles);

}  // namespace planish::text::mtree

#endif  // PLANISH_TEXT_MTREE_EVIDENCE_H_
