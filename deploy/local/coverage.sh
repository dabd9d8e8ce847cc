#!/usr/bin/env bash
# coverage.sh: runs the tests that need no server, counts the lines of ours that they run, and prints them by file.
# The exit code is 1 below 70 %. The build is one of its own, since every line of it counts.
set -euo pipefail
# shellcheck source=SCRIPTDIR/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

version=0.9.1
tool=$cache/cargo-llvm-cov-$version

rustup component add llvm-tools
if [[ ! -x $tool/bin/cargo-llvm-cov ]]; then
  cargo install cargo-llvm-cov --version "$version" --locked --root "$tool"
fi
export PATH=$tool/bin:$PATH
cd "$root"
cargo llvm-cov clean --workspace
cargo llvm-cov --no-report --workspace --exclude orion
cargo llvm-cov --no-report --package orion --features faults --lib --bins
cargo llvm-cov --no-report --package orion --features faults --test it -- \
  tidy simulation watched::queries watched::rules watched::promql
# Tests are not what is tested.
cargo llvm-cov report --summary-only --fail-under-lines 70 --ignore-filename-regex '(^|/)(tests|benches)(/|\.rs)'
