#!/usr/bin/env bash
# Checks the models exhaustively with spin, and that each twin, a model with one
# known mistake, fails. Needs spin and a C compiler (tools/setup).
set -euo pipefail

models=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d "${TEST_TMPDIR:-/tmp}/models.XXXXXX")
trap 'rm -rf -- "$work"' EXIT
cd "$work"
failed=0

# check MODEL EXPECTED [NAME...]: EXPECTED is holds or fails; NAMEs are defined.
check() {
  local model=$1 expected=$2 found=holds states
  shift 2
  cp "$models"/*.pml .
  rm -f ./*.trail
  spin -a "${@/#/-D}" "$model.pml" >spin.log || { cat spin.log; exit 1; }
  # COLLAPSE keeps states exactly, in less memory.
  "${CC:-gcc}" -O2 -DCOLLAPSE -DSAFETY -DMEMLIM=4096 -DVECTORSZ=4096 \
    -o pan pan.c 2>gcc.log || { cat gcc.log; exit 1; }
  ./pan -m1000000 >pan.log
  if grep -q 'assertion violated' pan.log; then
    found=fails
  elif ! grep -q 'errors: 0' pan.log; then
    found=stuck  # Some thread can't go on.
  elif grep -qE 'max search depth|out of memory|aborted' pan.log; then
    found='is cut short'  # And so proves nothing.
  fi
  states=$(awk '/states, stored/ {print $1; exit}' pan.log)
  printf '%-8s %-26s %-6s %10s states\n' "$model" "${*:-as it is}" "$found" \
    "$states"
  if [[ $found != "$expected" ]]; then
    echo "  expected: $expected"
    cat pan.log
    failed=1
  fi
}

check guard holds
check guard holds QUIESCENT
check guard fails NO_BARRIER
check guard fails QUIESCENT NO_BARRIER
check guard fails RELAXED_EPOCH
check guard fails EARLY_EPOCH
check guard fails INNER_LEAVES
check guard fails QUIESCENT IGNORES_QUIESCE
check pin holds
check pin fails NO_BARRIER
check pin fails COPY_PIN
check pin fails PIN_AFTER_GUARD
check pin fails UNCOUNTED_SPLIT
check pin fails SCAN_BEFORE_GRACE
check pin fails FINALIZE_BEFORE_DELIVERY
exit $failed
