#include "planish/tools/trace_folder.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/base/status_macros.h"
#include "planish/tools/input.h"

namespace planish::tools {
namespace {

// The dump's files, in the form in which the folder keeps them.
absl::StatusOr<MapInput> DumpInput(const std::string& folder) {
  MapInput input;
  if (auto table = FindInFolder(folder, "graph.tsv"); table.has_value()) {
    input.file = *table;
    return input;
  }
  const auto tree = FindInFolder(folder, "owner.txt");
  const auto flat = FindInFolder(folder, "flat-owner.txt");
  if (!tree.has_value() || !flat.has_value()) {
    return absl::NotFoundError(absl::StrCat(
        folder, ": no graph.tsv, nor owner.txt with flat-owner.txt"));
  }
  input.tree = *tree;
  input.flat = *flat;
  return input;
}

// As the folders are called.
std::string DumpName(int64_t number) {
  return absl::StrFormat("dump-%02d", number);
}

}  // namespace

Dump::Dump(std::string name, std::unique_ptr<text::Machine> machine)
    : name_(std::move(name)), machine_(std::move(machine)) {
  std::array<absl::flat_hash_set<const Snapshot*>, kSpaceClasses> seen;
  const ReadGuard guard(machine_->topology().rcu());
  for (const AddressSpace* space : machine_->spaces()) {
    const auto c = static_cast<size_t>(ClassOfSpace(space->name()));
    if (seen[c].insert(&space->Current(guard)).second) {
      spaces_[c].push_back(space);
    }
  }
}

TraceFolder::TraceFolder(Console& console, std::string folder)
    : console_(console), folder_(ResolvePath(console, folder)) {
  std::error_code error;
  std::filesystem::directory_iterator entry(folder_, error);
  const std::filesystem::directory_iterator end;
  while (!error && entry != end) {
    const std::string name = entry->path().filename().string();
    absl::string_view digits = name;
    int64_t number = 0;
    if (absl::ConsumePrefix(&digits, "dump-") &&
        absl::SimpleAtoi(digits, &number) && number >= 0) {
      paths_.emplace(number, entry->path().string());
    }
    entry.increment(error);
  }
}

absl::StatusOr<std::string> TraceFolder::TracePath() const {
  auto path = FindInFolder(folder_, "trace.tsv");
  if (path.has_value()) return *std::move(path);
  std::error_code error;
  if (!std::filesystem::is_directory(folder_, error)) {
    return absl::NotFoundError(absl::StrCat(folder_, ": no such folder"));
  }
  return absl::NotFoundError(
      absl::StrCat(folder_, ": no trace.tsv or trace.tsv.gz in it"));
}

absl::StatusOr<const Dump*> TraceFolder::Load(int64_t number) {
  const auto path = paths_.find(number);
  if (path == paths_.end()) {
    if (missing_.insert(number).second) {
      Note(console_, absl::StrCat(folder_, ": ", DumpName(number),
                                  " is missing; the dump beside it serves"));
    }
    return nullptr;
  }
  std::unique_ptr<const Dump>& dump = loaded_[number];
  if (dump == nullptr) {
    PLANISH_ASSIGN_OR_RETURN(const MapInput input, DumpInput(path->second));
    PLANISH_ASSIGN_OR_RETURN(std::unique_ptr<text::Machine> machine,
                             LoadMachine(console_, input));
    dump = absl::make_unique<Dump>(
        std::filesystem::path(path->second).filename().string(),
        std::move(machine));
  }
  return dump.get();
}

absl::StatusOr<std::vector<const Dump*>> TraceFolder::DumpsOfPhase(
    int64_t phase) {
  if (!paths_.contains(phase) && !paths_.contains(phase + 1)) {
    return absl::NotFoundError(
        absl::StrCat(folder_, ": phase ", phase, " has neither ",
                     DumpName(phase + 1), " nor ", DumpName(phase)));
  }
  loaded_.erase(loaded_.begin(), loaded_.lower_bound(phase));
  std::vector<const Dump*> dumps;
  for (const int64_t number : {phase + 1, phase}) {
    PLANISH_ASSIGN_OR_RETURN(const Dump* dump, Load(number));
    if (dump != nullptr) dumps.push_back(dump);
  }
  return dumps;
}

}  // namespace planish::tools
