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
#include "planish/dispatch/run_list.h"

namespace planish {

struct DispatchTable::Storage {
  Storage(size_t lines, bool huge_pages) : arena(lines, huge_pages) {}

  LineArena arena;
  std::vector<Descriptor> descriptors;
  Form form = Form::kScan8;
  internal::Tree tree = {};
  internal::Pages pages = {};
  internal::Level level = {};
};

namespace {

using internal::RadixPlan;
using Runs = absl::Span<const Terminal>;

constexpr size_t kGroup = 16;  // Addresses whose misses LookupBatch() overlaps.

// Up to here a scan is as fast as a radix, whatever the map.
constexpr size_t kAlwaysScan = 40;
// Up to here it is faster than a radix with nodes below its root.
constexpr size_t kMaxScan = internal::Tree::kMaxTop * internal::TreeRow::kRuns;
// A part of the targets below nodes that a radix bears: each lookup of one may
// mispredict a branch. To a tree that is worth more levels than to a scan.
constexpr double kMaxCrowdingForScan = 1.0 / 16;
constexpr double kMaxCrowding = 0.3;

DispatchTable::Form ScanForm(const internal::Tree& tree) {
  using Form = DispatchTable::Form;
  if (tree.top == 1) return Form::kScan8;
  if (tree.top <= 4) return Form::kScan32;
  if (tree.top <= 8) return Form::kScan64;
  if (tree.top <= 16) return Form::kScan128;
  return Form::kScan256;
}

DispatchTable::Form RadixForm(const internal::Level& level) {
  using Form = DispatchTable::Form;
  constexpr Form kForms[2][3] = {
      {Form::kRadix0, Form::kRadix1, Form::kRadix2},
      {Form::kRanked0, Form::kRanked1, Form::kRanked2}};
  return kForms[level.ranked ? 1 : 0][level.depth];
}

}  // namespace

DispatchTable::DispatchTable(std::unique_ptr<const Storage> storage)
    : form_(storage->form),
      lines_(storage->arena.data()),
      descriptors_(storage->descriptors.data()),
      storage_(std::move(storage)) {
  switch (form_) {
    case Form::kScan8:
    case Form::kScan32:
    case Form::kScan64:
    case Form::kScan128:
    case Form::kScan256:
    case Form::kTree:
      tree_ = storage_->tree;
      break;
    case Form::kPages:
    case Form::kPagesWide:
      pages_ = storage_->pages;
      break;
    case Form::kRadix0:
    case Form::kRadix1:
    case Form::kRadix2:
    case Form::kRanked0:
    case Form::kRanked1:
    case Form::kRanked2:
      level_ = storage_->level;
      break;
  }
}

DispatchTable::~DispatchTable() = default;

std::unique_ptr<const DispatchTable> DispatchTable::Build(
    const FlatView& view) {
  return Build(view, Options());
}

std::unique_ptr<const DispatchTable> DispatchTable::Build(
    const FlatView& view, const Options& options) {
  using Force = Options::Force;
  const RunList list = MakeRunList(view);
  const Runs runs = list.runs;
  const bool by_rule = options.force == Force::kNone;
  std::optional<int> pages;
  std::optional<RadixPlan> radix;
  if (runs.size() > (by_rule ? kAlwaysScan : 1) &&
      options.force != Force::kTree) {
    if (by_rule) pages = internal::PlanPages(runs);
    if (!pages) radix = internal::PlanRadix(runs);
    const double most =
        runs.size() <= kMaxScan ? kMaxCrowdingForScan : kMaxCrowding;
    if (radix && by_rule && radix->crowding() > most) radix.reset();
  }

  const size_t lines =
      radix ? radix->slots + runs.size() / 4 : runs.size() / 3 + 8;
  auto storage = std::make_unique<Storage>(lines, options.huge_pages);
  // A copy: shrink_to_fit() does nothing where there are no exceptions.
  storage->descriptors = {list.descriptors.begin(), list.descriptors.end()};
  if (pages) {
    storage->pages = internal::BuildPages(runs, *pages, storage->arena);
    storage->form =
        storage->pages.has_directory ? Form::kPagesWide : Form::kPages;
  } else if (radix) {
    storage->level = internal::BuildRadix(runs, *radix, storage->arena);
    storage->form = RadixForm(storage->level);
  } else {
    storage->tree = internal::BuildTree(runs, storage->arena);
    storage->form =
        storage->tree.depth == 0 ? ScanForm(storage->tree) : Form::kTree;
  }
  // NOLINTNEXTLINE(modernize-make-unique): the constructor is private.
  return std::unique_ptr<const DispatchTable>(
      new DispatchTable(std::move(storage)));
}

std::unique_ptr<const DispatchTable> DispatchTable::Patch(
    const DispatchTable& old, const FlatView& view,
    absl::Span<const AddrRange> intervals, RetireList& replaced) {
  static_cast<void>(intervals);  // The whole table is built anew.
  PLANISH_CHECK(old.storage_ != nullptr, "D4: an old version was patched");
  auto next = Build(view);
  replaced.Add(old.storage_.release());
  return next;
}

template <int kDepth, bool kRanked>
void DispatchTable::RadixBatch(absl::Span<const Addr> addrs,
                               absl::Span<Section> sections) const {
  for (size_t i = 0; i < addrs.size(); i += kGroup) {
    const size_t count = std::min(kGroup, addrs.size() - i);
    std::array<const Line*, kGroup> slots;
    std::array<uint64_t, kGroup> units;
    for (size_t j = 0; j < count; ++j) {
      units[j] = internal::ClampTo(level_, addrs[i + j].raw()) >> level_.unit;
      slots[j] = internal::SlotOf<kDepth>(lines_, level_,
                                          units[j] >> level_.slot_bits);
      __builtin_prefetch(slots[j]);
    }
    for (size_t j = 0; j < count; ++j) {
      const Addr a = addrs[i + j];
      sections[i + j] =
          Section(a,
                  internal::FindInSlot<kRanked>(lines_, level_, slots[j],
                                                units[j], a.raw()),
                  descriptors_);
    }
  }
}

void DispatchTable::LookupBatch(absl::Span<const Addr> addrs,
                                absl::Span<Section> sections) const {
  PLANISH_DCHECK(addrs.size() == sections.size(), "spans of unequal length");
  switch (form_) {
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
  switch (form_) {
    case Form::kScan8:
    case Form::kScan32:
    case Form::kScan64:
    case Form::kScan128:
    case Form::kScan256:
      return "scan";
    case Form::kTree:
      return "tree";
    case Form::kPages:
    case Form::kPagesWide:
      return "pages";
    case Form::kRadix0:
    case Form::kRadix1:
    case Form::kRadix2:
    case Form::kRanked0:
    case Form::kRanked1:
    case Form::kRanked2:
      return "radix";
  }
  return "?";
}

size_t DispatchTable::memory_bytes() const {
  if (storage_ == nullptr) return sizeof(*this);
  return sizeof(*this) + sizeof(Storage) + storage_->arena.size_bytes() +
         storage_->descriptors.capacity() * sizeof(Descriptor);
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
  PLANISH_CHECK(storage_ == nullptr || lines_ == storage_->arena.data(),
                "D2: the lines are not the storage's");
}

}  // namespace planish
