// Targets: which section each alias shows, when all that its line prints is the
// section's name.
//
// QEMU prints the sections in the order in which the walk over all lines first
// meets their regions as an alias' target. So, from the top down, an alias
// either shows a section that was met already or introduces the next one; and
// a section is introduced before it is printed. Where that leaves a choice:
//   1. a section that the alias itself doesn't lie in
//   2. one of the alias' own owner
//   3. one that the alias' window fits into
//   4. the first met; a new one only where the rest can't do without it
//
// THREAD SAFETY  Plain values.
// ERRORS  kInvalidArgument if no order fits.
// COST  Linear where names are unique; else bounded, see kSteps.

#ifndef PLANISH_TEXT_MTREE_TARGETS_H_
#define PLANISH_TEXT_MTREE_TARGETS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "planish/text/mtree_regions.h"

namespace planish::text::mtree {

class Targets {
 public:
  // `forest` outlives this.
  Targets(absl::string_view source, const Forest& forest);

  // By region: the number of the section in Forest::sections, -1 if the region
  // is no alias. `preferred`, of the same form, comes before 1. to 4.; empty:
  // there is none. `alias`, unless -1, has to show `section`.
  absl::StatusOr<std::vector<int>> Assign(const std::vector<int>& preferred,
                                          int alias = -1,
                                          int section = -1) const;

  // The sections that have the name and the type that the alias prints.
  const std::vector<int>& Candidates(int alias) const;

 private:
  // A step of the walk: an alias met for the first time, or a section's head.
  struct Meeting {
    int alias = -1;
    int section = -1;
  };

  int Rank(int alias, int section) const;

  absl::string_view source_;
  const Forest& forest_;
  std::vector<Meeting> walk_;
  std::vector<std::vector<int>> candidates_;  // Lists that aliases share.
  std::vector<int> list_of_alias_;            // By region; 0: none.
};

}  // namespace planish::text::mtree

#endif  // PLANISH_TEXT_MTREE_TARGETS_H_
