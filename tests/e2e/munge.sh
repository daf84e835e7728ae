#!/bin/bash
# munge.sh BIN - a daemon and a relay that know each other by MUNGE: the same user gets batches, another gets none. Starts
# a munged of its own where none runs; needs root for that and for being another user.
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=$(realpath "$1")
[ "$(id -u)" -eq 0 ] || exec sudo "$0" "$bin"
home=$(mktemp -d /tmp/tenfold-munge.XXXXXX)
pids=()
finish() { for p in "${pids[@]}"; do kill "$p" 2>/dev/null && wait "$p" 2>/dev/null || true; done; rm -rf "$home"; }
trap finish EXIT
fail() { echo "munge.sh: $*" >&2; for log in "$home"/*.log; do echo "--- $log"; cat "$log"; done >&2; exit 1; }

# A munged in a container without systemd: the package has made its key.
if ! munge -n >/dev/null 2>&1; then
    install -d -o munge -g munge -m 755 /run/munge
    setpriv --reuid munge --regid munge --clear-groups munged --foreground >"$home/munged.log" 2>&1 &
    pids+=($!)
    for _ in $(seq 100); do munge -n >/dev/null 2>&1 && break; sleep 0.1; done
    munge -n >/dev/null || fail "munged does not start"
fi

# start LOG USER OPTIONS...: a daemon that listens; its first line is in LOG.out
start() {
    local log=$1 user=$2; shift 2
    setpriv --reuid "$user" --clear-groups "$home/nnprepd" "$@" >"$home/$log.out" 2>"$home/$log.log" &
    pids+=($!)
    for _ in $(seq 100); do grep -q listening "$home/$log.out" && return; sleep 0.1; done
    fail "nnprepd $* does not start"
}
cp "$bin/nnprepd" "$home/" # readable by another user
cp -r configs/. "$home/"
cp configs/demo.yaml "$home/net.yaml"
chmod -R a+rX "$home"
"$bin/nndata" synth "$home/data" --train 40 --test 10 --seed 1 >/dev/null
start far root --munge --listen "unix:$home/far.sock" --listen tcp:127.0.0.1:0
port=$(sed -n 's/.*listening on tcp:127.0.0.1://p' "$home/far.log")

train() { "$bin/nntrain" "$home/net.yaml" --data "$home/data/train" --set train.epochs=2 --set data.batch=8 --out "$@" >"$home/train.log" 2>&1; }
train "$home/here" || fail "nntrain alone"
start near root --munge --relay "127.0.0.1:$port" --listen "unix:$home/near.sock"
train "$home/there" --daemon "unix:$home/near.sock" || fail "nntrain through the relay"
cmp "$home/here/last.safetensors" "$home/there/last.safetensors" || fail "the weights differ"

install -d -o nobody -m 755 "$home/nobody"
start other nobody --munge --relay "127.0.0.1:$port" --listen "unix:$home/nobody/other.sock" --idle-exit 60
setpriv --reuid nobody --clear-groups "$home/nnprepd" top --daemon "unix:$home/nobody/other.sock" >"$home/top.log" 2>&1 || fail "top"
cp "$bin/nntrain" "$home/"
if setpriv --reuid nobody --clear-groups "$home/nntrain" "$home/net.yaml" --data "$home/data/train" --set train.epochs=2 --set data.batch=8 \
    --out "$home/nobody/run" --daemon "unix:$home/nobody/other.sock" >"$home/nobody.log" 2>&1; then
    fail "another user was served"
fi
grep -q "is it the daemon's key" "$home/nobody.log" || fail "another user was turned away for another reason"
echo "munge.sh: the same user is served, another is not"
