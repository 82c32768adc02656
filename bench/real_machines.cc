#include "planish/bench/real_machines.h"

#include <zlib.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace planish::measure {
namespace {

// A PC with firmware, the same chipset with 25 PCI devices, an Arm board with
// PCI and firmware, a board controller with 148 ranges, a RISC-V board.
constexpr const char* kNames[] = {"x86_64-pc-fw", "x86_64-q35-pci25-fw",
                                  "aarch64-virt-pci-efi-fw", "arm-ast2600-evb",
                                  "riscv64-virt-uboot-pci-fw"};

// The largest view in a dump: lines "  FIRST-LAST (prio 0, ram): name" between
// lines that begin with "FlatView".
std::vector<MapRange> ReadLargestView(const std::string& path) {
  std::vector<MapRange> largest;
  std::vector<MapRange> view;
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) return largest;
  char line[1024];
  const auto end_view = [&] {
    if (view.size() > largest.size()) largest = view;
    view.clear();
  };
  while (gzgets(file, line, sizeof(line)) != nullptr) {
    if (absl::StartsWith(line, "FlatView")) end_view();
    uint64_t first = 0;
    uint64_t last = 0;
    char kind[32];
    if (std::sscanf(line, " %16lx-%16lx (prio %*d, %31[^)])", &first, &last,
                    kind) == 3) {
      const std::string word(kind);
      view.push_back({first, last, word == "ram" || word == "rom"});
    }
  }
  end_view();
  gzclose(file);
  return largest;
}

}  // namespace

std::vector<RealMachine> RealMachines() {
  std::vector<RealMachine> machines;
  for (const char* name : kNames) {
    RealMachine machine;
    machine.name = name;
    machine.map = ReadLargestView(
        absl::StrCat("tests/testdata/corpus/cases/", name, "/flat.txt.gz"));
    if (machine.map.empty()) {
      std::fprintf(stderr, "%s: no such recording; run in the source tree\n",
                   name);
      continue;
    }
    machines.push_back(std::move(machine));
  }
  return machines;
}

}  // namespace planish::measure
