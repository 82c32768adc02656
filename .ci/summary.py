"""Counts what Bazel's build event files report, for .ci/run.

Usage: summary.py STATUS FILE...
STATUS is not 0 when one of the runs failed, whatever the files say.
The last line printed is "N passed, N failed"; exits 1 unless all is well.
"""

import json
import os
import sys

PASSED = {'PASSED', 'FLAKY'}


def read(path):
  """Yields the events of one run; a run that was cut off ends anywhere."""
  with open(path, encoding='utf-8') as file:
    for line in file:
      try:
        yield json.loads(line)
      except ValueError:
        return


def results(path):
  """What ran, by label: True when it passed. Also targets that failed."""
  tests = {}
  targets = {}
  for event in read(path):
    names = event.get('id', {})
    if 'targetConfigured' in names:
      # Known to be wanted from here on; failed until something says otherwise.
      if event.get('configured', {}).get('testSize'):
        tests.setdefault(names['targetConfigured']['label'], False)
    elif 'testSummary' in names:
      tests[names['testSummary']['label']] = (
          event.get('testSummary', {}).get('overallStatus') in PASSED)
    elif 'targetCompleted' in names:
      # What fails to build is failed even when it is no test.
      targets[names['targetCompleted']['label']] = (
          event.get('completed', {}).get('success', False))
  for label, built in targets.items():
    if not built and label not in tests:
      tests[label] = False
  return tests


def main(argv):
  passed = failed = 0
  for path in argv[2:]:
    for label, good in sorted(results(path).items()):
      if good:
        passed += 1
      else:
        failed += 1
        print(f'failed: {os.path.basename(path)}: {label}')
  if argv[1] != '0' and not failed:
    print('failed: a run, beside the tests: see its messages above')
    failed += 1
  if not passed:
    print('failed: nothing passed')
    failed = max(failed, 1)
  print(f'{passed} passed, {failed} failed')
  return 1 if failed else 0


if __name__ == '__main__':
  sys.exit(main(sys.argv))
