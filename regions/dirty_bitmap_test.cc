#include "planish/regions/dirty_bitmap.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planish/base/check.h"
#include "planish/regions/owner.h"
#include "planish/regions/ram_block.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"

namespace planish {
namespace {

using testing::ElementsAre;

constexpr uint64_t kPage = 0x1000;

// The granules that are dirty: "3 4 130".
std::string Dirty(const DirtyBitmap& bitmap) {
  std::string text;
  for (uint64_t g = 0; g < bitmap.granules(); ++g) {
    if (!bitmap.Test(g * bitmap.granule_bytes(), 1)) continue;
    text += (text.empty() ? "" : " ") + std::to_string(g);
  }
  return text;
}

TEST(DirtyBitmapTest, MarksTheGranulesThatHaveAByte) {
  DirtyBitmap bitmap(300 * kPage, kPage);
  EXPECT_EQ(bitmap.granules(), 300u);
  EXPECT_EQ(bitmap.words(), 5u);
  EXPECT_EQ(Dirty(bitmap), "");
  bitmap.Mark(3 * kPage, 1);
  bitmap.Mark(5 * kPage - 1, 1);
  bitmap.Mark(7 * kPage - 1, 2);
  bitmap.Mark(63 * kPage + 5, kPage);
  bitmap.Mark(299 * kPage, kPage);
  EXPECT_EQ(Dirty(bitmap), "3 4 6 7 63 64 299");
}

TEST(DirtyBitmapTest, MarksAcrossWords) {
  DirtyBitmap bitmap(300 * kPage, kPage);
  bitmap.Mark(60 * kPage, 140 * kPage);
  for (uint64_t g = 0; g < 300; ++g) {
    EXPECT_EQ(bitmap.Test(g * kPage, kPage), g >= 60 && g < 200) << g;
  }
  EXPECT_TRUE(bitmap.Test(0, 61 * kPage));
  EXPECT_FALSE(bitmap.Test(0, 60 * kPage));
  EXPECT_FALSE(bitmap.Test(200 * kPage, 100 * kPage));
  bitmap.MarkAll();
  std::vector<uint64_t> all(bitmap.words());
  EXPECT_EQ(bitmap.TestAndClear(0, 300 * kPage, absl::MakeSpan(all)), 300u);
}

TEST(DirtyBitmapTest, GranulesMayBeSmallAndTheLastOneCut) {
  DirtyBitmap bitmap(100, 1);
  bitmap.Mark(10, 3);
  bitmap.Mark(99, 1);
  EXPECT_EQ(Dirty(bitmap), "10 11 12 99");
  DirtyBitmap cut(kPage + 1, kPage);
  EXPECT_EQ(cut.granules(), 2u);
  cut.MarkAll();
  EXPECT_EQ(Dirty(cut), "0 1");
}

TEST(DirtyBitmapTest, SnapshotsTakeExactlyTheirPart) {
  DirtyBitmap bitmap(300 * kPage, kPage);
  bitmap.MarkAll();
  const DirtySnapshot taken =
      bitmap.SnapshotAndClear(70 * kPage + 9, 2 * kPage);
  EXPECT_FALSE(taken.Test(69 * kPage, kPage));
  EXPECT_TRUE(taken.Test(69 * kPage, kPage + 1));
  EXPECT_TRUE(taken.Test(70 * kPage, 1));
  EXPECT_TRUE(taken.Test(72 * kPage, 1));
  EXPECT_FALSE(taken.Test(73 * kPage, 227 * kPage));
  EXPECT_FALSE(taken.Test(70 * kPage, 0));
  for (uint64_t g = 0; g < 300; ++g) {
    EXPECT_EQ(bitmap.Test(g * kPage, 1), g < 70 || g > 72) << g;
  }
  EXPECT_TRUE(bitmap.SnapshotAndClear(70 * kPage, kPage).empty());
  EXPECT_FALSE(bitmap.Clear(70 * kPage, kPage));
  EXPECT_TRUE(bitmap.Clear(0, 300 * kPage));
  EXPECT_EQ(Dirty(bitmap), "");
}

TEST(DirtyBitmapTest, TestAndClearCountsWhatIsNewToTheCaller) {
  DirtyBitmap bitmap(128 * kPage, kPage);
  std::vector<uint64_t> mine = {0b110, 0};
  bitmap.Mark(kPage, 3 * kPage);
  bitmap.Mark(100 * kPage, 1);
  EXPECT_EQ(bitmap.TestAndClear(0, 128 * kPage, absl::MakeSpan(mine)), 2u);
  EXPECT_THAT(mine, ElementsAre(0b1110, uint64_t{1} << 36));
  EXPECT_EQ(bitmap.TestAndClear(0, 128 * kPage, absl::MakeSpan(mine)), 0u);
}

TEST(DirtyBitmapTest, ImportsAtAnySizeAndOffset) {
  const std::vector<uint64_t> log = {0b1001, 0b1};
  DirtyBitmap in_step(256 * kPage, kPage);
  EXPECT_EQ(in_step.Import(64 * kPage, kPage, log), 3u);
  EXPECT_EQ(Dirty(in_step), "64 67 128");
  DirtyBitmap shifted(256 * kPage, kPage);
  EXPECT_EQ(shifted.Import(2 * kPage, kPage, log), 3u);
  EXPECT_EQ(Dirty(shifted), "2 5 66");
  DirtyBitmap coarse(256 * kPage, 4 * kPage);
  EXPECT_EQ(coarse.Import(0, kPage, log), 3u);
  EXPECT_EQ(Dirty(coarse), "0 16");
  DirtyBitmap fine(8 * kPage, kPage / 2);
  EXPECT_EQ(fine.Import(0, kPage, log), 2u);
  EXPECT_EQ(Dirty(fine), "0 1 6 7");
  // Past the end nothing is anything.
  DirtyBitmap small(3 * kPage + 1, kPage);
  EXPECT_EQ(small.Import(0, kPage, std::vector<uint64_t>{~uint64_t{0}, 1}), 4u);
  EXPECT_EQ(small.Import(4 * kPage, kPage, log), 0u);
  EXPECT_EQ(Dirty(small), "0 1 2 3");
}

TEST(DirtyBitmapTest, ABlockHasOneForEachClient) {
  Topology topology;
  Owner board(topology, "board");
  Region& ram = **topology.AddRam(board, "ram", 4 * kPage);
  EXPECT_EQ(ram.ram()->dirty(2), nullptr);
  auto bitmap = std::make_unique<DirtyBitmap>(4 * kPage, kPage);
  DirtyBitmap* const raw = bitmap.get();
  EXPECT_EQ(ram.ram()->SetDirty(2, std::move(bitmap)), nullptr);
  EXPECT_EQ(ram.ram()->dirty(2), raw);
  EXPECT_EQ(ram.ram()->dirty(1), nullptr);
  EXPECT_EQ(ram.ram()->SetDirty(2, nullptr).get(), raw);
  EXPECT_EQ(ram.ram()->dirty(2), nullptr);
}

// A migration: data that is written while it is copied, page by page as the
// bitmap says, must be all there after a last round. If a mark could come
// before its data, or a bit that is being taken keep a writer from marking,
// then some page would stay behind.
TEST(DirtyBitmapTest, NoWriteIsLostToAMigration) {
  constexpr uint64_t kPages = 8;
  DirtyBitmap bitmap(kPages * kPage, kPage);
  std::array<std::atomic<uint64_t>, kPages> memory{};
  std::array<uint64_t, kPages> copy{};
  std::atomic<int> writing{2};
  std::vector<std::thread> writers;
  for (uint64_t w = 0; w < 2; ++w) {
    writers.emplace_back([&, w] {
      for (uint64_t i = 1; i <= 100000; ++i) {
        const uint64_t page = 2 * (i * 7 % (kPages / 2)) + w;
        memory[page].store(i, std::memory_order_relaxed);
        bitmap.Mark(page * kPage + 8, 8);
      }
      writing.fetch_sub(1, std::memory_order_release);
    });
  }
  uint64_t rounds = 0;
  const auto migrate = [&] {
    const DirtySnapshot dirty = bitmap.SnapshotAndClear(0, kPages * kPage);
    for (uint64_t p = 0; p < kPages; ++p) {
      if (!dirty.Test(p * kPage, kPage)) continue;
      copy[p] = memory[p].load(std::memory_order_relaxed);
      ++rounds;
    }
  };
  while (writing.load(std::memory_order_acquire) != 0) migrate();
  for (std::thread& writer : writers) writer.join();
  migrate();
  for (uint64_t p = 0; p < kPages; ++p) EXPECT_EQ(copy[p], memory[p]) << p;
  EXPECT_GE(rounds, kPages);
}

}  // namespace
}  // namespace planish
