// Dice: what random programs are drawn with. A seed gives the same draws on
// every machine. No two draws in one expression where their order is free: a
// program must not depend on the compiler.
//
// THREAD SAFETY  None.

#ifndef PLANISH_TESTS_DICE_H_
#define PLANISH_TESTS_DICE_H_

#include <cstdint>
#include <initializer_list>

namespace planish {

class Dice {
 public:
  explicit Dice(uint64_t seed) : state_(seed) {}

  uint64_t Next() {  // SplitMix64.
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // REQUIRES: n > 0.
  uint64_t Below(uint64_t n) { return Next() % n; }
  bool Chance(uint64_t percent) { return Below(100) < percent; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }
  template <typename T>
  T Pick(std::initializer_list<T> values) {
    return values.begin()[Below(values.size())];
  }

 private:
  uint64_t state_;
};

}  // namespace planish

#endif  // PLANISH_TESTS_DICE_H_
