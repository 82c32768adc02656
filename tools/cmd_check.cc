// planish check: are the views those of a stored `info mtree -f` text?

#include "planish/tools/commands.h"
#include "planish/tools/console.h"
#include "planish/tools/flat_check.h"
#include "planish/tools/input.h"

namespace planish::tools {

int RunCheck(const CheckOptions& options, Console& console) {
  const auto machine = LoadMachine(console, options.map);
  if (!machine.ok()) return Fail(console, machine.status());
  return CheckViews(**machine, options.expected, "check", options.format,
                    console);
}

}  // namespace planish::tools
