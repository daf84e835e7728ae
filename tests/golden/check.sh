#!/bin/bash
# check.sh BIN RUN_NETWORK - make every golden file again with the software it comes from and compare: JSON numbers within 2e-5 (other
# processors sum in other orders), everything else byte for byte; and let other software read what the programs write.
# Called by `make test-peers`.
set -u
bin=$(realpath "$1")
run_network=$(realpath "$2")
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
if /usr/bin/python3 check_pack.py "$bin/nndata"; then
    echo "ok      check_pack.py"
else
    echo "FAILED  check_pack.py"
    failed=1
fi
if /usr/bin/python3 check_networks.py "$run_network"; then
    echo "ok      check_networks.py"
else
    echo "FAILED  check_networks.py"
    failed=1
fi
exit $failed
