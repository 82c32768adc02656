// Replayer: looks each access of a trace up, and compares the name of the
// region found with the recorded one. An access is looked up in each space
// that its `space` column allows (M: `memory`, I: `I/O`, C: `cpu...`, D: any
// other), dump by dump, and is done with the first that matches.

#ifndef PLANISH_TOOLS_REPLAYER_H_
#define PLANISH_TOOLS_REPLAYER_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "planish/base/addr.h"
#include "planish/regions/region.h"
#include "planish/space/address_space.h"
#include "planish/tools/console.h"
#include "planish/tools/progress.h"
#include "planish/tools/trace.h"
#include "planish/tools/trace_folder.h"

namespace planish::tools {

struct Mismatch {
  Access access;
  std::string region;              // The recorded name.
  std::vector<std::string> found;  // What each place holds instead.
};

struct PhaseSummary {
  int64_t phase = 0;
  std::vector<std::string> dumps;
  std::array<uint64_t, kSpaceClasses> accesses{};
  uint64_t mismatches = 0;
};

struct ReplayReport {
  std::vector<PhaseSummary> phases;
  std::vector<Mismatch> shown;     // The first few.
  std::vector<std::string> notes;  // Spaces that are missing.
  uint64_t accesses = 0;
  uint64_t mismatches = 0;
  // The clock runs over lookups alone, in batches; matching is apart.
  uint64_t lookups = 0;
  std::chrono::duration<double, std::nano> time{0};

  double NanosecondsPerLookup() const {
    return lookups == 0 ? 0 : time.count() / static_cast<double>(lookups);
  }
};

class Replayer {
 public:
  using Indices = std::vector<uint32_t>;  // Into Trace::accesses.

  // Keeps `show` mismatches. `trace` outlives it.
  Replayer(const Trace& trace, size_t show, Console& console);

  // `accesses`, all of `phase`: in the first of the dumps, then, if they are
  // not found there, in the next.
  void Run(int64_t phase, const Indices& accesses,
           absl::Span<const Dump* const> dumps);

  const ReplayReport& report() const { return report_; }

 private:
  bool Matches(uint32_t i, const Region* region) const;
  // These return the accesses that were not found.
  Indices FindInDump(const Dump& dump, const Indices& accesses);
  Indices FindInSpace(const AddressSpace& space, const Indices& accesses);
  bool FoundInOtherPlace(const Dump& dump, uint32_t i) const;
  Mismatch Describe(uint32_t i, absl::Span<const Dump* const> dumps) const;
  void NoteNoSpace(const Dump& dump, SpaceClass c);

  const Trace& trace_;
  const size_t show_;
  ProgressBar progress_;
  ReplayReport report_;
  // Scratch of FindInSpace().
  std::vector<Addr> addresses_;
  std::vector<const Region*> regions_;
};

}  // namespace planish::tools

#endif  // PLANISH_TOOLS_REPLAYER_H_
