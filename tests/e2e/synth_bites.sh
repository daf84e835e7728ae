#!/bin/bash
# synth_bites.sh [OUT] - that the generated data set is hard in the right way, over three seeds: augmentation gains at least 3
# points over none, the average of three networks is above its best member, and a linear classifier on raw pixels stays
# below 50 %. Appends what came out to docs/results.md. About 20 minutes on 2 cores.
set -eu
cd "$(dirname "$0")/../.."
out=${1:-out/synth_bites}
epochs=30
rm -rf "$out"
mkdir -p "$out"
none='augment=[{resize_short: 36}, {center_crop: 32}, {normalize: {mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25]}}]'
rows=() failed=0
for seed in 1 2 3; do
    data="$out/data$seed"
    bin/nndata synth "$data" --train 2000 --test 3000 --seed "$seed"
    train() { # name, config, further arguments
        local name=$1 config=$2
        shift 2
        bin/nntrain "$config" --data "$data/train" --val "$data/test" --out "$out/$name" --set train.validate_every=15 "$@" | tail -n 2
        cp "$out/$name/last.safetensors" "$out/$name.safetensors"
    }
    percent() { jq "$1 * 100" "$2" | xargs printf %.1f; }
    top1() { bin/nneval --data "$data/test" --model "$out/$1.safetensors" --json "$out/$1.json" >/dev/null && percent .predictors[0].top1.value "$out/$1.json"; }
    train "linear$seed" configs/linear_raw.yaml --seed "$seed"
    train "none$seed" configs/demo.yaml --seed "$seed" --set "$none" --set train.epochs=$epochs
    models=()
    for member in 1 2 3; do
        train "net$seed$member" configs/demo.yaml --seed "$seed$member" --set train.epochs=$epochs
        models+=(--model "$out/net$seed$member.safetensors")
    done
    bin/nneval --data "$data/test" "${models[@]}" --json "$out/ensemble$seed.json"
    linear=$(top1 "linear$seed") none_top1=$(top1 "none$seed")
    mean=$(percent '([.predictors[:3][].top1.value] | add / length)' "$out/ensemble$seed.json")
    best=$(percent '([.predictors[:3][].top1.value] | max)' "$out/ensemble$seed.json")
    ensemble=$(percent .predictors[3].top1.value "$out/ensemble$seed.json")
    first=$(percent .predictors[0].top1.value "$out/ensemble$seed.json")
    rows+=("| $seed | $linear % | $none_top1 % | $first % | $mean % | $best % | $ensemble % |")
    awk -v l="$linear" -v n="$none_top1" -v f="$first" -v b="$best" -v e="$ensemble" \
        'BEGIN { exit !(l < 50 && f >= n + 3 && e > b) }' || { echo "seed $seed does not bite" >&2; failed=1; }
done
{
    echo
    echo "### Generated pictures, \`tests/e2e/synth_bites.sh\`, $(date +%F), version $(bin/nntrain --version | awk '{print $2}'), $epochs epochs"
    echo
    echo "| seed | linear on raw pixels | no augmentation | with | mean of 3 with | best of 3 | average of 3 |"
    echo "|---|---|---|---|---|---|---|"
    printf '%s\n' "${rows[@]}"
} >>docs/results.md
tail -n 7 docs/results.md
exit $failed
