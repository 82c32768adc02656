// Console: what a command may touch of the outside: two streams, the caller's
// folder, and what the terminal can show. A test makes one over strings; only
// main() makes one over the process. One console, one command.
//
// Results go to out, progress and diagnostics to err.

#ifndef PLANISH_TOOLS_CONSOLE_H_
#define PLANISH_TOOLS_CONSOLE_H_

#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace planish::tools {

// What the process answers.
inline constexpr int kExitOk = 0;
inline constexpr int kExitDifference = 1;
inline constexpr int kExitBadInput = 2;  // Usage; missing or malformed input.

enum class Format { kText, kJson };

struct Console {
  std::ostream& out;
  std::ostream& err;
  // Relative paths start here; empty: the process's own folder.
  std::string directory;
  bool color = false;     // out is a terminal, and NO_COLOR is not set.
  bool unicode = false;   // out may carry box-drawing characters.
  bool progress = false;  // err is a terminal.
  bool stdin_read = false;
};

// A console for this process: $BUILD_WORKING_DIRECTORY (which `bazel run`
// sets), $NO_COLOR, $TERM, the locale.
Console ProcessConsole(std::ostream& out, std::ostream& err);

// Says what is wrong with the input, and returns kExitBadInput.
int Fail(Console& console, const absl::Status& status);
// A remark on err: "planish: TEXT".
void Note(Console& console, absl::string_view text);

}  // namespace planish::tools

#endif  // PLANISH_TOOLS_CONSOLE_H_
