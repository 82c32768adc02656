// planish convert: the same map in the other text format.

#include <ostream>
#include <string>

#include "absl/status/statusor.h"
#include "planish/text/text.h"
#include "planish/tools/commands.h"
#include "planish/tools/console.h"
#include "planish/tools/input.h"
#include "planish/tools/map_text.h"

namespace planish::tools {

int RunConvert(const ConvertOptions& options, Console& console) {
  const auto map = ReadMapInput(console, options.map);
  if (!map.ok()) return Fail(console, map.status());
  PrintMap(*map, options.to, "convert", options.format, console);
  return kExitOk;
}

}  // namespace planish::tools
