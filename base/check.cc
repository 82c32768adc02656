#include "planish/base/check.h"

#include <cstdio>
#include <cstdlib>
#include <string>

namespace planish::internal {

void CheckFailed(const char* file, int line, const char* what,
                 const std::string& text) {
  std::fprintf(stderr, "%s:%d: planish check failed: %s: %s\n", file, line,
               what, text.c_str());
  std::fflush(stderr);
  std::abort();
}

}  // namespace planish::internal
