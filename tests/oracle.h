// The oracle of the model tests: a plain description of a graph, and what one
// address of it shows, answered by SEMANTICS section 2 read aloud: walk down
// from the root, and see who claims this byte. No flattening, no intervals, no
// line shared with regions/, flatview/ or dispatch/, not even a header.
//
// A graph here is a vector of nodes; indexes name them. Children are listed
// highest precedence first, as R2.2 and R2.3 tell it.
//
// THREAD SAFETY  Plain values.

#ifndef PLANISH_TESTS_ORACLE_H_
#define PLANISH_TESTS_ORACLE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

namespace planish::oracle {

__extension__ typedef __int128 Wide;

inline constexpr int kNone = -1;
inline constexpr Wide kTwoTo64 = static_cast<Wide>(1) << 64;

enum class Kind : uint8_t {
  kContainer,
  kRam,
  kRom,  // Made read-only; then as kRam.
  kRomDevice,
  kRamDevice,
  kMmio,
  kReservation,
  kIommu,
  kAlias,
};

struct Node {
  Kind kind = Kind::kContainer;
  int owner = 0;
  Wide size = 0;
  uint64_t addr = 0;
  int32_t priority = 0;
  bool enabled = true;
  bool readonly = false;
  bool nonvolatile = false;
  bool unmergeable = false;
  bool romd = true;
  uint8_t dirty_log_mask = 0;
  bool fixed_size = false;  // Has host memory.
  int container = kNone;
  std::vector<int> children;  // Highest precedence first.
  int target = kNone;
  uint64_t offset = 0;  // Of an alias, in its target.

  friend bool operator==(const Node&, const Node&) = default;
};

// The edits that move links; all else is an assignment to a field.
struct Graph {
  std::vector<Node> nodes;

  Node& operator[](int i) { return nodes[static_cast<size_t>(i)]; }
  const Node& operator[](int i) const { return nodes[static_cast<size_t>(i)]; }

  void Link(int container, int child, uint64_t at, int32_t priority);
  void Unlink(int child);
  // Nothing leads to, or from, the nodes of `owner` any more (E1).
  void Isolate(int owner);
  bool IsBelowOrSame(int node, int top) const;
};

// What one address shows. `path` is how it was reached: two neighbours that
// came by the same path were never apart.
struct Byte {
  int region = kNone;
  uint64_t offset = 0;
  bool readonly = false;
  bool nonvolatile = false;
  bool unmergeable = false;
  std::vector<int> path;
};

// R2.13 to R2.16. kNone: the empty view. No value: `max_depth` regions were not
// enough to tell (X4).
std::optional<int> NormalisedRoot(const Graph& graph, int root, int max_depth);

// R2.1 to R2.11 for one address. `root` is the normalised root.
std::optional<Byte> At(const Graph& graph, int root, uint64_t address);

// SEMANTICS 2.4: whether a boundary stands between the bytes of two adjacent
// addresses, the left one first.
bool SeamBetween(const Byte& left, const Byte& right);

// What rendering costs at most, as X4 counts it.
struct Cost {
  uint64_t steps = 0;  // Visits, of what is hidden too.
  int depth = 0;       // Of windows and containers on one path.
};
// Stops counting when `max_steps` or `max_depth` are passed.
Cost CostOf(const Graph& graph, int root, uint64_t max_steps, int max_depth);
// Where anything may begin, or have ended just below. REQUIRES: an end.
std::set<uint64_t> EdgesOf(const Graph& graph, int root);

// A range of a view, both ends inside, with the attributes of its first byte.
struct Range {
  uint64_t first = 0;
  uint64_t last = 0;
  int region = kNone;
  uint64_t offset = 0;
  Kind kind = Kind::kContainer;
  bool romd = false;
  uint8_t dirty_log_mask = 0;
  bool readonly = false;
  bool nonvolatile = false;
  bool unmergeable = false;

  friend bool operator==(const Range&, const Range&) = default;
};

// The view of a normalised root, by asking At() at each of `edges`, and just
// below each.
std::vector<Range> ViewOf(const Graph& graph, int root,
                          const std::set<uint64_t>& edges);

}  // namespace planish::oracle

#endif  // PLANISH_TESTS_ORACLE_H_
