#include "planish/base/check.h"

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace planish {
namespace {

TEST(CheckDeathTest, NamesTheInvariantAndTheOperands) {
  EXPECT_DEATH(PLANISH_CHECK(1 > 2, "F1: out of order"), "1 > 2: F1: out of");
  EXPECT_DEATH(PLANISH_CHECK_EQ(1 + 1, 3, "T1: lost"), "T1: lost \\(2 vs. 3");
  EXPECT_DEATH(PLANISH_CHECK_OK(absl::NotFoundError("no such")), "no such");
}

TEST(CheckTest, EvaluatesOnce) {
  int calls = 0;
  PLANISH_CHECK(++calls == 1, "");
  PLANISH_CHECK_EQ(++calls, 2, "");
  EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace planish
