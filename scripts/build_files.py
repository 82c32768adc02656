"""Reads BUILD files well enough for the checks: they are Python syntax."""

import ast
import os
import pathlib

# What the macros of planish.bzl add to what a BUILD file says.
_GTEST_MAIN = '@com_google_googletest//:gtest_main'
_MACRO_DEPS = {
    'planish_test': [_GTEST_MAIN],
    'planish_benchmark': ['@com_github_google_benchmark//:benchmark_main'],
}
_MACRO_NAMES = {
    'planish_fuzz_test': ['{}_fuzzer', '{}_corpus_test'],
}


class Target:
  """One rule call: its label, and those attributes that are plain strings."""

  def __init__(self, package, rule, name, attributes):
    self.package = package
    self.rule = rule
    self.name = name
    self._attributes = attributes

  @property
  def label(self):
    return f'//{self.package}:{self.name}'

  def files(self, *attributes):
    """The files of these attributes, as paths from the root."""
    for attribute in attributes:
      for name in self._attributes.get(attribute, []):
        yield os.path.normpath(os.path.join(self.package, name.lstrip(':')))

  @property
  def deps(self):
    """Every label in deps, in full; also what the macro adds."""
    added = [] if 'main' in self._attributes else _MACRO_DEPS.get(self.rule, [])
    return {
        full_label(label, self.package)
        for label in self._attributes.get('deps', []) + added +
        self._attributes.get('main', [])
    }


def full_label(label, package):
  """`//a/b` and `:c` in full: `//a/b:b` and `//package:c`."""
  if label.startswith(':'):
    return f'//{package}{label}'
  if '//' not in label:
    return f'//{package}:{label}'
  if ':' not in label:
    return f'{label}:{label.rsplit("/", 1)[-1]}'
  return label


def _strings(node, constants):
  """The strings in an expression: of lists, sums, selects, named constants."""
  for part in ast.walk(node):
    if isinstance(part, ast.Constant) and isinstance(part.value, str):
      yield part.value
    elif isinstance(part, ast.Name):
      yield from constants.get(part.id, [])


def _attribute(node, constants, folder):
  """A value's strings, with glob() carried out."""
  found = list(_strings(node, constants))
  for call in ast.walk(node):
    if (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and
        call.func.id == 'glob' and call.args):
      found += _glob(_strings(call.args[0], constants), folder)
  return found


def _glob(patterns, folder):
  for pattern in patterns:
    if pattern.startswith('/'):
      continue  # The end of a sum with a variable, whose value is not known.
    for path in pathlib.Path(folder).glob(pattern):
      if path.is_file():
        yield path.relative_to(folder).as_posix()


def packages(root):
  """Every package below root: (name, text of its BUILD file)."""
  for folder, folders, files in os.walk(root):
    folders[:] = sorted(
        f for f in folders if not f.startswith(('.', 'bazel-')))
    for name in ('BUILD.bazel', 'BUILD'):
      if name in files:
        package = os.path.relpath(folder, root)
        with open(os.path.join(folder, name), encoding='utf-8') as file:
          yield '' if package == '.' else package, file.read()
        break


def targets(root):
  """Every target below root that a BUILD file names by a literal."""
  for package, text in packages(root):
    tree = ast.parse(text)
    constants = {}
    for node in tree.body:
      if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        constants[node.targets[0].id] = _attribute(
            node.value, constants, os.path.join(root, package))
    for call in ast.walk(tree):
      if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        continue
      attributes = {
          k.arg: _attribute(k.value, constants, os.path.join(root, package))
          for k in call.keywords
          if k.arg is not None
      }
      for name in attributes.get('name', [])[:1]:
        for form in _MACRO_NAMES.get(call.func.id, ['{}']):
          yield Target(package, call.func.id, form.format(name), attributes)
