// Membarrier: a full fence in every running thread of this process, by
// membarrier(2) with MEMBARRIER_CMD_PRIVATE_EXPEDITED (Linux 4.14). A thread
// that is not running passed one when it was switched off the processor.
//
// THREAD SAFETY  Any thread.
// ERRORS  Works() is false on an older kernel, under a seccomp filter that
//   forbids the call, on other systems, and if PLANISH_NO_MEMBARRIER=1 was in
//   the environment when it was first asked.
// COST  Fence: about 150 ns alone, an interrupt to each running thread more.

#ifndef PLANISH_BASE_RCU_MEMBARRIER_H_
#define PLANISH_BASE_RCU_MEMBARRIER_H_

namespace planish {

class Membarrier {
 public:
  // Registers the process, the first time; then always says the same.
  static bool Works();
  // REQUIRES: Works().
  static void Fence();
  // After fork(), in the child: the kernel has to be told again.
  static void RegisterChild();
};

}  // namespace planish

#endif  // PLANISH_BASE_RCU_MEMBARRIER_H_
