#include "planish/text/mtree_regions.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace planish::text::mtree {
namespace {

constexpr int kShownLevels = 16;  // Of a path.

size_t Index(int i) { return static_cast<size_t>(i); }

// Equal numbers for equal keys, counted from 0.
template <typename Key>
class Numbering {
 public:
  int Of(Key key) {
    return numbers_
        .try_emplace(std::move(key), static_cast<int>(numbers_.size()))
        .first->second;
  }

 private:
  absl::flat_hash_map<Key, int> numbers_;
};

class Builder {
 public:
  explicit Builder(const TreeText& text) : text_(text) { forest_.text = &text; }

  Forest Build();

 private:
  const TreeLine& Line(int line) const { return text_.lines[Index(line)]; }
  uint64_t OwnAddress(int line) const;
  void FindClasses();
  void Place(int block);
  void AddRegions(const TreeBlock& block);
  void AddSpare(const TreeBlock& block, BlockRoot& root);
  void MapLines(const TreeBlock& block, int region);

  const TreeText& text_;
  Forest forest_;
  std::vector<int> class_of_line_;
  std::vector<std::vector<int>> regions_of_class_;
  // By class: how many blocks of that sort have found their root.
  std::vector<int> placed_[2];
};

uint64_t Builder::OwnAddress(int line) const {
  const TreeLine& own = Line(line);
  if (own.parent < 0) return own.start.raw();
  return own.start.raw() - Line(own.parent).start.raw();
}

void Builder::FindClasses() {
  using Strings =
      std::tuple<absl::string_view, absl::string_view, absl::string_view>;
  using Shape = std::vector<uint64_t>;
  Numbering<Strings> strings;
  Numbering<Shape> shapes;
  const size_t count = text_.lines.size();
  class_of_line_.resize(count);
  std::vector<std::vector<int>> children(count);
  // Children stand behind their parent, so their classes are known first.
  for (size_t i = count; i-- > 0;) {
    const TreeLine& line = text_.lines[i];
    Shape shape = {
        OwnAddress(static_cast<int>(i)),
        static_cast<uint64_t>(line.size.wide() >> 64),
        static_cast<uint64_t>(line.size.wide()),
        static_cast<uint64_t>(line.priority),
        static_cast<uint64_t>(line.word) << 3 |
            static_cast<uint64_t>(line.nonvolatile) << 2 |
            static_cast<uint64_t>(line.disabled) << 1 |
            static_cast<uint64_t>(line.alias),
        static_cast<uint64_t>(strings.Of({line.name, line.owner, line.target})),
        line.offset,
    };
    for (auto at = children[i].rbegin(); at != children[i].rend(); ++at) {
      shape.push_back(static_cast<uint64_t>(class_of_line_[Index(*at)]));
    }
    class_of_line_[i] = shapes.Of(std::move(shape));
    if (line.parent >= 0) {
      children[Index(line.parent)].push_back(static_cast<int>(i));
    }
  }
  regions_of_class_.resize(count);
  for (std::vector<int>& placed : placed_) placed.resize(count);
}

void Builder::AddRegions(const TreeBlock& block) {
  for (int i = block.first; i < block.end; ++i) {
    const TreeLine& line = Line(i);
    const int id = static_cast<int>(forest_.regions.size());
    Region region;
    region.line = i;
    region.addr = OwnAddress(i);
    if (line.parent >= 0) {
      region.parent = forest_.region_of_line[Index(line.parent)];
      Region& parent = forest_.regions[Index(region.parent)];
      region.place = static_cast<int>(parent.children.size());
      parent.children.push_back(id);
    }
    forest_.region_of_line[Index(i)] = id;
    regions_of_class_[Index(class_of_line_[Index(i)])].push_back(id);
    forest_.regions.push_back(std::move(region));
  }
}

void Builder::MapLines(const TreeBlock& block, int region) {
  // The first print of the subtree and this one have the same lines.
  forest_.region_of_line[Index(block.first)] = region;
  std::vector<int> seen(Index(block.end - block.first), 0);
  for (int i = block.first + 1; i < block.end; ++i) {
    const int parent = Line(i).parent;
    const Region& container = forest_.At(forest_.region_of_line[Index(parent)]);
    int& next = seen[Index(parent - block.first)];
    forest_.region_of_line[Index(i)] = container.children[Index(next++)];
  }
}

void Builder::AddSpare(const TreeBlock& block, BlockRoot& root) {
  std::vector<int> twins(forest_.region_of_line.begin() + block.first,
                         forest_.region_of_line.begin() + block.end);
  root.spare = static_cast<int>(forest_.regions.size());
  AddRegions(block);
  for (size_t i = 0; i < twins.size(); ++i) {
    forest_.regions[Index(root.spare) + i].twin = twins[i];
    forest_.region_of_line[Index(block.first) + i] = twins[i];
  }
}

void Builder::Place(int block_index) {
  const TreeBlock& block = text_.blocks[Index(block_index)];
  BlockRoot& root = forest_.blocks[Index(block_index)];
  const int klass = class_of_line_[Index(block.first)];
  const std::vector<int>& same = regions_of_class_[Index(klass)];
  // Roots of one sort are different regions, so the n-th takes the n-th.
  const int nth = placed_[block.section ? 1 : 0][Index(klass)]++;
  int chosen;
  if (Index(nth) < same.size()) {
    chosen = same[Index(nth)];
    MapLines(block, chosen);
  } else {
    chosen = static_cast<int>(forest_.regions.size());
    AddRegions(block);
  }
  root.region = chosen;
}

Forest Builder::Build() {
  FindClasses();
  forest_.region_of_line.resize(text_.lines.size());
  forest_.blocks.resize(text_.blocks.size());
  // What contains a region is printed in more lines than the region; and the
  // roots of spaces come first, so that a section finds them.
  std::vector<int> order;
  for (size_t i = 0; i < text_.blocks.size(); ++i) {
    order.push_back(static_cast<int>(i));
    if (text_.blocks[i].section) {
      forest_.sections.push_back(static_cast<int>(i));
    }
  }
  std::stable_sort(order.begin(), order.end(), [this](int a, int b) {
    const TreeBlock& x = text_.blocks[Index(a)];
    const TreeBlock& y = text_.blocks[Index(b)];
    return std::make_tuple(x.first - x.end, x.section) <
           std::make_tuple(y.first - y.end, y.section);
  });
  for (const int block : order) Place(block);
  for (const int section : forest_.sections) {
    const int line = text_.blocks[Index(section)].first;
    const int klass = class_of_line_[Index(line)];
    const std::vector<int>& same = regions_of_class_[Index(klass)];
    BlockRoot& root = forest_.blocks[Index(section)];
    if (same.size() > 1) root.rivals = same;
  }
  for (const int section : forest_.sections) {
    const TreeBlock& block = text_.blocks[Index(section)];
    const int klass = class_of_line_[Index(block.first)];
    if (placed_[0][Index(klass)] < 2) continue;
    AddSpare(block, forest_.blocks[Index(section)]);
  }
  Numbering<std::pair<absl::string_view, absl::string_view>> identities;
  for (Region& region : forest_.regions) {
    const TreeLine& line = Line(region.line);
    region.identity = identities.Of({line.name, line.owner});
  }
  return std::move(forest_);
}

}  // namespace

std::string Forest::Path(int region) const {
  std::vector<absl::string_view> names;
  for (int r = region; r >= 0; r = At(r).parent) {
    names.push_back(names.size() < kShownLevels ? Line(r).name : "...");
    if (names.size() > kShownLevels) break;
  }
  std::string path;
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    absl::StrAppend(&path, path.empty() ? "" : "/", *name);
  }
  return path;
}

Forest BuildForest(const TreeText& text) { return Builder(text).Build(); }

}  // namespace planish::text::mtree
