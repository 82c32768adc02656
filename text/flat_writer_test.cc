#include "planish/text/flat_writer.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/text/machine.h"
#include "planish/text/readers.h"

namespace planish::text {
namespace {

std::unique_ptr<Machine> MachineOf(absl::string_view map) {
  auto rows = ReadMap({"m", map});
  EXPECT_TRUE(rows.ok()) << rows.status();
  if (!rows.ok()) return nullptr;
  auto machine = Machine::Create(*rows);
  EXPECT_TRUE(machine.ok()) << machine.status();
  return machine.ok() ? *std::move(machine) : nullptr;
}

TEST(FlatWriterTest, SpacesThatShareAViewFormOneBlock) {
  const auto machine = MachineOf(
      "container system\n"
      "  rom boot +4K\n"
      "  ram sdram 0x2000 +8K\n"
      "  alias again -> sdram @4K 0x10000 +4K prio 7\n"
      "mmio io +64K\n"
      "container off\n"
      "space memory = system\n"
      "space I/O = io\n"
      "space cpu = system\n"
      "space nvme = off\n");
  EXPECT_EQ(WriteFlatViews(machine->spaces()),
            "FlatView #0\n"
            " AS \"memory\", root: system\n"
            " AS \"cpu\", root: system\n"
            " Root memory region: system\n"
            "  0000000000000000-0000000000000fff (prio 0, rom): boot\n"
            "  0000000000002000-0000000000003fff (prio 0, ram): sdram\n"
            "  0000000000010000-0000000000010fff (prio 0, ram): sdram "
            "@0000000000001000\n"
            "\n"
            "FlatView #1\n"
            " AS \"I/O\", root: io\n"
            " Root memory region: io\n"
            "  0000000000000000-000000000000ffff (prio 0, i/o): io\n"
            "\n"
            "FlatView #2\n"
            " AS \"nvme\", root: off\n"
            " Root memory region: (none)\n"
            "  No rendered FlatView\n"
            "\n");
}

TEST(FlatWriterTest, ARootThatIsAnAliasTellsItsTarget) {
  const auto machine =
      MachineOf("ram r +4K\nalias w -> r @1 0 +16\nspace s = w\n");
  EXPECT_EQ(WriteFlatViews(machine->spaces()),
            "FlatView #0\n"
            " AS \"s\", root: w, alias r\n"
            " Root memory region: w\n"
            "  0000000000000000-000000000000000f (prio 0, ram): r "
            "@0000000000000001\n"
            "\n");
}

TEST(FlatWriterTest, TypesAreQemusWords) {
  const auto machine = MachineOf(
      "container all\n"
      "  ram a 0 +1\n"
      "  rom b 1 +1\n"
      "  rom-device c 2 +1\n"
      "  rom-device d 3 +1 romd=0\n"
      "  ram-device e 4 +1\n"
      "  mmio f 5 +1 readonly\n"
      "  reservation g 6 +1 prio -1\n"
      "  iommu h 7 +1\n"
      "  ram i 8 +1 nonvolatile\n"
      "  container ro 9 +1 readonly nonvolatile\n"
      "    ram j +1\n"
      "space s = all\n");
  EXPECT_EQ(WriteFlatView(*machine->spaces()[0]),
            " Root memory region: all\n"
            "  0000000000000000-0000000000000000 (prio 0, ram): a\n"
            "  0000000000000001-0000000000000001 (prio 0, rom): b\n"
            "  0000000000000002-0000000000000002 (prio 0, romd): c\n"
            "  0000000000000003-0000000000000003 (prio 0, i/o): d\n"
            "  0000000000000004-0000000000000004 (prio 0, ramd): e\n"
            "  0000000000000005-0000000000000005 (prio 0, rom): f\n"
            "  0000000000000006-0000000000000006 (prio -1, i/o): g\n"
            "  0000000000000007-0000000000000007 (prio 0, i/o): h\n"
            "  0000000000000008-0000000000000008 (prio 0, nv-ram): i\n"
            "  0000000000000009-0000000000000009 (prio 0, nv-rom): j\n");
}

TEST(FlatWriterTest, OwnersFollowWhereARowHasOne) {
  const auto machine = MachineOf(
      "container all\n"
      "  ram a 0 +2 owner \"owner:{dev id=x}\"\n"
      "  ram b 2 +1\n"
      "space s = all\n");
  FlatTextOptions options;
  options.owner_of = [&](const Region& region) -> absl::string_view {
    return machine->OwnerText(region);
  };
  EXPECT_EQ(WriteFlatViews(machine->spaces(), options),
            "FlatView #0\n"
            " AS \"s\", root: all\n"
            " Root memory region: all\n"
            "  0000000000000000-0000000000000001 (prio 0, ram): a "
            "owner:{dev id=x}\n"
            "  0000000000000002-0000000000000002 (prio 0, ram): b\n"
            "\n");
}

TEST(FlatWriterTest, AViewOfTwoTo64BytesEndsAtItsLastByte) {
  const auto machine = MachineOf("iommu all\nspace s = all\n");
  const ReadGuard guard(machine->topology().rcu());
  EXPECT_EQ(FlatRangeLine(*machine->spaces()[0]->Current(guard).view().begin()),
            "  0000000000000000-ffffffffffffffff (prio 0, i/o): all");
}

}  // namespace
}  // namespace planish::text
