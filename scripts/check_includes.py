#!/usr/bin/env python3
"""Holds includes, header guards and BUILD dependencies to the project's rules.

  1. Includes point down the layers, never up, never sideways in the top row.
  2. Our headers are spelled in full: "planish/<package>/<file>.h". (The one
     header of the root folder is "planish/planish.h".)
  3. Guards are PLANISH_<PACKAGE>_<FILE>_H_.
  4. The BUILD target of a file depends on the target of each header that the
     file includes, ours and Abseil's. (One include folder serves all, so the
     compiler does not notice; another build of Abseil would.)
  5. No target needs a package above its own layer either.

Usage: check_includes.py [ROOT]; prints FILE:LINE: what is wrong, exits 1.
"""

import ast
import os
import re
import sys

import build_files

# An include may go from a later line to an earlier one. The last line is the
# top row, whose packages do not see one another.
LAYERS = [
    ['base'],
    ['regions'],
    ['flatview'],
    ['dispatch'],
    ['space'],
    ['text'],
    ['measure'],
    ['planish.h'],
    ['tools', 'examples', 'bench', 'tests'],
]
RANK = {name: rank for rank, row in enumerate(LAYERS) for name in row}

# Quoted includes that are not ours.
FOREIGN = re.compile(r'(absl|gtest|gmock|benchmark|CLI|nlohmann)/|zlib\.h$')

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.M)
ABSEIL_TABLE = 'third_party/debian/abseil_targets.bzl'


def sources(root):
  """Our C++ files, as paths from the root."""
  for layer in RANK:
    if os.path.isfile(os.path.join(root, layer)):
      yield layer
    for folder, folders, files in os.walk(os.path.join(root, layer)):
      folders[:] = sorted(f for f in folders if f != 'testdata')
      for name in sorted(files):
        if name.endswith(('.h', '.cc', '.c')):
          yield os.path.relpath(os.path.join(folder, name), root)


def may_see(user, used):
  """Whether a file of layer `user` may include one of layer `used`."""
  return user == used or RANK[used] < RANK[user]


def guard_of(path):
  return 'PLANISH_' + re.sub(r'[^A-Z0-9]', '_', path.upper()) + '_'


def abseil_headers(root):
  """Abseil's public headers: include path -> label."""
  with open(os.path.join(root, ABSEIL_TABLE), encoding='utf-8') as file:
    tree = ast.parse(file.read())
  table = next(
      ast.literal_eval(node.value)
      for node in tree.body
      if isinstance(node, ast.Assign))
  return {
      f'{package}/{header}': f'@com_google_absl//{package}:{name}'
      for package, names in table.items() for name, headers in names.items()
      for header in headers
  }


class Checker:
  """Collects complaints about one tree."""

  def __init__(self, root):
    self.root = root
    self.complaints = []
    self._abseil = abseil_headers(root)
    self._users = {}  # file -> targets that compile or offer it
    self._offers = {}  # header -> labels of the targets that offer it
    for target in build_files.targets(root):
      for path in target.files('srcs', 'hdrs', 'textual_hdrs'):
        self._users.setdefault(path, []).append(target)
      for path in target.files('hdrs', 'textual_hdrs'):
        self._offers.setdefault(path, set()).add(target.label)
      self._check_deps(target)

  def _complain(self, where, what):
    self.complaints.append(f'{where}: {what}')

  def _check_deps(self, target):
    layer = target.package.split('/')[0]
    if layer not in RANK:
      return
    for dep in target.deps:
      used = re.match(r'//(\w+)', dep)
      if used and used[1] in RANK and not may_see(layer, used[1]):
        self._complain(target.label, f'{layer} may not depend on {dep}')

  def check(self):
    for path in sources(self.root):
      with open(os.path.join(self.root, path), encoding='utf-8') as file:
        text = file.read()
      if path.endswith('.h'):
        self._check_guard(path, text)
      for include in INCLUDE.finditer(text):
        line = text.count('\n', 0, include.start()) + 1
        self._check_include(path, f'{path}:{line}', include[1], include[2])
    return self.complaints

  def _check_guard(self, path, text):
    guard = guard_of(path)
    opening = f'#ifndef {guard}\n#define {guard}\n'
    closing = f'#endif  // {guard}\n'
    if opening not in text or not text.endswith(closing):
      self._complain(path, f'the header guard is {guard}')

  def _check_include(self, path, where, mark, name):
    if name.startswith('absl/'):
      label = self._abseil.get(name)
      if label is None:
        self._complain(where, f'{name} is not a public header of Abseil')
      else:
        self._check_dep(path, where, name, {label})
      return
    if not name.startswith('planish/'):
      if mark == '"' and not FOREIGN.match(name):
        self._complain(where, f'"{name}": write "planish/<package>/..."')
      elif mark == '<' and name.split('/')[0] in RANK:
        self._complain(where, f'<{name}>: write "planish/<package>/..."')
      return
    used = name[len('planish/'):]
    layer = path.split('/')[0]
    used_layer = used.split('/')[0]
    if mark == '<':
      self._complain(where, f'<{name}>: quote our own headers')
    if used_layer not in RANK or not os.path.isfile(
        os.path.join(self.root, used)):
      self._complain(where, f'there is no {used}')
    elif not may_see(layer, used_layer):
      self._complain(where, f'{layer} may not include {used_layer}: {name}')
    else:
      self._check_dep(path, where, name, self._offers.get(used, set()), used)

  def _check_dep(self, path, where, name, labels, own_path=None):
    for target in self._users.get(path, []):
      if own_path in target.files('srcs', 'hdrs', 'textual_hdrs'):
        continue
      if not labels:
        self._complain(where, f'no BUILD target has {own_path} in its hdrs')
      elif not labels & target.deps:
        needed = ' or '.join(sorted(labels))
        self._complain(where, f'{target.label} needs {needed} for {name}')


def main(argv):
  here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
  complaints = Checker(argv[1] if len(argv) > 1 else here).check()
  for complaint in complaints:
    print(complaint)
  return 1 if complaints else 0


if __name__ == '__main__':
  sys.exit(main(sys.argv))
