#!/usr/bin/env bash
# Holds the paths of probes.cc to what they promise: no instruction with a lock
# prefix, no exchange with memory (which locks by itself), no fence; and calls
# only of functions that are off the fast path, or rare forms' own. x86-64 only.
#
# Usage: fast_path_test.sh ARCHIVE
set -euo pipefail

if [[ $(uname -m) != x86_64 ]]; then
  echo "skipped: instructions of $(uname -m) are not known here"
  exit 0
fi

# probe | what it may call
probes=$(cat <<'END'
probe_guard           | FindThisThread FullFence
probe_guard_of_reader | FullFence
probe_guard_lookup    | FindThisThread FullFence internal::Find
probe_space_lookup    | FindThisThread FullFence internal::Find
probe_load            | FullFence internal::Find LoadElsewhere
probe_quiesce         | FullFence FailOnStack
probe_pin             | FindFree DropShare UnhookPin
END
)

# locks CODE: its forbidden instructions.
locks() {
  grep -E '\s(lock|xchg\s.*\(|[lms]fence)' <<<"$1" || true
}

code=$(objdump -d -r -C --no-show-raw-insn "$1")
failed=0
while IFS='|' read -r probe calls; do
  probe=${probe// /}
  # The function, and what the compiler moved out of its way.
  body=$(awk -v name="$probe" '
    /^[0-9a-f]+ <.*>:$/ { inside = $2 ~ "^<" name "(\\.cold)?>:$" }
    inside' <<<"$code")
  count=$(grep -cE '^\s+[0-9a-f]+:\s+[a-z]' <<<"$body") || true
  if ((count < 3)); then
    echo "$probe: not found in $1"
    failed=1
    continue
  fi
  bad=$(locks "$body")
  if [[ -n $bad ]]; then
    printf '%s: has\n%s\n' "$probe" "$bad"
    failed=1
  fi
  # With relocations, a call's target is on the line below.
  called=$(grep -E '\s(call|jmp)' -A1 <<<"$body" | grep R_X86_64_PLT32 || true)
  for name in $calls; do called=$(grep -v "$name" <<<"$called" || true); done
  if [[ -n $called ]]; then
    printf '%s: calls\n%s\n' "$probe" "$called"
    failed=1
  fi
  echo "$probe: $count instructions"
done <<<"$probes"

# Would it notice? The fence that guards call where membarrier(2) is missing.
if [[ -z $(locks "$(awk '/^[0-9a-f]+ <.*FullFence.*>:$/ { inside = 1; print; next }
                         /^[0-9a-f]+ <.*>:$/ { inside = 0 } inside' \
  <<<"$code")") ]]; then
  echo 'no lock found in FullFence(), where there is one'
  failed=1
fi
exit $failed
