#include "planish/tools/map_picture.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "planish/base/addr.h"
#include "planish/flatview/flat_range.h"
#include "planish/tools/explain.h"

namespace planish::tools {
namespace {

constexpr size_t kMaxLevels = 12;
constexpr size_t kRangeColumns = 17;
constexpr size_t kPriorityColumns = 5;

using Regions = absl::flat_hash_set<const Region*>;

// "fee00000-feefffff".
std::string ShortRange(AddrRange range) {
  return absl::StrFormat("%x-%x", range.first.raw(), range.last.raw());
}

// Where a region lies, as far as the 64-bit space goes.
AddrRange WindowOf(const Region& region, Addr base) {
  const Addr first(base.raw() + region.addr().raw());
  return AddrRange::FromSize(first, region.size())
      .value_or(AddrRange{first, Addr::Max()});
}

// What names in a row have in common: "usb3 port #4" as "usb3 port #".
absl::string_view Stem(absl::string_view name) {
  while (!name.empty() &&
         absl::ascii_isdigit(static_cast<unsigned char>(name.back()))) {
    name.remove_suffix(1);
  }
  return name;
}

class TreeDrawing {
 public:
  TreeDrawing(const Region& root, const FlatView& view, size_t columns,
              const Style& style)
      : root_(root), columns_(columns), style_(style) {
    for (const FlatRange& range : view) Probe(range.range.first);
    ProbeEdges(root, Addr(0), 0);
  }

  std::vector<std::string> Draw() {
    lines_.push_back(style_.Paint(
        Ink::kTitle, Ellipsize(Printable(root_.name()), columns_)));
    AddChildren(root_, root_.addr(), "", 1);
    return std::move(lines_);
  }

 private:
  // Siblings that share a line.
  using Group = std::vector<const Region*>;

  void Probe(Addr addr) {
    const Explanation why = Explain(&root_, addr);
    for (const Contender& winner : why.winner) {
      visible_.insert(winner.path.begin(), winner.path.end());
    }
  }

  // What is visible at all is so where a range begins, where it begins itself,
  // or where something above it ends.
  void ProbeEdges(const Region& region, Addr base, size_t level) {
    const AddrRange window = WindowOf(region, base);
    Probe(window.first);
    if (window.last != Addr::Max()) Probe(Addr(window.last.raw() + 1));
    if (level == kMaxLevels) return;
    for (const Region* child : region.children()) {
      ProbeEdges(*child, window.first, level + 1);
    }
  }

  bool BelongsTo(const Group& group, const Region& region) const {
    const Region& last = *group.back();
    return region.children().empty() && last.children().empty() &&
           Stem(region.name()) == Stem(last.name()) &&
           region.kind() == last.kind() &&
           region.priority() == last.priority() &&
           region.alias_target() == last.alias_target() &&
           visible_.contains(&region) == visible_.contains(&last);
  }

  // The enabled children, the winner of any two first. Where no order follows
  // from that, the lower address comes first.
  static std::vector<const Region*> InOrder(const Region& region, Addr base) {
    std::vector<const Region*> children;
    for (const Region* child : region.children()) {
      if (child->enabled() && !child->size().IsZero()) {
        children.push_back(child);
      }
    }
    std::reverse(children.begin(), children.end());
    for (auto from = children.begin(); from != children.end();) {
      const auto to = std::find_if(from, children.end(), [&](auto* child) {
        return child->priority() != (*from)->priority();
      });
      std::vector<const Region*> sorted(from, to);
      std::stable_sort(sorted.begin(), sorted.end(),
                       [](auto* a, auto* b) { return a->addr() < b->addr(); });
      const bool overlap =
          std::adjacent_find(
              sorted.begin(), sorted.end(), [&](auto* a, auto* b) {
                return WindowOf(*a, base).last >= WindowOf(*b, base).first;
              }) != sorted.end();
      if (!overlap) std::copy(sorted.begin(), sorted.end(), from);
      from = to;
    }
    return children;
  }

  void AddChildren(const Region& region, Addr base, const std::string& indent,
                   size_t level) {
    std::vector<Group> groups;
    const std::vector<const Region*> children = InOrder(region, base);
    for (const Region* child : children) {
      if (groups.empty() || !BelongsTo(groups.back(), *child)) {
        groups.emplace_back();
      }
      groups.back().push_back(child);
    }
    const size_t disabled = region.children().size() - children.size();
    for (size_t i = 0; i < groups.size(); ++i) {
      const bool last = i + 1 == groups.size() && disabled == 0;
      AddGroup(groups[i], base, indent, last);
      const Region& child = *groups[i][0];
      if (child.children().empty() || level == kMaxLevels) continue;
      AddChildren(child, WindowOf(child, base).first,
                  absl::StrCat(indent, last ? "   " : style_.Bar()), level + 1);
    }
    if (disabled != 0) {
      lines_.push_back(style_.Paint(
          Ink::kDim,
          absl::StrCat(indent, style_.Corner(), "(", disabled, " disabled)")));
    }
  }

  void AddGroup(const Group& group, Addr base, const std::string& indent,
                bool last) {
    const Region& first = *group[0];
    AddrRange span{Addr::Max(), Addr(0)};
    for (const Region* member : group) {
      const AddrRange window = WindowOf(*member, base);
      span.first = std::min(span.first, window.first);
      span.last = std::max(span.last, window.last);
    }
    std::string after;
    if (group.size() > 1) {
      after = absl::StrCat(" ", style_.Times(), group.size());
    }
    if (const Region* target = first.alias_target(); target != nullptr) {
      absl::StrAppend(&after, " ", style_.Arrow(), " ",
                      Printable(target->name()));
    }
    const std::string branch =
        absl::StrCat(indent, last ? style_.Corner() : style_.Tee());
    const size_t room = columns_ - kRangeColumns - kPriorityColumns - 2;
    const size_t used = DisplayWidth(branch) + DisplayWidth(after);
    const std::string name = Ellipsize(
        Printable(group.size() > 1 ? Stem(first.name()) : first.name()),
        used < room ? room - used : 0);
    std::string range = ShortRange(span);
    if (range.size() > kRangeColumns) range = "everything";
    const std::string text = absl::StrCat(
        PadRight(absl::StrCat(name, after), room - DisplayWidth(branch)), " ",
        PadRight(range, kRangeColumns), " ",
        PadLeft(first.priority() == 0 ? "" : absl::StrCat(first.priority()),
                kPriorityColumns));
    lines_.push_back(absl::StrCat(
        style_.Paint(Ink::kDim, branch),
        style_.Paint(
            visible_.contains(&first) ? Style::InkOf(first.kind()) : Ink::kDim,
            text)));
  }

  const Region& root_;
  const size_t columns_;
  const Style& style_;
  Regions visible_;  // On the way to some byte that the view shows.
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> TreeLines(const Region& root, const FlatView& view,
                                   size_t columns, const Style& style) {
  return TreeDrawing(root, view, columns, style).Draw();
}

std::vector<std::string> FlatLines(const FlatView& view, size_t columns,
                                   const Style& style) {
  constexpr size_t kKindColumns = 7;
  std::vector<std::string> lines;
  for (const FlatRange& range : view) {
    std::string name = Printable(range.region->name());
    if (range.offset != 0) {
      absl::StrAppendFormat(&name, " +%x", range.offset);
    }
    const bool shadowed =
        range.readonly && range.kind == RegionKind::kRam;  // By a window.
    const std::string kind =
        absl::StrCat(RegionKindName(range.kind), shadowed ? " ro" : "");
    lines.push_back(absl::StrCat(
        PadRight(ShortRange(range.range), kRangeColumns), " ",
        style.Paint(Style::InkOf(shadowed ? RegionKind::kRom : range.kind),
                    absl::StrCat(PadRight(kind, kKindColumns),
                                 Ellipsize(name, columns - kRangeColumns -
                                                     kKindColumns - 1)))));
  }
  return lines;
}

void PrintSideBySide(const std::vector<std::string>& left, size_t left_columns,
                     const std::vector<std::string>& right, const Style& style,
                     std::ostream& out) {
  for (size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
    const std::string line =
        absl::StrCat(PadRight(i < left.size() ? left[i] : "", left_columns),
                     style.Paint(Ink::kDim, style.Column()),
                     i < right.size() ? right[i] : "");
    out << absl::StripTrailingAsciiWhitespace(line) << '\n';
  }
}

}  // namespace planish::tools
