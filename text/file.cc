#include "planish/text/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "planish/base/status_macros.h"
#include "planish/text/map_description.h"
#include "planish/text/readers.h"
#include "planish/text/row_columns.h"

namespace planish::text {
namespace {

constexpr size_t kChunk = size_t{1} << 16;
constexpr absl::string_view kGzipMagic = "\x1f\x8b";
constexpr absl::string_view kByteOrderMark = "\xef\xbb\xbf";

absl::Status TooLong(absl::string_view name, size_t max_bytes) {
  return absl::ResourceExhaustedError(
      absl::StrCat(name, ": longer than ", max_bytes, " bytes"));
}

absl::Status ErrnoError(const std::string& path, int error) {
  const std::string what = absl::StrCat(path, ": ", std::strerror(error));
  if (error == ENOENT || error == ENOTDIR) return absl::NotFoundError(what);
  if (error == EISDIR) return absl::InvalidArgumentError(what);
  return absl::UnavailableError(what);
}

absl::StatusOr<std::string> ReadAll(int fd, const std::string& path,
                                    size_t max_bytes) {
  std::string text;
  std::array<char, kChunk> chunk;
  for (;;) {
    const ssize_t got = read(fd, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoError(path, errno);
    if (got == 0) return text;
    if (static_cast<size_t>(got) > max_bytes - text.size()) {
      return TooLong(path, max_bytes);
    }
    text.append(chunk.data(), static_cast<size_t>(got));
  }
}

// Inflates all members of `packed` behind each other.
class Inflater {
 public:
  explicit Inflater(absl::string_view packed) : rest_(packed) {
    constexpr int kGzipOnly = 15 + 16;
    ready_ = inflateInit2(&stream_, kGzipOnly) == Z_OK;
  }
  ~Inflater() {
    if (ready_) inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  absl::StatusOr<std::string> Run(absl::string_view name, size_t max_bytes) {
    if (!ready_) {
      return absl::ResourceExhaustedError(absl::StrCat(name, ": no memory"));
    }
    std::string out;
    std::array<char, kChunk> chunk;
    for (;;) {
      const size_t piece = std::min(rest_.size(), kChunk);
      // zlib's interface isn't const; it doesn't write there.
      stream_.next_in =
          reinterpret_cast<Bytef*>(const_cast<char*>(rest_.data()));
      stream_.avail_in = static_cast<uInt>(piece);
      stream_.next_out = reinterpret_cast<Bytef*>(chunk.data());
      stream_.avail_out = static_cast<uInt>(chunk.size());
      const int result = inflate(&stream_, Z_NO_FLUSH);
      const size_t made = chunk.size() - stream_.avail_out;
      const size_t taken = piece - stream_.avail_in;
      if (result != Z_OK && result != Z_STREAM_END) break;
      if (made > max_bytes - out.size()) return TooLong(name, max_bytes);
      out.append(chunk.data(), made);
      rest_.remove_prefix(taken);
      if (result != Z_STREAM_END) continue;
      if (rest_.empty()) return out;
      if (!absl::StartsWith(rest_, kGzipMagic)) break;
      inflateReset(&stream_);
    }
    return absl::InvalidArgumentError(absl::StrCat(
        name, ": damaged gzip after ", out.size(), " unpacked bytes"));
  }

 private:
  absl::string_view rest_;
  z_stream stream_ = {};
  bool ready_ = false;
};

bool HasOwnerColumn(const MapDescription& map) {
  const auto& columns = map.shape.extra_columns;
  return std::count(columns.begin(), columns.end(),
                    ColumnName(Column::kOwner)) > 0;
}

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path,
                                     size_t max_bytes) {
  const bool is_stdin = path == "-";
  const int fd =
      is_stdin ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoError(path, errno);
  absl::StatusOr<std::string> text = ReadAll(fd, path, max_bytes);
  if (!is_stdin) close(fd);
  if (!text.ok()) return text;
  text = Unpacked(*std::move(text), path, max_bytes);
  if (text.ok() && absl::StartsWith(*text, kByteOrderMark)) {
    text->erase(0, kByteOrderMark.size());
  }
  return text;
}

absl::StatusOr<std::string> Unpacked(std::string packed, absl::string_view name,
                                     size_t max_bytes) {
  if (!absl::StartsWith(packed, kGzipMagic)) return packed;
  return Inflater(packed).Run(name, max_bytes);
}

absl::StatusOr<MapDescription> ReadMapFile(const std::string& path) {
  PLANISH_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  const Source source = {path, text};
  PLANISH_ASSIGN_OR_RETURN(MapDescription map, ReadAny(source));
  if (path == "-" || !IsTable(text) || HasOwnerColumn(map)) return map;
  const size_t slash = path.rfind('/');
  const std::string folder =
      slash == std::string::npos ? "" : path.substr(0, slash + 1);
  for (const char* const name : {"owners.tsv", "owners.tsv.gz"}) {
    const std::string beside = absl::StrCat(folder, name);
    const absl::StatusOr<std::string> owners = ReadFile(beside);
    if (absl::IsNotFound(owners.status())) continue;
    if (!owners.ok()) return owners.status();
    PLANISH_RETURN_IF_ERROR(ReadOwners({beside, *owners}, map));
    break;
  }
  return map;
}

}  // namespace planish::text
