// PLANISH_LIFETIME_CHECKS: 1 if guards count themselves and know their thread,
// so that misuse which costs nothing to commit is caught: a guard that crosses
// threads, Quiesce() with a guard on the stack. By default, where assertions
// are on. All code of a program must agree: a part that doesn't fails to link,
// for want of internal::FindThisThread<...>.

#ifndef PLANISH_BASE_RCU_LIFETIME_CHECKS_H_
#define PLANISH_BASE_RCU_LIFETIME_CHECKS_H_

#ifndef PLANISH_LIFETIME_CHECKS
#ifdef NDEBUG
#define PLANISH_LIFETIME_CHECKS 0
#else
#define PLANISH_LIFETIME_CHECKS 1
#endif
#endif

namespace planish {
inline constexpr bool kLifetimeChecks = PLANISH_LIFETIME_CHECKS;
}  // namespace planish

#endif  // PLANISH_BASE_RCU_LIFETIME_CHECKS_H_
