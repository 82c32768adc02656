// SpaceTest: builds machines in few words, commits, and after each commit holds
// every space against a full render of its root:
//
//   Space("cpu", sys_);
//   const CommitReport did = Commit([&] { Ok(topology_.Unlink(vga)); });
//   EXPECT_EQ(did.lines_changed, 1u);
//   EXPECT_EQ(Shown("cpu"), "0-fff ram; 2000-20ff uart");

#ifndef PLANISH_SPACE_SPACE_FIXTURE_FOR_TEST_H_
#define PLANISH_SPACE_SPACE_FIXTURE_FOR_TEST_H_

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/flatview/flat_range.h"
#include "planish/flatview/flat_view.h"
#include "planish/flatview/render.h"
#include "planish/flatview/resolve.h"
#include "planish/regions/commit_report.h"
#include "planish/regions/limits.h"
#include "planish/regions/owner.h"
#include "planish/regions/ram_block.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"
#include "planish/regions/transaction.h"
#include "planish/space/address_space.h"
#include "planish/space/publisher.h"

namespace planish {

class SpaceTest : public testing::Test {
 protected:
  explicit SpaceTest(Limits limits = Limits()) : topology_(limits) {}
  ~SpaceTest() override { topology_.CheckInvariants(); }

  static void Ok(const absl::Status& status) { PLANISH_CHECK_OK(status); }

  Region& Container(const std::string& name,
                    ByteCount size = ByteCount::TwoTo64()) {
    return **topology_.AddContainer(board_, name, size);
  }
  Region& Ram(const std::string& name, ByteCount size) {
    return **topology_.AddRam(board_, name, size, RamBacking::None());
  }
  Region& Mmio(const std::string& name, ByteCount size) {
    return **topology_.AddMmio(board_, name, size);
  }
  Region& Alias(const std::string& name, Region& target, uint64_t offset,
                ByteCount size) {
    return **topology_.AddAlias(board_, name, target, offset, size);
  }
  // Links, and gives the child back.
  Region& In(Region& container, uint64_t at, Region& child,
             int32_t priority = 0) {
    Ok(topology_.Link(container, child, Addr(at), priority));
    return child;
  }
  // A device as PCI has it: its space shows `system` while the window is on.
  Region& BusMaster(const std::string& name, Region& system) {
    Region& master = Container(name);
    Region& window =
        In(master, 0, Alias(name + " window", system, 0, ByteCount::TwoTo64()));
    Space(name, master);
    return window;
  }

  AddressSpace& Space(const std::string& name, Region& root) {
    return *(spaces_[name] = AddressSpace::Create(board_, name, root).value());
  }
  AddressSpace& Of(const std::string& name) { return *spaces_.at(name); }
  // There is one thread: good until the next commit.
  const Snapshot& Current(const std::string& name) {
    const ReadGuard guard(topology_.rcu());
    return Of(name).Current(guard);
  }
  const Region* ShownRoot(const std::string& name) {
    const ReadGuard guard(topology_.rcu());
    return Of(name).shown_root(guard);
  }

  // One transaction; then everything is checked.
  CommitReport Commit(const std::function<void()>& edit) {
    auto transaction = Transaction::Begin(topology_);
    PLANISH_CHECK_OK(transaction);
    edit();
    CommitReport report;
    Ok(transaction->Commit(&report));
    CheckSpaces();
    return report;
  }
  void CheckSpaces() {
    auto look = Transaction::Begin(topology_);
    PLANISH_CHECK_OK(look);
    Publisher::Of(topology_).CheckInvariants();
    const ReadGuard guard(topology_.rcu());
    for (const auto& [name, space] : spaces_) {
      if (space == nullptr || space->root() == nullptr) continue;
      const Snapshot& now = space->Current(guard);
      const auto root = ResolveRoot(*space->root(), topology_.limits());
      PLANISH_CHECK_OK(root);
      std::vector<FlatRange> whole;
      if (*root != nullptr) {
        auto ranges = Render(**root, AddrRange::All(), topology_.limits());
        PLANISH_CHECK_OK(ranges);
        whole = *std::move(ranges);
      }
      EXPECT_EQ(space->shown_root(guard), *root) << name;
      EXPECT_EQ(TextOf(now.view()), Text(whole)) << name;
      EXPECT_TRUE(std::equal(whole.begin(), whole.end(), now.view().begin(),
                             now.view().end()))
          << name;
      now.view().CheckInvariants();
      now.table().CheckInvariants(now.view());
    }
    Ok(look->Commit());
  }

  std::string Shown(const std::string& name) {
    return TextOf(Current(name).view());
  }
  static std::string TextOf(const FlatView& view) {
    return Text({view.begin(), view.end()});
  }
  // "0-fff ram; 1000-1fff ram@1000", hexadecimal.
  static std::string Text(const std::vector<FlatRange>& ranges) {
    std::ostringstream out;
    out << std::hex;
    for (const FlatRange& r : ranges) {
      if (&r != &ranges.front()) out << "; ";
      out << r.range.first.raw() << '-' << r.range.last.raw() << ' '
          << r.region->name();
      if (r.offset != 0) out << '@' << r.offset;
      if (r.readonly) out << " ro";
      if (r.unmergeable) out << " um";
    }
    return ranges.empty() ? "(empty)" : out.str();
  }

  Topology topology_;
  Owner board_{topology_, "board"};
  Region& sys_ = Container("sys");
  std::map<std::string, AddressSpace*> spaces_;
};

}  // namespace planish

#endif  // PLANISH_SPACE_SPACE_FIXTURE_FOR_TEST_H_
