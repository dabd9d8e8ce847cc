#!/usr/bin/env bash
# with-stack.sh NAME OFFSET CMD...: runs CMD on a stack of its own, made from nothing, and stops
# the stack at the end: when CMD is done, when it fails, on Ctrl-C. The exit code is CMD's.
#
# The state lies under .orion/NAME and is kept until the next run, for its logs; each port is
# the usual one plus OFFSET, so that a running demo is not disturbed. Services that KAFKA_BROKERS,
# DATABASE_URL or SCHEMA_REGISTRY_URL name are used instead, unless they are the demo's.
set -euo pipefail
# shellcheck source=SCRIPTDIR/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

main() {
  (($# >= 3)) || usage "with-stack.sh NAME OFFSET CMD..."
  local name=$1 offset=$2
  shift 2
  forget_demo
  # A test may kill the services of such a stack, and wipe what they hold.
  unset ORION_DISPOSABLE
  [[ -n ${KAFKA_BROKERS:-}${DATABASE_URL:-}${SCHEMA_REGISTRY_URL:-} ]] || export ORION_DISPOSABLE=1
  export ORION_STATE=$state/$name
  export ORION_KAFKA_PORT=$((${ORION_KAFKA_PORT:-9092} + offset))
  export ORION_KAFKA_CONTROLLER_PORT=$((${ORION_KAFKA_CONTROLLER_PORT:-9093} + offset))
  export ORION_POSTGRES_PORT=$((${ORION_POSTGRES_PORT:-5433} + offset))
  export ORION_REGISTRY_PORT=$((${ORION_REGISTRY_PORT:-8081} + offset))
  export ORION_HTTP_PORT=$((${ORION_HTTP_PORT:-8080} + offset))
  export ORION_GRPC_PORT=$((${ORION_GRPC_PORT:-8090} + offset))

  mkdir -p "$state"
  exec 6>"$state/$name.lock"
  flock -n 6 || unavailable "Another run uses $ORION_STATE: wait for its end."
  child=
  trap 'stopped 130' INT
  trap 'stopped 143' TERM HUP
  trap '"$here/stack.sh" down' EXIT
  "$here/stack.sh" clean
  "$here/stack.sh" up
  local exports code=0
  exports=$("$here/stack.sh" env)
  eval "$exports"
  # A session of its own, so that Ctrl-C reaches it through us alone, and all of it at once.
  setsid "$@" 6>&- &
  child=$!
  wait "$child" || code=$?
  exit "$code"
}

# shellcheck disable=SC2317 # called by traps
stopped() {
  trap - INT TERM HUP
  if [[ $child ]]; then
    kill -TERM -- "-$child" 2>/dev/null || true
    wait "$child" 2>/dev/null || true
  fi
  exit "$1"
}

# A shell that evaluated `stack.sh env` names the demo's services; a test must not use those.
forget_demo() {
  local exports
  exports=$("$here/stack.sh" env 2>/dev/null) || return 0
  if [[ $exports == "$(env_now)" ]]; then
    unset KAFKA_BROKERS DATABASE_URL SCHEMA_REGISTRY_URL
  fi
}

env_now() {
  printf 'export KAFKA_BROKERS=%q\nexport DATABASE_URL=%q\nexport SCHEMA_REGISTRY_URL=%q\n' \
    "${KAFKA_BROKERS:-}" "${DATABASE_URL:-}" "${SCHEMA_REGISTRY_URL:-}"
}

main "$@"
