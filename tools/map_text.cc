#include "planish/tools/map_text.h"

#include <ostream>
#include <string>

#include "planish/text/text.h"
#include "planish/tools/json.h"

namespace planish::tools {

void PrintMap(const text::MapDescription& map, MapFormat to,
              const char* command, Format format, Console& console) {
  const std::string text =
      to == MapFormat::kMap ? text::WriteMap(map) : text::WriteTable(map);
  if (format == Format::kText) {
    console.out << text;
    return;
  }
  Json json = MakeJson(command);
  json["to"] = to == MapFormat::kMap ? "map" : "table";
  json["text"] = text;
  PrintJson(json, console);
}

}  // namespace planish::tools
