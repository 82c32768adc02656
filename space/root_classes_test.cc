// What spaces can see while a commit is being published. What roots show before
// and after it: incremental_commit_test.cc.

#include "planish/space/root_classes.h"

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/base/retire_list.h"
#include "planish/regions/change_observer.h"
#include "planish/regions/change_set.h"
#include "planish/regions/commit_report.h"
#include "planish/regions/owner.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"
#include "planish/regions/transaction.h"
#include "planish/space/snapshot.h"
#include "planish/space/snapshot_cell.h"

namespace planish {
namespace {

// A publisher without spaces, which looks around in the middle.
class Looker final : public ChangeObserver {
 public:
  explicit Looker(Topology& topology)
      : topology_(topology), classes_(topology.limits()) {}

  absl::Status Prepare(const ChangeSet& changes) override {
    if (before) before();
    return classes_.Prepare(changes, topology_.ways_up(), false, report_);
  }
  void PrepareAnyway(const ChangeSet&) override {}
  void Publish(RetireList& replaced) override {
    classes_.Make(replaced, report_);
    if (between) between(replaced);
    classes_.Show(replaced);
  }

  RootClasses& classes() { return classes_; }

  std::function<void()> before;
  std::function<void(RetireList&)> between;

 private:
  Topology& topology_;
  RootClasses classes_;
  CommitReport report_;
};

class RootClassesTest : public testing::Test {
 protected:
  RootClassesTest() {
    auto looker = std::make_unique<Looker>(topology_);
    looker_ = looker.get();
    topology_.set_observer(std::move(looker));
  }

  static const Snapshot* Shown(const internal::SnapshotCell& cell) {
    return cell.current.load(std::memory_order_relaxed);
  }
  Region& Mmio() { return **topology_.AddMmio(board_, "dev", 0x10); }
  // As if a space had come that shows it.
  RootClasses::Root& Root(const Region& region) {
    RootClasses::Root* root = nullptr;
    looker_->before = [&] {
      root = &looker_->classes().Get(&region);
      RootClasses::Gain(*root, /*excused=*/false);
    };
    auto edit = Transaction::Begin(topology_).value();
    topology_.MarkChanged();
    PLANISH_CHECK_OK(edit.Commit());
    looker_->before = nullptr;
    return *root;
  }

  Topology topology_;
  Owner board_{topology_, "board"};
  Region& one_ = **topology_.AddContainer(board_, "one");
  Region& other_ = **topology_.AddContainer(board_, "other");
  Looker* looker_;
};

TEST_F(RootClassesTest, WhoMovesSeesTheNewestVersionBeforeThoseWhoAreThere) {
  PLANISH_CHECK_OK(topology_.Link(one_, Mmio(), Addr(0)));
  Region& leaves = Mmio();
  PLANISH_CHECK_OK(topology_.Link(other_, leaves, Addr(0)));
  RootClasses::Root& one = Root(one_);
  RootClasses::Root& other = Root(other_);
  const Snapshot* const one_was = Shown(*one.cell);
  const Snapshot* const other_was = Shown(*other.cell);
  ASSERT_EQ(one_was->view().size(), 1u);

  const Snapshot* ahead = nullptr;
  looker_->between = [&](RetireList& replaced) {
    const internal::SnapshotCell& cell =
        looker_->classes().Ahead(one, replaced);
    ahead = Shown(cell);
    EXPECT_NE(&cell, one.cell.get());
    EXPECT_EQ(cell.root, &one_);
    EXPECT_EQ(ahead->view().size(), 2u);
    EXPECT_EQ(Shown(*one.cell), one_was);
    EXPECT_EQ(&looker_->classes().Ahead(one, replaced), &cell);
    // Where nothing changes, one may move in at once.
    EXPECT_EQ(&looker_->classes().Ahead(other, replaced), other.cell.get());
  };
  PLANISH_CHECK_OK(topology_.Link(one_, Mmio(), Addr(0x100)));
  ASSERT_NE(ahead, nullptr);
  EXPECT_EQ(Shown(*one.cell), ahead);
  EXPECT_EQ(Shown(*other.cell), other_was);

  looker_->between = [&](RetireList& replaced) {
    EXPECT_EQ(&looker_->classes().Ahead(one, replaced), one.cell.get());
    EXPECT_EQ(Shown(looker_->classes().Ahead(other, replaced))->view().size(),
              0u);
    EXPECT_EQ(Shown(*other.cell), other_was);
  };
  PLANISH_CHECK_OK(topology_.Unlink(leaves));
  looker_->between = nullptr;
  EXPECT_EQ(Shown(*other.cell)->view().size(), 0u);
}

}  // namespace
}  // namespace planish
