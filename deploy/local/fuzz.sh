#!/usr/bin/env bash
# fuzz.sh SECONDS SEED: runs every target of tests/fuzz for SECONDS, from the same seeds and with the
# same choices for the same SEED, and prints how fast each was and what it found. It fails where
# something was found, and says how to see that again.
#
# All that it makes goes to ORION_CACHE/fuzz: cargo-fuzz, what is built, the corpora, the findings.
set -euo pipefail
# shellcheck source=SCRIPTDIR/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cargo_fuzz=0.13.2
fuzz=$cache/fuzz
tools=$fuzz/tools
journal=$fuzz/build.log
export CARGO_TARGET_DIR=$fuzz/target PATH=$tools/bin:$PATH

main() {
  [[ $# == 2 && $1 =~ ^[1-9][0-9]*$ && $2 =~ ^[0-9]+$ ]] || usage "fuzz.sh SECONDS SEED"
  mkdir -p "$fuzz"
  [[ $(cargo-fuzz --version 2>/dev/null) == "cargo-fuzz $cargo_fuzz" ]] ||
    logged "Installing cargo-fuzz $cargo_fuzz" cargo install --quiet --locked --root "$tools" "cargo-fuzz@$cargo_fuzz"
  # Coverage alone, which stable Rust has too: none of this code is unsafe.
  logged "Building the targets" cargo fuzz build --fuzz-dir "$root/tests/fuzz" --sanitizer none --codegen-units 16

  local source found=0
  printf '%-10s %12s %12s %8s  %s\n' target inputs inputs/s edges findings
  for source in "$root"/tests/fuzz/fuzz_targets/*.rs; do
    run "$(basename "$source" .rs)" "$@" || found=1
  done
  return "$found"
}

# logged WORDS CMD...: says what begins and runs CMD with its output in the journal, the end of which is shown where it fails.
logged() {
  local words=$1
  shift
  echo "$words ..."
  "$@" >"$journal" 2>&1 && return
  tail -n 15 "$journal" >&2
  unavailable "$words failed: the whole of it is in $journal."
}

# run TARGET SECONDS SEED: runs a target from its seeds; fails where it finds something.
run() {
  local target=$1 seconds=$2 seed=$3 binary longest=4096 findings
  binary=$(echo "$CARGO_TARGET_DIR"/*/release/"$target")
  [[ $target != snapshots ]] || longest=32768
  findings=$fuzz/findings/$target
  rm -rf "$fuzz/corpus/$target" "$findings"
  mkdir -p "$fuzz/corpus/$target" "$findings"
  (
    # An allocation without bound fails here, whether its memory is ever touched or not.
    ulimit -v 4194304
    ORION_FUZZ_SEEDS=$fuzz/corpus/$target "$binary" -seed="$seed" -max_total_time="$seconds" -max_len="$longest" -timeout=10 \
      -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$findings/" "$fuzz/corpus/$target" >"$fuzz/$target.log" 2>&1
  ) || true
  printf '%-10s %12s %12s %8s  %s\n' "$target" "$(told number_of_executed_units)" "$(told average_exec_per_sec)" \
    "$(grep -o 'cov: [0-9]*' "$fuzz/$target.log" | tail -n 1 | cut -d ' ' -f 2)" "$(find "$findings" -type f | wc -l)"
  [[ -n $(told average_exec_per_sec) && -z $(find "$findings" -type f) ]] && return
  grep -m 1 -A 3 'panicked at\|ERROR: libFuzzer' "$fuzz/$target.log" || tail -n 5 "$fuzz/$target.log"
  find "$findings" -type f -printf "again: $binary %p\n"
  return 1
}

# told NAME: one of the numbers that libFuzzer prints last.
told() { sed -n "s/^stat::$1: *//p" "$fuzz/$target.log"; }

main "$@"
