// Limits: what one commit may cost (PROTOCOL X4). Aliases make a graph of a
// hundred regions mean 2^40 ranges, or no end at all; a commit that would pass
// a limit fails, names the root, and is undone.

#ifndef PLANISH_REGIONS_LIMITS_H_
#define PLANISH_REGIONS_LIMITS_H_

#include <cstdint>

namespace planish {

struct Limits {
  // Regions visited while one interval of one root is rendered, each once for
  // every way to it that was gone: what is hidden costs no more than the step
  // that finds it so. A root that was not shown before is one interval, of all
  // addresses; later commits render what they changed. Also bounds the memory
  // of that, to some 100 bytes a step. At most 2^32 - 1.
  uint64_t max_render_steps = uint64_t{1} << 26;
  // Containers and aliases on one path from a root; what they end in is free.
  int max_depth = 256;
  // What commits have made while a reader stayed inside: about as much waits
  // for it. Past that, no transaction begins; retirements go on.
  uint64_t max_waiting_bytes = UINT64_MAX;
};

}  // namespace planish

#endif  // PLANISH_REGIONS_LIMITS_H_
