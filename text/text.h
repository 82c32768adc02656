// Everything of text/ that an embedder uses: maps, tables, deltas and QEMU's
// dumps as texts, and the machines that they describe. docs/TEXT.md.

#ifndef PLANISH_TEXT_TEXT_H_
#define PLANISH_TEXT_TEXT_H_

#include "planish/text/delta.h"            // IWYU pragma: export
#include "planish/text/file.h"             // IWYU pragma: export
#include "planish/text/flat_text.h"        // IWYU pragma: export
#include "planish/text/flat_writer.h"      // IWYU pragma: export
#include "planish/text/machine.h"          // IWYU pragma: export
#include "planish/text/map_description.h"  // IWYU pragma: export
#include "planish/text/numbers.h"          // IWYU pragma: export
#include "planish/text/parse_error.h"      // IWYU pragma: export
#include "planish/text/readers.h"          // IWYU pragma: export

#endif  // PLANISH_TEXT_TEXT_H_
