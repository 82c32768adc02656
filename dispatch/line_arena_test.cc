#include "planish/dispatch/line_arena.h"

#include <cstddef>
#include <cstdint>
#include <set>

#include "gtest/gtest.h"

namespace planish {
namespace {

TEST(LineArenaTest, LineZeroIsNobodys) {
  LineArena arena(10, 100);
  EXPECT_EQ(arena.NewChunk(1), LineArena::kChunkLines);
  EXPECT_EQ(arena.NewChunk(1), 2 * LineArena::kChunkLines);
  const uint32_t block = arena.NewBlock(3, 1);
  EXPECT_FALSE(arena.IsChunk(block));
  EXPECT_EQ(arena.NewBlock(1, 1), block + 3);
}

TEST(LineArenaTest, LinesStayWhereTheyAre) {
  constexpr size_t kChunks = 3000;  // Past the first huge page.
  LineArena arena(kChunks, 100'000);
  arena.WantHugePages(kChunks, 100'000);
  const Line* const data = arena.data();
  std::set<uint32_t> lines;
  for (size_t i = 0; i < kChunks; ++i) {
    const uint32_t chunk = arena.NewChunk(1);
    const uint32_t block = arena.NewBlock(1 + i % 30, 1);
    for (const uint32_t line : {chunk, block}) {
      ASSERT_TRUE(lines.insert(line).second);
      auto* words = arena.At<uint64_t>(line);
      ASSERT_EQ(reinterpret_cast<uintptr_t>(words) % sizeof(Line), 0u);
      words[i % 8] = line;
    }
    for (const uint32_t line : {chunk, block}) {
      ASSERT_EQ(arena.At<uint64_t>(line)[i % 8], line);
    }
  }
  EXPECT_EQ(arena.data(), data);
  EXPECT_GE(arena.taken_bytes(), arena.taken_lines() * sizeof(Line));
}

TEST(LineArenaTest, WhatIsFreeIsUsedAgain) {
  LineArena arena(10, 100);
  const uint32_t chunk = arena.NewChunk(1);
  const uint32_t three = arena.NewBlock(3, 1);
  const uint32_t four = arena.NewBlock(4, 1);
  const size_t taken = arena.taken_lines();
  EXPECT_EQ(arena.free_lines(), 0u);
  arena.Free(three, 3);
  arena.Free(chunk, LineArena::kChunkLines);
  arena.Free(four, 4);
  EXPECT_EQ(arena.free_lines(), taken);
  EXPECT_EQ(arena.NewBlock(4, 2), four);
  EXPECT_EQ(arena.NewBlock(3, 2), three);
  EXPECT_EQ(arena.NewChunk(2), chunk);
  EXPECT_EQ(arena.free_lines(), 0u);
  EXPECT_EQ(arena.taken_lines(), taken);
  // More of a size is new.
  EXPECT_GT(arena.NewBlock(3, 2), four);
}

TEST(LineArenaTest, ALittleLargerWillDo) {
  LineArena arena(10, 100);
  const uint32_t six = arena.NewBlock(6, 1);
  const size_t taken = arena.taken_lines();
  arena.Free(six, 6);
  EXPECT_NE(arena.NewBlock(2, 2), six);  // More than twice what is needed.
  EXPECT_EQ(arena.NewBlock(3, 2), six);
  EXPECT_EQ(arena.free_lines(), 3u);
  arena.Free(six, 3);
  EXPECT_EQ(arena.NewBlock(6, 3), six);  // It has not become smaller.
  EXPECT_EQ(arena.taken_lines(), taken + 2);
}

TEST(LineArenaTest, KnowsWhenALineWasTaken) {
  LineArena arena(10, 100);
  const uint32_t chunk = arena.NewChunk(7);
  const uint32_t first = arena.NewBlock(3, 8);
  const uint32_t second = arena.NewBlock(3, 9);
  EXPECT_EQ(arena.born(chunk), 7u);
  arena.Free(first, 3);
  EXPECT_EQ(arena.born(second), 9u);
  EXPECT_EQ(arena.born(arena.NewBlock(3, 10)), 10u);
}

TEST(LineArenaTest, TellsWhatRoomThereIs) {
  LineArena arena(3, 10);
  EXPECT_TRUE(arena.HasRoom(3, 10));
  EXPECT_FALSE(arena.HasRoom(3, 11));
  arena.NewBlock(4, 1);
  EXPECT_TRUE(arena.HasRoom(0, 6));
  EXPECT_FALSE(arena.HasRoom(0, 7));
  EXPECT_FALSE(arena.HasRoom(1000, 0));
  EXPECT_DEATH(arena.NewBlock(7, 1), "D5");
}

TEST(LineArenaTest, ReleasesInSteps) {
  constexpr size_t kChunks = 10'000;
  LineArena arena(kChunks, 1000);
  for (size_t i = 0; i < kChunks; ++i) {
    *arena.At<uint64_t>(arena.NewChunk(1)) = 1;
  }
  size_t steps = 1;
  for (size_t budget = 64; !arena.ReleaseSome(budget); budget = 64) ++steps;
  EXPECT_GT(steps, 50u);  // 20 MiB, some 64 pages in each.
  EXPECT_EQ(*arena.At<uint64_t>(LineArena::kChunkLines), 0u);
}

}  // namespace
}  // namespace planish
