#!/bin/bash
# cifar10_quick.sh [OUT] - train configs/cifar10_quick.yaml on the 50,000 CIFAR-10 images (JPEG shards below TENFOLD_DATA)
# with three seeds, average the three networks with nneval, and append what came out to docs/results.md. Fails when a network
# stays below 75 % or takes over 20 minutes, or when the ensemble does not beat its best member. About 40 minutes on 2 cores.
set -eu
cd "$(dirname "$0")/../.."
: "${TENFOLD_DATA:?must name the folder of the real data}"
out=${1:-out/cifar10_quick}
shards=$TENFOLD_DATA/cifar10/shards
val="$shards/cifar10-jpeg75-test-{0000..0001}.tar"
models=()
rows=
for seed in 1 2 3; do
    start=$(date +%s)
    bin/nntrain configs/cifar10_quick.yaml --data "$shards/cifar10-jpeg75-train-{0000..0009}.tar" --val "$val" \
        --out "$out/seed$seed" --seed "$seed" --overwrite
    seconds=$(($(date +%s) - start))
    [ "$seconds" -le 1200 ] || { echo "seed $seed took $seconds s, more than 1200" >&2; exit 1; }
    models+=(--model "$out/seed$seed/last.safetensors")
    rows="$rows $seconds"
done
bin/nneval --data "$val" "${models[@]}" --json "$out/1crop.json"
bin/nneval --data "$val" "${models[@]}" --views hflip --json "$out/hflip.json"
jq -e '[.predictors[:3][].top1.value] | min >= 0.75' "$out/1crop.json" >/dev/null || { echo "a network is below 75 %" >&2; exit 1; }
jq -e '.predictors[3].correct > ([.predictors[:3][].correct] | max)' "$out/1crop.json" >/dev/null ||
    { echo "the ensemble does not beat its best member" >&2; exit 1; }
percent() { jq "100 * $2" "$1" | xargs printf %.2f; }
{
    echo
    echo "### CIFAR-10 (JPEG quality 75), \`tests/e2e/cifar10_quick.sh\`, $(date +%F), version $(bin/nntrain --version | awk '{print $2}'), $(nproc) cores"
    echo
    echo "| network | seconds | top-1, 1crop | top-1, hflip |"
    echo "|---|---|---|---|"
    i=0
    for seconds in $rows; do
        echo "| seed $((i + 1)) | $seconds | $(percent "$out/1crop.json" ".predictors[$i].top1.value") % | $(percent "$out/hflip.json" ".predictors[$i].top1.value") % |"
        i=$((i + 1))
    done
    echo "| probabilities of the three averaged | | $(percent "$out/1crop.json" .predictors[3].top1.value) % | $(percent "$out/hflip.json" .predictors[3].top1.value) % |"
} >>docs/results.md
tail -n 9 docs/results.md
