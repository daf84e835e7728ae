#!/bin/bash
# demo.sh - the main job on generated pictures: data, a contact sheet, three networks that differ in their seed, each and all
# averaged, without and with test-time views. Writes below out/demo, which it empties first. Called by `make demo`.
set -eu
cd "$(dirname "$0")/.."
out=out/demo
start=$(date +%s)
rm -rf "$out"
mkdir -p "$out"

echo "== 4,000 generated pictures of ten classes"
bin/nndata synth "$out/data" --train 2000 --test 2000
echo
echo "== What training will see"
bin/nndata show configs/demo.yaml --data "$out/data/train" --out "$out/contact_sheet.png" --seed 3
bin/nndata show configs/demo.yaml --data "$out/data/train" --out "$out/contact_sheet_plans.png" --seed 3 --plan --versions 5
models=()
for seed in 1 2 3; do
    echo
    echo "== Network $seed of 3"
    bin/nntrain configs/demo.yaml --data "$out/data/train" --val "$out/data/test" --out "$out/net$seed" --seed "$seed"
    cp "$out/net$seed/last.safetensors" "$out/net$seed.safetensors"
    models+=(--model "$out/net$seed.safetensors")
done
echo
echo "== The three and their average, one view an image"
bin/nneval --data "$out/data/test" "${models[@]}" --json "$out/1crop.json"
echo
echo "== The same with each image and its mirror"
bin/nneval --data "$out/data/test" "${models[@]}" --views hflip --json "$out/hflip.json"
echo
echo "Pictures: $out/contact_sheet.png, $out/contact_sheet_plans.png"
echo "Numbers:  $out/1crop.json, $out/hflip.json; curves: $out/net1/summary.csv"
echo "$(($(date +%s) - start)) seconds in all"
