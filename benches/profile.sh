#!/usr/bin/env bash
# profile.sh CELL: where the time of a cell goes while it drains a backlog. CELL is settlement or views.
#
# It runs `drain_events` or `drain_views` of the pipeline bench once, samples with perf from the moment at which all
# threads of the cell run until it is killed, and prints who had the cores, and what the cell did with its part. KAFKA_BROKERS and
# the other two name services without a bank; perf needs to be root. README.md says more.
set -euo pipefail

cell=${1:-}
commands=${ORION_BENCH_COMMANDS:-1000000}
case $cell in
  settlement) measurement=drain_events count=$commands ;;
  views) measurement=drain_views count=$((commands / 5)) ;;
  *)
    echo "usage: profile.sh settlement|views" >&2
    exit 64
    ;;
esac
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)/profile
out=${here%/benches/*}/target/bench/profile
mkdir -p "$out"

main() {
  local bench pid='' pipeline
  : >"$out/$cell.err"
  ORION_BENCH_COMMANDS=$commands ORION_BENCH_RUNS=1 cargo bench --quiet --package orion --bench pipeline -- \
    "$measurement" >"$out/$cell.txt" 2>"$out/$cell.err" &
  bench=$!
  # The first start only opens accounts; the one after the backlog is the one.
  until grep -q 'appends a backlog' "$out/$cell.err"; do running "$bench"; done
  pipeline=$(pgrep -P "$bench")
  until pid=$(pgrep -P "$pipeline" -f "run --cells $cell"); do running "$bench"; done
  # perf misses threads that start while it attaches, so it comes when the last one is there, before the first epoch.
  until cat "/proc/$pid/task/"*/comm 2>/dev/null | grep -x sink >/dev/null; do running "$bench"; done
  # Stacks of the cell alone: looking up the symbols of everything else takes minutes.
  perf record --quiet --all-cpus --freq 199 --output "$out/$cell.all.perf" -- tail --pid "$pid" -f /dev/null &
  perf record --quiet --pid "$pid" --freq 499 --call-graph dwarf,8192 --output "$out/$cell.perf" || true
  wait
  sed -n '/_per_s\|_ms/p' "$out/$cell.txt"
  perf script --input "$out/$cell.all.perf" --fields comm,pid,period 2>/dev/null |
    awk -v cell="$pid" -f "$here/owners.awk"
  perf script --no-inline --input "$out/$cell.perf" --fields comm,pid,period,ip,sym 2>/dev/null |
    awk -v count="$count" -f "$here/stages.awk"
}

running() {
  kill -0 "$1" 2>/dev/null || {
    cat "$out/$cell.err" >&2
    exit 1
  }
  sleep 0.02
}

main
