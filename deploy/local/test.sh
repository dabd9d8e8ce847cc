#!/usr/bin/env bash
# test.sh CMD...: runs the tests of the whole house, which CMD is, in two halves side by side, each on a stack of its own: a
# house that is started, killed and waited for keeps no machine busy. The first half speaks as it goes, the second at its end.
# Services that KAFKA_BROKERS, DATABASE_URL or SCHEMA_REGISTRY_URL name have room for one house: there all run after each other.
# The exit code is 0 where all have passed.
set -euo pipefail
# shellcheck source=SCRIPTDIR/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# What `make check` has run already.
checked=(--skip simulation --skip tidy --skip watched::queries --skip watched::rules --skip watched::promql)
# About half of the time; the other half is whatever else there is.
half=(exactly_once risk:: overload:: backup:: audit:: offline:: conformance::)

main() {
  (($# >= 1)) || usage "test.sh CMD..."
  if [[ -n ${KAFKA_BROKERS:-}${DATABASE_URL:-}${SCHEMA_REGISTRY_URL:-} ]]; then
    exec "$here/with-stack.sh" test 10000 "$@" -- "${checked[@]}"
  fi
  local rest=() name code=0
  for name in "${half[@]}"; do rest+=(--skip "$name"); done
  said=$state/test-rest.out
  mkdir -p "$state"
  halves=()
  trap 'stopped 130' INT
  trap 'stopped 143' TERM HUP
  "$here/with-stack.sh" test 10000 "$@" -- "${half[@]}" "${checked[@]}" &
  halves+=("$!")
  "$here/with-stack.sh" test-rest 5000 "$@" -- "${rest[@]}" "${checked[@]}" >"$said" 2>&1 &
  halves+=("$!")
  wait "${halves[0]}" || code=$?
  wait "${halves[1]}" || code=$?
  cat "$said"
  exit "$code"
}

# shellcheck disable=SC2317 # called by traps
stopped() {
  trap - INT TERM HUP
  kill -TERM "${halves[@]}" 2>/dev/null || true
  wait "${halves[@]}" || true
  cat "$said"
  exit "$1"
}

main "$@"
