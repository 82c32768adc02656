#include "planish/base/addr.h"

#include <array>
#include <cstdint>
#include <ostream>

namespace planish {
namespace {

void PutHex(std::ostream& out, Uint128 value) {
  std::array<char, 2 + 32 + 1> text;
  size_t at = text.size();
  text[--at] = '\0';
  do {
    text[--at] = "0123456789abcdef"[static_cast<unsigned>(value & 15)];
    value >>= 4;
  } while (value != 0);
  text[--at] = 'x';
  text[--at] = '0';
  out << &text[at];
}

}  // namespace

std::ostream& operator<<(std::ostream& out, Addr a) {
  PutHex(out, a.raw());
  return out;
}

std::ostream& operator<<(std::ostream& out, ByteCount count) {
  PutHex(out, count.wide());
  return out;
}

std::ostream& operator<<(std::ostream& out, AddrRange r) {
  return out << '[' << r.first << ", " << r.last << ']';
}

}  // namespace planish
