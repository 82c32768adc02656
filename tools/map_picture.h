// MapPicture: the tree of a view's root as lines of a column, and the view as
// lines of another, to be set side by side.
//
//   system                                     | 0-bffff      ram    pc.ram
//   |- apic-msi          fee00000-feefffff 4096 | c0000-c1fff  ram ro pc.ram
//   |- pam-rom -> pc.ram c0000-c3fff          1 | ...
//
// Of any two children of a region that overlap, the one above wins. Regions
// that no range of the view leads through are painted dim; the disabled ones
// are counted. Neighbours that differ by a number in their names only share a
// line.

#ifndef PLANISH_TOOLS_MAP_PICTURE_H_
#define PLANISH_TOOLS_MAP_PICTURE_H_

#include <cstddef>
#include <ostream>
#include <string>
#include <vector>

#include "planish/flatview/flat_view.h"
#include "planish/regions/region.h"
#include "planish/tools/style.h"

namespace planish::tools {

// What lies below `root`, which shows `view`. At most `columns` wide; regions
// deeper than a dozen levels are left out.
std::vector<std::string> TreeLines(const Region& root, const FlatView& view,
                                   size_t columns, const Style& style);
std::vector<std::string> FlatLines(const FlatView& view, size_t columns,
                                   const Style& style);
// Two columns with a line between them.
void PrintSideBySide(const std::vector<std::string>& left, size_t left_columns,
                     const std::vector<std::string>& right, const Style& style,
                     std::ostream& out);

}  // namespace planish::tools

#endif  // PLANISH_TOOLS_MAP_PICTURE_H_
