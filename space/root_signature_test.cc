#include "planish/space/root_signature.h"

#include <functional>
#include <optional>
#include <string>

#include "absl/hash/hash.h"
#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/regions/owner.h"
#include "planish/regions/ram_block.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"

namespace planish {
namespace {

class RootSignatureTest : public testing::Test {
 protected:
  struct Twin {
    Region* root;
    Region* memory;
    Region* smram;
  };
  // As a vCPU has it.
  Twin Make() {
    Twin twin;
    twin.root = *topology_.AddContainer(board_, "root");
    twin.memory =
        *topology_.AddAlias(board_, "memory", sys_, 0, ByteCount::TwoTo64());
    twin.smram = *topology_.AddAlias(board_, "smram", ram_, 0x10, 0x100);
    PLANISH_CHECK_OK(topology_.Link(*twin.root, *twin.memory, Addr(0)));
    PLANISH_CHECK_OK(topology_.Link(*twin.root, *twin.smram, Addr(0x20), 1));
    return twin;
  }
  static void Ok(const absl::Status& status) { PLANISH_CHECK_OK(status); }

  Topology topology_;
  Owner board_{topology_, "board"};
  Region& sys_ = **topology_.AddContainer(board_, "sys");
  Region& ram_ = **topology_.AddRam(board_, "ram", 0x1000, RamBacking::None());
};

TEST_F(RootSignatureTest, TwinsAreAlike) {
  const auto one = SignatureOf(*Make().root);
  const auto other = SignatureOf(*Make().root);
  ASSERT_TRUE(one.has_value());
  EXPECT_EQ(one, other);
  EXPECT_EQ(absl::HashOf(*one), absl::HashOf(*other));
}

TEST_F(RootSignatureTest, WhateverShowsTellsThemApart) {
  Region& other_ram =
      **topology_.AddRam(board_, "ram", 0x1000, RamBacking::None());
  const auto same = SignatureOf(*Make().root);
  const auto expect_other =
      [&](const std::function<absl::Status(const Twin&)>& edit) {
        const Twin twin = Make();
        Ok(edit(twin));
        EXPECT_NE(SignatureOf(*twin.root), same);
      };
  expect_other([&](auto& t) { return topology_.SetSize(*t.root, 0x1000); });
  expect_other([&](auto& t) { return topology_.SetAddress(*t.root, Addr(1)); });
  expect_other([&](auto& t) { return topology_.SetReadonly(*t.root, true); });
  expect_other(
      [&](auto& t) { return topology_.SetNonvolatile(*t.root, true); });
  expect_other(
      [&](auto& t) { return topology_.SetUnmergeable(*t.root, true); });
  expect_other([&](auto& t) { return topology_.SetEnabled(*t.root, false); });
  expect_other([&](auto& t) { return topology_.SetSize(*t.smram, 0x80); });
  expect_other(
      [&](auto& t) { return topology_.SetAddress(*t.smram, Addr(0x21)); });
  expect_other([&](auto& t) { return topology_.SetReadonly(*t.smram, true); });
  expect_other([&](auto& t) { return topology_.SetEnabled(*t.smram, false); });
  expect_other(
      [&](auto& t) { return topology_.SetAliasOffset(*t.smram, 0x11); });
  expect_other([&](auto& t) { return topology_.SetPriority(*t.smram, -1); });
  expect_other([&](auto& t) { return topology_.Unlink(*t.smram); });
  expect_other([&](auto& t) {
    Ok(topology_.Unlink(*t.smram));
    return topology_.Link(
        *t.root, **topology_.AddAlias(board_, "smram", other_ram, 0x10, 0x100),
        Addr(0x20), 1);
  });
}

TEST_F(RootSignatureTest, WhatDoesNotShowDoesNot) {
  const auto same = SignatureOf(*Make().root);
  const Twin twin = Make();
  Ok(topology_.SetPriority(*twin.smram, 7));  // Still above the other.
  Region& off = **topology_.AddMmio(board_, "off", 0x10);
  Ok(topology_.SetEnabled(off, false));
  Ok(topology_.Link(*twin.root, off, Addr(0)));
  Ok(topology_.Link(*twin.root, **topology_.AddMmio(board_, "none", 0),
                    Addr(0)));
  EXPECT_EQ(SignatureOf(*twin.root), same);
}

TEST_F(RootSignatureTest, SomeAreLikeNoOther) {
  EXPECT_FALSE(SignatureOf(ram_).has_value());  // Terminates.
  const Twin twin = Make();
  Ok(topology_.Link(*twin.root, **topology_.AddMmio(board_, "own", 1),
                    Addr(0)));
  EXPECT_FALSE(SignatureOf(*twin.root).has_value());
  const Twin many = Make();
  for (int i = 0; i < 6; ++i) {
    Ok(topology_.Link(*many.root, **topology_.AddAlias(board_, "w", ram_, 0, 1),
                      Addr(0)));
  }
  EXPECT_TRUE(SignatureOf(*many.root).has_value());
  Ok(topology_.Link(*many.root, **topology_.AddAlias(board_, "w", ram_, 0, 1),
                    Addr(0)));
  EXPECT_FALSE(SignatureOf(*many.root).has_value());
  const Twin empty = Make();
  Ok(topology_.SetSize(*empty.root, 0));
  EXPECT_FALSE(SignatureOf(*empty.root).has_value());
}

TEST_F(RootSignatureTest, AWindowMayBeARoot) {
  Region& one = **topology_.AddAlias(board_, "w", ram_, 0x10, 0x20);
  Region& same = **topology_.AddAlias(board_, "w", ram_, 0x10, 0x20);
  Region& other = **topology_.AddAlias(board_, "w", ram_, 0x11, 0x20);
  ASSERT_TRUE(SignatureOf(one).has_value());
  EXPECT_EQ(SignatureOf(one), SignatureOf(same));
  EXPECT_NE(SignatureOf(one), SignatureOf(other));
}

}  // namespace
}  // namespace planish
