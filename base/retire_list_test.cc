#include "planish/base/retire_list.h"

#include <utility>

#include "gtest/gtest.h"

namespace planish {
namespace {

struct Piece {
  explicit Piece(int& freed) : freed_(freed) {}
  ~Piece() { ++freed_; }
  int& freed_;
};

TEST(RetireListTest, FreesEachPieceOnce) {
  int freed = 0;
  {
    RetireList list;
    list.Add(new Piece(freed));
    list.Add(new Piece(freed));
    list.Add(static_cast<const Piece*>(nullptr));
    EXPECT_EQ(list.size(), 2u);
    RetireList moved(std::move(list));
    EXPECT_EQ(list.size(), 0u);  // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(freed, 0);
    moved.FreeAll();
    EXPECT_EQ(freed, 2);
  }
  EXPECT_EQ(freed, 2);
}

}  // namespace
}  // namespace planish
