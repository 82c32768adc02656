// Listener: hears how what a space shows changes, range by range:
//
//    version 40   [ram        )[vga    )        [uart)
//    version 41   [ram        )        [nic    )[uart)
//
//    Begin(41)  Removed(vga)  Added(nic)  Commit()       ram, uart: Kept, if
//                                                        it wants to know
//
// At AddressSpace::Attach() it is told of all that is there, as added; at
// Detach() of all that it knew, as removed. So who does as told has the whole
// map, and nothing is left at the end.
//
// ORDER
//   - Commits come one after the other, as they were published, and none is
//     left out, save those that change nothing in the space.
//   - Begin, all that is removed, all that is added or kept, Commit; ranges
//     ascend. A range that was resized is removed and added.
//   - Of several listeners the one with the lower priority is the first to hear
//     Begin, Added, Kept and Commit, and the last to hear Removed. With equal
//     priorities, who was attached first comes first.
//   - Where a commit changes several spaces, all hear Begin before any hears
//     more, and all have heard the rest before any hears Commit.
// THREAD SAFETY  One call at a time in a topology, with no lock of ours held;
//   on whichever thread found something to deliver: as a rule the one that
//   committed, perhaps inside a device's callback. Meanwhile others may commit,
//   so spaces may show a newer version than the one that is told.
//   It may edit, attach and detach: what follows from that is told later, never
//   from inside the call. It must not wait for delivery or for readers (L1).
// LIFETIME  Must live until Detached() is called, and may be deleted there.
//   Regions of ranges live until Commit() has returned, of what was added or
//   kept until it has been removed again: an owner's end waits for that (L2).
// COST  Per commit, what changed, and the order of those who hear it. While a
//   call has not returned, the versions of then are kept (SnapshotHold).
// SOURCES  SEMANTICS 3.2, 3.3; PROTOCOL L1, L2. docs/DELIVERY.md lists what
//   differs from QEMU.

#ifndef PLANISH_SPACE_LISTENER_H_
#define PLANISH_SPACE_LISTENER_H_

#include <cstdint>

#include "planish/base/check.h"
#include "planish/flatview/flat_range.h"

namespace planish {

class Delivery;
namespace internal {
struct Audience;
}

class Listener {
 public:
  // `name` is for reports; it must stay for ever, as a literal does.
  explicit Listener(const char* name, int priority = 0)
      : name_(name), priority_(priority) {}
  virtual ~Listener() {
    PLANISH_CHECK(state_ == State::kFree, "L3: a Listener that is attached");
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  const char* name() const { return name_; }
  int priority() const { return priority_; }

  // `version` is the number of the commit; when attached or detached, of the
  // newest one by then.
  virtual void Begin(uint64_t version) { static_cast<void>(version); }
  virtual void Removed(const FlatRange& range) { static_cast<void>(range); }
  virtual void Added(const FlatRange& range) { static_cast<void>(range); }
  // A range that both versions have, if WantsKept(). The dirty log mask may
  // have changed.
  virtual bool WantsKept() const { return false; }
  virtual void Kept(const FlatRange& before, const FlatRange& after) {
    static_cast<void>(before);
    static_cast<void>(after);
  }
  virtual void Commit() {}
  // The last call after Detach(), or after the space has gone. It may be
  // attached again.
  virtual void Detached() {}

 private:
  friend class Delivery;
  enum class State : uint8_t { kFree, kAttached, kLeaving };

  const char* const name_;
  const int priority_;
  // Delivery's.
  State state_ = State::kFree;
  internal::Audience* audience_ = nullptr;  // Null unless attached.
};

}  // namespace planish

#endif  // PLANISH_SPACE_LISTENER_H_
