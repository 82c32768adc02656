#include "planish/base/rcu/membarrier.h"

#include <cstdlib>
#include <cstring>

#include "planish/base/check.h"

#if defined(__linux__)
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace planish {
namespace {

#if defined(__linux__)
bool Call(int command) { return syscall(SYS_membarrier, command, 0, 0) == 0; }
bool Register() {
  return Call(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) &&
         Call(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
}
bool CallFence() { return Call(MEMBARRIER_CMD_PRIVATE_EXPEDITED); }
#else
bool Register() { return false; }
bool CallFence() { return false; }
#endif

}  // namespace

bool Membarrier::Works() {
  static const bool works = [] {
    const char* off = std::getenv("PLANISH_NO_MEMBARRIER");
    if (off != nullptr && std::strcmp(off, "1") == 0) return false;
    return Register();
  }();
  return works;
}

void Membarrier::Fence() {
  PLANISH_CHECK(CallFence(), "G1: membarrier(2) worked before and fails now");
}

void Membarrier::RegisterChild() {
  if (Works()) PLANISH_CHECK(Register(), "G3: no membarrier(2) after fork()");
}

}  // namespace planish
