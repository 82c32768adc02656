#include "planish/text/flat_text.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "planish/base/status_macros.h"
#include "planish/text/lines.h"
#include "planish/text/numbers.h"
#include "planish/text/parse_error.h"
#include "planish/text/readers.h"

namespace planish::text {
namespace {

using Side = FlatDifference::Side;

constexpr absl::string_view kView = "FlatView #";
constexpr absl::string_view kSpace = " AS ";
constexpr absl::string_view kRoot = " Root memory region: ";
constexpr absl::string_view kNoRanges = "  No rendered FlatView";

// "START-END (prio N, TYPE): NAME", the indentation gone.
bool IsRange(absl::string_view line) {
  constexpr size_t kDigits = 16;
  constexpr size_t kEnd = 2 * kDigits + 1;
  return line.size() > kEnd && line[kDigits] == '-' &&
         ParseHex64(line.substr(0, kDigits)) &&
         ParseHex64(line.substr(kDigits + 1, kDigits)) &&
         absl::StartsWith(line.substr(kEnd), " (prio ") &&
         absl::StrContains(line, "): ");
}

bool TellsOwner(absl::string_view line) {
  return absl::EndsWith(line, "}") && (absl::StrContains(line, " owner:{") ||
                                       absl::StrContains(line, " parent:{"));
}

class FlatTextReader {
 public:
  explicit FlatTextReader(const Source& source)
      : source_(source), lines_(source.text) {}

  absl::StatusOr<std::vector<FlatBlock>> Read() {
    while (lines_.Next()) PLANISH_RETURN_IF_ERROR(ReadLine(lines_.line()));
    if (state_ == State::kSpaces) {
      return ParseErrorAtEnd(source_.name, lines_.number(),
                             "' Root memory region: '");
    }
    if (blocks_.empty()) {
      return ParseErrorAtEnd(source_.name, lines_.number(), "'FlatView #0'");
    }
    return std::move(blocks_);
  }

 private:
  // What may come next.
  enum class State { kBlock, kSpaces, kRanges, kNothing, kDispatch };

  absl::Status ReadLine(absl::string_view line) {
    if (absl::StartsWith(line, "(qemu)")) return absl::OkStatus();
    if (state_ == State::kSpaces) {
      if (absl::ConsumePrefix(&line, kSpace)) {
        blocks_.back().spaces.emplace_back(line);
        return absl::OkStatus();
      }
      if (absl::ConsumePrefix(&line, kRoot)) {
        blocks_.back().root = std::string(line);
        state_ = State::kRanges;
        return absl::OkStatus();
      }
      return Error(line, "' AS \"' or ' Root memory region: '");
    }
    if (line.empty()) {
      state_ = State::kBlock;
      return absl::OkStatus();
    }
    if (absl::StartsWith(line, kView)) {
      blocks_.emplace_back().line = lines_.number();
      state_ = State::kSpaces;
      return absl::OkStatus();
    }
    if (state_ == State::kDispatch) return absl::OkStatus();
    if (state_ == State::kBlock) return Error(line, "'FlatView #'");
    if (line == "  Dispatch") {
      state_ = State::kDispatch;
      return absl::OkStatus();
    }
    FlatBlock& block = blocks_.back();
    if (line == kNoRanges && block.ranges.empty()) {
      state_ = State::kNothing;
      return absl::OkStatus();
    }
    absl::string_view range = line;
    if (state_ == State::kNothing || !absl::ConsumePrefix(&range, "  ") ||
        !IsRange(range)) {
      return Error(line, state_ == State::kNothing
                             ? "an empty line"
                             : "a range ('  START-END (prio N, TYPE): NAME') "
                               "or an empty line");
    }
    block.ranges.emplace_back(range);
    block.tells_owners |= TellsOwner(range);
    return absl::OkStatus();
  }

  absl::Status Error(absl::string_view found, absl::string_view expected) {
    return ParseError(source_.name, lines_.number(), 1, expected, found);
  }

  const Source& source_;
  Lines lines_;
  State state_ = State::kBlock;
  std::vector<FlatBlock> blocks_;
};

// A block in the order in which it is compared.
struct SortedBlock {
  std::vector<std::string> spaces;
  std::string root;
  std::vector<std::string> ranges;

  friend auto operator<=>(const SortedBlock&, const SortedBlock&) = default;
};

std::vector<SortedBlock> Sorted(const std::vector<FlatBlock>& blocks) {
  std::vector<SortedBlock> sorted;
  sorted.reserve(blocks.size());
  for (const FlatBlock& block : blocks) {
    sorted.push_back({block.spaces, block.root, block.ranges});
    std::sort(sorted.back().spaces.begin(), sorted.back().spaces.end());
    std::sort(sorted.back().ranges.begin(), sorted.back().ranges.end());
  }
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

// What `from` has beyond `other`; both sorted, repeated elements counted.
template <typename T>
std::vector<T> Beyond(const std::vector<T>& from, const std::vector<T>& other) {
  std::vector<T> beyond;
  std::set_difference(from.begin(), from.end(), other.begin(), other.end(),
                      std::back_inserter(beyond));
  return beyond;
}

// Both sides as one list: lines in order, of the expected side first.
void AppendLines(const std::vector<std::string>& expected,
                 const std::vector<std::string>& actual, bool with_common,
                 absl::string_view prefix,
                 std::vector<FlatDifference>& differences) {
  size_t e = 0;
  size_t a = 0;
  while (e < expected.size() || a < actual.size()) {
    const bool take_expected =
        a == actual.size() || (e < expected.size() && expected[e] <= actual[a]);
    const bool common =
        take_expected && a < actual.size() && expected[e] == actual[a];
    const std::string& line = take_expected ? expected[e] : actual[a];
    const Side side = common          ? Side::kBoth
                      : take_expected ? Side::kOnlyExpected
                                      : Side::kOnlyActual;
    if (!common || with_common) {
      differences.push_back({side, absl::StrCat(prefix, line)});
    }
    if (common || take_expected) ++e;
    if (common || !take_expected) ++a;
  }
}

void AppendBlocks(const SortedBlock* expected, const SortedBlock* actual,
                  std::vector<FlatDifference>& differences) {
  static const SortedBlock* const kNone = new SortedBlock;
  const SortedBlock& e = expected != nullptr ? *expected : *kNone;
  const SortedBlock& a = actual != nullptr ? *actual : *kNone;
  AppendLines(e.spaces, a.spaces, true, " AS ", differences);
  const auto root_of = [](const SortedBlock* block) {
    return block != nullptr ? std::vector<std::string>{block->root}
                            : std::vector<std::string>();
  };
  AppendLines(root_of(expected), root_of(actual), true, kRoot, differences);
  AppendLines(e.ranges, a.ranges, false, "  ", differences);
}

// Takes out of both lists, as pairs, the blocks for which `key` is the same.
template <typename Key>
void PairBlocks(std::vector<const SortedBlock*>& expected,
                std::vector<const SortedBlock*>& actual, Key key,
                std::vector<FlatDifference>& differences) {
  std::multimap<std::string, const SortedBlock*> waiting;
  for (const SortedBlock* block : actual) waiting.emplace(key(*block), block);
  std::vector<const SortedBlock*> alone;
  for (const SortedBlock* block : expected) {
    const auto found = waiting.find(key(*block));
    if (found == waiting.end()) {
      alone.push_back(block);
      continue;
    }
    AppendBlocks(block, found->second, differences);
    waiting.erase(found);
  }
  expected = std::move(alone);
  actual.clear();
  for (const auto& [unused, block] : waiting) actual.push_back(block);
}

std::vector<const SortedBlock*> PointersTo(
    const std::vector<SortedBlock>& blocks) {
  std::vector<const SortedBlock*> pointers;
  pointers.reserve(blocks.size());
  for (const SortedBlock& block : blocks) pointers.push_back(&block);
  return pointers;
}

}  // namespace

absl::StatusOr<std::vector<FlatBlock>> ReadFlatViews(const Source& flat) {
  return FlatTextReader(flat).Read();
}

std::vector<FlatDifference> CompareFlatViews(
    const std::vector<FlatBlock>& expected,
    const std::vector<FlatBlock>& actual) {
  const std::vector<SortedBlock> all_expected = Sorted(expected);
  const std::vector<SortedBlock> all_actual = Sorted(actual);
  const std::vector<SortedBlock> e = Beyond(all_expected, all_actual);
  const std::vector<SortedBlock> a = Beyond(all_actual, all_expected);
  std::vector<const SortedBlock*> only_expected = PointersTo(e);
  std::vector<const SortedBlock*> only_actual = PointersTo(a);
  std::vector<FlatDifference> differences;
  PairBlocks(
      only_expected, only_actual,
      [](const SortedBlock& block) {
        return absl::StrJoin(block.spaces, "\n");
      },
      differences);
  PairBlocks(
      only_expected, only_actual,
      [](const SortedBlock& block) { return block.root; }, differences);
  for (const SortedBlock* block : only_expected) {
    AppendBlocks(block, nullptr, differences);
  }
  for (const SortedBlock* block : only_actual) {
    AppendBlocks(nullptr, block, differences);
  }
  return differences;
}

std::string DifferencesText(const std::vector<FlatDifference>& differences) {
  std::string out;
  for (const FlatDifference& difference : differences) {
    absl::StrAppend(&out,
                    difference.side == Side::kBoth           ? "  "
                    : difference.side == Side::kOnlyExpected ? "- "
                                                             : "+ ",
                    difference.line, "\n");
  }
  return out;
}

}  // namespace planish::text
