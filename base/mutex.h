// Mutex: std::mutex with Clang's thread-safety annotations. The one lock type
// of Planish: ThreadSanitizer understands it whatever Abseil it is linked with.

#ifndef PLANISH_BASE_MUTEX_H_
#define PLANISH_BASE_MUTEX_H_

#include <mutex>

#include "absl/base/thread_annotations.h"

namespace planish {

class ABSL_LOCKABLE Mutex {
 public:
  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mu_.lock(); }
  void Unlock() ABSL_UNLOCK_FUNCTION() { mu_.unlock(); }

 private:
  std::mutex mu_;
};

}  // namespace planish

#endif  // PLANISH_BASE_MUTEX_H_
