#include "planish/space/delivery.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <latch>
#include <map>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/flatview/flat_range.h"
#include "planish/flatview/flat_view.h"
#include "planish/regions/owner.h"
#include "planish/regions/ram_block.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"
#include "planish/regions/transaction.h"
#include "planish/space/address_space.h"
#include "planish/space/listener.h"
#include "planish/space/publisher.h"

namespace planish {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Words = std::vector<std::string>;

// Does as it is told, and holds each call against what it knows: a range that
// is removed was there, one that is added lies where nothing was.
class Mirror : public Listener {
 public:
  explicit Mirror(const char* name = "mirror", int priority = 0,
                  Words* words = nullptr)
      : Listener(name, priority), words_(words) {}

  void Begin(uint64_t version) override {
    EXPECT_EQ(depth_, 0) << "called from inside itself";
    ++depth_;
    EXPECT_GE(version, version_);
    version_ = version;
    Say("begin");
    Call(at_begin);
  }
  void Removed(const FlatRange& range) override {
    EXPECT_EQ(depth_, 1);
    const auto at = map_.find(range.range.first.raw());
    ASSERT_NE(at, map_.end()) << "removed, but was not there: " << range;
    EXPECT_TRUE(Same(at->second, range)) << range << " was " << at->second;
    map_.erase(at);
    Say("-" + range.region->name());
    Call(at_removed);
  }
  void Added(const FlatRange& range) override {
    EXPECT_EQ(depth_, 1);
    const auto next = map_.lower_bound(range.range.first.raw());
    if (next != map_.end()) {
      EXPECT_GT(next->second.range.first, range.range.last);
    }
    if (next != map_.begin()) {
      EXPECT_LT(std::prev(next)->second.range.last, range.range.first);
    }
    map_[range.range.first.raw()] = range;
    Say("+" + range.region->name());
    Call(at_added);
  }
  bool WantsKept() const override { return wants_kept; }
  void Kept(const FlatRange& before, const FlatRange& after) override {
    EXPECT_TRUE(wants_kept);
    EXPECT_TRUE(Same(before, after));
    EXPECT_EQ(map_.at(before.range.first.raw()), before);
    map_[after.range.first.raw()] = after;
    Say("=" + after.region->name());
  }
  void Commit() override {
    EXPECT_EQ(--depth_, 0);
    ++commits_;
    Say("commit");
  }
  void Detached() override {
    EXPECT_EQ(depth_, 0);
    EXPECT_THAT(map_, IsEmpty());
    Say("detached");
    ++detached_;
    Call(at_detached);
  }

  // As the view, but for the dirty log mask of ranges that were only kept.
  bool Mirrors(const FlatView& view) const {
    return std::equal(
        map_.begin(), map_.end(), view.begin(), view.end(),
        [](const auto& a, const FlatRange& b) { return Same(a.second, b); });
  }
  size_t size() const { return map_.size(); }
  uint64_t version() const { return version_; }
  int commits() const { return commits_; }
  int times_detached() const { return detached_; }

  bool wants_kept = false;
  std::function<void()> at_begin;
  std::function<void()> at_removed;
  std::function<void()> at_added;
  std::function<void()> at_detached;

 private:
  // It may put another one in its place.
  static void Call(const std::function<void()>& call) {
    const std::function<void()> copy = call;
    if (copy) copy();
  }
  static bool Same(FlatRange a, const FlatRange& b) {
    a.dirty_log_mask = b.dirty_log_mask;
    return a == b;
  }
  void Say(const std::string& what) {
    if (words_ != nullptr) words_->push_back(std::string(name()) + " " + what);
  }

  Words* const words_;
  std::map<uint64_t, FlatRange> map_;
  uint64_t version_ = 0;
  int depth_ = 0;
  int commits_ = 0;
  int detached_ = 0;
};

class DeliveryTest : public testing::Test {
 protected:
  ~DeliveryTest() override { topology_.CheckInvariants(); }

  static void Ok(const absl::Status& status) { PLANISH_CHECK_OK(status); }
  Region& Ram(const std::string& name, uint64_t bytes) {
    return **topology_.AddRam(board_, name, ByteCount(bytes),
                              RamBacking::None());
  }
  Region& In(Region& container, uint64_t at, Region& child) {
    Ok(topology_.Link(container, child, Addr(at)));
    return child;
  }
  bool Shows(const AddressSpace& space, const Mirror& mirror) {
    const ReadGuard guard(topology_.rcu());
    return mirror.Mirrors(space.Current(guard).view());
  }
  size_t Ranges(const AddressSpace& space) {
    const ReadGuard guard(topology_.rcu());
    return space.Current(guard).view().size();
  }
  Words Take() { return std::exchange(words_, {}); }

  Topology topology_;
  Owner board_{topology_, "board"};
  Region& sys_ = **topology_.AddContainer(board_, "sys");
  Words words_;
};

TEST_F(DeliveryTest, TellsWhatIsThereAndThenWhatChanges) {
  In(sys_, 0, Ram("ram", 0x1000));
  Region& vga = In(sys_, 0x2000, Ram("vga", 0x1000));
  AddressSpace* const space = *AddressSpace::Create(board_, "cpu", sys_);
  Mirror m("m", 0, &words_);
  space->Attach(m);
  EXPECT_THAT(Take(), ElementsAre("m begin", "m +ram", "m +vga", "m commit"));
  EXPECT_EQ(m.version(), topology_.commit_number());

  auto swap = *Transaction::Begin(topology_);
  Ok(topology_.Unlink(vga));
  In(sys_, 0x1800, Ram("nic", 0x1000));
  EXPECT_THAT(Take(), IsEmpty()) << "before the commit";
  Ok(swap.Commit());
  EXPECT_THAT(Take(), ElementsAre("m begin", "m -vga", "m +nic", "m commit"));
  EXPECT_EQ(m.version(), topology_.commit_number());
  EXPECT_TRUE(Shows(*space, m));

  // What moves is removed first, even where it comes to lie further down.
  Ok(topology_.SetAddress(vga, Addr(0x8000)));
  EXPECT_THAT(Take(), IsEmpty()) << "not linked, so nothing to tell";
  In(sys_, 0x8000, vga);
  Take();
  Ok(topology_.SetAddress(vga, Addr(0x4000)));
  EXPECT_THAT(Take(), ElementsAre("m begin", "m -vga", "m +vga", "m commit"));

  space->Detach(m);
  EXPECT_THAT(Take(), ElementsAre("m begin", "m -ram", "m -nic", "m -vga",
                                  "m commit", "m detached"));
  Ok(topology_.Unlink(vga));
  EXPECT_THAT(Take(), IsEmpty());
}

TEST_F(DeliveryTest, CallsByPriority) {
  Region& a = In(sys_, 0, Ram("a", 0x1000));
  AddressSpace* const space = *AddressSpace::Create(board_, "cpu", sys_);
  Mirror late("late", 10, &words_);
  Mirror first("first", 0, &words_);
  Mirror second("second", 0, &words_);
  space->Attach(late);
  space->Attach(first);
  space->Attach(second);
  Take();
  auto swap = *Transaction::Begin(topology_);
  Ok(topology_.Unlink(a));
  In(sys_, 0x5000, Ram("b", 0x1000));
  Ok(swap.Commit());
  EXPECT_THAT(Take(),
              ElementsAre("first begin", "second begin", "late begin",  //
                          "late -a", "second -a", "first -a",           //
                          "first +b", "second +b", "late +b",           //
                          "first commit", "second commit", "late commit"));
  for (Mirror* m : {&late, &first, &second}) space->Detach(*m);
}

TEST_F(DeliveryTest, SpacesOfACommitStandTogether) {
  Region& other = **topology_.AddContainer(board_, "other");
  AddressSpace* const cpu = *AddressSpace::Create(board_, "cpu", sys_);
  AddressSpace* const dma = *AddressSpace::Create(board_, "dma", other);
  Mirror late("cpu", 10, &words_);
  Mirror early("dma", 0, &words_);
  cpu->Attach(late);
  dma->Attach(early);
  Take();
  auto both = *Transaction::Begin(topology_);
  In(sys_, 0, Ram("a", 0x1000));
  In(other, 0, Ram("b", 0x1000));
  Ok(both.Commit());
  EXPECT_THAT(Take(), ElementsAre("dma begin", "cpu begin", "cpu +a", "dma +b",
                                  "dma commit", "cpu commit"));
  // Of a commit that changes nothing there, a space's listeners hear nothing.
  In(other, 0x2000, Ram("c", 0x1000));
  EXPECT_THAT(Take(), ElementsAre("dma begin", "dma +c", "dma commit"));
  cpu->Detach(late);
  dma->Detach(early);
}

TEST_F(DeliveryTest, KeptOnRequest) {
  Region& ram = In(sys_, 0, Ram("ram", 0x1000));
  AddressSpace* const space = *AddressSpace::Create(board_, "cpu", sys_);
  Mirror wants("wants", 0, &words_);
  Mirror not_so("not", 0, &words_);
  wants.wants_kept = true;
  space->Attach(wants);
  space->Attach(not_so);
  Take();
  In(sys_, 0x4000, Ram("b", 0x1000));
  EXPECT_THAT(Take(),
              ElementsAre("wants begin", "not begin", "wants =ram", "wants +b",
                          "not +b", "wants commit", "not commit"));
  // Only kept ranges tell of the log.
  Ok(topology_.SetDirtyLogMask(ram, 1));
  EXPECT_THAT(Take(), ElementsAre("wants begin", "not begin", "wants =ram",
                                  "wants =b", "wants commit", "not commit"));
  space->Detach(wants);
  space->Detach(not_so);
}

// ---- From inside a call.

TEST_F(DeliveryTest, ACommitFromAListenerIsQueuedNeverNested) {
  Region& a = Ram("a", 0x1000);
  Region& b = Ram("b", 0x1000);
  AddressSpace* const space = *AddressSpace::Create(board_, "cpu", sys_);
  Mirror m("m", 0, &words_);
  m.at_added = [&] {
    if (b.container() != nullptr) return;
    In(sys_, 0x2000, b);
    // It is published at once, and told later.
    EXPECT_EQ(Ranges(*space), 2u);
    words_.emplace_back("returned");
  };
  space->Attach(m);
  Take();
  const uint64_t before = topology_.commit_number();
  In(sys_, 0, a);
  EXPECT_THAT(Take(), ElementsAre("m begin", "m +a", "returned", "m commit",
                                  "m begin", "m +b", "m commit"));
  EXPECT_EQ(topology_.commit_number(), before + 2);
  EXPECT_EQ(m.version(), before + 2);
  EXPECT_TRUE(Shows(*space, m));
  space->Detach(m);
}

TEST_F(DeliveryTest, DetachFromWithinACall) {
  In(sys_, 0, Ram("a", 0x1000));
  AddressSpace* const space = *AddressSpace::Create(board_, "cpu", sys_);
  Mirror m("m", 0, &words_);
  Mirror other("other", 1, &words_);
  space->Attach(m);
  space->Attach(other);
  Take();
  m.at_added = [&] {
    m.at_added = nullptr;
    space->Detach(m);
    space->Detach(other);
    words_.emplace_back("returned");
  };
  In(sys_, 0x2000, Ram("b", 0x1000));
  // The commit under way is told to its end, to both; then they go.
  EXPECT_THAT(Take(), ElementsAre("m begin", "other begin", "m +b", "returned",
                                  "other +b", "m commit", "other commit",  //
                                  "m begin", "m -a", "m -b", "m commit",
                                  "m detached",  //
                                  "other begin", "other -a", "other -b",
                                  "other commit", "other detached"));
  In(sys_, 0x4000, Ram("c", 0x1000));
  EXPECT_THAT(Take(), IsEmpty());
}

TEST_F(DeliveryTest, AttachFromWithinACall) {
  AddressSpace* const space = *AddressSpace::Create(board_, "cpu", sys_);
  Mirror m("m", 5, &words_);
  Mirror late("late", 0, &words_);
  space->Attach(m);
  m.at_added = [&] {
    m.at_added = nullptr;
    space->Attach(late);
  };
  Take();
  In(sys_, 0, Ram("a", 0x1000));
  // Told of what is there by then, and of no commit twice.
  EXPECT_THAT(Take(), ElementsAre("m begin", "m +a", "m commit", "late begin",
                                  "late +a", "late commit"));
  EXPECT_TRUE(Shows(*space, late));
  space->Detach(m);
  space->Detach(late);
}

TEST_F(DeliveryTest, MayGoInItsLastCallOrBeAttachedAgain) {
  In(sys_, 0, Ram("a", 0x1000));
  AddressSpace* const space = *AddressSpace::Create(board_, "cpu", sys_);
  auto gone = std::make_unique<Mirror>("gone");
  gone->at_detached = [&] { gone.reset(); };
  space->Attach(*gone);
  space->Detach(*gone);
  EXPECT_EQ(gone, nullptr);

  Mirror again("again");
  again.at_detached = [&] {
    if (again.times_detached() == 1) space->Attach(again);
  };
  space->Attach(again);
  space->Detach(again);
  EXPECT_EQ(again.times_detached(), 1);
  EXPECT_TRUE(Shows(*space, again));
  EXPECT_EQ(again.size(), 1u);
  space->Detach(again);
  EXPECT_EQ(again.times_detached(), 2);
}

TEST_F(DeliveryTest, InsideATransaction) {
  AddressSpace* const space = *AddressSpace::Create(board_, "cpu", sys_);
  Mirror m("m", 0, &words_);
  {
    auto outer = *Transaction::Begin(topology_);
    In(sys_, 0, Ram("a", 0x1000));
    space->Attach(m);
    EXPECT_THAT(words_, IsEmpty());
    Ok(outer.Commit());
  }
  // As published when it came; then the commit.
  EXPECT_THAT(Take(), ElementsAre("m begin", "m commit", "m begin", "m +a",
                                  "m commit"));
  {
    auto outer = *Transaction::Begin(topology_);
    In(sys_, 0x2000, Ram("b", 0x1000));
    space->Detach(m);
    Ok(outer.Commit());
  }
  EXPECT_THAT(Take(), ElementsAre("m begin", "m -a", "m commit", "m detached"));
}

// ---- Lifetimes.

TEST_F(DeliveryTest, ASpaceThatGoesDetaches) {
  In(sys_, 0, Ram("a", 0x1000));
  AddressSpace* const space = *AddressSpace::Create(board_, "cpu", sys_);
  Mirror m("m", 0, &words_);
  space->Attach(m);
  Take();
  EXPECT_TRUE(space->Retire());
  EXPECT_THAT(Take(), ElementsAre("m begin", "m -a", "m commit", "m detached"));
}

TEST_F(DeliveryTest, WhatARetirementRemovesIsToldWhileItLives) {
  Owner card(topology_, "card");
  Region& bar =
      **topology_.AddRam(card, "bar", ByteCount(0x1000), RamBacking::None());
  In(sys_, 0x4000, bar);
  AddressSpace* const space = *AddressSpace::Create(board_, "cpu", sys_);
  Mirror m("m", 0, &words_);
  space->Attach(m);
  Take();
  card.Retire();
  EXPECT_THAT(Take(), ElementsAre("m begin", "m -bar", "m commit"));
  space->Detach(m);
}

TEST_F(DeliveryTest, WhatIsUndeliveredHoldsTheVersionBefore) {
  // Ranges enough for several nodes, none of which a hold-less commit keeps.
  std::vector<Region*> rams;
  for (uint64_t i = 0; i < 100; ++i) {
    rams.push_back(&In(sys_, i * 0x2000, Ram("ram", 0x1000)));
  }
  AddressSpace* const space = *AddressSpace::Create(board_, "cpu", sys_);
  Mirror m("slow");
  space->Attach(m);
  while (topology_.Poll(1000)) {
  }
  const size_t idle = topology_.waiting_pieces();
  m.at_removed = [&] {
    m.at_removed = nullptr;
    // The view that is being told lies in the past; so does the next one.
    const uint64_t told = topology_.commit_number();
    for (Region* ram : rams) {
      Ok(topology_.SetEnabled(*ram, false));
      Ok(topology_.SetEnabled(*ram, true));
    }
    while (topology_.Poll(1000)) {
    }
    EXPECT_GT(topology_.waiting_pieces(), idle);
    Publisher& publisher = *static_cast<Publisher*>(topology_.observer());
    EXPECT_TRUE(publisher.Delivering());
    EXPECT_EQ(publisher.DeliveredTo(), told - 1);
    const std::string number = std::to_string(told);
    EXPECT_THAT(topology_.WhoHolds(),
                Contains(AllOf(HasSubstr("commit " + number + ": undelivered"),
                               HasSubstr("in listener 'slow'"))));
  };
  Ok(topology_.Unlink(*rams[50]));
  Publisher& publisher = *static_cast<Publisher*>(topology_.observer());
  EXPECT_FALSE(publisher.Delivering());
  EXPECT_EQ(publisher.DeliveredTo(), UINT64_MAX);
  EXPECT_EQ(m.commits(), 1 + 1 + 2 * 99);
  EXPECT_TRUE(Shows(*space, m));
  while (topology_.Poll(1000)) {
  }
  EXPECT_EQ(topology_.waiting_pieces(), idle);
  EXPECT_THAT(topology_.WhoHolds(), IsEmpty());
  space->Detach(m);
}

using DeliveryDeathTest = DeliveryTest;

TEST_F(DeliveryDeathTest, WaitingForOneself) {
  AddressSpace* const space = *AddressSpace::Create(board_, "cpu", sys_);
  Mirror m;
  m.at_begin = [&] { topology_.Flush(); };
  EXPECT_DEATH(space->Attach(m), "L1: a listener waits for delivery");
  auto open = *Transaction::Begin(topology_);
  EXPECT_DEATH(topology_.Flush(), "X1");
  Ok(open.Commit());
}

TEST_F(DeliveryDeathTest, AListenerHasOneSpace) {
  AddressSpace* const space = *AddressSpace::Create(board_, "cpu", sys_);
  AddressSpace* const second = *AddressSpace::Create(board_, "dma", sys_);
  Mirror m;
  EXPECT_DEATH(space->Detach(m), "L3");
  space->Attach(m);
  EXPECT_DEATH(second->Attach(m), "L3: a Listener is attached twice");
  EXPECT_DEATH(second->Detach(m), "L3");
  EXPECT_DEATH(m.~Mirror(), "L3: a Listener that is attached");
  space->Detach(m);
}

// ---- Random programs.

// Each step edits, attaches or detaches; listeners do so from inside calls,
// too. After each step each mirror shows its space.
class Program {
 public:
  explicit Program(uint32_t seed) : random_(seed) {
    constexpr uint64_t kRegions = 12;
    for (int i = 0; i < 3; ++i) {
      roots_.push_back(*topology_.AddContainer(board_, "root"));
      spaces_.push_back(*AddressSpace::Create(board_, "s", *roots_.back()));
    }
    for (uint64_t i = 0; i < kRegions; ++i) {
      regions_.push_back(*topology_.AddRam(board_, "r" + std::to_string(i),
                                           ByteCount(0x1000 * (1 + i % 4)),
                                           RamBacking::None()));
    }
    for (int i = 0; i < 5; ++i) {
      mirrors_.push_back(std::make_unique<Mirror>("m", i % 3));
      of_.push_back(nullptr);
      const auto act = [this] { ActInside(); };
      mirrors_.back()->at_begin = act;
      mirrors_.back()->at_added = act;
      mirrors_.back()->at_removed = act;
      mirrors_.back()->wants_kept = i == 4;
    }
  }
  ~Program() {
    may_act_ = false;
    for (size_t i = 0; i < mirrors_.size(); ++i) {
      if (of_[i] != nullptr) of_[i]->Detach(*mirrors_[i]);
    }
  }

  bool Step() {
    acts_ = 0;
    if (Pick(5) == 0) {
      auto several = Transaction::Begin(topology_);
      for (size_t i = Pick(4); i != 0; --i) Act();
      PLANISH_CHECK_OK(several->Commit());
    } else {
      Act();
    }
    topology_.Flush();
    const ReadGuard guard(topology_.rcu());
    for (size_t i = 0; i < mirrors_.size(); ++i) {
      if (of_[i] == nullptr) {
        if (mirrors_[i]->size() != 0) return false;
      } else if (!mirrors_[i]->Mirrors(of_[i]->Current(guard).view())) {
        return false;
      }
    }
    return true;
  }
  int inside() const { return inside_; }

 private:
  using Space = std::remove_reference_t<decltype(**AddressSpace::Create(
      std::declval<Owner&>(), "", std::declval<Region&>()))>;

  size_t Pick(size_t n) { return random_() % n; }
  void ActInside() {
    if (!may_act_ || Pick(4) != 0 || acts_ > 20) return;
    ++inside_;
    Act();
  }
  void Act() {
    ++acts_;
    Region& region = *regions_[Pick(regions_.size())];
    absl::Status status;
    switch (Pick(6)) {
      case 0:
        if (region.container() != nullptr) {
          status = topology_.Unlink(region);
        } else {
          status = topology_.Link(*roots_[Pick(roots_.size())], region,
                                  Addr(0x1000 * Pick(40)),
                                  static_cast<int32_t>(Pick(3)));
        }
        break;
      case 1:
        status = topology_.SetAddress(region, Addr(0x1000 * Pick(40)));
        break;
      case 2:
        status = topology_.SetEnabled(region, !region.enabled());
        break;
      case 3:
        status = topology_.SetReadonly(region, !region.readonly());
        break;
      case 4:
        status =
            topology_.SetDirtyLogMask(region, static_cast<uint8_t>(Pick(2)));
        break;
      case 5: {
        const size_t i = Pick(mirrors_.size());
        Mirror& mirror = *mirrors_[i];
        if (of_[i] != nullptr) {
          ++leaving_[i];
          std::exchange(of_[i], nullptr)->Detach(mirror);
        } else if (mirror.times_detached() == leaving_[i]) {
          of_[i] = spaces_[Pick(spaces_.size())];
          of_[i]->Attach(mirror);
        }
        break;
      }
    }
    PLANISH_CHECK_OK(status);
  }

  std::mt19937 random_;
  Topology topology_;
  Owner board_{topology_, "board"};
  std::vector<Region*> roots_;
  std::vector<Region*> regions_;
  std::vector<AddressSpace*> spaces_;
  std::vector<std::unique_ptr<Mirror>> mirrors_;
  std::vector<AddressSpace*> of_;
  std::map<size_t, int> leaving_;
  bool may_act_ = true;
  int acts_ = 0;
  int inside_ = 0;
};

TEST(DeliveryModelTest, MirrorsShowTheirSpaces) {
  int inside = 0;
  for (uint32_t seed = 1; seed <= 60; ++seed) {
    Program program(seed);
    for (int step = 0; step < 100; ++step) {
      ASSERT_TRUE(program.Step()) << "seed " << seed << ", step " << step;
      if (testing::Test::HasFailure()) {
        FAIL() << "seed " << seed << ", step " << step;
      }
    }
    inside += program.inside();
  }
  EXPECT_GT(inside, 1000) << "listeners that act";
}

// ---- Threads.

TEST_F(DeliveryTest, ACommitWaitsForNoListener) {
  AddressSpace* const space = *AddressSpace::Create(board_, "cpu", sys_);
  Mirror m("m", 0, &words_);
  space->Attach(m);
  Take();
  std::latch inside(1);
  std::latch second(1);
  std::vector<std::thread::id> on;
  m.at_added = [&] {
    on.push_back(std::this_thread::get_id());
    if (on.size() > 1) return;
    inside.count_down();
    second.wait();  // Which the second writer only does after its commit.
  };
  std::thread first([&] { In(sys_, 0, Ram("a", 0x1000)); });
  inside.wait();
  Region& b = Ram("b", 0x1000);
  In(sys_, 0x2000, b);
  EXPECT_EQ(Ranges(*space), 2u) << "published";
  EXPECT_EQ(on.size(), 1u) << "and not told";
  EXPECT_THAT(topology_.WhoHolds(), Contains(HasSubstr("undelivered")));
  const std::thread::id first_id = first.get_id();
  second.count_down();
  topology_.Flush();
  EXPECT_THAT(on, ElementsAre(first_id, first_id));
  EXPECT_THAT(Take(), ElementsAre("m begin", "m +a", "m commit", "m begin",
                                  "m +b", "m commit"));
  first.join();
  space->Detach(m);
}

TEST_F(DeliveryTest, TwoWritersAndOneWhoComesAndGoes) {
  AddressSpace* const space = *AddressSpace::Create(board_, "cpu", sys_);
  std::vector<Region*> rams;
  for (uint64_t i = 0; i < 40; ++i) {
    rams.push_back(&In(sys_, i * 0x2000, Ram("ram", 0x1000)));
  }
  Mirror stays("stays");
  space->Attach(stays);
  std::atomic<int> writers{2};
  const auto write = [&](size_t from) {
    std::mt19937 random(static_cast<uint32_t>(from + 1));
    for (int i = 0; i < 1500; ++i) {
      Region& ram = *rams[from + random() % 20];
      Ok(topology_.SetEnabled(ram, i % 2 == 0));
    }
    writers.fetch_sub(1);
  };
  std::thread one([&] { write(0); });
  std::thread two([&] { write(20); });
  int rounds = 0;
  while (writers.load() != 0 || rounds == 0) {
    Mirror guest("guest", -1);
    space->Attach(guest);
    topology_.Flush();
    space->Detach(guest);
    topology_.Flush();
    EXPECT_EQ(guest.times_detached(), 1);
    ++rounds;
  }
  one.join();
  two.join();
  topology_.Flush();
  EXPECT_TRUE(Shows(*space, stays));
  EXPECT_GT(stays.commits(), 100);
  space->Detach(stays);
  topology_.Flush();
  while (topology_.Poll(1000)) {
  }
  EXPECT_THAT(topology_.WhoHolds(), IsEmpty());
}

}  // namespace
}  // namespace planish
