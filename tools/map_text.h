// PrintMap: a map as a file's text, or that text inside JSON.

#ifndef PLANISH_TOOLS_MAP_TEXT_H_
#define PLANISH_TOOLS_MAP_TEXT_H_

#include "planish/text/text.h"
#include "planish/tools/commands.h"
#include "planish/tools/console.h"

namespace planish::tools {

void PrintMap(const text::MapDescription& map, MapFormat to,
              const char* command, Format format, Console& console);

}  // namespace planish::tools

#endif  // PLANISH_TOOLS_MAP_TEXT_H_
