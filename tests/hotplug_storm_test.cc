// Cards are plugged and pulled as fast as two writers can, under readers and
// DMA. Each card has its memory, its registers, and its own Owner; when that
// ends, the finalizer poisons the card and deletes it. Whoever finds a card
// under a guard, or has pinned one, holds it against its poison: at any moment,
// and without the help of a sanitizer.
//
//    sys   [slot 0)[slot 1) ... [slot 15)      a slot: [ram) [regs)
//
// Runs for PLANISH_STRESS_SECONDS, 5 by default. First the same, on one thread.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/dispatch/section.h"
#include "planish/regions/access_attributes.h"
#include "planish/regions/owner.h"
#include "planish/regions/owner_pin.h"
#include "planish/regions/ram_block.h"
#include "planish/regions/region.h"
#include "planish/regions/region_ops.h"
#include "planish/regions/topology.h"
#include "planish/regions/transaction.h"
#include "planish/space/access.h"
#include "planish/space/address_space.h"

namespace planish {
namespace {

constexpr uint64_t kSlotBytes = 0x10000;
constexpr uint64_t kRegsAt = 0x8000;
constexpr size_t kSlots = 16;
constexpr uint64_t kAlive = 0x600dca4d;
constexpr uint64_t kPoison = 0xdeadca4d;

std::chrono::milliseconds StormTime() {
  const char* seconds = std::getenv("PLANISH_STRESS_SECONDS");
  return std::chrono::milliseconds(
      seconds == nullptr ? 5000 : std::atoi(seconds) * 1000);
}

struct Counts {
  std::atomic<uint64_t> made{0};
  std::atomic<uint64_t> ended{0};
};

class Card {
 public:
  // Makes a card and links it, in one commit.
  static Card* Plug(Topology& topology, Region& sys, uint64_t at,
                    Counts& counts) {
    auto* const card = new Card(topology, counts);
    auto plug = Transaction::Begin(topology);
    PLANISH_CHECK_OK(plug);
    Region& bus =
        **topology.AddContainer(card->owner_, "slot", ByteCount(kSlotBytes));
    Region& ram = **topology.AddRam(card->owner_, "ram", ByteCount(0x1000));
    Region& regs = **topology.AddMmio(card->owner_, "regs", ByteCount(0x1000),
                                      {.ops = &kOps, .device = card});
    PLANISH_CHECK_OK(topology.Link(bus, ram, Addr(0)));
    PLANISH_CHECK_OK(topology.Link(bus, regs, Addr(kRegsAt)));
    PLANISH_CHECK_OK(topology.Link(sys, bus, Addr(at)));
    PLANISH_CHECK_OK(plug->Commit());
    return card;
  }
  // From now on it may go at any moment.
  void Pull() { owner_.Retire(); }

  static const Card& Of(const Section& section) {
    return *static_cast<const Card*>(section.region()->owner().user_data());
  }
  void CheckAlive() const {
    PLANISH_CHECK_EQ(state_.load(std::memory_order_relaxed), kAlive,
                     "E1: a card that has ended");
  }

  Loaded<uint64_t> Read(uint64_t, unsigned, AccessAttributes) {
    CheckAlive();
    return {AccessResult::kOk, kAlive};
  }
  AccessResult Write(uint64_t, unsigned, uint64_t, AccessAttributes) {
    CheckAlive();
    return AccessResult::kOk;
  }

 private:
  static const RegionOps kOps;

  Card(Topology& topology, Counts& counts)
      : counts_(counts), owner_(topology, "card", [this] { End(); }) {
    owner_.set_user_data(this);
    counts_.made.fetch_add(1, std::memory_order_relaxed);
  }
  void End() {
    CheckAlive();  // Once.
    state_.store(kPoison, std::memory_order_relaxed);
    for (const auto& region : owner_.regions()) {
      if (region->ram() != nullptr) {
        // Who still wrote here would race with this.
        for (size_t i = 0; i < 16; ++i) {
          region->ram()->host()[i] = std::byte{0xdd};
        }
      }
    }
    counts_.ended.fetch_add(1, std::memory_order_relaxed);
    delete this;
  }

  Counts& counts_;
  std::atomic<uint64_t> state_{kAlive};
  Owner owner_;
};

constexpr RegionOps Card::kOps = {.read = MemberCallback<&Card::Read>,
                                  .write = MemberCallback<&Card::Write>};

class Machine {
 public:
  Machine() { slots_.resize(kSlots); }
  ~Machine() { PullAll(); }

  // ---- One writer for each slot.

  void Replug(size_t slot) {
    if (slots_[slot] != nullptr) {
      std::exchange(slots_[slot], nullptr)->Pull();
    } else {
      slots_[slot] = Card::Plug(topology_, sys_, slot * kSlotBytes, counts_);
    }
  }
  // REQUIRES: no other writer.
  void PullAll() {
    for (size_t i = 0; i < kSlots; ++i) {
      if (slots_[i] != nullptr) Replug(i);
    }
  }

  // ---- Readers.

  // What a guard finds is alive while it lasts. Returns how many were found.
  int Look(const Reading& guard, size_t slot) {
    const Section ram = space_.Lookup(guard, Addr(slot * kSlotBytes + 0x20));
    if (ram.is_hole()) return 0;
    Card::Of(ram).CheckAlive();
    const auto loaded =
        Load<uint32_t>(guard, space_, Addr(slot * kSlotBytes + kRegsAt));
    PLANISH_CHECK(loaded.result == AccessResult::kDecodeError ||
                      loaded.value == static_cast<uint32_t>(kAlive),
                  "E1: registers of a card that has ended");
    Card::Of(ram).CheckAlive();
    return 1;
  }

  // A DMA: a card pinned under a guard, and used without one.
  class Dma {
   public:
    Dma(const Reading& guard, const Section& ram)
        : card_(Card::Of(ram)),
          host_(ram.host()),
          pin_(guard, *ram.region(), "dma") {}

    void Work(std::byte value) {
      card_.CheckAlive();
      std::atomic_ref<std::byte>(host_[0]).store(value,
                                                 std::memory_order_relaxed);
      card_.CheckAlive();
    }

   private:
    const Card& card_;
    std::byte* const host_;
    const OwnerPin pin_;
  };
  std::unique_ptr<Dma> Map(size_t slot) {
    const ReadGuard guard(topology_.rcu());
    const Section ram = space_.Lookup(guard, Addr(slot * kSlotBytes));
    if (ram.is_hole()) return nullptr;
    return std::make_unique<Dma>(guard, ram);
  }

  // Polls until all that was pulled has ended. REQUIRES: no readers, no pins.
  void Settle() {
    while (topology_.Poll(10'000)) {
    }
  }
  size_t Nodes() {
    const ReadGuard guard(topology_.rcu());
    return space_.Current(guard).view().totals().nodes;
  }

  Topology& topology() { return topology_; }
  const Counts& counts() const { return counts_; }

 private:
  Counts counts_;
  Topology topology_;
  Owner board_{topology_, "board"};
  Region& sys_ = **topology_.AddContainer(board_, "sys");
  AddressSpace& space_ = **AddressSpace::Create(board_, "cpu", sys_);
  std::vector<Card*> slots_;
};

void ExpectAllEnded(Machine& machine, size_t waiting, size_t nodes) {
  machine.PullAll();
  machine.Settle();
  EXPECT_EQ(machine.counts().ended.load(), machine.counts().made.load());
  EXPECT_EQ(machine.topology().waiting_pieces(), waiting) << "memory is flat";
  EXPECT_EQ(machine.Nodes(), nodes);
  EXPECT_THAT(machine.topology().WhoHolds(), testing::IsEmpty());
}

TEST(HotplugStormTest, OneThread) {
  Machine machine;
  std::mt19937 random(1);
  // What a map that was full and is empty again has.
  for (size_t i = 0; i < 2 * kSlots; ++i) machine.Replug(i % kSlots);
  machine.Settle();
  const size_t waiting = machine.topology().waiting_pieces();
  const size_t nodes = machine.Nodes();
  std::deque<std::unique_ptr<Machine::Dma>> dmas;
  int found = 0;
  for (int i = 0; i < 5000; ++i) {
    machine.Replug(random() % kSlots);
    {
      const ReadGuard guard(machine.topology().rcu());
      found += machine.Look(guard, random() % kSlots);
    }
    if (auto dma = machine.Map(random() % kSlots)) {
      dmas.push_back(std::move(dma));
    }
    for (const auto& dma : dmas) dma->Work(std::byte{1});
    if (dmas.size() > 20) dmas.pop_front();
    if (random() % 4 == 0) machine.topology().Poll(random() % 100);
  }
  EXPECT_GT(found, 1000);
  EXPECT_GT(machine.counts().ended.load(), 1000u);
  dmas.clear();
  ExpectAllEnded(machine, waiting, nodes);
}

TEST(HotplugStormTest, EightReadersTwoWriters) {
  Machine machine;
  for (size_t i = 0; i < 2 * kSlots; ++i) machine.Replug(i % kSlots);
  machine.Settle();
  const size_t waiting = machine.topology().waiting_pieces();
  const size_t nodes = machine.Nodes();

  std::atomic<bool> stop{false};
  std::atomic<uint64_t> looks{0};
  std::atomic<uint64_t> maps{0};
  std::vector<std::thread> threads;
  for (uint32_t seed = 1; seed <= 4; ++seed) {
    threads.emplace_back([&, seed] {
      std::mt19937 random(seed);
      uint64_t found = 0;
      RcuReader reader(machine.topology().rcu());
      // Two read in quiescent-state mode.
      if (seed % 2 == 0) reader.Online();
      while (!stop.load(std::memory_order_relaxed)) {
        {
          const ReadGuard guard(reader);
          for (int i = 0; i < 8; ++i) {
            found +=
                static_cast<uint64_t>(machine.Look(guard, random() % kSlots));
          }
        }
        if (reader.online()) reader.Quiesce();
      }
      looks += found;
    });
  }
  for (uint32_t seed = 5; seed <= 8; ++seed) {
    threads.emplace_back([&, seed] {
      std::mt19937 random(seed);
      std::deque<std::unique_ptr<Machine::Dma>> dmas;
      uint64_t mapped = 0;
      while (!stop.load(std::memory_order_relaxed)) {
        if (auto dma = machine.Map(random() % kSlots)) {
          dmas.push_back(std::move(dma));
          ++mapped;
        }
        for (const auto& dma : dmas) {
          dma->Work(static_cast<std::byte>(random()));
        }
        if (dmas.size() > random() % 16) dmas.pop_front();
      }
      maps += mapped;
    });
  }
  for (uint32_t writer = 0; writer < 2; ++writer) {
    threads.emplace_back([&, writer] {
      std::mt19937 random(100 + writer);
      while (!stop.load(std::memory_order_relaxed)) {
        machine.Replug(2 * (random() % (kSlots / 2)) + writer);
        if (random() % 4 == 0) machine.topology().Poll(200);
      }
    });
  }
  std::this_thread::sleep_for(StormTime());
  stop.store(true);
  for (std::thread& thread : threads) thread.join();

  EXPECT_GT(looks.load(), 100u);
  EXPECT_GT(maps.load(), 100u);
  EXPECT_GT(machine.counts().made.load(), 100u);
  ExpectAllEnded(machine, waiting, nodes);
  RecordProperty("cards", std::to_string(machine.counts().made.load()));
  RecordProperty("looks", std::to_string(looks.load()));
  RecordProperty("maps", std::to_string(maps.load()));
}

}  // namespace
}  // namespace planish
