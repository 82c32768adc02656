// planish apply: one update step of a map.

#include "absl/status/status.h"
#include "planish/tools/commands.h"
#include "planish/tools/console.h"
#include "planish/tools/flat_check.h"
#include "planish/tools/input.h"

namespace planish::tools {

int RunApply(const ApplyOptions& options, Console& console) {
  const auto machine = LoadMachine(console, options.map);
  if (!machine.ok()) return Fail(console, machine.status());
  const auto delta = ReadDeltaInput(console, options.delta);
  if (!delta.ok()) return Fail(console, delta.status());
  if (!options.map.tree.empty()) {
    // A step of another table would change other regions, and may not fail.
    Note(console,
         "a pair has no ids; the step's are taken for those that `planish "
         "convert --to=table` gives it");
  }
  const absl::Status applied = (*machine)->Apply(*delta);
  if (!applied.ok()) return Fail(console, applied);
  if (options.expected.empty()) {
    return PrintViews(**machine, "", false, "apply", options.format, console);
  }
  return CheckViews(**machine, options.expected, "apply", options.format,
                    console);
}

}  // namespace planish::tools
