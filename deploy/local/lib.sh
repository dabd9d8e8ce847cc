# shellcheck shell=bash disable=SC2034
# What the scripts of this directory share: where things lie, which processes are ours, and
# how they are stopped. It is sourced, never run.
#
# A process is ours when its pid and its start time are those that we wrote down: a pid alone
# may belong to somebody else by now. Nothing here ever looks for a process by its name alone.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
root=$(cd "$here/../.." && pwd -P)
cache=${ORION_CACHE:-${HOME:?is not set, and ORION_CACHE is not either}/.cache/orion}
state=${ORION_STATE:-$root/.orion}
[[ $state == /* ]] || state=$PWD/$state
state=$(realpath -m "$state")
run=$state/run
log=$state/log
export ORION_STATE=$state ORION_CACHE=$cache

kafka_version=4.3.1
registry_version=3.3.3
kafka_home=$cache/kafka-$kafka_version
registry_home=$cache/registry-$registry_version
promtool=$cache/promtool/promtool
python_home=$cache/python

# Exit codes are those of sysexits.h: 64 for a wrong call, 69 for a service or a tool that is
# not to be had.
usage() {
  echo "usage: $*" >&2
  exit 64
}

unavailable() {
  echo "$*" >&2
  exit 69
}

now_us() { echo "${EPOCHREALTIME//[.,]/}"; }

# since T0: the seconds since now_us printed T0, with one decimal.
since() {
  local ms=$((($(now_us) - $1) / 1000))
  printf '%d.%d s' $((ms / 1000)) $((ms % 1000 / 100))
}

# stat_of PID: sets `session` and `started`; fails when there is no such process, or only its
# zombie (in a container nobody may reap what we started).
stat_of() {
  local line fields
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
  read -ra fields <<<"${line##*) }"
  session=${fields[3]:-}
  started=${fields[19]:-}
  [[ -n $started && ${fields[0]} != [ZX] ]]
}

# alive FILE: whether the process that FILE names (`pid start-time ...`) runs; sets `pid`.
alive() {
  local start session started
  pid=
  [[ -s $1 ]] || return 1
  read -r pid start _ <"$1" || return 1
  stat_of "$pid" && [[ $started == "$start" ]]
}

# kin LEADER START PROGRAM PLACE: prints the pids of all that a kept command left behind.
# These are the members of the session that it led, and the processes that run PROGRAM (its
# name, as in /proc/PID/comm) in the directory PLACE. The second kind is for Postgres, whose
# backends leave the session and overwrite their environment.
kin() {
  local leader=$1 start=$2 program=$3 place=$4 session started entry comm
  # A leader with another start time is a stranger that got the number later; as long as one
  # member of the session lives, the kernel gives the number to nobody.
  if stat_of "$leader" && [[ $started != "$start" ]]; then
    leader=none
  fi
  for entry in /proc/[0-9]*; do
    stat_of "${entry#/proc/}" || continue
    if [[ $session == "$leader" ]] && ((started >= start)); then
      echo "${entry#/proc/}"
    elif [[ -n $place && $entry/cwd -ef $place ]]; then
      { read -r comm <"$entry/comm"; } 2>/dev/null || continue
      if [[ $comm == "$program" ]]; then echo "${entry#/proc/}"; fi
    fi
  done
}

# sweep FILE: kills what is left of the command that FILE names, and waits until it is gone.
sweep() {
  local leader start program place pids i
  [[ -s $1 ]] || return 0
  read -r leader start _ program place <"$1" || return 0
  for ((i = 0; i < 100; i++)); do
    mapfile -t pids < <(kin "$leader" "$start" "$program" "$place")
    ((${#pids[@]})) || return 0
    kill -KILL "${pids[@]}" 2>/dev/null || true
    sleep 0.05
  done
  return 1
}

# end FILE SECONDS: asks the command that FILE names to stop, with the signal written there,
# and kills it when SECONDS have passed; then sweeps.
end() {
  local pid signal deadline
  deadline=$((SECONDS + $2))
  if alive "$1"; then
    read -r _ _ signal _ <"$1"
    kill -"$signal" "$pid" 2>/dev/null || true
    while alive "$1" && ((SECONDS < deadline)); do sleep 0.05; done
  fi
  sweep "$1"
}

kept() { alive "$run/$1.keeper"; }

# stop NAME: ends a keeper and what it keeps. A keeper that was killed itself leaves its
# command behind: both cases end with nothing running.
stop() {
  local pid i
  if kept "$1"; then
    kill -TERM "$pid" 2>/dev/null || true
    # Longer than any KEEP_SECONDS: the keeper itself kills what will not stop.
    for ((i = 0; i < 1400; i++)); do
      kept "$1" || break
      sleep 0.05
    done
    if kept "$1"; then kill -KILL "$pid" 2>/dev/null || true; fi
  fi
  end "$run/$1.child" 10
  rm -f "$run/$1.keeper" "$run/$1.child" "$run/$1.restarts"
}

# names: all that has a keeper or a command in this state directory.
names() {
  local file
  for file in "$run"/*.keeper "$run"/*.child; do
    [[ -e $file ]] || continue
    file=${file##*/}
    echo "${file%.*}"
  done | sort -u
}

# listening PORT: whether something listens where we would. Read from the kernel's own table,
# so nothing is connected to, and a server that is slow to accept is seen too.
listening() {
  local port
  port=$(printf '%04X' "$1")
  # No pipe into grep -q: the writer would die of SIGPIPE, and pipefail call that "no".
  grep -Eqs "^ *[0-9]+: (00000000|0100007F|0{32}|0{24}01000000|0{16}FFFF00000100007F):$port [0-9A-F:]+ 0A " \
    /proc/net/tcp /proc/net/tcp6
}

# rss PID: resident memory in MiB.
rss() { awk '/^VmRSS/ { printf "%d", $2 / 1024 }' "/proc/$1/status" 2>/dev/null || true; }

# java_of: the java that JAVA_HOME names, else that of the PATH.
java_of() {
  if [[ -n ${JAVA_HOME:-} && -x $JAVA_HOME/bin/java ]]; then
    echo "$JAVA_HOME/bin/java"
  else
    command -v java || unavailable "There is no java: run deploy/local/install.sh."
  fi
}
