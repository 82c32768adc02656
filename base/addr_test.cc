#include "planish/base/addr.h"

#include <cstdint>
#include <optional>
#include <sstream>

#include "gtest/gtest.h"

namespace planish {
namespace {

constexpr uint64_t kMax = UINT64_MAX;

template <typename T>
std::string Text(const T& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

TEST(ByteCountTest, LiteralsAreExact) {
  EXPECT_EQ(ByteCount(kMax).LastOffset(), kMax - 1);
  EXPECT_EQ(ByteCount::TwoTo64().LastOffset(), kMax);
  EXPECT_LT(ByteCount(kMax), ByteCount::TwoTo64());
}

TEST(ByteCountTest, NothingPastTwoTo64) {
  const Uint128 all = ByteCount::TwoTo64().wide();
  EXPECT_EQ(ByteCount::FromWide(all), ByteCount::TwoTo64());
  EXPECT_EQ(ByteCount::FromWide(all + 1), std::nullopt);
}

TEST(AddrRangeTest, FromSizeTakesWhatFitsAndNoMore) {
  EXPECT_EQ(AddrRange::FromSize(Addr(0), ByteCount::TwoTo64()),
            AddrRange::All());
  EXPECT_EQ(AddrRange::FromSize(Addr(kMax), 1),
            (AddrRange{Addr(kMax), Addr(kMax)}));
  EXPECT_EQ(AddrRange::FromSize(Addr(kMax), 2), std::nullopt);
  EXPECT_EQ(AddrRange::FromSize(Addr(1), ByteCount::TwoTo64()), std::nullopt);
  EXPECT_EQ(AddrRange::FromSize(Addr(7), 0), std::nullopt);
}

TEST(AddrRangeTest, EndsAreInside) {
  const AddrRange r{Addr(0x10), Addr(0x1f)};
  EXPECT_FALSE(r.Contains(Addr(0xf)));
  EXPECT_TRUE(r.Contains(Addr(0x10)));
  EXPECT_TRUE(r.Contains(Addr(0x1f)));
  EXPECT_FALSE(r.Contains(Addr(0x20)));
  EXPECT_TRUE(r.Overlaps({Addr(0x1f), Addr(0x30)}));
  EXPECT_FALSE(r.Overlaps({Addr(0x20), Addr(0x30)}));
  EXPECT_EQ(r.Intersect({Addr(0x18), Addr(kMax)}),
            (AddrRange{Addr(0x18), Addr(0x1f)}));
  EXPECT_EQ(r.Intersect({Addr(0x20), Addr(kMax)}), std::nullopt);
}

TEST(AddrRangeTest, NothingTouchesTheEndOfTheSpace) {
  const AddrRange top{Addr(kMax), Addr(kMax)};
  EXPECT_FALSE(top.Touches({Addr(0), Addr(0)}));
  EXPECT_TRUE((AddrRange{Addr(0), Addr(kMax - 1)}).Touches(top));
}

TEST(AddrRangeTest, SizeOfEverythingIsTwoTo64) {
  EXPECT_EQ(AddrRange::All().size(), ByteCount::TwoTo64());
}

TEST(PrintTest, HexWithoutPadding) {
  EXPECT_EQ(Text(Addr(0)), "0x0");
  EXPECT_EQ(Text(ByteCount::TwoTo64()), "0x10000000000000000");
  EXPECT_EQ(Text(AddrRange::All()), "[0x0, 0xffffffffffffffff]");
}

}  // namespace
}  // namespace planish
