#include "planish/space/iotlb.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <sstream>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/base/rcu/rcu_domain.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/regions/access_attributes.h"
#include "planish/regions/iommu_ops.h"
#include "planish/regions/iommu_port.h"
#include "planish/regions/iotlb_log.h"

namespace planish {
namespace {

constexpr uint64_t kPage = 4096;
constexpr uint64_t k64K = uint64_t{1} << 16;
constexpr uint64_t k2M = uint64_t{1} << 21;
constexpr uint64_t k1G = uint64_t{1} << 30;

constexpr IommuOps kOps = {
    .translate = [](void*, Addr, IommuAccess, uint32_t,
                    AccessAttributes) { return IommuEntry(); },
    .num_indexes = 4};

IommuEntry Entry(uint64_t first, uint64_t last, uint64_t translated,
                 uint32_t domain = 0,
                 IommuAccess allowed = IommuAccess::kReadWrite) {
  return {.first = Addr(first),
          .last = Addr(last),
          .translated = Addr(translated),
          .allowed = allowed,
          .domain = domain};
}

class IotlbTest : public ::testing::Test {
 protected:
  std::unique_ptr<IommuPort> NewPort() {
    return IommuPort::Create({&kOps, nullptr, &log_}, ByteCount::TwoTo64())
        .value();
  }
  // Where `a` goes; nothing is ~0.
  uint64_t Look(uint64_t a, uint32_t index = 0,
                IommuAccess wanted = IommuAccess::kRead) {
    const IommuEntry* entry = tlb_.Find(*port_, index, Addr(a), wanted);
    return entry == nullptr ? ~uint64_t{0} : entry->TranslatedOf(Addr(a)).raw();
  }
  void Put(uint64_t a, const IommuEntry& entry, uint32_t index = 0) {
    tlb_.Insert(tlb_.ticket(), *port_, index, Addr(a), entry);
  }
  void Unmap(uint64_t first, uint64_t last, uint64_t index = IotlbLog::kAny) {
    log_.Invalidate({.iommu = port_.get(),
                     .range = {Addr(first), Addr(last)},
                     .index = index});
  }

  static constexpr uint64_t kNone = ~uint64_t{0};

  RcuDomain domain_;
  IotlbLog log_{domain_};
  std::unique_ptr<IommuPort> port_ = NewPort();
  Iotlb tlb_{log_};
};

TEST_F(IotlbTest, WhatWasPutInIsFoundByWhomItIsFor) {
  EXPECT_EQ(Look(0x1234), kNone);
  Put(0x1234, Entry(0x1000, 0x1fff, 0x8000, 0, IommuAccess::kRead), 1);
  EXPECT_EQ(Look(0x1fff, 1), 0x8fffu);
  EXPECT_EQ(Look(0x2000, 1), kNone);
  EXPECT_EQ(Look(0x1234, 2), kNone);
  EXPECT_EQ(Look(0x1234, 1, IommuAccess::kWrite), kNone);
  const auto other = NewPort();
  EXPECT_EQ(tlb_.Find(*other, 1, Addr(0x1234), IommuAccess::kRead), nullptr);
  EXPECT_EQ(tlb_.stats().hits, 1u);
  EXPECT_EQ(tlb_.stats().misses, 5u);
}

TEST_F(IotlbTest, ALargeMappingIsOneEntryForEachLargePage) {
  // All of the space, at a distance: any address of a GiB does.
  Put(5 * k1G + 77, Entry(0, UINT64_MAX, 0x1000));
  EXPECT_EQ(Look(5 * k1G), 5 * k1G + 0x1000);
  EXPECT_EQ(Look(6 * k1G - 1), 6 * k1G + 0xfff);
  EXPECT_EQ(Look(6 * k1G), kNone);
  EXPECT_EQ(Look(5 * k1G - 1), kNone);
  // 64 KiB and some pages around it: the 64 KiB as one, a page by itself.
  Put(k64K + 5, Entry(k64K - kPage, 2 * k64K + kPage - 1, k64K - kPage));
  EXPECT_EQ(Look(2 * k64K - 1), 2 * k64K - 1);
  EXPECT_EQ(Look(k64K - 1), kNone);
  Put(k64K - 1, Entry(k64K - kPage, 2 * k64K + kPage - 1, k64K - kPage));
  EXPECT_EQ(Look(k64K - kPage), k64K - kPage);
  // Less than a page is no more than it is.
  Put(0x110, Entry(0x100, 0x17f, 0x5000));
  EXPECT_EQ(Look(0x17f), 0x507fu);
  EXPECT_EQ(Look(0x180), kNone);
}

TEST_F(IotlbTest, AnInvalidationDropsWhatItMeansAndNothingElse) {
  const auto fill = [&] {
    for (uint64_t i = 0; i < 8; ++i) {
      Put(i * kPage,
          Entry(i * kPage, (i + 1) * kPage - 1, i * k2M,
                static_cast<uint32_t>(i % 2)),
          static_cast<uint32_t>(i % 4));
    }
    Put(k1G, Entry(k1G, 2 * k1G - 1, 0, 1));
  };
  const auto left = [&] {
    int count = Look(k1G) != kNone ? 1 : 0;
    for (uint64_t i = 0; i < 8; ++i) {
      if (Look(i * kPage, static_cast<uint32_t>(i % 4)) != kNone) ++count;
    }
    return count;
  };
  fill();
  ASSERT_EQ(left(), 9);
  Unmap(2 * kPage + 5, 2 * kPage + 5);  // A byte of a page is the page.
  EXPECT_EQ(left(), 8);
  fill();
  Unmap(0, 4 * kPage - 1, 3);  // Only page 3 has index 3.
  EXPECT_EQ(left(), 8);
  fill();
  Unmap(0, 4 * kPage - 1);
  EXPECT_EQ(left(), 5);
  fill();
  Unmap(k1G + 3 * kPage, k1G + 3 * kPage, 0);
  EXPECT_EQ(left(), 8);
  EXPECT_EQ(Look(k1G), kNone);
  fill();
  log_.InvalidateDomain(*port_, 1);
  EXPECT_EQ(left(), 4);
  fill();
  const auto other = NewPort();
  log_.InvalidateDomain(*other, 1);
  log_.Invalidate({.iommu = other.get()});
  EXPECT_EQ(left(), 9);
  Unmap(0, UINT64_MAX);
  EXPECT_EQ(left(), 0);
  fill();
  log_.InvalidateAll();
  EXPECT_EQ(left(), 0);
  EXPECT_EQ(tlb_.stats().dropped, 1u + 1 + 4 + 1 + 5 + 9 + 9);
}

TEST_F(IotlbTest, WhoIsFarBehindDropsAll) {
  Put(0, Entry(0, kPage - 1, 0));
  for (int i = 0; i < 63; ++i) Unmap(k1G, k1G);
  EXPECT_EQ(Look(0), 0u);
  for (int i = 0; i < 200; ++i) Unmap(k1G, k1G);
  EXPECT_EQ(Look(0), kNone);
}

TEST_F(IotlbTest, WhatIsInvalidatedWhileTheModelIsAskedDoesNotStay) {
  // An invalidation comes between the question and the answer.
  Iotlb::Ticket ticket = tlb_.ticket();
  Unmap(0, kPage - 1);
  tlb_.Insert(ticket, *port_, 0, Addr(0), Entry(0, kPage - 1, 0));
  EXPECT_EQ(Look(0), kNone);
  // The same, and the model used this very cache meanwhile.
  ticket = tlb_.ticket();
  Unmap(0, kPage - 1);
  EXPECT_EQ(Look(5), kNone);
  tlb_.Insert(ticket, *port_, 0, Addr(0), Entry(0, kPage - 1, 0));
  EXPECT_EQ(Look(0), kNone);
}

TEST_F(IotlbTest, DrainThenComesAfterReadersThatWereThereBefore) {
  std::atomic<bool> done{false};
  {
    const ReadGuard guard(domain_);
    log_.DrainThen([&] { done = true; });
  }
  EXPECT_FALSE(done);
  log_.Drain();
  while (domain_.Poll() != 0) {
  }
  EXPECT_TRUE(done);
}

// ---- A small cache beside a model that remembers all that was put in and not
// invalidated since: what the cache finds is what the model has.

struct Rng {
  uint64_t state;
  uint64_t Below(uint64_t bound) {
    state += 0x9e3779b97f4a7c15;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return (z ^ (z >> 31)) % bound;
  }
};

TEST(IotlbModelTest, NothingIsFoundThatWasInvalidated) {
  constexpr uint64_t kUnits[] = {kPage, k64K, k2M, k1G};
  uint64_t hits = 0;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Rng rng{seed};
    RcuDomain domain;
    IotlbLog log(domain);
    const auto port =
        IommuPort::Create({&kOps, nullptr, &log}, ByteCount::TwoTo64()).value();
    Iotlb tlb(log, {.slots = 16});
    // The truth: blocks of 4 KiB to 1 GiB, each at its own distance.
    struct Block {
      uint64_t first;
      uint64_t last;
      uint64_t delta;
      uint32_t domain;
    };
    std::map<std::pair<uint32_t, uint64_t>, Block> truth;  // Index, first.
    std::ostringstream program;
    program << "seed " << seed << '\n';
    const auto find = [&](uint32_t index, uint64_t a) -> const Block* {
      auto at = truth.upper_bound({index, a});
      if (at == truth.begin()) return nullptr;
      --at;
      return at->first.first == index && at->second.last >= a ? &at->second
                                                              : nullptr;
    };
    const auto some_address = [&] {
      return rng.Below(3) * k1G + rng.Below(3) * k2M + rng.Below(3) * k64K +
             rng.Below(20) * kPage + rng.Below(kPage);
    };
    for (int step = 0; step < 400; ++step) {
      const auto index = static_cast<uint32_t>(rng.Below(2));
      const uint64_t a = some_address();
      const uint64_t unit = kUnits[rng.Below(4)];
      const uint64_t first = a / unit * unit;
      const uint64_t last = first + unit - 1;
      switch (rng.Below(6)) {
        case 0: {  // Map, where nothing is.
          if (find(index, first) != nullptr || find(index, last) != nullptr) {
            break;
          }
          const auto next = truth.lower_bound({index, first});
          if (next != truth.end() && next->first.first == index &&
              next->second.first <= last) {
            break;
          }
          truth[{index, first}] = {first, last, rng.Below(1000) << 40,
                                   static_cast<uint32_t>(rng.Below(2))};
          program << "map " << index << ' ' << Addr(first) << '\n';
          break;
        }
        case 1: {  // Unmap one block.
          const Block* block = find(index, a);
          if (block == nullptr) break;
          const AddrRange range = {Addr(block->first), Addr(block->last)};
          truth.erase({index, block->first});
          log.Invalidate({port.get(), range, index, IotlbLog::kAny});
          program << "unmap " << index << ' ' << range << '\n';
          break;
        }
        case 2: {  // A domain, now and then.
          if (rng.Below(20) != 0) break;
          const auto gone = static_cast<uint32_t>(rng.Below(2));
          for (auto at = truth.begin(); at != truth.end();) {
            at = at->second.domain == gone ? truth.erase(at) : ++at;
          }
          log.InvalidateDomain(*port, gone);
          program << "domain " << gone << '\n';
          break;
        }
        default: {
          const Block* block = find(index, a);
          const IommuEntry* found =
              tlb.Find(*port, index, Addr(a), IommuAccess::kRead);
          program << "look " << index << ' ' << Addr(a) << '\n';
          if (found != nullptr) {
            ++hits;
            ASSERT_NE(block, nullptr) << program.str();
            ASSERT_EQ(found->TranslatedOf(Addr(a)).raw(), a + block->delta)
                << program.str();
            ASSERT_GE(found->first.raw(), block->first) << program.str();
            ASSERT_LE(found->last.raw(), block->last) << program.str();
          } else if (block != nullptr) {
            tlb.Insert(tlb.ticket(), *port, index, Addr(a),
                       Entry(block->first, block->last,
                             block->first + block->delta, block->domain));
            ASSERT_NE(tlb.Find(*port, index, Addr(a), IommuAccess::kRead),
                      nullptr)
                << program.str();
          }
        }
      }
    }
  }
  EXPECT_GT(hits, 3000u);
}

// ---- Readers with a cache each, and who changes the tables. A page's version
// only grows; once an invalidation has returned, older ones are wrong.

TEST(IotlbThreadsTest, AfterAnInvalidationNobodyUsesTheOldTranslation) {
  constexpr uint64_t kPages = 8;
  RcuDomain domain;
  IotlbLog log(domain);
  const auto port =
      IommuPort::Create({&kOps, nullptr, &log}, ByteCount::TwoTo64()).value();
  std::array<std::atomic<uint64_t>, kPages> tables{};
  std::array<std::atomic<uint64_t>, kPages> invalidated{};
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> stale{0};
  std::atomic<uint64_t> hits{0};
  std::vector<std::thread> readers;
  for (uint64_t id = 0; id < 2; ++id) {
    readers.emplace_back([&, id] {
      Rng rng{id + 1};
      Iotlb tlb(log, {.slots = 4});
      while (!stop.load(std::memory_order_relaxed)) {
        const uint64_t page = rng.Below(kPages);
        const Addr a(page * kPage);
        // It had returned before we began.
        const uint64_t least =
            invalidated[page].load(std::memory_order_acquire);
        const IommuEntry* found = tlb.Find(*port, 0, a, IommuAccess::kRead);
        IommuEntry entry;
        if (found != nullptr) {
          entry = *found;
        } else {
          const Iotlb::Ticket ticket = tlb.ticket();
          const uint64_t version = tables[page].load(std::memory_order_relaxed);
          entry = Entry(a.raw(), a.raw() + kPage - 1, version * kPage);
          tlb.Insert(ticket, *port, 0, a, entry);
        }
        if (entry.translated.raw() / kPage < least) {
          stale.fetch_add(1, std::memory_order_relaxed);
        }
      }
      hits.fetch_add(tlb.stats().hits, std::memory_order_relaxed);
    });
  }
  Rng rng{7};
  for (uint64_t version = 1; version < 4000; ++version) {
    const uint64_t page = rng.Below(kPages);
    tables[page].store(version, std::memory_order_relaxed);
    const Addr first(page * kPage);
    if (version % 16 == 0) {
      log.InvalidateAll();
    } else {
      log.Invalidate({port.get(),
                      {first, Addr(first.raw() + kPage - 1)},
                      0,
                      IotlbLog::kAny});
    }
    invalidated[page].store(version, std::memory_order_release);
    if (version % 64 == 0) std::this_thread::yield();
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(stale.load(), 0u);
  EXPECT_GT(hits.load(), 0u);
}

}  // namespace
}  // namespace planish
