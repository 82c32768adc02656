#include "planish/text/map_line.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "planish/base/addr.h"
#include "planish/base/status_macros.h"
#include "planish/text/numbers.h"
#include "planish/text/parse_error.h"
#include "planish/text/row_columns.h"

namespace planish::text {
namespace {

constexpr absl::string_view kSizeWanted = "+SIZE (such as +64K, +0x20 or +16E)";
constexpr absl::string_view kAttributeWanted =
    "prio, disabled, readonly, nonvolatile, unmergeable, owner, romd=0 or the "
    "end of the line";

bool BeginsName(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return c == '_' || absl::ascii_isalpha(byte) || byte >= 0x80;
}

bool BeginsNumber(const MapToken& token) {
  return !token.quoted &&
         absl::ascii_isdigit(static_cast<unsigned char>(token.raw[0]));
}

class RegionLineReader {
 public:
  RegionLineReader(absl::string_view source, const MapLine& line,
                   RegionKind kind, const ColumnDefaults& defaults,
                   MapRegion& out)
      : source_(source),
        line_(line),
        kind_(kind),
        defaults_(defaults),
        out_(out),
        row_(out.row) {}

  absl::Status Read() {
    row_.line = line_.number;
    row_.terminates = Terminates(kind_);
    row_.readonly = kind_ == RegionKind::kRom;
    row_.unmergeable = defaults_.unmergeable;
    row_.romd = defaults_.romd;
    PLANISH_RETURN_IF_ERROR(ReadName());
    ReadLabel();
    if (kind_ == RegionKind::kAlias) PLANISH_RETURN_IF_ERROR(ReadTarget());
    PLANISH_RETURN_IF_ERROR(ReadPlace());
    while (const MapToken* token = Peek()) {
      ++next_;
      PLANISH_RETURN_IF_ERROR(ReadAttribute(*token));
    }
    return Settle();
  }

 private:
  const MapToken* Peek() const {
    return next_ < line_.tokens.size() ? &line_.tokens[next_] : nullptr;
  }

  absl::Status ErrorAt(const MapToken* token,
                       absl::string_view expected) const {
    return token == nullptr ? ParseError(source_, line_.number,
                                         line_.end_column, expected, "")
                            : ParseError(source_, line_.number, token->column,
                                         expected, token->raw);
  }
  absl::Status ErrorHere(absl::string_view expected) const {
    return ErrorAt(Peek(), expected);
  }

  absl::Status ReadName() {
    const MapToken* token = Peek();
    if (token == nullptr || !(token->quoted || BeginsName(token->raw[0]))) {
      return ErrorHere(
          "a name (in quotes unless it begins with a letter or _)");
    }
    row_.name = token->Text();
    ++next_;
    return absl::OkStatus();
  }

  void ReadLabel() {
    const MapToken* token = Peek();
    if (token == nullptr || token->quoted || token->raw[0] != '&') return;
    out_.label = std::string(token->raw.substr(1));
    out_.label_column = token->column;
    ++next_;
  }

  absl::Status ReadTarget() {
    if (Peek() == nullptr || !Peek()->Is("->")) {
      return ErrorHere("-> and the region that the alias shows");
    }
    ++next_;
    if (Peek() == nullptr) return ErrorHere("a name, &LABEL or -");
    if (!Peek()->Is("-")) {
      PLANISH_RETURN_IF_ERROR(
          ReadReference(source_, line_.number, *Peek(), out_.target.emplace()));
    }
    ++next_;
    const MapToken* offset = Peek();
    if (offset != nullptr && !offset->quoted && offset->raw[0] == '@') {
      if (!Set(row_.alias_offset, ParseNumber64(offset->raw.substr(1)))) {
        return ErrorHere("@OFFSET (such as @64K or @0x1000)");
      }
      ++next_;
    }
    return absl::OkStatus();
  }

  // [ADDRESS] +SIZE, or FIRST-LAST.
  absl::Status ReadPlace() {
    bool has_address = false;
    if (Peek() != nullptr && BeginsNumber(*Peek())) {
      const absl::string_view text = Peek()->raw;
      const size_t dash = text.find('-');
      const auto first = ParseNumber64(text.substr(0, dash));
      if (!first) return ErrorHere("an address (such as 0x1000) or FIRST-LAST");
      row_.addr = Addr(*first);
      has_address = true;
      if (dash != absl::string_view::npos) {
        const auto last = ParseNumber64(text.substr(dash + 1));
        if (!last || *last < *first) {
          return ErrorHere(
              "FIRST-LAST with a last address not below the first");
        }
        row_.size = AddrRange{Addr(*first), Addr(*last)}.size();
        ++next_;
        return absl::OkStatus();
      }
      ++next_;
    }
    const MapToken* size = Peek();
    out_.size_column = size == nullptr ? line_.end_column : size->column;
    if (size != nullptr && !size->quoted && size->raw[0] == '+') {
      if (!Set(row_.size, ParseNumber(size->raw.substr(1)))) {
        return ErrorHere(kSizeWanted);
      }
      ++next_;
      return absl::OkStatus();
    }
    if (size != nullptr && BeginsNumber(*size)) return ErrorHere(kSizeWanted);
    switch (kind_) {
      case RegionKind::kContainer:
      case RegionKind::kIommu:
        row_.size = ByteCount::TwoTo64();
        return absl::OkStatus();
      case RegionKind::kAlias:
        out_.size_is_open = true;
        if (size != nullptr) out_.found_instead = std::string(size->raw);
        return absl::OkStatus();
      default:
        return ErrorHere(has_address
                             ? kSizeWanted
                             : "an address (such as 0x1000), +SIZE (such as "
                               "+64K) or FIRST-LAST");
    }
  }

  absl::Status ReadAttribute(const MapToken& token) {
    const size_t equals =
        token.quoted ? absl::string_view::npos : token.raw.find('=');
    const absl::string_view word = token.raw.substr(0, equals);
    if (!seen_.insert(word).second) return ErrorAt(&token, "each word once");
    if (equals != absl::string_view::npos) {
      return ReadColumn(token, word, token.raw.substr(equals + 1));
    }
    if (token.Is("disabled")) {
      row_.enabled = false;
    } else if (token.Is("readonly")) {
      row_.readonly = true;
    } else if (token.Is("nonvolatile")) {
      row_.nonvolatile = true;
    } else if (token.Is("unmergeable")) {
      row_.unmergeable = true;
    } else if (token.Is("prio")) {
      const MapToken* value = Peek();
      if (value == nullptr || value->quoted ||
          !Set(row_.priority, ParsePriority(value->raw))) {
        return ErrorHere("a priority (such as 1 or -1)");
      }
      ++next_;
    } else if (token.Is("owner")) {
      const MapToken* value = Peek();
      if (value == nullptr || value->Text().empty() || value->Text() == "-") {
        return ErrorHere("the owner's name");
      }
      row_.owner = value->Text();
      ++next_;
    } else {
      return ErrorAt(&token, kAttributeWanted);
    }
    return absl::OkStatus();
  }

  // COLUMN=VALUE: a column of the table, to the letter.
  absl::Status ReadColumn(const MapToken& token, absl::string_view word,
                          absl::string_view value) {
    if (word == "row") {
      const auto row = ParseDecimal(value);
      if (!row || *row >= kMaxMapNumber) {
        return ErrorAt(&token, "row= and a number");
      }
      out_.table_row = row;
      out_.table_row_column = token.column;
      return absl::OkStatus();
    }
    Column column = Column::kType;
    if (word == "kind") {
      column = Column::kKind;
      kind_token_ = &token;
    } else if (word == "unmergeable") {
      column = Column::kUnmergeable;
    } else if (word == "romd") {
      column = Column::kRomd;
      romd_token_ = &token;
    } else if (word == "type") {
      type_token_ = &token;
    } else {
      return ErrorAt(&token, kAttributeWanted);
    }
    if (!SetColumn(row_, column, value)) {
      return ErrorAt(&token,
                     absl::StrCat(word, "= and ", ColumnContent(column)));
    }
    return absl::OkStatus();
  }

  // What the line as a whole means: type and kind where it tells none.
  absl::Status Settle() {
    if (type_token_ == nullptr) {
      row_.type = std::string(DefaultType(row_, kind_));
    }
    if (kind_token_ == nullptr) {
      row_.kind = DefaultKind(row_, kind_, defaults_.kind_everywhere);
    } else if (row_.kind !=
               (row_.kind ? kind_ : DefaultKind(row_, kind_, false))) {
      return ErrorAt(kind_token_, absl::StrCat("kind=", RegionKindName(kind_)));
    }
    if (const auto found = FindContradiction(row_)) {
      if (type_token_ != nullptr) {
        return ErrorAt(type_token_,
                       absl::StrCat("a type that fits ", line_.tokens[0].raw));
      }
      return ErrorAt(romd_token_, found->expected);
    }
    return absl::OkStatus();
  }

  template <typename Field, typename Value>
  static bool Set(Field& field, const std::optional<Value>& value) {
    if (value) field = *value;
    return value.has_value();
  }

  const absl::string_view source_;
  const MapLine& line_;
  const RegionKind kind_;
  const ColumnDefaults& defaults_;
  MapRegion& out_;
  RegionRow& row_;
  size_t next_ = 1;  // In line_.tokens.
  absl::flat_hash_set<absl::string_view> seen_;
  const MapToken* type_token_ = nullptr;
  const MapToken* kind_token_ = nullptr;
  const MapToken* romd_token_ = nullptr;
};

}  // namespace

std::optional<RegionKind> DefaultKind(const RegionRow& row, RegionKind word,
                                      bool everywhere) {
  if (everywhere) return word;
  // A RAM that is read-only and a ROM are one kind.
  const RegionKind follows = KindFromType(row);
  const bool same = follows == word ||
                    (follows == RegionKind::kRom && word == RegionKind::kRam);
  if (same) return std::nullopt;
  return word;
}

absl::string_view DefaultType(const RegionRow& row, RegionKind word) {
  return TypeOfKind(word, row.readonly, row.romd.value_or(true));
}

absl::Status ReadReference(absl::string_view source, int line,
                           const MapToken& token, MapReference& reference) {
  reference.line = line;
  reference.column = token.column;
  reference.is_label = !token.quoted && token.raw[0] == '&';
  if (!reference.is_label && !token.quoted && !BeginsName(token.raw[0])) {
    return ParseError(source, line, token.column, "a region's name or &LABEL",
                      token.raw);
  }
  reference.name =
      reference.is_label ? std::string(token.raw.substr(1)) : token.Text();
  return absl::OkStatus();
}

absl::Status ReadMapRegion(absl::string_view source, const MapLine& line,
                           RegionKind kind, const ColumnDefaults& defaults,
                           MapRegion& region) {
  return RegionLineReader(source, line, kind, defaults, region).Read();
}

}  // namespace planish::text
