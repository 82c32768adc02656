// The commands of `planish`, one function each. All take options that cli.cc
// has parsed, print to the console, and return the process's exit code.

#ifndef PLANISH_TOOLS_COMMANDS_H_
#define PLANISH_TOOLS_COMMANDS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "planish/base/addr.h"
#include "planish/measure/maps.h"
#include "planish/tools/console.h"
#include "planish/tools/input.h"

namespace planish::tools {

struct DemoOptions {
  Format format = Format::kText;
};
int RunDemo(const DemoOptions& options, Console& console);

struct FlattenOptions {
  MapInput map;
  std::string space;  // Empty: all.
  bool owners = false;
  Format format = Format::kText;
};
int RunFlatten(const FlattenOptions& options, Console& console);

struct CheckOptions {
  MapInput map;
  std::string expected;  // A stored `info mtree -f` text.
  Format format = Format::kText;
};
int RunCheck(const CheckOptions& options, Console& console);

struct LookupOptions {
  MapInput map;
  std::string space;
  std::vector<Addr> addresses;
  Format format = Format::kText;
};
int RunLookup(const LookupOptions& options, Console& console);

struct ApplyOptions {
  MapInput map;
  std::string delta;
  std::string expected;  // As above; empty: print the views,
  bool stats = false;    // or what the commit did.
  Format format = Format::kText;
};
int RunApply(const ApplyOptions& options, Console& console);

struct DiffOptions {
  MapInput before;
  MapInput after;
  Format format = Format::kText;
};
int RunDiff(const DiffOptions& options, Console& console);

enum class MapFormat { kMap, kTable };

struct ConvertOptions {
  MapInput map;
  MapFormat to = MapFormat::kMap;
  Format format = Format::kText;
};
int RunConvert(const ConvertOptions& options, Console& console);

struct ReplayOptions {
  std::string folder;  // Or `map` and `trace`.
  MapInput map;
  std::string trace;
  size_t show = 10;  // So many mismatches in full.
  Format format = Format::kText;
};
int RunReplay(const ReplayOptions& options, Console& console);

struct BenchOptions {
  MapInput map;
  std::string space;  // Empty: the one whose view has the most ranges.
  std::string trace;
  std::optional<int> pin;  // A CPU's number.
  int repetitions = 11;
  uint64_t seed = 1;
  Format format = Format::kText;
};
int RunBench(const BenchOptions& options, Console& console);

struct GenerateOptions {
  measure::MapKind kind = measure::MapKind::kSpread;
  size_t ranges = 1000;
  uint64_t seed = 1;
  MapFormat to = MapFormat::kMap;
  Format format = Format::kText;
};
int RunGenerate(const GenerateOptions& options, Console& console);

}  // namespace planish::tools

#endif  // PLANISH_TOOLS_COMMANDS_H_
