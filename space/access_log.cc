#include "planish/space/access_log.h"

#include <time.h>

#include <atomic>
#include <cstdint>
#include <ostream>

#include "planish/base/addr.h"

namespace planish {
namespace {

const char* WhyName(AccessReport::Why why) {
  switch (why) {
    case AccessReport::Why::kUnassigned:
      return "unassigned";
    case AccessReport::Why::kRejected:
      return "rejected";
    case AccessReport::Why::kReentered:
      return "re-entered";
    case AccessReport::Why::kDenied:
      return "denied";
    case AccessReport::Why::kNotTranslated:
      return "not translated";
  }
  return "?";
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const AccessReport& report) {
  out << (report.is_write ? "write" : "read") << " of " << report.size_bytes
      << " bytes at ";
  if (report.region != nullptr) out << '\'' << report.region->name() << "' +";
  out << Addr(report.offset) << ": " << WhyName(report.why);
  if (report.untold != 0) out << " (" << report.untold << " untold)";
  return out;
}

int64_t AccessLog::CoarseSeconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return now.tv_sec;
}

void AccessLog::Report(AccessReport report) {
  const int64_t now = clock_();
  int64_t second = second_.load(std::memory_order_relaxed);
  if (now != second &&
      second_.compare_exchange_strong(second, now, std::memory_order_relaxed)) {
    told_.store(0, std::memory_order_relaxed);
  }
  // Looks before it adds, or a flood would make the count wrap.
  if (told_.load(std::memory_order_relaxed) >= per_second_ ||
      told_.fetch_add(1, std::memory_order_relaxed) >= per_second_) {
    untold_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  report.untold = untold_.exchange(0, std::memory_order_relaxed);
  hook_(of_, report);
}

}  // namespace planish
