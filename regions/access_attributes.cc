#include "planish/regions/access_attributes.h"

#include <ostream>
#include <utility>

namespace planish {

std::ostream& operator<<(std::ostream& out, AccessResult result) {
  if (result == AccessResult::kOk) return out << "ok";
  const char* separator = "";
  for (const auto& [bit, name] :
       {std::pair(AccessResult::kDeviceError, "device error"),
        std::pair(AccessResult::kDecodeError, "decode error"),
        std::pair(AccessResult::kAccessError, "access error")}) {
    if (!Has(result, bit)) continue;
    out << separator << name;
    separator = "|";
  }
  return out;
}

}  // namespace planish
