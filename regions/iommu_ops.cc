#include "planish/regions/iommu_ops.h"

#include <ostream>

namespace planish {

std::ostream& operator<<(std::ostream& out, IommuAccess access) {
  return out << (Has(access, IommuAccess::kRead) ? 'r' : '-')
             << (Has(access, IommuAccess::kWrite) ? 'w' : '-')
             << (Has(access, IommuAccess::kFetch) ? 'x' : '-');
}

std::ostream& operator<<(std::ostream& out, const IommuEntry& entry) {
  return out << AddrRange{entry.first, entry.last} << " -> " << entry.translated
             << ' ' << entry.allowed << " domain " << entry.domain;
}

}  // namespace planish
