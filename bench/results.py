"""Reads the JSON that Google Benchmark writes."""

import json
import re


class Row:
  """One benchmark: a figure for each repetition."""

  def __init__(self):
    self.ns = []
    self.loads = []  # ns in L1 loads, measured around each repetition.
    self.l1_ns = []
    self.label = ''
    self.counters = {}

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
    with open(path, encoding='utf-8') as file:
      runs.append(json.load(file))
  rows = {}
  for item in (item for run in runs for item in run['benchmarks']):
    if item.get('run_type') == 'aggregate' or item.get('error_occurred'):
      continue
    row = rows.setdefault(_SUFFIX.sub('', item['name']), Row())
    row.ns.append(item.get('ns', item['real_time'] * _TO_NS[item['time_unit']]))
    if 'loads' in item:
      row.loads.append(item['loads'])
      row.l1_ns.append(item['l1_ns'])
    row.label = item.get('label', '')
    for key, value in item.items():
      if isinstance(value, (int, float)) and key not in _NOT_COUNTERS:
        row.counters[key] = value
  return Run(runs[0]['context'], rows)
