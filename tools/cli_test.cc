// Whole commands, in process. tools/planish_process_test.sh has the same of
// the binary; here are the things that need a console or a JSON parser.

#include "planish/tools/cli.h"

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "planish/tools/console.h"

namespace planish::tools {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kCase[] = "tests/testdata/corpus/traces/linux-q35";

struct Ran {
  int code;
  std::string out;
  std::string err;
};

struct Terminal {
  bool color = false;
  bool unicode = false;
  // GCC wants it said: tests name the other members alone.
  std::string directory = "";  // NOLINT(readability-redundant-string-init)
};

Ran Execute(const std::vector<std::string>& args,
            const Terminal& terminal = {}) {
  std::ostringstream out;
  std::ostringstream err;
  Console console{
      out, err, terminal.directory, terminal.color, terminal.unicode, false};
  const int code = RunPlanish(args, console);
  return {code, out.str(), err.str()};
}

std::string Dump(int number, const char* file) {
  return absl::StrCat(kCase, "/dump-0", number, "/", file, ".gz");
}

// The command's JSON, once it has the envelope that all of them have.
json RunJson(std::vector<std::string> args, int code) {
  const std::string command = args[0];
  args.emplace_back("--format=json");
  const Ran ran = Execute(args);
  EXPECT_EQ(ran.code, code) << ran.err;
  json document = json::parse(ran.out);
  EXPECT_EQ(document["schema"], 1);
  EXPECT_EQ(document["command"], command);
  return document;
}

TEST(CliTest, EveryCommandAnswersInJson) {
  const std::string graph = Dump(3, "graph.tsv");
  EXPECT_EQ(RunJson({"flatten", graph}, 0)["views"].size(), 5u);
  EXPECT_EQ(RunJson({"check", graph, Dump(3, "flat.txt")}, 0)["equal"], true);
  EXPECT_EQ(RunJson({"check", graph, Dump(0, "flat.txt")}, 1)["equal"], false);
  EXPECT_EQ(RunJson({"lookup", graph, "--space", "memory", "0"},
                    0)["results"][0]["region"],
            "pc.ram");
  EXPECT_FALSE(
      RunJson({"apply", Dump(0, "graph.tsv"), Dump(1, "delta.tsv")}, 0)["views"]
          .empty());
  EXPECT_GT(
      RunJson({"apply", Dump(0, "graph.tsv"), Dump(1, "delta.tsv"), "--stats"},
              0)["stats"]["intervals_rendered"],
      0);
  EXPECT_EQ(RunJson({"diff", graph, graph}, 0)["equal"], true);
  EXPECT_THAT(std::string(RunJson({"convert", graph, "--to=map"}, 0)["text"]),
              HasSubstr("pc.ram"));
  EXPECT_EQ(RunJson({"replay", kCase}, 0)["mismatches"], 0);
  EXPECT_EQ(RunJson({"bench", graph, "--repetitions", "1"}, 0)["rows"].size(),
            4u);
  EXPECT_THAT(std::string(RunJson({"generate", "--kind", "dense", "--n", "3"},
                                  0)["text"]),
              HasSubstr("system"));
}

TEST(CliTest, LookupSaysWhoWonAndWhoLostWhere) {
  const json answer =
      RunJson({"lookup", Dump(3, "graph.tsv"), "--space", "memory", "0xc1234"},
              0)["results"][0];
  EXPECT_EQ(answer["region"], "pc.ram");
  EXPECT_EQ(answer["offset"], "0xc1234");
  EXPECT_EQ(answer["readonly"], true);
  EXPECT_EQ(answer["owner"], "owner:{obj path=/objects/pc.ram}");
  EXPECT_EQ(answer["range"]["first"], "0xc0000");
  EXPECT_EQ(answer["range"]["last"], "0xc1fff");
  EXPECT_EQ(answer["why"]["winner"], json({"system", "pam-rom", "pc.ram"}));
  const json& losers = answer["why"]["losers"];
  ASSERT_EQ(losers.size(), 2u);
  EXPECT_EQ(losers[1]["region"], "pc.rom");
  EXPECT_EQ(losers[1]["met_in"], "system");
  EXPECT_EQ(losers[1]["winning_priority"], 1);
  EXPECT_EQ(losers[1]["losing_priority"], -1);
}

TEST(CliTest, HolesHaveTheirWholeExtent) {
  const json answer =
      RunJson({"lookup", Dump(3, "graph.tsv"), "--space", "memory", "1G"},
              0)["results"][0];
  EXPECT_EQ(answer["kind"], "hole");
  EXPECT_EQ(answer["range"]["first"], "0x20000000");
  EXPECT_EQ(answer["range"]["last"], "0xafffffff");
  EXPECT_TRUE(answer["why"]["winner"].is_null());
}

TEST(CliTest, RelativePathsStartInTheCallersFolder) {
  const Ran ran =
      Execute({"flatten", "dump-03/graph.tsv.gz"}, {.directory = kCase});
  EXPECT_EQ(ran.code, kExitOk) << ran.err;
}

TEST(CliTest, ColorsAndBoxesNeedATerminalThatHasThem) {
  const std::vector<std::string> lookup = {"lookup", Dump(3, "graph.tsv"),
                                           "--space", "memory", "0xc1234"};
  EXPECT_THAT(Execute(lookup).out, Not(HasSubstr("\033[")));
  EXPECT_THAT(Execute(lookup).out, HasSubstr("->"));
  const Ran painted = Execute(lookup, {.color = true, .unicode = true});
  EXPECT_THAT(painted.out, HasSubstr("\033["));
  EXPECT_THAT(painted.out, HasSubstr("→"));
}

TEST(CliTest, TheDemoFitsAHundredColumnsWithBoxesToo) {
  const Ran ran = Execute({"demo"}, {.color = false, .unicode = true});
  ASSERT_EQ(ran.code, kExitOk) << ran.err;
  for (const std::string& line :
       std::vector<std::string>(absl::StrSplit(ran.out, '\n'))) {
    size_t width = 0;
    for (const char c : line) width += (c & 0xc0) != 0x80 ? 1u : 0u;
    EXPECT_LE(width, 100u) << line;
  }
}

TEST(CliTest, AMismatchNamesWhatWasFoundInstead) {
  const Ran ran =
      Execute({"replay", "--map", Dump(0, "graph.tsv"), "--trace",
               absl::StrCat(kCase, "/trace.tsv.gz"), "--show", "1"});
  EXPECT_EQ(ran.code, kExitDifference);
  EXPECT_THAT(ran.out, HasSubstr("mismatch: seq "));
  EXPECT_THAT(ran.out, HasSubstr("\n    the map, space "));
  EXPECT_THAT(ran.out, HasSubstr("\n... and "));
}

TEST(CliTest, NamesInErrorsCanNotCommandATerminal) {
  const std::string path = absl::StrCat(testing::TempDir(), "/endless.map");
  std::ofstream(path) << "container \"\\x1b[31m\"\n"
                         "  alias w -> \"\\x1b[31m\" 0x1000 +1G\n"
                         "space s = \"\\x1b[31m\"\n";
  const Ran ran = Execute({"flatten", path});
  EXPECT_EQ(ran.code, kExitBadInput);
  EXPECT_THAT(ran.err, HasSubstr("'\\x1b[31m'"));
  EXPECT_THAT(ran.err, Not(HasSubstr("\033")));
}

}  // namespace
}  // namespace planish::tools
