#!/bin/sh
# Runs a command with a limit of its own on memory, the page cache of its files included:
#
#   bench/within-memory.sh 6G graft bench step --model FOLDER --data row128 --cold
#
# Uses systemd where it runs, else a control group (version 2 or 1), for which one has to be root.
set -eu
limit=$1
shift

if systemctl is-system-running >/dev/null 2>&1; then
  exec systemd-run --quiet --scope -p MemoryMax="$limit" -p MemorySwapMax=0 "$@"
fi

bytes=$(numfmt --from=iec "$limit")
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  group=/sys/fs/cgroup/graft-$$
  file=memory.max
  peak=memory.peak
else
  group=/sys/fs/cgroup/memory/graft-$$
  file=memory.limit_in_bytes
  peak=memory.max_usage_in_bytes
fi

mkdir "$group"
trap 'rmdir "$group"' EXIT
echo "$bytes" >"$group/$file"
code=0
sh -c 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"' sh "$group" "$@" || code=$?
echo "most memory in use, pages of files included: $(($(cat "$group/$peak") >> 20)) MiB of $((bytes >> 20)) MiB" >&2
exit $code
