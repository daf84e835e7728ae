#!/bin/sh
# deps.sh build|test|peers ... - check for the Debian packages that a target needs and install the missing ones by name
# (with sudo where not root). With DEPS=no it only says what is missing and fails if anything is.
set -eu

build='gcc libc6-dev make pkg-config libjpeg62-turbo-dev libpng-dev zlib1g-dev libyaml-dev
       libjansson-dev libssl-dev libxxhash-dev libopenblas-pthread-dev libmicrohttpd-dev'
packages=
for set in "$@"; do
    case $set in
    build) packages="$packages $build" ;;
    test) packages="$packages $build check python3 libsystemd-dev" ;;
    peers) packages="$packages $build slurm-wlm munge libmunge-dev check python3 python3-pil python3-pip python3-setuptools python3-wheel python3-numpy python3-torch python3-torchvision python3-opencv python3-sklearn python3-scipy chromium curl"
           command -v npm >/dev/null || packages="$packages npm" ;;
    clang) packages="$packages clang" ;;
    fuzz) packages="$packages $build clang libclang-rt-14-dev" ;;
    *) echo "deps.sh: no such set: $set (build, test, peers, clang, fuzz)" >&2; exit 2 ;;
    esac
done

if ! command -v dpkg-query >/dev/null; then
    # Not Debian: the libraries may still be there under other names.
    pkg-config --exists libjpeg libpng zlib yaml-0.1 jansson libcrypto libssl libxxhash openblas libmicrohttpd && exit 0
    echo "tenfold: this system has no dpkg; install what Debian calls:" $packages >&2
    exit 1
fi

missing=
for package in $packages; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || case " $missing " in *" $package "*) ;; *) missing="$missing $package" ;; esac
done
[ -n "$missing" ] || exit 0

if [ "${DEPS:-yes}" = no ]; then
    echo "tenfold: missing Debian packages:$missing" >&2
    echo "tenfold: install them with: apt-get install$missing" >&2
    exit 1
fi
echo "tenfold: installing Debian packages:$missing" >&2
as_root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
        echo "tenfold: neither root nor sudo; ask an administrator for: apt-get install$missing" >&2
        exit 1
    }
    as_root=sudo
fi
log=$(mktemp)
if ! { $as_root apt-get update && DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    echo "tenfold: apt-get could not install:$missing" >&2
    exit 1
fi
rm -f "$log"
