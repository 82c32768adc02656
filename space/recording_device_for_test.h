// A device for tests: a file of bytes, and a list of the calls that reached it.
//
//   device.calls()   "r(0,4) w(8,2)=1234": offset, size, value; hex
//
// Bytes of the file are in the order of the ops. Offsets past its end read as
// 0xee and are written nowhere.

#ifndef PLANISH_SPACE_RECORDING_DEVICE_FOR_TEST_H_
#define PLANISH_SPACE_RECORDING_DEVICE_FOR_TEST_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "planish/regions/access_attributes.h"
#include "planish/regions/region_ops.h"

namespace planish {

class RecordingDevice {
 public:
  // Byte i is `first + i`.
  RecordingDevice(AccessSizes valid, AccessSizes impl,
                  ByteOrder order = ByteOrder::kLittle, size_t bytes = 0x40,
                  uint8_t first = 0x10)
      : ops_{.read = MemberCallback<&RecordingDevice::Read>,
             .write = MemberCallback<&RecordingDevice::Write>,
             .valid = valid,
             .impl = impl,
             .order = order} {
    for (size_t i = 0; i < bytes; ++i) {
      file_.push_back(static_cast<uint8_t>(first + i));
    }
  }
  RecordingDevice(const RecordingDevice&) = delete;
  RecordingDevice& operator=(const RecordingDevice&) = delete;

  RegionIo io(bool strict = false) {
    return {.ops = &ops_, .device = this, .strict = strict};
  }
  // A region keeps the ops that it was made with.
  RegionOps& ops() { return ops_; }
  std::vector<uint8_t>& file() { return file_; }

  // What was called since the last time.
  std::string calls() { return std::exchange(calls_, ""); }
  AccessAttributes attributes() const { return attributes_; }

  // What the callbacks answer.
  AccessResult result = AccessResult::kOk;
  // Runs inside each callback, before it touches the file.
  std::function<void()> inside = [] {};

 private:
  uint8_t* Find(uint64_t offset, unsigned i, unsigned size) {
    const uint64_t at =
        offset + (ops_.order == ByteOrder::kLittle ? i : size - 1 - i);
    return at < file_.size() ? &file_[at] : nullptr;
  }
  Loaded<uint64_t> Read(uint64_t offset, unsigned size,
                        AccessAttributes attributes) {
    Record(absl::StrFormat("r(%x,%d)", offset, size), attributes);
    uint64_t value = 0;
    for (unsigned i = 0; i < size; ++i) {
      const uint8_t* byte = Find(offset, i, size);
      value |= uint64_t{byte == nullptr ? uint8_t{0xee} : *byte} << (8 * i);
    }
    return {result, value};
  }
  AccessResult Write(uint64_t offset, unsigned size, uint64_t value,
                     AccessAttributes attributes) {
    Record(absl::StrFormat("w(%x,%d)=%x", offset, size, value), attributes);
    for (unsigned i = 0; i < size; ++i) {
      if (uint8_t* byte = Find(offset, i, size)) {
        *byte = static_cast<uint8_t>(value >> (8 * i));
      }
    }
    return result;
  }
  void Record(const std::string& call, AccessAttributes attributes) {
    if (!calls_.empty()) calls_ += ' ';
    calls_ += call;
    attributes_ = attributes;
    inside();
  }

  RegionOps ops_;
  std::vector<uint8_t> file_;
  std::string calls_;
  AccessAttributes attributes_;
};

}  // namespace planish

#endif  // PLANISH_SPACE_RECORDING_DEVICE_FOR_TEST_H_
