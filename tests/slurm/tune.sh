#!/bin/bash
# tune.sh BIN - configs/slurm/nntune-array.sbatch on a real Slurm (packages slurm-wlm, munge; a throw-away cluster of three
# nodes on this machine): workers of one sweep, of which one is killed in the middle of a trial and another is told that its
# time is up, find what one process alone finds; no trial is lost and none is recorded twice.
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
        echo "tune.sh: failed; the logs:" >&2
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
        [ "$SECONDS" -lt "$end" ] || { echo "tune.sh: waited in vain for: $*" >&2; return 1; }
        sleep 0.1
    done
}

cd "$work"
nndata synth data --train 200 --test 100 >synth.log 2>&1
trials=5
sweep=("$root/configs/demo.yaml" coarse --data "$work/data/train" --val "$work/data/test" --set "tune.coarse_trials=$trials"
    --set tune.coarse_epochs=12 --set train.checkpoint_every=0.5 --set 'tune.space={train.lr: {log_uniform: [1e-3, 0.3]}}')
nntune "${sweep[@]}" --threads 1 --out one >one.log 2>&1

"$root/tests/slurm/slurm-up" >/dev/null
array=$(sbatch --parsable --array=1-3 --cpus-per-task=1 "$root/configs/slurm/nntune-array.sbatch" "${sweep[@]}" --out shared)
say "array $array submitted"

# The process that is in the middle of trial $1; nothing where there is none.
worker_of() {
    local folder claim
    folder=$(printf 'shared/trials/%04d' "$1")
    [ -e "$folder/summary.csv" ] && [ ! -e "$folder/result.json" ] || return 0
    claim=$(find "$folder" -name 'claim.*' | sort -t. -k2n | tail -n 1)
    [ -z "$claim" ] || grep -o '"pid": [0-9]*' "$claim" | grep -o '[0-9]*'
}
# Sets `trial` and `pid`: a worker in the middle of a trial other than $1.
find_worker() {
    for ((trial = 0; trial < trials; trial++)); do
        [ "$trial" != "$1" ] || continue
        pid=$(worker_of "$trial")
        [ -z "$pid" ] || return 0
    done
    return 1
}
until_true 120 find_worker none
kill -9 "$pid"
killed=$trial
say "the worker of trial $killed was killed"
until_true 120 find_worker "$killed"
task=$(tr '\0' '\n' <"/proc/$pid/environ" | sed -n 's/^SLURM_ARRAY_TASK_ID=//p')
timeout 5 scancel --signal=USR1 --batch "${array}_$task" || true
say "task $task, at trial $trial, was told that its time is up"
until_true 600 sh -c "[ -z \"\$(squeue -h -j $array 2>/dev/null)\" ]"

restarts=$(scontrol show job "${array}_$task" | grep -o 'Restarts=[0-9]*' | head -n 1)
[ "${restarts#*=}" -ge 1 ] || { echo "tune.sh: task $task was not restarted" >&2; exit 1; }
[ -e "$(printf 'shared/trials/%04d/claim.1' "$killed")" ] || { echo "tune.sh: nobody went on with trial $killed" >&2; exit 1; }
results() { grep -h -E '"(trial|state|best_top1|loss|train_loss|epochs)"' "$1"/trials/*/result.json; }
[ "$(results shared | grep -c '"trial"')" = "$trials" ]
[ "$(results shared)" = "$(results one)" ]
# What the workers have told of finished trials: none is there twice.
[ -z "$(grep -h -o 'coarse 1: trial [0-9]*' nntune-"${array}"_*.log | sort | uniq -d)" ]
say "$trials results are those of one process; trial $killed was taken over, task $task was requeued"
