#include "planish/space/io_page_table.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <ostream>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/base/rcu/atomics.h"

namespace planish {
namespace {

// How many empty nodes stay where they are.
constexpr size_t kEmptyKept = 32;
// So many wait before anybody asks whether their readers have left.
constexpr size_t kWaitingBatch = 16;

}  // namespace

std::ostream& operator<<(std::ostream& out, const IoMapping& mapping) {
  out << AddrRange{mapping.first, mapping.last};
  if (!mapping.mapped()) return out << " not mapped";
  return out << " -> " << mapping.target << ' ' << mapping.allowed;
}

IoPageTable::IoPageTable(RcuDomain& domain, Options options)
    : domain_(domain), options_(options) {
  PLANISH_CHECK(options.max_nodes != 0, "IO1: a table without a root");
  Node* root = TakeNode(kFirstRootShift);
  root_.store(
      reinterpret_cast<uint64_t>(root) | static_cast<uint64_t>(root->shift),
      std::memory_order_release);  // [T]
}

IoPageTable::~IoPageTable() = default;

IoMapping IoPageTable::LookupSpan(const ReadGuard& guard, Addr a,
                                  uint64_t bytes) const {
  IoMapping span = Lookup(guard, a);
  const uint64_t room = UINT64_MAX - a.raw();
  const Addr end(a.raw() + std::min(bytes - 1, room));
  while (span.mapped() && span.last < end) {
    const Addr at(span.last.raw() + 1);
    const IoMapping next = Find(at);
    if (next.allowed != span.allowed) break;
    // A page may have been split or grown meanwhile: compare where `at` goes.
    if (next.TargetOf(at) != span.TargetOf(at)) break;
    span.last = next.last;
  }
  return span;
}

// ---- Changes.

absl::Status IoPageTable::Map(AddrRange range, Addr target,
                              IommuAccess allowed) {
  if (allowed == IommuAccess::kNone || !Has(IommuAccess::kAll, allowed)) {
    return absl::InvalidArgumentError("a mapping that allows nothing");
  }
  if (target.raw() % kPageBytes != 0) {
    return absl::InvalidArgumentError("a target that is no page's");
  }
  if (range.last - range.first > Addr::Max() - target) {
    return absl::InvalidArgumentError("a mapping past 2^64");
  }
  return Apply(
      {range.first.raw(), range.last.raw(), target - range.first, allowed});
}

absl::Status IoPageTable::Unmap(AddrRange range) {
  return Apply({range.first.raw(), range.last.raw(), 0, IommuAccess::kNone});
}

absl::Status IoPageTable::Apply(const Change& change) {
  if (change.first % kPageBytes != 0 ||
      change.last % kPageBytes != kPageBytes - 1) {
    return absl::InvalidArgumentError("a range that is not of whole pages");
  }
  bool ready = true;
  if (change.is_map()) ready = !IsTooMuch(change) && GrowTo(change.last);
  ready = ready && Prepare(root(), 0, change);
  if (ready) Write(root(), 0, change);
  EndChange();
  if (ready) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      "an I/O page table of more than ", options_.max_nodes, " nodes"));
}

bool IoPageTable::IsTooMuch(const Change& change) const {
  // The largest pages that suit both sides; a node has 512 of them.
  int shift = kPageShift;
  while (shift + kNodeShift < 64 &&
         change.delta << (64 - shift - kNodeShift) == 0) {
    shift += kNodeShift;
  }
  if (shift + kNodeShift >= 64) return false;
  return (change.last - change.first) >> (shift + kNodeShift) >
         options_.max_nodes;
}

template <typename F>
bool IoPageTable::ForEachPart(const Node& node, uint64_t base,
                              const Change& change, F f) {
  const uint64_t mask = (uint64_t{1} << node.shift) - 1;
  const uint64_t first = std::max(change.first, base);
  // The last address of the last entry that an address can have.
  uint64_t last_index = kEntries - 1;
  if (node.shift + kNodeShift > 64) {
    last_index = (uint64_t{1} << (64 - node.shift)) - 1;
  }
  const uint64_t node_last = base + (last_index << node.shift | mask);
  const uint64_t last = std::min(change.last, node_last);
  if (first > last) return true;  // Past the root.
  for (uint64_t i = (first - base) >> node.shift;
       i <= (last - base) >> node.shift; ++i) {
    const uint64_t entry_base = base + (i << node.shift);
    if (!f(Part{static_cast<uint32_t>(i), entry_base,
                change.first <= entry_base &&
                    (entry_base | mask) <= change.last})) {
      return false;
    }
  }
  return true;
}

bool IoPageTable::FitsLeaf(const Node& node, const Part& part,
                           const Change& change) {
  const uint64_t mask = (uint64_t{1} << node.shift) - 1;
  return part.whole && (change.delta & mask) == 0;
}

bool IoPageTable::GrowTo(uint64_t last) {
  while (last >> root().shift >= kEntries) {
    Node& old = root();
    Node* top = TakeNode(old.shift + kNodeShift);
    if (top == nullptr) return false;
    if (old.used != 0) {
      old.parent = top;
      old.index = 0;
      SetEntry(*top, 0, WordOf(&old));
    } else {
      RetireTree(old);
    }
    root_.store(
        reinterpret_cast<uint64_t>(top) | static_cast<uint64_t>(top->shift),
        std::memory_order_release);  // [T]
  }
  return true;
}

bool IoPageTable::Prepare(Node& node, uint64_t base, const Change& change) {
  return ForEachPart(node, base, change, [&](const Part& part) {
    const uint64_t entry = EntryOf(node, part.index);
    if (change.is_map() ? FitsLeaf(node, part, change)
                        : part.whole || entry == 0) {
      return true;
    }
    if (!IsNode(entry) && !Split(node, part.index)) return false;
    return Prepare(*NodeOf(EntryOf(node, part.index)), part.base, change);
  });
}

void IoPageTable::Write(Node& node, uint64_t base, const Change& change) {
  ForEachPart(node, base, change, [&](const Part& part) {
    const uint64_t entry = EntryOf(node, part.index);
    if (change.is_map() ? FitsLeaf(node, part, change) : part.whole) {
      const uint64_t next =
          change.is_map() ? Leaf(part.base + change.delta, change.allowed) : 0;
      if (entry != next) SetEntry(node, part.index, next);
      if (IsNode(entry)) RetireTree(*NodeOf(entry));
    } else if (entry != 0) {
      Write(*NodeOf(entry), part.base, change);
    }
    return true;
  });
}

bool IoPageTable::Split(Node& node, uint32_t index) {
  const uint64_t entry = EntryOf(node, index);
  Node* below = TakeNode(node.shift - kNodeShift);
  if (below == nullptr) return false;
  below->parent = &node;
  below->index = index;
  if (entry != 0) {
    for (uint64_t i = 0; i < kEntries; ++i) {
      below->entries[i].store(entry + (i << below->shift),
                              std::memory_order_relaxed);  // By [T].
    }
    below->used = kEntries;
  }
  SetEntry(node, index, WordOf(below));
  // What is prepared may stay empty, if the change fails.
  if (entry == 0) NoteEmpty(*below);
  return true;
}

void IoPageTable::SetEntry(Node& node, uint32_t index, uint64_t entry) {
  const uint64_t old = EntryOf(node, index);
  node.entries[index].store(entry, std::memory_order_release);  // [T]
  if (old == 0 && entry != 0) ++node.used;
  if (old != 0 && entry == 0 && --node.used == 0) NoteEmpty(node);
}

// ---- Nodes.

IoPageTable::Node* IoPageTable::TakeNode(int shift) {
  const bool at_limit = nodes_.size() == options_.max_nodes;
  if (free_.empty() && (at_limit || waiting_.size() >= kWaitingBatch)) {
    while (!waiting_.empty() && domain_.Passed(waiting_.front().epoch)) {
      free_.push_back(waiting_.front().node);
      waiting_.pop_front();
    }
  }
  Node* node = nullptr;
  if (!free_.empty()) {
    node = free_.back();
    free_.pop_back();
    for (auto& entry : node->entries) {
      entry.store(0, std::memory_order_relaxed);  // By [T].
    }
  } else if (!at_limit) {
    nodes_.push_back(std::make_unique<Node>());
    node = nodes_.back().get();
  } else {
    return nullptr;
  }
  node->parent = nullptr;
  node->index = 0;
  node->used = 0;
  node->shift = shift;
  node->is_noted = false;
  node->is_in_use = true;
  return node;
}

void IoPageTable::RetireTree(Node& node) {
  for (uint32_t i = 0; i < kEntries && node.shift > kPageShift; ++i) {
    const uint64_t entry = EntryOf(node, i);
    if (IsNode(entry)) RetireTree(*NodeOf(entry));
  }
  node.is_noted = false;
  node.is_in_use = false;
  retired_.push_back(&node);
}

void IoPageTable::NoteEmpty(Node& node) {
  if (node.is_noted || &node == &root()) return;
  node.is_noted = true;
  empty_.push_back(&node);
}

// Gives back empty nodes beyond those that are kept, and begins the wait for
// readers of all that was retired.
void IoPageTable::EndChange() {
  while (empty_.size() > kEmptyKept) {
    Node& node = *empty_.front();
    empty_.pop_front();
    // Retired since, and perhaps in use again and noted anew: then it is in
    // here twice, and goes the sooner.
    if (!node.is_noted) continue;
    node.is_noted = false;
    if (node.used != 0 || &node == &root()) continue;
    SetEntry(*node.parent, node.index, 0);
    RetireTree(node);
  }
  // Lookups that begin when the change has returned see all of its stores.
  StdAtomics::FullFence();
  if (retired_.empty()) return;
  const uint64_t epoch = domain_.Advance();
  for (Node* node : retired_) waiting_.push_back({epoch, node});
  retired_.clear();
}

// ---- Reports.

IoPageTable::Stats IoPageTable::stats() const {
  return {nodes_.size() - waiting_.size() - free_.size(), waiting_.size(),
          free_.size()};
}

void IoPageTable::CheckInvariants() const {
  PLANISH_CHECK(root().parent == nullptr && retired_.empty(),
                "IO1: a root with a parent");
  PLANISH_CHECK_EQ(CheckNode(root()), stats().nodes,
                   "IO3: a node that nobody leads to");
}

size_t IoPageTable::CheckNode(const Node& node) const {
  PLANISH_CHECK(node.is_in_use, "IO3: a retired node is in use");
  size_t nodes = 1;
  uint32_t used = 0;
  for (uint32_t i = 0; i < kEntries; ++i) {
    const uint64_t entry = EntryOf(node, i);
    if (entry == 0) continue;
    ++used;
    if (IsNode(entry)) {
      const Node& below = *NodeOf(entry);
      PLANISH_CHECK(below.parent == &node && below.index == i &&
                        below.shift == node.shift - kNodeShift,
                    "IO1: a node that is not its parent's");
      nodes += CheckNode(below);
      continue;
    }
    const uint64_t mask = (uint64_t{1} << node.shift) - 1;
    PLANISH_CHECK((entry & mask & ~(kPageBytes - 1)) == 0 &&
                      (entry >> kAllowedShift & 7) != 0,
                  "IO2: a leaf that is no page");
  }
  PLANISH_CHECK_EQ(used, node.used, "IO1: entries in use");
  return nodes;
}

}  // namespace planish
