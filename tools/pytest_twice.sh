#!/bin/sh
# Runs pytest; what failed is run once more, alone and one by one.
# Usage: tools/pytest_twice.sh PYTHON CACHE_FOLDER ARGUMENT...
#
# These tests kill, race and starve real processes, clusters and disks; on a machine that is busy with
# something else one of a thousand may miss its moment. A test that fails twice has failed. What only
# passed the second time is named, and is a thing to look into.
set -u

python=$1 cache=$2
shift 2

"$python" -m pytest -o cache_dir="$cache" "$@"
code=$?
[ "$code" -eq 1 ] || exit "$code"

echo
echo "Once more, one by one, what failed:"
exec "$python" -m pytest -o cache_dir="$cache" --last-failed --last-failed-no-failures none "$@" -n 0 --dist no -v
