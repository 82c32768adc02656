// RootForest: where the walks of all spaces lead (SEMANTICS 2.5), step by step,
// kept from commit to commit. When a region is edited, only the walks that meet
// it are looked at:
//
//    nvme's space -> container -> window --.      A node is a region that some
//    e1000's space -> container -> window ---> system      walk meets; it knows
//    cpu0's space ---------------------------'             its next, and who
//    e1000's space -> container -> none, once its window is off      leads to
//    it
//
// INVARIANTS (CheckInvariants())
//   N1  A node's step is what NextOnWalk() says: as of the last Ask() of each
//       region that an edit touched.
//   N2  A node leads to its next one, and that one knows it; nodes that nobody
//       leads to and nobody starts from do not exist.
// THREAD SAFETY  None: it belongs to the holder of the Transaction.
// LIFETIME  A region that is cut off from everything must be asked before it
//   goes; then no node of it is left, unless a walker starts there.
// ERRORS  Resolve: as ResolveRoot().
// COST  Ask: O(1) if no walk meets the region or the step is the same; else
//   O(nodes and walkers behind it). Resolve: a step for each region on the way.

#ifndef PLANISH_SPACE_ROOT_FOREST_H_
#define PLANISH_SPACE_ROOT_FOREST_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "planish/regions/limits.h"
#include "planish/regions/region.h"

namespace planish {

class RootForest {
 public:
  struct Node;
  // Whoever walks embeds one.
  struct Walker {
    Node* first = nullptr;  // Where the walk begins; null: nowhere.
    size_t index = 0;       // Among those who begin there.
  };

  RootForest();
  ~RootForest();
  RootForest(const RootForest&) = delete;
  RootForest& operator=(const RootForest&) = delete;

  // From now on `walker` begins at `root`; null: it walks no more.
  void Start(Walker& walker, const Region* root);

  // If `region` leads elsewhere than before, adds all who came by.
  void Ask(const Region& region, std::vector<Walker*>& lost);
  // Adds all who begin there.
  void AddThoseAt(const Region& region, std::vector<Walker*>& walkers) const;

  // The normalised root; null: none.
  // REQUIRES: every region that was edited has been asked.
  absl::StatusOr<const Region*> Resolve(const Walker& walker,
                                        const Limits& limits);

  // Nodes.
  size_t size() const { return nodes_.size(); }
  // Aborts with the id of the first invariant that doesn't hold.
  void CheckInvariants() const;

 private:
  Node& NodeOf(const Region& region);
  void Lead(Node& from, Node& to);
  // Takes `node` out of those that lead to its next one, which it returns.
  static Node* Unlead(Node& node);
  void AddThoseBehind(Node& node, std::vector<Walker*>& walkers);
  // Drops `node`, if nobody needs it, and those ahead that only it needed.
  void DropIfIdle(Node* node);

  absl::flat_hash_map<const Region*, std::unique_ptr<Node>> nodes_;
  std::vector<Node*> stack_;
  uint64_t round_ = 0;  // Of AddThoseBehind().
};

}  // namespace planish

#endif  // PLANISH_SPACE_ROOT_FOREST_H_
