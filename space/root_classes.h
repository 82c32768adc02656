// RootClasses: the normalised roots that spaces show, and in which classes they
// fall: those that are alike by structure (root_signature.h) share one line of
// versions, and are rendered once.
//
//    root        cell                  class            line
//    system      [ ]----------------.
//    smm 0       [ ]---.             '- {system}        v17 v18 v19
//    smm 1       [ ]---+--- one pointer for each root, one snapshot for all:
//    smm 63      [ ]---'             -- {smm 0 .. 63}   v4 v5
//    (none)      [ ]                    the empty view
//
// A commit goes through it like this:
//   1. Which roots are there (Get), and how many spaces will show each
//   (Expect).
//   2. Roots that were edited themselves may leave their class for another.
//   3. What was marked climbs to the first root of each class (climb.h).
//   4. The lines that it reached render that. Errors end here: Forget().
//   5. Make: roots change classes, lines get new versions. Nobody sees them.
//   6. Spaces that find another root go there (Ahead).
//   7. Show: cells get the new snapshots; roots without a space go.
//
// Spaces move before cells change, so that none shows what the root that it
// leaves has become.
//
// A root that was alone in its class when its last space left is kept a while,
// with its line, which then only collects what is marked: bus masters and
// system management mode come and go. A line that has something to catch up
// with when an owner is retired goes: what its view has may be the owner's, and
// a region that is made later may lie where the owner's did.
//
// INVARIANTS (CheckInvariants())
//   K1  Roots of one class have its signature; two classes have not the same.
//   K2  The first root of each class is climbed to, and no other.
//   K3  A root's cell has its line's snapshot; that of (none), if the line is
//       past a limit.
//   K4  A root has a space, or it is kept, and then alone in its class.
// THREAD SAFETY  None: it belongs to the holder of the Transaction. Readers see
//   cells only.
// ERRORS  Prepare: X4, unless all spaces behind it show nothing already (X5).
// COST  By what was marked: nothing goes through all roots or classes.
// SOURCES  PROTOCOL V2, V4, V5, X5.

#ifndef PLANISH_SPACE_ROOT_CLASSES_H_
#define PLANISH_SPACE_ROOT_CLASSES_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "planish/base/retire_list.h"
#include "planish/regions/change_set.h"
#include "planish/regions/commit_report.h"
#include "planish/regions/limits.h"
#include "planish/regions/region.h"
#include "planish/space/climb.h"
#include "planish/space/root_signature.h"
#include "planish/space/snapshot_cell.h"
#include "planish/space/version_line.h"

namespace planish {

class RootClasses {
 public:
  struct Class;
  // A normalised root.
  struct Root {
    const Region* region;  // Null: none.
    std::unique_ptr<internal::SnapshotCell> cell;
    // That will show it after the commit under way, and how many of them show
    // nothing so far, since they passed a limit: X5.
    size_t spaces = 0;
    size_t excused = 0;

    // The rest is RootClasses'.
    Class* of = nullptr;  // Null before its first Make(), and for none.
    size_t index = 0;     // In of->roots.
    bool kept = false;
    // Of the commit under way:
    bool looked_at = false;
    bool leaves = false;  // Its class, for the one with `signature`.
    std::optional<RootSignature> signature;
    internal::SnapshotCell* ahead = nullptr;  // Between Make() and Show().
  };

  explicit RootClasses(const Limits& limits);
  ~RootClasses();
  RootClasses(const RootClasses&) = delete;
  RootClasses& operator=(const RootClasses&) = delete;

  // What shows nothing.
  Root& none() { return none_; }
  // Makes the root, if there is none; null is none(). It takes part in the
  // commit under way.
  Root& Get(const Region* region);
  // A root that is past a limit, and therefore shows nothing.
  static bool IsPastLimit(const Root& root);
  // One space more or less will show `root`. `excused`: it shows nothing so
  // far, and need not show more.
  static void Gain(Root& root, bool excused);
  void Lose(Root& root, bool excused);
  // Its owner was retired: a root that is this region must not be kept.
  void Discard(const Region& region) {
    idle_.push_back(&region);
    owner_retired_ = true;
  }

  // Steps 2 to 4. `anyway`: what fails shows nothing from now on.
  absl::Status Prepare(const ChangeSet& changes, uint64_t ways_up, bool anyway,
                       CommitReport& report);
  // Throws away what was prepared, and roots that Get() made.
  void Forget();
  // Step 5.
  void Make(RetireList& replaced, CommitReport& report);
  // Step 6: a cell with what `root` is about to show. Good until readers have
  // left; the root's own, if it shows that already.
  const internal::SnapshotCell& Ahead(Root& root, RetireList& replaced);
  // Step 7.
  void Show(RetireList& replaced);

  // Classes, kept ones included; none() is in none.
  size_t size() const { return classes_.size(); }
  // Aborts with the id of the first invariant that doesn't hold.
  // REQUIRES: inside a Transaction, nothing edited.
  void CheckInvariants() const;

 private:
  using Roots = std::vector<Root*>;

  // Step 2.
  void Regroup(const ChangeSet& changes);
  void LookAt(const Region* region);
  void Settle(Class& of);
  void Place(Root& root);
  Class* Find(const std::optional<RootSignature>& signature);
  void Plan(Class& of);
  // Step 4.
  absl::Status Render(Class& of, bool anyway, CommitReport& report);
  // Step 5.
  void ChangeClasses();
  // What the roots of a class show, once Show() is through.
  const Snapshot& NewestOf(const Root& root) const;
  // Step 7.
  void ShowNewest(Class& of);
  void DropIdle(RetireList& replaced);
  void Drop(Root& root, RetireList& replaced);
  void DropClass(Class& of, RetireList& replaced);
  void Unname(const Class& of);

  void Lead(Class& of, size_t index);
  void Join(Class& of, Root& root);
  void Leave(Root& root);
  void Keep(Root& root);
  void Unkeep(Root& root);
  void ClearPlan();

  const Limits limits_;
  Root none_;
  VersionLine nothing_;  // What none_ shows.
  absl::flat_hash_map<const Region*, std::unique_ptr<Root>> roots_;
  std::vector<std::unique_ptr<Class>> classes_;
  absl::flat_hash_map<RootSignature, Class*> by_signature_;
  Climb climb_;
  Roots kept_;                       // Oldest first.
  std::vector<const Region*> idle_;  // May have lost their last space.
  bool owner_retired_ = false;       // Since the last commit.

  // Of the commit under way:
  Roots new_roots_;
  Roots got_;
  Roots looked_at_;
  Roots leaving_;
  Roots ahead_;
  std::vector<Class*> planned_;
  std::vector<std::unique_ptr<Class>> new_classes_;
  absl::flat_hash_map<RootSignature, Class*> new_names_;
};

}  // namespace planish

#endif  // PLANISH_SPACE_ROOT_CLASSES_H_
