#!/bin/bash
# nntune_bad_config.sh [OUT [BUDGET]] - the seven steps from a config that is bad on purpose: ResNet-8 on the 5,085 lossless
# CIFAR-10 images below TENFOLD_DATA with a learning rate a hundred times too high and no weight decay. Fails unless overfit
# and lr find the rate at fault, the search ends at least 5 points above its first trial, and the page shows all steps.
# Appends what came out to docs/results.md. BIN: the programs (bin).
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${TENFOLD_DATA:?must name the folder of the real data}"
bin=${BIN:-bin}
out=${1:-out/nntune_bad_config}
budget=${2:-2h}
shards=$TENFOLD_DATA/cifar10/shards
mkdir -p "$out"
cat >"$out/bad.yaml" <<EOF
extends: $PWD/configs/cifar10_quick.yaml
model: $PWD/configs/models/cifar_resnet8.yaml
data: {batch: 64}
train: {lr: 20, weight_decay: 0}
tune: {overfit_passes: 60, coarse_trials: 8, coarse_epochs: 2, refine_trials: 3, refine_epochs: 10, rounds: 2}
EOF
start=$(date +%s)
"$bin/nntune" "$out/bad.yaml" --data "$shards/cifar10-lossless-train-{0000..0004}.tar" \
    --val "$shards/cifar10-lossless-test-0000.tar" --out "$out/sweep" --budget "$budget" | tee "$out/nntune.log"
seconds=$(($(date +%s) - start))
steps=$out/sweep/steps
jq -e '.verdict == "FAIL" and .fault == "rate"' "$steps/2-overfit.json" "$steps/3-lr.json" >/dev/null ||
    { echo "the learning rate was not found at fault" >&2; exit 1; }
first=$(jq .best_top1 "$out/sweep/trials/0000/result.json")
best=$(jq -s 'map(.best_top1) | max' "$out"/sweep/trials/*/result.json)
"$bin/nnboard" "$out/sweep" --out "$out/page.html"
jq -en "$best - $first >= 0.05" >/dev/null || { echo "$best is not 5 points more than the first trial's $first" >&2; exit 1; }
percent() { jq -n "100 * $1" | xargs printf %.2f; }
{
    echo
    echo "### From a bad config, \`tests/e2e/nntune_bad_config.sh\`, $(date +%F), version $("$bin/nntune" --version | awk '{print $2}'), $(nproc) cores"
    echo
    echo "5,085 lossless CIFAR-10 images for training, 1,017 for validation; ResNet-8, rate 20, no weight decay; $seconds s in all."
    echo
    echo "| step | verdict | what it says |"
    echo "|---|---|---|"
    for file in $(ls "$steps"/*.json | sort -V); do
        jq -r '"| \(.number) \(.step) | \(.verdict) | \(.reason)\(if .remedy == "" then "" else " -> " + .remedy end) |"' "$file"
    done
    echo
    echo "First coarse trial $(percent "$first") %, best $(percent "$best") %."
} >>docs/results.md
tail -n 16 docs/results.md
