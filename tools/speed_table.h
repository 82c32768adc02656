// The table that `bench` and `demo` print: one row a pattern, one column a
// structure.

#ifndef PLANISH_TOOLS_SPEED_TABLE_H_
#define PLANISH_TOOLS_SPEED_TABLE_H_

#include <ostream>
#include <vector>

#include "planish/tools/json.h"
#include "planish/tools/measure.h"
#include "planish/tools/style.h"

namespace planish::tools {

void PrintSpeed(const std::vector<MeasuredRow>& rows, const Style& style,
                std::ostream& out);
Json SpeedJson(const std::vector<MeasuredRow>& rows);

}  // namespace planish::tools

#endif  // PLANISH_TOOLS_SPEED_TABLE_H_
