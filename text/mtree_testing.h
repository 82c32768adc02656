// For tests of ReadMtree(): prints a tree as QEMU does, and compares graphs.
// Shares no code with the reader.
//
// THREAD SAFETY  None.

#ifndef PLANISH_TEXT_MTREE_TESTING_H_
#define PLANISH_TEXT_MTREE_TESTING_H_

#include <random>
#include <string>
#include <vector>

#include "planish/text/map_description.h"

namespace planish::text {

// `info mtree -o -D` of the machine. The order of the spaces is shuffled by
// `rng`, as QEMU's changes from run to run, and with it that of the sections.
std::string PrintMtreeTree(const MapDescription& map, std::mt19937& rng);

// Empty if the graphs agree, up to ids and to what a pair can't tell, in names,
// tree, addresses, sizes, priorities, enabled and alias targets; else the rows
// of either that the other lacks.
std::vector<std::string> GraphDifference(const MapDescription& a,
                                         const MapDescription& b);

}  // namespace planish::text

#endif  // PLANISH_TEXT_MTREE_TESTING_H_
