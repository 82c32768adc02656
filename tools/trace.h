// Trace: the device accesses of a recorded machine, as the corpus keeps them
// (trace.tsv): one access a line, fields separated by tabs, named in a first
// line that begins with '#'. Addresses are in hex without 0x.
//
//   #seq op gpa size region space phase cpu mr container_addr verified
//   1    w  fee00000 4 apic-msi M  0    -1  m0 fee00000       y
//
// The columns may come in any order; gpa and region must be there.

#ifndef PLANISH_TOOLS_TRACE_H_
#define PLANISH_TOOLS_TRACE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "planish/base/addr.h"

namespace planish::tools {

// The `space` column: whose view the access went through.
enum class SpaceClass : uint8_t { kMemory, kIo, kCpu, kDevice };
inline constexpr int kSpaceClasses = 4;

// 'M', 'I', 'C', 'D'.
char SpaceClassLetter(SpaceClass c);
// Which of them the address space of that name is.
SpaceClass ClassOfSpace(absl::string_view name);

struct Access {
  int64_t seq = 0;
  Addr addr;
  Addr container_addr;  // As QEMU prints it; addr if there is no such column.
  int64_t size_bytes = 0;
  int64_t phase = 0;
  uint32_t region = 0;  // Index into Trace::regions.
  SpaceClass space = SpaceClass::kMemory;
  char op = 'r';
  // The region is visible in two places, of which `addr` is one.
  bool two_places = false;
};

struct Trace {
  std::string source;
  std::vector<std::string> regions;  // Names.
  std::vector<Access> accesses;      // In the order of the file.
};

// Errors: kInvalidArgument, with line and column; also for a trace without any
// access.
absl::StatusOr<Trace> ParseTrace(absl::string_view source,
                                 absl::string_view text);

}  // namespace planish::tools

#endif  // PLANISH_TOOLS_TRACE_H_
