#!/usr/bin/env bash
# The whole corpus through the binary: every dump set is checked against its
# golden text, from its table and from QEMU's pair; every update step is
# applied and checked; every trace is replayed.
#
#   corpus_process_test.sh PLANISH CORPUS_FOLDER
set -uo pipefail

planish=$1
corpus=$2
fails=0
checks=0
pairs=0
steps=0
replays=0

# expect WHAT COMMAND...: exit status 0 wanted.
expect() {
  local what=$1
  shift
  local output
  if ! output=$("$@" 2>&1); then
    echo "FAILED: $what"
    printf '%s\n' "$output" | head -n 20
    fails=$((fails + 1))
  fi
}

# The file, plain or gzip, if there is one.
find_file() {
  local path
  for path in "$1" "$1.gz"; do
    if [[ -f $path ]]; then
      echo "$path"
      return
    fi
  done
}

check_dump() {
  local dump=$1
  local graph flat tree pair
  graph=$(find_file "$dump/graph.tsv")
  flat=$(find_file "$dump/flat.txt")
  expect "check $dump" "$planish" check "$graph" "$flat"
  checks=$((checks + 1))
  tree=$(find_file "$dump/owner.txt")
  pair=$(find_file "$dump/flat-owner.txt")
  if [[ -n $tree && -n $pair ]]; then
    expect "check --tree $dump" \
      "$planish" check --tree "$tree" --flat "$pair" "$flat"
    pairs=$((pairs + 1))
  fi
}

# The delta's first line names the dump that it starts from: "traces/..." or a
# case.
check_step() {
  local dump=$1
  local delta from
  delta=$(find_file "$dump/delta.tsv")
  [[ -n $delta ]] || return
  from=$(gzip -cdf <"$delta" | sed -n '1s/^# from //p')
  [[ $from == */* ]] || from=cases/$from
  expect "apply $dump" "$planish" apply \
    "$(find_file "$corpus/$from/graph.tsv")" "$delta" \
    --check "$(find_file "$dump/flat.txt")"
  steps=$((steps + 1))
}

for dump in "$corpus"/cases/* "$corpus"/traces/*/dump-*; do
  check_dump "$dump"
  check_step "$dump"
done
for trace in "$corpus"/traces/*; do
  expect "replay $trace" "$planish" replay "$trace"
  replays=$((replays + 1))
done

echo "$checks tables, $pairs pairs, $steps steps, $replays traces;" \
  "$fails failed"
# An empty corpus proves nothing.
((checks > 300 && pairs > 300 && steps > 100 && replays == 8 && fails == 0))
