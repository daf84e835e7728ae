#!/bin/bash
# augmentation_table.sh [OUT] - what augmentation buys: configs/cifar10_small.yaml on the 5,085 losslessly kept CIFAR-10 training
# images below TENFOLD_DATA, with nothing, then one augmentation more a row, three seeds each, all with the same number of
# epochs; tested on the 1,017 test images of that kind. Appends the table to docs/results.md: mean and standard error of the
# mean over the seeds. Finished runs in OUT are not repeated. About a quarter of an hour on 2 cores.
set -eu
cd "$(dirname "$0")/../.."
: "${TENFOLD_DATA:?must name the folder of the real data}"
out=${1:-out/augmentation_table}
threads=${THREADS:-0}
bin=${TENFOLD_BIN:-bin}
shards=$TENFOLD_DATA/cifar10/shards
normalize='{normalize: {mean: [0.4914, 0.4822, 0.4465], std: [0.2470, 0.2435, 0.2616]}}'
geometry='hflip, {random_crop: {size: 32, padding: 4, padding_mode: reflect}}'
color='{color_jitter: {brightness: 0.3, contrast: 0.3, saturation: 0.3}}'
cutout='{cutout: {size: 8, fill: [125.3, 123.0, 113.9]}}'
names=(none "flips and crops" "+ color" "+ cutout" "+ mixup")
augment=("[{center_crop: {size: 32}}, $normalize]" "[$geometry, $normalize]" "[$geometry, $color, $normalize]" "[$geometry, $color, $cutout, $normalize]"
    "[$geometry, $color, $cutout, $normalize]")
mix=('[]' '[]' '[]' '[]' '[mixup: {alpha: 0.2}]')
mkdir -p "$out"
{
    echo
    echo "### CIFAR-10, 5,085 clean images, \`tests/e2e/augmentation_table.sh\`, $(date +%F), version $("$bin"/nntrain --version | awk '{print $2}')"
    echo
    echo "| augmentation | seed 1 | seed 2 | seed 3 | mean | standard error | training, mean |"
    echo "|---|---|---|---|---|---|---|"
} >"$out/block.md"
for row in "${!names[@]}"; do
    for seed in 1 2 3; do
        run=$out/$row.$seed
        [ "$(wc -l <"$run/summary.csv" 2>/dev/null)" = 21 ] || "$bin"/nntrain configs/cifar10_small.yaml --seed "$seed" --threads "$threads" --out "$run" \
            --overwrite --data "$shards/cifar10-lossless-train-{0000..0004}.tar" --val "$shards/cifar10-lossless-test-0000.tar" \
            --set "augment=${augment[row]}" --set "mix=${mix[row]}"
    done
    for seed in 1 2 3; do tail -n 1 "$out/$row.$seed/summary.csv"; done |
        awk -F, -v name="${names[row]}" -v columns="$(head -n 1 "$out/$row.1/summary.csv")" '
            BEGIN { n = split(columns, c, ","); for (i = 1; i <= n; i++) at[c[i]] = i }
            { x[NR] = $at["eval_top1"]; sum += x[NR]; train += $at["train_top1"] }
            END {
                m = sum / NR
                for (i = 1; i <= NR; i++) { s += (x[i] - m) ^ 2; row = row sprintf("%.1f %% | ", x[i]) }
                printf "| %s | %s%.1f %% | %.1f | %.1f %% |\n", name, row, m, sqrt(s / (NR - 1) / NR), train / NR
            }' >>"$out/block.md"
done
cat "$out/block.md"
cat "$out/block.md" >>docs/results.md
