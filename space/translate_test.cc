#include "planish/space/translate.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/regions/access_attributes.h"
#include "planish/regions/dirty_bitmap.h"
#include "planish/regions/iommu_ops.h"
#include "planish/regions/iommu_port.h"
#include "planish/regions/iotlb_log.h"
#include "planish/regions/owner.h"
#include "planish/regions/ram_block.h"
#include "planish/regions/region.h"
#include "planish/regions/region_ops.h"
#include "planish/regions/topology.h"
#include "planish/space/access.h"
#include "planish/space/access_log.h"
#include "planish/space/address_space.h"
#include "planish/space/bulk_access.h"
#include "planish/space/call_chain.h"
#include "planish/space/device_access.h"
#include "planish/space/iotlb.h"

namespace planish {
namespace {

constexpr AccessResult kOk = AccessResult::kOk;
constexpr AccessResult kDecodeError = AccessResult::kDecodeError;
constexpr AccessResult kAccessError = AccessResult::kAccessError;
constexpr uint64_t kPage = 4096;

// Pages, by index and number; and what was asked and reported.
struct Model {
  std::map<std::pair<uint32_t, uint64_t>, IommuEntry> pages;
  std::vector<IommuFault> faults;
  int asked = 0;
  // What else it does when it is asked.
  void (*work)(void* of) = nullptr;
  void* of = nullptr;

  void Map(uint64_t a, const AddressSpace* target, uint64_t to,
           IommuAccess allowed = IommuAccess::kReadWrite, uint32_t index = 0) {
    pages[{index, a / kPage}] =
        IommuEntry::Block(target, Addr(a), Addr(to), kPage - 1, allowed);
  }

  static IommuEntry Translate(void* iommu, Addr offset, IommuAccess,
                              uint32_t index, AccessAttributes) {
    Model& self = *static_cast<Model*>(iommu);
    ++self.asked;
    if (self.work != nullptr) self.work(self.of);
    const auto at = self.pages.find({index, offset.raw() / kPage});
    return at == self.pages.end() ? IommuEntry() : at->second;
  }
  static uint32_t IndexOf(void*, AccessAttributes attributes) {
    return attributes.has_pasid ? attributes.pasid : 0;
  }
  static void Fault(void* iommu, const IommuFault& fault) {
    static_cast<Model*>(iommu)->faults.push_back(fault);
  }
};

constexpr IommuOps kOps = {.translate = &Model::Translate,
                           .index_of = &Model::IndexOf,
                           .fault = &Model::Fault,
                           .num_indexes = 8};

// Registers that hold the offset they were asked at.
struct Regs {
  uint64_t written = 0;
  unsigned size = 0;

  Loaded<uint64_t> Read(uint64_t offset, unsigned width, AccessAttributes) {
    size = width;
    return {kOk, 0x1000 + offset};
  }
  AccessResult Write(uint64_t offset, unsigned width, uint64_t value,
                     AccessAttributes) {
    size = width;
    written = offset << 32 | value;
    return kOk;
  }
};
constexpr RegionOps kRegOps = {.read = MemberCallback<&Regs::Read>,
                               .write = MemberCallback<&Regs::Write>,
                               .valid = {1, 8, true},
                               .impl = {1, 8, true}};

//   memory   0 ram (1 MiB)   200000 regs   300000 nothing
//   dma      0 iommu (all of it)           outer   0 a second one
class TranslateTest : public testing::Test {
 public:  // For what models do.
  TranslateTest() {
    Link(memory_root_, ram_, 0);
    Link(memory_root_, regs_region_, 0x200000);
    memory_ = AddressSpace::Create(board_, "memory", memory_root_).value();
    dma_ = AddressSpace::Create(board_, "dma", iommu_).value();
    outer_ = AddressSpace::Create(board_, "outer", outer_iommu_).value();
    for (uint64_t i = 0; i < ram_.ram()->size_bytes(); ++i) {
      ram_.ram()->host()[i] = Pattern(i);
    }
  }

  static std::byte Pattern(uint64_t i) {
    return static_cast<std::byte>((i * 37 + (i >> 8) * 11) % 251 + 1);
  }
  void Link(Region& container, Region& region, uint64_t at) {
    PLANISH_CHECK_OK(topology_.Link(container, region, Addr(at)));
  }
  Region& Iommu(Model& model) {
    return **topology_.AddIommu(board_, "iommu", ByteCount::TwoTo64(),
                                {&kOps, &model, &log_});
  }
  Loaded<uint32_t> Load4(uint64_t a, AccessAttributes attributes = {},
                         const AccessOptions& options = {}) {
    const ReadGuard guard(topology_.rcu());
    return LoadLe<uint32_t>(guard, *dma_, Addr(a), attributes, options);
  }
  AccessResult Store4(uint64_t a, uint32_t value,
                      AccessAttributes attributes = {},
                      const AccessOptions& options = {}) {
    const ReadGuard guard(topology_.rcu());
    return StoreLe<uint32_t>(guard, *dma_, Addr(a), value, attributes, options);
  }
  BulkResult ReadBytes(uint64_t a, uint64_t bytes) {
    buffer_.assign(bytes, std::byte{0xaa});
    const ReadGuard guard(topology_.rcu());
    return Read(guard, *dma_, Addr(a), absl::MakeSpan(buffer_));
  }
  uint32_t RamAt(uint64_t a) const {
    uint32_t word = 0;
    for (int i = 3; i >= 0; --i) {
      word = word << 8 | static_cast<uint32_t>(
                             ram_.ram()->host()[a + static_cast<uint64_t>(i)]);
    }
    return word;
  }

  Topology topology_;
  IotlbLog log_{topology_.rcu()};
  Model model_;
  Model outer_model_;
  Regs regs_;
  Owner board_{topology_, "board"};
  Region& memory_root_ = **topology_.AddContainer(board_, "memory");
  Region& ram_ = **topology_.AddRam(board_, "ram", 1 << 20);
  Region& regs_region_ = **topology_.AddMmio(
      board_, "regs", 0x1000, {.ops = &kRegOps, .device = &regs_});
  Region& iommu_ = Iommu(model_);
  Region& outer_iommu_ = Iommu(outer_model_);
  AddressSpace* memory_ = nullptr;
  AddressSpace* dma_ = nullptr;
  AddressSpace* outer_ = nullptr;
  std::vector<std::byte> buffer_;
};

TEST_F(TranslateTest, R6LoadsAndStoresGoOnInTheTargetSpace) {
  model_.Map(0x5000, memory_, 0x3000);
  model_.Map(0x6000, memory_, 0x200000);
  EXPECT_EQ(Load4(0x5010), (Loaded<uint32_t>{kOk, RamAt(0x3010)}));
  EXPECT_EQ(Load4(0x5011).value, RamAt(0x3011));
  EXPECT_EQ(Store4(0x5010, 0x12345678), kOk);
  EXPECT_EQ(RamAt(0x3010), 0x12345678u);
  EXPECT_EQ(Load4(0x6020), (Loaded<uint32_t>{kOk, 0x1020}));
  EXPECT_EQ(Store4(0x6020, 7), kOk);
  EXPECT_EQ(regs_.written, uint64_t{0x20} << 32 | 7);
  const ReadGuard guard(topology_.rcu());
  EXPECT_EQ(LoadBe<uint16_t>(guard, *dma_, Addr(0x5010)).value, 0x7856);
  EXPECT_EQ(StoreBe<uint64_t>(guard, *dma_, Addr(0x5010), 1), kOk);
  EXPECT_EQ(LoadLe<uint8_t>(guard, *dma_, Addr(0x5017)).value, 1);
}

TEST_F(TranslateTest, R6WhatIsNotAllowedIsADecodeErrorAndTheModelIsTold) {
  model_.Map(0x1000, memory_, 0x1000, IommuAccess::kRead);
  model_.Map(0x2000, memory_, 0x2000, IommuAccess::kWrite);
  EXPECT_EQ(Load4(0x1000).result, kOk);
  const uint32_t before = RamAt(0x1000);
  EXPECT_EQ(Store4(0x1004, 1), kDecodeError);
  EXPECT_EQ(RamAt(0x1000), before);
  EXPECT_EQ(Load4(0x2000), (Loaded<uint32_t>{kDecodeError, 0}));
  EXPECT_EQ(Load4(0x1008, {.fetch = true}).result, kDecodeError);
  EXPECT_EQ(Load4(0x3000).result, kDecodeError);
  ASSERT_EQ(model_.faults.size(), 4u);
  EXPECT_EQ(model_.faults[0].why, IommuFault::Why::kNotAllowed);
  EXPECT_EQ(model_.faults[0].offset, Addr(0x1004));
  EXPECT_EQ(model_.faults[0].wanted, IommuAccess::kWrite);
  EXPECT_EQ(model_.faults[1].wanted, IommuAccess::kRead);
  EXPECT_EQ(model_.faults[2].wanted, IommuAccess::kFetch);
  EXPECT_EQ(model_.faults[3].why, IommuFault::Why::kNotMapped);
}

TEST_F(TranslateTest, R6AttributesChooseTheTable) {
  model_.Map(0, memory_, 0x1000, IommuAccess::kRead, 0);
  model_.Map(0, memory_, 0x2000, IommuAccess::kRead, 5);
  EXPECT_EQ(Load4(0).value, RamAt(0x1000));
  EXPECT_EQ(Load4(0, {.pasid = 5, .has_pasid = true}).value, RamAt(0x2000));
  // There are 8.
  EXPECT_EQ(Load4(0, {.pasid = 9, .has_pasid = true}).result, kDecodeError);
  EXPECT_EQ(model_.asked, 2);
}

TEST_F(TranslateTest, AnAnswerThatIsNoneIsAFault) {
  Topology other_topology;
  Owner other_board(other_topology, "other");
  Region& other_root = **other_topology.AddContainer(other_board, "root");
  const AddressSpace* other =
      AddressSpace::Create(other_board, "other", other_root).value();
  model_.Map(0x1000, nullptr, 0);
  model_.Map(0x2000, other, 0);
  model_.Map(0x3000, memory_, 0);
  model_.pages[{0, 3}].first = Addr(0x3004);
  for (const uint64_t a : {0x1000, 0x2000, 0x3000}) {
    EXPECT_EQ(Load4(a).result, kDecodeError);
    EXPECT_EQ(model_.faults.back().why, IommuFault::Why::kBadEntry);
  }
  EXPECT_EQ(Load4(0x3004).result, kOk);
}

TEST_F(TranslateTest, R5_7AnAccessOverTheEndOfASpanIsOneDispatch) {
  // RAM goes on in the target, but the span does not: as over RAM's end.
  model_.Map(0x1000, memory_, 0x1000);
  model_.Map(0x2000, memory_, 0x2000);
  EXPECT_EQ(Load4(0x1ffc).result, kOk);
  EXPECT_EQ(Load4(0x1ffd), (Loaded<uint32_t>{kDecodeError, 0}));
  EXPECT_EQ(Store4(0x1ffd, 1), kDecodeError);
  model_.Map(0x3000, memory_, 0x200000);
  EXPECT_EQ(Load4(0x3ffe), (Loaded<uint32_t>{kOk, 0x1ffe}));
  EXPECT_EQ(regs_.size, 4u);
}

TEST_F(TranslateTest, MemoryOnlyIsAskedOfWhereTheWayEnds) {
  model_.Map(0x1000, memory_, 0x1000);
  model_.Map(0x2000, memory_, 0x200000);
  EXPECT_EQ(Load4(0x1000, {.memory_only = true}).result, kOk);
  EXPECT_EQ(Load4(0x2000, {.memory_only = true}).result, kAccessError);
  EXPECT_EQ(Store4(0x2000, 1, {.memory_only = true}), kAccessError);
  EXPECT_EQ(regs_.size, 0u);
}

TEST_F(TranslateTest, R6ChainsGoThroughAnyNumberAndHoldAsFarAsTheShortest) {
  model_.pages[{0, 0}] = {outer_, Addr(0), Addr(0xffff), Addr(0x10000),
                          IommuAccess::kAll};
  outer_model_.Map(0x10000, memory_, 0x7000);
  const ReadGuard guard(topology_.rcu());
  const Translated at = Translate(guard, *dma_, Addr(0x123), false);
  EXPECT_EQ(at.result, kOk);
  EXPECT_EQ(at.space, memory_);
  EXPECT_EQ(at.section.addr(), Addr(0x7123));
  EXPECT_EQ(at.section.last(), Addr(0x7fff));
  EXPECT_EQ(at.section.region(), &ram_);
  EXPECT_EQ(LoadLe<uint32_t>(guard, *dma_, Addr(0x120)).value, RamAt(0x7120));
  // No IOMMU on the way: what was looked up.
  const Translated plain = Translate(guard, *memory_, Addr(0x123), false);
  EXPECT_EQ(plain.space, nullptr);
  EXPECT_EQ(plain.section.last(), Addr((1 << 20) - 1));
}

TEST_F(TranslateTest, TablesThatLoopEndWithAnAccessError) {
  model_.Map(0, outer_, 0);
  outer_model_.Map(0, dma_, 0);
  AccessOptions options;
  options.max_iommus = 5;
  EXPECT_EQ(Load4(0, {}, options), (Loaded<uint32_t>{kAccessError, 0}));
  EXPECT_EQ(model_.asked + outer_model_.asked, 5);
  EXPECT_EQ(Store4(0, 1), kAccessError);
  model_.Map(0, dma_, 0);
  EXPECT_EQ(Load4(0).result, kAccessError);
  EXPECT_EQ(ReadBytes(0, 8).result, kAccessError);
  // As many as are allowed.
  model_.Map(0, outer_, 0);
  outer_model_.Map(0, memory_, 0);
  options.max_iommus = 2;
  EXPECT_EQ(Load4(0, {}, options).result, kOk);
  options.max_iommus = 1;
  EXPECT_EQ(Load4(0, {}, options).result, kAccessError);
}

TEST_F(TranslateTest, AModelThatReadsItsTablesThroughItselfIsRefused) {
  struct Walker {
    TranslateTest* test;
    std::vector<AccessResult> results;
  } walker{this, {}};
  model_.Map(0, memory_, 0);
  model_.work = [](void* of) {
    Walker& self = *static_cast<Walker*>(of);
    self.results.push_back(self.test->Load4(0).result);
    // Elsewhere it may read what it likes.
    const ReadGuard guard(self.test->topology_.rcu());
    self.results.push_back(
        Load<uint32_t>(guard, *self.test->memory_, Addr(0x200000)).result);
  };
  model_.of = &walker;
  EXPECT_EQ(Load4(0).result, kOk);
  EXPECT_EQ(walker.results, (std::vector{kAccessError, kOk}));
  EXPECT_EQ(CallDepth(), 0u);
}

TEST_F(TranslateTest, R5_4BulkGoesPieceByPieceThroughThePages) {
  // Four pages, backwards in memory, with a hole, then registers.
  for (uint64_t i = 0; i < 4; ++i) {
    model_.Map(i * kPage, memory_, (9 - i) * kPage);
  }
  EXPECT_EQ(ReadBytes(0x10, 4 * kPage - 0x20),
            (BulkResult{kOk, 4 * kPage - 0x20}));
  for (uint64_t i = 0; i < buffer_.size(); ++i) {
    const uint64_t a = i + 0x10;
    ASSERT_EQ(buffer_[i], Pattern((9 - a / kPage) * kPage + a % kPage)) << a;
  }
  EXPECT_EQ(ReadBytes(3 * kPage, 2 * kPage), (BulkResult{kDecodeError, kPage}));
  EXPECT_EQ(buffer_[kPage], std::byte{0});
  EXPECT_EQ(buffer_[2 * kPage - 1], std::byte{0});
  // A page with a fault does not stop the one behind it.
  model_.Map(5 * kPage, memory_, 0x200000);
  EXPECT_EQ(ReadBytes(4 * kPage, kPage + 8), (BulkResult{kDecodeError, 0}));
  EXPECT_EQ(buffer_[kPage + 1], std::byte{0x10});
  // Pieces of registers end with the page.
  EXPECT_EQ(ReadBytes(6 * kPage - 2, 4).good_bytes, 2u);
  EXPECT_EQ(regs_.size, 2u);
}

TEST_F(TranslateTest, WritesFillsCopiesAndProbesGoThrough) {
  model_.Map(0, memory_, 0x8000);
  model_.Map(kPage, memory_, 0x4000);
  model_.Map(2 * kPage, memory_, 0x6000, IommuAccess::kRead);
  const ReadGuard guard(topology_.rcu());
  std::vector<std::byte> data(kPage, std::byte{0x77});
  EXPECT_EQ(Write(guard, *dma_, Addr(0x800), data), (BulkResult{kOk, kPage}));
  EXPECT_EQ(ram_.ram()->host()[0x8fff], std::byte{0x77});
  EXPECT_EQ(ram_.ram()->host()[0x47ff], std::byte{0x77});
  EXPECT_EQ(ram_.ram()->host()[0x4800], Pattern(0x4800));
  EXPECT_EQ(ram_.ram()->host()[0x9000], Pattern(0x9000));
  EXPECT_EQ(Fill(guard, *dma_, Addr(0x1800), std::byte{5}, kPage),
            (BulkResult{kDecodeError, 0x800}));
  EXPECT_EQ(ram_.ram()->host()[0x4800], std::byte{5});
  EXPECT_EQ(ram_.ram()->host()[0x6000], Pattern(0x6000));
  EXPECT_TRUE(IsAccessible(guard, *dma_, Addr(0), 3 * kPage, false));
  EXPECT_FALSE(IsAccessible(guard, *dma_, Addr(0), 3 * kPage, true));
  EXPECT_TRUE(IsAccessible(guard, *dma_, Addr(0), 2 * kPage, true));
  // From a page to a page, and over their borders.
  EXPECT_EQ(
      Copy(guard, *dma_, Addr(2 * kPage - 0x10), *memory_, Addr(0xa000), 0x20),
      (BulkResult{kOk, 0x20}));
  EXPECT_EQ(ram_.ram()->host()[0xa00f], std::byte{5});
  EXPECT_EQ(ram_.ram()->host()[0xa010], Pattern(0x6000));
  EXPECT_EQ(Copy(guard, *memory_, Addr(0xb000), *dma_, Addr(kPage - 8), 16),
            (BulkResult{kOk, 16}));
  EXPECT_EQ(ram_.ram()->host()[0x8fff], Pattern(0xb007));
  EXPECT_EQ(ram_.ram()->host()[0x4000], Pattern(0xb008));
  // Registers behind one IOMMU, to memory behind it.
  model_.Map(3 * kPage, memory_, 0x200000);
  EXPECT_EQ(Copy(guard, *dma_, Addr(3 * kPage), *dma_, Addr(0), 8),
            (BulkResult{kOk, 8}));
  EXPECT_EQ(RamAt(0x8000), 0x1000u);
  WriteRom(guard, *dma_, Addr(0), {data.data(), 16});
  EXPECT_EQ(ram_.ram()->host()[0x800f], std::byte{0x77});
}

TEST_F(TranslateTest, WritesThroughAnIommuMarkWhatTheyWrote) {
  ram_.ram()->SetDirty(
      0, std::make_unique<DirtyBitmap>(ram_.ram()->size_bytes(), kPage));
  PLANISH_CHECK_OK(topology_.SetDirtyLogMask(ram_, 1));
  model_.Map(0, memory_, 0x3000);
  EXPECT_EQ(Store4(0x10, 1), kOk);
  DirtyBitmap& dirty = *ram_.ram()->dirty(0);
  EXPECT_TRUE(dirty.Test(0x3000, 1));
  EXPECT_FALSE(dirty.Test(0x0, 0x3000));
  EXPECT_FALSE(dirty.Test(0x4000, 0x1000));
}

TEST_F(TranslateTest, LengthsWithoutEndEnd) {
  // A page each of 2^52 pages that fault.
  const ReadGuard guard(topology_.rcu());
  AccessOptions options;
  options.max_device_calls = 100;
  EXPECT_EQ(Fill(guard, *dma_, Addr(0), std::byte{0}, UINT64_MAX, {}, options),
            (BulkResult{kDecodeError | kAccessError, 0}));
  EXPECT_EQ(model_.asked, 100);
  EXPECT_FALSE(
      IsAccessible(guard, *dma_, Addr(0), UINT64_MAX, false, {}, options));
  // A model that says how far a hole goes is asked once.
  model_.asked = 0;
  model_.pages[{0, 0}] = {nullptr, Addr(0), Addr::Max()};
  EXPECT_EQ(Fill(guard, *dma_, Addr(0), std::byte{0}, UINT64_MAX).result,
            kDecodeError);
  EXPECT_EQ(model_.asked, 1);
}

TEST_F(TranslateTest, TheLogSaysWhatWasNotTranslated) {
  std::vector<std::string> reports;
  AccessLog log(
      [](void* of, const AccessReport& report) {
        std::ostringstream out;
        out << report;
        static_cast<std::vector<std::string>*>(of)->push_back(out.str());
      },
      &reports);
  AccessOptions options;
  options.log = &log;
  Load4(0x1ff0, {}, options);
  model_.Map(0, dma_, 0);
  Store4(0, 1, {}, options);
  EXPECT_EQ(reports, (std::vector<std::string>{
                         "read of 16 bytes at 'iommu' +0x1ff0: not translated",
                         "write of 4096 bytes at 'iommu' +0x0: re-entered"}));
}

// ---- With a cache.

TEST_F(TranslateTest, WhatIsCachedIsNotAskedAgainUntilItIsInvalidated) {
  Iotlb tlb(log_);
  AccessOptions options;
  options.iotlb = &tlb;
  model_.Map(0, memory_, 0x1000, IommuAccess::kRead);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(Load4(0x10, {}, options).value, RamAt(0x1010));
  }
  EXPECT_EQ(model_.asked, 1);
  EXPECT_EQ(tlb.stats().hits, 9u);
  // What it lacks is asked for; faults are not cached.
  EXPECT_EQ(Store4(0x10, 1, {}, options), kDecodeError);
  EXPECT_EQ(Store4(0x10, 1, {}, options), kDecodeError);
  EXPECT_EQ(model_.asked, 3);
  model_.Map(0, memory_, 0x2000);
  EXPECT_EQ(Load4(0x10, {}, options).value, RamAt(0x1010));  // Not yet told.
  PLANISH_CHECK_OK(iommu_.iommu()->Notify(
      {IommuEvent::kUnmap, 0, {.first = Addr(0), .last = Addr(0xfff)}}));
  EXPECT_EQ(Load4(0x10, {}, options).value, RamAt(0x2010));
  EXPECT_EQ(Store4(0x10, 1, {}, options), kOk);
  // Another PASID's page is another page.
  model_.Map(0, memory_, 0x3000, IommuAccess::kRead, 5);
  EXPECT_EQ(Load4(0x10, {.pasid = 5, .has_pasid = true}, options).value,
            RamAt(0x3010));
  EXPECT_EQ(Load4(0x10, {}, options).value, RamAt(0x2010));
}

TEST_F(TranslateTest, AnInvalidationFromInsideTheModelIsNotLost) {
  Iotlb tlb(log_);
  AccessOptions options;
  options.iotlb = &tlb;
  model_.Map(0, memory_, 0x1000);
  model_.work = [](void* of) { static_cast<IotlbLog*>(of)->InvalidateAll(); };
  model_.of = &log_;
  EXPECT_EQ(Load4(0, {}, options).result, kOk);
  EXPECT_EQ(Load4(0, {}, options).result, kOk);
  EXPECT_EQ(model_.asked, 2);
}

// ---- Models that leave the guard (C2).

TEST_F(TranslateTest, C2AModelMayLeaveTheGuardAndTheRestIsFoundAnew) {
  // Each time it is asked, it blocks, and another thread's commit replaces all
  // versions of all spaces meanwhile; they are freed if nobody reads them.
  struct Blocker {
    TranslateTest* test;
    int times;
  } blocker{this, 0};
  for (uint64_t i = 0; i < 8; ++i) {
    model_.Map(i * kPage, memory_, (i ^ 1) * kPage);
    model_.Map((i + 16) * kPage, memory_, (i + 16) * kPage);
  }
  model_.work = [](void* of) {
    Blocker& self = *static_cast<Blocker*>(of);
    const BlockingScope blocking;
    Topology& topology = self.test->topology_;
    ++self.times;
    PLANISH_CHECK_OK(
        topology.SetEnabled(self.test->regs_region_, self.times % 2 == 0));
    PLANISH_CHECK_OK(
        topology.SetUnmergeable(self.test->iommu_, self.times % 2 == 0));
    while (topology.Poll(1000)) {
    }
  };
  model_.of = &blocker;
  EXPECT_EQ(ReadBytes(0, 8 * kPage), (BulkResult{kOk, 8 * kPage}));
  EXPECT_EQ(blocker.times, 8);
  for (uint64_t i = 0; i < buffer_.size(); ++i) {
    ASSERT_EQ(buffer_[i], Pattern((i / kPage ^ 1) * kPage + i % kPage)) << i;
  }
  EXPECT_EQ(Load4(0x1010).value, RamAt(0x10));
  const ReadGuard guard(topology_.rcu());
  // Both sides block; neither finds the other's pages gone.
  EXPECT_EQ(Copy(guard, *dma_, Addr(0x10), *dma_, Addr(0x10010), 3 * kPage),
            (BulkResult{kOk, 3 * kPage}));
  for (uint64_t i = 0; i < 3 * kPage; ++i) {
    const uint64_t a = i + 0x10;
    ASSERT_EQ(ram_.ram()->host()[0x10010 + i],
              Pattern((a / kPage ^ 1) * kPage + a % kPage));
  }
}

// ---- Random tables and accesses, beside bytes.

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

TEST_F(TranslateTest, RandomTablesAndAccessesAreAsByteByByte) {
  constexpr uint64_t kPages = 8;
  constexpr uint64_t kRamPages = 16;
  Iotlb tlb(log_, {.slots = 4});
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    Rng rng{seed};
    std::ostringstream program;
    program << "seed " << seed << '\n';
    model_.pages.clear();
    outer_model_.pages.clear();
    log_.InvalidateAll();
    std::vector<std::byte> ram(ram_.ram()->host(),
                               ram_.ram()->host() + kRamPages * kPage);
    // Where a byte ends up: in RAM, or nowhere.
    const auto resolve = [&](uint64_t a,
                             bool is_write) -> std::optional<uint64_t> {
      const IommuAccess wanted =
          is_write ? IommuAccess::kWrite : IommuAccess::kRead;
      auto at = model_.pages.find({0, a / kPage});
      if (at == model_.pages.end() || !Has(at->second.allowed, wanted)) {
        return std::nullopt;
      }
      uint64_t to = at->second.translated.raw() + a % kPage;
      if (at->second.target == outer_) {
        at = outer_model_.pages.find({0, to / kPage});
        if (at == outer_model_.pages.end() ||
            !Has(at->second.allowed, wanted)) {
          return std::nullopt;
        }
        to = at->second.translated.raw() + to % kPage;
      }
      return to;
    };
    for (int step = 0; step < 60; ++step) {
      const uint64_t page = rng.Below(kPages);
      Model& model = rng.Below(3) == 0 ? outer_model_ : model_;
      Region& region = &model == &model_ ? iommu_ : outer_iommu_;
      const bool to_outer = &model == &model_ && rng.Below(3) == 0;
      const uint64_t target = rng.Below(to_outer ? kPages : kRamPages);
      const uint64_t a = rng.Below((kPages + 1) * kPage);
      const uint64_t bytes =
          rng.Below(4) == 0 ? 1 + rng.Below(3 * kPage) : 1 + rng.Below(16);
      const auto value = static_cast<uint8_t>(1 + rng.Below(255));
      AccessOptions options;
      if (rng.Below(4) != 0) options.iotlb = &tlb;
      const ReadGuard guard(topology_.rcu());
      switch (rng.Below(6)) {
        case 0:
        case 1: {
          model.Map(page * kPage, to_outer ? outer_ : memory_, target * kPage,
                    static_cast<IommuAccess>(1 + rng.Below(3)));
          // In place: an unmapping first, as the models of IOMMUs do.
          PLANISH_CHECK_OK(region.iommu()->Notify(
              {IommuEvent::kUnmap,
               0,
               {.first = Addr(page * kPage),
                .last = Addr(page * kPage + kPage - 1)}}));
          program << "map " << region.number() << ' ' << page << " to "
                  << target << (to_outer ? " outer\n" : "\n");
          break;
        }
        case 2: {
          model.pages.erase({0, page});
          PLANISH_CHECK_OK(region.iommu()->Notify(
              {IommuEvent::kUnmap,
               0,
               {.first = Addr(page * kPage),
                .last = Addr(page * kPage + kPage - 1)}}));
          program << "unmap " << region.number() << ' ' << page << '\n';
          break;
        }
        case 3: {
          program << "fill " << Addr(a) << ' ' << bytes << '\n';
          const BulkResult result =
              Fill(guard, *dma_, Addr(a), std::byte{value}, bytes, {}, options);
          uint64_t good = 0;
          for (uint64_t i = 0; i < bytes; ++i) {
            const auto to = resolve(a + i, true);
            if (to) ram[*to] = std::byte{value};
            if (to && good == i) ++good;
          }
          ASSERT_EQ(result.good_bytes, good) << program.str();
          ASSERT_EQ(result.result, good == bytes ? kOk : kDecodeError)
              << program.str();
          break;
        }
        default: {
          program << "read " << Addr(a) << ' ' << bytes << '\n';
          buffer_.assign(bytes, std::byte{0xaa});
          const BulkResult result =
              Read(guard, *dma_, Addr(a), absl::MakeSpan(buffer_), {}, options);
          uint64_t good = 0;
          for (uint64_t i = 0; i < bytes; ++i) {
            const auto from = resolve(a + i, false);
            ASSERT_EQ(buffer_[i], from ? ram[*from] : std::byte{0})
                << i << '\n'
                << program.str();
            if (from && good == i) ++good;
          }
          ASSERT_EQ(result.good_bytes, good) << program.str();
        }
      }
      ASSERT_TRUE(std::equal(ram.begin(), ram.end(), ram_.ram()->host()))
          << program.str();
    }
  }
}

}  // namespace
}  // namespace planish
