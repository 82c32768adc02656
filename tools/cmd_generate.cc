// planish generate: the benches' maps as files.

#include "planish/text/text.h"
#include "planish/tools/commands.h"
#include "planish/tools/console.h"
#include "planish/tools/generated_map.h"
#include "planish/tools/map_text.h"

namespace planish::tools {

int RunGenerate(const GenerateOptions& options, Console& console) {
  const text::MapDescription map =
      GenerateMap(options.kind, options.ranges, options.seed);
  PrintMap(map, options.to, "generate", options.format, console);
  return kExitOk;
}

}  // namespace planish::tools
