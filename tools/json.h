// The JSON that commands answer with. Every document is one object and begins
//
//   { "schema": 1, "command": "lookup", ...
//
// "schema" grows when a field changes its meaning or goes; new fields may come
// without that. Addresses, offsets and sizes are strings, "0x1000": JSON's
// numbers end at 2^53.

#ifndef PLANISH_TOOLS_JSON_H_
#define PLANISH_TOOLS_JSON_H_

#include "nlohmann/json.hpp"
#include "planish/tools/console.h"

namespace planish::tools {

// Keeps the order in which fields are set.
using Json = nlohmann::ordered_json;

inline constexpr int kJsonSchema = 1;

inline Json MakeJson(const char* command) {
  return Json{{"schema", kJsonSchema}, {"command", command}};
}

// Names come from files and need not be UTF-8; what isn't is replaced.
inline void PrintJson(const Json& json, Console& console) {
  console.out << json.dump(2, ' ', false, Json::error_handler_t::replace)
              << '\n';
}

}  // namespace planish::tools

#endif  // PLANISH_TOOLS_JSON_H_
