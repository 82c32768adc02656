// One function for each path whose instructions fast_path_test.sh looks at.
// Nothing calls them. What a probe calls is a path of its own, and is not fast.

#include <atomic>
#include <cstdint>

#include "planish/base/addr.h"
#include "planish/base/rcu/pin.h"
#include "planish/base/rcu/rcu_domain.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/dispatch/dispatch_table.h"
#include "planish/dispatch/section.h"
#include "planish/space/access.h"
#include "planish/space/address_space.h"

namespace planish {

// What stands between a guard's two ends.
[[gnu::always_inline]] inline void Between() {
  std::atomic_signal_fence(std::memory_order_seq_cst);
}

extern "C" {

void probe_guard(RcuDomain& domain) {
  const ReadGuard guard(domain);
  Between();
}

void probe_guard_of_reader(RcuReader& reader) {
  const ReadGuard guard(reader);
  Between();
}

uint64_t probe_guard_lookup(RcuDomain& domain,
                            const std::atomic<const DispatchTable*>& cell,
                            uint64_t address) {
  const ReadGuard guard(domain);
  const Section section =
      cell.load(std::memory_order_acquire)->Lookup(Addr(address));
  return section.last().raw() + reinterpret_cast<uintptr_t>(section.host());
}

uint64_t probe_space_lookup(const AddressSpace& space, RcuDomain& domain,
                            uint64_t address) {
  const ReadGuard guard(domain);
  const Section section = space.Lookup(guard, Addr(address));
  return section.last().raw() + reinterpret_cast<uintptr_t>(section.host());
}

// A vCPU's load, with its reader at hand.
uint64_t probe_load(RcuReader& reader, const AddressSpace& space,
                    uint64_t address) {
  const ReadGuard guard(reader);
  return Load<uint64_t>(guard, space, Addr(address)).value;
}

bool probe_quiesce(RcuReader& reader) { return reader.Quiesce(); }

void probe_pin(const ReadGuard& guard, const void* key) {
  const Pin pin(guard, key, "probe");
  Between();
}

}  // extern "C"

}  // namespace planish
