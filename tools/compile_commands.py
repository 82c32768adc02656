#!/usr/bin/env python3
"""Writes compile_commands.json for clangd and clang-tidy. Nothing is built.

Usage: tools/compile_commands.py [TARGETS...]     (default: //...)

The commands are those that Bazel would run, less what only gcc or only Bazel
understands. `planish/base/addr.h` is found through a symlink that this script
puts below Bazel's output base, so that editors open the real file.
"""

import json
import os
import re
import subprocess
import sys

# Flags that clang does not know, or that only serve Bazel's caching.
DROPPED = re.compile(r'-fno-canonical-system-headers$|-frandom-seed=|'
                     r'-Wno-free-nonheap-object$|-Wunused-but-set-parameter$|'
                     r'-MD$|-U_FORTIFY_SOURCE$|-D_FORTIFY_SOURCE=|'
                     r'-D__(DATE|TIME|TIMESTAMP)__=|-Wno-builtin-macro-redefined')
# The same, with the file name that follows.
DROPPED_PAIRS = {'-MF', '-o'}


def bazel(root, *args):
  command = [os.path.join(root, 'bazelw'), *args]
  return subprocess.run(
      command, cwd=root, check=True, stdout=subprocess.PIPE, text=True).stdout


def cleaned(arguments, outputs):
  """A compiler's arguments, less what DROPPED says, paths made absolute."""
  result = ['clang++' if 'clang' in arguments[0] else 'g++']
  skip = False
  for argument in arguments[1:]:
    if skip or argument in DROPPED_PAIRS:
      skip = not skip
      continue
    if DROPPED.match(argument):
      continue
    argument = re.sub(r'^(-I|)(external/)', rf'\1{outputs}/\2', argument)
    if '_virtual_includes' not in argument:
      result.append(argument)
  return result


def commands(root, outputs, headers, targets):
  """Yields one entry per source file of ours."""
  expression = 'mnemonic(CppCompile, {})'.format(' + '.join(targets))
  actions = json.loads(
      bazel(root, 'aquery', '--output=jsonproto', '--ui_event_filters=-info',
            '--noshow_progress', expression))['actions']
  seen = set()
  for action in actions:
    arguments = cleaned(action['arguments'], outputs)
    source = arguments[arguments.index('-c') + 1]
    if source in seen or not os.path.isfile(os.path.join(root, source)):
      continue
    seen.add(source)
    # -I, not -isystem: warnings in our own headers are wanted.
    yield {
        'directory': root,
        'file': source,
        'arguments': arguments[:1] + ['-I' + headers] + arguments[1:],
    }


def main(argv):
  root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
  outputs = bazel(root, 'info', 'output_base').strip()
  headers = os.path.join(outputs, 'planish_headers')
  link = os.path.join(headers, 'planish')
  os.makedirs(headers, exist_ok=True)
  if not os.path.islink(link):
    os.symlink(root, link)
  entries = sorted(
      commands(root, outputs, headers, argv[1:] or ['//...']),
      key=lambda entry: entry['file'])
  with open(os.path.join(root, 'compile_commands.json'), 'w',
            encoding='utf-8') as file:
    json.dump(entries, file, indent=1)
  print(f'compile_commands.json: {len(entries)} files')


if __name__ == '__main__':
  sys.exit(main(sys.argv))
