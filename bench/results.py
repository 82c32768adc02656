"""Reads the JSON that Google Benchmark writes, and packs it for keeping."""

import gzip
import json
import re


class Row:
  """One benchmark: a figure for each repetition."""

  def __init__(self):
    self.ns = []
    self.loads = []  # ns in L1 loads, measured around each repetition.
    self.l1_ns = []
    self.label = ''
    self.counters = {}  # Name -> a figure for each repetition.

  def least(self, counter):
    return min(self.counters.get(counter, [float('nan')]))

  def median(self, values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
      return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2


class Run:

  def __init__(self, context, rows):
    self.context = context
    self.rows = rows


_TO_NS = {'ns': 1, 'us': 1e3, 'ms': 1e6, 's': 1e9}
# What the library appends to a name to tell how it was run.
_SUFFIX = re.compile(r'/(iterations:\d+|repeats:\d+|manual_time|real_time)\b')
_NOT_COUNTERS = {
    'family_index', 'per_family_instance_index', 'repetitions',
    'repetition_index', 'threads', 'iterations', 'real_time', 'cpu_time'
}


def load(first, *more):
  """One run, or several of one binary, whose repetitions are put together."""
  runs = []
  for path in (first, *more):
    opened = gzip.open if path.endswith('.gz') else open
    with opened(path, 'rt', encoding='utf-8') as file:
      runs.append(json.load(file))
  rows = {}
  for item in (item for run in runs for item in run['benchmarks']):
    if item.get('run_type') == 'aggregate' or item.get('error_occurred'):
      continue
    row = rows.setdefault(_SUFFIX.sub('', item['name']), Row())
    row.ns.append(item['ns'] if 'ns' in item else item['real_time'] *
                  _TO_NS[item['time_unit']])
    if 'loads' in item:
      row.loads.append(item['loads'])
      row.l1_ns.append(item['l1_ns'])
    row.label = item.get('label', '')
    for key, value in item.items():
      if isinstance(value, (int, float)) and key not in _NOT_COUNTERS:
        row.counters.setdefault(key, []).append(value)
  return Run(runs[0]['context'], rows)


def save(run, path):
  """What load() keeps of a run, in the form that load() reads, packed."""
  kept = {'context': run.context, 'benchmarks': []}
  for name, row in run.rows.items():
    for i, ns in enumerate(row.ns):
      item = {'name': name, 'ns': round(ns, 3)}
      if row.label:
        item['label'] = row.label
      for key, values in row.counters.items():
        if i < len(values):
          item[key] = round(values[i], 3)
      kept['benchmarks'].append(item)
  # No name and no time in it: the same run packs to the same file.
  with open(path, 'wb') as file:
    with gzip.GzipFile('', 'wb', fileobj=file, mtime=0) as packed:
      packed.write(json.dumps(kept, separators=(',', ':')).encode())
