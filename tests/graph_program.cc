#include "planish/tests/graph_program.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <sstream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "planish/base/addr.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"
#include "planish/tests/dice.h"
#include "planish/tests/graph_state.h"
#include "planish/tests/oracle.h"

namespace planish::model {

using absl::StatusCode;
using oracle::Graph;
using oracle::kNone;
using oracle::Node;

// ---- Performing: the edit, and how SEMANTICS and topology.h say it ends.

void AddOwner::Perform(State& state) const { state.AddOwner(); }
void Begin::Perform(State& state) const { state.Begin(); }
void Commit::Perform(State& state) const { state.Commit(); }
void AddSpace::Perform(State& state) const { state.AddSpace(owner, root); }
void DropSpace::Perform(State& state) const { state.DropSpace(space); }
void Retire::Perform(State& state) const { state.Retire(owner); }
void Destroy::Perform(State& state) const { state.Destroy(owner); }

void Add::Perform(State& state) const { state.Add(kind, owner, size, host); }

void AddAlias::Perform(State& state) const {
  state.AddAlias(owner, target, offset, size);
}

void Link::Perform(State& state) const {
  Region* const to = state.region(container);
  if (to == nullptr) return;
  state.Edit(
      child,
      [&](Region& r) {
        return state.topology().Link(*to, r, Addr(at), priority);
      },
      [&](Node& node) {
        Graph& graph = state.graph();
        const Node& into = graph[container];
        if (state.IsRetired(into.owner) || node.container != kNone) {
          return StatusCode::kFailedPrecondition;
        }
        if (into.kind == Kind::kAlias ||
            graph.IsBelowOrSame(container, child)) {
          return StatusCode::kInvalidArgument;
        }
        graph.Link(container, child, at, priority);
        return StatusCode::kOk;
      });
}

void Unlink::Perform(State& state) const {
  state.Edit(
      child, [&](Region& r) { return state.topology().Unlink(r); },
      [&](Node& node) {
        if (node.container == kNone) return StatusCode::kFailedPrecondition;
        state.graph().Unlink(child);
        return StatusCode::kOk;
      });
}

void Move::Perform(State& state) const {
  state.Edit(
      region,
      [&](Region& r) { return state.topology().SetAddress(r, Addr(at)); },
      [&](Node& node) {
        if (node.addr == at) return StatusCode::kOk;
        node.addr = at;
        if (node.container != kNone) {  // R2.3
          const int container = node.container;
          state.graph().Unlink(region);
          state.graph().Link(container, region, at, node.priority);
        }
        return StatusCode::kOk;
      });
}

void Prioritise::Perform(State& state) const {
  state.Edit(
      region,
      [&](Region& r) { return state.topology().SetPriority(r, priority); },
      [&](Node& node) {
        if (node.priority == priority) return StatusCode::kOk;
        node.priority = priority;
        if (node.container != kNone) {
          const int container = node.container;
          state.graph().Unlink(region);
          state.graph().Link(container, region, node.addr, priority);
        }
        return StatusCode::kOk;
      });
}

void Enable::Perform(State& state) const {
  state.Set(region, &Topology::SetEnabled, &Node::enabled, enabled);
}

void Resize::Perform(State& state) const {
  const ByteCount count = *ByteCount::FromWide(static_cast<Uint128>(size));
  state.Edit(
      region, [&](Region& r) { return state.topology().SetSize(r, count); },
      [&](Node& node) {
        if (node.size == size) return StatusCode::kOk;
        if (node.fixed_size) return StatusCode::kInvalidArgument;
        node.size = size;
        return StatusCode::kOk;
      });
}

void SetFlag::Perform(State& state) const {
  switch (flag) {
    case Flag::kReadonly:
      return state.Set(region, &Topology::SetReadonly, &Node::readonly, value);
    case Flag::kNonvolatile:
      return state.Set(region, &Topology::SetNonvolatile, &Node::nonvolatile,
                       value);
    case Flag::kUnmergeable:
      return state.Set(region, &Topology::SetUnmergeable, &Node::unmergeable,
                       value);
  }
}

void LogDirty::Perform(State& state) const {
  state.Set(region, &Topology::SetDirtyLogMask, &Node::dirty_log_mask,
            static_cast<uint8_t>(mask));
}

void SetRomd::Perform(State& state) const {
  state.Edit(
      region, [&](Region& r) { return state.topology().SetRomd(r, romd); },
      [&](Node& node) {
        if (node.kind != Kind::kRomDevice) return StatusCode::kInvalidArgument;
        node.romd = romd;
        return StatusCode::kOk;
      });
}

void Shift::Perform(State& state) const {
  state.Edit(
      alias,
      [&](Region& r) { return state.topology().SetAliasOffset(r, offset); },
      [&](Node& node) {
        if (node.kind != Kind::kAlias) return StatusCode::kInvalidArgument;
        node.offset = offset;
        return StatusCode::kOk;
      });
}

// ---- Printing.

namespace {

struct Hex {
  Wide value;
};
std::ostream& operator<<(std::ostream& out, Hex hex) {
  if (hex.value == kTwoTo64) return out << "kTwoTo64";
  return out << Addr(static_cast<uint64_t>(hex.value));
}

template <typename First, typename... Rest>
void Put(std::ostream& out, const char* name, const First& first,
         const Rest&... rest) {
  out << name << '{' << first;
  static_cast<void>(((out << ", " << rest), ...));
  out << '}';
}
const char* Word(bool value) { return value ? "true" : "false"; }

const char* Word(Kind kind) {
  constexpr std::array kWords = {
      "Kind::kContainer",   "Kind::kRam",       "Kind::kRom",
      "Kind::kRomDevice",   "Kind::kRamDevice", "Kind::kMmio",
      "Kind::kReservation", "Kind::kIommu",     "Kind::kAlias"};
  return kWords[static_cast<size_t>(kind)];
}

const char* Word(Flag flag) {
  constexpr std::array kWords = {"Flag::kReadonly", "Flag::kNonvolatile",
                                 "Flag::kUnmergeable"};
  return kWords[static_cast<size_t>(flag)];
}

struct Printer {
  std::ostream& out;

  void operator()(const AddOwner&) const { out << "AddOwner{}"; }
  void operator()(const Begin&) const { out << "Begin{}"; }
  void operator()(const Commit&) const { out << "Commit{}"; }
  void operator()(const Add& s) const {
    Put(out, "Add", Word(s.kind), s.owner, Hex{s.size}, Hex{s.host});
  }
  void operator()(const AddAlias& s) const {
    Put(out, "AddAlias", s.owner, s.target, Hex{s.offset}, Hex{s.size});
  }
  void operator()(const Link& s) const {
    Put(out, "Link", s.container, s.child, Hex{s.at}, s.priority);
  }
  void operator()(const Unlink& s) const { Put(out, "Unlink", s.child); }
  void operator()(const Move& s) const {
    Put(out, "Move", s.region, Hex{s.at});
  }
  void operator()(const Prioritise& s) const {
    Put(out, "Prioritise", s.region, s.priority);
  }
  void operator()(const Enable& s) const {
    Put(out, "Enable", s.region, Word(s.enabled));
  }
  void operator()(const Resize& s) const {
    Put(out, "Resize", s.region, Hex{s.size});
  }
  void operator()(const SetFlag& s) const {
    Put(out, "SetFlag", Word(s.flag), s.region, Word(s.value));
  }
  void operator()(const LogDirty& s) const {
    Put(out, "LogDirty", s.region, s.mask);
  }
  void operator()(const SetRomd& s) const {
    Put(out, "SetRomd", s.region, Word(s.romd));
  }
  void operator()(const Shift& s) const {
    Put(out, "Shift", s.alias, Hex{s.offset});
  }
  void operator()(const AddSpace& s) const {
    Put(out, "AddSpace", s.owner, s.root);
  }
  void operator()(const DropSpace& s) const { Put(out, "DropSpace", s.space); }
  void operator()(const Retire& s) const { Put(out, "Retire", s.owner); }
  void operator()(const Destroy& s) const { Put(out, "Destroy", s.owner); }
};

}  // namespace

std::ostream& operator<<(std::ostream& out, const Step& step) {
  std::visit(Printer{out}, step);
  return out;
}

std::string AsCode(const Program& program) {
  std::ostringstream out;
  out << "Program{Limits{" << program.limits.max_render_steps << ", "
      << program.limits.max_depth << "}, {\n";
  for (const Step& step : program.steps) out << "    " << step << ",\n";
  out << "}}\n";
  return out.str();
}

// ---- Making.

namespace {

class Maker : private Dice {
 public:
  Maker(uint64_t seed, Scale scale) : Dice(seed), scale_(scale) {}

  Program Make() {
    Program program;
    program.limits = Pick<Limits>(
        {{5000, 64}, {5000, 64}, {5000, 64}, {400, 64}, {100, 256}, {5000, 6}});
    std::vector<Step>& steps = program.steps;
    const auto put = [&](Step step) { steps.push_back(step); };

    for (owners_ = 0; owners_ < 4; ++owners_) put(AddOwner{});
    // The first owner is the board, and lives longer than the others.
    for (int i = 0; i < 4; ++i) {
      kinds_.push_back(Kind::kContainer);
      put(Add{Kind::kContainer, 0, i < 2 ? kTwoTo64 : Size(), 0});
    }
    // The spaces come first, so that what would be too much for them is refused
    // and they are not; a crowd, for speed, in a few commits.
    put(AddSpace{0, 0});
    put(AddSpace{0, 1});
    put(AddSpace{Owner(), Region()});
    spaces_ = 3;
    const bool crowd = scale_ == Scale::kCrowd;
    const uint64_t first = crowd ? 50 + Below(500) : 10 + Below(24);
    for (uint64_t i = 0; i < first; ++i) {
      if (crowd && i % 16 == 0) put(Begin{});
      put(MakeRegion());
      const int made = static_cast<int>(kinds_.size()) - 1;
      if (Chance(90)) put(LinkOf(made));
      if (crowd && (i % 16 == 15 || i + 1 == first)) put(Commit{});
    }
    if (Chance(70)) put(Link{0, 2, Address(), Priority()});
    if (Chance(50)) put(Link{1, 3, Address(), Priority()});
    for (uint64_t i = 20 + Below(crowd ? 20 : 60); i > 0; --i) put(MakeStep());
    while (depth_-- > 0) put(Commit{});
    return program;
  }

 private:
  uint64_t Address() {
    switch (scale_) {
      case Scale::kBytes:
        return Below(Chance(30) ? 16 : 120);
      case Scale::kPages: {
        const uint64_t page = Below(Chance(30) ? 8 : 40);
        return 0x1000 * page + Pick<uint64_t>({0, 0, 0, 0, 1, 0xfff});
      }
      case Scale::kTop:
        return Pick<uint64_t>({0, 0, 1, 0x1000, uint64_t{1} << 32,
                               uint64_t{1} << 63, (uint64_t{1} << 63) - 1,
                               ~uint64_t{0}, ~uint64_t{0} - 1,
                               ~uint64_t{0} - 0xfff, ~uint64_t{0} - 0x1fff});
      case Scale::kCrowd:
        return Below(Chance(50) ? 0x1000 : 0x10000);
      case Scale::kMixed:
        break;
    }
    return Chance(70) ? Below(0x4000) : Next() >> Below(64);
  }

  Wide Size() {
    if (Chance(2)) return kTwoTo64;
    switch (scale_) {
      case Scale::kBytes:
        return static_cast<Wide>(Chance(70) ? 1 + Below(9) : Below(80));
      case Scale::kPages: {
        const uint64_t pages = Below(Chance(70) ? 3 : 40);
        return static_cast<Wide>(0x1000 * pages +
                                 Pick<uint64_t>({0, 0, 0, 1, 0xfff, 0x800}));
      }
      case Scale::kTop:
        return Pick<Wide>({0, 1, 2, 0x1000, 0x2000, Wide{1} << 32,
                           Wide{1} << 63, (Wide{1} << 63) + 1, kTwoTo64 - 1,
                           kTwoTo64, kTwoTo64});
      case Scale::kCrowd:
        return static_cast<Wide>(Below(Chance(90) ? 0x20 : 0x1000));
      case Scale::kMixed:
        break;
    }
    return static_cast<Wide>(Chance(70) ? Below(0x800) : Next() >> Below(64));
  }

  int32_t Priority() {
    return Pick<int32_t>({0, 0, 0, 0, 1, 1, -1, 2, INT32_MIN, INT32_MAX});
  }

  int Owner() { return Chance(30) ? 0 : static_cast<int>(Below(owners_)); }
  int MortalOwner() {
    return Chance(10) ? 0 : static_cast<int>(1 + Below(owners_ - 1));
  }
  // The first four, which hold the rest, less often: what befalls them befalls
  // all.
  int Region() {
    const uint64_t n = kinds_.size();
    return static_cast<int>(n < 5 || Chance(10) ? Below(n) : 4 + Below(n - 4));
  }
  int RegionOf(Kind kind) {
    for (int tries = 0; tries < 6; ++tries) {
      const int r = Region();
      if (kinds_[static_cast<size_t>(r)] == kind) return r;
    }
    return Region();
  }

  Step MakeRegion() {
    if (Chance(scale_ == Scale::kCrowd ? 5 : 35)) {
      const int target = Chance(30) ? static_cast<int>(Below(4)) : Region();
      kinds_.push_back(Kind::kAlias);
      // As often as not a whole window, or one onto the start.
      return AddAlias{Owner(), target, Chance(60) ? 0 : Address(),
                      Chance(15) ? kTwoTo64 : Size()};
    }
    const Kind kind = Pick<Kind>(
        {Kind::kContainer, Kind::kContainer, Kind::kRam, Kind::kRam, Kind::kRam,
         Kind::kMmio, Kind::kRom, Kind::kRomDevice, Kind::kRamDevice,
         Kind::kMmio, Kind::kReservation, Kind::kIommu});
    kinds_.push_back(kind);
    // Near the guest's pages, at odd bytes, and far from anything.
    const uint64_t host = Pick<uint64_t>(
        {0, 0, 0, 0x7f0000000000, 0x7f0000001001, 0xffff800000000000});
    return Add{kind, Owner(), Size(), host};
  }

  Step LinkOf(int child) {
    const int any = RegionOf(Chance(70) ? Kind::kContainer : Kind::kMmio);
    return Link{Pick<int>({0, 0, 0, 0, 1, 1, 1, 2, 3, any, any}), child,
                Address(), Priority()};
  }

  // Two windows side by side that go on where the other ends: what merges, or
  // almost does (2.4).
  Step MakeTwins() {
    const int target = Region();
    const uint64_t offset = Address();
    const uint64_t at = Address();
    const uint64_t size = static_cast<uint64_t>(Size()) & 0xffff;
    const int container = static_cast<int>(Below(2));
    const int32_t priority = Priority();
    const int left = static_cast<int>(kinds_.size());
    kinds_.push_back(Kind::kAlias);
    kinds_.push_back(Kind::kAlias);
    const int owner = Owner();
    const uint64_t slip = Pick<uint64_t>({0, 0, 0, 0, 1});
    next_ = {
        Link{container, left + 1, at + size, priority},
        Link{container, left, at, priority},
        AddAlias{owner, target, offset + size + slip, static_cast<Wide>(size)}};
    if (Chance(50)) {
      next_.insert(next_.begin(),
                   SetFlag{Pick<Flag>({Flag::kReadonly, Flag::kNonvolatile,
                                       Flag::kUnmergeable}),
                           left + static_cast<int>(Below(2)), true});
    }
    return AddAlias{owner, target, offset, static_cast<Wide>(size)};
  }

  Step MakeStep() {
    if (!next_.empty()) {
      const Step step = next_.back();
      next_.pop_back();
      return step;
    }
    if (Chance(5)) return MakeTwins();
    const uint64_t dice = Below(100);
    if (dice < 28) return LinkOf(Region());
    if (dice < 30) return Unlink{Region()};
    if (dice < 42) return Move{Region(), Address()};
    if (dice < 46) return Prioritise{Region(), Priority()};
    if (dice < 53) return Enable{Region(), Chance(85)};
    if (dice < 58) return Resize{Region(), Size()};
    if (dice < 64) {
      return SetFlag{
          Pick<Flag>({Flag::kReadonly, Flag::kNonvolatile, Flag::kUnmergeable}),
          Region(), Chance(50)};
    }
    if (dice < 66) return LogDirty{Region(), static_cast<int>(Below(4))};
    if (dice < 68) return SetRomd{RegionOf(Kind::kRomDevice), Chance(40)};
    if (dice < 74) return Shift{RegionOf(Kind::kAlias), Address()};
    if (dice < 80) return MakeRegion();
    if (dice < 86) {
      if (depth_ >= 3 || (depth_ > 0 && Chance(70))) return EndOne();
      ++depth_;
      return Begin{};
    }
    if (dice < 91) {
      if (depth_ > 0) return EndOne();
      return LinkOf(Region());
    }
    if (dice < 96) {
      ++spaces_;
      return AddSpace{Owner(),
                      Chance(50) ? static_cast<int>(Below(4)) : Region()};
    }
    if (dice < 97) return DropSpace{static_cast<int>(Below(spaces_))};
    if (dice < 98) {
      ++owners_;
      return AddOwner{};
    }
    if (Chance(60)) return Retire{MortalOwner()};
    return Destroy{MortalOwner()};
  }

  Step EndOne() {
    --depth_;
    return Commit{};
  }

  const Scale scale_;
  std::vector<Kind> kinds_;
  std::vector<Step> next_;  // The last one first.
  uint64_t owners_ = 0;
  uint64_t spaces_ = 0;
  int depth_ = 0;
};

}  // namespace

Program RandomProgram(uint64_t seed, Scale scale) {
  return Maker(seed, scale).Make();
}

// ---- Running.

std::string FailureOf(const Program& program, Tally* tally,
                      State::Effort effort) {
  State state(program.limits, effort);
  for (size_t i = 0; i < program.steps.size(); ++i) {
    const Step& step = program.steps[i];
    std::visit([&](const auto& s) { s.Perform(state); }, step);
    state.Check();
    if (tally != nullptr) *tally += std::exchange(state.tally(), Tally());
    if (!state.failure().empty()) {
      std::ostringstream out;
      out << "after step " << i << ", " << step << ": " << state.failure();
      return out.str();
    }
  }
  return "";
}

namespace {

// A step without the edit: its slot is still made, so that the others keep
// their numbers.
bool MakesSlot(const Step& step) {
  return std::holds_alternative<AddOwner>(step) ||
         std::holds_alternative<Add>(step) ||
         std::holds_alternative<AddAlias>(step) ||
         std::holds_alternative<AddSpace>(step);
}

// The numbers of regions that a step names.
std::vector<int*> RegionsIn(Step& step) {
  struct Finder {
    std::vector<int*> operator()(AddAlias& s) const { return {&s.target}; }
    std::vector<int*> operator()(Link& s) const {
      return {&s.container, &s.child};
    }
    std::vector<int*> operator()(Unlink& s) const { return {&s.child}; }
    std::vector<int*> operator()(Move& s) const { return {&s.region}; }
    std::vector<int*> operator()(Prioritise& s) const { return {&s.region}; }
    std::vector<int*> operator()(Enable& s) const { return {&s.region}; }
    std::vector<int*> operator()(Resize& s) const { return {&s.region}; }
    std::vector<int*> operator()(SetFlag& s) const { return {&s.region}; }
    std::vector<int*> operator()(LogDirty& s) const { return {&s.region}; }
    std::vector<int*> operator()(SetRomd& s) const { return {&s.region}; }
    std::vector<int*> operator()(Shift& s) const { return {&s.alias}; }
    std::vector<int*> operator()(AddSpace& s) const { return {&s.root}; }
    std::vector<int*> operator()(AddOwner&) const { return {}; }
    std::vector<int*> operator()(Add&) const { return {}; }
    std::vector<int*> operator()(Begin&) const { return {}; }
    std::vector<int*> operator()(Commit&) const { return {}; }
    std::vector<int*> operator()(DropSpace&) const { return {}; }
    std::vector<int*> operator()(Retire&) const { return {}; }
    std::vector<int*> operator()(Destroy&) const { return {}; }
  };
  return std::visit(Finder(), step);
}

// The program without `count` regions from `slot` on: later ones move down,
// and steps that name one of them go.
Program WithoutRegions(const Program& program, int slot, int count) {
  Program without{program.limits, {}};
  int next = 0;
  for (Step step : program.steps) {
    const bool makes_region = std::holds_alternative<Add>(step) ||
                              std::holds_alternative<AddAlias>(step);
    const int made = makes_region ? next++ : -1;
    bool goes = made >= slot && made < slot + count;
    for (int* const region : RegionsIn(step)) {
      // An alias must go on making its slot; to what, matters no more.
      if (*region >= slot && *region < slot + count) {
        goes = goes || !MakesSlot(step);
        *region = -1;
      } else if (*region >= slot + count) {
        *region -= count;
      }
    }
    if (!goes) without.steps.push_back(step);
  }
  return without;
}

}  // namespace

Program Shrink(Program program, State::Effort effort) {
  const auto fails = [&](const Program& p) {
    return !FailureOf(p, nullptr, effort).empty();
  };
  for (size_t chunk = program.steps.size() / 2; chunk > 0;) {
    bool shrunk = false;
    for (size_t at = 0; at + chunk <= program.steps.size();) {
      Program shorter = program;
      const auto from = shorter.steps.begin() + static_cast<std::ptrdiff_t>(at);
      const auto to = from + static_cast<std::ptrdiff_t>(chunk);
      if (std::none_of(from, to, MakesSlot)) {
        shorter.steps.erase(from, to);
        if (fails(shorter)) {
          program = std::move(shorter);
          shrunk = true;
          continue;
        }
      }
      at += 1 + chunk / 2;
    }
    if (!shrunk) chunk /= 2;
  }
  int regions = static_cast<int>(
      std::count_if(program.steps.begin(), program.steps.end(), [](auto& s) {
        return std::holds_alternative<Add>(s) ||
               std::holds_alternative<AddAlias>(s);
      }));
  for (int count = std::max(regions / 2, 1); count > 0; count /= 2) {
    for (int slot = regions - count; slot >= 0; slot -= count) {
      Program smaller = WithoutRegions(program, slot, count);
      if (!fails(smaller)) continue;
      program = std::move(smaller);
      regions -= count;
    }
  }
  return program;
}

}  // namespace planish::model
