#include "planish/text/file.h"

#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cstddef>
#include <fstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "planish/text/readers.h"

namespace planish::text {
namespace {

std::string Gzip(const std::string& text) {
  z_stream stream = {};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::vector<Bytef> in(text.begin(), text.end());
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = in.data();
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// A folder of this test's own.
std::string Folder() {
  std::string folder = absl::StrCat(testing::TempDir(), "/file_test_XXXXXX");
  EXPECT_NE(mkdtemp(folder.data()), nullptr);
  return folder;
}

std::string WriteTo(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

TEST(FileTest, PlainAndPackedReadAlike) {
  const std::string folder = Folder();
  EXPECT_EQ(*ReadFile(WriteTo(folder + "/a.gz", "plain\n")), "plain\n");
  EXPECT_EQ(*ReadFile(WriteTo(folder + "/b", Gzip("packed\n"))), "packed\n");
  EXPECT_EQ(*ReadFile(WriteTo(folder + "/c", "")), "");
}

TEST(FileTest, AByteOrderMarkIsNoPartOfTheText) {
  const std::string folder = Folder();
  EXPECT_EQ(*ReadFile(WriteTo(folder + "/a", "\xef\xbb\xbfram r +1\n")),
            "ram r +1\n");
  EXPECT_EQ(*ReadFile(WriteTo(folder + "/b", Gzip("\xef\xbb\xbf"))), "");
}

TEST(FileTest, MembersOfAGzipAreOneText) {
  EXPECT_EQ(*Unpacked(Gzip("one\n") + Gzip("two\n"), "f"), "one\ntwo\n");
}

TEST(FileTest, DamagedGzipIsAnError) {
  const std::string packed = Gzip(std::string(100000, 'a'));
  const std::string cut = packed.substr(0, packed.size() / 2);
  EXPECT_EQ(Unpacked(cut, "f").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Unpacked(packed + "tail", "f").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(std::string(Unpacked("\x1f\x8b", "f").status().message()),
            "f: damaged gzip after 0 unpacked bytes");
}

TEST(FileTest, TheLimitCountsUnpackedBytes) {
  const std::string folder = Folder();
  const std::string bomb = Gzip(std::string(size_t{1} << 20, '\0'));
  const std::string path = WriteTo(folder + "/bomb", bomb);
  EXPECT_EQ(std::string(ReadFile(path, 1000000).status().message()),
            absl::StrCat(path, ": longer than 1000000 bytes"));
  EXPECT_TRUE(ReadFile(path, size_t{1} << 20).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(
      ReadFile(WriteTo(folder + "/long", "12345"), 4).status()));
}

TEST(FileTest, WhatCanNotBeReadIsNamed) {
  const std::string folder = Folder();
  EXPECT_EQ(ReadFile(folder + "/none").status(),
            absl::NotFoundError(
                absl::StrCat(folder, "/none: No such file or directory")));
  EXPECT_EQ(ReadFile(folder).status(), absl::InvalidArgumentError(absl::StrCat(
                                           folder, ": Is a directory")));
}

TEST(FileTest, ADashIsStdin) {
  const std::string path = WriteTo(Folder() + "/in", Gzip("ram a +1\n"));
  ASSERT_NE(freopen(path.c_str(), "rb", stdin), nullptr);
  const absl::StatusOr<MapDescription> map = ReadMapFile("-");
  ASSERT_TRUE(map.ok()) << map.status();
  EXPECT_EQ(map->source, "-");
  EXPECT_EQ(map->regions[0].name, "a");
}

constexpr char kTable[] = "R\t0\t-\ta\t0\t1\t0\tram\t1\t0\t0\t1\t-\t0\n";

TEST(FileTest, OwnersBesideATableAreReadWithIt) {
  const std::string folder = Folder();
  const std::string path = WriteTo(folder + "/graph.tsv", kTable);
  EXPECT_EQ(ReadMapFile(path)->regions[0].owner, std::nullopt);
  WriteTo(folder + "/owners.tsv.gz", Gzip("0\tpacked\n"));
  EXPECT_EQ(ReadMapFile(path)->regions[0].owner, "packed");
  WriteTo(folder + "/owners.tsv", "0\tplain\n");
  EXPECT_EQ(ReadMapFile(path)->regions[0].owner, "plain");
  EXPECT_TRUE(ReadMapFile(path)->shape.owners_beside);
}

TEST(FileTest, BadOwnersBesideATableAreAnError) {
  const std::string folder = Folder();
  const std::string path = WriteTo(folder + "/graph.tsv", kTable);
  WriteTo(folder + "/owners.tsv", "7\tx\n");
  EXPECT_EQ(std::string(ReadMapFile(path).status().message()),
            absl::StrCat(folder,
                         "/owners.tsv:1:1: expected the id of a "
                         "region of ",
                         path, ", found '7'"));
}

TEST(FileTest, OwnersBesideAMapAreNotItsOwn) {
  const std::string folder = Folder();
  WriteTo(folder + "/owners.tsv", "7\tx\n");
  EXPECT_TRUE(ReadMapFile(WriteTo(folder + "/b.map", "ram a +1\n")).ok());
}

}  // namespace
}  // namespace planish::text
