#!/usr/bin/env bash
# The real binary: exit codes, what goes to which stream, every command.
#
#   planish_process_test.sh PLANISH CORPUS_FOLDER MODULE_BAZEL
set -uo pipefail

planish=$(realpath "$1")
corpus=$(realpath "$2")
version=$(sed -n 's/^    version = "\(.*\)",$/\1/p' "$3" | head -n 1)
dump=$corpus/traces/linux-q35/dump-03
before=$corpus/traces/linux-q35/dump-00
work=$(mktemp -d "${TEST_TMPDIR:-/tmp}/planish.XXXXXX")
cd "$work" || exit 1
unset BUILD_WORKING_DIRECTORY
fails=0

fail() {
  echo "FAILED: $*"
  echo "--- stdout"
  head -n 20 "$work/out"
  echo "--- stderr"
  head -n 20 "$work/err"
  fails=$((fails + 1))
}

# run STATUS ARGS...: leaves the streams in out and err.
run() {
  local wanted=$1
  shift
  "$planish" "$@" >"$work/out" 2>"$work/err" </dev/null
  local status=$?
  ((status == wanted)) || fail "planish $*: exit $status, not $wanted"
}
# wants FILE PATTERN: the last run left it there.
wants() {
  grep -qE -- "$2" "$work/$1" || fail "no '$2' in $1"
}
empty() {
  [[ ! -s $work/$1 ]] || fail "$1 is not empty"
}

zcat "$dump/graph.tsv.gz" >graph.tsv
zcat "$dump/flat.txt.gz" >flat.txt
zcat "$corpus/traces/linux-q35/trace.tsv.gz" | head -n 2000 >trace.tsv
: >empty
printf 'no map\n' >malformed

# --- Help and usage.
run 0 --help
wants out 'Example:'
empty err
for command in demo flatten check lookup apply diff convert replay bench \
  generate; do
  run 0 "$command" --help
  wants out 'Example:'
  wants out "planish $command"
  empty err
done
run 0 --version
[[ $(<out) == "planish $version" ]] || fail "--version is not MODULE.bazel's"
empty err
run 2
empty out
wants err '^planish: see planish --help$'
run 2 nonsense
wants err '^planish: no such command: nonsense$'
run 2 flatten
run 2 flatten graph.tsv --nonsense
wants err '^planish: .*--nonsense$'
wants err '^planish: see planish flatten --help$'
run 2 flatten graph.tsv --format=xml
run 2 flatten graph.tsv --tree only-the-tree
wants err 'go together'
run 2 flatten graph.tsv --tree a --flat b
wants err 'exclude one another'

# --- Input that is missing, empty, malformed.
run 2 flatten missing.tsv
wants err 'missing.tsv'
empty out
run 2 flatten empty
run 2 flatten malformed
run 2 flatten .
run 2 check graph.tsv empty
run 2 check graph.tsv malformed
run 2 apply graph.tsv malformed
run 2 apply graph.tsv empty
wants err '^planish: empty:1:1: expected a step'
empty out
run 2 replay .
run 2 replay missing
run 2 replay --map graph.tsv
run 2 replay --map graph.tsv --trace empty
run 2 replay --trace trace.tsv
wants err '--map is missing'
head -c 1000 "$dump/graph.tsv.gz" >cut.gz
run 2 flatten cut.gz

# --- flatten, check.
run 0 flatten graph.tsv
wants out '^FlatView #0$'
wants out '^ AS "memory", root: system$'
empty err
cp out all
run 0 check graph.tsv all
run 0 check graph.tsv flat.txt
wants out 'equal'
run 0 check graph.tsv "$dump/flat.txt.gz"
run 0 check --tree "$dump/owner.txt.gz" --flat "$dump/flat-owner.txt.gz" \
  flat.txt
run 0 check --tree "$dump/owner.txt.gz" --flat "$dump/flat-owner.txt.gz" \
  "$dump/flat-owner.txt.gz"
run 0 flatten "$dump/graph.tsv.gz" --owners
wants out 'owner:\{dev path='
sed 's/prio 4096/prio 4095/' flat.txt >wrong.txt
run 1 check graph.tsv wrong.txt
wants out '^- .*prio 4095'
wants out '^\+ .*prio 4096'
run 1 check graph.tsv wrong.txt --format=json
wants out '"equal": false'
run 0 flatten graph.tsv --space I/O
wants out 'AS "I/O"'
! grep -q 'AS "memory"' out || fail "--space prints other views"
run 2 flatten graph.tsv --space nowhere
wants err 'cpu-smm-1'
run 2 flatten graph.tsv --space ''
run 0 flatten graph.tsv --format=json
wants out '"schema": 1'
"$planish" flatten - <graph.tsv >out 2>err || fail "stdin"
cmp -s out all || fail "stdin is read otherwise than the file"
for twice in 'diff - -' 'check - -' 'apply - -' 'flatten --tree - --flat -'; do
  # shellcheck disable=SC2086
  "$planish" $twice <graph.tsv >out 2>err
  (($? == 2)) || fail "$twice: not exit 2"
  wants err 'given twice'
done
gzip -c graph.tsv | "$planish" flatten - >out 2>err || fail "gzip on stdin"
cmp -s out all || fail "gzip on stdin is read otherwise than the file"
(cd / && BUILD_WORKING_DIRECTORY=$work "$planish" flatten graph.tsv) \
  >out 2>err || fail "BUILD_WORKING_DIRECTORY"
cmp -s out all || fail "BUILD_WORKING_DIRECTORY: another output"

# --- lookup.
run 0 lookup "$dump/graph.tsv.gz" --space memory 0xc1234 0xfee00000 2147483648
wants out 'pc.ram'
wants out 'priority 1 of pam-rom beats -1 of pci'
wants out 'owner:\{obj path=/objects/pc.ram\}'
wants out 'a hole'
wants out 'empty system / pci'
run 0 lookup graph.tsv --space I/O 0x70 --format json
wants out '"reason": "fills-gaps"'
run 0 lookup --tree "$dump/owner.txt.gz" --flat "$dump/flat-owner.txt.gz" \
  --space memory 1M
wants out 'pc.ram \+ 0x100000'
run 2 lookup graph.tsv --space memory
run 2 lookup graph.tsv --space memory fee00000
run 2 lookup graph.tsv --space memory 0x10000000000000000
run 2 lookup graph.tsv 0x70
wants err 'cpu-memory-1'
iommu=$corpus/traces/linux-q35-vtd/dump-00/graph.tsv.gz
run 2 lookup "$iommu" --space vtd-root 0
wants err 'vtd-root#8'
run 0 lookup "$iommu" --space vtd-root#8 0
run 2 lookup "$iommu" --space vtd-root#9 0

# The larger of two spaces of one name, and a map without any.
printf 'ram r 0 +4K\nspace a = r\n' >twins.map
printf 'container c\n  ram s 0 +4K\n  mmio t 8K +4K\nspace a = c\n' >>twins.map
run 0 bench twins.map --repetitions 1
wants out 'space a#2: 2 ranges'
run 0 lookup twins.map --space a#1 0 --format=json
wants out '"space": "a#1"'
printf 'ram r 0 +4K\n' >spaceless.map
run 0 flatten spaceless.map
wants err 'space NAME = ROOT'
empty out
run 2 lookup spaceless.map 0
run 2 bench spaceless.map

# A space without a name has a number all the same.
printf 'ram r 0 +4K\nspace a = r\nspace "" = r\n' >nameless.map
run 2 lookup nameless.map 0
wants err '^  #1$'
run 0 lookup nameless.map --space '#1' 0

# --- What a pair leaves open is said, by each command, and not on stdout.
range() {
  printf '%s%016x-%016x (prio 0, %s): %s\n' "$1" "$2" "$3" "$4" "$5"
}
{
  printf 'address-space: memory\n'
  range '  ' 0 0xffff i/o system
  range '    ' 0x2000 0x2fff ram ram
  range '    ' 0x3000 0x3fff i/o 'dev [disabled]'
  echo
} >open-tree.txt
{
  printf 'FlatView #0\n AS "memory", root: system\n'
  printf ' Root memory region: system\n'
  range '  ' 0x2000 0x2fff ram ram
  echo
} >open-flat.txt
open_pair=(--tree open-tree.txt --flat open-flat.txt)
for command in flatten 'lookup 0' 'convert --to=map' 'check open-flat.txt' \
  'flatten --format=json'; do
  # shellcheck disable=SC2086
  run 0 $command "${open_pair[@]}"
  wants err '^planish: undecided: open-tree.txt:4: system/dev: .*taken as'
  ! grep -q undecided out || fail "$command: undecided on stdout"
done

# --- apply, diff.
step=$corpus/traces/linux-q35/dump-01
run 0 apply "$before/graph.tsv.gz" "$step/delta.tsv.gz"
wants out '^FlatView #0$'
run 0 apply "$before/graph.tsv.gz" "$step/delta.tsv.gz" \
  --check "$step/flat.txt.gz"
run 1 apply "$before/graph.tsv.gz" "$step/delta.tsv.gz" \
  --check "$before/flat.txt.gz"
run 0 apply "$before/graph.tsv.gz" "$step/delta.tsv.gz" --stats
wants out '^rendered *[1-9][0-9]* intervals: '
wants out '^changed  *memory: [0-9]* ranges gone, [1-9]'
run 2 apply "$before/graph.tsv.gz"
# A pair has the ids of the table that it converts to.
pair=(--tree "$dump/owner.txt.gz" --flat "$dump/flat-owner.txt.gz")
run 0 convert "${pair[@]}" --to=table
cp out pair.tsv
id=$(awk -F'\t' '$1 == "R" && $4 == "apic-msi" { print $2 }' pair.tsv)
printf '# from pair\nenabled\t%s\t0\n' "$id" >step.tsv
run 0 apply pair.tsv step.tsv
cp out applied
! grep -q 'apic-msi$' applied || fail "the step hides nothing"
run 0 apply "${pair[@]}" step.tsv --check applied
wants err 'a pair has no ids'
run 1 diff "$before/graph.tsv.gz" graph.tsv
wants out '^[-+] '
run 0 diff graph.tsv graph.tsv
pair2=(--tree2 "$dump/owner.txt.gz" --flat2 "$dump/flat-owner.txt.gz")
run 0 diff "${pair[@]}" graph.tsv
run 0 diff graph.tsv "${pair2[@]}"
run 0 diff "${pair[@]}" "${pair2[@]}"
run 1 diff "$before/graph.tsv.gz" "${pair2[@]}" --format=json
wants out '"equal": false'
run 2 diff graph.tsv
run 2 diff graph.tsv graph.tsv "${pair[@]}"

# --- convert, generate.
run 0 convert graph.tsv --to=table
cmp -s out graph.tsv || fail "convert --to=table changes a table"
run 0 convert graph.tsv --to=map
cp out machine.map
run 0 check machine.map flat.txt
run 2 convert graph.tsv
run 2 convert graph.tsv --to=picture
run 0 generate --kind spread --n 100 --seed 7
cp out spread.map
run 0 generate --kind spread --n 100 --seed 7
cmp -s out spread.map || fail "generate is not the same twice"
run 0 flatten spread.map
[[ $(grep -c '(prio ' out) == 100 ]] || fail "generate --n 100: other number"
run 0 generate --kind dense --n 100 --seed 7 --to=table
run 2 generate --kind round --n 100
run 2 generate --kind spread --n 0
run 2 generate --kind spread --n many
run 2 generate --kind spread --n 3 --seed -1
run 2 replay --map graph.tsv --trace trace.tsv --show -1
wants err 'must not be negative'

# --- replay.
mkdir -p case/dump-00 case/dump-01
cp trace.tsv case
zcat "$before/graph.tsv.gz" >case/dump-00/graph.tsv
cp "$step/graph.tsv.gz" case/dump-01
run 0 replay case
wants out '1999 accesses, 0 mismatches'
run 0 replay case --format=json
wants out '"mismatches": 0'
rm case/dump-01/graph.tsv.gz
cp "$step/owner.txt.gz" "$step/flat-owner.txt.gz" case/dump-01
run 0 replay case
run 0 replay --map "$step/graph.tsv.gz" --trace trace.tsv
sed '100s/\t[^\t]*\t\([MI]\)\t/\tno-such-region\t\1\t/' trace.tsv \
  >case/trace.tsv
run 1 replay case
wants out '^mismatch: .*no-such-region'
wants out ', 1 mismatch,'
cp trace.tsv case
mv case/dump-01 case/dump-02
run 1 replay case
wants err ': dump-01 is missing'
[[ $(wc -l <err) == 1 ]] || fail "a missing dump is said more than once"
rm -r case/dump-00
run 2 replay case
wants err 'phase 0 has neither dump-01 nor dump-00'
run 0 generate --kind spread --n 10 --seed 1
cp out lonely.map
run 1 replay --map lonely.map --trace trace.tsv
wants err "no space named 'I/O'"

# --- bench, demo.
run 0 bench graph.tsv --repetitions 2 --trace trace.tsv
for pattern in same uniform zipf streams trace; do wants out "^$pattern "; done
run 0 bench graph.tsv --repetitions 1 --space memory --format=json
wants out '"std_map"'
run 2 bench graph.tsv --pin -1
run 2 bench graph.tsv --pin 100000
run 2 bench graph.tsv --pin first
run 2 bench graph.tsv --repetitions 0
run 2 bench graph.tsv --space ICH9-SMB
wants err 'shows nothing'
run 0 demo
wants out 'apic-msi'
wants out 'std::map'
(($(wc -L <out) <= 100)) || fail "demo is wider than 100 columns"
! grep -qP '[^\x00-\x7F]|\x1b' out || fail "demo paints without a terminal"
run 0 demo --format=json
wants out '"lookups"'

((fails == 0)) && echo "all passed"
((fails == 0))
