#include "planish/tools/trace.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "planish/base/status_macros.h"
#include "planish/text/text.h"

namespace planish::tools {
namespace {

enum Column {
  kSeq,
  kOp,
  kGpa,
  kSize,
  kRegion,
  kSpace,
  kPhase,
  kContainerAddr,
  kVerified,
  kColumns,
};
constexpr std::array<absl::string_view, kColumns> kNames = {
    "seq",     "op",    "gpa",   "size",
    "region",  "space", "phase", "container_addr",
    "verified"};

std::optional<SpaceClass> ParseSpaceClass(absl::string_view text) {
  if (text == "M") return SpaceClass::kMemory;
  if (text == "I") return SpaceClass::kIo;
  if (text == "C") return SpaceClass::kCpu;
  if (text == "D") return SpaceClass::kDevice;
  return std::nullopt;
}

class Parser {
 public:
  Parser(absl::string_view source, absl::string_view text) : text_(text) {
    trace_.source = std::string(source);
  }

  absl::StatusOr<Trace> Read() {
    for (absl::string_view line : absl::StrSplit(text_, '\n')) {
      ++line_number_;
      if (absl::EndsWith(line, "\r")) line.remove_suffix(1);
      if (line.empty()) continue;
      if (line[0] != '#') {
        PLANISH_RETURN_IF_ERROR(Row(line));
      } else if (columns_ == 0) {
        PLANISH_RETURN_IF_ERROR(Head(line));
      }
    }
    if (trace_.accesses.empty()) {
      return Error(1, "an access, one at least", "");
    }
    return std::move(trace_);
  }

 private:
  absl::Status Error(int column, absl::string_view expected,
                     absl::string_view found) const {
    return text::ParseError(trace_.source, line_number_, column, expected,
                            found);
  }

  absl::Status Head(absl::string_view line) {
    place_.fill(kNowhere);
    for (const absl::string_view name : absl::StrSplit(line.substr(1), '\t')) {
      for (size_t c = 0; c < kColumns; ++c) {
        if (name == kNames[c]) place_[c] = columns_;
      }
      ++columns_;
    }
    for (const Column needed : {kGpa, kRegion}) {
      if (!Has(needed)) {
        return Error(1, absl::StrCat("a column '", kNames[needed], "'"), line);
      }
    }
    return absl::OkStatus();
  }

  absl::Status Row(absl::string_view line) {
    if (columns_ == 0) {
      return Error(1, "a line '#seq op gpa ...' that names the columns", line);
    }
    fields_.clear();
    for (const absl::string_view field : absl::StrSplit(line, '\t')) {
      fields_.push_back(field);
    }
    if (fields_.size() != columns_) {
      return Error(1, absl::StrCat(columns_, " fields"), line);
    }
    line_ = line;
    Access access;
    access.seq = static_cast<int64_t>(trace_.accesses.size()) + 1;
    if (Has(kSeq)) PLANISH_RETURN_IF_ERROR(Decimal(kSeq, access.seq));
    if (Has(kOp)) {
      const absl::string_view op = Field(kOp);
      if (op != "r" && op != "w") return Expected("r or w", kOp);
      access.op = op[0];
    }
    PLANISH_RETURN_IF_ERROR(Hex(kGpa, access.addr));
    access.container_addr = access.addr;
    if (Has(kContainerAddr)) {
      PLANISH_RETURN_IF_ERROR(Hex(kContainerAddr, access.container_addr));
    }
    if (Has(kSize)) PLANISH_RETURN_IF_ERROR(Decimal(kSize, access.size_bytes));
    PLANISH_RETURN_IF_ERROR(Name(access.region));
    if (Has(kSpace)) {
      const auto space = ParseSpaceClass(Field(kSpace));
      if (!space.has_value()) return Expected("M, I, C or D", kSpace);
      access.space = *space;
    }
    if (Has(kPhase)) PLANISH_RETURN_IF_ERROR(Decimal(kPhase, access.phase));
    if (Has(kVerified)) {
      const absl::string_view verified = Field(kVerified);
      if (verified.size() != 1 || !absl::StrContains("ym2bn", verified)) {
        return Expected("y, m, 2, b or n", kVerified);
      }
      access.two_places = verified == "2";
    }
    trace_.accesses.push_back(access);
    return absl::OkStatus();
  }

  bool Has(Column c) const { return place_[c] != kNowhere; }
  absl::string_view Field(Column c) const { return fields_[place_[c]]; }

  absl::Status Expected(absl::string_view expected, Column c) const {
    const absl::string_view field = Field(c);
    return Error(static_cast<int>(field.data() - line_.data()) + 1, expected,
                 field);
  }

  absl::Status Hex(Column c, Addr& value) const {
    const auto parsed = text::ParseHex64(Field(c));
    if (!parsed.has_value()) return Expected("a hexadecimal address", c);
    value = Addr(*parsed);
    return absl::OkStatus();
  }

  absl::Status Decimal(Column c, int64_t& value) const {
    const auto parsed = text::ParseDecimal(Field(c));
    if (!parsed.has_value()) return Expected("a decimal number", c);
    value = *parsed;
    return absl::OkStatus();
  }

  absl::Status Name(uint32_t& index) {
    const absl::string_view name = Field(kRegion);
    if (name.empty()) return Expected("a region's name", kRegion);
    const auto [at, is_new] =
        index_.try_emplace(name, static_cast<uint32_t>(trace_.regions.size()));
    if (is_new) trace_.regions.emplace_back(name);
    index = at->second;
    return absl::OkStatus();
  }

  static constexpr size_t kNowhere = SIZE_MAX;

  Trace trace_;
  const absl::string_view text_;
  int line_number_ = 0;
  size_t columns_ = 0;  // Named in the first line.
  std::array<size_t, kColumns> place_{};
  // The row at hand.
  absl::string_view line_;
  std::vector<absl::string_view> fields_;
  absl::flat_hash_map<std::string, uint32_t> index_;
};

}  // namespace

char SpaceClassLetter(SpaceClass c) {
  constexpr absl::string_view kLetters = "MICD";
  return kLetters[static_cast<size_t>(c)];
}

SpaceClass ClassOfSpace(absl::string_view name) {
  if (name == "memory") return SpaceClass::kMemory;
  if (name == "I/O") return SpaceClass::kIo;
  if (absl::StartsWith(name, "cpu")) return SpaceClass::kCpu;
  return SpaceClass::kDevice;
}

absl::StatusOr<Trace> ParseTrace(absl::string_view source,
                                 absl::string_view text) {
  return Parser(source, text).Read();
}

}  // namespace planish::tools
