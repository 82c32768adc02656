// The two texts of QEMU's `info mtree` pair as they stand: lines, blocks and
// views, before anyone asks what they mean. Every string is a view into the
// caller's text. The grammar is in docs/TEXT.md, its source SEMANTICS 10.
//
//   address-space: memory                              TreeBlock, a space root
//     START-END (prio 0, i/o): system owner:{..}        TreeLine, level 0
//       START-END (prio 0, ram): alias low @ram O-O      TreeLine, level 1
//
//   memory-region: ram                                 TreeBlock, a section
//     START-END (prio 0, ram): ram owner:{..}
//
//   FlatView #0                                        ViewText
//    AS "memory", root: system                         SpaceLine
//    Root memory region: system
//     START-END (prio 0, ram): ram @OFFSET owner:{..}   RangeLine
//
// THREAD SAFETY  Plain values.
// ERRORS  ParseError() for a line that is no such line.
// COST  Linear in the text.

#ifndef PLANISH_TEXT_MTREE_TEXT_H_
#define PLANISH_TEXT_MTREE_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "planish/base/addr.h"
#include "planish/text/readers.h"

namespace planish::text::mtree {

// A type word. kContainer is what newer QEMU prints for a region without a
// container of its own, whatever it is.
enum class Word : uint8_t { kIo, kRam, kRom, kRomd, kRamd, kContainer };

absl::string_view WordName(Word word);

struct TreeLine {
  int line = 0;     // In the text, from 1.
  int level = 0;    // 0: the root of its block.
  int parent = -1;  // Index of a line; -1 for a root.
  int block = 0;
  // As printed: summed up from the block's root. `size` is what the two ends
  // say; 1 may mean 0 (size_open()).
  Addr start;
  ByteCount size;
  int32_t priority = 0;
  bool nonvolatile = false;
  Word word = Word::kIo;
  bool disabled = false;
  absl::string_view name;
  absl::string_view owner;  // With its braces, without the leading blank.
  bool alias = false;
  absl::string_view target;
  uint64_t offset = 0;

  // A region of size 0 prints as one of size 1.
  bool size_open() const { return size == ByteCount(1); }
};

struct TreeBlock {
  bool section = false;  // "memory-region:", else "address-space:".
  int line = 0;
  // One name of a section, one or more of a space root.
  std::vector<absl::string_view> names;
  int first = 0;  // Lines [first, end); `first` is the root.
  int end = 0;
};

struct TreeText {
  std::vector<TreeLine> lines;
  std::vector<TreeBlock> blocks;
};

struct SpaceLine {
  int line = 0;
  absl::string_view text;  // `AS "memory", root: system`
};

struct RangeLine {
  int line = 0;
  int column = 0;  // Of `rest`.
  AddrRange range;
  int32_t priority = 0;
  bool nonvolatile = false;
  Word word = Word::kIo;
  // Name, offset, owner, accelerators: which is which only the tree can tell.
  absl::string_view rest;
};

struct ViewText {
  int line = 0;
  absl::string_view title;  // "FlatView #0"
  std::vector<SpaceLine> spaces;
  int root_line = 0;
  absl::string_view root;         // "(none)" if there is none.
  std::vector<RangeLine> ranges;  // Ascending, disjoint.
};

// Where the owner begins at the end of a line, at its blank; npos if there is
// none.
size_t FindOwner(absl::string_view text);

// `flat` helps where a name ends in " [disabled]".
absl::StatusOr<TreeText> ReadTreeText(const Source& tree,
                                      const std::vector<ViewText>& flat);
absl::StatusOr<std::vector<ViewText>> ReadFlatText(const Source& flat);

}  // namespace planish::text::mtree

#endif  // PLANISH_TEXT_MTREE_TEXT_H_
