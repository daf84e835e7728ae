#!/bin/bash
# check.sh - make every golden file again with the software it comes from and compare: JSON numbers within 2e-5 (other
# processors sum in other orders), everything else byte for byte. Called by `make test-peers`.
set -u
cd "$(dirname "$0")"
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
failed=0
for script in make_*.py; do
    mkdir "$made/$script"
    if /usr/bin/python3 "$script" "$made/$script" && /usr/bin/python3 compare.py "$made/$script" .; then
        echo "ok      $script"
    else
        echo "FAILED  $script"
        failed=1
    fi
done
exit $failed
