// Any two texts are a machine or an error; an input is the tree, a line "%%",
// and the flat text. What is accepted shows exactly that flat text.

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "planish/base/check.h"
#include "planish/tests/fuzz/text_checks.h"
#include "planish/text/flat_text.h"
#include "planish/text/flat_writer.h"
#include "planish/text/machine.h"
#include "planish/text/readers.h"

namespace planish::text {
namespace {

// Words of other versions, and accelerators, which machines don't print.
bool Printable(absl::string_view flat) {
  for (const absl::string_view word : {", container)", "} ", "orphan "}) {
    if (flat.find(word) != absl::string_view::npos) return false;
  }
  return true;
}

void CheckShows(const MapDescription& map, absl::string_view flat) {
  const auto machine = Machine::Create(map, SmallLimits());
  if (!machine.ok() || !Printable(flat)) return;
  FlatTextOptions options;
  options.owner_of = [&](const Region& region) -> absl::string_view {
    return (*machine)->OwnerText(region);
  };
  const std::string shown = WriteFlatViews((*machine)->spaces(), options);
  const auto expected = ReadFlatViews({"expected", flat});
  const auto actual = ReadFlatViews({"actual", shown});
  if (!expected.ok() || !actual.ok()) return;
  PLANISH_CHECK_EQ(DifferencesText(CompareFlatViews(*expected, *actual)), "",
                   "the pair's graph shows its views");
}

}  // namespace
}  // namespace planish::text

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr absl::string_view kBetween = "%%\n";
  const absl::string_view text = planish::text::AsText(data, size);
  const size_t middle = text.find(kBetween);
  if (middle == absl::string_view::npos) return 0;
  const absl::string_view tree = text.substr(0, middle);
  const absl::string_view flat = text.substr(middle + kBetween.size());
  const auto map = planish::text::ReadMtree({"tree", tree}, {"flat", flat});
  if (!map.ok()) return 0;
  planish::text::CheckMachine(*map);
  planish::text::CheckShows(*map, flat);
  return 0;
}
