// What the protocol tests run: a small machine of readers, a writer, a listener
// and pins, over the very code of base/rcu/, on atomics and objects of an Env.
// Each use of an Object must come between its making and its end; that is all
// that is ever judged.
//
//   GuardBody         guards, nested ones, publication, bounded freeing
//   QuiescentBody     one reader in quiescent-state mode, whose finds survive a
//                     Quiesce() that says false
//   RegistrationBody  threads come and go while versions do; lines are reused
//   PollersBody       two threads free what a third one retires
//   PinBody           retire, deliver, grace period, scan, finalizer; pins that
//                     move, are split, dropped elsewhere, kept over a pause
//
// A Twin is a body with one known mistake. The tests see to it that each is
// caught: a test that can't see the mistake proves nothing of the rest.

#ifndef PLANISH_TESTS_PROTOCOL_BODIES_H_
#define PLANISH_TESTS_PROTOCOL_BODIES_H_

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "planish/base/rcu/pin_slots.h"
#include "planish/base/rcu/readers.h"

namespace planish::protocol {

enum class Twin {
  kNone,
  kInnerGuardLeaves,      // G2: an inner guard restores idle.
  kIgnoresQuiesce,        // G4: keeps finds although Quiesce() said true.
  kFreesUnasked,          // G1: frees without a look at the readers.
  kAdvancesTooEarly,      // G1: epoch first, then the publication.
  kCopiesPins,            // P2: a pin moves to another slot.
  kPinsAfterGuard,        // P2: a pin is stored when the guard has gone.
  kScansBeforeGrace,      // P4
  kFinalizesUndelivered,  // L2, E1
  kEndsUnchecked          // None, but no abort on the way to one.
};

// The lines and the epoch; a thread gets its own line.
template <class Env>
class Domain {
 public:
  using A = typename Env::Atomics;
  using Line = BasicReader<A>;
  using Slot = BasicPinSlot<A>;

  explicit Domain(bool fences) : readers(fences) {}
  ~Domain() {
    for (Line* line = readers.first(); line != nullptr;) {
      delete std::exchange(line, line->next);
    }
  }

  Line& Register(const void* thread) {
    if (Line* line = readers.Reuse(thread)) return *line;
    Line* line = new Line;
    line->domain.store(&readers, std::memory_order_relaxed);
    readers.Add(*line, thread);
    return *line;
  }

  BasicReaders<A> readers;
  BasicPinSlots<A> pins;
};

// What is published: one version after the other, each found by one load.
template <class Env>
struct Version {
  using Object = typename Env::Object;
  explicit Version(uint64_t n) : number(n) {}
  const uint64_t number;
  Object object;
};

template <class Env>
class BodyBase {
 public:
  using A = typename Env::Atomics;
  using Line = BasicReader<A>;
  using V = Version<Env>;

  BodyBase(Twin twin, bool fences, int rounds)
      : twin_(twin), rounds_(rounds), domain_(fences) {
    made_.push_back(std::make_unique<V>(0));
    current_.store(made_.back().get(), std::memory_order_relaxed);
  }

  Domain<Env>& domain() { return domain_; }
  typename A::template Atomic<V*>& current() { return current_; }
  size_t CountReplaced() const { return made_.size() - 1; }
  size_t CountEnded() const {
    return static_cast<size_t>(std::count_if(
        made_.begin(), made_.end(),
        [](const auto& version) { return version->object.ended(); }));
  }

 protected:
  V* Find() { return current_.load(std::memory_order_acquire); }  // [C]

  // Publishes the next version. Returns the last one, and the epoch to wait
  // for.
  std::pair<V*, uint64_t> PublishNext() {
    V* last = made_.back().get();
    made_.push_back(std::make_unique<V>(last->number + 1));
    uint64_t epoch = 0;
    if (twin_ == Twin::kAdvancesTooEarly) epoch = domain_.readers.Advance();
    current_.store(made_.back().get(), std::memory_order_release);  // [C]
    if (twin_ != Twin::kAdvancesTooEarly) epoch = domain_.readers.Advance();
    return {last, epoch};
  }

  // Whether the writer goes on.
  bool MoreToWrite(int round) const {
    return round < rounds_ && !Env::IsTimeUp();
  }
  // Whether a reader goes on: as long as the writer, or a few times.
  bool More(int round) const {
    if (Env::kReadUntilWritten) {
      return written_.load(std::memory_order_relaxed) == 0;
    }
    return round < rounds_;
  }
  void NoteWritten() { written_.store(1, std::memory_order_relaxed); }

  // A commit's share of reclamation: ends what need wait no more; no waiting.
  void Reclaim() {
    const uint64_t oldest = domain_.readers.Oldest();
    while (!retired_.empty() && (retired_.front().second <= oldest ||
                                 twin_ == Twin::kFreesUnasked)) {
      retired_.front().first->object.End();
      retired_.pop_front();
    }
  }
  void WriteVersions() {
    for (int round = 0; MoreToWrite(round); ++round) {
      retired_.push_back(PublishNext());
      Reclaim();
    }
    while (!retired_.empty()) {
      Env::Yield();
      Reclaim();
    }
    NoteWritten();
  }

  const Twin twin_;
  const int rounds_;
  Domain<Env> domain_;
  typename A::template Atomic<V*> current_{nullptr};
  typename A::template Atomic<int> written_{0};
  std::vector<std::unique_ptr<V>> made_;         // By the writer.
  std::deque<std::pair<V*, uint64_t>> retired_;  // By the writer.
};

template <class Env>
class GuardBody : public BodyBase<Env> {
 public:
  using Base = BodyBase<Env>;
  using Base::Base;

  std::vector<std::function<void()>> Threads() {
    return {[this] { Read(0); }, [this] { Read(1); },
            [this] { this->WriteVersions(); }};
  }

 private:
  void Read(int self) {
    auto& line = this->domain_.Register(&selves_[self]);
    uint64_t newest = 0;
    for (int round = 0; this->More(round); ++round) {
      const uint64_t before = line.Enter(this->domain_.readers);
      auto* version = this->Find();
      if (version->number < newest) Env::Fail("went back");  // V1
      newest = version->number;
      version->object.Use();
      {
        const uint64_t inner = line.Enter(this->domain_.readers);
        this->Find()->object.Use();
        line.Leave(this->twin_ == Twin::kInnerGuardLeaves ? kIdle : inner);
      }
      version->object.Use();
      line.Leave(before);
    }
    this->domain_.readers.Release(line);
  }

  int selves_[2] = {};
};

template <class Env>
class QuiescentBody : public BodyBase<Env> {
 public:
  using Base = BodyBase<Env>;
  using Base::Base;

  std::vector<std::function<void()>> Threads() {
    return {[this] { Loop(); }, [this] { this->WriteVersions(); }};
  }

 private:
  void Loop() {
    auto& line = this->domain_.Register(this);
    line.Online(this->domain_.readers);
    typename Base::V* kept = nullptr;
    for (int round = 0; this->More(round / 2); ++round) {
      const uint64_t before = line.Enter(this->domain_.readers);
      if (kept == nullptr) kept = this->Find();
      kept->object.Use();
      if (Env::Random(4) == 0) {  // Something blocks: what was found is gone.
        line.Pause();
        line.Resume(this->domain_.readers);
        kept = this->Find();
        kept->object.Use();
      }
      line.Leave(before);
      if (line.Quiesce(this->domain_.readers) &&
          this->twin_ != Twin::kIgnoresQuiesce) {
        kept = nullptr;  // G4
      }
    }
    line.Offline();
    this->domain_.readers.Release(line);
  }
};

template <class Env>
class RegistrationBody : public BodyBase<Env> {
 public:
  using Base = BodyBase<Env>;
  using Base::Base;

  std::vector<std::function<void()>> Threads() {
    return {[this] { ComeAndGo(0); }, [this] { ComeAndGo(1); },
            [this] { ComeAndGo(2); }, [this] { this->WriteVersions(); }};
  }

 private:
  void ComeAndGo(int self) {
    for (int round = 0; this->More(round); ++round) {
      auto& line = this->domain_.Register(&selves_[self]);
      const uint64_t before = line.Enter(this->domain_.readers);
      this->Find()->object.Use();
      line.Leave(before);
      if (this->twin_ == Twin::kEndsUnchecked) {
        line.thread.store(nullptr, std::memory_order_release);
      } else {
        this->domain_.readers.Release(line);
      }
    }
  }

  int selves_[3] = {};
};

template <class Env>
class PollersBody : public BodyBase<Env> {
 public:
  using Base = BodyBase<Env>;
  using Base::Base;

  std::vector<std::function<void()>> Threads() {
    return {[this] { Read(); }, [this] { Poll(); }, [this] { Poll(); },
            [this] { Write(); }};
  }

 private:
  using V = typename Base::V;

  void Read() {
    auto& line = this->domain_.Register(this);
    for (int round = 0; this->More(round); ++round) {
      const uint64_t before = line.Enter(this->domain_.readers);
      this->Find()->object.Use();
      line.Leave(before);
    }
    this->domain_.readers.Release(line);
  }
  void Write() {
    for (int round = 0; this->MoreToWrite(round); ++round) {
      const auto [gone, epoch] = this->PublishNext();
      while (waiting_.load(std::memory_order_acquire) != nullptr) Env::Yield();
      epoch_.store(epoch, std::memory_order_relaxed);
      waiting_.store(gone, std::memory_order_release);
    }
    while (waiting_.load(std::memory_order_acquire) != nullptr) Env::Yield();
    this->NoteWritten();
    done_.store(1, std::memory_order_release);
  }
  void Poll() {
    while (done_.load(std::memory_order_acquire) == 0) {
      V* gone = waiting_.load(std::memory_order_acquire);
      if (gone != nullptr &&
          this->domain_.readers.Passed(
              epoch_.load(std::memory_order_relaxed)) &&
          waiting_.compare_exchange_strong(gone, nullptr,
                                           std::memory_order_acq_rel,
                                           std::memory_order_relaxed)) {
        gone->object.End();
      }
      Env::Yield();
    }
  }

  typename Base::A::template Atomic<V*> waiting_{nullptr};
  typename Base::A::template Atomic<uint64_t> epoch_{0};  // Of `waiting_`.
  typename Base::A::template Atomic<int> done_{0};
};

template <class Env>
class PinBody : public BodyBase<Env> {
 public:
  using Base = BodyBase<Env>;
  using A = typename Env::Atomics;
  using Slot = BasicPinSlot<A>;
  using V = typename Base::V;
  using Base::Base;

  std::vector<std::function<void()>> Threads() {
    return {[this] { Read(0); }, [this] { Read(1); }, [this] { Listen(); },
            [this] { Write(); }};
  }

 private:
  static constexpr const char* kTag = "test";

  // ---- Two readers, who find, pin, and hand shares to one another.

  void Read(int self) {
    auto& line = this->domain_.Register(&selves_[self]);
    for (int round = 0; this->More(round); ++round) {
      const uint64_t before = line.Enter(this->domain_.readers);
      V* version = this->Find();
      version->object.Use();
      if (Env::Random(4) == 0) {
        line.Leave(before);
        continue;
      }
      if (this->twin_ == Twin::kPinsAfterGuard) line.Leave(before);
      Slot* slot = Claim(line, version);
      if (this->twin_ != Twin::kPinsAfterGuard) {
        if (Env::Random(2) == 0) {  // C2: the guard is left inside a callback.
          line.Pause();
          version->object.Use();
          line.Resume(this->domain_.readers);
          this->Find()->object.Use();
        }
        line.Leave(before);
      }
      version->object.Use();
      if (this->twin_ == Twin::kCopiesPins) {
        Slot* copy = Claim(line, version);
        Drop(*slot);
        slot = copy;
      }
      version->object.Use();
      const uint64_t how = Env::Random(3);
      if (how == 0) {  // Split: one share goes to the other thread.
        BasicPinSlots<A>::Share(*slot);
        Send(1 - self, slot);
      } else if (how == 1) {  // Move: all of it does.
        Send(1 - self, slot);
        slot = nullptr;
      }
      Receive(self);
      if (slot != nullptr) {
        version->object.Use();
        Drop(*slot);
      }
    }
    done_[self].store(1, std::memory_order_release);
    while (done_[1 - self].load(std::memory_order_acquire) == 0) {
      Receive(self);
      Env::Yield();
    }
    Receive(self);
    this->domain_.readers.Release(line);
  }

  Slot* Claim(typename Base::Line& line, V* version) {
    const uint64_t epoch = line.word.load(std::memory_order_relaxed);
    return &this->domain_.pins.Claim(line, version, kTag, epoch);
  }
  void Drop(Slot& slot) {
    BasicPinSlots<A>::Drop(slot, [](Slot&) {});
  }
  void Send(int to, Slot* slot) {
    Slot* none = nullptr;
    while (!mail_[to].compare_exchange_strong(
        none, slot, std::memory_order_release, std::memory_order_relaxed)) {
      none = nullptr;
      Receive(1 - to);  // The other may be sending, too.
      Env::Yield();
    }
  }
  void Receive(int self) {
    Slot* slot = mail_[self].load(std::memory_order_acquire);
    if (slot == nullptr) return;
    mail_[self].store(nullptr, std::memory_order_release);
    const void* key = slot->key.load(std::memory_order_relaxed);  // Own.
    static_cast<V*>(const_cast<void*>(key))->object.Use();
    Drop(*slot);
  }

  // ---- The listener, who is told which version went.

  void Listen() {
    while (told_all_.load(std::memory_order_acquire) == 0) {
      V* gone = told_.load(std::memory_order_acquire);
      if (gone == nullptr) {
        Env::Yield();
        continue;
      }
      gone->object.Use();
      told_.store(nullptr, std::memory_order_release);
    }
  }

  // ---- The writer: retires each version's owner.

  void Write() {
    for (int round = 0; this->MoreToWrite(round); ++round) {
      auto [gone, epoch] = this->PublishNext();      // 1. Out of sight.
      told_.store(gone, std::memory_order_release);  // 2. Delivery begins.
      if (this->twin_ != Twin::kFinalizesUndelivered) {
        while (told_.load(std::memory_order_acquire) != nullptr) Env::Yield();
      }
      BasicPinScan<A> scan(this->domain_.pins);
      if (this->twin_ == Twin::kScansBeforeGrace) FinishScan(scan, gone);
      while (!this->domain_.readers.Passed(epoch)) Env::Yield();  // 3. Grace.
      if (this->twin_ != Twin::kScansBeforeGrace) {
        scan = BasicPinScan<A>(this->domain_.pins);
        FinishScan(scan, gone);  // 4. Pins.
      }
      gone->object.End();  // 5. The end.
      if (this->twin_ == Twin::kFinalizesUndelivered) {
        while (told_.load(std::memory_order_acquire) != nullptr) Env::Yield();
      }
    }
    told_all_.store(1, std::memory_order_release);
    this->NoteWritten();
  }
  void FinishScan(BasicPinScan<A>& scan, const V* gone) {
    for (;;) {
      size_t budget = 3;
      if (scan.Step([gone](const void* key) { return key == gone; },
                    [](Slot&, const void*) {}, budget)) {
        return;
      }
      Env::Yield();
    }
  }

  int selves_[2] = {};
  typename A::template Atomic<Slot*> mail_[2] = {nullptr, nullptr};
  typename A::template Atomic<int> done_[2] = {0, 0};
  typename A::template Atomic<V*> told_{nullptr};
  typename A::template Atomic<int> told_all_{0};
};

}  // namespace planish::protocol

#endif  // PLANISH_TESTS_PROTOCOL_BODIES_H_
