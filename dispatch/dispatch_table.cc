#include "planish/dispatch/dispatch_table.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "planish/base/check.h"
#include "planish/dispatch/radix.h"
#include "planish/dispatch/table_history.h"
#include "planish/dispatch/table_root.h"
#include "planish/flatview/flat_range.h"

namespace planish {
namespace {

constexpr size_t kGroup = 16;  // Addresses whose misses LookupBatch() overlaps.

}  // namespace

DispatchTable::DispatchTable(std::unique_ptr<internal::TableHistory> history)
    : root_(history->root()),
      lines_(history->lines()),
      descriptors_(history->descriptors()),
      history_(std::move(history)) {}

DispatchTable::~DispatchTable() = default;

std::unique_ptr<const DispatchTable> DispatchTable::Build(
    const FlatView& view) {
  return Build(view, Options());
}

std::unique_ptr<const DispatchTable> DispatchTable::Build(
    const FlatView& view, const Options& options, uint64_t born) {
  using Force = Options::Force;
  internal::TableHistory::Options how;
  how.huge_pages = options.huge_pages;
  how.force_tree = options.force == Force::kTree;
  how.two_directories = options.force == Force::kDeepRadix;
  how.force_radix = options.force == Force::kRadix || how.two_directories;
  // NOLINTNEXTLINE(modernize-make-unique): the constructor is private.
  return std::unique_ptr<const DispatchTable>(new DispatchTable(
      std::make_unique<internal::TableHistory>(view, how, born)));
}

std::unique_ptr<const DispatchTable> DispatchTable::Patch(
    const DispatchTable& old, const FlatView& view,
    absl::Span<const AddrRange> intervals, RetireList& replaced) {
  PLANISH_CHECK(old.history_ != nullptr, "D4: an old version was patched");
  old.history_->Patch(view, intervals, replaced);
  // NOLINTNEXTLINE(modernize-make-unique): the constructor is private.
  return std::unique_ptr<const DispatchTable>(
      new DispatchTable(std::move(old.history_)));
}

void DispatchTable::Retire(std::unique_ptr<const DispatchTable> table,
                           RetireList& replaced) {
  uint64_t born = 0;
  if (table->history_ != nullptr) {
    born = table->history_->newest();
    internal::TableHistory::Retire(std::move(table->history_), replaced);
  }
  replaced.Add(table.release(), born);
}

template <int kDepth, bool kRanked>
void DispatchTable::RadixBatch(absl::Span<const Addr> addrs,
                               absl::Span<Section> sections) const {
  for (size_t i = 0; i < addrs.size(); i += kGroup) {
    const size_t count = std::min(kGroup, addrs.size() - i);
    std::array<const Line*, kGroup> slots;
    std::array<uint64_t, kGroup> units;
    for (size_t j = 0; j < count; ++j) {
      units[j] = internal::ClampTo(root_.level, addrs[i + j].raw()) >>
                 root_.level.unit;
      slots[j] = internal::SlotOf<kDepth>(lines_, root_.level,
                                          units[j] >> root_.level.slot_bits);
      __builtin_prefetch(slots[j]);
    }
    for (size_t j = 0; j < count; ++j) {
      const Addr a = addrs[i + j];
      sections[i + j] =
          Section(a,
                  internal::FindInSlot<kRanked>(lines_, root_.level, slots[j],
                                                units[j], a.raw()),
                  descriptors_);
    }
  }
}

void DispatchTable::LookupBatch(absl::Span<const Addr> addrs,
                                absl::Span<Section> sections) const {
  PLANISH_DCHECK(addrs.size() == sections.size(), "spans of unequal length");
  switch (root_.form) {
    case Form::kRadix1:
      return RadixBatch<1, false>(addrs, sections);
    case Form::kRadix2:
      return RadixBatch<2, false>(addrs, sections);
    case Form::kRanked1:
      return RadixBatch<1, true>(addrs, sections);
    case Form::kRanked2:
      return RadixBatch<2, true>(addrs, sections);
    default:
      break;
  }
  for (size_t i = 0; i < addrs.size(); ++i) sections[i] = Lookup(addrs[i]);
}

absl::string_view DispatchTable::form_name() const {
  if (root_.is_scan()) return "scan";
  if (root_.is_tree()) return "tree";
  return root_.is_pages() ? "pages" : "radix";
}

size_t DispatchTable::memory_bytes() const {
  return sizeof(*this) + (history_ == nullptr ? 0 : history_->memory_bytes());
}

void DispatchTable::CheckInvariants(const FlatView& view) const {
  // One address, against what the view has there.
  const auto check = [&](uint64_t raw) {
    const Addr a(raw);
    const Section section = Lookup(a);
    const auto at = view.Seek(a);
    if (at == view.end() || at->range.first > a) {
      PLANISH_CHECK(section.is_hole(), "D1: a range in a hole");
      PLANISH_CHECK_EQ(
          section.last(),
          at == view.end() ? Addr::Max() : Addr(at->range.first.raw() - 1),
          "D3: where a hole ends");
      return;
    }
    PLANISH_CHECK(!section.is_hole(), "D1: a hole in a range");
    PLANISH_CHECK(section.region() == at->region, "D1: another region");
    PLANISH_CHECK_EQ(section.offset(), at->OffsetOf(a), "D1: the offset");
    PLANISH_CHECK_EQ(section.readonly(), at->readonly, "D1: read-only");
    PLANISH_CHECK_EQ(section.dirty_log_mask(), at->dirty_log_mask,
                     "D1: the dirty log mask");
    PLANISH_CHECK_EQ(section.last(), at->range.last, "D3: where a range ends");
  };
  check(0);
  check(UINT64_MAX);
  for (const FlatRange& range : view) {
    const uint64_t first = range.range.first.raw();
    const uint64_t last = range.range.last.raw();
    if (first != 0) check(first - 1);
    check(first);
    check(first + (last - first) / 2);
    check(last);
    if (last != UINT64_MAX) check(last + 1);
  }
  if (history_ != nullptr) history_->CheckInvariants();
}

}  // namespace planish
