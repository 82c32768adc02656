// ProgressBar: tells on a terminal how far a long run has come. Nothing is
// shown in the first half second, nor where err is no terminal.

#ifndef PLANISH_TOOLS_PROGRESS_H_
#define PLANISH_TOOLS_PROGRESS_H_

#include <chrono>
#include <cstdint>
#include <string>

#include "planish/tools/console.h"

namespace planish::tools {

class ProgressBar {
 public:
  // `what` names the unit: "accesses".
  ProgressBar(Console& console, uint64_t total, std::string what);
  // Wipes the bar off the terminal.
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // Draws at most ten times a second, so it may be called often.
  void Advance(uint64_t units);

 private:
  using Clock = std::chrono::steady_clock;

  Console& console_;
  const uint64_t total_;
  const std::string what_;
  uint64_t done_ = 0;
  Clock::time_point next_draw_;
  bool drawn_ = false;
};

}  // namespace planish::tools

#endif  // PLANISH_TOOLS_PROGRESS_H_
