#include "planish/tools/replayer.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/dispatch/section.h"
#include "planish/tools/style.h"

namespace planish::tools {
namespace {

using Clock = std::chrono::steady_clock;

// The addresses and answers of so many accesses stay in the cache.
constexpr size_t kChunk = size_t{1} << 14;

absl::string_view NoSpaceText(SpaceClass c) {
  switch (c) {
    case SpaceClass::kMemory:
      return "no space named 'memory'";
    case SpaceClass::kIo:
      return "no space named 'I/O'";
    case SpaceClass::kCpu:
      return "no space named 'cpu...'";
    case SpaceClass::kDevice:
      return "no space of a device";
  }
  return "";
}

}  // namespace

Replayer::Replayer(const Trace& trace, size_t show, Console& console)
    : trace_(trace),
      show_(show),
      progress_(console, trace.accesses.size(), "accesses") {}

void Replayer::Run(int64_t phase, const Indices& accesses,
                   absl::Span<const Dump* const> dumps) {
  PhaseSummary summary;
  summary.phase = phase;
  for (const Dump* dump : dumps) summary.dumps.push_back(dump->name());
  for (size_t from = 0; from < accesses.size(); from += kChunk) {
    const size_t size = std::min(kChunk, accesses.size() - from);
    const auto chunk = absl::MakeSpan(accesses).subspan(from, size);
    for (const uint32_t i : chunk) {
      ++summary.accesses[static_cast<size_t>(trace_.accesses[i].space)];
    }
    Indices missing(chunk.begin(), chunk.end());
    for (const Dump* dump : dumps) missing = FindInDump(*dump, missing);
    for (const uint32_t i : missing) {
      if (report_.shown.size() == show_) break;
      report_.shown.push_back(Describe(i, dumps));
    }
    summary.mismatches += missing.size();
    progress_.Advance(size);
  }
  report_.accesses += accesses.size();
  report_.mismatches += summary.mismatches;
  report_.phases.push_back(std::move(summary));
}

bool Replayer::Matches(uint32_t i, const Region* region) const {
  return region != nullptr &&
         region->name() == trace_.regions[trace_.accesses[i].region];
}

Replayer::Indices Replayer::FindInDump(const Dump& dump,
                                       const Indices& accesses) {
  std::array<Indices, kSpaceClasses> by_class;
  for (const uint32_t i : accesses) {
    by_class[static_cast<size_t>(trace_.accesses[i].space)].push_back(i);
  }
  Indices missing;
  for (size_t c = 0; c < by_class.size(); ++c) {
    Indices& left = by_class[c];
    if (left.empty()) continue;
    const auto& spaces = dump.Spaces(static_cast<SpaceClass>(c));
    if (spaces.empty()) NoteNoSpace(dump, static_cast<SpaceClass>(c));
    for (const AddressSpace* space : spaces) {
      if (!left.empty()) left = FindInSpace(*space, left);
    }
    for (const uint32_t i : left) {
      if (!FoundInOtherPlace(dump, i)) missing.push_back(i);
    }
  }
  std::sort(missing.begin(), missing.end());
  return missing;
}

Replayer::Indices Replayer::FindInSpace(const AddressSpace& space,
                                        const Indices& accesses) {
  addresses_.clear();
  for (const uint32_t i : accesses) {
    addresses_.push_back(trace_.accesses[i].addr);
  }
  regions_.resize(addresses_.size());
  const Clock::time_point start = Clock::now();
  const ReadGuard guard(space.topology().rcu());
  for (size_t n = 0; n < addresses_.size(); ++n) {
    regions_[n] = space.Lookup(guard, addresses_[n]).region();
  }
  report_.time += Clock::now() - start;
  report_.lookups += addresses_.size();
  Indices missing;
  for (size_t n = 0; n < accesses.size(); ++n) {
    if (!Matches(accesses[n], regions_[n])) missing.push_back(accesses[n]);
  }
  return missing;
}

// One of the places may be in memory and the other an I/O port, and the trace
// gives one address as seen and one as the device's container counts it.
bool Replayer::FoundInOtherPlace(const Dump& dump, uint32_t i) const {
  const Access& access = trace_.accesses[i];
  if (!access.two_places) return false;
  for (const SpaceClass c :
       {access.space, SpaceClass::kMemory, SpaceClass::kIo}) {
    for (const AddressSpace* space : dump.Spaces(c)) {
      const ReadGuard guard(space->topology().rcu());
      if (Matches(i, space->Lookup(guard, access.addr).region()) ||
          Matches(i, space->Lookup(guard, access.container_addr).region())) {
        return true;
      }
    }
  }
  return false;
}

Mismatch Replayer::Describe(uint32_t i,
                            absl::Span<const Dump* const> dumps) const {
  Mismatch mismatch;
  mismatch.access = trace_.accesses[i];
  mismatch.region = trace_.regions[mismatch.access.region];
  for (const Dump* dump : dumps) {
    const auto& spaces = dump->Spaces(mismatch.access.space);
    if (spaces.empty()) {
      mismatch.found.push_back(
          absl::StrCat(dump->name(), ": ", NoSpaceText(mismatch.access.space)));
    }
    for (const AddressSpace* space : spaces) {
      const ReadGuard guard(space->topology().rcu());
      const Section section = space->Lookup(guard, mismatch.access.addr);
      mismatch.found.push_back(absl::StrCat(
          dump->name(), ", space ", Printable(space->name()), ": ",
          section.is_hole()
              ? std::string("a hole")
              : absl::StrCat("'", Printable(section.region()->name()),
                             "' at offset ", Hex(section.offset()))));
    }
  }
  return mismatch;
}

void Replayer::NoteNoSpace(const Dump& dump, SpaceClass c) {
  std::string note = absl::StrCat(dump.name(), " has ", NoSpaceText(c),
                                  ", and the trace asks for one");
  std::vector<std::string>& notes = report_.notes;
  if (std::find(notes.begin(), notes.end(), note) == notes.end()) {
    notes.push_back(std::move(note));
  }
}

}  // namespace planish::tools
