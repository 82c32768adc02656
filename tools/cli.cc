#include "planish/tools/cli.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "planish/tools/arguments.h"
#include "planish/tools/commands.h"
#include "planish/tools/input.h"

namespace planish::tools {
namespace {

// As in MODULE.bazel, which planish_process_test.sh compares.
constexpr const char* kVersion = "0.1.0";

// Checks what CLI11 can't, then runs the command.
using Action = std::function<int(Console&)>;

struct Command {
  CLI::App* app;
  Action action;
};

const CLI::Validator& NotEmpty() {
  static const CLI::Validator* const validator = new CLI::Validator(
      [](const std::string& value) {
        return value.empty() ? std::string("must not be empty") : "";
      },
      "");
  return *validator;
}

// CLI11 reads -1 as 2^64 - 1.
const CLI::Validator& NotNegative() {
  static const CLI::Validator* const validator = new CLI::Validator(
      [](const std::string& value) {
        return !value.empty() && value[0] == '-'
                   ? std::string("must not be negative")
                   : "";
      },
      "");
  return *validator;
}

CLI::App* AddCommand(CLI::App& app, const char* name, const char* what,
                     const std::string& example) {
  CLI::App* command = app.add_subcommand(name, what);
  command->footer(absl::StrCat("Example:\n", example));
  return command;
}

void AddFormat(CLI::App* command, Format& format) {
  command
      ->add_option_function<std::string>(
          "--format",
          [&format](const std::string& value) {
            format = value == "json" ? Format::kJson : Format::kText;
          },
          "How to print: text (the default) or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->type_name("FORMAT");
}

CLI::Option* AddText(CLI::App* command, const char* name, std::string& value,
                     const char* type, const char* what) {
  return command->add_option(name, value, what)
      ->check(NotEmpty())
      ->type_name(type);
}

void AddPair(CLI::App* command, const char* number, MapInput& map,
             const char* instead_of) {
  AddText(command, absl::StrCat("--tree", number).c_str(), map.tree, "TREE",
          absl::StrCat("`info mtree -o -D` of QEMU; with --flat", number,
                       " in place of ", instead_of)
              .c_str());
  AddText(command, absl::StrCat("--flat", number).c_str(), map.flat, "TEXT",
          "`info mtree -f -o` of the same moment");
}

void AddMap(CLI::App* command, MapInput& map) {
  AddText(command, "FILE", map.file, "",
          "A map or a topology table, plain or gzip; - is stdin");
  AddPair(command, "", map, "FILE");
}

void AddSpace(CLI::App* command, std::string& space, const char* what) {
  AddText(command, "--space", space, "NAME", what);
}

int WrongUsage(absl::string_view command, absl::string_view what,
               Console& console) {
  Note(console, what);
  Note(console, absl::StrCat("see planish ", command,
                             command.empty() ? "" : " ", "--help"));
  return kExitBadInput;
}

// Runs `run` unless `status` says that the arguments were wrong.
template <typename Run>
int Perform(const char* command, const absl::Status& status, Console& console,
            Run run) {
  if (status.ok()) return run();
  return WrongUsage(command, status.message(), console);
}

Command AddDemo(CLI::App& app) {
  auto o = std::make_shared<DemoOptions>();
  CLI::App* command = AddCommand(
      app, "demo", "Shows a Linux machine's map, some lookups, and their speed",
      "  planish demo");
  AddFormat(command, o->format);
  return {command, [o](Console& console) { return RunDemo(*o, console); }};
}

Command AddFlatten(CLI::App& app) {
  auto o = std::make_shared<FlattenOptions>();
  CLI::App* command =
      AddCommand(app, "flatten", "Prints the views as `info mtree -f` does",
                 "  planish flatten graph.tsv --space memory\n"
                 "  planish flatten --tree owner.txt --flat flat-owner.txt");
  AddMap(command, o->map);
  AddSpace(command, o->space, "The view of this space alone (NAME or NAME#k)");
  command->add_flag("--owners", o->owners, "With owners, as -o prints them");
  AddFormat(command, o->format);
  return {command, [o](Console& console) {
            return Perform("flatten", Settle(o->map, {}), console,
                           [&] { return RunFlatten(*o, console); });
          }};
}

Command AddCheck(CLI::App& app) {
  auto o = std::make_shared<CheckOptions>();
  CLI::App* command = AddCommand(
      app, "check",
      "Compares the views with a stored `info mtree -f` text; exit 1 if they "
      "differ",
      "  planish check graph.tsv flat.txt\n"
      "  planish check --tree owner.txt --flat flat-owner.txt flat.txt.gz");
  AddMap(command, o->map);
  AddText(command, "FLAT", o->expected, "", "The stored text");
  AddFormat(command, o->format);
  return {command, [o](Console& console) {
            return Perform("check", Settle(o->map, {{"FLAT", &o->expected}}),
                           console, [&] { return RunCheck(*o, console); });
          }};
}

Command AddLookup(CLI::App& app) {
  auto o = std::make_shared<LookupOptions>();
  auto texts = std::make_shared<std::vector<std::string>>();
  CLI::App* command = AddCommand(
      app, "lookup", "Tells what addresses show, and why it is just that",
      "  planish lookup graph.tsv --space memory 0xfee00000 0xc0000\n"
      "  planish lookup graph.tsv --space I/O 0x70");
  AddMap(command, o->map);
  command->add_option("ADDR", *texts, "Addresses: 0x1000, 4096 or 4K")
      ->type_name("");
  AddSpace(command, o->space,
           "The space (NAME or NAME#k); needed if the map has several");
  AddFormat(command, o->format);
  return {command, [o, texts](Console& console) {
            return Perform("lookup", SettleLookup(*texts, *o), console,
                           [&] { return RunLookup(*o, console); });
          }};
}

Command AddApply(CLI::App& app) {
  auto o = std::make_shared<ApplyOptions>();
  CLI::App* command = AddCommand(
      app, "apply",
      "Performs an update step on a map, and prints or checks the views",
      "  planish apply step-1/graph.tsv step-2/delta.tsv "
      "--check step-2/flat.txt\n"
      "A step names regions by the ids of its table. A pair --tree --flat has\n"
      "those that `planish convert --to=table` gives it.");
  AddMap(command, o->map);
  AddText(command, "DELTA", o->delta, "", "The step: delta.tsv");
  AddText(command, "--check", o->expected, "FLAT",
          "Compares with this text instead of printing; exit 1 if they differ");
  command
      ->add_flag("--stats", o->stats,
                 "Prints what the step took instead: what was rendered, made "
                 "and freed")
      ->excludes("--check");
  AddFormat(command, o->format);
  return {command, [o](Console& console) {
            return Perform("apply", Settle(o->map, {{"DELTA", &o->delta}}),
                           console, [&] { return RunApply(*o, console); });
          }};
}

Command AddDiff(CLI::App& app) {
  auto o = std::make_shared<DiffOptions>();
  CLI::App* command = AddCommand(
      app, "diff",
      "Prints the ranges that differ between two maps; exit 1 if "
      "there are any",
      "  planish diff before/graph.tsv after/graph.tsv\n"
      "  planish diff --tree owner.txt --flat flat-owner.txt graph.tsv\n"
      "The pair --tree --flat stands for A, and --tree2 --flat2 for B.");
  AddText(command, "A", o->before.file, "", "A map or a topology table");
  AddText(command, "B", o->after.file, "", "Another one");
  AddPair(command, "", o->before, "A");
  AddPair(command, "2", o->after, "B");
  AddFormat(command, o->format);
  return {command, [o](Console& console) {
            return Perform("diff", SettleDiff(*o), console,
                           [&] { return RunDiff(*o, console); });
          }};
}

void AddMapFormat(CLI::App* command, MapFormat& to) {
  command
      ->add_option_function<std::string>(
          "--to",
          [&to](const std::string& value) {
            to = value == "table" ? MapFormat::kTable : MapFormat::kMap;
          },
          "The file format to write: map or table")
      ->check(CLI::IsMember({"map", "table"}))
      ->type_name("FORMAT");
}

Command AddConvert(CLI::App& app) {
  auto o = std::make_shared<ConvertOptions>();
  CLI::App* command =
      AddCommand(app, "convert", "Prints a map in the other file format",
                 "  planish convert graph.tsv --to=map > machine.map");
  AddMap(command, o->map);
  AddMapFormat(command, o->to);
  command->get_option("--to")->required();
  AddFormat(command, o->format);
  return {command, [o](Console& console) {
            return Perform("convert", Settle(o->map, {}), console,
                           [&] { return RunConvert(*o, console); });
          }};
}

Command AddReplay(CLI::App& app) {
  auto o = std::make_shared<ReplayOptions>();
  CLI::App* command = AddCommand(
      app, "replay",
      "Looks up each access of a recorded trace; exit 1 on any mismatch",
      "  planish replay traces/linux-q35\n"
      "  planish replay --map dump-01/graph.tsv --trace trace.tsv.gz\n"
      "CASE holds trace.tsv and dump-00, dump-01, ...; an access of phase k\n"
      "belongs to dump-(k+1) or, failing that, to dump-k. Space M stands for\n"
      "`memory`, I for `I/O`, C for `cpu...`, D for any other.");
  AddText(command, "CASE", o->folder, "",
          "A folder with a trace and its dumps");
  AddText(command, "--map", o->map.file, "FILE", "One map for all phases");
  AddPair(command, "", o->map, "--map");
  AddText(command, "--trace", o->trace, "TRACE", "The accesses: trace.tsv.gz");
  command->add_option("--show", o->show, "Mismatches to print in full")
      ->check(NotNegative())
      ->type_name("N")
      ->capture_default_str();
  AddFormat(command, o->format);
  return {command, [o](Console& console) {
            return Perform("replay", SettleReplay(*o), console,
                           [&] { return RunReplay(*o, console); });
          }};
}

Command AddBench(CLI::App& app) {
  auto o = std::make_shared<BenchOptions>();
  CLI::App* command = AddCommand(
      app, "bench",
      "Measures lookups in this map, beside a sorted vector and std::map",
      "  planish bench graph.tsv --pin 1\n"
      "  planish bench graph.tsv --space memory --trace trace.tsv.gz");
  AddMap(command, o->map);
  AddSpace(command, o->space,
           "The space (NAME or NAME#k); by default the one with most ranges");
  AddText(command, "--trace", o->trace, "TRACE",
          "Also measure with the addresses of this trace");
  command->add_option("--pin", o->pin, "Stay on this CPU")->type_name("CPU");
  command->add_option("--repetitions", o->repetitions, "Of each measurement")
      ->check(CLI::Range(1, 1000))
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--seed", o->seed, "Of the random addresses")
      ->check(NotNegative())
      ->type_name("S")
      ->capture_default_str();
  AddFormat(command, o->format);
  return {command, [o](Console& console) {
            return Perform("bench", Settle(o->map, {}), console,
                           [&] { return RunBench(*o, console); });
          }};
}

Command AddGenerate(CLI::App& app) {
  auto o = std::make_shared<GenerateOptions>();
  auto kind = std::make_shared<std::string>();
  auto n = std::make_shared<std::string>();
  CLI::App* command = AddCommand(
      app, "generate", "Prints a map of the benches: made, not recorded",
      "  planish generate --kind spread --n 1000 --seed 1 > spread.map");
  AddText(command, "--kind", *kind, "KIND",
          "spread, dense, iommu4k, power-law or crowd")
      ->required();
  AddText(command, "--n", *n, "N", "How many ranges")->required();
  command->add_option("--seed", o->seed, "Of the random numbers")
      ->check(NotNegative())
      ->type_name("S")
      ->capture_default_str();
  AddMapFormat(command, o->to);
  AddFormat(command, o->format);
  return {command, [o, kind, n](Console& console) {
            return Perform("generate", SettleGenerate(*kind, *n, *o), console,
                           [&] { return RunGenerate(*o, console); });
          }};
}

}  // namespace

int RunPlanish(const std::vector<std::string>& args, Console& console) {
  CLI::App app("Memory maps: flatten, look up, compare, replay, measure",
               "planish");
  app.footer(
      "Exit status: 0 all is well, 1 a difference was found, 2 wrong usage or "
      "input.\nExample:\n  planish demo");
  app.set_version_flag("--version", absl::StrCat("planish ", kVersion));
  app.require_subcommand(1);
  app.get_formatter()->column_width(28);
  std::vector<Command> commands;
  for (const auto add :
       {AddDemo, AddFlatten, AddCheck, AddLookup, AddApply, AddDiff, AddConvert,
        AddReplay, AddBench, AddGenerate}) {
    commands.push_back(add(app));
  }
  const auto is_command = [&](const Command& command) {
    return command.app->get_name() == args[0];
  };
  if (!args.empty() && !absl::StartsWith(args[0], "-") &&
      std::none_of(commands.begin(), commands.end(), is_command)) {
    return WrongUsage("", absl::StrCat("no such command: ", args[0]), console);
  }
  try {
    // CLI11 takes its arguments from the back.
    app.parse(std::vector<std::string>(args.rbegin(), args.rend()));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {  // --help, --version.
      app.exit(error, console.out, console.err);
      return kExitOk;
    }
    const std::vector<CLI::App*> parsed = app.get_subcommands();
    return WrongUsage(parsed.empty() ? "" : parsed[0]->get_name(), error.what(),
                      console);
  }
  for (const Command& command : commands) {
    if (command.app->parsed()) return command.action(console);
  }
  return kExitBadInput;
}

}  // namespace planish::tools
