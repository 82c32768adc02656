// The command line of `planish`. The one place that uses CLI11, and so the one
// that is compiled with exceptions; none leaves it.

#ifndef PLANISH_TOOLS_CLI_H_
#define PLANISH_TOOLS_CLI_H_

#include <string>
#include <vector>

#include "planish/tools/console.h"

namespace planish::tools {

// Runs the command that `args` (without the program's name) ask for. Returns
// the process's exit code: kExitOk, kExitDifference or kExitBadInput.
int RunPlanish(const std::vector<std::string>& args, Console& console);

}  // namespace planish::tools

#endif  // PLANISH_TOOLS_CLI_H_
