// What a test compares to see that an edit changed nothing: every region of
// some owners, with all that its getters say, as text.

#ifndef PLANISH_REGIONS_GRAPH_TEXT_FOR_TEST_H_
#define PLANISH_REGIONS_GRAPH_TEXT_FOR_TEST_H_

#include <initializer_list>
#include <sstream>
#include <string>

#include "planish/regions/owner.h"
#include "planish/regions/region.h"

namespace planish {

inline std::string GraphText(std::initializer_list<const Owner*> owners) {
  std::ostringstream out;
  for (const Owner* owner : owners) {
    out << owner->name() << (owner->retired() ? " (retired)\n" : "\n");
    for (const auto& region : owner->regions()) {
      const Region& r = *region;
      out << "  " << r.name() << ' ' << RegionKindName(r.kind()) << ' '
          << r.addr() << " +" << r.size() << " prio " << r.priority()
          << (r.enabled() ? "" : " off") << (r.readonly() ? " ro" : "")
          << (r.nonvolatile() ? " nv" : "") << (r.unmergeable() ? " um" : "")
          << (r.romd() ? " romd" : "") << " log "
          << static_cast<int>(r.dirty_log_mask()) << " in "
          << (r.container() ? r.container()->name() : "-") << " shows "
          << (r.alias_target() ? r.alias_target()->name() : "-") << " @"
          << Addr(r.alias_offset()) << " :";
      for (const Region* child : r.children()) out << ' ' << child->name();
      out << '\n';
    }
  }
  return out.str();
}

}  // namespace planish

#endif  // PLANISH_REGIONS_GRAPH_TEXT_FOR_TEST_H_
