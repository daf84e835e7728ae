#!/bin/bash
# board.sh BIN - nnboard's page in headless Chromium: 1,000 runs of 10,000 points in one file of less than 30 MB; and the
# live page, which follows a run. Prints how long each takes (5 s to build, 3 s to be usable and 2 s to follow are meant, on
# a calm machine) and fails only where something hangs. No page may print anything on the browser's console (refused
# requests and errors of the script are printed there).
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=$(realpath "$1")
home=$(mktemp -d /tmp/tenfold-board.XXXXXX)
server=
finish() { [ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$home"; }
trap finish EXIT
fail() { echo "board.sh: $*" >&2; exit 1; }
headless=(--headless --no-sandbox --disable-gpu --user-data-dir="$home/profile" --enable-logging=stderr --window-size=1400,1000)
now() { date +%s%3N; }

# look ADDRESS [OPTION]: the page in $home/dom, as it is soon after it was loaded: looked at again where that is too soon
look() {
    for _ in 1 2 3 4 5; do
        chromium "${headless[@]}" --timeout=20000 "${@:2}" --dump-dom "$1" >"$home/dom" 2>"$home/console" ||
            fail "Chromium fails on $1"
        ! grep CONSOLE "$home/console" >&2 || fail "$1 prints on the console"
        ready=$(sed -n 's/.*<html[^>]* data-ready="\([0-9]*\)".*/\1/p' "$home/dom")
        [ -z "$ready" ] || return 0
    done
    fail "$1 does not become ready"
}

# The parts of the script that compute, in a page of their own.
{
    echo '<!DOCTYPE html><meta charset="utf-8"><body></body><script>'
    for part in dom format store filter color scale chart_limits; do cat "train/board/$part.js"; done
    cat tests/e2e/board_test.js
    echo '</script>'
} >"$home/script.html"
chromium "${headless[@]}" --dump-dom "file://$home/script.html" 2>"$home/console" | sed -n 's/.*<body>//p' >"$home/dom"
grep -q ' 0 failed' "$home/dom" || fail "the script: $(cat "$home/dom" "$home/console")"
echo "the script: $(cat "$home/dom")"

"$bin/nndata" synth "$home/data" --train 400 --test 100 --seed 1 >/dev/null
"$bin/nntrain" configs/demo.yaml --data "$home/data/train" --val "$home/data/test" --set train.epochs=2 --set train.log_every=1 \
    --out "$home/one" >/dev/null
"$bin/nnboard" "$home/one" --out "$home/one.html"
look "file://$home/one.html"
grep -q 'aria-label="loss: [2-9] curves' "$home/dom" || fail "the chosen run's loss is not drawn"
grep -q '<th scope="row">.*one' "$home/dom" || fail "the run is not in the table"
echo "1 run: ready after $ready ms"

# A name that would be a picture, and a link that would be a script, are text.
hostile="$home/names/<img src=x onerror=alert(1)>"
mkdir -p "$home/names"
cp -r "$home/one" "$hostile"
touch "$hostile/javascript:alert(1).html"
"$bin/nnboard" "$home/names" --out "$home/names.html" >/dev/null
look "file://$home/names.html"
grep -q '&lt;img src=x onerror=alert(1)&gt;' "$home/dom" || fail "the hostile name is not in the table"
! grep -q '<img' "$home/dom" || fail "a run's name has become markup"
! grep -q 'href="javascript' "$home/dom" || fail "a run's link has become a script"

tests/e2e/board_runs.py "$home/runs" "$home/one/config.json" 1000 10000
start=$(now)
"$bin/nnboard" "$home/runs" --out "$home/many.html"
built=$(($(now) - start))
look "file://$home/many.html"
size=$(stat -c %s "$home/many.html")
echo "1,000 runs of 10,000 points: built in $built ms, $size bytes, ready after $ready ms"
grep -q '1,000 runs: 1000 done' "$home/dom" || fail "not all runs are in the page"
[ "$size" -lt 30000000 ] || fail "the page has $size bytes"

# Live: what a training writes comes into the data.
: >"$home/live.out"
"$bin/nnboard" "$home/one" --live 0 >"$home/live.out" 2>&1 &
server=$!
for _ in $(seq 100); do grep -q http "$home/live.out" && break; sleep 0.1; done
address=$(sed -n 's|.*\(http://[0-9.:]*\).*|\1|p' "$home/live.out")
[ -n "$address" ] || fail "nnboard --live does not say where: $(cat "$home/live.out")"
look "$address/" --virtual-time-budget=3000 # on the browser's clock, which stands still while it waits for a reply
grep -q 'Live\.' "$home/dom" || fail "the live page does not say that it is"
last=$(tail -n 2 "$home/one/log.jsonl" | sed -n 's/.*"step":\([0-9]*\),"epoch".*/\1/p')
printf '{"step":%d,"epoch":3.0,"loss":77.5,"lr":0.1,"images_per_second":1}\n' $((last + 1)) >>"$home/one/log.jsonl"
start=$(now)
until curl -sf "$address/data.json" | grep -q '77\.5'; do
    [ $(($(now) - start)) -lt 30000 ] || fail "the live page does not follow"
    sleep 0.1
done
echo "live: a line of the log is in the data after $(($(now) - start)) ms"
kill "$server"
wait "$server" || true
server=
echo "100%: board"
