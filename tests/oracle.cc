#include "planish/tests/oracle.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <set>
#include <vector>

namespace planish::oracle {
namespace {

// Deeper than any graph that X4 lets through: a walk that gets here is lost.
constexpr size_t kLost = 5000;

bool Terminates(const Node& node) {
  return node.kind != Kind::kContainer && node.kind != Kind::kAlias;
}

// Who claims one address.
class Claim {
 public:
  Claim(const Graph& graph, uint64_t address)
      : graph_(graph), address_(address) {}

  bool Ask(int index, Wide base, bool readonly, bool nonvolatile,
           bool unmergeable) {
    const Node& node = graph_[index];
    if (!node.enabled) return false;  // R2.1
    base += node.addr;                // R2.4
    readonly = readonly || node.readonly;
    nonvolatile = nonvolatile || node.nonvolatile;
    unmergeable = unmergeable || node.unmergeable;
    if (address_ < base || address_ >= base + node.size) return false;  // R2.5
    if (path_.size() > kLost) std::abort();

    path_.push_back(index);
    bool claimed = false;
    if (node.kind == Kind::kAlias) {  // R2.7
      claimed = node.target != kNone &&
                Ask(node.target, base - graph_[node.target].addr - node.offset,
                    readonly, nonvolatile, unmergeable);
    } else {
      for (const int child : node.children) {  // R2.2
        claimed = Ask(child, base, readonly, nonvolatile, unmergeable);
        if (claimed) break;
      }
      if (!claimed && Terminates(node)) {  // R2.6
        claimed = true;
        byte_.region = index;
        byte_.offset = static_cast<uint64_t>(address_ - base);  // R2.8
        byte_.readonly = readonly;                              // R2.9
        byte_.nonvolatile = nonvolatile;
        byte_.unmergeable = unmergeable;
        byte_.path = path_;
      }
    }
    path_.pop_back();
    return claimed;
  }

  Byte& byte() { return byte_; }

 private:
  const Graph& graph_;
  const Wide address_;
  std::vector<int> path_;
  Byte byte_;
};

class Count {
 public:
  Count(const Graph& graph, uint64_t max_steps, int max_depth)
      : graph_(graph), max_steps_(max_steps), max_depth_(max_depth) {}

  // `from` and `to`: the part still to be seen, `to` not inside.
  void Visit(int index, Wide base, Wide from, Wide to, int above) {
    if (cost.depth > max_depth_ || cost.steps > max_steps_) return;
    ++cost.steps;
    const Node& node = graph_[index];
    if (!node.enabled) return;
    base += node.addr;
    from = std::max(from, base);
    to = std::min(to, base + node.size);
    if (from >= to) return;
    if (edges != nullptr) {
      edges->insert(static_cast<uint64_t>(from));
      if (to < kTwoTo64) edges->insert(static_cast<uint64_t>(to));
    }
    if (node.kind == Kind::kAlias) {
      if (node.target == kNone) return;
      cost.depth = std::max(cost.depth, above + 1);
      Visit(node.target, base - graph_[node.target].addr - node.offset, from,
            to, above + 1);
      return;
    }
    if (!node.children.empty()) cost.depth = std::max(cost.depth, above + 1);
    for (const int child : node.children)
      Visit(child, base, from, to, above + 1);
  }

  Cost cost;
  std::set<uint64_t>* edges = nullptr;

 private:
  const Graph& graph_;
  const uint64_t max_steps_;
  const int max_depth_;
};

}  // namespace

void Graph::Link(int container, int child, uint64_t at, int32_t priority) {
  Node& c = (*this)[child];
  c.addr = at;
  c.priority = priority;
  c.container = container;
  auto& siblings = (*this)[container].children;
  auto place = siblings.begin();  // R2.3
  while (place != siblings.end() && (*this)[*place].priority > priority) {
    ++place;
  }
  siblings.insert(place, child);
}

void Graph::Unlink(int child) {
  auto& siblings = (*this)[(*this)[child].container].children;
  siblings.erase(std::find(siblings.begin(), siblings.end(), child));
  (*this)[child].container = kNone;
}

void Graph::Isolate(int owner) {
  for (size_t i = 0; i < nodes.size(); ++i) {
    Node& node = nodes[i];
    const auto is_owned = [&](int other) {
      return other != kNone && (*this)[other].owner == owner;
    };
    if (node.container != kNone &&
        (node.owner == owner || is_owned(node.container))) {
      Unlink(static_cast<int>(i));
    }
    if (node.owner == owner || is_owned(node.target)) node.target = kNone;
  }
}

bool Graph::IsBelowOrSame(int node, int top) const {
  for (; node != kNone; node = (*this)[node].container) {
    if (node == top) return true;
  }
  return false;
}

std::optional<int> NormalisedRoot(const Graph& graph, int root, int max_depth) {
  for (int seen = 0; seen < max_depth; ++seen) {
    const Node& node = graph[root];
    if (!node.enabled) return kNone;    // R2.13
    if (Terminates(node)) return root;  // R2.16
    if (node.kind == Kind::kAlias) {
      if (node.target == kNone) return kNone;
      if (node.offset == 0 && node.size >= graph[node.target].size) {  // R2.14
        root = node.target;
        continue;
      }
      return root;
    }
    std::vector<int> enabled;  // R2.15
    for (const int child : node.children) {
      if (graph[child].enabled) enabled.push_back(child);
    }
    if (enabled.empty()) return kNone;
    if (enabled.size() > 1) return root;
    const Node& only = graph[enabled.front()];
    if (only.addr != 0 || only.size > node.size) return root;
    root = enabled.front();
  }
  return std::nullopt;
}

std::optional<Byte> At(const Graph& graph, int root, uint64_t address) {
  if (root == kNone) return std::nullopt;
  Claim claim(graph, address);
  if (!claim.Ask(root, 0, false, false, false)) return std::nullopt;
  return claim.byte();
}

bool SeamBetween(const Byte& left, const Byte& right) {
  if (left.path == right.path) return false;
  // One region has one dirty log mask and one romd mode: nothing to compare.
  const bool goes_on =
      left.region == right.region &&
      static_cast<Wide>(left.offset) + 1 == static_cast<Wide>(right.offset);
  return !goes_on || left.readonly != right.readonly ||
         left.nonvolatile != right.nonvolatile || left.unmergeable ||
         right.unmergeable;
}

Cost CostOf(const Graph& graph, int root, uint64_t max_steps, int max_depth) {
  Count count(graph, max_steps, max_depth);
  if (root != kNone) count.Visit(root, 0, 0, kTwoTo64, 0);
  return count.cost;
}

std::set<uint64_t> EdgesOf(const Graph& graph, int root) {
  std::set<uint64_t> edges;
  Count count(graph, UINT64_MAX, kLost);
  count.edges = &edges;
  if (root != kNone) count.Visit(root, 0, 0, kTwoTo64, 0);
  return edges;
}

std::vector<Range> ViewOf(const Graph& graph, int root,
                          const std::set<uint64_t>& edges) {
  std::vector<Range> view;
  for (auto edge = edges.begin(); edge != edges.end(); ++edge) {
    const auto after = std::next(edge);
    const uint64_t last = after == edges.end() ? UINT64_MAX : *after - 1;
    const std::optional<Byte> byte = At(graph, root, *edge);
    if (!byte.has_value()) continue;
    if (!view.empty() && *edge != 0 && view.back().last == *edge - 1) {
      const std::optional<Byte> left = At(graph, root, *edge - 1);
      if (left.has_value() && !SeamBetween(*left, *byte)) {
        view.back().last = last;
        continue;
      }
    }
    const Node& node = graph[byte->region];
    Range& r = view.emplace_back();
    r.first = *edge;
    r.last = last;
    r.region = byte->region;
    r.offset = byte->offset;
    r.kind = node.kind == Kind::kRam && node.readonly ? Kind::kRom : node.kind;
    r.romd = node.kind == Kind::kRomDevice && node.romd;
    r.dirty_log_mask = node.dirty_log_mask;
    r.readonly = byte->readonly;
    r.nonvolatile = byte->nonvolatile;
    r.unmergeable = byte->unmergeable;
  }
  return view;
}

}  // namespace planish::oracle
