#include "planish/dispatch/table_memory.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "planish/base/check.h"
#include "planish/base/retire_list.h"
#include "planish/dispatch/descriptor_pool.h"
#include "planish/dispatch/line_arena.h"

namespace planish {

TableMemory::TableMemory(const Size& size, uint64_t commit)
    : lines_(std::make_unique<LineArena>(size.chunks, size.block_lines)),
      descriptors_(std::make_unique<DescriptorPool>(size.descriptors)),
      created_(commit),
      shown_since_(commit) {}

TableMemory::Ptr TableMemory::Make(const Size& size, uint64_t commit) {
  return Ptr(new TableMemory(size, commit));
}

void TableMemory::Close() {
  lines_.reset();
  descriptors_.reset();
  closed_ = true;
  if (pieces_ == 0) delete this;
}

void TableMemory::OnePieceLess() {
  --pieces_;
  if (closed_ && pieces_ == 0) delete this;
}

void TableMemory::FreeLines(uint32_t line, size_t lines) {
  if (!closed_) lines_->Free(line, lines);
}

void TableMemory::FreeDescriptor(uint32_t index) {
  if (!closed_) descriptors_->Free(index);
}

void TableMemory::Retire(Ptr memory, RetireList& replaced) {
  const uint64_t born = memory->shown_since_;
  replaced.Add({[](void* context, uint64_t, size_t& budget) {
                  auto* all = static_cast<TableMemory*>(context);
                  if (!all->lines_->ReleaseSome(budget) ||
                      !all->descriptors_->ReleaseSome(budget)) {
                    return false;
                  }
                  all->Close();
                  return true;
                },
                memory.release(), 0, born});
}

size_t TableMemory::bytes() const {
  return sizeof(*this) + sizeof(LineArena) + sizeof(DescriptorPool) +
         lines_->taken_bytes() + descriptors_->taken_bytes();
}

size_t TableMemory::free_bytes() const {
  return lines_->free_lines() * sizeof(Line) + descriptors_->free_bytes();
}

MemoryWriter::MemoryWriter(TableMemory& memory, uint64_t commit,
                           RetireList* replaced)
    : memory_(memory),
      now_(static_cast<uint32_t>(commit - memory.created_)),
      replaced_(replaced) {}

MemoryWriter::~MemoryWriter() {
  for (const Late& late : late_) {
    if (late.lines == 0) {
      memory_.FreeDescriptor(late.line);
    } else {
      memory_.FreeLines(late.line, late.lines);
    }
  }
}

uint64_t MemoryWriter::BirthOf(uint32_t born) const {
  return std::max(memory_.shown_since_, memory_.created_ + born);
}

uint32_t MemoryWriter::NewChunk() {
  ++nodes_made_;
  bytes_made_ += LineArena::kChunkLines * sizeof(Line);
  return memory_.lines_->NewChunk(now_);
}

uint32_t MemoryWriter::NewBlock(size_t lines) {
  ++nodes_made_;
  bytes_made_ += lines * sizeof(Line);
  return memory_.lines_->NewBlock(lines, now_);
}

void MemoryWriter::Retire(uint32_t line, size_t lines) {
  const uint32_t born = memory_.lines_->born(line);
  if (born == now_) {
    memory_.FreeLines(line, lines);
    return;
  }
  if (replaced_ == nullptr) {
    late_.push_back({line, static_cast<uint32_t>(lines)});
    return;
  }
  ++memory_.pieces_;
  memory_.waiting_lines_ += lines;
  replaced_->Add({[](void* context, uint64_t what, size_t& budget) {
                    auto* memory = static_cast<TableMemory*>(context);
                    memory->waiting_lines_ -= what >> 32;
                    memory->FreeLines(static_cast<uint32_t>(what), what >> 32);
                    memory->OnePieceLess();
                    if (budget != 0) --budget;
                    return true;
                  },
                  &memory_, uint64_t{lines} << 32 | line, BirthOf(born)});
}

uint32_t MemoryWriter::NewDescriptor(const Descriptor& own) {
  bytes_made_ += sizeof(Descriptor);
  return memory_.descriptors_->New(own, now_);
}

uint32_t MemoryWriter::NewDescriptorPair(const Descriptor& own,
                                         const Descriptor& extra) {
  bytes_made_ += 2 * sizeof(Descriptor);
  return memory_.descriptors_->NewPair(own, extra, now_);
}

void MemoryWriter::DropUse(uint32_t index) {
  DescriptorPool& pool = *memory_.descriptors_;
  if (!pool.DropUse(index)) return;
  const uint32_t born = pool.born(index);
  if (born == now_) {
    pool.Free(index);
    return;
  }
  if (replaced_ == nullptr) {
    late_.push_back({index, 0});
    return;
  }
  ++memory_.pieces_;
  memory_.waiting_descriptors_ += pool.IsPair(index) ? 2 : 1;
  replaced_->Add({[](void* context, uint64_t what, size_t& budget) {
                    auto* memory = static_cast<TableMemory*>(context);
                    const auto index = static_cast<uint32_t>(what);
                    memory->waiting_descriptors_ -= what >> 32;
                    memory->FreeDescriptor(index);
                    memory->OnePieceLess();
                    if (budget != 0) --budget;
                    return true;
                  },
                  &memory_,
                  uint64_t{pool.IsPair(index) ? 2u : 1u} << 32 | index,
                  BirthOf(born)});
}

}  // namespace planish
