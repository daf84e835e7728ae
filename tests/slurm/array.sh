#!/bin/bash
# array.sh BIN - the job scripts of configs/slurm on a real Slurm (packages slurm-wlm, munge; a throw-away cluster of three
# nodes on this machine): an array of shards, of which one node is killed in the middle and another task is told that its
# time is up, gives the bytes of one process; and a shard that is lost later is found and submitted again.
# Called by `make test-peers`.
set -euo pipefail
bin=$(realpath "$1")
root=$(realpath "$(dirname "$0")/../..")
work=$(mktemp -d /tmp/tenfold-slurm-XXXXXX)
chmod 711 "$work" # munged wants its socket to be reachable
export PATH=$bin:$PATH OPENBLAS_CORETYPE=Haswell
export SLURM_SANDBOX=$work/cluster SLURM_SANDBOX_NODES=3 SLURM_SANDBOX_CPUS=1
export SLURM_CONF=$SLURM_SANDBOX/slurm.conf
finish() {
    local status=$?
    if [ "$status" -ne 0 ]; then
        echo "array.sh: failed; the logs:" >&2
        tail -n 20 "$work"/*.log "$SLURM_SANDBOX/log/slurmctld.log" >&2 || true
    fi
    "$root/tests/slurm/slurm-down" --delete "$SLURM_SANDBOX" 2>/dev/null || true
    rm -rf "$work"
    exit "$status"
}
trap finish EXIT
say() { echo "slurm: $*"; }
# until_true SECONDS COMMAND...
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || { echo "array.sh: waited in vain for: $*" >&2; return 1; }
        sleep 0.2
    done
}

# Two networks, barely trained: what they say does not matter, only that it is the same.
cd "$work"
nndata synth data --train 200 --test 480 >synth.log 2>&1
for seed in 1 2; do
    nntrain "$root/configs/demo.yaml" --data data/train --out "net$seed" --seed "$seed" --set train.epochs=1 \
        --set train.warmup=0 >"train$seed.log" 2>&1
done
predict=(--data "$work/data/test" --model "$work/net1/last.safetensors" --model "$work/net2/last.safetensors"
    --views 5x10 --keep-views float16)
nneval predict "${predict[@]}" --out one 2>/dev/null

"$root/tests/slurm/slurm-up" >/dev/null
array=$(sbatch --parsable --array=10-15 --cpus-per-task=1 "$root/configs/slurm/nneval-array.sbatch" "${predict[@]}" --out preds)
merge=$(sbatch --parsable --dependency=afterok:"$array" "$root/configs/slurm/nneval-merge.sbatch" preds)
say "array $array and merge $merge submitted"

# The processes of our jobs on a node, and those of Slurm that started them and would tell how they ended.
on_node() {
    local file pid
    for file in $(grep -lzx "SLURMD_NODENAME=$1" /proc/[0-9]*/environ 2>/dev/null); do
        grep -qzx "SLURM_CONF=$SLURM_CONF" "$file" 2>/dev/null || continue
        pid=${file#/proc/}
        echo "${pid%/environ}"
    done
}
steps_of() {
    local pid parent
    for pid; do
        parent=$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status" 2>/dev/null) || continue
        if grep -qsx slurmstepd "/proc/$parent/comm"; then echo "$parent"; fi
    done
}
task_on() { squeue -h -t R -w "$1" -j "$array" -o %K; }
part_grows() { # the checkpoint of the task holds at least one group
    local part
    part=$(printf 'preds/.shard-%04d-of-0006.part' $(($(task_on "$1") - 10)) 2>/dev/null) &&
        [ "$(stat -c %s "$part" 2>/dev/null || echo 0)" -gt 1000 ]
}

until_true 180 part_grows n2
lost=$(task_on n2)
mapfile -t tasks < <(on_node n2)
mapfile -t steps < <(steps_of "${tasks[@]}")
[ "${#steps[@]}" -ge 1 ] || { echo "array.sh: nothing runs on n2" >&2; exit 1; }
kill -9 "$(cat "$SLURM_SANDBOX/run/n2.pid")" "${steps[@]}"
kill -9 "${tasks[@]}" 2>/dev/null || true
say "node n2 was killed with task $lost"

until_true 180 part_grows n3
told=$(task_on n3)
# It goes on asking while the task is between two runs; whether it was heard is seen below.
timeout 5 scancel --signal=USR1 --batch "${array}_$told" || true
say "task $told was told that its time is up"

until_true 120 sh -c '[ -n "$(sinfo -h -n n2 -t down -o %n)" ]'
"$root/tests/slurm/slurm-up" >/dev/null
say "node n2 is mended"
until_true 600 sh -c "[ -z \"\$(squeue -h -j $array,$merge 2>/dev/null)\" ]"

for task in "$lost" "$told"; do
    restarts=$(scontrol show job "${array}_$task" | grep -o 'Restarts=[0-9]*' | head -n 1)
    [ "${restarts#*=}" -ge 1 ] || { echo "array.sh: task $task was not restarted" >&2; exit 1; }
done
grep -q "interrupted with .* groups of shard" "nneval-${array}_$told.log"
for net in net1-last net2-last; do
    cmp "one/$net.safetensors" "preds/$net.safetensors"
done
grep -q "ensemble of 2" "nneval-merge-$merge.log"
say "the merged files are those of one process; task $lost had its node killed, task $told was requeued"

# A file is lost, and found to be: the same array, of one task.
rm preds/net1-last.safetensors preds/net2-last.safetensors preds/net2-last.shard-0003-of-0006.safetensors
missing=$(nneval missing preds)
[ "$missing" = 13 ] || { echo "array.sh: missing says '$missing' for 13" >&2; exit 1; }
sbatch --parsable --wait --array="$missing" --cpus-per-task=1 "$root/configs/slurm/nneval-array.sbatch" "${predict[@]}" --out preds >/dev/null
nneval merge preds >/dev/null
cmp one/net2-last.safetensors preds/net2-last.safetensors
say "task 13, submitted again alone, made it whole"
