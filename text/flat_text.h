// FlatText: a text of `info mtree -f` as blocks, and the comparison of two of
// them. QEMU prints views, and the spaces of a view, in an order that changes
// from run to run, so both are compared as multisets; the numbers of the views
// don't count, nor do dispatch trees (-d).
//
// ERRORS  kInvalidArgument: "SOURCE:LINE:COL: expected X, found Y"; also a text
//   without any block.
// COST  Linear, the comparison n log n.

#ifndef PLANISH_TEXT_FLAT_TEXT_H_
#define PLANISH_TEXT_FLAT_TEXT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "planish/text/readers.h"

namespace planish::text {

struct FlatBlock {
  std::vector<std::string> spaces;  // "memory", root: system
  std::string root;                 // A region's name, or (none).
  // The lines of the ranges, without indentation and end; empty: none.
  std::vector<std::string> ranges;
  bool tells_owners = false;  // -o
  int line = 0;
};

absl::StatusOr<std::vector<FlatBlock>> ReadFlatViews(const Source& flat);

struct FlatDifference {
  enum class Side { kBoth, kOnlyExpected, kOnlyActual };
  Side side;
  std::string line;

  friend bool operator==(const FlatDifference&,
                         const FlatDifference&) = default;
};

// Nothing if the two say the same. Else, for each block that only one has, its
// spaces and its root, and the ranges that differ; blocks with the same spaces,
// or else with the same root, are held against one another.
std::vector<FlatDifference> CompareFlatViews(
    const std::vector<FlatBlock>& expected,
    const std::vector<FlatBlock>& actual);

// The same as text: one line each, behind "  ", "- " or "+ ".
std::string DifferencesText(const std::vector<FlatDifference>& differences);

}  // namespace planish::text

#endif  // PLANISH_TEXT_FLAT_TEXT_H_
