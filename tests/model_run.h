// What the runs of model tests share: how many programs from which seed, and
// the program at hand when an invariant aborts.
//
//   for (...) {
//     const Program program = RandomProgram(seed + i);
//     const PrintOnAbort print([&] { return AsCode(program); });
//     ...
//   }
//
// THREAD SAFETY  One PrintOnAbort at a time.

#ifndef PLANISH_TESTS_MODEL_RUN_H_
#define PLANISH_TESTS_MODEL_RUN_H_

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <utility>

namespace planish {

// The number in the environment variable `name`, if it is set.
inline uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 0);
}

// While it lives, an abort prints a program first. (What is called then may
// allocate. It is a test that ends.)
class PrintOnAbort {
 public:
  explicit PrintOnAbort(std::function<std::string()> code)
      : code_(std::move(code)) {
    current_ = this;
    SetHandlers(Print);
  }
  ~PrintOnAbort() {
    SetHandlers(SIG_DFL);
    current_ = nullptr;
  }
  PrintOnAbort(const PrintOnAbort&) = delete;
  PrintOnAbort& operator=(const PrintOnAbort&) = delete;

 private:
  static void SetHandlers(void (*handler)(int)) {
    for (const int signal : {SIGABRT, SIGSEGV}) std::signal(signal, handler);
  }
  static void Print(int signal) {
    std::fprintf(stderr, "in %s\n", current_->code_().c_str());
    std::signal(signal, SIG_DFL);
  }

  static inline const PrintOnAbort* current_ = nullptr;
  const std::function<std::string()> code_;
};

}  // namespace planish

#endif  // PLANISH_TESTS_MODEL_RUN_H_
