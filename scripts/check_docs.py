#!/usr/bin/env python3
"""Holds the pages (README.md, docs/ and the other *.md) to the tree.

  1. Every relative link leads to a file, and to a heading in it if it says so.
  2. Every path and every //label in backticks, or in a block of shell commands,
     exists. A path is what starts with a folder of ours, or `planish/`.
  3. Every ```cpp block is code that is compiled and run. It follows a line
         <!-- snippet: examples/quickstart.cc NAME -->
     and equals, whitespace aside, what stands in that file between
         // [snippet NAME]
         // [end NAME]

Usage: check_docs.py [ROOT]; prints FILE:LINE: what is wrong, exits 1.
"""

import glob
import os
import re
import sys

import build_files

SKIPPED_FOLDERS = {'testdata', 'node_modules', 'corpus'}
SHELL = {'sh', 'bash', 'shell', 'console'}

FENCE = re.compile(r'^\s*(```+|~~~+)\s*([\w+-]*)')
SNIPPET = re.compile(r'^\s*<!-- snippet: (\S+) (\S+) -->\s*$')
LINK = re.compile(r'!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)')
CODE = re.compile(r'(`+)(.+?)\1')
HEADING = re.compile(r'^#{1,6}\s+(.*?)\s*#*\s*$')
LABEL = re.compile(r'^-?(?:@planish)?//(?=[\w.:])[\w./-]*(?::[\w./+-]+)?$')
PATH = re.compile(r'^[\w.*-]+(?:/[\w.*-]+)*/?$')


def pages(root):
  for folder, folders, files in os.walk(root):
    folders[:] = sorted(
        f for f in folders
        if not f.startswith(('.', 'bazel-')) and f not in SKIPPED_FOLDERS)
    for name in sorted(files):
      if name.endswith('.md'):
        yield os.path.relpath(os.path.join(folder, name), root)


def anchors(text):
  """The anchors that GitHub gives to the headings of a page."""
  found = set()
  for kind, line, _ in blocks(text):
    heading = HEADING.match(line) if kind is None else None
    if not heading:
      continue
    words = LINK.sub(lambda m: m[0][1:m[0].index(']')], heading[1])
    slug = re.sub(r'[^\w\- ]', '', words.lower()).replace(' ', '-')
    unique, count = slug, 0
    while unique in found:
      count += 1
      unique = f'{slug}-{count}'
    found.add(unique)
  return found


def blocks(text):
  """Yields (language of the fence it is in or None, line, number)."""
  fence = None
  language = None
  for number, line in enumerate(text.splitlines(), 1):
    mark = FENCE.match(line)
    if fence is None and mark:
      fence, language = mark[1], mark[2].lower()
    elif fence and mark and mark[1].startswith(fence) and not mark[2]:
      fence = language = None
    else:
      yield language, line, number


def snippet(text, name):
  """The lines of a marked region without markers; None when not marked."""
  start = re.search(rf'^[ \t]*// \[snippet {re.escape(name)}\][ \t]*$', text,
                    re.M)
  end = re.search(rf'^[ \t]*// \[end {re.escape(name)}\][ \t]*$', text, re.M)
  if not start or not end or end.start() < start.end():
    return None
  region = text[start.end():end.start()]
  return re.sub(r'^[ \t]*// \[(snippet|end) \S+\][ \t]*\n', '', region,
                flags=re.M)


class Checker:
  """Collects complaints about one tree."""

  def __init__(self, root):
    self.root = root
    self.complaints = []
    self._targets = {target.label for target in build_files.targets(root)}
    self._top = {
        name for name in os.listdir(root)
        if os.path.isdir(os.path.join(root, name)) and
        not name.startswith('bazel-')
    }

  def _complain(self, where, what):
    self.complaints.append(f'{where}: {what}')

  def _read(self, path):
    with open(os.path.join(self.root, path), encoding='utf-8') as file:
      return file.read()

  def check(self):
    for page in pages(self.root):
      text = self._read(page)
      for language, line, number in blocks(text):
        where = f'{page}:{number}'
        if language is None:
          for link in LINK.finditer(CODE.sub('', line)):
            self._check_link(page, where, link[1])
          for code in CODE.finditer(line):
            self._check_words(page, where, code[2])
        elif language in SHELL:
          self._check_words(page, where, line)
      self._check_snippets(page, text)
    return self.complaints

  def _check_link(self, page, where, target):
    if re.match(r'[a-z][a-z0-9+.-]*:', target):
      return
    path, _, anchor = target.partition('#')
    path = os.path.normpath(os.path.join(os.path.dirname(page), path)
                            if path else page)
    if not os.path.exists(os.path.join(self.root, path)):
      self._complain(where, f'the link {target} leads nowhere')
    elif anchor and path.endswith('.md') and anchor not in anchors(
        self._read(path)):
      self._complain(where, f'there is no heading #{anchor} in {path}')

  def _check_words(self, page, where, code):
    for word in code.split():
      word = word.strip('"\'(),;')
      if LABEL.match(word):
        if not self._label_exists(word.lstrip('-').replace('@planish', '', 1)):
          self._complain(where, f'there is no target {word}')
        continue
      word = re.sub(r'^\./|^planish/(?=[\w-]+/)', '', word).rstrip('.:')
      if PATH.match(word) and '/' in word and word.split('/')[0] in self._top:
        if not self._path_exists(word):
          self._complain(where, f'there is no {word}')

  def _path_exists(self, path):
    return bool(glob.glob(os.path.join(self.root, path)))

  def _label_exists(self, label):
    if label.endswith('...'):
      return os.path.isdir(os.path.join(self.root, label[2:-3]))
    package, _, name = label[2:].partition(':')
    if name in ('all', 'all-targets'):
      return os.path.isdir(os.path.join(self.root, package))
    return (build_files.full_label(label, package) in self._targets or
            bool(name) and self._path_exists(os.path.join(package, name)))

  def _check_snippets(self, page, text):
    """Compares each cpp block with the region that the line above names."""
    named = None  # (file, region) of the last line that was not blank
    block = None  # (first line's number, lines) while inside a cpp block
    fence = None
    for number, line in enumerate(text.splitlines(), 1):
      mark = FENCE.match(line)
      if fence is None and mark:
        fence = mark[1]
        block = (number, []) if mark[2].lower() in ('cpp', 'c++', 'cc') else None
      elif fence and mark and mark[1].startswith(fence) and not mark[2]:
        if block:
          self._check_snippet(f'{page}:{block[0]}', named, block[1])
        fence = block = named = None
      elif fence:
        if block:
          block[1].append(line)
      elif line.strip():
        comment = SNIPPET.match(line)
        named = (comment[1], comment[2]) if comment else None

  def _check_snippet(self, where, named, lines):
    if not named:
      self._complain(where, 'a cpp block needs <!-- snippet: FILE NAME --> '
                     'above it')
      return
    path, name = named
    if not os.path.isfile(os.path.join(self.root, path)):
      self._complain(where, f'there is no {path}')
      return
    code = snippet(self._read(path), name)
    if code is None:
      self._complain(where, f'{path} has no region "// [snippet {name}]" to '
                     f'"// [end {name}]"')
    elif ''.join(code.split()) != ''.join(''.join(lines).split()):
      self._complain(where, f'differs from the region {name} of {path}')


def main(argv):
  here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
  complaints = Checker(argv[1] if len(argv) > 1 else here).check()
  for complaint in complaints:
    print(complaint)
  return 1 if complaints else 0


if __name__ == '__main__':
  sys.exit(main(sys.argv))
