#include "planish/base/rcu/read_guard.h"

#include "planish/base/check.h"

namespace planish {

void RcuReader::FailOnStack() const {
  PLANISH_CHECK(online(), "G3: not in quiescent-state mode");
  PLANISH_CHECK(reader_.callbacks == 0, "G3: quiescent inside a callback");
  PLANISH_CHECK(false, "G3: quiescent inside a guard");
  __builtin_unreachable();
}

}  // namespace planish
