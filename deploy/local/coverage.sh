#!/usr/bin/env bash
# coverage.sh: runs the tests that lie beside the code, those that need no server, and those of the doors and of the views, which
# have both in their own process, on a stack of their own; counts the lines of ours that they run, and prints them by file.
# What runs in processes that are killed is not counted. The exit code is 1 below 70 %. The build is one of its own, since every line
# of it counts.
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
cargo llvm-cov --no-report --workspace --features faults --lib --bins --test '???*'
cargo llvm-cov --no-report --workspace --features faults --test it -- \
  tidy simulation watched::queries watched::rules watched::promql
"$here/with-stack.sh" coverage 25000 cargo llvm-cov --no-report --workspace --features faults --test it -- http:: views::
# Tests are not what is tested.
cargo llvm-cov report --workspace --summary-only --fail-under-lines 70 --ignore-filename-regex '(^|/)(tests|benches)(/|\.rs)'
