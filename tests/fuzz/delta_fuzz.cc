// Any text is a delta or an error; a delta leads a small board on, or leaves it
// as it was.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "planish/base/check.h"
#include "planish/tests/fuzz/text_checks.h"
#include "planish/text/flat_writer.h"
#include "planish/text/machine.h"
#include "planish/text/readers.h"

namespace planish::text {
namespace {

constexpr char kBoard[] =
    "container system\n"
    "  ram ram +64K\n"
    "  container bus 0x8000 +32K prio 1\n"
    "    mmio uart 0x100 +0x20\n"
    "    mmio timer 0x110 +0x20 owner timer\n"
    "  alias window -> bus @0x100 0x20000 +4K\n"
    "container spare\n"
    "space memory = system\n"
    "space dma = spare\n";

void CheckDelta(const Delta& delta) {
  static const MapDescription* const board = [] {
    auto map = ReadMap({"board", kBoard});
    PLANISH_CHECK_OK(map);
    return new MapDescription(*std::move(map));
  }();
  auto machine = Machine::Create(*board, SmallLimits());
  PLANISH_CHECK_OK(machine);
  const std::string before = WriteFlatViews((*machine)->spaces());
  const absl::Status status = (*machine)->Apply(delta);
  (*machine)->topology().CheckInvariants();
  const std::string after = WriteFlatViews((*machine)->spaces());
  if (!status.ok()) PLANISH_CHECK_EQ(after, before, "a failed step is undone");
}

}  // namespace
}  // namespace planish::text

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto delta =
      planish::text::ReadDelta({"fuzz", planish::text::AsText(data, size)});
  if (delta.ok()) planish::text::CheckDelta(*delta);
  return 0;
}
