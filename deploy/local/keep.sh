#!/usr/bin/env bash
# keep.sh NAME CMD...: starts CMD and starts it again whenever it ends, by itself or by kill -9,
# until `stack.sh down`. Returns at once; the keeper outlives the calling shell.
#
#   .orion/run/NAME.keeper    pid and start time of the keeper
#   .orion/run/NAME.child     pid, start time, stop signal, program and place of CMD
#   .orion/run/NAME.restarts  how often CMD was started again
#   .orion/log/NAME.log       what CMD prints; past 64 MiB it moves to NAME.log.1
#
# KEEP_SIGNAL (TERM) asks CMD to stop, KEEP_SECONDS (30) is how long it may take. KEEP_PROGRAM
# and KEEP_PLACE name processes of CMD that leave its session: see `kin` in lib.sh.
# When the keeper itself is killed, CMD goes on unkept, and the next keeper replaces it.
set -euo pipefail
# shellcheck source=SCRIPTDIR/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

log_bytes_max=$((64 * 1024 * 1024))
tick_s=10

main() {
  [[ ${1:-} == --stay ]] || { start "$@" && return; }
  shift
  stay "$@"
}

# Detaches: a session of its own, no terminal, and none of the caller's file descriptors,
# since a pipe that stays open would make whoever reads it wait for the keeper.
start() {
  (($# >= 2)) || usage "keep.sh NAME CMD..."
  mkdir -p "$run" "$log"
  if kept "$1"; then return; fi
  (
    for fd in /proc/self/fd/*; do
      fd=${fd##*/}
      ((fd <= 2)) || eval "exec $fd>&-" 2>/dev/null || true
    done
    exec setsid "$here/keep.sh" --stay "$@" </dev/null >>"$log/$1.log" 2>&1
  ) &
  # The keeper counts as started when its pid file is there.
  for ((i = 0; i < 200; i++)); do
    if kept "$1"; then return; fi
    sleep 0.02
  done
  unavailable "The keeper of $1 did not start: see $log/$1.log."
}

stay() {
  name=$1
  shift
  child=
  stopping=
  # One keeper a name. The lock is closed in CMD, so it falls with the keeper.
  exec 9>"$run/$name.lock"
  flock -n 9 || exit 0
  trap 'stopping=1; ask' TERM INT HUP
  # A command that an earlier keeper left behind still holds ports and locks.
  end "$run/$name.child" "${KEEP_SECONDS:-30}"
  write "$run/$name.keeper" $$
  echo 0 >"$run/$name.restarts"

  local delay_ms=200 begun restarts=0
  until [[ $stopping ]]; do
    begun=$SECONDS
    setsid "$@" 9>&- &
    child=$!
    write "$run/$name.child" "$child" "${KEEP_SIGNAL:-TERM}" "${KEEP_PROGRAM:--}" "${KEEP_PLACE:-}"
    await
    sweep "$run/$name.child" || say "some of $name would not die"
    [[ $stopping ]] && break
    # What lived for a while failed for a new reason: start again quickly.
    ((SECONDS - begun > 10)) && delay_ms=200
    say "$name ended with $code; next start in $delay_ms ms"
    echo $((++restarts)) >"$run/$name.restarts"
    pause "$delay_ms"
    delay_ms=$((delay_ms * 2 > 5000 ? 5000 : delay_ms * 2))
  done
  rm -f "$run/$name.child" "$run/$name.restarts" "$run/$name.keeper"
}

# write FILE PID WORD...: names a process in FILE, in one step, so that nobody reads half.
write() {
  # shellcheck disable=SC2034 # set by stat_of
  local session started
  stat_of "$2" || started=0
  echo "$2 $started ${*:3}" >"$1.new"
  mv "$1.new" "$1"
}

ask() { [[ -z $child ]] || kill -"${KEEP_SIGNAL:-TERM}" "$child" 2>/dev/null || true; }

# Waits for the command to end; sets `code`. A trapped signal ends each `wait` early.
await() {
  local tick ended deadline=
  code=
  until [[ $code ]]; do
    if [[ $stopping && -z $deadline ]]; then
      ask # the signal may have come before `child` was known
      deadline=$((SECONDS + ${KEEP_SECONDS:-30}))
    fi
    if [[ $deadline ]] && ((SECONDS >= deadline)); then
      kill -KILL "$child" 2>/dev/null || true
    fi
    sleep "$([[ $stopping ]] && echo 0.2 || echo $tick_s)" 9>&- &
    tick=$!
    ended=
    wait -n -p ended "$child" "$tick" && code=$? || code=$?
    kill "$tick" 2>/dev/null || true
    if [[ ${ended:-} != "$child" ]]; then
      # Not the command ended, but a tick or a signal; unless it did so in between.
      code=
      alive "$run/$name.child" || { wait "$child" && code=$? || code=$?; }
    fi
    rotate
  done
}

pause() {
  sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))" 9>&- &
  wait $! || true
}

# The command holds the log open for appending, so the file is copied and emptied in place:
# what is written between the two is lost, which a development log can bear.
rotate() {
  local file=$log/$name.log
  (($(stat -c %s "$file") > log_bytes_max)) || return 0
  cp "$file" "$file.1"
  : >"$file"
}

say() { echo "$(date -u +%FT%TZ) keep: $*"; }

main "$@"
