#include "planish/tools/answer.h"

#include <algorithm>
#include <cstddef>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/flatview/flat_range.h"
#include "planish/flatview/flat_view.h"
#include "planish/regions/region.h"
#include "planish/tools/views.h"

namespace planish::tools {
namespace {

// So many losers, or empty containers, are told; the JSON has them all.
constexpr size_t kShown = 12;
constexpr size_t kShownDisabled = 6;

AddrRange WholeRange(const FlatView& view, const Section& section) {
  if (const FlatRange* range = view.Find(section.addr()); range != nullptr) {
    return range->range;
  }
  AddrRange hole{Addr(0), section.last()};
  for (const FlatRange& range : view) {
    if (range.range.first > section.addr()) break;
    hole.first = Addr(range.range.last.raw() + 1);
  }
  return hole;
}

void PrintFact(absl::string_view name, absl::string_view value,
               std::ostream& out) {
  if (!value.empty()) out << "  " << PadRight(name, 10) << value << '\n';
}

// Says how many of `count` were not told.
void PrintMore(size_t count, absl::string_view what, std::ostream& out) {
  if (count <= kShown) return;
  PrintFact("", absl::StrCat("... and ", count - kShown, " more ", what), out);
}

Json PathJson(const Contender& contender) {
  Json path = Json::array();
  for (const Region* region : contender.path) path.push_back(region->name());
  return path;
}

Json DefeatJson(const Defeat& defeat) {
  Json json = {{"region", defeat.loser.region().name()},
               {"path", PathJson(defeat.loser)},
               {"offset", Hex(defeat.loser.offset)},
               {"priority", defeat.loser.region().priority()},
               {"reason", std::string(ReasonName(defeat.reason))},
               {"met_in", defeat.met->name()},
               {"winning_branch", defeat.winning_branch->name()},
               {"winning_priority", defeat.winning_branch->priority()}};
  if (defeat.losing_branch != nullptr) {
    json["losing_branch"] = defeat.losing_branch->name();
    json["losing_priority"] = defeat.losing_branch->priority();
  }
  return json;
}

Json WhyJson(const Explanation& why) {
  Json json;
  json["winner"] = why.winner.empty() ? Json(nullptr) : PathJson(why.winner[0]);
  json["fell_through"] = Json::array();
  for (const Contender& container : why.fell_through) {
    json["fell_through"].push_back(PathJson(container));
  }
  json["losers"] = Json::array();
  for (const Defeat& defeat : why.defeats) {
    json["losers"].push_back(DefeatJson(defeat));
  }
  json["disabled"] = Json::array();
  for (const Region* region : why.disabled) {
    json["disabled"].push_back(region->name());
  }
  json["complete"] = why.is_complete;
  return json;
}

}  // namespace

Answer Ask(const Reading& guard, const AddressSpace& space, Addr addr) {
  Answer answer;
  answer.addr = addr;
  answer.section = space.Lookup(guard, addr);
  const FlatView& view = space.Current(guard).view();
  answer.range = WholeRange(view, answer.section);
  answer.why = Explain(space.shown_root(guard), addr);
  return answer;
}

void PrintWhy(const Explanation& why, const Style& style, std::ostream& out) {
  for (const Contender& winner : why.winner) {
    PrintFact(
        "why",
        absl::StrCat(style.Paint(Ink::kWon, "won   "), PathText(winner, style)),
        out);
  }
  if (why.winner.empty()) {
    PrintFact("why",
              why.fell_through.empty() ? "no region covers it"
                                       : "nothing shows through",
              out);
  }
  for (size_t i = 0; i < std::min(why.fell_through.size(), kShown); ++i) {
    PrintFact("",
              absl::StrCat(style.Paint(Ink::kDim, "empty "),
                           PathText(why.fell_through[i], style)),
              out);
  }
  PrintMore(why.fell_through.size(), "that are empty here", out);
  for (size_t i = 0; i < std::min(why.defeats.size(), kShown); ++i) {
    PrintFact("",
              absl::StrCat(style.Paint(Ink::kLost, "lost  "),
                           PathText(why.defeats[i].loser, style)),
              out);
    PrintFact("", absl::StrCat("      ", ReasonText(why.defeats[i])), out);
  }
  PrintMore(why.defeats.size(), "that lost", out);
  if (!why.disabled.empty()) {
    std::vector<std::string> names;
    for (const Region* region : why.disabled) {
      if (names.size() == kShownDisabled) {
        names.emplace_back("...");
        break;
      }
      names.push_back(Printable(region->name()));
    }
    PrintFact("",
              absl::StrCat(style.Paint(Ink::kDim, "off   "),
                           absl::StrJoin(names, ", "), " (disabled)"),
              out);
  }
  if (!why.is_complete) {
    PrintFact("", "... the search was cut short here", out);
  }
}

void PrintAnswerLine(const Reading& guard, const Answer& answer,
                     const AddressSpace& space, const Style& style,
                     std::ostream& out) {
  const Section& section = answer.section;
  const Region* region = section.region();
  out << style.Paint(Ink::kTitle, absl::StrCat(Printable(space.name()), " ",
                                               Hex(answer.addr.raw())))
      << ": ";
  if (region == nullptr) {
    out << style.Paint(Ink::kDim, "a hole");
  } else {
    out << style.Paint(Style::InkOf(region->kind()), Printable(region->name()))
        << " + " << Hex(section.offset()) << ", "
        << SectionKindName(section.kind());
    const std::string attributes =
        AttributesText(*space.Current(guard).view().Find(answer.addr));
    if (!attributes.empty()) out << ", " << attributes;
  }
  out << ", up to " << Hex(section.last().raw()) << '\n';
}

void PrintAnswer(const Reading& guard, const Answer& answer,
                 const AddressSpace& space, const text::Machine& machine,
                 const Style& style, std::ostream& out) {
  PrintAnswerLine(guard, answer, space, style, out);
  PrintFact("range",
            absl::StrCat(HexRange(answer.range), " (",
                         HumanSize(answer.range.size()), ")"),
            out);
  const FlatView& view = space.Current(guard).view();
  const Region* shown = space.shown_root(guard);
  if (shown != space.root() && space.root() != nullptr) {
    PrintFact("root",
              absl::StrCat(Printable(space.root()->name()), ", which shows ",
                           shown == nullptr ? std::string("nothing")
                                            : Printable(shown->name())),
              out);
  }
  if (const Region* region = answer.section.region(); region != nullptr) {
    PrintFact("region", Printable(region->Path()), out);
    PrintFact("owner", Printable(machine.OwnerText(*region)), out);
    PrintFact("offset", Hex(answer.section.offset()), out);
    PrintFact("kind", SectionKindName(answer.section.kind()), out);
    PrintFact("flags", AttributesText(*view.Find(answer.addr)), out);
  }
  PrintWhy(answer.why, style, out);
}

Json AnswerJson(const Answer& answer, const text::Machine& machine) {
  Json json = {{"address", Hex(answer.addr.raw())},
               {"kind", std::string(SectionKindName(answer.section.kind()))},
               {"range",
                {{"first", Hex(answer.range.first.raw())},
                 {"last", Hex(answer.range.last.raw())}}}};
  if (const Region* region = answer.section.region(); region != nullptr) {
    json["region"] = region->name();
    json["path"] = region->Path();
    json["owner"] = machine.OwnerText(*region);
    json["offset"] = Hex(answer.section.offset());
    json["priority"] = region->priority();
    json["readonly"] = answer.section.readonly();
    json["nonvolatile"] = answer.section.nonvolatile();
    json["dirty_log_mask"] = answer.section.dirty_log_mask();
    if (region->kind() == RegionKind::kRomDevice) {
      json["romd"] = answer.section.romd();
    }
  }
  json["why"] = WhyJson(answer.why);
  return json;
}

}  // namespace planish::tools
