// Printing a machine's views, and holding them against a stored text: what
// `flatten`, `check` and `apply` have in common.

#ifndef PLANISH_TOOLS_FLAT_CHECK_H_
#define PLANISH_TOOLS_FLAT_CHECK_H_

#include <string>

#include "planish/text/text.h"
#include "planish/tools/console.h"

namespace planish::tools {

// All views, or that of `space` alone. Returns the exit code.
int PrintViews(const text::Machine& machine, const std::string& space,
               bool owners, const char* command, Format format,
               Console& console);

// Compares with the `info mtree -f` text in file `expected`; with owners if it
// has them. Prints what differs. Returns the exit code.
int CheckViews(const text::Machine& machine, const std::string& expected,
               const char* command, Format format, Console& console);

}  // namespace planish::tools

#endif  // PLANISH_TOOLS_FLAT_CHECK_H_
