// ReadTreeText(): `info mtree -o -D`.
//
// Names have no quotes around them. What ends a name is found from the right:
// the owner, then " [disabled]", then an alias' window; where an alias' name
// ends and its target's begins, the sections' names decide.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "planish/text/lines.h"
#include "planish/text/mtree_line.h"
#include "planish/text/mtree_text.h"
#include "planish/text/parse_error.h"

namespace planish::text::mtree {
namespace {

constexpr absl::string_view kSpace = "address-space: ";
constexpr absl::string_view kSection = "memory-region: ";
constexpr absl::string_view kOverflow = "[DETECTED OVERFLOW!] ";
constexpr absl::string_view kDisabled = " [disabled]";
// Places tried where an alias' name may end.
constexpr int kMaxSplits = 64;
constexpr size_t kNone = absl::string_view::npos;

class TreeReader {
 public:
  TreeReader(const Source& tree, const std::vector<ViewText>& flat)
      : source_(tree) {
    for (const ViewText& view : flat) {
      for (const RangeLine& range : view.ranges) {
        if (absl::StrContains(range.rest, kDisabled)) {
          flat_rests_.insert(range.rest);
        }
      }
    }
    Lines reader(tree.text);
    while (reader.Next()) {
      absl::string_view line = reader.line();
      if (absl::ConsumePrefix(&line, kSection)) sections_.insert(line);
    }
  }

  absl::StatusOr<TreeText> Read();

 private:
  void ReadHeader(Scanner& scan, int number);
  void ReadLine(Scanner& scan, int number);
  // Splits what follows the type: name, target, window, owner.
  void ReadNames(Scanner& scan, TreeLine& line);
  bool ReadAlias(absl::string_view text, Scanner& scan, TreeLine& line) const;
  void EndBlock();

  const Source& source_;
  absl::flat_hash_set<absl::string_view> sections_;
  absl::flat_hash_set<absl::string_view> flat_rests_;
  TreeText text_;
  bool in_block_ = false;
  bool with_owners_ = true;  // Told by the first region.
  std::vector<int> open_;    // The path to the latest line.
};

absl::StatusOr<TreeText> TreeReader::Read() {
  Lines reader(source_.text);
  while (reader.Next()) {
    if (IsPrompt(reader.line())) continue;
    Scanner scan(source_.name, reader.number(), reader.line());
    const absl::string_view line = reader.line();
    if (line.empty()) {
      if (in_block_ && open_.empty()) scan.Fail("a region");
      EndBlock();
    } else if (line[0] == ' ' || line[0] == '[') {
      ReadLine(scan, reader.number());
    } else {
      ReadHeader(scan, reader.number());
    }
    if (!scan.ok()) return scan.status();
  }
  if (text_.blocks.empty() || (in_block_ && open_.empty())) {
    return ParseErrorAtEnd(
        source_.name, reader.number() + 1,
        text_.blocks.empty() ? "'address-space: '" : "a region");
  }
  EndBlock();
  return std::move(text_);
}

void TreeReader::EndBlock() {
  if (!in_block_) return;
  text_.blocks.back().end = static_cast<int>(text_.lines.size());
  in_block_ = false;
  open_.clear();
}

void TreeReader::ReadHeader(Scanner& scan, int number) {
  const bool section = scan.Skip(kSection);
  if (!section && !scan.Skip(kSpace)) {
    scan.Fail(in_block_ ? "a region or an empty line"
                        : "'address-space: ' or 'memory-region: '");
    return;
  }
  // Several spaces may stand above one root.
  const bool more =
      in_block_ && open_.empty() && !section && !text_.blocks.back().section;
  if (in_block_ && !more) {
    scan.FailAt(0, "a region or an empty line");
    return;
  }
  if (!more) {
    TreeBlock block;
    block.section = section;
    block.line = number;
    block.first = static_cast<int>(text_.lines.size());
    text_.blocks.push_back(std::move(block));
    in_block_ = true;
  }
  text_.blocks.back().names.push_back(scan.rest());
}

void TreeReader::ReadLine(Scanner& scan, int number) {
  TreeLine line;
  line.line = number;
  scan.Skip(kOverflow);
  const int indent = scan.column();
  size_t blanks = 0;
  while (scan.Skip(" ")) ++blanks;
  if (!in_block_) {
    scan.FailAt(0, "'address-space: ' or 'memory-region: '");
    return;
  }
  // -D leaves no level out.
  const size_t deepest = 2 * (open_.size() + 1);
  const bool second_root = !open_.empty() && blanks < 4;
  if (blanks < 2 || blanks % 2 != 0 || blanks > deepest || second_root) {
    scan.FailAt(static_cast<size_t>(indent) - 1,
                open_.empty()
                    ? std::string("2 blanks")
                    : absl::StrCat("an even number of blanks from 4 to ",
                                   deepest, " (as info mtree -D prints)"));
    return;
  }
  line.level = static_cast<int>(blanks / 2) - 1;
  open_.resize(static_cast<size_t>(line.level));
  line.parent = open_.empty() ? -1 : open_.back();
  if (line.parent >= 0 && text_.lines[static_cast<size_t>(line.parent)].alias) {
    scan.Fail("no region below an alias");
    return;
  }
  line.block = static_cast<int>(text_.blocks.size()) - 1;

  line.start = Addr(scan.Hex16());
  scan.Expect("-");
  const uint64_t end = scan.Hex16();
  // START + size - 1, modulo 2^64; so only all of it wraps to START - 1.
  const uint64_t last_offset = end - line.start.raw();
  line.size = last_offset == UINT64_MAX ? ByteCount::TwoTo64()
                                        : ByteCount(last_offset + 1);
  scan.PrioAndType(&line.priority, &line.nonvolatile, &line.word);
  ReadNames(scan, line);
  if (!scan.ok()) return;
  open_.push_back(static_cast<int>(text_.lines.size()));
  text_.lines.push_back(line);
}

void TreeReader::ReadNames(Scanner& scan, TreeLine& line) {
  const int column = scan.column();
  absl::string_view text = scan.Rest("a region's name");
  if (!scan.ok()) return;
  const size_t owner = FindOwner(text);
  if (text_.lines.empty()) with_owners_ = owner != kNone;
  if (with_owners_ && owner == kNone) {
    scan.FailAt(static_cast<size_t>(column) - 1 + text.size(),
                "' owner:{', ' parent:{' or ' orphan'");
    return;
  }
  const absl::string_view whole = text;
  if (with_owners_) {
    line.owner = text.substr(owner + 1);
    text = text.substr(0, owner);
  }
  const absl::string_view with_mark = text;
  line.disabled = absl::ConsumeSuffix(&text, kDisabled);
  if (ReadAlias(text, scan, line)) return;
  // A name may end in the mark itself. The header above a root knows; and a
  // region that shows is not disabled.
  const bool named_so =
      line.disabled && ((line.level == 0 && text_.blocks.back().section &&
                         text_.blocks.back().names[0] == with_mark) ||
                        flat_rests_.contains(whole));
  if (named_so) {
    line.disabled = false;
    text = with_mark;
  }
  line.name = text;
}

bool TreeReader::ReadAlias(absl::string_view text, Scanner& scan,
                           TreeLine& line) const {
  // "alias NAME @TARGET 0123456789abcdef-0123456789abcdef"
  constexpr size_t kWindow = 34;
  if (!absl::ConsumePrefix(&text, "alias ") || text.size() < kWindow) {
    return false;
  }
  const absl::string_view window = text.substr(text.size() - kWindow);
  const auto first = ParseHex16(window.substr(1, 16));
  const auto last = ParseHex16(window.substr(18));
  if (window[0] != ' ' || window[17] != '-' || !first || !last) return false;
  text.remove_suffix(kWindow);
  int splits = 0;
  for (size_t at = text.rfind(" @"); at != kNone && splits < kMaxSplits;
       at = at == 0 ? kNone : text.rfind(" @", at - 1)) {
    ++splits;
    if (!sections_.contains(text.substr(at + 2))) continue;
    line.alias = true;
    line.name = text.substr(0, at);
    line.target = text.substr(at + 2);
    line.offset = *first;
    const uint64_t length = *last - *first;
    const uint64_t own =
        line.size == ByteCount::TwoTo64() ? UINT64_MAX : line.size.LastOffset();
    if (length != own) {
      scan.Fail("a window as long as its alias");
    }
    return true;
  }
  if (absl::StrContains(text, " @")) {
    scan.Fail("an alias of one of the memory-region: sections");
    return true;
  }
  return false;
}

}  // namespace

size_t FindOwner(absl::string_view text) {
  if (absl::EndsWith(text, " orphan")) return text.size() - 7;
  if (!absl::EndsWith(text, "}")) return kNone;
  const size_t parent = text.rfind(" parent:{");
  const size_t owner = text.rfind(" owner:{");
  if (parent == kNone || (owner != kNone && owner > parent)) return owner;
  // The two together are one owner only if they touch.
  const bool both = owner != kNone && text[parent - 1] == '}';
  return both ? owner : parent;
}

absl::StatusOr<TreeText> ReadTreeText(const Source& tree,
                                      const std::vector<ViewText>& flat) {
  return TreeReader(tree, flat).Read();
}

}  // namespace planish::text::mtree
