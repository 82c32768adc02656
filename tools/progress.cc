#include "planish/tools/progress.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"

namespace planish::tools {
namespace {

constexpr std::chrono::milliseconds kQuietAtFirst(500);
constexpr std::chrono::milliseconds kBetweenDraws(100);
constexpr size_t kCells = 30;

}  // namespace

ProgressBar::ProgressBar(Console& console, uint64_t total, std::string what)
    : console_(console),
      total_(std::max<uint64_t>(total, 1)),
      what_(std::move(what)),
      next_draw_(Clock::now() + kQuietAtFirst) {}

ProgressBar::~ProgressBar() {
  if (drawn_) console_.err << "\r\033[K" << std::flush;
}

void ProgressBar::Advance(uint64_t units) {
  done_ += units;
  if (!console_.progress) return;
  const Clock::time_point now = Clock::now();
  if (now < next_draw_) return;
  next_draw_ = now + kBetweenDraws;
  drawn_ = true;
  const double part =
      std::min(1.0, static_cast<double>(done_) / static_cast<double>(total_));
  const auto full = static_cast<size_t>(part * kCells);
  console_.err << absl::StrFormat("\r[%s%s] %3.0f%%  %d of %d %s",
                                  std::string(full, '#'),
                                  std::string(kCells - full, '.'), part * 100,
                                  done_, total_, what_)
               << std::flush;
}

}  // namespace planish::tools
