// A board in twenty lines: RAM, a ROM that shadows a piece of it, a device.
// README.md shows the part between the markers; this file is its test.

#include <cstddef>
#include <iostream>

#include "planish/base/check.h"
#include "planish/planish.h"

int main() {
  // [snippet quickstart]
  using planish::Addr;
  planish::Topology topology;
  planish::Owner board(topology, "board");  // Regions live and die with it.

  planish::Region* system = topology.AddContainer(board, "system").value();
  planish::Region* ram = topology.AddRam(board, "ram", 512 << 20).value();
  planish::Region* boot = topology.AddRom(board, "boot", 64 << 10).value();
  planish::Region* uart = topology.AddMmio(board, "uart", 0x1000).value();

  absl::Status status = topology.Link(*system, *ram, Addr(0));
  status.Update(topology.Link(*system, *boot, Addr(0), /*priority=*/1));
  status.Update(topology.Link(*system, *uart, Addr(0x4000'0000)));
  PLANISH_CHECK_OK(status);

  auto cpu = planish::AddressSpace::Create(board, "cpu", *system).value();
  planish::ReadGuard guard(topology.rcu());  // What is found now stays.
  planish::Section hit = cpu->Lookup(guard, Addr(0x2'0000));  // Behind the ROM.
  *hit.host() = std::byte{42};  // No region touched.
  std::cout << hit << '\n';

  status = topology.SetEnabled(*boot, false);  // One commit; RAM shows through.
  std::cout << cpu->Lookup(guard, Addr(0)) << '\n'
            << cpu->Lookup(guard, Addr(0x4000'0010)) << '\n';
  // [end quickstart]
  PLANISH_CHECK_OK(status);
  PLANISH_CHECK(cpu->Lookup(guard, Addr(0)).region() == ram,
                "RAM did not show");
  PLANISH_CHECK(cpu->Lookup(guard, Addr(0x4000'0010)).region() == uart,
                "no UART");
  PLANISH_CHECK(ram->ram()->host()[0x2'0000] == std::byte{42}, "lost a byte");
}
