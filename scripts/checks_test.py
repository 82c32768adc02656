"""Each check finds each kind of fault, and nothing in a good tree."""

import os
import tempfile
import unittest

import check_docs
import check_includes

ADDR = """#ifndef PLANISH_BASE_ADDR_H_
#define PLANISH_BASE_ADDR_H_
#include "absl/strings/string_view.h"
#endif  // PLANISH_BASE_ADDR_H_
"""
BASE = """
_ABSEIL = ["@com_google_absl//absl/strings"]
planish_library(name = "addr", hdrs = ["addr.h"], deps = _ABSEIL)
"""
REGION = '#include "planish/base/addr.h"\n'
REGIONS = """
planish_library(name = "region", srcs = ["region.cc"], deps = ["//base:addr"])
"""
ABSEIL = 'ABSEIL_TARGETS = {"absl/strings": {"strings": ["string_view.h"]}}\n'

QUICKSTART = """int main() {
  // [snippet body]
  int x =
      1;
  // [end body]
}
"""
README = """# Planish
See [the design](docs/DESIGN.md#the-three-ideas) and `planish/base/addr.h`,
`base/*.h`, `//base:addr`, `//base/...`, `//base:addr.h`, `a/b`, `x // y`.
```sh
./bazelw test //base:addr //...
```
<!-- snippet: examples/quickstart.cc body -->

```cpp
int x = 1;
```
"""


class TreeTest(unittest.TestCase):
  """Writes a good tree; a test spoils one file of it."""

  def setUp(self):
    self._folder = tempfile.TemporaryDirectory()
    self.root = self._folder.name
    for path, text in {
        'base/addr.h': ADDR,
        'base/BUILD': BASE,
        'regions/region.cc': REGION,
        'regions/BUILD': REGIONS,
        'tests/testdata/x.h': 'not ours to check\n',
        check_includes.ABSEIL_TABLE: ABSEIL,
        'examples/quickstart.cc': QUICKSTART,
        'docs/DESIGN.md': '# Design\n## The *three* ideas\n',
        'README.md': README,
    }.items():
      self.write(path, text)

  def tearDown(self):
    self._folder.cleanup()

  def write(self, path, text):
    full = os.path.join(self.root, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, 'w', encoding='utf-8') as file:
      file.write(text)

  def spoil(self, path, text, by):
    self.assertIn(text, {
        'base/addr.h': ADDR,
        'base/BUILD': BASE,
        'regions/region.cc': REGION,
        'regions/BUILD': REGIONS,
        'examples/quickstart.cc': QUICKSTART,
        'README.md': README,
    }[path])
    with open(os.path.join(self.root, path), encoding='utf-8') as file:
      content = file.read()
    self.write(path, content.replace(text, by))


class IncludesTest(TreeTest):

  def complaints(self):
    return check_includes.Checker(self.root).check()

  def assert_one(self, part):
    self.assertEqual(len(self.complaints()), 1, self.complaints())
    self.assertIn(part, self.complaints()[0])

  def test_good(self):
    self.assertEqual(self.complaints(), [])

  def test_up(self):
    self.spoil('base/addr.h', '#endif',
               '#include "planish/regions/region.h"\n#endif')
    self.write('regions/region.h', ADDR.replace('BASE_ADDR', 'REGIONS_REGION'))
    self.spoil('regions/BUILD', 'srcs', 'hdrs = ["region.h"], srcs')
    self.spoil('regions/BUILD', '"//base:addr"',
               '"//base:addr", "@com_google_absl//absl/strings:strings"')
    self.assert_one('base may not include regions')

  def test_sideways(self):
    self.assertFalse(check_includes.may_see('tools', 'tests'))
    self.assertTrue(check_includes.may_see('tests', 'tests'))
    self.assertTrue(check_includes.may_see('tests', 'text'))

  def test_dependency_up(self):
    self.spoil('base/BUILD', '_ABSEIL)', '_ABSEIL + ["//space"])')
    self.assert_one('base may not depend on //space')

  def test_short_spelling(self):
    self.spoil('regions/region.cc', 'planish/base/', '')
    self.assert_one('regions/region.cc:1: "addr.h"')

  def test_angles(self):
    self.spoil('regions/region.cc', '"planish/base/addr.h"',
               '<planish/base/addr.h>')
    self.assert_one('quote our own headers')

  def test_no_such_header(self):
    self.spoil('regions/region.cc', 'addr.h', 'address.h')
    self.assert_one('there is no base/address.h')

  def test_guard(self):
    self.spoil('base/addr.h', 'ADDR_H_', 'ADDRESS_H_')
    self.assert_one('PLANISH_BASE_ADDR_H_')

  def test_missing_dependency(self):
    self.spoil('regions/BUILD', '"//base:addr"', '')
    self.assert_one('//regions:region needs //base:addr')

  def test_missing_abseil(self):
    self.spoil('base/BUILD', ', deps = _ABSEIL', '')
    self.assert_one('needs @com_google_absl//absl/strings:strings')

  def test_private_abseil(self):
    self.spoil('base/addr.h', 'absl/strings/string_view.h',
               'absl/base/internal/endian.h')
    self.assert_one('not a public header')

  def test_orphan_header(self):
    self.spoil('base/BUILD', 'hdrs = ["addr.h"], ', '')
    self.assert_one('no BUILD target has base/addr.h')


class DocsTest(TreeTest):

  def assert_one(self, part):
    complaints = check_docs.Checker(self.root).check()
    self.assertEqual(len(complaints), 1, complaints)
    self.assertIn(part, complaints[0])

  def test_good(self):
    self.assertEqual(check_docs.Checker(self.root).check(), [])

  def test_link(self):
    self.spoil('README.md', 'docs/DESIGN.md', 'docs/DESSIN.md')
    self.assert_one('README.md:2: the link docs/DESSIN.md')

  def test_anchor(self):
    self.spoil('README.md', '#the-three-ideas', '#the-four-ideas')
    self.assert_one('no heading #the-four-ideas')

  def test_path(self):
    self.spoil('README.md', 'planish/base/addr.h', 'planish/base/address.h')
    self.assert_one('there is no base/address.h')

  def test_label(self):
    self.spoil('README.md', '`//base:addr`', '`//base:address`')
    self.assert_one('no target //base:address')

  def test_label_in_commands(self):
    self.spoil('README.md', 'test //base:addr', 'test //basis:addr')
    self.assert_one('README.md:5: there is no target //basis:addr')

  def test_snippet_differs(self):
    self.spoil('README.md', 'int x = 1', 'int x = 2')
    self.assert_one('differs from the region body')

  def test_snippet_not_named(self):
    self.spoil('README.md', '<!-- snippet: examples/quickstart.cc body -->', '')
    self.assert_one('needs <!-- snippet')

  def test_snippet_region_gone(self):
    self.spoil('examples/quickstart.cc', '[snippet body]', '[snippet head]')
    self.assert_one('has no region')


if __name__ == '__main__':
  unittest.main()
