// What is said about a command's arguments beyond their syntax: which must be
// there, which exclude one another, and which positional argument is which.
//
// ERRORS  kInvalidArgument, in words for who typed it.

#ifndef PLANISH_TOOLS_ARGUMENTS_H_
#define PLANISH_TOOLS_ARGUMENTS_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "planish/tools/commands.h"
#include "planish/tools/input.h"

namespace planish::tools {

// Gives each positional argument its place. Where a pair stands in FILE's
// stead, the first of `rest` was taken for FILE; all of them are needed.
absl::Status Settle(
    MapInput& map,
    const std::vector<std::pair<const char*, std::string*>>& rest);

// The same where addresses follow FILE.
absl::Status SettleLookup(std::vector<std::string> addresses, LookupOptions& o);
// A pair takes the place of A or of B; a lone file is the other one.
absl::Status SettleDiff(DiffOptions& o);
// CASE, or one map and a trace.
absl::Status SettleReplay(ReplayOptions& o);
absl::Status SettleGenerate(const std::string& kind, const std::string& n,
                            GenerateOptions& o);

}  // namespace planish::tools

#endif  // PLANISH_TOOLS_ARGUMENTS_H_
