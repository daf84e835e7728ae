#!/bin/bash
# read_ahead.sh BIN PHOTOS SCRATCH - what reading ahead is worth when the page cache holds nothing: 3,000 files (copies of
# the photographs) and one tar of them, thrown out of the page cache before each run. Interleaved, medians of five rounds.
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=$1 photos=$2 scratch=$3
data=$scratch/read_ahead
trap 'rm -rf "$data"' EXIT
rm -rf "$data"
python3 - "$bin" "$photos" "$data" <<'PYTHON'
import glob, os, re, shutil, statistics, subprocess, sys
program, photos, data = sys.argv[1:]
source = sorted(glob.glob(photos + "/*/*"))
for i in range(3000):
    folder = "%s/files/c%02d" % (data, i % 20)
    os.makedirs(folder, exist_ok=True)
    shutil.copyfile(source[i % len(source)], "%s/%04d.jpg" % (folder, i))
subprocess.run(["tar", "cf", data + "/all.tar", "-C", data + "/files", "."], check=True)
os.sync()

def evict():
    for root, _, names in os.walk(data):
        for name in names:
            fd = os.open(os.path.join(root, name), os.O_RDONLY)
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(fd)

found = {}
for _ in range(5):
    for where in "files", "all.tar":
        for ahead in 0, 256:
            evict()
            run = subprocess.run(
                [program + "/nndata", "batches", "configs/imagenet_resnet.yaml", "--data", data + "/" + where,
                 "--threads", "2", "--count", "20", "--stats", "--set", "data.batch=50",
                 "--set", "data.read_ahead=%d" % ahead], check=True, capture_output=True, text=True)
            line = [l for l in run.stderr.splitlines() if l.startswith("in all")][0]
            rate, read = re.search(r"in all: ([\d.]+) images/s.*read ([\d.]+)", line).groups()
            found.setdefault((where, ahead), []).append((float(rate), float(read)))
for (where, ahead), values in found.items():
    rates, reads = zip(*values)
    print("%-8s read_ahead %3d: %6.1f images/s (%.0f..%.0f), %.2f ms an image in reading (%.2f..%.2f)" % (
        where, ahead, statistics.median(rates), min(rates), max(rates),
        statistics.median(reads), min(reads), max(reads)))
PYTHON
