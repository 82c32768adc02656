// RetireList: what one commit replaced, handed over whole. Whoever makes a new
// version of a view or table adds each piece of the old one that the new one
// does not share; whoever owns the list decides when readers are done with it,
// and frees it then. There is no count in a piece: it is listed exactly once,
// by the commit that replaced it.
//
//    commit     40        41        42        43
//    piece           born |---------| retired: no part of version 43 and later
//                         visible in versions 41 and 42
//
// THREAD SAFETY  None: it belongs to the writer.
// LIFETIME  Pieces are freed by FreeAll() or the destructor.
// COST  Add: amortised O(1). FreeAll: all there is. Piece::free: its budget.
// SOURCES  PROTOCOL V3, V5.

#ifndef PLANISH_BASE_RETIRE_LIST_H_
#define PLANISH_BASE_RETIRE_LIST_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace planish {

class RetireList {
 public:
  // Something to be freed. `free` frees up to `budget` nodes of it, takes them
  // off `budget`, and says whether it is gone; until then it is called again.
  struct Piece {
    bool (*free)(void* context, uint64_t what, size_t& budget);
    void* context;
    uint64_t what;
    uint64_t born;  // The commit whose version was the first to have it.
  };

  // `commit` is the number of the commit under way: what it makes is born at
  // it, what it adds here was seen last by the version before it.
  explicit RetireList(uint64_t commit = 0) : commit_(commit) {}
  RetireList(RetireList&& other) noexcept
      : commit_(other.commit_),
        nodes_made_(std::exchange(other.nodes_made_, 0)),
        bytes_made_(std::exchange(other.bytes_made_, 0)),
        pieces_(std::exchange(other.pieces_, {})) {}
  RetireList& operator=(RetireList&&) = delete;
  ~RetireList() { FreeAll(); }

  uint64_t commit() const { return commit_; }

  // Takes `piece` over; it will be deleted once. Null is ignored. A `born` of 0
  // means: as old as can be.
  template <typename T>
  void Add(const T* piece, uint64_t born = 0) {
    if (piece == nullptr) return;
    pieces_.push_back({[](void* p, uint64_t, size_t& budget) {
                         delete static_cast<const T*>(p);
                         if (budget != 0) --budget;
                         return true;
                       },
                       const_cast<T*>(piece), 0, born});
  }
  // For what is not an object of its own: a node in an arena, a whole tree.
  void Add(const Piece& piece) { pieces_.push_back(piece); }

  size_t size() const { return pieces_.size(); }
  const std::vector<Piece>& pieces() const { return pieces_; }
  // Empties the list without freeing: the caller does that.
  std::vector<Piece> Release() { return std::exchange(pieces_, {}); }

  // What the new version needed beyond what it shares, for reports.
  void CountMade(size_t nodes, size_t bytes) {
    nodes_made_ += nodes;
    bytes_made_ += bytes;
  }
  size_t nodes_made() const { return nodes_made_; }
  size_t bytes_made() const { return bytes_made_; }

  void FreeAll() {
    // A piece's destructor may not add to this list; exchange makes a mistake
    // there a leak that the leak checker shows, and not a double free.
    for (const Piece& p : std::exchange(pieces_, {})) {
      size_t budget = SIZE_MAX;
      while (!p.free(p.context, p.what, budget)) budget = SIZE_MAX;
    }
  }

 private:
  const uint64_t commit_;
  size_t nodes_made_ = 0;
  size_t bytes_made_ = 0;
  std::vector<Piece> pieces_;
};

}  // namespace planish

#endif  // PLANISH_BASE_RETIRE_LIST_H_
