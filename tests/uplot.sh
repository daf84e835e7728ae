#!/bin/sh
# uplot.sh - fetch uPlot, the charts of nnboard's page, into fetched/uplot: one archive whose SHA-256 is pinned here, by the
# npm client and the registry that it is set up for. UPLOT=uplot-1.6.32.tgz takes an archive that was brought along.
# With DEPS=no nothing is fetched. Fails where there is none; all but nnboard's pages is built without it.
set -eu
version=1.6.32
sum=4b8a8191e425658e3ea8c8c1314b0fc679c861ee3a1af2b20c7b16ba50b5133d
cd "$(dirname "$0")/.."

kept=fetched/uplot
[ -f "$kept/$version" ] && exit 0
without="nnboard is built without its pages (docs/nnboard.md)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
archive=$work/uplot-$version.tgz
if [ -n "${UPLOT:-}" ]; then
    cp "$UPLOT" "$archive"
elif [ "${DEPS:-yes}" = no ]; then
    echo "tenfold: uPlot $version is not in fetched/; $without" >&2
    exit 1
elif ! command -v npm >/dev/null; then
    echo "tenfold: there is no npm to fetch uPlot $version with; $without" >&2
    exit 1
else
    echo "tenfold: fetching uPlot $version" >&2
    (cd "$work" && timeout 30 npm pack "uplot@$version" --silent --fetch-retries=0 --fetch-timeout=15000) >"$work/log" 2>&1 || {
        tail -n 5 "$work/log" >&2
        echo "tenfold: npm could not fetch uPlot $version; $without" >&2
        exit 1
    }
fi
echo "$sum  $archive" | sha256sum --check --status || {
    echo "tenfold: uPlot's archive has not the SHA-256 $sum; $without" >&2
    exit 1
}
tar -xzf "$archive" -C "$work" package/LICENSE package/dist/uPlot.iife.min.js package/dist/uPlot.min.css
mkdir -p "$kept"
for file in LICENSE dist/uPlot.iife.min.js dist/uPlot.min.css; do
    # As of now: an archive's dates are older than what was built without it.
    cat "$work/package/$file" >"$kept/$(basename $file)"
done
: >"$kept/$version"
