// IoPageTable: a page table of our own that an IOMMU's model can fill in as the
// guest maps and unmaps, where it need not walk the guest's own tables. It is
// changed in place, and read meanwhile.
//
//   root --> 1 GiB entries --> 2 MiB entries --> 4 KiB entries
//            (or 512 GiB, ...)    |                 |
//                                 leaf or node      leaf
//
//   entry   node address              | 1      the next 512 entries
//           target page | allowed << 1| 0      a leaf: everything below it
//           0                                  nothing is mapped
//
// Map() takes the largest pages that fit into the range and are aligned in the
// target as well: 4 KiB, 2 MiB, 1 GiB, and on by 512, so that all of 2^64 is
// 128 entries. What is cut out of a large page splits it. The root grows a
// level whenever an address lies past it.
//
// INVARIANTS (CheckInvariants())
//   IO1  An entry that is a node's says so with its parent and index; each node
//        but the root has one, and `used` is how many of its own aren't 0.
//   IO2  A leaf allows something, and its target is a multiple of its size.
//   IO3  Each node is in use, or waits for readers, or is free.
//   IO4  A change is one store for each leaf: a reader sees the old page or the
//        new one. Splitting changes no answer.
// ORDERS
//   [T] entry.store(release) | entry.load(acquire): what a node holds comes
//       before the node; also of the root.
// THREAD SAFETY  One writer at a time, any number of readers meanwhile. Once
//   Map() or Unmap() has returned, no lookup that begins answers what was
//   before. A range is not changed as a whole: page by page.
// LIFETIME  Its domain outlives it. No reader is in it when it goes. What a
//   lookup said before a change may be in use until the reader's guard goes:
//   RcuDomain::Synchronize(), or Retire() in a callback, tell when.
// ERRORS  kInvalidArgument: not of whole 4 KiB pages, past 2^64, nothing
//   allowed. kResourceExhausted: Options::max_nodes. Either way, nothing has
//   changed.
// COST  Lookup: 3 loads up to 512 GiB, then one for each 9 bits. Map, Unmap: a
//   store for each page, and the nodes. A node is 4,160 bytes; empty ones are
//   kept, up to 32, since what is unmapped tends to be mapped again.
// SOURCES  SEMANTICS 6.

#ifndef PLANISH_SPACE_IO_PAGE_TABLE_H_
#define PLANISH_SPACE_IO_PAGE_TABLE_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <ostream>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "absl/status/status.h"
#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/base/rcu/rcu_domain.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/regions/iommu_ops.h"

namespace planish {

// What a lookup answers: it holds for all of [first, last]. Where nothing is
// mapped, nothing is allowed.
struct IoMapping {
  Addr first;
  Addr last;
  Addr target;  // Of `first`.
  IommuAccess allowed = IommuAccess::kNone;

  bool mapped() const { return allowed != IommuAccess::kNone; }
  // REQUIRES: `a` is in [first, last].
  Addr TargetOf(Addr a) const { return Addr(target.raw() + (a - first)); }

  friend bool operator==(const IoMapping&, const IoMapping&) = default;
};

// [0x1000, 0x1fff] -> 0x8000 rw-
std::ostream& operator<<(std::ostream& out, const IoMapping& mapping);

class IoPageTable {
 public:
  static constexpr uint64_t kPageBytes = 4096;

  struct Options {
    // Those that wait for readers included: guests map what they like.
    size_t max_nodes = 1 << 16;
  };
  struct Stats {
    size_t nodes;  // In use, the root included.
    size_t waiting;
    size_t free;
  };

  explicit IoPageTable(RcuDomain& domain) : IoPageTable(domain, Options()) {}
  // REQUIRES: max_nodes != 0.
  IoPageTable(RcuDomain& domain, Options options);
  ~IoPageTable();
  IoPageTable(const IoPageTable&) = delete;
  IoPageTable& operator=(const IoPageTable&) = delete;

  // ---- For readers.

  // One page, or a hole that no page is in.
  ABSL_ATTRIBUTE_ALWAYS_INLINE IoMapping Lookup(const ReadGuard& guard,
                                                Addr a) const {
    PLANISH_DCHECK(&guard.domain() == &domain_, "G2: another domain's guard");
    return Find(a);
  }
  // The same, with the pages behind it that go on where it ends, in the target
  // and with what is allowed, until it has `bytes` from `a` on. Each page is
  // looked up by itself.
  // REQUIRES: bytes != 0.
  IoMapping LookupSpan(const ReadGuard& guard, Addr a, uint64_t bytes) const;

  // ---- For the writer.

  // In place of what was mapped there.
  absl::Status Map(AddrRange range, Addr target, IommuAccess allowed);
  absl::Status Unmap(AddrRange range);

  Stats stats() const;
  // Aborts with the id of the first invariant that doesn't hold.
  void CheckInvariants() const;

 private:
  static constexpr int kPageShift = 12;
  static constexpr int kNodeShift = 9;
  static constexpr uint64_t kEntries = 1 << kNodeShift;
  static constexpr int kFirstRootShift = 30;
  static constexpr uint64_t kNodeBit = 1;
  static constexpr int kAllowedShift = 1;

  struct alignas(64) Node {
    std::array<std::atomic<uint64_t>, kEntries> entries;  // [T]
    // The writer's.
    Node* parent;
    uint32_t index;  // In its parent.
    uint32_t used;   // Entries that aren't 0.
    int shift;       // An entry is 2^shift bytes.
    bool is_noted;   // In empty_.
    bool is_in_use;  // IO3.
  };
  struct Waiting {
    uint64_t epoch;
    Node* node;
  };
  // What Map() and Unmap() do to a range: the entries of one become leaves,
  // those of the other nothing.
  struct Change {
    uint64_t first;
    uint64_t last;
    uint64_t delta;  // Target minus address, modulo 2^64.
    IommuAccess allowed;

    bool is_map() const { return allowed != IommuAccess::kNone; }
  };
  // The part of a change that is in one entry.
  struct Part {
    uint32_t index;
    uint64_t base;  // Of the entry.
    bool whole;     // All of the entry.
  };

  static Node* NodeOf(uint64_t word) {
    return reinterpret_cast<Node*>(word & ~uint64_t{63});
  }
  static uint64_t WordOf(const Node* node) {
    return reinterpret_cast<uint64_t>(node) | kNodeBit;
  }
  // The root's word has its shift in the low bits.
  static int ShiftOf(uint64_t root) { return static_cast<int>(root & 63); }
  static bool IsNode(uint64_t entry) { return (entry & kNodeBit) != 0; }
  static uint64_t Leaf(uint64_t target, IommuAccess allowed) {
    return target | static_cast<uint64_t>(allowed) << kAllowedShift;
  }

  ABSL_ATTRIBUTE_ALWAYS_INLINE IoMapping Find(Addr a) const {
    const uint64_t root = root_.load(std::memory_order_acquire);  // [T]
    int shift = ShiftOf(root);
    const Node* node = NodeOf(root);
    uint64_t index = a.raw() >> shift;
    if (ABSL_PREDICT_FALSE(index >= kEntries)) {
      return {Addr(kEntries << shift), Addr::Max(), Addr(0)};
    }
    while (true) {
      const uint64_t entry =
          node->entries[index].load(std::memory_order_acquire);  // [T]
      if (!IsNode(entry)) {
        const uint64_t mask = (uint64_t{1} << shift) - 1;
        return {Addr(a.raw() & ~mask), Addr(a.raw() | mask),
                Addr(entry & ~(kPageBytes - 1)),
                static_cast<IommuAccess>(entry >> kAllowedShift & 7)};
      }
      node = NodeOf(entry);
      shift -= kNodeShift;
      index = a.raw() >> shift & (kEntries - 1);
    }
  }

  Node& root() const {
    return *NodeOf(root_.load(std::memory_order_relaxed));  // Own.
  }
  static uint64_t EntryOf(const Node& node, uint32_t index) {
    return node.entries[index].load(std::memory_order_relaxed);  // Own.
  }
  // Calls f(part) for each entry of `node` that `change` has a part of, until
  // it returns false. `base` is the node's first address.
  template <typename F>
  static bool ForEachPart(const Node& node, uint64_t base, const Change& change,
                          F f);
  // Whether a leaf can be put there; if so, `change` needs nothing below it.
  static bool FitsLeaf(const Node& node, const Part& part,
                       const Change& change);

  absl::Status Apply(const Change& change);
  // Whether it is sure to be too much, so that nobody need try.
  bool IsTooMuch(const Change& change) const;
  bool GrowTo(uint64_t last);
  // Makes what nodes `change` needs, and changes no answer. False: no more.
  bool Prepare(Node& node, uint64_t base, const Change& change);
  void Write(Node& node, uint64_t base, const Change& change);

  void SetEntry(Node& node, uint32_t index, uint64_t entry);
  // The node of 512 entries that say what the entry says.
  bool Split(Node& node, uint32_t index);
  Node* TakeNode(int shift);
  // Of a node that no entry leads to any more; with all below it.
  void RetireTree(Node& node);
  void NoteEmpty(Node& node);
  void EndChange();
  size_t CheckNode(const Node& node) const;

  RcuDomain& domain_;
  const Options options_;
  std::atomic<uint64_t> root_;  // [T]
  // The writer's.
  std::vector<std::unique_ptr<Node>> nodes_;  // All of them.
  std::vector<Node*> free_;
  std::vector<Node*> retired_;   // By the change under way.
  std::deque<Waiting> waiting_;  // By epoch.
  // Emptied, the longest ago first. Some have been filled or retired since.
  std::deque<Node*> empty_;
};

}  // namespace planish

#endif  // PLANISH_SPACE_IO_PAGE_TABLE_H_
