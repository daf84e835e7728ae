#!/bin/bash
# cifar10_seeds.sh CONFIG OUT LEAST [SEED...] - train CONFIG on the 50,000 CIFAR-10 images (JPEG shards below TENFOLD_DATA) with
# each seed (1 2 3), evaluate the last weights (averaged ones where the config averages) by nneval, plain and with the views VIEWS
# (hflip), and append to docs/results.md what came out: accuracy, seconds by the clock and of the processor. A run that was
# stopped goes on. Fails when the mean accuracy with the views is below LEAST percent.
#   tests/e2e/cifar10_seeds.sh configs/cifar10_resnet20_12ep.yaml out/resnet20_12ep 84.7
set -eu
[ $# -ge 3 ] || { sed -n '2,6s/^# //p' "$0"; exit 2; }
cd "$(dirname "$0")/../.."
: "${TENFOLD_DATA:?must name the folder of the real data}"
config=$1 out=$2 least=$3
shift 3
[ $# -gt 0 ] || set -- 1 2 3
bin=${TENFOLD_BIN:-bin}
views=${VIEWS:-hflip}
shards=$TENFOLD_DATA/cifar10/shards
val="$shards/cifar10-jpeg75-test-{0000..0001}.tar"
mkdir -p "$out"
TIMEFORMAT='%R %U %S'
models=()
for seed; do
    run=$out/seed$seed
    status=0
    # Each attempt adds its seconds: by the clock, user, system.
    { time "$bin"/nntrain "$config" --data "$shards/cifar10-jpeg75-train-{0000..0009}.tar" --val "$val" --out "$run" --seed "$seed" \
        --resume 1>&3 2>&4; } 3>&1 4>&2 2>>"$run.seconds" || status=$?
    [ $status = 0 ] || exit $status
    weights=$run/last.safetensors
    [ ! -e "$run/ema.safetensors" ] || weights=$run/ema.safetensors
    models+=(--model "$weights")
done
"$bin"/nneval --data "$val" "${models[@]}" --json "$out/1crop.json"
"$bin"/nneval --data "$val" "${models[@]}" --views "$views" --json "$out/views.json"
percent() { jq -r "100 * $2 | . * 100 | round / 100" "$1" | xargs printf %.2f; }
row() { echo "| $1 | $(percent "$out/1crop.json" "$2") % | $(percent "$out/views.json" "$2") % |"; }
mean="([.predictors[:$#][].top1.value] | add / $#)"
{
    echo
    echo "### CIFAR-10 (JPEG quality 75), \`tests/e2e/cifar10_seeds.sh $config\`, $(date +%F), version $("$bin"/nntrain --version | awk '{print $2}'), $(nproc) cores"
    echo
    echo "| network | seconds | seconds of the processor | top-1 | top-1, views $views |"
    echo "|---|---|---|---|---|"
    i=0
    for seed; do
        row "seed $seed | $(awk '{ t += $1 } END { printf "%.0f | ", t }' "$out/seed$seed.seconds")$(
            awk '{ t += $2 + $3 } END { printf "%.0f", t }' "$out/seed$seed.seconds")" ".predictors[$i].top1.value"
        i=$((i + 1))
    done
    [ $# = 1 ] || row "mean | | " "$mean"
    [ $# = 1 ] || row "probabilities of the $# averaged | | " ".predictors[$#].top1.value"
} >"$out/block.md"
cat "$out/block.md"
cat "$out/block.md" >>docs/results.md
jq -e "100 * $mean >= $least" "$out/views.json" >/dev/null || { echo "the mean with the views is below $least %" >&2; exit 1; }
