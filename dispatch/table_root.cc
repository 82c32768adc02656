#include "planish/dispatch/table_root.h"

#include "planish/dispatch/pages.h"
#include "planish/dispatch/radix.h"
#include "planish/dispatch/tree.h"

namespace planish::internal {
namespace {

using Form = TableRoot::Form;

Form FormOf(const ScanTree& scan) {
  if (scan.count == 1) return Form::kScan8;
  if (scan.count <= 4) return Form::kScan32;
  if (scan.count <= 8) return Form::kScan64;
  if (scan.count <= 16) return Form::kScan128;
  return Form::kScan256;
}

Form FormOf(const Pages& pages, bool mixed) {
  constexpr Form kForms[] = {Form::kPages0, Form::kPages1, Form::kPages2};
  return mixed ? Form::kPagesMixed : kForms[pages.depth];
}

Form FormOf(const Level& level) {
  constexpr Form kForms[2][3] = {
      {Form::kRadix0, Form::kRadix1, Form::kRadix2},
      {Form::kRanked0, Form::kRanked1, Form::kRanked2}};
  return kForms[level.ranked ? 1 : 0][level.depth];
}

}  // namespace

TableRoot::TableRoot(const ScanTree& scan) : form(FormOf(scan)), scan(scan) {}
TableRoot::TableRoot(const Pages& pages, bool mixed)
    : form(FormOf(pages, mixed)), pages(pages) {}
TableRoot::TableRoot(const Level& level) : form(FormOf(level)), level(level) {}

}  // namespace planish::internal
