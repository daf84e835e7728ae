#!/bin/bash
# jpegtran.sh PHOTOS - nndata pack with one thread beside libjpeg-turbo's jpegtran, which rewrites the same files with restart
# markers and optimized tables, one after the other; it neither compares what it wrote nor makes shards. Processor time,
# interleaved, medians of five. Needs Debian's libjpeg-turbo-progs; TENFOLD_BIN names the programs' folder (default: bin).
set -euo pipefail
photos=$1
bin=${TENFOLD_BIN:-bin}
command -v jpegtran >/dev/null || { echo "jpegtran.sh: jpegtran is not installed: apt-get install libjpeg-turbo-progs" >&2; exit 1; }
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
mapfile -t files < <(find -L "$photos" -type f | sort)

TIMEFORMAT='%U %S'
seconds() {
    { time "$@" >"$out/log" 2>&1; } 2>&1 | awk '{printf "%.3f\n", $1 + $2}'
}
with_jpegtran() {
    for file in "${files[@]}"; do jpegtran -copy all -optimize -restart 8B -outfile "$out/one.jpg" "$file"; done
}
with_pack() {
    rm -rf "$out/packed"
    "$bin/nndata" pack "$photos" "$out/packed" --threads 1
}
for _ in 1 2 3 4 5; do
    seconds with_jpegtran >>"$out/jpegtran"
    seconds with_pack >>"$out/pack"
done
median() { sort -n "$1" | sed -n 3p; }
a=$(median "$out/jpegtran") b=$(median "$out/pack")
jpegtran -version 2>&1 | head -1
echo "${#files[@]} $a $b" | awk '{printf "jpegtran %.0f images/s, nndata pack %.0f images/s of processor time: %.2f\n", $1 / $2, $1 / $3, $2 / $3}'
