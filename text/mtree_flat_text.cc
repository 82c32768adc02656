// ReadFlatText(): `info mtree -f -o`.

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "planish/text/lines.h"
#include "planish/text/mtree_line.h"
#include "planish/text/mtree_text.h"
#include "planish/text/parse_error.h"

namespace planish::text::mtree {
namespace {

RangeLine ReadRange(Scanner& scan) {
  RangeLine range;
  scan.Expect("  ");
  const Addr first(scan.Hex16());
  scan.Expect("-");
  const int column = scan.column();
  const Addr last(scan.Hex16());
  if (scan.ok() && last < first) {
    scan.FailAt(static_cast<size_t>(column) - 1, "an end behind the start");
  }
  range.range = {first, last};
  scan.PrioAndType(&range.priority, &range.nonvolatile, &range.word);
  range.column = scan.column();
  range.rest = scan.Rest("a region's name");
  return range;
}

// Where in a view the next line stands.
enum class Place { kOutside, kSpaces, kFirstRange, kRanges, kDispatch, kEmpty };

}  // namespace

absl::StatusOr<std::vector<ViewText>> ReadFlatText(const Source& flat) {
  std::vector<ViewText> views;
  Place place = Place::kOutside;
  Lines reader(flat.text);
  while (reader.Next()) {
    if (IsPrompt(reader.line())) continue;
    Scanner scan(flat.name, reader.number(), reader.line());
    switch (place) {
      case Place::kOutside: {
        if (reader.line().empty()) break;
        scan.Expect("FlatView #");
        scan.Decimal();
        if (scan.ok() && !scan.rest().empty()) scan.Fail("the end of the line");
        views.emplace_back();
        views.back().line = reader.number();
        views.back().title = reader.line();
        place = Place::kSpaces;
        break;
      }
      case Place::kSpaces: {
        ViewText& view = views.back();
        if (absl::StartsWith(reader.line(), " AS \"")) {
          view.spaces.push_back({reader.number(), reader.line().substr(1)});
          break;
        }
        if (!scan.Skip(" Root memory region: ")) {
          scan.Fail("' AS \"' or ' Root memory region: '");
        }
        view.root_line = reader.number();
        view.root = scan.rest();
        place = Place::kFirstRange;
        break;
      }
      case Place::kFirstRange:
        if (reader.line() == "  No rendered FlatView") {
          place = Place::kEmpty;
          break;
        }
        if (!absl::StartsWith(reader.line(), "  ")) {
          scan.Fail("a range or '  No rendered FlatView'");
        }
        [[fallthrough]];
      case Place::kRanges: {
        if (reader.line().empty()) {
          place = Place::kOutside;
          break;
        }
        // What -d prints behind the ranges says nothing about the graph.
        if (reader.line() == "  Dispatch") {
          place = Place::kDispatch;
          break;
        }
        std::vector<RangeLine>& ranges = views.back().ranges;
        RangeLine range = ReadRange(scan);
        range.line = reader.number();
        if (!ranges.empty() && range.range.first <= ranges.back().range.last) {
          scan.FailAt(2, "a start behind the range before");
        }
        ranges.push_back(range);
        place = Place::kRanges;
        break;
      }
      case Place::kDispatch:
        if (reader.line().empty()) place = Place::kOutside;
        break;
      case Place::kEmpty:
        if (!reader.line().empty()) scan.Fail("an empty line");
        place = Place::kOutside;
        break;
    }
    if (!scan.ok()) return scan.status();
  }
  if (views.empty() || place == Place::kSpaces || place == Place::kFirstRange) {
    return ParseErrorAtEnd(flat.name, reader.number() + 1,
                           views.empty() ? "'FlatView #'"
                           : place == Place::kSpaces
                               ? "' Root memory region: '"
                               : "a range or '  No rendered FlatView'");
  }
  return views;
}

}  // namespace planish::text::mtree
