#include "planish/tests/edit_program.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "planish/regions/limits.h"
#include "planish/tests/dice.h"
#include "planish/tests/oracle.h"

namespace planish::model {
namespace {

using oracle::kNone;

constexpr int kSystem = 0;

class Maker : private Dice {
 public:
  Maker(uint64_t seed, Bias bias) : Dice(seed), bias_(bias) {}

  Program Make() {
    program_.limits = bias_ == Bias::kGrowth ? Limits{1 << 20, 64}
                                             : Pick<Limits>({{5000, 64},
                                                             {5000, 64},
                                                             {5000, 32},
                                                             {2000, 64},
                                                             {300, 64},
                                                             {5000, 8}});
    MakeMachine();
    const uint64_t patterns =
        bias_ == Bias::kGrowth ? 8 + Below(12) : 8 + Below(24);
    for (uint64_t i = 0; i < patterns; ++i) {
      MakePattern();
      if (depth_ > 0 && Chance(60)) End();
      if (depth_ == 0 && Chance(15)) Start();
    }
    while (depth_ > 0) End();
    return std::move(program_);
  }

 private:
  // What the program has made of a region, as far as it looks.
  struct Known {
    Kind kind = Kind::kContainer;
    int owner = 0;
    Wide size = 0;
    int container = kNone;
    uint64_t at = 0;
    int32_t priority = 0;
    bool enabled = true;
    bool flags[3] = {};
    uint64_t offset = 0;
    int target = kNone;
  };

  // ---- Chance.

  uint64_t Address() {
    if (bias_ == Bias::kGrowth) return PlaceOf(Below(leaves_ + 1));
    if (bias_ == Bias::kWindows && Chance(25)) {
      return Pick<uint64_t>({0, 1, uint64_t{1} << 63, (uint64_t{1} << 63) - 1,
                             ~uint64_t{0}, ~uint64_t{0} - 1, ~uint64_t{0} - 7,
                             ~uint64_t{0} - 0x3f});
    }
    return Below(Chance(40) ? 16 : 128);
  }
  Wide Size() {
    if (bias_ == Bias::kGrowth) return SizeOf(Below(leaves_ + 1));
    if (Chance(bias_ == Bias::kWindows ? 15 : 4)) {
      return Pick<Wide>({kTwoTo64, kTwoTo64, kTwoTo64 - 1, Wide{1} << 63, 0});
    }
    return static_cast<Wide>(Chance(60) ? 1 + Below(12) : Below(96));
  }
  int32_t Priority() {
    return Pick<int32_t>({0, 0, 0, 0, 1, 1, -1, 2, INT32_MIN, INT32_MAX});
  }
  Flag AnyFlag() {
    return Pick<Flag>(
        {Flag::kReadonly, Flag::kNonvolatile, Flag::kUnmergeable});
  }

  // Where the n-th leaf of a large map lies.
  uint64_t PlaceOf(uint64_t n) {
    switch (layout_) {
      case 0:  // Side by side, a page each.
        return 0x40000000 + 0x1000 * n;
      case 1:  // Far apart.
        return (n * 0x9e3779b97f4a7c15) >> 18 & ~uint64_t{0xfff};
      case 2:  // Odd and crowded: most overlap.
        return (n * 0x9e3779b9) % (0x20 * (leaves_ + 1));
      case 3:  // A crowd, and the rest of the space.
        return n % 2 == 0 ? 0x100000 + 0x10 * n : n << 48 | n << 20;
    }
    return 0x10000 * n + n % 16;  // Even, with a hole behind each.
  }
  Wide SizeOf(uint64_t n) {
    switch (layout_) {
      case 0:
        return Chance(95) ? 0x1000 : 0x800;
      case 1:
        return Wide{0x1000} << (n % 10);
      case 2:
        return static_cast<Wide>(1 + Below(0x40));
      case 3:
        return n % 2 == 0 ? 0x10 : Wide{1} << (12 + n % 12);
    }
    return static_cast<Wide>(1 + n % 0x8000);
  }

  // ---- Steps, and what is known after them.
  Known& Of(int region) { return known_[static_cast<size_t>(region)]; }
  void Put(Step step) { program_.steps.push_back(step); }
  void Start() {
    Put(Begin{});
    ++depth_;
  }
  void End() {
    Put(Commit{});
    --depth_;
  }
  int DoAdd(Kind kind, Wide size) { return DoAdd(kind, size, Mortal()); }
  int DoAdd(Kind kind, Wide size, int owner) {
    const uint64_t host =
        Pick<uint64_t>({0, 0x7f0000000000, 0x7f0000001001, 0xffff800000000000});
    Put(Add{kind, owner, size, host});
    known_.push_back({.kind = kind, .owner = owner, .size = size});
    return static_cast<int>(known_.size()) - 1;
  }
  int DoAlias(int target, uint64_t offset, Wide size) {
    return DoAlias(target, offset, size, Mortal());
  }
  int DoAlias(int target, uint64_t offset, Wide size, int owner) {
    Put(AddAlias{owner, target, offset, size});
    known_.push_back({.kind = Kind::kAlias,
                      .owner = owner,
                      .size = size,
                      .offset = offset,
                      .target = target});
    return static_cast<int>(known_.size()) - 1;
  }
  void DoLink(int container, int child, uint64_t at, int32_t priority) {
    Put(Link{container, child, at, priority});
    Known& k = Of(child);
    if (k.container != kNone) return;
    k.container = container;
    k.at = at;
    k.priority = priority;
  }
  void DoUnlink(int child) {
    Put(Unlink{child});
    Of(child).container = kNone;
  }
  void DoMove(int region, uint64_t at) {
    Put(Move{region, at});
    Of(region).at = at;
  }
  void DoPrioritise(int region, int32_t priority) {
    Put(Prioritise{region, priority});
    Of(region).priority = priority;
  }
  void DoEnable(int region, bool enabled) {
    Put(Enable{region, enabled});
    Of(region).enabled = enabled;
  }
  void DoResize(int region, Wide size) {
    Put(Resize{region, size});
    Of(region).size = size;
  }
  void DoFlag(Flag flag, int region, bool value) {
    Put(SetFlag{flag, region, value});
    Of(region).flags[static_cast<size_t>(flag)] = value;
  }
  void DoShift(int alias, uint64_t offset) {
    Put(Shift{alias, offset});
    Of(alias).offset = offset;
  }
  void DoSpace(int root) {
    Put(AddSpace{Chance(80) ? 0 : Mortal(), root});
    ++spaces_;
  }

  // Back to how it was.
  void Restore(int region, const Known& was) {
    const Known is = Of(region);
    if (is.container != kNone && was.container == kNone) DoUnlink(region);
    if (is.container == kNone && was.container != kNone) {
      DoLink(was.container, region, was.at, was.priority);
    } else {
      if (is.at != was.at) DoMove(region, was.at);
      if (is.priority != was.priority) DoPrioritise(region, was.priority);
    }
    if (is.size != was.size) DoResize(region, was.size);
    if (is.offset != was.offset) DoShift(region, was.offset);
    for (const Flag flag :
         {Flag::kReadonly, Flag::kNonvolatile, Flag::kUnmergeable}) {
      const auto i = static_cast<size_t>(flag);
      if (is.flags[i] != was.flags[i]) DoFlag(flag, region, was.flags[i]);
    }
    if (is.enabled != was.enabled) DoEnable(region, was.enabled);
  }

  // ---- Picking. The board's owner is 0 and is never retired; what is near the
  // root is rarely touched, as all the rest hangs below.
  int Mortal() {
    return Chance(70) ? 0 : 1 + static_cast<int>(Below(owners_ - 1));
  }
  int AnyRegion() {
    const auto n = static_cast<uint64_t>(known_.size());
    if (Chance(15)) return static_cast<int>(Below(n));
    return frame_ + static_cast<int>(Below(n - static_cast<uint64_t>(frame_)));
  }
  int AnyOf(Kind kind) {
    for (int tries = 0; tries < 8; ++tries) {
      const int region = AnyRegion();
      if (Of(region).kind == kind) return region;
    }
    return AnyRegion();
  }
  int AnyBus() { return buses_[Below(buses_.size())]; }
  // Linked next to `region`, or anything.
  int Sibling(int region) {
    for (int tries = 0; tries < 8; ++tries) {
      const int other = AnyRegion();
      if (other != region && Of(other).container == Of(region).container) {
        return other;
      }
    }
    return AnyRegion();
  }

  // ---- The machine: buses behind windows behind windows, three roots alike,
  // two bus masters, and leaves everywhere.
  void MakeMachine() {
    const bool big = bias_ == Bias::kGrowth;
    for (owners_ = 0; owners_ < 5; ++owners_) Put(AddOwner{});
    DoAdd(Kind::kContainer, kTwoTo64, 0);
    DoSpace(kSystem);
    if (big) {
      layout_ = Below(5);
      leaves_ = uint64_t{300} << Below(4);
      leaves_ = leaves_ / 2 + Below(leaves_ / 2);
    }
    buses_ = {kSystem, kSystem};
    int parent = kSystem;
    for (int i = 0; i < 3; ++i) {
      const bool whole = big || Chance(50);
      const int bus = DoAdd(Chance(85) ? Kind::kContainer : Kind::kMmio,
                            whole ? kTwoTo64 : Size(), 0);
      const uint64_t at = big || Chance(30) ? 0 : Address();
      const uint64_t offset = big || Chance(30) ? 0 : Address();
      const int window = DoAlias(bus, offset, whole ? kTwoTo64 : Size(), 0);
      if (Of(bus).kind == Kind::kMmio && whole) {
        DoLink(parent, window, at, INT32_MIN);
      } else {
        DoLink(parent, window, at, Priority());
      }
      if (big || Chance(70)) buses_.push_back(bus);
      if (!big || Chance(50)) parent = bus;
    }
    const int shown = AnyBus();
    const uint64_t where = Address();
    const Wide size = Size();
    for (int i = 0; i < (big ? 2 : 3); ++i) {
      const int root = DoAdd(Kind::kContainer, kTwoTo64, 0);
      alike_.push_back(DoAlias(kSystem, 0, kTwoTo64, 0));
      DoLink(root, alike_.back(), 0, 0);
      alike_.push_back(DoAlias(shown, where, size, 0));
      DoLink(root, alike_.back(), where, 1);
      DoSpace(root);
    }
    for (int i = 0; i < 2; ++i) {
      const int root = DoAdd(Kind::kContainer, kTwoTo64, 0);
      // One may be the only space that shows its bus.
      const int bus = i == 0 ? kSystem : AnyBus();
      masters_.push_back(DoAlias(bus, 0, kTwoTo64, 0));
      if (Chance(50)) DoEnable(masters_.back(), false);
      DoLink(root, masters_.back(), 0, 0);
      DoSpace(root);
    }
    if (Chance(50)) DoSpace(AnyBus());
    frame_ = static_cast<int>(known_.size());
    const uint64_t leaves = big ? leaves_ : 4 + Below(16);
    const bool bulk = big || Chance(50);
    if (bulk) Start();
    for (uint64_t i = 0; i < leaves; ++i) AddLeaf(i);
    if (bulk) End();
  }

  int AddLeaf(uint64_t n) {
    const bool big = bias_ == Bias::kGrowth;
    if (!big && Chance(25)) {
      const uint64_t offset = Chance(50) ? 0 : Address();
      const int target = AnyTarget();
      const int alias = DoAlias(target, offset, Size());
      LinkSomewhere(alias);
      return alias;
    }
    const Kind kind =
        Pick<Kind>({Kind::kMmio, Kind::kMmio, Kind::kRam, Kind::kRam,
                    Kind::kRom, Kind::kRomDevice, Kind::kIommu,
                    Kind::kReservation, big ? Kind::kRam : Kind::kContainer});
    const int leaf = DoAdd(kind, big ? SizeOf(n) : Size());
    if (big) {
      const int bus = Chance(70) ? kSystem : AnyBus();
      DoLink(bus, leaf, PlaceOf(n), Chance(95) ? 0 : 1);
    } else {
      LinkSomewhere(leaf);
    }
    return leaf;
  }
  int AnyTarget() {
    const int bus = AnyBus();
    return Chance(35) ? bus : AnyRegion2();
  }
  // Also before the first leaf.
  int AnyRegion2() {
    return static_cast<int>(Below(static_cast<uint64_t>(known_.size())));
  }
  void LinkSomewhere(int child) {
    const int bus = AnyBus();
    const int other = AnyRegion2();
    const uint64_t at = Address();
    DoLink(Chance(85) ? bus : other, child, at, Priority());
  }

  // ---- Edits.
  void EditOf(int region) {
    const Known k = Of(region);
    if (k.kind == Kind::kAlias && Chance(30)) {
      const uint64_t near = k.offset + Pick<uint64_t>({1, 4, ~uint64_t{0}});
      return DoShift(region, Chance(50) ? near : Address());
    }
    if (k.kind == Kind::kRomDevice && Chance(20)) {
      return Put(SetRomd{region, Chance(50)});
    }
    switch (Below(10)) {
      case 0:
      case 1:
        return DoMove(region, Address());
      case 2:  // A little: it passes through a neighbour, or past an edge.
        return DoMove(region, k.at + Pick<uint64_t>({1, 2, ~uint64_t{0}}));
      case 3:
        return DoPrioritise(region, Priority());
      case 4:
        return DoEnable(region, !k.enabled);
      case 5:
        return DoResize(region, Size());
      case 6: {
        const Flag flag = AnyFlag();
        return DoFlag(flag, region, !k.flags[static_cast<size_t>(flag)]);
      }
      case 7:
        return Put(LogDirty{region, static_cast<int>(Below(3))});
      case 8:
        if (k.container != kNone) return DoUnlink(region);
        return LinkSomewhere(region);
      default:
        if (k.container == kNone) return LinkSomewhere(region);
        return DoEnable(region, true);
    }
  }

  // ---- Patterns.
  void MakePattern() {
    const uint64_t dice = Below(100);
    if (dice < 20) return EditOf(AnyRegion());
    if (dice < 28) return EditTwice();
    if (dice < 36) return EditAndTakeBack();
    if (dice < 41) return EditAndFail();
    if (dice < 46) return DisableAbove();
    if (dice < 48) return Put(Link{AnyRegion(), AnyRegion(), Address(), 0});
    switch (bias_) {
      case Bias::kWindows:
        switch (Below(4)) {
          case 0:
            return WindowOverItself();
          case 1:
            return WindowsOnWindows();
          case 2:
            return DisableAbove();
          default:
            return EditOf(AnyOf(Kind::kAlias));
        }
      case Bias::kTies:
        switch (Below(4)) {
          case 0:
            return PassThrough();
          case 1:
            return CutUnmergeable();
          case 2:
            return Twins();
          default:
            return Overhang();
        }
      case Bias::kRoots:
        switch (Below(6)) {
          case 0:
            return ToggleMaster();
          case 1:
            return PartAndMeet();
          case 2:
            return StopAtRoot();
          case 3:
            return SpacesComeAndGo();
          case 4:
            return OwnersComeAndGo();
          default:
            return ToggleMaster();
        }
      case Bias::kGrowth:
        switch (Below(6)) {
          case 0:
          case 1:
            return Grow();
          case 2:
            return Lose();
          case 3:
            return ToggleMaster();
          case 4:
            return DisableAbove();
          default:
            return CutUnmergeable();
        }
    }
  }

  void EditTwice() {
    const int region = AnyRegion();
    const int other = Sibling(region);
    Start();
    for (uint64_t i = 2 + Below(3); i > 0; --i) {
      EditOf(Chance(70) ? region : other);
    }
    End();
  }

  void EditAndTakeBack() {
    const int region = AnyRegion();
    const Known was = Of(region);
    Start();
    for (uint64_t i = 1 + Below(2); i > 0; --i) EditOf(region);
    if (Chance(20)) EditOf(Sibling(region));
    Restore(region, was);
    End();
  }

  // A window that shows itself in the same place: the commit is undone.
  void EditAndFail() {
    if (depth_ > 0) return EditTwice();  // Else it undid what isn't known.
    const std::vector<Known> was = known_;
    Start();
    const uint64_t edits = Below(4);
    for (uint64_t i = 0; i < edits; ++i) EditOf(AnyRegion());
    const uint64_t at = Address();
    const int bus = AnyBus();
    const int window = DoAlias(bus, at, 1 + Size() / 2);
    DoLink(bus, window, at, INT32_MAX);
    if (Chance(10)) Put(Retire{1 + static_cast<int>(Below(owners_ - 1))});
    EditOf(AnyRegion());
    End();
    std::copy(was.begin(), was.end(), known_.begin());
    Of(window).container = kNone;
  }

  void DisableAbove() {
    const int region = AnyRegion();
    int above = Of(region).container;
    if (above == kNone || above == kSystem) above = region;
    // The window in front of a bus, as often as the bus.
    for (int i = 0; i < frame_ && Chance(50); ++i) {
      if (Of(i).target == above) above = i;
    }
    DoEnable(above, false);
    if (Chance(60)) EditOf(region);
    if (Chance(30)) EditOf(AnyRegion());
    DoEnable(above, true);
  }

  void WindowOverItself() {
    const int bus = AnyBus();
    const uint64_t from = Address();
    const uint64_t to = Address();
    const Wide size = Size();
    const int window = DoAlias(bus, from, size);
    DoLink(bus, window, to, Priority());
    if (Chance(50)) DoMove(window, to + Pick<uint64_t>({1, 8, ~uint64_t{0}}));
    if (Chance(50)) DoShift(window, from + 1);
    if (Chance(30)) EditOf(AnyRegion());
    if (Chance(30)) DoUnlink(window);
  }

  void WindowsOnWindows() {
    int target = AnyRegion();
    for (uint64_t i = 2 + Below(3); i > 0; --i) {
      const uint64_t offset = Chance(40) ? 0 : Address();
      target = DoAlias(target, offset, Size());
      if (Chance(40)) LinkSomewhere(target);
    }
    if (Of(target).container == kNone) LinkSomewhere(target);
    const int middle = AnyOf(Kind::kAlias);
    EditOf(middle);
    if (Of(middle).target != kNone) EditOf(Of(middle).target);
  }

  // Two of one priority: the one that moved last wins (R2.3).
  void PassThrough() {
    const int region = AnyRegion();
    const int other = Sibling(region);
    DoPrioritise(other, Of(region).priority);
    const uint64_t at = Of(other).at;
    for (const uint64_t step : {~uint64_t{0}, uint64_t{0}, uint64_t{1}}) {
      DoMove(region, at + step);
      if (Chance(20)) DoMove(other, at + step);
    }
  }

  // An overlay crosses a range that may not be joined again.
  void CutUnmergeable() {
    const int ram = DoAdd(Chance(70) ? Kind::kRam : Kind::kMmio,
                          bias_ == Bias::kGrowth ? 0x4000 : 24);
    const int bus = AnyBus();
    const uint64_t at = Address();
    const int32_t priority = Priority();
    if (Chance(80)) DoFlag(Flag::kUnmergeable, ram, true);
    DoLink(bus, ram, at, priority);
    const int overlay = DoAdd(Kind::kMmio, 1 + static_cast<Wide>(Below(6)));
    DoLink(bus, overlay, at + Below(20), INT32_MAX);
    for (uint64_t i = Below(4); i > 0; --i) DoMove(overlay, at + Below(26));
    if (Chance(40)) DoFlag(Flag::kUnmergeable, ram, Chance(50));
    if (Chance(40)) DoUnlink(overlay);
    if (Chance(40)) EditOf(ram);
  }

  // Two windows side by side that go on where the other ends, and melt.
  void Twins() {
    const int target = AnyOf(Kind::kRam);
    const uint64_t offset = Below(32);
    const uint64_t at = Address();
    const uint64_t size = 1 + Below(12);
    const int bus = AnyBus();
    const int32_t priority = Priority();
    const int left = DoAlias(target, offset, static_cast<Wide>(size));
    const int right = DoAlias(target, offset + size, static_cast<Wide>(size));
    if (Chance(50)) Start();
    DoLink(bus, left, at, priority);
    DoLink(bus, right, at + size, priority);
    if (depth_ > 0 && Chance(50)) End();
    const Flag flag = AnyFlag();
    const int one = Chance(50) ? left : right;
    DoFlag(flag, one, true);
    if (Chance(30)) DoFlag(flag, one == left ? right : left, true);
    if (Chance(60)) DoFlag(flag, one, false);
    if (Chance(30)) DoShift(right, offset + size + 1);
    if (Chance(30)) DoEnable(one, false);
  }

  void Overhang() {
    const int region = AnyRegion();
    const int above = Of(region).container;
    if (above == kNone || above == kSystem) return EditOf(region);
    const Known was = Of(above);
    DoMove(region, Pick<uint64_t>({~uint64_t{0}, 0, 3, 9}));
    DoResize(above, 1 + static_cast<Wide>(Below(8)));
    DoResize(region, Size());
    if (Chance(70)) DoResize(above, was.size);
  }

  void ToggleMaster() {
    const int master = masters_[Below(masters_.size())];
    DoEnable(master, !Of(master).enabled);
    if (Chance(40)) EditOf(AnyRegion());
    if (Chance(60)) DoEnable(master, !Of(master).enabled);
  }

  // Roots alike: one becomes another, and comes back; or all follow it.
  void PartAndMeet() {
    const size_t pick = Below(alike_.size());
    const Known was = Of(alike_[pick]);
    EditOf(alike_[pick]);
    const Known is = Of(alike_[pick]);
    if (Chance(50)) EditOf(AnyRegion());
    if (Chance(30)) {
      for (size_t i = pick % 2; i < alike_.size(); i += 2) {
        const Known own = Of(alike_[i]);
        Known like = is;
        like.container = own.container;  // Its own root.
        Restore(alike_[i], like);
      }
    } else if (Chance(80)) {
      Restore(alike_[pick], was);
    }
  }

  // A second child, or none: the walk of R2.15 stops, goes on, ends.
  void StopAtRoot() {
    const int root = Of(masters_[Below(masters_.size())]).container;
    if (root == kNone) return ToggleMaster();
    const int extra = DoAdd(Pick<Kind>({Kind::kMmio, Kind::kContainer}),
                            1 + static_cast<Wide>(Below(16)));
    DoLink(root, extra, Address(), Priority());
    if (Chance(50)) EditOf(AnyRegion());
    if (Chance(30)) ToggleMaster();
    if (Chance(40)) {
      DoEnable(extra, false);
    } else if (Chance(70)) {
      DoUnlink(extra);
    }
    if (Chance(20)) DoResize(root, Pick<Wide>({kTwoTo64, 64, Wide{1} << 63}));
    if (Chance(20)) DoMove(root, Address());
  }

  void SpacesComeAndGo() {
    if (Chance(50)) Put(DropSpace{static_cast<int>(Below(spaces_))});
    const int roots[] = {AnyBus(), AnyRegion(),
                         Of(alike_[Below(alike_.size())]).container,
                         Of(masters_[Below(masters_.size())]).container};
    const int root = roots[Below(4)];
    DoSpace(root == kNone ? kSystem : root);
    if (Chance(50)) EditOf(AnyRegion());
    if (Chance(50)) Put(DropSpace{static_cast<int>(spaces_) - 1});
  }

  void OwnersComeAndGo() {
    const int owner = 1 + static_cast<int>(Below(owners_ - 1));
    const bool inside = Chance(40);
    if (inside) {
      Start();
      EditOf(AnyRegion());
    }
    Put(Retire{owner});
    if (inside) {
      EditOf(AnyRegion());
      End();
    } else if (Chance(50)) {
      Put(Destroy{owner});
    }
    Put(AddOwner{});
    ++owners_;
  }

  void Grow() {
    uint64_t more = Pick<uint64_t>({1, 2, 8, 40, leaves_ / 4, leaves_});
    if (known_.size() > 4000) more = 4;
    const bool at_once = more > 8 || Chance(50);
    if (at_once) Start();
    for (uint64_t i = 0; i < more; ++i) AddLeaf(leaves_ + i);
    if (at_once) End();
    leaves_ += more;
  }

  void Lose() {
    const uint64_t less = Pick<uint64_t>({1, 4, 30, leaves_ / 4, leaves_ / 2});
    const bool at_once = less > 8 || Chance(50);
    if (at_once) Start();
    for (uint64_t i = 0; i < less; ++i) {
      const int region = AnyRegion();
      if (Chance(50)) {
        DoEnable(region, false);
      } else if (Of(region).container != kNone) {
        DoUnlink(region);
      }
    }
    if (at_once) End();
  }

  const Bias bias_;
  Program program_;
  std::vector<Known> known_;
  std::vector<int> buses_;
  std::vector<int> alike_;    // Pairs of windows, of each of the roots alike.
  std::vector<int> masters_;  // The windows of the bus masters.
  int frame_ = 0;             // What the leaves hang in comes before this.
  uint64_t owners_ = 0;
  uint64_t spaces_ = 0;
  uint64_t leaves_ = 0;  // Of a large map.
  uint64_t layout_ = 0;
  int depth_ = 0;
};

}  // namespace

Program RandomEditProgram(uint64_t seed, Bias bias) {
  return Maker(seed, bias).Make();
}

}  // namespace planish::model
