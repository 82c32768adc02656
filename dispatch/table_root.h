// TableRoot: one version of a table, as a search sees it: the form, and where
// in the lines it begins.
//
// THREAD SAFETY  A plain value; what it refers to is immutable.

#ifndef PLANISH_DISPATCH_TABLE_ROOT_H_
#define PLANISH_DISPATCH_TABLE_ROOT_H_

#include <cstdint>

#include "absl/base/attributes.h"
#include "planish/dispatch/line_arena.h"
#include "planish/dispatch/pages.h"
#include "planish/dispatch/radix.h"
#include "planish/dispatch/terminal.h"
#include "planish/dispatch/tree.h"

namespace planish::internal {

struct TableRoot {
  enum class Form : uint8_t {
    kScan8,  // The number of runs at most.
    kScan32,
    kScan64,
    kScan128,
    kScan256,
    kTree,
    kPages0,  // The number of directories.
    kPages1,
    kPages2,
    kPagesMixed,  // With nodes.
    kRadix0,      // With buckets; the number of directories.
    kRadix1,
    kRadix2,
    kRanked0,  // With ranked slots.
    kRanked1,
    kRanked2,
  };

  TableRoot() : form(Form::kScan8), scan{} {}
  explicit TableRoot(const ScanTree& scan);
  explicit TableRoot(Tree tree) : form(Form::kTree), tree(tree) {}
  explicit TableRoot(const Pages& pages, bool mixed);
  explicit TableRoot(const Level& level);

  bool is_scan() const { return form <= Form::kScan256; }
  bool is_tree() const { return form == Form::kTree; }
  bool is_pages() const {
    return form >= Form::kPages0 && form <= Form::kPagesMixed;
  }
  bool is_radix() const { return form >= Form::kRadix0; }

  // The run that holds `a`.
  ABSL_ATTRIBUTE_ALWAYS_INLINE Terminal Find(const Line* lines,
                                             uint64_t a) const;

  Form form;
  union {
    ScanTree scan;  // kScan*
    Tree tree;
    Pages pages;
    Level level;
  };
};

ABSL_ATTRIBUTE_ALWAYS_INLINE inline Terminal TableRoot::Find(const Line* lines,
                                                             uint64_t a) const {
  switch (form) {
    case Form::kScan8:
      return FindInRow(*reinterpret_cast<const TreeRow*>(lines + scan.rows), a);
    case Form::kScan32:
      return FindInScanTree<4>(lines, scan, a);
    case Form::kScan64:
      return FindInScanTree<8>(lines, scan, a);
    case Form::kScan128:
      return FindInScanTree<16>(lines, scan, a);
    case Form::kScan256:
      return FindInScanTree<32>(lines, scan, a);
    case Form::kTree:
      return FindInTree(lines, tree, a);
    case Form::kPages0:
      return *PageOf<0>(lines, pages, a);
    case Form::kPages1:
      return *PageOf<1>(lines, pages, a);
    case Form::kPages2:
      return *PageOf<2>(lines, pages, a);
    case Form::kPagesMixed:
      return FindInMixedPages(lines, pages, a);
    case Form::kRadix0:
      return FindInLevel<0, false>(lines, level, a);
    case Form::kRadix1:
      return FindInLevel<1, false>(lines, level, a);
    case Form::kRadix2:
      return FindInLevel<2, false>(lines, level, a);
    case Form::kRanked0:
      return FindInLevel<0, true>(lines, level, a);
    case Form::kRanked1:
      return FindInLevel<1, true>(lines, level, a);
    case Form::kRanked2:
      return FindInLevel<2, true>(lines, level, a);
  }
  __builtin_unreachable();
}

}  // namespace planish::internal

#endif  // PLANISH_DISPATCH_TABLE_ROOT_H_
