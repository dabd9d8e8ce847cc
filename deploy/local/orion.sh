#!/usr/bin/env bash
# orion.sh up|down|status|load ...: Orion itself on the local stack. `up` expects a running stack
# and a built binary; it makes keys, tables, topics and schemas, then keeps `orion run` (the
# cells) and `orion serve` (the API) alive as stack.sh keeps the services.
#
# ORION_HTTP_PORT (8080) and ORION_GRPC_PORT (8090) are the ports of the API, ORION_BIN the binary
# (default: the release build of this checkout).
set -euo pipefail
# shellcheck source=SCRIPTDIR/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

http_port=${ORION_HTTP_PORT:-8080}
grpc_port=${ORION_GRPC_PORT:-8090}
binary=${ORION_BIN:-${CARGO_TARGET_DIR:-$root/target}/release/orion}
wait_s=120

main() {
  case ${1:-} in
    up) settings && up ;;
    down) down ;;
    status) status ;;
    load) settings && shift && exec "$binary" load "$@" ;;
    *) usage "orion.sh up|down|status|load ..." ;;
  esac
}

# What the binary reads: the addresses of the running stack, and this state directory's keys.
settings() {
  local exports
  [[ -x $binary ]] || unavailable "There is no $binary: run cargo build --release."
  exports=$("$here/stack.sh" env)
  eval "$exports"
  export ORION_HTTP__LISTEN=127.0.0.1:$http_port
  export ORION_GRPC__LISTEN=127.0.0.1:$grpc_port
  export ORION_AUTH__PUBLIC_KEY=$state/keys/jwt.public.pem
  export ORION_AUTH__PRIVATE_KEY=$state/keys/jwt.private.pem
  export ORION_AUDIT__KEY_FILE=$state/keys/audit.private.pem
  export ORION_AUDIT__PUBLIC_KEY_FILE=$state/keys/audit.public.pem
  export ORION_SNAPSHOTS__FOLDER=$state/snapshots
}

# All of it may be repeated: what is there stays.
prepare() {
  mkdir -p "$state/keys"
  "$binary" token --init
  "$binary" migrate
  "$binary" topics apply
}

up() {
  local t0 i
  t0=$(now_us)
  if built_since; then
    down
  fi
  if ! kept orion-serve && listening "$http_port"; then
    unavailable "Port $http_port is taken by another program: set ORION_HTTP_PORT to a free port."
  fi
  if ! kept orion-serve && listening "$grpc_port"; then
    unavailable "Port $grpc_port is taken by another program: set ORION_GRPC_PORT to a free port."
  fi
  if ! (kept orion-run && kept orion-serve); then
    prepare
    stat -c '%y %s' "$binary" >"$run/orion.binary"
  fi
  # To stop, the cells drain and write a snapshot.
  # On a development machine days may pass between two starts.
  KEEP_SECONDS=60 "$here/keep.sh" orion-run "$binary" run --accept-gap
  "$here/keep.sh" orion-serve "$binary" serve
  for ((i = 0; ; i++)); do
    if ready; then break; fi
    if (($(now_us) - t0 > wait_s * 1000000)); then
      echo "Orion does not get ready; the ends of its logs:" >&2
      tail -n 15 "$log/orion-run.log" "$log/orion-serve.log" >&2 || true
      exit 69
    fi
    sleep 0.1
  done
  printf '%-9s %-42s ready in %s\n' orion "http://127.0.0.1:$http_port" "$(since "$t0")"
  printf '%-9s %s\n' '' "127.0.0.1:$grpc_port (gRPC)"
}

down() {
  local name
  # The door first, so that nothing new comes in while the cells drain.
  for name in orion-serve orion-run; do stop "$name"; done
}

status() {
  local name word child code=0
  for name in orion-run orion-serve; do
    word=down child=''
    if alive "$run/$name.child"; then
      child=$pid
      word=$(ready && echo ready || echo starting)
    fi
    [[ $word == ready ]] || code=1
    printf '%-11s %-8s %8s %9s %9s\n' "$name" "$word" "$child" \
      "${child:+$(rss "$child")}" "$(cat "$run/$name.restarts" 2>/dev/null || true)"
  done
  word=down
  if listening "$grpc_port"; then word=ready; fi
  printf '%-11s %-8s 127.0.0.1:%s\n' orion-grpc "$word" "$grpc_port"
  return $code
}

ready() { curl -fsS -m 2 -o /dev/null "http://127.0.0.1:$http_port/readyz" 2>/dev/null; }

# Whether another binary runs than the one that is built now.
built_since() {
  { kept orion-run || kept orion-serve; } &&
    [[ $(stat -c '%y %s' "$binary") != "$(cat "$run/orion.binary" 2>/dev/null || true)" ]]
}

main "$@"
