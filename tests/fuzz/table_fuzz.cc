// Any text is a table or an error; a table survives being written and read
// again.

#include <cstddef>
#include <cstdint>

#include "planish/tests/fuzz/text_checks.h"
#include "planish/text/readers.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto map =
      planish::text::ReadTable({"fuzz", planish::text::AsText(data, size)});
  if (map.ok()) {
    planish::text::CheckRoundTrips(*map);
    planish::text::CheckMachine(*map);
  }
  return 0;
}
