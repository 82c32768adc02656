// A topology table for `planish demo`: QEMU's q35 machine, as Linux has set it
// up, with the owners of its regions. The text is q35_linux.tsv.

#ifndef PLANISH_TOOLS_Q35_LINUX_H_
#define PLANISH_TOOLS_Q35_LINUX_H_

namespace planish::tools {

extern const char kQ35Linux[];

}  // namespace planish::tools

#endif  // PLANISH_TOOLS_Q35_LINUX_H_
