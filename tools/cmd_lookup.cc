// planish lookup: what an address shows, and why.

#include "planish/base/addr.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/tools/answer.h"
#include "planish/tools/commands.h"
#include "planish/tools/console.h"
#include "planish/tools/input.h"
#include "planish/tools/json.h"
#include "planish/tools/space_selection.h"
#include "planish/tools/style.h"

namespace planish::tools {

int RunLookup(const LookupOptions& options, Console& console) {
  auto machine = LoadMachine(console, options.map);
  if (!machine.ok()) return Fail(console, machine.status());
  const auto space = SelectSpaceOrOnly(**machine, options.space);
  if (!space.ok()) return Fail(console, space.status());
  const ReadGuard guard((*machine)->topology().rcu());
  if (options.format == Format::kJson) {
    Json json = MakeJson("lookup");
    json["map"] = options.map.name();
    json["space"] = SpaceLabel(**machine, **space);
    json["results"] = Json::array();
    for (const Addr addr : options.addresses) {
      json["results"].push_back(
          AnswerJson(Ask(guard, **space, addr), **machine));
    }
    PrintJson(json, console);
    return kExitOk;
  }
  const Style style(console);
  for (const Addr addr : options.addresses) {
    PrintAnswer(guard, Ask(guard, **space, addr), **space, **machine, style,
                console.out);
  }
  return kExitOk;
}

}  // namespace planish::tools
