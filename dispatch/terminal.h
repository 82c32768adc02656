// Terminal: the 16 bytes that every search in this folder ends in, and what
// is packed into them.
//
//   last       64 bits: where the run ends
//   payload    63      27 26        7 6     5    4..2   1..0
//              | pages   | index     | ro  | slow | kind | form |
//
//   form       host memory               region and offset from
//   plain      none                      descriptor `index`, 57 bits
//   near host  address + pages * 4096    descriptor `index`, 20 bits
//   far host   address + delta of descriptor `index` + 1, 57 bits
//   node       no terminal: the search goes on in a tree (tree.h) whose root is
//              line `where`, the top 32 bits, and whose depth is above `form`
//
// A hole is plain, kind 0 and index 0: all zero bits.
// So a hit in page-aligned RAM needs nothing but the terminal. What only few
// ask for (region, offset, attributes) is in descriptors, 16 bytes each, one
// for all ranges that show one region at one distance with equal attributes.
//
// THREAD SAFETY  Plain values.

#ifndef PLANISH_DISPATCH_TERMINAL_H_
#define PLANISH_DISPATCH_TERMINAL_H_

#include <cstdint>
#include <optional>

namespace planish {

class Region;

enum class SectionKind : uint8_t {
  kHole,
  kRam,
  kRom,
  kRomDevice,
  kRamDevice,
  kMmio,
  kReservation,
  kIommu,
};

// What a range shows, beyond its terminal. A range that is slow or has a far
// host owns the next descriptor too: {dirty log mask, host - address}.
struct Descriptor {
  static constexpr uintptr_t kNonvolatile = 1;
  static constexpr uintptr_t kRomd = 2;

  uintptr_t word;  // The region; flags in its two low bits.
  uint64_t delta;  // Offset in the region minus address, modulo 2^64.

  const Region* region() const {
    return reinterpret_cast<const Region*>(word & ~(kNonvolatile | kRomd));
  }
  bool nonvolatile() const { return (word & kNonvolatile) != 0; }
  bool romd() const { return (word & kRomd) != 0; }

  friend bool operator==(const Descriptor&, const Descriptor&) = default;

  // Descriptor 0 of every table.
  static const Descriptor kHole;
};

inline constexpr Descriptor Descriptor::kHole = {0, 0};

class Payload {
 public:
  enum class Form : uint8_t { kPlain, kNearHost, kFarHost, kNode };

  constexpr Payload() = default;  // A hole.

  // REQUIRES: index < 2^57, and `kind` isn't a hole's.
  static constexpr Payload Plain(SectionKind kind, bool readonly, bool slow,
                                 uint64_t index) {
    return Payload(Attributes(Form::kPlain, kind, readonly, slow) |
                   index << kIndexShift);
  }
  static constexpr Payload FarHost(SectionKind kind, bool readonly, bool slow,
                                   uint64_t index) {
    return Payload(Attributes(Form::kFarHost, kind, readonly, slow) |
                   index << kIndexShift);
  }
  // `delta` is host - address. Nothing if it or `index` doesn't fit.
  static constexpr std::optional<Payload> NearHost(SectionKind kind,
                                                   bool readonly, bool slow,
                                                   uint64_t index,
                                                   uint64_t delta) {
    const int64_t pages = static_cast<int64_t>(delta) >> kPageShift;
    constexpr int64_t kLimit = int64_t{1} << (63 - kPagesShift);
    if ((delta & ((uint64_t{1} << kPageShift) - 1)) != 0) return std::nullopt;
    if (pages < -kLimit || pages >= kLimit) return std::nullopt;
    if (index >= uint64_t{1} << kIndexBits) return std::nullopt;
    return Payload(Attributes(Form::kNearHost, kind, readonly, slow) |
                   index << kIndexShift |
                   static_cast<uint64_t>(pages) << kPagesShift);
  }
  // REQUIRES: depth < 32.
  static constexpr Payload Node(uint32_t where, int depth) {
    return Payload(static_cast<uint64_t>(Form::kNode) |
                   static_cast<uint64_t>(depth) << kKindShift |
                   static_cast<uint64_t>(where) << kWhereShift);
  }

  constexpr Form form() const { return static_cast<Form>(bits_ & 3); }
  constexpr SectionKind kind() const {
    return static_cast<SectionKind>(bits_ >> kKindShift & 7);
  }
  constexpr bool readonly() const { return (bits_ & kReadonlyBit) != 0; }
  constexpr bool slow() const { return (bits_ & kSlowBit) != 0; }
  // Of the descriptor.
  constexpr uint64_t index() const {
    const uint64_t all = bits_ >> kIndexShift;
    return form() == Form::kNearHost ? all & ((uint64_t{1} << kIndexBits) - 1)
                                     : all;
  }
  // The two below are of terminals, not of nodes, and bit tests on purpose: a
  // compiler may make a branch of a comparison, and one that depends on what
  // was found is mispredicted as often as accesses alternate between RAM and
  // devices.
  constexpr bool has_far_host() const {
    return (bits_ & static_cast<uint64_t>(Form::kFarHost)) != 0;
  }
  // The host address of `addr`; 0 in the forms without a near host.
  constexpr uint64_t NearHost(uint64_t addr) const {
    const uint64_t host =
        addr +
        (static_cast<uint64_t>(static_cast<int64_t>(bits_) >> kPagesShift)
         << kPageShift);
    const uint64_t is_near = bits_ & static_cast<uint64_t>(Form::kNearHost);
    return host & (uint64_t{0} - is_near);
  }

  constexpr bool is_node() const { return form() == Form::kNode; }
  constexpr uint32_t where() const {
    return static_cast<uint32_t>(bits_ >> kWhereShift);
  }
  constexpr int depth() const {
    return static_cast<int>(bits_ >> kKindShift & 31);
  }

  constexpr uint64_t bits() const { return bits_; }
  friend constexpr bool operator==(Payload, Payload) = default;

 private:
  static constexpr int kKindShift = 2;
  static constexpr uint64_t kSlowBit = 1 << 5;
  static constexpr uint64_t kReadonlyBit = 1 << 6;
  static constexpr int kIndexShift = 7;
  static constexpr int kIndexBits = 20;
  static constexpr int kPagesShift = kIndexShift + kIndexBits;
  static constexpr int kPageShift = 12;
  static constexpr int kWhereShift = 32;

  static constexpr uint64_t Attributes(Form form, SectionKind kind,
                                       bool readonly, bool slow) {
    return static_cast<uint64_t>(form) |
           static_cast<uint64_t>(kind) << kKindShift |
           (readonly ? kReadonlyBit : uint64_t{0}) |
           (slow ? kSlowBit : uint64_t{0});
  }
  constexpr explicit Payload(uint64_t bits) : bits_(bits) {}

  uint64_t bits_ = 0;
};

struct Terminal {
  Payload payload;
  uint64_t last;
};

}  // namespace planish

#endif  // PLANISH_DISPATCH_TERMINAL_H_
