#!/bin/bash
# run.sh BENCH_FOLDER BIN - every benchmark that needs no rival, on generated data (and on the photographs where
# TENFOLD_DATA is set). rivals/ holds those that do.
set -euo pipefail
cd "$(dirname "$0")/../.."
bench=$1 bin=$2
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
"$bin/nndata" synth "$out/data" --train 600 --test 10 --seed 1
"$bench/bench_render"
"$bench/bench_color"
"$bench/bench_stream" configs/demo.yaml "$out/data/train"
"$bench/bench_hub" configs/demo.yaml "$out/data/train" 1 2 data.batch=32
"$bench/bench_predict" configs/models/cifar_resnet20.yaml "$out/data/train" 10crop 16
if [ -n "${TENFOLD_DATA:-}" ]; then
    "$bench/bench_predict" configs/models/resnet50.yaml "$TENFOLD_DATA/photos" 10crop 8 3
    "$bench/bench_stream" configs/imagenet_resnet.yaml "$TENFOLD_DATA/photos"
    "$bin/nndata" pack "$TENFOLD_DATA/photos" "$out/packed"
    "$bench/bench_stream" configs/imagenet_resnet.yaml "$out/packed" 2 "$TENFOLD_DATA/photos"
    "$bench/bench_daemon" "$bin" configs/imagenet_resnet.yaml "$TENFOLD_DATA/photos"
    "$bench/bench_decode" configs/imagenet_resnet.yaml "$TENFOLD_DATA/photos"
fi
"$bench/bench_layers" configs/models/resnet18.yaml
"$bench/bench_winograd"
"$bench/bench_training" configs/models/cifar_resnet8.yaml 128 3
"$bench/bench_board" "$out/board" 200 2000
"$bench/bench_ops" - 500 375 0.1 -
