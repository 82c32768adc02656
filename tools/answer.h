// Answer: what one address of a space shows, with the reason, and how that is
// told. The section comes from the dispatch table, the reason from the graph.

#ifndef PLANISH_TOOLS_ANSWER_H_
#define PLANISH_TOOLS_ANSWER_H_

#include <ostream>

#include "planish/base/addr.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/dispatch/section.h"
#include "planish/space/address_space.h"
#include "planish/text/text.h"
#include "planish/tools/explain.h"
#include "planish/tools/json.h"
#include "planish/tools/style.h"

namespace planish::tools {

struct Answer {
  Addr addr;
  Section section;
  AddrRange range;  // The whole range, or the whole hole.
  Explanation why;
};

Answer Ask(const Reading& guard, const AddressSpace& space, Addr addr);

// "memory 0xfee00300: apic-msi + 0x300", and up to where that holds.
void PrintAnswerLine(const Reading& guard, const Answer& answer,
                     const AddressSpace& space, const Style& style,
                     std::ostream& out);
// The same line, then one line for each fact.
void PrintAnswer(const Reading& guard, const Answer& answer,
                 const AddressSpace& space, const text::Machine& machine,
                 const Style& style, std::ostream& out);
// The "why" lines alone, indented by two.
void PrintWhy(const Explanation& why, const Style& style, std::ostream& out);

Json AnswerJson(const Answer& answer, const text::Machine& machine);

}  // namespace planish::tools

#endif  // PLANISH_TOOLS_ANSWER_H_
