// State: what a program of edits works on: a Topology with owners, regions and
// address spaces, and beside it the oracle's plain description of the same.
//
// Each edit is done to both. Both must agree whether it fails, and with which
// code. After each step:
//   - every getter of every region says what the description says, children
//     in order: so an edit that failed, or was undone, has changed nothing else
//   - every space shows, range by range, what the second oracle renders
//     (gap_renderer.h), and at random addresses what the first one says; small
//     graphs also what that says at every edge, and at each side of it, with
//     exactly the seams of SEMANTICS 2.4; inside a transaction, what it showed
//     before (X2)
//   - each table, in whatever form, says of every edge and its neighbours, and
//     in between, what its view says; and a table built anew the same
//   - CheckInvariants() of the topology, each view, each table
//   - versions that are held (V3), one commit in eight, for some twenty commits
//     each, show what they showed
//   - spaces have one shown root exactly if they have the same normalised root,
//     and then one snapshot
//   - what has the generation of something that was shown before, by whichever
//     space, shows the same; a space that shows what it showed, by the same
//     root, has the generation that it had, unless that root or a child of its
//     was edited: then it may be like others now, or no longer
//
// X4: a commit must pass whose roots are within the limits when all of each is
// looked into, hidden or not; it must fail if some address can't be told within
// max_depth. What lies between is the library's choice: what is hidden, or
// outside of what an edit touched, need not be looked into.

#ifndef PLANISH_TESTS_GRAPH_STATE_H_
#define PLANISH_TESTS_GRAPH_STATE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "planish/base/addr.h"
#include "planish/dispatch/dispatch_table.h"
#include "planish/flatview/flat_range.h"
#include "planish/flatview/flat_view.h"
#include "planish/regions/limits.h"
#include "planish/regions/owner.h"
#include "planish/regions/owner_pin.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"
#include "planish/regions/transaction.h"
#include "planish/space/address_space.h"
#include "planish/tests/oracle.h"

namespace planish::model {

// What was really done and compared: a test that compared nothing is none.
struct Tally {
  uint64_t edits = 0;    // That the topology took.
  uint64_t refused = 0;  // By the edit itself,
  uint64_t undone = 0;   // and by the commit: X4.
  uint64_t ranges = 0;   // Compared with the oracle, of views,
  uint64_t lookups = 0;  // and of tables, with their views.
  uint64_t held = 0;     // Snapshots of versions that were held.
  uint64_t unknown = 0;  // Views that were too much for the oracle.

  Tally& operator+=(const Tally& other) {
    edits += other.edits;
    refused += other.refused;
    undone += other.undone;
    ranges += other.ranges;
    lookups += other.lookups;
    held += other.held;
    unknown += other.unknown;
    return *this;
  }
};

class State {
 public:
  // Of a crowd, only what matters most is checked after each step, so that
  // the time for a step grows little faster than the graph.
  enum class Effort { kEverything, kCrowd };

  explicit State(Limits limits, Effort effort = Effort::kEverything);
  ~State();

  // What was wrong first; empty if nothing was.
  const std::string& failure() const { return failure_; }
  Tally& tally() { return tally_; }

  void Begin();
  void Commit();

  void AddOwner();
  void Add(oracle::Kind kind, int owner, oracle::Wide size, uint64_t host);
  void AddAlias(int owner, int target, uint64_t offset, oracle::Wide size);
  void AddSpace(int owner, int root);
  void DropSpace(int space);
  void Retire(int owner);
  void Destroy(int owner);

  // An edit of `region`: `real` does it to the topology, `plain` to the
  // description, and says how it should end. Nothing is done if the region is
  // gone.
  void Edit(int region, const std::function<absl::Status(Region&)>& real,
            const std::function<absl::StatusCode(oracle::Node&)>& plain);
  // The same for an edit that only sets a field.
  template <typename T>
  void Set(int region, absl::Status (Topology::*setter)(Region&, T),
           T oracle::Node::*field, T value) {
    Edit(
        region, [&](Region& r) { return (topology_.*setter)(r, value); },
        [&](oracle::Node& node) {
          node.*field = value;
          return absl::StatusCode::kOk;
        });
  }

  Topology& topology() { return topology_; }
  oracle::Graph& graph() { return graph_; }
  Region* region(int slot) const { return At(regions_, slot); }
  bool IsRetired(int owner) const { return !IsLive(owner); }

  // The whole comparison, after each step.
  void Check();

 private:
  struct OwnerSlot {
    std::unique_ptr<Owner> owner;  // Null: destroyed.
    // So that it can be looked at when it has been retired, until then.
    std::optional<OwnerPin> pin;
    bool retired = false;
  };
  struct SpaceSlot {
    AddressSpace* space = nullptr;  // Null: never made, or gone.
    int owner = oracle::kNone;
    int root = oracle::kNone;
    // As of the last commit. Past a limit: by a retirement, which can't fail.
    // Then it shows nothing, and stops no commit.
    bool past_limit = false;
    bool unknown = false;       // The oracle can't tell what it should show.
    int shows = oracle::kNone;  // The normalised root.
    std::vector<oracle::Range> view;
    const Snapshot* snapshot = nullptr;
    uint64_t generation = 0;
    // Before that: what it showed, by which root and generation, if it was
    // there.
    std::vector<oracle::Range> viewed;
    int showed = oracle::kNone;
    uint64_t was = 0;
    bool is_seen = false;
    std::pair<uint64_t, int> checked = {0, oracle::kNone};  // And shows.
  };
  // A version that is kept, and what it showed.
  struct Held {
    struct Shown {
      const Snapshot* snapshot;
      std::vector<FlatRange> ranges;
    };
    uint64_t version;
    uint64_t until;  // commits_.
    std::vector<Shown> shown;
  };
  enum class Verdict { kPasses, kFails, kEither };
  struct Judged {
    Verdict verdict = Verdict::kPasses;
    std::vector<oracle::Range> view;
    bool unknown = false;  // Too much for the oracle.
  };

  template <typename T>
  static T* At(const std::vector<T*>& slots, int slot) {
    return slot < 0 || static_cast<size_t>(slot) >= slots.size()
               ? nullptr
               : slots[static_cast<size_t>(slot)];
  }
  Owner* OwnerAt(int slot) const;
  bool IsLive(int owner) const;

  void Made(Region* made);  // As the last slot.
  void Fail(const std::string& what);
  void ExpectCode(const absl::Status& status, absl::StatusCode want);

  // The plain side of a transaction: what to go back to.
  void PlainBegin();
  // `status`: how the real side ended. `want`: how the edit should have; what
  // the outermost commit adds to that is judged here.
  void PlainCommit(const absl::Status& status, absl::StatusCode want);
  // Nothing if X4 forbids to find out.
  std::optional<int> Normalised(int space_root) const;
  // What X4 says of a commit now: of a normalised root, and of all spaces.
  const Judged& JudgeRoot(int normalised);
  Verdict Judge();
  // To be called after each change of graph_.
  void GraphChanged() { judged_.clear(); }
  void PlainUndo();
  void PlainRetire(int owner);
  // After an outermost commit.
  void RefreshSpaces();

  void CheckRegions();
  void CheckSpace(SpaceSlot& slot);
  void CheckGeneration(const SpaceSlot& slot);
  // As it was before the last transaction.
  bool IsUnedited(int region) const;
  void CheckView(const Snapshot& snapshot, const SpaceSlot& slot);
  void CheckTable(const FlatView& view, const DispatchTable& table);
  void CheckLookups(const FlatView& view, const DispatchTable& table,
                    const std::vector<Addr>& probes);
  int SlotOf(const Region* region) const;
  // Holds a version now and then, and lets go of it later.
  void HoldSome();
  void CheckHeld(const Held& held);

  const Effort effort_;
  std::string failure_;
  Tally tally_;

  Topology topology_;
  std::vector<OwnerSlot> owners_;
  std::vector<Region*> regions_;  // Null: never made, or gone.
  std::unordered_map<const Region*, int> slots_;
  std::vector<uint64_t> hosts_;
  std::vector<SpaceSlot> spaces_;
  std::vector<Transaction> open_;

  oracle::Graph graph_;
  std::vector<oracle::Node> as_made_;
  std::map<int, Judged> judged_;  // By normalised root.
  int depth_ = 0;
  oracle::Graph before_;
  size_t spaces_before_ = 0;
  std::vector<int> retired_here_;
  std::map<uint64_t, uint64_t> digests_;  // Of what each generation showed.
  std::set<std::pair<uint64_t, const DispatchTable*>> checked_;
  uint64_t commits_ = 0;
  std::vector<Held> held_;
  uint64_t random_ = 1;
};

}  // namespace planish::model

#endif  // PLANISH_TESTS_GRAPH_STATE_H_
