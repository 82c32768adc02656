#include "planish/text/numbers.h"

#include <cstdint>
#include <optional>

#include "gtest/gtest.h"
#include "planish/base/addr.h"

namespace planish::text {
namespace {

constexpr ByteCount kAll = ByteCount::TwoTo64();

TEST(NumbersTest, HexReachesTwoTo64AndNotBeyond) {
  EXPECT_EQ(ParseHex("10000000000000000"), kAll);
  EXPECT_EQ(ParseHex("ffffffffffffffff"), ByteCount(UINT64_MAX));
  EXPECT_EQ(ParseHex("00000000000000000000fF"), ByteCount(255));
  EXPECT_EQ(ParseHex("10000000000000001"), std::nullopt);
  EXPECT_EQ(ParseHex("99999999999999999999999999999999999"), std::nullopt);
}

TEST(NumbersTest, HexOfAnAddressStopsBelowTwoTo64) {
  EXPECT_EQ(ParseHex64("ffffffffffffffff"), UINT64_MAX);
  EXPECT_EQ(ParseHex64("10000000000000000"), std::nullopt);
}

TEST(NumbersTest, HexTakesDigitsOnly) {
  EXPECT_EQ(ParseHex(""), std::nullopt);
  EXPECT_EQ(ParseHex("0x10"), std::nullopt);
  EXPECT_EQ(ParseHex("-1"), std::nullopt);
  EXPECT_EQ(ParseHex("1 "), std::nullopt);
  EXPECT_EQ(ParseHex("1g"), std::nullopt);
}

TEST(NumbersTest, UnitsArePowersOf1024) {
  EXPECT_EQ(ParseNumber("1K"), ByteCount(1024));
  EXPECT_EQ(ParseNumber("3m"), ByteCount(3u << 20));
  EXPECT_EQ(ParseNumber("1G"), ByteCount(1u << 30));
  EXPECT_EQ(ParseNumber("2T"), ByteCount(uint64_t{2} << 40));
  EXPECT_EQ(ParseNumber("1P"), ByteCount(uint64_t{1} << 50));
  EXPECT_EQ(ParseNumber("1E"), ByteCount(uint64_t{1} << 60));
  EXPECT_EQ(ParseNumber("16E"), kAll);
  EXPECT_EQ(ParseNumber("17E"), std::nullopt);
  EXPECT_EQ(ParseNumber("18446744073709551616E"), std::nullopt);
}

TEST(NumbersTest, AnEBehindHexIsADigit) {
  EXPECT_EQ(ParseNumber("0x1E"), ByteCount(30));
  EXPECT_EQ(ParseNumber("0x1K"), std::nullopt);
}

TEST(NumbersTest, NumbersWithoutUnitAreDecimal) {
  EXPECT_EQ(ParseNumber("4096"), ByteCount(4096));
  EXPECT_EQ(ParseNumber("18446744073709551616"), kAll);
  EXPECT_EQ(ParseNumber("18446744073709551617"), std::nullopt);
  EXPECT_EQ(ParseNumber("K"), std::nullopt);
  EXPECT_EQ(ParseNumber(""), std::nullopt);
  EXPECT_EQ(ParseNumber("0x"), std::nullopt);
  EXPECT_EQ(ParseNumber64("16E"), std::nullopt);
}

TEST(NumbersTest, PrioritiesHave32BitsAndASign) {
  EXPECT_EQ(ParsePriority("-2147483648"), INT32_MIN);
  EXPECT_EQ(ParsePriority("2147483647"), INT32_MAX);
  EXPECT_EQ(ParsePriority("2147483648"), std::nullopt);
  EXPECT_EQ(ParsePriority("-2147483649"), std::nullopt);
  EXPECT_EQ(ParsePriority("--1"), std::nullopt);
  EXPECT_EQ(ParsePriority("-"), std::nullopt);
}

TEST(NumbersTest, IdsStayBelowTwoTo63) {
  EXPECT_EQ(ParseDecimal("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(ParseDecimal("9223372036854775808"), std::nullopt);
  EXPECT_EQ(ParseDecimal("-1"), std::nullopt);
}

TEST(NumbersTest, ShortSizesTakeTheLargestUnitThatFits) {
  EXPECT_EQ(ShortSize(0), "0");
  EXPECT_EQ(ShortSize(20), "0x14");
  EXPECT_EQ(ShortSize(1024), "1K");
  EXPECT_EQ(ShortSize(512u << 20), "512M");
  EXPECT_EQ(ShortSize(uint64_t{9999} << 20), "9999M");
  EXPECT_EQ(ShortSize(uint64_t{10001} << 20), "0x271100000");
  EXPECT_EQ(ShortSize(UINT64_MAX), "0xffffffffffffffff");
  EXPECT_EQ(ShortSize(kAll), "16E");
}

TEST(NumbersTest, ShortSizesReadBack) {
  for (int shift = 0; shift < 64; ++shift) {
    const ByteCount size(uint64_t{0x9003} << shift);
    EXPECT_EQ(ParseNumber(ShortSize(size)), size);
  }
}

}  // namespace
}  // namespace planish::text
