// The oracle of the access tests: a bus that asks, for one address after the
// other, who is there, and does what SEMANTICS section 5 says, a byte at a
// time. No ranges, no tables, no shifts, no line shared with regions/,
// dispatch/ or space/, not even a header.
//
// An access to registers is told as bytes in the order of their addresses: what
// the caller's order and the device's make of numbers is done at the two ends.
//
// THREAD SAFETY  None.

#ifndef PLANISH_TESTS_BUS_MODEL_H_
#define PLANISH_TESTS_BUS_MODEL_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace planish::bus {

// Bits of a result.
inline constexpr unsigned kDeviceError = 1;
inline constexpr unsigned kDecodeError = 2;
inline constexpr unsigned kAccessError = 4;

using Bytes = std::vector<uint8_t>;

struct Attributes {
  bool debug = false;
  bool memory_only = false;
  bool secure = false;
};

struct Sizes {
  unsigned min = 0;
  unsigned max = 0;
  bool unaligned = false;
};

// Who can make an access: the bus of the model, and the one that is tested.
class Master {
 public:
  virtual ~Master() = default;
  struct Loaded {
    unsigned bits;
    uint64_t value;
  };
  virtual Loaded Load(uint64_t at, unsigned size, bool big, Attributes) = 0;
  virtual unsigned Store(uint64_t at, unsigned size, bool big, uint64_t value,
                         Attributes) = 0;
};

// What a device is made of. Filter: 0 takes all, 1 secure accesses, 2 all but
// offset 4, 3 reads.
struct DeviceSpec {
  Sizes valid;
  Sizes impl;
  bool big = false;
  bool strict = false;
  int filter = 0;
  int same = 0;  // 0: not this region again, 1: none of this owner's, 2: any.
  unsigned max_depth = 16;
  // Each n-th call fails; 0: none does.
  unsigned fails_every = 0;
  // Each n-th call makes an access of four bytes; 0: none does.
  unsigned dma_every = 0;
  uint64_t dma_at = 0;
  bool dma_writes = false;
};

// A device's own doing, the same for the model and for what is tested.
class Registers {
 public:
  Registers(const DeviceSpec& spec, Master& master);

  unsigned Read(uint64_t offset, unsigned size, Bytes& bytes);
  unsigned Write(uint64_t offset, const Bytes& bytes);
  bool Accepts(uint64_t offset, unsigned size, bool is_write, Attributes) const;
  void Ring() { ++rung_; }

  // All that happened to it, as text.
  std::string State() const;

 private:
  unsigned Called(const std::string& what);

  const DeviceSpec spec_;
  Master& master_;
  Bytes file_;
  unsigned calls_ = 0;
  unsigned rung_ = 0;
  std::string log_;
};

enum class Kind {
  kRam,
  kRom,
  kRomDevice,
  kRamDevice,
  kMmio,
  kReservation,
  kWindow,  // Onto another place.
};

struct Place {
  Kind kind = Kind::kRam;
  uint64_t first = 0;
  uint64_t size = 0;
  int owner = 0;
  bool enabled = true;
  bool readonly = false;
  bool romd = true;
  // Windows.
  int target = 0;
  uint64_t offset = 0;
  // Devices, ROM devices. Without a device all is rejected.
  bool has_device = false;
  DeviceSpec device;
  // A write of that size and value at that offset rings; size 0: any.
  struct Bell {
    uint64_t offset;
    unsigned size;
    bool match;
    uint64_t data;
  };
  std::vector<Bell> bells;
};

struct Options {
  bool windows_are_writable = false;
  bool probe_by_address = false;
};

struct Bulk {
  unsigned bits = 0;
  uint64_t good = 0;

  friend bool operator==(const Bulk&, const Bulk&) = default;
};

class Bus : public Master {
 public:
  // Of two places at one address the later one shows.
  Bus(std::vector<Place> places, Options options);

  Place& place(int i) { return places_[static_cast<size_t>(i)]; }
  Bytes& memory(int i) { return memory_[static_cast<size_t>(i)]; }
  const Registers& registers(int i) const {
    return registers_[static_cast<size_t>(i)];
  }

  Loaded Load(uint64_t at, unsigned size, bool big, Attributes) override;
  unsigned Store(uint64_t at, unsigned size, bool big, uint64_t value,
                 Attributes) override;

  Bulk Read(uint64_t at, Bytes& bytes, Attributes);
  Bulk Write(uint64_t at, const Bytes& bytes, Attributes);
  Bulk Fill(uint64_t at, uint8_t value, uint64_t bytes, Attributes);
  // REQUIRES: CanCopy(), and not memory_only.
  Bulk Copy(uint64_t from, uint64_t to, uint64_t bytes, Attributes);
  void WriteRom(uint64_t at, const Bytes& bytes);
  bool Probe(uint64_t at, uint64_t bytes, bool is_write, Attributes);

  // Whether no byte of either side is a device's, and none of memory is on both
  // sides at different addresses: then the order of a copy can't be seen.
  bool CanCopy(uint64_t from, uint64_t to, uint64_t bytes) const;

 private:
  struct Who {
    int place = -1;  // Never a window. -1: nobody.
    uint64_t offset = 0;
    bool readonly = false;
  };
  Who At(uint64_t address) const;
  Place& Of(const Who& who) { return places_[static_cast<size_t>(who.place)]; }
  const Place& Of(const Who& who) const {
    return places_[static_cast<size_t>(who.place)];
  }

  bool IsRam(const Who& who) const;
  bool ReadsMemory(const Who& who) const;
  bool WritesMemory(const Who& who, Attributes) const;
  bool HasDevice(const Who& who) const;
  uint8_t& Byte(const Who& who);
  // Whether `size` bytes from `at` on are one piece of one memory.
  bool OneRun(uint64_t at, unsigned size) const;

  // What a bulk access takes at once. By R5.5, `aligned_as` for `offset`.
  unsigned Piece(const Place& place, uint64_t offset, uint64_t aligned_as,
                 uint64_t left) const;
  bool Takes(const Who& who, unsigned size, bool is_write, Attributes);
  // The offsets and sizes of the calls that one access becomes.
  struct Call {
    uint64_t offset;
    unsigned size;
  };
  std::vector<Call> CallsOf(const Place& place, uint64_t offset,
                            unsigned size) const;

  unsigned DeviceRead(const Who& who, Bytes& bytes, Attributes);
  unsigned DeviceWrite(const Who& who, const Bytes& bytes, Attributes);
  bool MayCall(const Who& who) const;

  // Calls `step(i, who)` for the byte i of `bytes` on, which returns how many
  // it has done, and their bits.
  struct Done {
    uint64_t bytes;
    unsigned bits;
  };
  template <typename Step>
  Bulk ForEach(uint64_t at, uint64_t bytes, Attributes, Step step);

  std::vector<Place> places_;
  const Options options_;
  std::vector<Bytes> memory_;
  std::vector<Registers> registers_;
  std::vector<int> at_work_;  // Places whose callbacks are on the stack.
};

}  // namespace planish::bus

#endif  // PLANISH_TESTS_BUS_MODEL_H_
