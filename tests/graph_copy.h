// GraphCopy: what a live topology is, described for the oracles, and what its
// spaces should show by the second of them (gap_renderer.h). For topologies
// that a test did not build itself beside a description (graph_state.h).
//
// THREAD SAFETY  As Region's getters.

#ifndef PLANISH_TESTS_GRAPH_COPY_H_
#define PLANISH_TESTS_GRAPH_COPY_H_

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "planish/flatview/flat_range.h"
#include "planish/regions/region.h"
#include "planish/space/address_space.h"
#include "planish/tests/oracle.h"

namespace planish::model {

class GraphCopy {
 public:
  // What is below `root` is described too, and what windows lead to.
  void Add(const Region& root) { SlotOf(root); }

  // What an address space with this root should show. REQUIRES: within limits.
  std::vector<FlatRange> ViewOf(const Region& root) const;

 private:
  int SlotOf(const Region& region);

  oracle::Graph graph_;
  std::vector<const Region*> regions_;  // By slot.
  std::unordered_map<const Region*, int> slots_;
};

// Compares what every space shows, and its table, with what it should show, and
// checks all invariants. Empty if all is well; else what is wrong first.
// `compared`, if not null, is raised by the number of ranges.
std::string FailureOf(const std::vector<AddressSpace*>& spaces,
                      size_t* compared = nullptr);

}  // namespace planish::model

#endif  // PLANISH_TESTS_GRAPH_COPY_H_
