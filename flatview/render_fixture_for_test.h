// RenderTest: builds graphs in few words, and tells what they show in one line:
//
//   In(sys_, 0x1000, Ram("ram", 0x1000));
//   EXPECT_EQ(Shown(sys_), "1000-1fff ram");
//
// Addresses are hexadecimal, both ends inside; @ is the offset in the region,
// if it isn't 0; then ro nv um romd, and log and the dirty log mask.

#ifndef PLANISH_FLATVIEW_RENDER_FIXTURE_FOR_TEST_H_
#define PLANISH_FLATVIEW_RENDER_FIXTURE_FOR_TEST_H_

#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/flatview/flat_range.h"
#include "planish/flatview/render.h"
#include "planish/flatview/resolve.h"
#include "planish/regions/owner.h"
#include "planish/regions/ram_block.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"

namespace planish {

class RenderTest : public testing::Test {
 protected:
  ~RenderTest() override { topology_.CheckInvariants(); }

  Region& Container(const std::string& name,
                    ByteCount size = ByteCount::TwoTo64()) {
    return **topology_.AddContainer(board_, name, size);
  }
  Region& Ram(const std::string& name, ByteCount size) {
    return **topology_.AddRam(board_, name, size, RamBacking::None());
  }
  Region& Mmio(const std::string& name, ByteCount size) {
    return **topology_.AddMmio(board_, name, size);
  }
  Region& Alias(const std::string& name, Region& target, uint64_t offset,
                ByteCount size) {
    return **topology_.AddAlias(board_, name, target, offset, size);
  }
  // Links, and gives the child back.
  Region& In(Region& container, uint64_t at, Region& child,
             int32_t priority = 0) {
    PLANISH_CHECK_OK(topology_.Link(container, child, Addr(at), priority));
    return child;
  }
  void Ok(const absl::Status& status) { PLANISH_CHECK_OK(status); }

  // "0-fff ram ro; 1000-1fff ram@1000": what `root` shows, as it is.
  std::string Shown(const Region& root, AddrRange interval = AddrRange::All()) {
    const auto ranges = Render(root, interval, topology_.limits());
    if (!ranges.ok()) return std::string(ranges.status().message());
    return Text(*ranges);
  }
  static std::string Text(const std::vector<FlatRange>& ranges) {
    std::ostringstream out;
    out << std::hex;
    for (const FlatRange& r : ranges) {
      if (&r != &ranges.front()) out << "; ";
      out << r.range.first.raw() << '-' << r.range.last.raw() << ' '
          << r.region->name();
      if (r.offset != 0) out << '@' << r.offset;
      if (r.readonly) out << " ro";
      if (r.nonvolatile) out << " nv";
      if (r.unmergeable) out << " um";
      if (r.romd) out << " romd";
      if (r.dirty_log_mask != 0) out << " log" << int{r.dirty_log_mask};
    }
    return ranges.empty() ? "(empty)" : out.str();
  }
  // As an address space shows it, with its normalised root (Appendix A).
  std::string SpaceOn(const Region& root) {
    const auto found = ResolveRoot(root, topology_.limits());
    if (!found.ok()) return std::string(found.status().message());
    if (*found == nullptr) return "root=(none): (empty)";
    return "root=" + (*found)->name() + ": " + Shown(**found);
  }

  Topology topology_;
  Owner board_{topology_, "board"};
  Region& sys_ = Container("sys");
};

}  // namespace planish

#endif  // PLANISH_FLATVIEW_RENDER_FIXTURE_FOR_TEST_H_
