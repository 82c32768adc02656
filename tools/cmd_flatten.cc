// planish flatten: the views as `info mtree -f` prints them.

#include "planish/tools/commands.h"
#include "planish/tools/console.h"
#include "planish/tools/flat_check.h"
#include "planish/tools/input.h"

namespace planish::tools {

int RunFlatten(const FlattenOptions& options, Console& console) {
  const auto machine = LoadMachine(console, options.map);
  if (!machine.ok()) return Fail(console, machine.status());
  return PrintViews(**machine, options.space, options.owners, "flatten",
                    options.format, console);
}

}  // namespace planish::tools
