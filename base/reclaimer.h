// Reclaimer: who knows how far the readers have come. The writer numbers its
// versions and tells which one it has published; whoever keeps what a version
// consists of (reclaim_queue.h) asks which versions may still be in use.
//
//    version    40        41        42        43
//                         ^ a reader              ^ published
//               |-- gone -|----- may be seen -----|
//
// A version is told only after the stores that publish it, so a reader that
// enters in between is taken to be one version older than it is: never newer.
//
// THREAD SAFETY  Both calls are the writer's; readers come and go meanwhile.
// SOURCES  PROTOCOL V3.

#ifndef PLANISH_BASE_RECLAIMER_H_
#define PLANISH_BASE_RECLAIMER_H_

#include <cstdint>

namespace planish {

class Reclaimer {
 public:
  virtual ~Reclaimer() = default;

  // Who enters from now on sees version `commit` or a later one.
  // REQUIRES: ascending.
  virtual void Published(uint64_t commit) = 0;
  // No reader inside sees a version older than this. Without readers: the one
  // that was published last. Never goes back.
  virtual uint64_t OldestVisible() const = 0;
};

}  // namespace planish

#endif  // PLANISH_BASE_RECLAIMER_H_
