// PLANISH_CHECK and its kin: for mistakes that are ours, or misuse that can't
// be answered with a Status. A failed check prints the place, the condition,
// its operands and a text that begins with the id of the broken invariant
// ("F1: ranges overlap"), and aborts.
//
//   PLANISH_CHECK(cond, "F1: ...")          always on
//   PLANISH_CHECK_EQ(a, b, "F1: ...")       the same, prints both operands
//   PLANISH_CHECK_OK(status)                always on, prints the status
//   PLANISH_DCHECK(cond, "...")             only where NDEBUG is not defined
//
// Guest input and callers' arguments are never checked this way.

#ifndef PLANISH_BASE_CHECK_H_
#define PLANISH_BASE_CHECK_H_

#include <sstream>
#include <string>

#include "absl/base/optimization.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace planish::internal {

// Prints and aborts.
[[noreturn]] void CheckFailed(const char* file, int line, const char* what,
                              const std::string& text);

template <typename A, typename B>
[[noreturn]] void CheckOpFailed(const char* file, int line, const char* what,
                                const A& a, const B& b, const char* text) {
  std::ostringstream out;
  out << text << " (" << a << " vs. " << b << ')';
  CheckFailed(file, line, what, out.str());
}

inline const absl::Status& AsStatus(const absl::Status& status) {
  return status;
}
template <typename T>
const absl::Status& AsStatus(const absl::StatusOr<T>& status_or) {
  return status_or.status();
}

}  // namespace planish::internal

#define PLANISH_CHECK(cond, text)                                            \
  (ABSL_PREDICT_TRUE(cond)                                                   \
       ? static_cast<void>(0)                                                \
       : ::planish::internal::CheckFailed(__FILE__, __LINE__, #cond, text))

#define PLANISH_CHECK_EQ(a, b, text)                                          \
  do {                                                                        \
    const auto& planish_a_ = (a);                                             \
    const auto& planish_b_ = (b);                                             \
    if (ABSL_PREDICT_FALSE(!(planish_a_ == planish_b_))) {                    \
      ::planish::internal::CheckOpFailed(__FILE__, __LINE__, #a " == " #b,    \
                                         planish_a_, planish_b_, text);       \
    }                                                                         \
  } while (false)

#define PLANISH_CHECK_OK(expr)                                               \
  do {                                                                       \
    const absl::Status planish_status_ =                                     \
        ::planish::internal::AsStatus(expr);                                 \
    if (ABSL_PREDICT_FALSE(!planish_status_.ok())) {                         \
      ::planish::internal::CheckFailed(__FILE__, __LINE__, #expr,            \
                                       planish_status_.ToString());          \
    }                                                                        \
  } while (false)

#ifdef NDEBUG
#define PLANISH_DCHECK(cond, text) \
  (true ? static_cast<void>(0) : PLANISH_CHECK(cond, text))
#else
#define PLANISH_DCHECK(cond, text) PLANISH_CHECK(cond, text)
#endif

#endif  // PLANISH_BASE_CHECK_H_
