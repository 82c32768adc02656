#include "planish/tools/speed_table.h"

#include <algorithm>
#include <cstddef>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace planish::tools {
namespace {

constexpr size_t kFigureColumns = 25;

std::string FigureText(const Figure& figure) {
  return absl::StrFormat("%7.2f (%7.2f) %5.1fx", figure.min_ns,
                         figure.median_ns, figure.loads);
}

Json FigureJson(const Figure& figure) {
  return {{"min_ns", figure.min_ns},
          {"median_ns", figure.median_ns},
          {"loads", figure.loads}};
}

}  // namespace

void PrintSpeed(const std::vector<MeasuredRow>& rows, const Style& style,
                std::ostream& out) {
  size_t name_columns = 8;
  for (const MeasuredRow& row : rows) {
    name_columns = std::max(name_columns, row.pattern.size());
  }
  const std::string head = absl::StrCat(
      PadRight("", name_columns), PadLeft("planish", kFigureColumns),
      PadLeft("sorted vector", kFigureColumns),
      PadLeft("std::map", kFigureColumns), PadLeft("L1 load", 9));
  out << style.Paint(Ink::kTitle, head) << '\n';
  for (const MeasuredRow& row : rows) {
    out << PadRight(row.pattern, name_columns)
        << style.Paint(Ink::kWon,
                       PadLeft(FigureText(row.planish), kFigureColumns))
        << PadLeft(FigureText(row.sorted_vector), kFigureColumns)
        << PadLeft(FigureText(row.std_map), kFigureColumns)
        << PadLeft(absl::StrFormat("%.2f", row.load_ns), 9) << '\n';
  }
}

Json SpeedJson(const std::vector<MeasuredRow>& rows) {
  Json json = Json::array();
  for (const MeasuredRow& row : rows) {
    json.push_back({{"pattern", row.pattern},
                    {"l1_load_ns", row.load_ns},
                    {"planish", FigureJson(row.planish)},
                    {"sorted_vector", FigureJson(row.sorted_vector)},
                    {"std_map", FigureJson(row.std_map)}});
  }
  return json;
}

}  // namespace planish::tools
