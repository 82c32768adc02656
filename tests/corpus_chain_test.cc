// Each run of the corpus on one live machine: the first step's table is loaded,
// then one update step after the other is applied to what is there. After each,
// every space shows what a machine loaded from that step's own table shows,
// range by range.
//
// Ids are a table's own, so the live machine's drift away from them. Before
// each step the two machines are laid side by side, and the step's ids
// translated. (Each step alone, onto its own table: text/text_corpus_test.cc.)

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/flatview/flat_range.h"
#include "planish/flatview/flat_view.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"
#include "planish/space/address_space.h"
#include "planish/text/text.h"

namespace planish::text {
namespace {

namespace fs = std::filesystem;

MapDescription TableIn(const fs::path& folder) {
  const auto map = ReadMapFile((folder / "graph.tsv.gz").string());
  EXPECT_TRUE(map.ok()) << map.status();
  return map.value_or(MapDescription());
}

Delta DeltaIn(const fs::path& folder) {
  const auto text = ReadFile((folder / "delta.tsv.gz").string());
  EXPECT_TRUE(text.ok()) << text.status();
  const auto delta = ReadDelta({folder.string(), text.value_or("")});
  EXPECT_TRUE(delta.ok()) << delta.status();
  return delta.value_or(Delta());
}

std::unique_ptr<Machine> MachineOf(const MapDescription& map) {
  auto machine = Machine::Create(map);
  EXPECT_TRUE(machine.ok()) << machine.status();
  return machine.ok() ? *std::move(machine) : nullptr;
}

// The regions of one machine and their twins in another.
using Twins = std::unordered_map<const Region*, const Region*>;

// What tells a region from its siblings, but for its age.
auto KeyOf(const Region& r) {
  return std::tuple(r.name(), r.addr(), r.size(), r.priority(),
                    RegionKindName(r.kind()), r.enabled(), r.alias_offset());
}

void Pair(const Region* one, const Region* other, Twins& twins) {
  if (one == nullptr || other == nullptr) {
    EXPECT_EQ(one, other);
    return;
  }
  const auto [at, is_new] = twins.emplace(one, other);
  EXPECT_EQ(at->second, other) << one->name();
  if (!is_new) return;
  EXPECT_EQ(KeyOf(*one), KeyOf(*other));
  Pair(one->alias_target(), other->alias_target(), twins);
  // Siblings that nothing tells apart are told apart by their age.
  using Siblings = std::multimap<decltype(KeyOf(*one)), const Region*>;
  Siblings children;
  for (const Region* child : other->children()) {
    children.emplace(KeyOf(*child), child);
  }
  EXPECT_EQ(one->children().size(), other->children().size()) << one->name();
  for (const Region* child : one->children()) {
    const auto twin = children.lower_bound(KeyOf(*child));
    if (twin == children.end() || twin->first != KeyOf(*child)) {
      ADD_FAILURE() << child->Path() << " has no twin";
      continue;
    }
    Pair(child, twin->second, twins);
    children.erase(twin);
  }
}

std::vector<const Region*> RegionsOf(const Machine& machine,
                                     const std::vector<RowId>& ids) {
  std::vector<const Region*> regions;
  for (const RowId id : ids) regions.push_back(machine.FindRegion(id));
  return regions;
}

// `ids`: of all regions of each, in an order that both have.
Twins TwinsOf(const Machine& one, const std::vector<RowId>& ids,
              const Machine& other, const std::vector<RowId>& other_ids) {
  Twins twins;
  // Spaces that share a name are told apart by their order.
  std::multimap<std::string, const AddressSpace*> spaces;
  for (const auto& space : other.spaces())
    spaces.emplace(space->name(), &*space);
  EXPECT_EQ(one.spaces().size(), other.spaces().size());
  for (const auto& space : one.spaces()) {
    const auto twin = spaces.lower_bound(space->name());
    if (twin == spaces.end() || twin->first != space->name()) {
      ADD_FAILURE() << space->name() << " has no twin";
      continue;
    }
    Pair(space->root(), twin->second->root(), twins);
    spaces.erase(twin);
  }
  // What no space leads to: the outermost by what they are, and their order.
  std::set<const Region*> taken;
  for (const auto& [region, twin] : twins) taken.insert(twin);
  std::multimap<decltype(KeyOf(std::declval<const Region&>())), const Region*>
      rest;
  for (const Region* region : RegionsOf(other, other_ids)) {
    if (region->container() == nullptr && !taken.contains(region)) {
      rest.emplace(KeyOf(*region), region);
    }
  }
  for (const Region* region : RegionsOf(one, ids)) {
    if (region->container() != nullptr || twins.contains(region)) continue;
    const auto twin = rest.lower_bound(KeyOf(*region));
    if (twin == rest.end() || twin->first != KeyOf(*region)) {
      ADD_FAILURE() << region->name() << " has no twin";
      continue;
    }
    Pair(region, twin->second, twins);
    rest.erase(twin);
  }
  EXPECT_EQ(twins.size(), ids.size());
  EXPECT_EQ(ids.size(), other_ids.size());
  return twins;
}

std::vector<FlatRange> RangesOf(const AddressSpace& space, const Twins* twins) {
  const ReadGuard guard(space.topology().rcu());
  std::vector<FlatRange> ranges;
  for (const FlatRange& range : space.Current(guard).view()) {
    ranges.push_back(range);
    if (twins != nullptr) ranges.back().region = twins->at(range.region);
  }
  return ranges;
}

class LiveChain {
 public:
  explicit LiveChain(const fs::path& first) : table_(TableIn(first)) {
    machine_ = MachineOf(table_);
    for (const RegionRow& row : table_.regions) {
      ids_.push_back(row.id);
      live_[row.id] = row.id;
      next_ = std::max(next_, row.id + 1);
    }
  }

  void Step(const fs::path& folder) {
    Delta delta = DeltaIn(folder);
    for (const DeltaStep& step :
         delta.steps) {  // Rows may refer to later ones.
      const auto* made = std::get_if<DeltaNew>(&step.op);
      if (made == nullptr) continue;
      ids_.push_back(next_);
      live_[made->row.id] = next_++;
    }
    for (DeltaStep& step : delta.steps) Translate(step);
    const absl::Status applied = machine_->Apply(delta);
    ASSERT_TRUE(applied.ok()) << applied;
    machine_->topology().CheckInvariants();

    table_ = TableIn(folder);
    const auto fresh = MachineOf(table_);
    ASSERT_NE(fresh, nullptr);
    std::vector<RowId> ids;
    for (const RegionRow& row : table_.regions) ids.push_back(row.id);
    const Twins twins = TwinsOf(*fresh, ids, *machine_, ids_);
    if (testing::Test::HasFailure()) return;
    ExpectSameViews(*fresh, twins);

    std::unordered_map<const Region*, RowId> id_of;
    for (const RowId id : ids_) id_of[machine_->FindRegion(id)] = id;
    live_.clear();
    for (const RowId id : ids) {
      live_[id] = id_of.at(twins.at(fresh->FindRegion(id)));
    }
  }

  size_t ranges_compared() const { return ranges_compared_; }

 private:
  void ExpectSameViews(const Machine& fresh, const Twins& twins) {
    std::multimap<std::string, const AddressSpace*> spaces;
    for (const auto& space : machine_->spaces()) {
      spaces.emplace(space->name(), &*space);
    }
    for (const auto& space : fresh.spaces()) {
      const auto live = spaces.lower_bound(space->name());
      const ReadGuard guard(machine_->topology().rcu());
      const Snapshot& snapshot = live->second->Current(guard);
      snapshot.view().CheckInvariants();
      snapshot.table().CheckInvariants(snapshot.view());
      const auto expected = RangesOf(*space, &twins);
      EXPECT_EQ(RangesOf(*live->second, nullptr), expected) << space->name();
      ranges_compared_ += expected.size();
      spaces.erase(live);
    }
  }

  RowId LiveId(RowId id) const { return live_.at(id); }
  void Translate(DeltaStep& step) {
    std::visit([&](auto& op) { TranslateOp(op); }, step.op);
  }
  void TranslateOp(DeltaUnlink& op) { op.id = LiveId(op.id); }
  void TranslateOp(DeltaNew& op) {
    op.row.id = LiveId(op.row.id);
    if (op.row.alias) op.row.alias = LiveId(*op.row.alias);
  }
  void TranslateOp(DeltaSet& op) {
    op.id = LiveId(op.id);
    if (auto* target = std::get_if<std::optional<RowId>>(&op.value)) {
      if (*target) *target = LiveId(**target);
    }
  }
  void TranslateOp(DeltaLink& op) {
    op.id = LiveId(op.id);
    op.parent = LiveId(op.parent);
  }
  void TranslateOp(DeltaAddSpace& op) { op.root = LiveId(op.root); }
  void TranslateOp(DeltaRemoveSpace& op) { op.root = LiveId(op.root); }
  void TranslateOp(DeltaGone& op) {
    op.id = LiveId(op.id);
    ids_.erase(std::find(ids_.begin(), ids_.end(), op.id));
  }

  MapDescription table_;
  std::unique_ptr<Machine> machine_;
  std::vector<RowId> ids_;       // Of the live machine.
  std::map<RowId, RowId> live_;  // From the ids of the last table.
  RowId next_ = 0;
  size_t ranges_compared_ = 0;
};

// The steps of each run, in order, but for the first.
std::map<std::string, std::vector<fs::path>> Runs() {
  std::map<std::string, std::vector<fs::path>> runs;
  for (const auto& entry : fs::recursive_directory_iterator(
           "tests/testdata/corpus",
           fs::directory_options::follow_directory_symlink)) {
    if (entry.path().filename() != "delta.tsv.gz") continue;
    const fs::path folder = entry.path().parent_path();
    const std::string name = folder.string();
    runs[name.substr(0, name.rfind('-'))].push_back(folder);
  }
  for (auto& [name, steps] : runs) std::sort(steps.begin(), steps.end());
  return runs;
}

TEST(CorpusChainTest, EveryRunOnOneLiveMachine) {
  size_t steps = 0;
  size_t ranges = 0;
  for (const auto& [name, folders] : Runs()) {
    SCOPED_TRACE(name);
    const Delta first = DeltaIn(folders.front());
    LiveChain chain(folders.front().parent_path() /
                    fs::path(first.from).filename());
    for (const fs::path& folder : folders) {
      SCOPED_TRACE(folder.string());
      chain.Step(folder);
      if (HasFailure()) break;
      ++steps;
    }
    ranges += chain.ranges_compared();
  }
  EXPECT_EQ(steps, 171u);
  EXPECT_GT(ranges, 20'000u);
}

}  // namespace
}  // namespace planish::text
