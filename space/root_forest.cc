#include "planish/space/root_forest.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "planish/base/check.h"
#include "planish/flatview/resolve.h"

namespace planish {

struct RootForest::Node {
  const Region* region;
  const Region* step;  // NextOnWalk().
  // The node of `step`, once somebody has walked on.
  Node* next = nullptr;
  size_t index = 0;  // In next->from.
  std::vector<Node*> from;
  std::vector<Walker*> walkers;
  uint64_t round = 0;

  bool leads_on() const { return step != nullptr && step != region; }
};

RootForest::RootForest() = default;
RootForest::~RootForest() = default;

RootForest::Node& RootForest::NodeOf(const Region& region) {
  std::unique_ptr<Node>& node = nodes_[&region];
  if (node == nullptr) {
    node = std::make_unique<Node>();
    node->region = &region;
    node->step = NextOnWalk(region);
  }
  return *node;
}

void RootForest::Lead(Node& from, Node& to) {
  from.next = &to;
  from.index = to.from.size();
  to.from.push_back(&from);
}

RootForest::Node* RootForest::Unlead(Node& node) {
  Node* const next = std::exchange(node.next, nullptr);
  if (next == nullptr) return nullptr;
  // The last of the list takes its place.
  next->from.back()->index = node.index;
  next->from[node.index] = next->from.back();
  next->from.pop_back();
  return next;
}

void RootForest::DropIfIdle(Node* node) {
  while (node != nullptr && node->from.empty() && node->walkers.empty()) {
    Node* const next = Unlead(*node);
    nodes_.erase(node->region);
    node = next;
  }
}

void RootForest::Start(Walker& walker, const Region* root) {
  Node* const was = walker.first;
  if ((was == nullptr ? nullptr : was->region) == root) return;
  if (was != nullptr) {
    was->walkers.back()->index = walker.index;
    was->walkers[walker.index] = was->walkers.back();
    was->walkers.pop_back();
    walker.first = nullptr;
  }
  if (root != nullptr) {
    walker.first = &NodeOf(*root);
    walker.index = walker.first->walkers.size();
    walker.first->walkers.push_back(&walker);
  }
  DropIfIdle(was);
}

void RootForest::AddThoseAt(const Region& region,
                            std::vector<Walker*>& walkers) const {
  const auto at = nodes_.find(&region);
  if (at == nodes_.end()) return;
  const std::vector<Walker*>& here = at->second->walkers;
  walkers.insert(walkers.end(), here.begin(), here.end());
}

void RootForest::AddThoseBehind(Node& node, std::vector<Walker*>& walkers) {
  ++round_;  // Walks may run in a circle.
  node.round = round_;
  stack_.assign(1, &node);
  while (!stack_.empty()) {
    Node* const at = stack_.back();
    stack_.pop_back();
    walkers.insert(walkers.end(), at->walkers.begin(), at->walkers.end());
    for (Node* from : at->from) {
      if (std::exchange(from->round, round_) != round_) stack_.push_back(from);
    }
  }
}

void RootForest::Ask(const Region& region, std::vector<Walker*>& lost) {
  const auto at = nodes_.find(&region);
  if (at == nodes_.end()) return;
  Node& node = *at->second;
  const Region* const step = NextOnWalk(region);
  if (step == node.step) return;
  AddThoseBehind(node, lost);
  node.step = step;
  DropIfIdle(Unlead(node));  // In a circle that may be `node` itself.
}

absl::StatusOr<const Region*> RootForest::Resolve(const Walker& walker,
                                                  const Limits& limits) {
  Node* node = walker.first;
  if (node == nullptr) return nullptr;
  for (int depth = 0; depth < limits.max_depth; ++depth) {
    if (!node->leads_on()) return node->step;
    if (node->next == nullptr) Lead(*node, NodeOf(*node->step));
    node = node->next;
  }
  return ResolveRoot(*walker.first->region, limits);  // Fails, with the path.
}

void RootForest::CheckInvariants() const {
  for (const auto& [region, node] : nodes_) {
    PLANISH_CHECK(node->region == region, "N2: a node of another region");
    PLANISH_CHECK(node->step == NextOnWalk(*region), "N1: an old step");
    PLANISH_CHECK(!node->from.empty() || !node->walkers.empty(),
                  "N2: a node that nobody needs");
    for (size_t i = 0; i < node->walkers.size(); ++i) {
      PLANISH_CHECK(
          node->walkers[i]->first == node.get() && node->walkers[i]->index == i,
          "N2: a walker that begins elsewhere");
    }
    for (const Node* from : node->from) {
      PLANISH_CHECK(from->next == node.get(), "N2: who leads elsewhere");
    }
    if (node->next == nullptr) continue;
    PLANISH_CHECK(node->leads_on() && node->next->region == node->step,
                  "N2: a next node that is not the step's");
    PLANISH_CHECK(node->index < node->next->from.size() &&
                      node->next->from[node->index] == node.get(),
                  "N2: a next node that doesn't know");
  }
}

}  // namespace planish
