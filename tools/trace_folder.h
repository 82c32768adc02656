// TraceFolder: a recorded machine as the corpus keeps it.
//
//   CASE/trace.tsv(.gz)                     the accesses
//   CASE/dump-00/graph.tsv(.gz), ...        the map before phase 0
//   CASE/dump-01/                           after phase 0, before phase 1
//
// An access of phase k belongs to dump-(k+1) or, failing that, to dump-k: the
// guest moved something while the phase ran. A dump may also be QEMU's pair,
// owner.txt and flat-owner.txt, without a graph.tsv. Where one of the two
// dumps is missing, the other serves, and that is said.

#ifndef PLANISH_TOOLS_TRACE_FOLDER_H_
#define PLANISH_TOOLS_TRACE_FOLDER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "planish/space/address_space.h"
#include "planish/text/text.h"
#include "planish/tools/console.h"
#include "planish/tools/trace.h"

namespace planish::tools {

// A machine at one moment, its spaces sorted by who looks through them.
class Dump {
 public:
  Dump(std::string name, std::unique_ptr<text::Machine> machine);

  const std::string& name() const { return name_; }
  // Each view once: spaces that share one give the same answers.
  const std::vector<const AddressSpace*>& Spaces(SpaceClass c) const {
    return spaces_[static_cast<size_t>(c)];
  }

 private:
  std::string name_;
  std::unique_ptr<text::Machine> machine_;
  std::array<std::vector<const AddressSpace*>, kSpaceClasses> spaces_;
};

class TraceFolder {
 public:
  TraceFolder(Console& console, std::string folder);

  absl::StatusOr<std::string> TracePath() const;

  // dump-(phase+1), then dump-(phase), those that there are; notes the other
  // on the console. Good until the next call. Ask in ascending order: each is
  // read once.
  // Errors: kNotFound if there is neither; those of reading.
  absl::StatusOr<std::vector<const Dump*>> DumpsOfPhase(int64_t phase);

 private:
  // Null if there is no such folder; said the first time.
  absl::StatusOr<const Dump*> Load(int64_t number);

  Console& console_;
  const std::string folder_;
  std::map<int64_t, std::string> paths_;  // Of dump-NN, by number.
  std::map<int64_t, std::unique_ptr<const Dump>> loaded_;
  absl::flat_hash_set<int64_t> missing_;  // Those that were said to be.
};

}  // namespace planish::tools

#endif  // PLANISH_TOOLS_TRACE_FOLDER_H_
