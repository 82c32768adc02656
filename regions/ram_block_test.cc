#include "planish/regions/ram_block.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"

namespace planish {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

TEST(RamBlockTest, AnonymousMemoryIsZeroedWritableAndPageAligned) {
  const auto block = RamBlock::Create("ram", 0x3001, RamBacking::Anonymous());
  ASSERT_TRUE(block.ok()) << block.status();
  const RamBlock& ram = **block;
  EXPECT_EQ(ram.size_bytes(), 0x3001u);
  EXPECT_EQ(ram.fd(), -1);
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(ram.host()) % page, 0u);
  EXPECT_EQ(ram.host()[0x3000], std::byte{0});
  ram.host()[0x3000] = std::byte{0x5a};
  EXPECT_EQ(ram.host()[0x3000], std::byte{0x5a});
}

TEST(RamBlockTest, PagesCostNothingUntilTheyAreTouched) {
  int overcommit = 0;
  std::ifstream("/proc/sys/vm/overcommit_memory") >> overcommit;
  if (overcommit == 2) GTEST_SKIP() << "this host counts untouched pages";
  constexpr uint64_t kSize = uint64_t{1} << 37;
  const auto block = RamBlock::Create("ram", kSize, RamBacking::Anonymous());
  ASSERT_TRUE(block.ok()) << block.status();
  (*block)->host()[kSize - 1] = std::byte{1};
}

TEST(RamBlockTest, AMemfdIsSeenByWhoMapsItToo) {
  const auto block = RamBlock::Create("guest", 0x2000, RamBacking::Memfd());
  ASSERT_TRUE(block.ok()) << block.status();
  const RamBlock& ram = **block;
  ASSERT_GE(ram.fd(), 0);
  void* second =
      mmap(nullptr, 0x2000, PROT_READ | PROT_WRITE, MAP_SHARED, ram.fd(), 0);
  ASSERT_NE(second, MAP_FAILED);
  auto* seen = static_cast<std::byte*>(second);
  ASSERT_NE(seen, ram.host());
  ram.host()[0x1fff] = std::byte{0x11};
  EXPECT_EQ(seen[0x1fff], std::byte{0x11});
  seen[0] = std::byte{0x22};
  EXPECT_EQ(ram.host()[0], std::byte{0x22});
  munmap(second, 0x2000);
}

TEST(RamBlockTest, AMemfdIsAsLongAsTheRegion) {
  const auto block = RamBlock::Create("guest", 0x2345, RamBacking::Memfd());
  ASSERT_TRUE(block.ok()) << block.status();
  EXPECT_EQ(lseek((*block)->fd(), 0, SEEK_END), 0x2345);
}

TEST(RamBlockTest, OurMemoryEndsWithTheBlock) {
  auto block = RamBlock::Create("guest", 0x1000, RamBacking::Memfd());
  ASSERT_TRUE(block.ok()) << block.status();
  const int fd = (*block)->fd();
  std::byte* const host = (*block)->host();
  block->reset();
  EXPECT_EQ(lseek(fd, 0, SEEK_END), -1);
  EXPECT_NE(msync(host, 0x1000, MS_ASYNC), 0);  // Not mapped any more.
}

TEST(RamBlockTest, CallersMemoryIsUsedAsItIsAndNeverFreed) {
  auto memory = std::make_unique<std::byte[]>(32);
  {
    const auto block =
        RamBlock::Create("bar", 31, RamBacking::Pointer(&memory[1]));
    ASSERT_TRUE(block.ok()) << block.status();
    EXPECT_EQ((*block)->host(), &memory[1]);
    EXPECT_EQ((*block)->size_bytes(), 31u);
    EXPECT_EQ((*block)->fd(), -1);
  }
  memory[1] = std::byte{1};
}

TEST(RamBlockTest, ANullPointerIsRefused) {
  EXPECT_EQ(
      RamBlock::Create("bar", 1, RamBacking::Pointer(nullptr)).status().code(),
      StatusCode::kInvalidArgument);
}

TEST(RamBlockTest, NoneIsNoBlockWhateverTheSize) {
  for (ByteCount size : {ByteCount(0), ByteCount(1), ByteCount::TwoTo64()}) {
    const auto block = RamBlock::Create("map", size, RamBacking::None());
    ASSERT_TRUE(block.ok()) << block.status();
    EXPECT_EQ(*block, nullptr);
  }
}

TEST(RamBlockTest, NothingAndTwoTo64AreRefused) {
  std::byte memory{0};
  for (RamBacking backing : {RamBacking::Anonymous(), RamBacking::Memfd(),
                             RamBacking::Pointer(&memory)}) {
    for (ByteCount size : {ByteCount(0), ByteCount::TwoTo64()}) {
      const absl::Status status =
          RamBlock::Create("odd", size, backing).status();
      EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
      EXPECT_THAT(std::string(status.message()), HasSubstr("'odd'"));
    }
  }
}

TEST(RamBlockTest, WhatTheHostRefusesNamesTheSizeAndTheError) {
  for (RamBacking backing : {RamBacking::Anonymous(), RamBacking::Memfd()}) {
    for (uint64_t size : {UINT64_MAX, uint64_t{1} << 62}) {
      const absl::Status status =
          RamBlock::Create("huge", size, backing).status();
      EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
      EXPECT_THAT(std::string(status.message()), HasSubstr("errno"));
      EXPECT_THAT(std::string(status.message()),
                  HasSubstr(size == UINT64_MAX ? "0xffffffffffffffff"
                                               : "0x4000000000000000"));
    }
  }
}

}  // namespace
}  // namespace planish
