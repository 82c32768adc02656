// RetireList: what one commit replaced, handed over whole. Whoever makes a new
// version of a view or table adds each piece of the old one that the new one
// does not share; whoever owns the list decides when readers are done with it,
// and frees it then. There is no count in a piece: it is listed exactly once,
// by the version that replaced it.
//
// THREAD SAFETY  None: it belongs to the writer.
// LIFETIME  Pieces are freed by FreeAll() or by the destructor.
// COST  Add: amortised O(1). FreeAll: O(size()).

#ifndef PLANISH_BASE_RETIRE_LIST_H_
#define PLANISH_BASE_RETIRE_LIST_H_

#include <cstddef>
#include <utility>
#include <vector>

namespace planish {

class RetireList {
 public:
  RetireList() = default;
  RetireList(RetireList&& other) noexcept
      : pieces_(std::exchange(other.pieces_, {})) {}
  RetireList& operator=(RetireList&&) = delete;
  ~RetireList() { FreeAll(); }

  // Takes `piece` over; it will be deleted once. Null is ignored.
  template <typename T>
  void Add(const T* piece) {
    if (piece == nullptr) return;
    pieces_.push_back(
        {piece, [](const void* p) { delete static_cast<const T*>(p); }});
  }

  size_t size() const { return pieces_.size(); }

  void FreeAll() {
    // A piece's destructor may not add to this list; exchange makes a mistake
    // there a leak that the leak checker shows, and not a double free.
    for (const Piece& p : std::exchange(pieces_, {})) p.free(p.piece);
  }

 private:
  struct Piece {
    const void* piece;
    void (*free)(const void*);
  };
  std::vector<Piece> pieces_;
};

}  // namespace planish

#endif  // PLANISH_BASE_RETIRE_LIST_H_
