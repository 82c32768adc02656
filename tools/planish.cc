// The `planish` command. What it can do: `planish --help`.

#include <iostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "planish/tools/cli.h"
#include "planish/tools/console.h"

int main(int argc, char** argv) {
  using planish::tools::Console;
  std::ios::sync_with_stdio(false);
  Console console = planish::tools::ProcessConsole(std::cout, std::cerr);
  const std::vector<std::string> args(argv + (argc > 0 ? 1 : 0), argv + argc);
  const int code = planish::tools::RunPlanish(args, console);
  if (!std::cout.flush()) {
    return planish::tools::Fail(
        console, absl::DataLossError("the results could not be written"));
  }
  return code;
}
