#include "planish/tests/graph_state.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/dispatch/dispatch_table.h"
#include "planish/dispatch/section.h"
#include "planish/flatview/flat_range.h"
#include "planish/regions/ram_block.h"
#include "planish/tests/gap_renderer.h"
#include "planish/tests/oracle.h"

namespace planish::model {
namespace {

using absl::StatusCode;
using oracle::Kind;
using oracle::kNone;
using oracle::kTwoTo64;
using oracle::Node;

ByteCount CountOf(oracle::Wide size) {
  return *ByteCount::FromWide(static_cast<Uint128>(size));
}

// By the letter, so that neither side's numbering matters.
RegionKind RegionKindOf(Kind kind) {
  switch (kind) {
    case Kind::kContainer:
      return RegionKind::kContainer;
    case Kind::kRam:
      return RegionKind::kRam;
    case Kind::kRom:
      return RegionKind::kRom;
    case Kind::kRomDevice:
      return RegionKind::kRomDevice;
    case Kind::kRamDevice:
      return RegionKind::kRamDevice;
    case Kind::kMmio:
      return RegionKind::kMmio;
    case Kind::kReservation:
      return RegionKind::kReservation;
    case Kind::kIommu:
      return RegionKind::kIommu;
    case Kind::kAlias:
      return RegionKind::kAlias;
  }
  return RegionKind::kContainer;
}

std::string Text(const oracle::Range& r) {
  std::ostringstream out;
  out << AddrRange{Addr(r.first), Addr(r.last)} << " #" << r.region << " @"
      << Addr(r.offset) << " kind " << static_cast<int>(r.kind) << " dirty "
      << static_cast<int>(r.dirty_log_mask);
  if (r.romd) out << " romd";
  if (r.readonly) out << " ro";
  if (r.nonvolatile) out << " nv";
  if (r.unmergeable) out << " um";
  return out.str();
}

std::string Text(const std::vector<oracle::Range>& view) {
  std::string text;
  for (const oracle::Range& r : view) text += "    " + Text(r) + "\n";
  return text;
}

// Regions by slot, so that one that lies where another did is told from it.
uint64_t Digest(const std::vector<oracle::Range>& view) {
  uint64_t digest = view.size();
  const auto add = [&](uint64_t value) {
    digest = (digest ^ value) * 0x9e3779b97f4a7c15;
    digest ^= digest >> 29;
  };
  for (const oracle::Range& r : view) {
    add(r.first);
    add(r.last);
    add(static_cast<uint64_t>(r.region));
    add(r.offset);
    add(static_cast<uint64_t>(r.kind) << 16 | uint64_t{r.dirty_log_mask} << 8 |
        uint64_t{r.romd} << 3 | uint64_t{r.readonly} << 2 |
        uint64_t{r.nonvolatile} << 1 | uint64_t{r.unmergeable});
  }
  return digest;
}

}  // namespace

State::State(Limits limits, Effort effort)
    : effort_(effort), topology_(limits) {}

State::~State() {
  while (!open_.empty()) {
    open_.back().Commit().IgnoreError();
    open_.pop_back();
  }
  for (const Held& held : held_) topology_.ReleaseHeld(held.version);
  for (OwnerSlot& slot : owners_) slot.pin.reset();
  owners_.clear();
}

Owner* State::OwnerAt(int slot) const {
  return slot < 0 || static_cast<size_t>(slot) >= owners_.size()
             ? nullptr
             : owners_[static_cast<size_t>(slot)].owner.get();
}

bool State::IsLive(int owner) const {
  return owner != kNone && !owners_[static_cast<size_t>(owner)].retired;
}

void State::Fail(const std::string& what) {
  if (failure_.empty()) failure_ = what;
}

void State::ExpectCode(const absl::Status& status, StatusCode want) {
  if (status.code() == want) return;
  Fail("answered " + status.ToString() + ", expected " +
       absl::StatusCodeToString(want));
}

// ---- Transactions.

void State::Begin() {
  PlainBegin();
  auto begun = Transaction::Begin(topology_);
  PLANISH_CHECK_OK(begun);
  open_.push_back(*std::move(begun));
}

void State::Commit() {
  if (open_.empty()) return;
  const absl::Status status = open_.back().Commit();
  open_.pop_back();
  PlainCommit(status, StatusCode::kOk);
}

void State::PlainBegin() {
  if (depth_++ > 0) return;
  before_ = graph_;
  spaces_before_ = spaces_.size();
  retired_here_.clear();
}

void State::PlainCommit(const absl::Status& status, StatusCode want) {
  ++(want == StatusCode::kOk ? tally_.edits : tally_.refused);
  if (--depth_ > 0) return ExpectCode(status, want);
  if (want == StatusCode::kOk) {
    const Verdict verdict = Judge();
    const bool by_limits = status.code() == StatusCode::kResourceExhausted ||
                           status.code() == StatusCode::kFailedPrecondition;
    if (verdict == Verdict::kPasses || !by_limits) {
      if (verdict == Verdict::kFails) Fail("passed a limit, and was let be");
      ExpectCode(status, StatusCode::kOk);
    }
    if (!status.ok()) {
      ++tally_.undone;
      PlainUndo();
    }
  } else {
    ExpectCode(status, want);
  }
  RefreshSpaces();
}

State::Verdict State::Judge() {
  Verdict verdict = Verdict::kPasses;
  for (const SpaceSlot& slot : spaces_) {
    if (slot.root == kNone || slot.past_limit) continue;
    const auto root = Normalised(slot.root);
    if (!root.has_value()) return Verdict::kFails;
    const Verdict of_root = JudgeRoot(*root).verdict;
    if (of_root == Verdict::kFails) return Verdict::kFails;
    if (of_root == Verdict::kEither) verdict = Verdict::kEither;
  }
  return verdict;
}

std::optional<int> State::Normalised(int space_root) const {
  return oracle::NormalisedRoot(graph_, space_root,
                                topology_.limits().max_depth);
}

const State::Judged& State::JudgeRoot(int root) {
  const auto [at, is_new] = judged_.try_emplace(root);
  Judged& judged = at->second;
  if (!is_new) return judged;
  // More than that, and the limit was not kept at all.
  constexpr uint64_t kMostSteps = 200'000;
  const Limits& limits = topology_.limits();
  oracle::Rendering rendering =
      oracle::RenderByGaps(graph_, root, kMostSteps, limits.max_depth);
  judged.view = std::move(rendering.view);
  judged.unknown = rendering.end == oracle::Rendering::End::kTooMuch;
  if (rendering.end == oracle::Rendering::End::kTooDeep) {
    judged.verdict = Verdict::kFails;
    return judged;
  }
  const oracle::Cost cost =
      oracle::CostOf(graph_, root, limits.max_render_steps, limits.max_depth);
  const bool within =
      cost.steps <= limits.max_render_steps && cost.depth <= limits.max_depth;
  if (!within) {
    judged.verdict = Verdict::kEither;
  } else if (effort_ == Effort::kEverything &&
             oracle::ViewOf(graph_, root, oracle::EdgesOf(graph_, root)) !=
                 judged.view) {
    Fail("the two oracles differ");
  }
  return judged;
}

void State::PlainUndo() {
  // What was created stays, as it was made; what was retired stays retired.
  before_.nodes.insert(
      before_.nodes.end(),
      as_made_.begin() + static_cast<std::ptrdiff_t>(before_.nodes.size()),
      as_made_.end());
  graph_ = before_;
  GraphChanged();
  for (size_t i = spaces_before_; i < spaces_.size(); ++i) {
    spaces_[i].root = kNone;
  }
  for (int owner : retired_here_) PlainRetire(owner);
}

void State::PlainRetire(int owner) {
  owners_[static_cast<size_t>(owner)].retired = true;
  graph_.Isolate(owner);
  GraphChanged();
  for (SpaceSlot& slot : spaces_) {
    if (slot.owner == owner ||
        (slot.root != kNone && graph_[slot.root].owner == owner)) {
      slot.root = kNone;
    }
  }
}

// ---- Owners, regions, spaces.

void State::AddOwner() {
  OwnerSlot& slot = owners_.emplace_back();
  slot.owner = std::make_unique<Owner>(
      topology_, "owner" + std::to_string(owners_.size() - 1));
  const ReadGuard guard(topology_.rcu());
  slot.pin = slot.owner->TryPin(guard, "model");
}

void State::Made(Region* made) {
  slots_[made] = static_cast<int>(regions_.size()) - 1;
  regions_.back() = made;
}

void State::Add(Kind kind, int owner_slot, oracle::Wide size, uint64_t host) {
  const std::string name = "r" + std::to_string(regions_.size());
  regions_.push_back(nullptr);
  hosts_.push_back(host);
  Node& node = graph_.nodes.emplace_back();
  node.kind = kind == Kind::kRom ? Kind::kRam : kind;
  node.owner = kNone;
  node.size = size;
  node.readonly = kind == Kind::kRom;
  Owner* const owner = OwnerAt(owner_slot);
  if (owner != nullptr) {
    const bool has_memory =
        host != 0 && (kind == Kind::kRam || kind == Kind::kRom ||
                      kind == Kind::kRomDevice || kind == Kind::kRamDevice);
    node.fixed_size = has_memory;
    StatusCode want = StatusCode::kOk;
    if (!IsLive(owner_slot)) want = StatusCode::kFailedPrecondition;
    if (has_memory && (size == 0 || size == kTwoTo64)) {
      want = StatusCode::kInvalidArgument;
    }
    if (want == StatusCode::kOk) node.owner = owner_slot;

    const RamBacking backing =
        host == 0 ? RamBacking::None()
                  : RamBacking::Pointer(reinterpret_cast<void*>(host));
    const ByteCount count = CountOf(size);
    const absl::StatusOr<Region*> made = [&] {
      switch (kind) {
        case Kind::kRam:
          return topology_.AddRam(*owner, name, count, backing);
        case Kind::kRom:
          return topology_.AddRom(*owner, name, count, backing);
        case Kind::kRomDevice:
          return topology_.AddRomDevice(*owner, name, count, backing);
        case Kind::kRamDevice:
          return topology_.AddRamDevice(*owner, name, count, backing);
        case Kind::kMmio:
          return topology_.AddMmio(*owner, name, count);
        case Kind::kReservation:
          return topology_.AddReservation(*owner, name, count);
        case Kind::kIommu:
          return topology_.AddIommu(*owner, name, count);
        case Kind::kContainer:
        case Kind::kAlias:
          break;
      }
      return topology_.AddContainer(*owner, name, count);
    }();
    ExpectCode(made.status(), want);
    if (made.ok()) Made(*made);
  }
  as_made_.push_back(graph_.nodes.back());
}

void State::AddAlias(int owner_slot, int target_slot, uint64_t offset,
                     oracle::Wide size) {
  const std::string name = "r" + std::to_string(regions_.size());
  Region* const target = region(target_slot);
  Owner* const owner = OwnerAt(owner_slot);
  regions_.push_back(nullptr);
  hosts_.push_back(0);
  Node& node = graph_.nodes.emplace_back();
  node.kind = Kind::kAlias;
  node.owner = kNone;
  node.size = size;
  node.offset = offset;
  if (owner != nullptr && target != nullptr) {
    const bool works = IsLive(owner_slot) && IsLive(graph_[target_slot].owner);
    const auto made =
        topology_.AddAlias(*owner, name, *target, offset, CountOf(size));
    ExpectCode(made.status(),
               works ? StatusCode::kOk : StatusCode::kFailedPrecondition);
    if (works) {
      node.owner = owner_slot;
      node.target = target_slot;
    }
    if (made.ok()) Made(*made);
  }
  as_made_.push_back(graph_.nodes.back());
}

void State::Edit(int slot, const std::function<absl::Status(Region&)>& real,
                 const std::function<StatusCode(Node&)>& plain) {
  Region* const r = region(slot);
  if (r == nullptr) return;
  PlainBegin();
  const StatusCode want = IsLive(graph_[slot].owner)
                              ? plain(graph_[slot])
                              : StatusCode::kFailedPrecondition;
  GraphChanged();
  PlainCommit(real(*r), want);
}

void State::AddSpace(int owner_slot, int root_slot) {
  Owner* const owner = OwnerAt(owner_slot);
  Region* const root = region(root_slot);
  if (owner == nullptr || root == nullptr) {
    spaces_.emplace_back();
    return;
  }
  PlainBegin();
  const bool works = IsLive(owner_slot) && IsLive(graph_[root_slot].owner);
  auto made = AddressSpace::Create(
      *owner, "space" + std::to_string(spaces_.size()), *root);
  SpaceSlot& slot = spaces_.emplace_back();
  if (works) {
    slot.owner = owner_slot;
    slot.root = root_slot;
  }
  if (made.ok()) {
    slot.space = *made;
    const ReadGuard guard(topology_.rcu());
    if (!slot.space->Current(guard).view().empty() && depth_ > 1) {
      Fail("X2: a space shows something before its commit");
    }
    slot.snapshot = &slot.space->Current(guard);
    slot.generation = slot.snapshot->generation();
    if (depth_ == 1) slot.snapshot = nullptr;  // Judged from here on.
  }
  PlainCommit(made.status(),
              works ? StatusCode::kOk : StatusCode::kFailedPrecondition);
}

void State::DropSpace(int slot) {
  if (slot < 0 || static_cast<size_t>(slot) >= spaces_.size()) return;
  SpaceSlot& space = spaces_[static_cast<size_t>(slot)];
  if (space.space == nullptr) return;
  PlainBegin();
  std::exchange(space.space, nullptr)->Retire();
  space.root = kNone;
  --depth_;
  if (depth_ == 0) RefreshSpaces();
}

void State::Retire(int slot) {
  Owner* const owner = OwnerAt(slot);
  if (owner == nullptr) return;
  PlainBegin();
  const bool first = IsLive(slot);
  if (first) {
    PlainRetire(slot);
    retired_here_.push_back(slot);
  }
  if (owner->Retire() != first) Fail("Retire() returned the opposite");
  --depth_;  // It can't fail (X5).
  if (depth_ == 0) RefreshSpaces();
}

void State::Destroy(int slot) {
  if (OwnerAt(slot) == nullptr || depth_ > 0) return;
  before_ = graph_;
  PlainRetire(slot);
  for (SpaceSlot& space : spaces_) {
    if (space.space != nullptr && &space.space->owner() == OwnerAt(slot)) {
      space.space = nullptr;  // Goes with it (E2).
      space.root = kNone;
    }
  }
  // It would wait for what shows it.
  for (const Held& held : held_) {
    CheckHeld(held);
    topology_.ReleaseHeld(held.version);
  }
  held_.clear();
  owners_[static_cast<size_t>(slot)].pin.reset();
  owners_[static_cast<size_t>(slot)].owner.reset();
  for (size_t i = 0; i < regions_.size(); ++i) {
    if (graph_.nodes[i].owner != slot) continue;
    slots_.erase(regions_[i]);
    regions_[i] = nullptr;
  }
  RefreshSpaces();
}

// ---- Checks.

void State::RefreshSpaces() {
  ++commits_;
  const ReadGuard guard(topology_.rcu());
  for (SpaceSlot& slot : spaces_) {
    if (slot.space == nullptr) continue;
    const int showed = slot.shows;
    const std::vector<oracle::Range> viewed = std::exchange(slot.view, {});
    slot.shows = kNone;
    slot.past_limit = false;
    slot.unknown = false;
    const Snapshot& now = slot.space->Current(guard);
    if (slot.root != kNone) {
      const auto root = Normalised(slot.root);
      const Judged* const judged = root ? &JudgeRoot(*root) : nullptr;
      slot.past_limit = judged == nullptr ||
                        judged->verdict == Verdict::kFails ||
                        (judged->verdict == Verdict::kEither &&
                         slot.space->shown_root(guard) == nullptr);
      if (!slot.past_limit) {
        slot.shows = *root;
        slot.view = judged->view;
        slot.unknown = judged->unknown;
        if (judged->unknown) ++tally_.unknown;
      }
    }
    slot.viewed = viewed;
    slot.showed = showed;
    slot.is_seen = slot.snapshot != nullptr;
    slot.was = slot.generation;
    slot.snapshot = &now;
    slot.generation = now.generation();
  }
  for (const SpaceSlot& slot : spaces_) CheckGeneration(slot);
}

bool State::IsUnedited(int region) const {
  return static_cast<size_t>(region) < before_.nodes.size() &&
         graph_[region] == before_[region];
}

void State::CheckGeneration(const SpaceSlot& slot) {
  if (slot.space == nullptr || !slot.is_seen || slot.unknown) return;
  if (slot.showed != slot.shows || slot.viewed != slot.view) return;
  if (slot.shows != kNone) {
    if (!IsUnedited(slot.shows)) return;
    for (const int child : graph_[slot.shows].children) {
      if (!IsUnedited(child)) return;
    }
  }
  if (slot.generation != slot.was) {
    Fail("a new snapshot, and nothing visible has changed");
  }
}

void State::Check() {
  if (depth_ == 0 || effort_ == Effort::kEverything) {
    topology_.CheckInvariants();
    CheckRegions();
  }
  for (SpaceSlot& slot : spaces_) {
    if (slot.space != nullptr) CheckSpace(slot);
  }
  if (depth_ == 0) HoldSome();
}

void State::HoldSome() {
  if (commits_ % 8 == 0 && held_.size() < 4) {
    Held& held = held_.emplace_back();
    held.version = topology_.HoldNewest();
    held.until = commits_ + 3 + commits_ % 37;
    std::set<const Snapshot*> seen;
    const ReadGuard guard(topology_.rcu());
    for (const SpaceSlot& slot : spaces_) {
      if (slot.space == nullptr) continue;
      const Snapshot& now = slot.space->Current(guard);
      if (!seen.insert(&now).second) continue;
      held.shown.push_back({&now, {now.view().begin(), now.view().end()}});
    }
  }
  for (size_t i = 0; i < held_.size();) {
    if (held_[i].until > commits_) {
      ++i;
      continue;
    }
    CheckHeld(held_[i]);
    topology_.ReleaseHeld(held_[i].version);
    held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

void State::CheckHeld(const Held& held) {
  for (const auto& [snapshot, ranges] : held.shown) {
    const FlatView& view = snapshot->view();
    if (!std::equal(view.begin(), view.end(), ranges.begin(), ranges.end())) {
      Fail("V3: a held version has changed");
    }
    for (const FlatRange& r : ranges) {
      const Addr middle(r.range.first.raw() +
                        (r.range.last - r.range.first) / 2);
      for (const Addr a : {r.range.first, middle, r.range.last}) {
        const Section s = snapshot->Lookup(a);
        if (s.region() != r.region || s.last() != r.range.last ||
            s.offset() != r.OffsetOf(a)) {
          Fail("V3: a table of a held version has changed");
        }
      }
    }
    ++tally_.held;
  }
}

int State::SlotOf(const Region* r) const {
  if (r == nullptr) return kNone;
  const auto at = slots_.find(r);
  return at == slots_.end() ? -2 : at->second;
}

void State::CheckRegions() {
  for (size_t i = 0; i < regions_.size(); ++i) {
    if (regions_[i] == nullptr) continue;
    const Region& r = *regions_[i];
    // What the region says of itself, as a node.
    Node is = graph_.nodes[i];
    is.size = static_cast<oracle::Wide>(r.size().wide());
    is.addr = r.addr().raw();
    is.priority = r.priority();
    is.enabled = r.enabled();
    is.readonly = r.readonly();
    is.nonvolatile = r.nonvolatile();
    is.unmergeable = r.unmergeable();
    is.romd = r.romd();
    is.dirty_log_mask = r.dirty_log_mask();
    is.container = SlotOf(r.container());
    is.children.clear();
    for (auto it = r.children().rbegin(); it != r.children().rend(); ++it) {
      is.children.push_back(SlotOf(*it));
    }
    is.target = SlotOf(r.alias_target());
    is.offset = r.alias_offset();
    const Kind kind =
        is.kind == Kind::kRam && is.readonly ? Kind::kRom : is.kind;
    if (!(is == graph_.nodes[i]) || r.kind() != RegionKindOf(kind)) {
      Fail("region r" + std::to_string(i) + " is not as described");
    }
  }
}

void State::CheckSpace(SpaceSlot& slot) {
  const ReadGuard guard(topology_.rcu());
  const Snapshot& now = slot.space->Current(guard);
  if (&now != slot.snapshot) Fail("X2: a snapshot changed before its commit");
  // A retirement shows in root() at its commit.
  if (depth_ == 0 && SlotOf(slot.space->root()) != slot.root) {
    Fail("a space has the wrong root");
  }
  for (const SpaceSlot& other : spaces_) {
    if (other.space == nullptr) continue;
    const bool alike = other.shows == slot.shows;
    const bool same_root =
        other.space->shown_root(guard) == slot.space->shown_root(guard);
    if (same_root != alike || (alike && &other.space->Current(guard) != &now)) {
      Fail("R2.17: two spaces share what they shouldn't, or don't");
    }
  }
  if (depth_ > 0 || slot.unknown) return;
  // The same snapshot shows the same, and should: see RefreshSpaces().
  const std::pair seen = {now.generation(), slot.shows};
  if (effort_ == Effort::kCrowd && slot.checked == seen) return;
  slot.checked = seen;
  CheckView(now, slot);
  const uint64_t digest = Digest(slot.view);
  if (digests_.try_emplace(now.generation(), digest).first->second != digest) {
    Fail("one generation of two views");
  }
  if (!checked_.emplace(now.generation(), &now.table()).second) return;
  CheckTable(now.view(), now.table());
}

void State::CheckView(const Snapshot& snapshot, const SpaceSlot& slot) {
  const FlatView& view = snapshot.view();
  view.CheckInvariants();
  std::vector<oracle::Range> shown;
  for (const FlatRange& r : view) {
    oracle::Range& range = shown.emplace_back();
    range.first = r.range.first.raw();
    range.last = r.range.last.raw();
    range.region = SlotOf(r.region);
    range.offset = r.offset;
    range.romd = r.romd;
    range.dirty_log_mask = r.dirty_log_mask;
    range.readonly = r.readonly;
    range.nonvolatile = r.nonvolatile;
    range.unmergeable = r.unmergeable;
    if (range.region < 0) return Fail("a view shows a region that is gone");
    const Node& node = graph_[range.region];
    range.kind =
        node.kind == Kind::kRam && node.readonly ? Kind::kRom : node.kind;
    if (r.kind != RegionKindOf(range.kind)) Fail("a range of the wrong kind");
  }
  tally_.ranges += shown.size();
  if (shown != slot.view) {
    Fail("root r" + std::to_string(slot.shows) + " shows\n" + Text(shown) +
         "  and should show\n" + Text(slot.view));
  }
  // Where the oracle sees no edge there may be one after all.
  for (int i = 0; i < 4; ++i) {
    random_ = random_ * 6364136223846793005u + 1442695040888963407u;
    const uint64_t a = random_ >> (random_ % 64);
    const auto byte = oracle::At(graph_, slot.shows, a);
    const FlatRange* found = view.Find(Addr(a));
    if (byte.has_value() != (found != nullptr) ||
        (found != nullptr && (SlotOf(found->region) != byte->region ||
                              found->OffsetOf(Addr(a)) != byte->offset))) {
      Fail("a random address shows something else");
    }
  }
}

void State::CheckTable(const FlatView& view, const DispatchTable& table) {
  table.CheckInvariants(view);
  std::vector<Addr> probes = {Addr(0), Addr::Max()};
  for (const FlatRange& r : view) {
    const uint64_t first = r.range.first.raw();
    const uint64_t last = r.range.last.raw();
    for (uint64_t a : {first - 1, first, first + 1, first + (last - first) / 2,
                       last - 1, last, last + 1}) {
      probes.push_back(Addr(a));  // Wraps at either end: as good as any.
    }
  }
  CheckLookups(view, table, probes);
  // D4, and the forms that a view as small as these is not given by rule.
  DispatchTable::Options options;
  options.huge_pages = false;
  using Force = DispatchTable::Options::Force;
  std::vector<Force> forces = {Force::kNone};
  if (effort_ == Effort::kEverything) {
    forces = {Force::kTree, Force::kRadix};
  }
  for (const Force force : forces) {
    options.force = force;
    CheckLookups(view, *DispatchTable::Build(view, options), probes);
  }
}

void State::CheckLookups(const FlatView& view, const DispatchTable& table,
                         const std::vector<Addr>& probes) {
  std::vector<Section> batch(probes.size());
  table.LookupBatch(probes, absl::MakeSpan(batch));
  tally_.lookups += 2 * probes.size();
  for (size_t i = 0; i < probes.size(); ++i) {
    const Addr a = probes[i];
    const FlatRange* r = view.Find(a);
    for (const Section& s : {table.Lookup(a), batch[i]}) {
      bool is_right = s.addr() == a && s.region() == (r ? r->region : nullptr);
      if (r == nullptr) {
        const auto next = view.Seek(a);
        const Addr last = next == view.end()
                              ? Addr::Max()
                              : Addr(next->range.first.raw() - 1);
        is_right = is_right && s.is_hole() && s.last() == last &&
                   s.offset() == 0 && s.host() == nullptr && !s.is_slow();
      } else if (is_right) {
        const size_t slot = static_cast<size_t>(SlotOf(r->region));
        const bool is_memory = graph_.nodes[slot].fixed_size &&
                               (r->kind != RegionKind::kRomDevice || r->romd);
        const uint64_t host = is_memory ? hosts_[slot] + r->OffsetOf(a) : 0;
        is_right = !s.is_hole() && s.last() == r->range.last &&
                   s.offset() == r->OffsetOf(a) &&
                   SectionKindName(s.kind()) == RegionKindName(r->kind) &&
                   reinterpret_cast<uint64_t>(s.host()) == host &&
                   s.readonly() == r->readonly &&
                   s.nonvolatile() == r->nonvolatile && s.romd() == r->romd &&
                   s.dirty_log_mask() == r->dirty_log_mask &&
                   s.is_slow() == (r->dirty_log_mask != 0);
      }
      if (is_right) continue;
      std::ostringstream what;
      what << "D1: the table answers " << s << ", the view ";
      if (r != nullptr) what << *r;
      return Fail(what.str());
    }
  }
}

}  // namespace planish::model
