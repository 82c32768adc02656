// PLANISH_RETURN_IF_ERROR(expr): returns expr's Status from this function
// unless it is OK. PLANISH_ASSIGN_OR_RETURN(lhs, expr): the same for a
// StatusOr, whose value goes to lhs.

#ifndef PLANISH_BASE_STATUS_MACROS_H_
#define PLANISH_BASE_STATUS_MACROS_H_

#include <utility>

#include "absl/base/optimization.h"
#include "absl/status/status.h"

#define PLANISH_RETURN_IF_ERROR(expr)                \
  do {                                               \
    absl::Status planish_status_ = (expr);           \
    if (ABSL_PREDICT_FALSE(!planish_status_.ok())) { \
      return planish_status_;                        \
    }                                                \
  } while (false)

#define PLANISH_MACRO_CONCAT_INNER_(a, b) a##b
#define PLANISH_MACRO_CONCAT_(a, b) PLANISH_MACRO_CONCAT_INNER_(a, b)

#define PLANISH_ASSIGN_OR_RETURN(lhs, expr)                                    \
  PLANISH_ASSIGN_OR_RETURN_IMPL_(PLANISH_MACRO_CONCAT_(planish_or_, __LINE__), \
                                 lhs, expr)

// NOLINTBEGIN(bugprone-macro-parentheses): `tmp` and `lhs` may be declarations.
#define PLANISH_ASSIGN_OR_RETURN_IMPL_(tmp, lhs, expr) \
  auto tmp = (expr);                                   \
  if (ABSL_PREDICT_FALSE(!tmp.ok())) {                 \
    return std::move(tmp).status();                    \
  }                                                    \
  lhs = std::move(tmp).value()
// NOLINTEND(bugprone-macro-parentheses)

#endif  // PLANISH_BASE_STATUS_MACROS_H_
