#include "planish/text/mtree_testing.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace planish::text {
namespace {

std::string Hex(uint64_t value) {
  return absl::StrCat(absl::Hex(value, absl::kZeroPad16));
}

// The rows with the ways from one to the next.
class Rows {
 public:
  explicit Rows(const MapDescription& map) : map_(map) {
    for (size_t i = 0; i < map.regions.size(); ++i) {
      index_[map.regions[i].id] = i;
    }
    children_.resize(map.regions.size());
    for (size_t i = 0; i < map.regions.size(); ++i) {
      if (map.regions[i].parent.has_value()) {
        children_[index_.at(*map.regions[i].parent)].push_back(i);
      }
    }
  }

  const MapDescription& map() const { return map_; }
  const RegionRow& At(size_t i) const { return map_.regions[i]; }
  size_t size() const { return map_.regions.size(); }
  size_t Index(RowId id) const { return index_.at(id); }
  size_t Target(size_t i) const { return Index(*At(i).alias); }
  // Old to new.
  const std::vector<size_t>& Children(size_t i) const { return children_[i]; }

  std::string Type(size_t i) const {
    return At(i).alias.has_value() ? Type(Target(i)) : At(i).type;
  }

 private:
  const MapDescription& map_;
  absl::flat_hash_map<RowId, size_t> index_;
  std::vector<std::vector<size_t>> children_;
};

class TreePrinter {
 public:
  explicit TreePrinter(Rows rows) : rows_(std::move(rows)) {}

  std::string Print(std::mt19937& rng) {
    std::map<size_t, std::vector<std::string>> names;
    for (const SpaceRow& space : rows_.map().spaces) {
      names[rows_.Index(space.root)].push_back(space.name);
    }
    std::vector<size_t> roots;
    for (auto& [root, all] : names) {
      std::sort(all.begin(), all.end());
      roots.push_back(root);
    }
    std::shuffle(roots.begin(), roots.end(), rng);
    for (const size_t root : roots) {
      for (const std::string& name : names[root]) {
        absl::StrAppend(&text_, "address-space: ", name, "\n");
      }
      Region(root, 0, 1);
      text_ += "\n";
    }
    for (size_t s = 0; s < sections_.size(); ++s) {
      absl::StrAppend(&text_, "memory-region: ", rows_.At(sections_[s]).name,
                      "\n");
      Region(sections_[s], 0, 1);
      text_ += "\n";
    }
    return text_;
  }

 private:
  void Region(size_t i, uint64_t base, int level) {
    const RegionRow& row = rows_.At(i);
    const uint64_t start = base + row.addr.raw();
    const uint64_t last = row.size.IsZero() ? 0 : row.size.LastOffset();
    if (start < base || start + last < start) text_ += "[DETECTED OVERFLOW!] ";
    text_.append(static_cast<size_t>(level) * 2, ' ');
    absl::StrAppend(&text_, Hex(start), "-", Hex(start + last), " (prio ",
                    row.priority, ", ", row.nonvolatile ? "nv-" : "",
                    rows_.Type(i), "): ");
    if (row.alias.has_value()) {
      const size_t target = rows_.Target(i);
      absl::StrAppend(&text_, "alias ", row.name, " @", rows_.At(target).name,
                      " ", Hex(row.alias_offset), "-",
                      Hex(row.alias_offset + last));
      if (std::find(sections_.begin(), sections_.end(), target) ==
          sections_.end()) {
        sections_.push_back(target);
      }
    } else {
      text_ += row.name;
    }
    absl::StrAppend(&text_, row.enabled ? "" : " [disabled]", " ",
                    row.owner.value_or("orphan"), "\n");
    std::vector<size_t> children = rows_.Children(i);
    std::reverse(children.begin(), children.end());
    std::stable_sort(
        children.begin(), children.end(), [this](size_t a, size_t b) {
          const RegionRow& x = rows_.At(a);
          const RegionRow& y = rows_.At(b);
          return x.addr != y.addr ? x.addr < y.addr : x.priority > y.priority;
        });
    for (const size_t child : children) Region(child, start, level + 1);
  }

  const Rows rows_;
  std::string text_;
  std::vector<size_t> sections_;
};

// What the reader has to get right, as numbers that are equal in two graphs
// where the surroundings are.
std::vector<std::vector<size_t>> Colours(const std::vector<Rows>& graphs) {
  std::map<std::string, size_t> first;
  std::vector<std::vector<size_t>> colours;
  for (const Rows& rows : graphs) {
    std::vector<std::string> spaces(rows.size());
    std::vector<SpaceRow> sorted = rows.map().spaces;
    std::sort(
        sorted.begin(), sorted.end(),
        [](const SpaceRow& a, const SpaceRow& b) { return a.name < b.name; });
    for (const SpaceRow& space : sorted) {
      absl::StrAppend(&spaces[rows.Index(space.root)], "\t", space.name);
    }
    colours.emplace_back();
    for (size_t i = 0; i < rows.size(); ++i) {
      const RegionRow& row = rows.At(i);
      colours.back().push_back(
          first
              .try_emplace(absl::StrCat(row.name, "\t", row.addr.raw(), "\t",
                                        row.size == ByteCount::TwoTo64()
                                            ? "all"
                                            : Hex(static_cast<uint64_t>(
                                                  row.size.wide())),
                                        "\t", row.priority, "\t", row.enabled,
                                        "\t", row.alias.has_value(), "\t",
                                        row.alias_offset, "\t", spaces[i]),
                           first.size())
              .first->second);
    }
  }
  for (int round = 0; round < 12; ++round) {
    using Around = std::tuple<size_t, size_t, size_t, std::vector<size_t>,
                              std::vector<size_t>>;
    std::map<Around, size_t> numbers;
    for (size_t g = 0; g < graphs.size(); ++g) {
      const Rows& rows = graphs[g];
      const std::vector<size_t> old = colours[g];
      std::vector<std::vector<size_t>> windows(rows.size());
      for (size_t i = 0; i < rows.size(); ++i) {
        if (rows.At(i).alias.has_value()) {
          windows[rows.Target(i)].push_back(old[i]);
        }
      }
      for (size_t i = 0; i < rows.size(); ++i) {
        Around around;
        std::get<0>(around) = old[i];
        const RegionRow& row = rows.At(i);
        std::get<1>(around) =
            row.parent.has_value() ? old[rows.Index(*row.parent)] : SIZE_MAX;
        std::get<2>(around) =
            row.alias.has_value() ? old[rows.Target(i)] : SIZE_MAX;
        for (const size_t child : rows.Children(i)) {
          std::get<3>(around).push_back(old[child]);
        }
        std::sort(std::get<3>(around).begin(), std::get<3>(around).end());
        std::sort(windows[i].begin(), windows[i].end());
        std::get<4>(around) = windows[i];
        colours[g][i] =
            numbers.try_emplace(around, numbers.size()).first->second;
      }
    }
  }
  return colours;
}

}  // namespace

std::string PrintMtreeTree(const MapDescription& map, std::mt19937& rng) {
  return TreePrinter(Rows(map)).Print(rng);
}

std::vector<std::string> GraphDifference(const MapDescription& a,
                                         const MapDescription& b) {
  const std::vector<Rows> graphs = {Rows(a), Rows(b)};
  const std::vector<std::vector<size_t>> colours = Colours(graphs);
  std::multiset<size_t> left(colours[0].begin(), colours[0].end());
  std::vector<std::string> difference;
  for (size_t i = 0; i < graphs[1].size(); ++i) {
    const auto at = left.find(colours[1][i]);
    if (at != left.end()) {
      left.erase(at);
    } else {
      const RegionRow& row = graphs[1].At(i);
      difference.push_back(absl::StrCat("only in the second: ", row.name,
                                        " at ", Hex(row.addr.raw())));
    }
  }
  for (size_t i = 0; i < graphs[0].size(); ++i) {
    const auto at = left.find(colours[0][i]);
    if (at == left.end()) continue;
    left.erase(at);
    const RegionRow& row = graphs[0].At(i);
    difference.push_back(absl::StrCat("only in the first: ", row.name, " at ",
                                      Hex(row.addr.raw())));
  }
  return difference;
}

}  // namespace planish::text
