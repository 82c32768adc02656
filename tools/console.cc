#include "planish/tools/console.h"

#include <unistd.h>

#include <cstdlib>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "planish/tools/style.h"

namespace planish::tools {
namespace {

absl::string_view Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? absl::string_view() : absl::string_view(value);
}

// The locale's encoding, by the variables that decide it, in their order.
bool LocaleIsUtf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const absl::string_view value = Environment(name);
    if (value.empty()) continue;
    const std::string lower = absl::AsciiStrToLower(value);
    return absl::StrContains(lower, "utf-8") ||
           absl::StrContains(lower, "utf8");
  }
  return false;
}

}  // namespace

Console ProcessConsole(std::ostream& out, std::ostream& err) {
  Console console{out, err, "", false, false, false};
  console.directory = std::string(Environment("BUILD_WORKING_DIRECTORY"));
  const absl::string_view terminal = Environment("TERM");
  const bool capable = !terminal.empty() && terminal != "dumb";
  const bool out_is_terminal = isatty(STDOUT_FILENO) == 1;
  console.color = out_is_terminal && capable && Environment("NO_COLOR").empty();
  console.unicode = out_is_terminal && capable && LocaleIsUtf8();
  console.progress = isatty(STDERR_FILENO) == 1 && capable;
  return console;
}

int Fail(Console& console, const absl::Status& status) {
  Note(console, status.message());
  return kExitBadInput;
}

void Note(Console& console, absl::string_view text) {
  console.err << "planish: ";
  // A text may have lines; the names in it come from files.
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    console.err << Printable(line) << '\n';
  }
}

}  // namespace planish::tools
