#!/bin/bash
# index_million.sh BIN BENCH_FOLDER SCRATCH - scan a tree like ImageNet's (1,281,167 files in 1,000 folders, hard links to
# a few photographs, so that it takes inodes' worth of no disk), keep its index, open it. The tree is removed at the end.
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=$1 bench=$2 scratch=$3
tree=$scratch/million
rm -rf "$tree"
mkdir -p "$tree"
trap 'rm -rf "$tree"' EXIT
"$bin/nndata" synth "$tree/source" --train 200 --test 10 --seed 1 >/dev/null
python3 - "$tree" <<'PYTHON'
import glob, os, sys
tree = sys.argv[1]
source = sorted(glob.glob(tree + "/source/train/*/*"))
done, copy = 0, 0
links = {}
for c in range(1000):
    folder = "%s/train/n%08d" % (tree, 1440764 + 7919 * c)
    os.makedirs(folder)
    for i in range(1281 + (c < 167)):
        file = source[done % len(source)]
        if links.get(file, 0) == 60000:  # ext4 allows 65,000 links
            fresh = tree + "/source/copy%d" % copy
            copy += 1
            open(fresh, "wb").write(open(file, "rb").read())
            source[done % len(source)] = file = fresh
        os.link(file, "%s/n%08d_%d.JPEG" % (folder, 1440764 + 7919 * c, i * 37 % 99991))
        links[file] = links.get(file, 0) + 1
        done += 1
print(done, "files in 1000 folders")
PYTHON
sleep 3 # folders younger than two seconds would be listed again at every opening
echo "== scanned, as without an index"
XDG_CACHE_HOME=$tree/none "$bench/bench_index" "$tree/train"
echo "== nndata index"
/usr/bin/env time -f "%e s, %M KB at most" "$bin/nndata" index "$tree/train" --out "$tree/train.index" 2>&1
ls -l "$tree/train.index" | awk '{print $5, "bytes"}'
echo "== opened from its file"
"$bench/bench_index" "$tree/train.index"
echo "== all of it checked"
/usr/bin/env time -f "%e s" "$bin/nndata" index "$tree/train.index" --check 2>&1
echo "== with a file more than when it was made: must be refused"
ln "$tree/train/n01440764/n01440764_0.JPEG" "$tree/train/n01440764/one_more.JPEG"
if "$bench/bench_index" "$tree/train.index" 2>&1; then
    echo "index_million.sh: the index is stale, and was opened" >&2
    exit 1
fi
