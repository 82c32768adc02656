#include "planish/dispatch/changes.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/dispatch/descriptor_pool.h"
#include "planish/dispatch/shown.h"
#include "planish/dispatch/table_memory.h"
#include "planish/dispatch/terminal.h"
#include "planish/flatview/flat_range.h"
#include "planish/flatview/flat_view.h"

namespace planish::internal {

Terminal TableVersion::Find(uint64_t a) const {
  if (lines == nullptr) return {Payload(), UINT64_MAX};
  return root.Find(lines, a);
}

// The runs of a view in order, and payloads for those that are new.
class Changes::Reader {
 public:
  Reader(const FlatView& view, uint64_t limit, const TableVersion& old,
         MemoryWriter& memory)
      : view_(view), limit_(limit), old_(old), memory_(memory) {}

  // Goes to the run that holds `a`. `a` counts as its first address.
  void Seek(uint64_t a) {
    first_ = a;
    at_ = view_.Seek(Addr(a));
    Read();
  }
  // REQUIRES: last() isn't 2^64-1.
  void Next() {
    if (range_ != nullptr) ++at_;
    first_ = last_ + 1;
    Read();
  }

  uint64_t first() const { return first_; }
  uint64_t last() const { return last_; }

  // A descriptor that may be shown again near by.
  void Remember(Payload payload) {
    if (payload == Payload()) return;
    recent_[next_++ % recent_.size()] = static_cast<uint32_t>(payload.index());
  }
  // Of the run, as if it were new; that of the old version, if it is the same.
  Payload Describe() {
    if (range_ == nullptr) return Payload();
    const Shown shown(*range_);
    const auto here = static_cast<uint32_t>(old_.Find(first_).payload.index());
    if (Fits(shown, here)) return shown.PayloadWith(here);
    for (const uint32_t index : recent_) {
      if (Fits(shown, index)) return shown.PayloadWith(index);
    }
    const Payload payload = shown.PayloadWith(NewDescriptor(shown));
    Remember(payload);
    return payload;
  }

 private:
  void Read() {
    range_ = nullptr;
    last_ = UINT64_MAX;
    if (at_ == view_.end() || at_->range.first.raw() > limit_) return;
    if (at_->range.first.raw() <= first_) {
      range_ = &*at_;
      last_ = std::min(at_->range.last.raw(), limit_);
    } else {
      last_ = at_->range.first.raw() - 1;
    }
  }

  bool Fits(const Shown& shown, uint32_t index) const {
    const DescriptorPool& pool = memory_.descriptors();
    if (index == 0 || pool.data()[index] != shown.own) return false;
    return !shown.NeedsExtra(index) ||
           (pool.IsPair(index) && pool.data()[index + 1] == shown.extra);
  }

  uint32_t NewDescriptor(const Shown& shown) {
    if (!shown.NeedsExtra(0)) {
      const uint32_t index = memory_.NewDescriptor(shown.own);
      if (!shown.NeedsExtra(index)) return index;
      memory_.ReturnDescriptor(index);
    }
    return memory_.NewDescriptorPair(shown.own, shown.extra);
  }

  const FlatView& view_;
  const uint64_t limit_;
  const TableVersion& old_;
  MemoryWriter& memory_;
  FlatView::Iterator at_;
  const FlatRange* range_ = nullptr;  // Null in a hole.
  uint64_t first_ = 0;
  uint64_t last_ = 0;
  std::array<uint32_t, 4> recent_ = {};
  size_t next_ = 0;
};

bool Changes::Collect(const FlatView& view,
                      absl::Span<const AddrRange> intervals, uint64_t limit,
                      const TableVersion& old, size_t most,
                      MemoryWriter& memory) {
  old_ = &old;
  runs_.clear();
  groups_.clear();
  dirty_.clear();
  group_ = 0;
  run_ = 0;
  targets_ = 0;
  Reader reader(view, limit, old, memory);
  for (const AddrRange& interval : intervals) {
    const uint64_t first = interval.first.raw();
    const uint64_t last = interval.last.raw();
    const uint64_t from = first == 0 ? 0 : first - 1;
    const uint64_t to = last == UINT64_MAX ? last : last + 1;
    const Terminal left = first == 0 ? Terminal{Payload(), 0} : old.Find(from);
    const Terminal right =
        last == UINT64_MAX ? Terminal{Payload(), last} : old.Find(to);
    reader.Remember(left.payload);
    reader.Remember(right.payload);

    bool more = true;  // Of the group, to be read.
    if (groups_.empty() || groups_.back().last < from) {
      groups_.push_back({from, to, runs_.size(), runs_.size(), 0});
      reader.Seek(from);
    } else {
      groups_.back().to = std::max(groups_.back().to, to);
      more = groups_.back().last < to;
      if (more) reader.Next();
    }
    Group& group = groups_.back();
    // The run that holds `from` is the one being read, or was the last one.
    const uint64_t new_last = more && reader.first() <= from ? reader.last()
                              : runs_.empty()                ? 0
                                              : runs_.back().last;
    dirty_.push_back(
        {first, last, left.last, first != 0 && left.last != new_last});
    while (more) {
      Payload payload;
      if (first != 0 && reader.first() <= from) {
        payload = left.payload;
      } else if (reader.last() > last) {
        payload = right.payload;
      } else {
        payload = reader.Describe();
      }
      memory.AddUse(static_cast<uint32_t>(payload.index()));
      runs_.push_back({payload, reader.last()});
      if (payload != Payload()) ++targets_;
      if (runs_.size() > most) return false;
      more = reader.last() < to;
      if (more) reader.Next();
    }
    if (last != UINT64_MAX && runs_.back().payload != right.payload) {
      // A run of its own until now, with a descriptor of its own that says the
      // same: all of it gets that of the run that it is a part of now.
      group.to = std::min(right.last, runs_.back().last);
      dirty_.back().last = group.to;
    }
    group.end = runs_.size();
    group.last = runs_.back().last;
  }
  return CountOldRuns(most, memory);
}

bool Changes::CountOldRuns(size_t most, MemoryWriter& memory) {
  old_runs_ = 0;
  old_targets_ = 0;
  for (const Group& group : groups_) {
    for (uint64_t a = group.from;; ++a) {
      const Terminal run = old_->Find(a);
      memory.DropUse(static_cast<uint32_t>(run.payload.index()));
      if (run.payload != Payload()) ++old_targets_;
      if (++old_runs_ > most) return false;
      if (run.last >= group.to) break;
      a = run.last;
    }
  }
  return true;
}

Terminal Changes::Find(uint64_t a) const {
  while (group_ != 0 && groups_[group_ - 1].last >= a) --group_;
  while (group_ != groups_.size() && groups_[group_].last < a) ++group_;
  if (group_ == groups_.size()) return old_->Find(a);
  const Group& group = groups_[group_];
  if (a < group.from) {
    const Terminal run = old_->Find(a);
    if (run.last < group.from) return run;
    return {run.payload, runs_[group.begin].last};
  }
  if (run_ < group.begin || run_ >= group.end) run_ = group.begin;
  const auto begin = runs_.begin() + static_cast<std::ptrdiff_t>(group.begin);
  auto at = runs_.begin() + static_cast<std::ptrdiff_t>(run_);
  if (at != begin && (at - 1)->last >= a) {
    at = std::partition_point(begin, at,
                              [a](const Terminal& t) { return t.last < a; });
  }
  // Mostly a step or none.
  while (at->last < a) ++at;
  run_ = static_cast<size_t>(at - runs_.begin());
  return *at;
}

}  // namespace planish::internal
