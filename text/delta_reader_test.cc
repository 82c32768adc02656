#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <variant>

#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/regions/region.h"
#include "planish/text/delta.h"
#include "planish/text/map_description.h"
#include "planish/text/readers.h"

namespace planish::text {
namespace {

std::string Tabs(const std::string& text) {
  return absl::StrReplaceAll(text, {{" ", "\t"}});
}

TEST(DeltaReaderTest, EveryStepIsRead) {
  const auto delta = ReadDelta(
      {"d", "# from step-0\n" + Tabs("del 4\n"
                                     "+ 9 - bar 10 20 1 i/o 1 0 0 1 - 0\n"
                                     "add 9 2\n"
                                     "A cpu 2\n"
                                     "a io 3\n"
                                     "- 4\n")});
  ASSERT_TRUE(delta.ok()) << delta.status();
  EXPECT_EQ(delta->from, "step-0");
  ASSERT_EQ(delta->steps.size(), 6u);
  EXPECT_EQ(std::get<DeltaUnlink>(delta->steps[0].op).id, 4);
  EXPECT_EQ(delta->steps[0].line, 2);
  EXPECT_EQ(delta->steps[0].id_column, 5);
  const RegionRow& row = std::get<DeltaNew>(delta->steps[1].op).row;
  EXPECT_EQ(row.id, 9);
  EXPECT_EQ(row.name, "bar");
  EXPECT_EQ(row.addr, Addr(0x10));
  EXPECT_EQ(row.size, ByteCount(0x20));
  EXPECT_EQ(std::get<DeltaLink>(delta->steps[2].op).parent, 2);
  EXPECT_EQ(delta->steps[2].value_column, 7);
  EXPECT_EQ(std::get<DeltaAddSpace>(delta->steps[3].op).name, "cpu");
  EXPECT_EQ(std::get<DeltaRemoveSpace>(delta->steps[4].op).root, 3);
  EXPECT_EQ(std::get<DeltaGone>(delta->steps[5].op).id, 4);
}

template <typename T>
T ValueOf(const std::string& line) {
  const auto delta = ReadDelta({"d", Tabs(line)});
  return delta.ok() ? std::get<T>(std::get<DeltaSet>(delta->steps[0].op).value)
                    : T();
}

TEST(DeltaReaderTest, EveryFieldIsRead) {
  EXPECT_EQ(ValueOf<uint64_t>("addr 1 fee0"), 0xfee0u);
  EXPECT_EQ(ValueOf<ByteCount>("size 1 10000000000000000"),
            ByteCount::TwoTo64());
  EXPECT_EQ(ValueOf<int32_t>("prio 1 -3"), -3);
  EXPECT_EQ(ValueOf<std::string>("type 1 romd"), "romd");
  EXPECT_TRUE(ValueOf<bool>("term 1 1"));
  EXPECT_TRUE(ValueOf<bool>("ro 1 1"));
  EXPECT_TRUE(ValueOf<bool>("nv 1 1"));
  EXPECT_TRUE(ValueOf<bool>("enabled 1 1"));
  EXPECT_EQ(ValueOf<std::optional<RowId>>("alias 1 5"), 5);
  EXPECT_EQ(ValueOf<std::optional<RowId>>("alias 1 -"), std::nullopt);
  EXPECT_EQ(ValueOf<uint64_t>("alias_off 1 8000"), 0x8000u);
  EXPECT_EQ(ValueOf<std::string>("owner 1 me"), "me");
  EXPECT_EQ(ValueOf<RegionKind>("kind 1 iommu"), RegionKind::kIommu);
  EXPECT_TRUE(ValueOf<bool>("unmergeable 1 1"));
  EXPECT_TRUE(ValueOf<bool>("romd 1 1"));
}

TEST(DeltaReaderTest, AnEmptyDeltaIsAStepThatChangesNothing) {
  const auto delta = ReadDelta({"d", ""});
  ASSERT_TRUE(delta.ok());
  EXPECT_TRUE(delta->steps.empty());
}

struct Malformed {
  const char* text;
  const char* message;
};

void PrintTo(const Malformed& malformed, std::ostream* out) {
  *out << malformed.text;
}

class MalformedDeltaTest : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedDeltaTest, SaysWhereAndWhatWasExpected) {
  const auto delta = ReadDelta({"d.tsv", Tabs(GetParam().text)});
  EXPECT_EQ(std::string(delta.status().message()), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Lines, MalformedDeltaTest,
    testing::Values(
        Malformed{"move 1 2",
                  "d.tsv:1:1: expected del, add, +, -, A, a or a field (addr, "
                  "size, prio, type, term, ro, nv, enabled, alias, alias_off, "
                  "owner, kind, unmergeable, romd), found 'move'"},
        Malformed{"del",
                  "d.tsv:1:4: expected a tab and a region's id "
                  "(decimal), found end of line"},
        Malformed{"del x",
                  "d.tsv:1:5: expected a region's id (decimal), "
                  "found 'x'"},
        Malformed{"del 1 2",
                  "d.tsv:1:7: expected no further column, found "
                  "'2'"},
        Malformed{"add 1",
                  "d.tsv:1:6: expected a tab and the id of its "
                  "container, found end of line"},
        Malformed{"+ 1 0",
                  "d.tsv:1:5: expected - (add puts it into a "
                  "container), found '0'"},
        Malformed{"+ 1 - a 0",
                  "d.tsv:1:10: expected a tab and a size in hex, "
                  "at most 10000000000000000, found end of line"},
        Malformed{"enabled 1 2", "d.tsv:1:11: expected 0 or 1, found '2'"},
        Malformed{"size 1 10000000000000001",
                  "d.tsv:1:8: expected a size in hex, at most "
                  "10000000000000000, found '10000000000000001'"},
        Malformed{"unmergeable 1 -",
                  "d.tsv:1:15: expected a value, found "
                  "'-'"},
        Malformed{"A m",
                  "d.tsv:1:4: expected a tab and the id of the root "
                  "region, found end of line"},
        Malformed{"\n- y",
                  "d.tsv:2:3: expected a region's id (decimal), "
                  "found 'y'"}));

}  // namespace
}  // namespace planish::text
