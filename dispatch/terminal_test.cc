#include "planish/dispatch/terminal.h"

#include <cstdint>

#include "gtest/gtest.h"

namespace planish {
namespace {

constexpr SectionKind kRam = SectionKind::kRam;

TEST(PayloadTest, AHoleIsAllZero) {
  EXPECT_EQ(Payload().bits(), 0u);
  EXPECT_EQ(Payload().kind(), SectionKind::kHole);
  EXPECT_EQ(Payload().index(), 0u);
  EXPECT_FALSE(Payload().is_node());
}

TEST(PayloadTest, NearHostKeepsAllItIsGiven) {
  constexpr uint64_t kIndex = (1 << 20) - 1;
  for (const int64_t pages : {int64_t{0}, int64_t{1}, int64_t{-1},
                              (int64_t{1} << 36) - 1, -(int64_t{1} << 36)}) {
    const uint64_t delta = static_cast<uint64_t>(pages) << 12;
    for (const bool flag : {false, true}) {
      const auto payload =
          Payload::NearHost(SectionKind::kRom, flag, !flag, kIndex, delta);
      ASSERT_TRUE(payload.has_value());
      EXPECT_EQ(payload->form(), Payload::Form::kNearHost);
      EXPECT_EQ(payload->kind(), SectionKind::kRom);
      EXPECT_EQ(payload->readonly(), flag);
      EXPECT_EQ(payload->slow(), !flag);
      EXPECT_EQ(payload->index(), kIndex);
      EXPECT_EQ(payload->NearHost(0x123), 0x123 + delta);
    }
  }
}

TEST(PayloadTest, NearHostRefusesWhatDoesNotFit) {
  EXPECT_FALSE(Payload::NearHost(kRam, false, false, 1 << 20, 0));
  EXPECT_FALSE(Payload::NearHost(kRam, false, false, 1, 0x1001));
  EXPECT_FALSE(Payload::NearHost(kRam, false, false, 1, uint64_t{1} << 48));
  EXPECT_FALSE(
      Payload::NearHost(kRam, false, false, 1, 0 - (uint64_t{1} << 48) - 4096));
}

TEST(PayloadTest, OtherFormsHaveNoNearHost) {
  constexpr uint64_t kIndex = (uint64_t{1} << 57) - 1;
  const Payload plain = Payload::Plain(SectionKind::kIommu, true, true, kIndex);
  EXPECT_EQ(plain.index(), kIndex);
  EXPECT_EQ(plain.kind(), SectionKind::kIommu);
  EXPECT_EQ(plain.NearHost(0x1000), 0u);
  const Payload far = Payload::FarHost(kRam, false, false, kIndex);
  EXPECT_EQ(far.index(), kIndex);
  EXPECT_EQ(far.NearHost(0x1000), 0u);
}

TEST(PayloadTest, ANodeKeepsItsPlace) {
  EXPECT_TRUE(Payload::Node(UINT32_MAX, 31).is_node());
  EXPECT_EQ(Payload::Node(UINT32_MAX, 31).where(), UINT32_MAX);
  EXPECT_EQ(Payload::Node(UINT32_MAX, 31).depth(), 31);
  EXPECT_EQ(Payload::Node(1, 0).depth(), 0);
  EXPECT_FALSE(Payload::Plain(kRam, true, true, UINT32_MAX).is_node());
}

}  // namespace
}  // namespace planish
