// What must hold of whatever a reader of maps accepts, for the fuzz targets.

#ifndef PLANISH_TESTS_FUZZ_TEXT_CHECKS_H_
#define PLANISH_TESTS_FUZZ_TEXT_CHECKS_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "planish/base/check.h"
#include "planish/text/text.h"

namespace planish::text {

inline absl::string_view AsText(const uint8_t* data, size_t size) {
  return absl::string_view(reinterpret_cast<const char*>(data), size);
}

// Small: a fuzzer finds graphs that are slow to render within any limit.
inline MachineOptions SmallLimits() {
  MachineOptions options;
  options.limits.max_render_steps = 4096;
  return options;
}

// Table and map carry the same, and what is written reads back.
inline void CheckRoundTrips(const MapDescription& map) {
  const std::string table = WriteTable(map);
  const auto from_table = ReadTable({"table", table});
  PLANISH_CHECK_OK(from_table);
  PLANISH_CHECK_EQ(WriteTable(*from_table), table, "table -> table");
  const std::string text = WriteMap(map);
  const auto from_map = ReadMap({"map", text});
  PLANISH_CHECK_OK(from_map);
  PLANISH_CHECK_EQ(WriteTable(*from_map), table, "map -> table");
  PLANISH_CHECK_EQ(WriteMap(*from_map), text, "map -> map");
}

// It becomes a machine, or says why not.
inline void CheckMachine(const MapDescription& map) {
  const auto machine = Machine::Create(map, SmallLimits());
  if (!machine.ok()) return;
  (*machine)->topology().CheckInvariants();
  WriteFlatViews((*machine)->spaces());
}

}  // namespace planish::text

#endif  // PLANISH_TESTS_FUZZ_TEXT_CHECKS_H_
