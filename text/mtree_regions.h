// Forest: the regions behind the lines of an `info mtree`, each once, however
// often it was printed: in the tree of a space, in a section of its own, and
// again within whatever contains it.
//
//   lines that read alike, subtree and all, relative to the line above: a class
//   a block's root whose class stands inside another block: the same region
//
// One region, unless it is provably several: two places in one tree, two space
// roots, two sections. Where several regions could be the root of a section,
// the first is taken, and `rivals` names the others. Between several roots of
// spaces nothing but the views can choose; for the case that they don't, such a
// section has a `spare`: a region of its own, which exists if an alias shows
// it.
//
// THREAD SAFETY  Plain values.
// COST  Linear in the lines.

#ifndef PLANISH_TEXT_MTREE_REGIONS_H_
#define PLANISH_TEXT_MTREE_REGIONS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "planish/base/addr.h"
#include "planish/text/mtree_text.h"

namespace planish::text::mtree {

struct Region {
  int line = 0;               // Index of the line that shows it first.
  int parent = -1;            // A region.
  std::vector<int> children;  // As printed.
  int place = 0;              // Among its siblings, as printed.
  uint64_t addr = 0;  // In its container; a root's own address is printed.
  int identity = 0;   // Of name and owner together.
  int twin = -1;      // A spare's: the region that it would be else.
};

// An address-space: or memory-region: block, and which region it shows.
struct BlockRoot {
  int region = 0;
  std::vector<int> rivals;  // Regions of the same class, `region` among them.
  int spare = -1;
};

struct Forest {
  const TreeText* text = nullptr;
  std::vector<Region> regions;
  std::vector<int> region_of_line;
  std::vector<BlockRoot> blocks;  // As in the text.
  std::vector<int> sections;      // Indices of the blocks that are sections.

  const TreeLine& Line(int region) const {
    return text->lines[static_cast<size_t>(At(region).line)];
  }
  const Region& At(int region) const {
    return regions[static_cast<size_t>(region)];
  }
  const TreeBlock& Block(int block) const {
    return text->blocks[static_cast<size_t>(block)];
  }
  // "system/pci/vga.vram"
  std::string Path(int region) const;
};

Forest BuildForest(const TreeText& text);

}  // namespace planish::text::mtree

#endif  // PLANISH_TEXT_MTREE_REGIONS_H_
