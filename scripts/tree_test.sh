#!/usr/bin/env bash
# Runs a script of the source tree that this test was built from.
set -euo pipefail
tree=$(dirname -- "$(readlink -f "$TEST_SRCDIR/$TEST_WORKSPACE/WORKSPACE")")
cd -- "$tree"
exec python3 -B -W error "$1"
