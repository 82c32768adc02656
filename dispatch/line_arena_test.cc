#include "planish/dispatch/line_arena.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include "gtest/gtest.h"

namespace planish {
namespace {

TEST(LineArenaTest, LineZeroIsNobodys) {
  LineArena arena(0, false);
  EXPECT_EQ(arena.Append(1), 1u);
  EXPECT_EQ(arena.Append(3), 2u);
  EXPECT_EQ(arena.Append(1), 5u);
}

TEST(LineArenaTest, LinesAreZeroAlignedAndKeptWhileItGrows) {
  for (const bool huge_pages : {false, true}) {
    LineArena arena(1, huge_pages);
    constexpr uint32_t kLines = 100'000;  // Past the first huge page.
    for (uint32_t i = 1; i <= kLines; ++i) {
      const uint32_t line = arena.Append(1);
      ASSERT_EQ(line, i);
      auto* words = arena.At<uint64_t>(line);
      ASSERT_EQ(reinterpret_cast<uintptr_t>(words) % sizeof(Line), 0u);
      for (size_t j = 0; j < 8; ++j) ASSERT_EQ(words[j], 0u);
      words[i % 8] = i;
    }
    for (uint32_t i = 1; i <= kLines; ++i) {
      ASSERT_EQ(arena.At<uint64_t>(i)[i % 8], i);
    }
    EXPECT_EQ(arena.size_bytes(), (kLines + 1) * sizeof(Line));
  }
}

TEST(LineArenaTest, MovingLeavesNothingBehind) {
  LineArena from(10, false);
  from.At<uint64_t>(from.Append(1))[0] = 7;
  const LineArena to(std::move(from));
  EXPECT_EQ(to.At<uint64_t>(1)[0], 7u);
}

}  // namespace
}  // namespace planish
