#!/bin/bash
# run.sh [-j N] PROGRAM ... - run test programs, N at a time (default: the CPUs this process may use); a line for each with
# its time, the whole output of those that fail, and the counts last. Fails if one fails or there is none.
set -u
jobs=$(nproc)
if [ "${1:-}" = -j ]; then jobs=$2; shift 2; fi
[ $# -gt 0 ] || { echo "run.sh: no test program was given" >&2; exit 1; }

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
one() {
    local name start end
    name=$(basename "$1")
    start=$(date +%s.%N)
    if "$1" >"$logs/$name.log" 2>&1 </dev/null; then echo ok >"$logs/$name.result"; else echo "failed ($?)" >"$logs/$name.result"; fi
    end=$(date +%s.%N)
    printf '%-28s %-12s %6.1f s\n' "$name" "$(cat "$logs/$name.result")" "$(echo "$end $start" | awk '{print $1 - $2}')"
}
running=0
for program in "$@"; do
    if [ "$running" -ge "$jobs" ]; then wait -n; running=$((running - 1)); fi
    one "$program" &
    running=$((running + 1))
done
wait

failed=0
for program in "$@"; do
    name=$(basename "$program")
    [ "$(cat "$logs/$name.result" 2>/dev/null)" = ok ] && continue
    failed=$((failed + 1))
    printf '\n--- %s\n' "$name"
    tail -n 200 "$logs/$name.log"
done
echo "$(($# - failed)) passed, $failed failed"
[ "$failed" -eq 0 ]
