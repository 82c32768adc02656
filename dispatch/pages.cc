#include "planish/dispatch/pages.h"

#include <cstdint>

#include "planish/dispatch/line_arena.h"
#include "planish/dispatch/terminal.h"
#include "planish/dispatch/tree.h"

namespace planish::internal {
namespace {

const Terminal* PageOfAny(const Line* lines, const Pages& pages, uint64_t a) {
  switch (pages.depth) {
    case 0:
      return PageOf<0>(lines, pages, a);
    case 1:
      return PageOf<1>(lines, pages, a);
    default:
      return PageOf<2>(lines, pages, a);
  }
}

}  // namespace

Terminal FindInMixedPages(const Line* lines, const Pages& pages, uint64_t a) {
  const Terminal found = *PageOfAny(lines, pages, a);
  return found.payload.is_node() ? FindBelow(lines, found.payload, a) : found;
}

}  // namespace planish::internal
