#include "planish/tools/trace.h"

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"

namespace planish::tools {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kHead[] =
    "#seq\top\tgpa\tsize\tregion\tspace\tphase\tcpu\tmr\tcontainer_addr\t"
    "verified\n";

std::string ErrorOf(const std::string& text) {
  const auto trace = ParseTrace("t.tsv", text);
  return trace.ok() ? "ok" : std::string(trace.status().message());
}

TEST(TraceTest, ReadsEveryColumnThatMatchingNeeds) {
  const auto trace = ParseTrace(
      "t", absl::StrCat(kHead,
                        "7\tw\tfebf4037\t2\trtl8139\tM\t1\t0\tm38\tc137\t2\n"
                        "8\tr\t70\t1\tusb3 port #1\tI\t0\t0\tm1\t70\ty\n"));
  ASSERT_TRUE(trace.ok()) << trace.status();
  ASSERT_EQ(trace->accesses.size(), 2u);
  const Access& first = trace->accesses[0];
  EXPECT_EQ(first.seq, 7);
  EXPECT_EQ(first.op, 'w');
  EXPECT_EQ(first.addr, Addr(0xfebf4037));
  EXPECT_EQ(first.container_addr, Addr(0xc137));
  EXPECT_EQ(first.size_bytes, 2);
  EXPECT_EQ(first.space, SpaceClass::kMemory);
  EXPECT_EQ(first.phase, 1);
  EXPECT_TRUE(first.two_places);
  EXPECT_EQ(trace->accesses[1].space, SpaceClass::kIo);
  EXPECT_FALSE(trace->accesses[1].two_places);
  EXPECT_THAT(trace->regions, ElementsAre("rtl8139", "usb3 port #1"));
}

TEST(TraceTest, ColumnsMayComeInAnyOrderAndFewerOfThem) {
  const auto trace =
      ParseTrace("t", "#region\tgpa\r\nuart\tffffffffffffffff\r\n");
  ASSERT_TRUE(trace.ok()) << trace.status();
  EXPECT_EQ(trace->accesses[0].addr, Addr::Max());
  EXPECT_EQ(trace->accesses[0].space, SpaceClass::kMemory);
  EXPECT_EQ(trace->accesses[0].phase, 0);
}

TEST(TraceTest, TellsWhereItIsMalformed) {
  EXPECT_THAT(ErrorOf(""), HasSubstr("expected an access"));
  EXPECT_THAT(ErrorOf(kHead), HasSubstr("expected an access"));
  EXPECT_THAT(ErrorOf("1\tr\n"), StartsWith("t.tsv:1:1: "));
  EXPECT_THAT(ErrorOf("#seq\tgpa\n1\t0\n"), HasSubstr("a column 'region'"));
  EXPECT_THAT(ErrorOf("#gpa\tregion\n1\n"), StartsWith("t.tsv:2:1: "));
  EXPECT_THAT(ErrorOf("#gpa\tregion\n0x10\tu\n"),
              HasSubstr("a hexadecimal address"));
  EXPECT_THAT(ErrorOf("#gpa\tregion\n10000000000000000\tu\n"),
              HasSubstr("a hexadecimal address"));
  EXPECT_THAT(ErrorOf("#gpa\tregion\n10\t\n"), HasSubstr("a region's name"));
  EXPECT_THAT(ErrorOf("#gpa\tregion\tspace\n1\tu\tX\n"),
              StartsWith("t.tsv:2:5: expected M, I, C or D"));
  EXPECT_THAT(ErrorOf("#gpa\tregion\tphase\n1\tu\t-1\n"),
              HasSubstr("a decimal number"));
  EXPECT_THAT(ErrorOf("#gpa\tregion\tverified\n1\tu\tq\n"),
              HasSubstr("y, m, 2, b or n"));
}

TEST(TraceTest, SpacesBelongToClassesByTheirNames) {
  EXPECT_EQ(ClassOfSpace("memory"), SpaceClass::kMemory);
  EXPECT_EQ(ClassOfSpace("I/O"), SpaceClass::kIo);
  EXPECT_EQ(ClassOfSpace("cpu-smm-1"), SpaceClass::kCpu);
  EXPECT_EQ(ClassOfSpace("nvme"), SpaceClass::kDevice);
  EXPECT_EQ(ClassOfSpace("memory2"), SpaceClass::kDevice);
}

}  // namespace
}  // namespace planish::tools
