// TableMemory: what a table and its older versions consist of, the lines and
// the descriptors; and MemoryWriter, by which one commit takes and retires
// them.
//
//    commit 7    takes      a b c        shown in version 7 and later
//    commit 9    takes      b'           retires b, born 7
//                                        free when 7 and 8 are out of sight
//
// What is retired in the commit that took it is free at once, as nobody has
// seen it; so is, at the end of a commit, all that is retired in memory that
// nobody has seen.
//
// INVARIANTS
//   D5  Each line that was taken is in the newest version, or free, or retired
//       and not yet freed; exactly one of these. So is each descriptor.
// THREAD SAFETY  The writer's.
// LIFETIME  Close() gives the memory back. The object stays until the last
//   piece in a RetireList is freed, in whatever order that happens.

#ifndef PLANISH_DISPATCH_TABLE_MEMORY_H_
#define PLANISH_DISPATCH_TABLE_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "planish/base/retire_list.h"
#include "planish/dispatch/descriptor_pool.h"
#include "planish/dispatch/line_arena.h"
#include "planish/dispatch/terminal.h"

namespace planish {

class TableMemory {
 public:
  // How much may be asked for.
  struct Size {
    size_t chunks;
    size_t block_lines;
    size_t descriptors;
  };

  struct Closer {
    void operator()(TableMemory* memory) const { memory->Close(); }
  };
  using Ptr = std::unique_ptr<TableMemory, Closer>;

  // `commit` is the one that makes it; births are counted from there.
  static Ptr Make(const Size& size, uint64_t commit);

  const LineArena& lines() const { return *lines_; }
  const DescriptorPool& descriptors() const { return *descriptors_; }

  // The commit whose version was the first to show any of this.
  void set_shown_since(uint64_t commit) { shown_since_ = commit; }
  uint64_t shown_since() const { return shown_since_; }
  // Births are 32 bits; past that a table is to be built anew.
  bool CanBeBornAt(uint64_t commit) const {
    return commit - created_ < UINT32_MAX;
  }

  void WantHugePages(size_t chunks, size_t block_lines) {
    lines_->WantHugePages(chunks, block_lines);
  }
  void NoMoreHugePages() { lines_->NoMoreHugePages(); }

  // Lists all of it, to be freed in steps, behind what is listed already.
  static void Retire(Ptr memory, RetireList& replaced);

  // Of all that was ever taken; what of it is free.
  size_t bytes() const;
  size_t free_bytes() const;
  // Half of what may be asked for was taken.
  bool IsRunningLow() const {
    return lines_->IsRunningLow() || descriptors_->IsRunningLow();
  }
  // Retired and not yet freed.
  size_t waiting_lines() const { return waiting_lines_; }
  size_t waiting_descriptors() const { return waiting_descriptors_; }

 private:
  friend class MemoryWriter;

  TableMemory(const Size& size, uint64_t commit);

  void Close();
  void FreeLines(uint32_t line, size_t lines);
  void FreeDescriptor(uint32_t index);
  // A piece of a RetireList was freed.
  void OnePieceLess();

  std::unique_ptr<LineArena> lines_;  // Null when it was given back.
  std::unique_ptr<DescriptorPool> descriptors_;
  const uint64_t created_;
  uint64_t shown_since_;
  size_t pieces_ = 0;  // In RetireLists.
  size_t waiting_lines_ = 0;
  size_t waiting_descriptors_ = 0;
  bool closed_ = false;
};

class MemoryWriter {
 public:
  // `replaced` is null if no reader has seen any version in `memory`.
  // REQUIRES: memory.CanBeBornAt(commit); one writer at a time.
  MemoryWriter(TableMemory& memory, uint64_t commit, RetireList* replaced);
  ~MemoryWriter();
  MemoryWriter(const MemoryWriter&) = delete;
  MemoryWriter& operator=(const MemoryWriter&) = delete;

  // Their content is undefined.
  uint32_t NewChunk();
  uint32_t NewBlock(size_t lines);
  void RetireChunk(uint32_t line) { Retire(line, LineArena::kChunkLines); }
  void RetireBlock(uint32_t line, size_t lines) { Retire(line, lines); }

  uint32_t NewDescriptor(const Descriptor& own);
  uint32_t NewDescriptorPair(const Descriptor& own, const Descriptor& extra);
  // One that was not used after all.
  void ReturnDescriptor(uint32_t index) { memory_.descriptors_->Free(index); }
  void AddUse(uint32_t index) { memory_.descriptors_->AddUse(index); }
  // Retires the descriptor with its last use.
  void DropUse(uint32_t index);

  template <typename T>
  T* At(uint32_t line) {
    return memory_.lines_->At<T>(line);
  }
  const Line* data() const { return memory_.lines_->data(); }
  const DescriptorPool& descriptors() const { return *memory_.descriptors_; }

  size_t nodes_made() const { return nodes_made_; }
  size_t bytes_made() const { return bytes_made_; }

 private:
  struct Late {
    uint32_t line;
    uint32_t lines;  // 0: a descriptor.
  };

  void Retire(uint32_t line, size_t lines);
  uint64_t BirthOf(uint32_t born) const;

  TableMemory& memory_;
  const uint32_t now_;
  RetireList* const replaced_;
  std::vector<Late> late_;  // Free at the end of this commit.
  size_t nodes_made_ = 0;
  size_t bytes_made_ = 0;
};

}  // namespace planish

#endif  // PLANISH_DISPATCH_TABLE_MEMORY_H_
