// Any text is a set of flat views or an error; a set is equal to itself.

#include <cstddef>
#include <cstdint>

#include "planish/base/check.h"
#include "planish/tests/fuzz/text_checks.h"
#include "planish/text/flat_text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto blocks =
      planish::text::ReadFlatViews({"fuzz", planish::text::AsText(data, size)});
  if (blocks.ok()) {
    PLANISH_CHECK(planish::text::CompareFlatViews(*blocks, *blocks).empty(),
                  "a text differs from itself");
    planish::text::CompareFlatViews(*blocks, {});
  }
  return 0;
}
