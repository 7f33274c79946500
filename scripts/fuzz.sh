#!/usr/bin/env bash
# Looks for inputs on which the wire crate breaks its word: scripts/fuzz.sh [SECONDS] [TARGET...]
# Each target runs for SECONDS (300), JOBS (2) at a time; without names all of them run. With 0
# SECONDS they are only built. Seeds are
# in fuzz/corpus, what is found goes to fuzz/artifacts, inputs on the way to fuzz/target/corpus.
#
# This is libFuzzer on a stable toolchain: the flags are those that cargo-fuzz passes, less the
# address sanitizer, which only a nightly compiler has; there is no unsafe code in the wire crate.
set -euo pipefail
cd "$(dirname "$0")/../fuzz"

seconds=${1:-300}
[ $# -gt 0 ] && shift
host=$(rustc -vV | sed -n 's/^host: //p')
export RUSTFLAGS="--cfg fuzzing -Ccodegen-units=1 -Cpasses=sancov-module \
-Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
-Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares"
# With a target of their own, build scripts are not instrumented.
cargo build --release --locked --target "$host" --bins
[ "$seconds" -gt 0 ] || exit 0
bin=target/$host/release

run() { # target
  local name=$1 log=target/$1.log
  mkdir -p "target/corpus/$name" "artifacts/$name"
  if "$bin/$name" -max_total_time="$seconds" -max_len="${MAX_LEN:-16384}" -len_control=20 \
    -timeout=10 -rss_limit_mb=2048 -artifact_prefix="artifacts/$name/" \
    "target/corpus/$name" "corpus/$name" >"$log" 2>&1; then
    printf '%-12s %s\n' "$name" "$(grep -E '^Done' "$log")"
  else
    printf '%-12s FOUND: %s\n' "$name" "$(grep -m1 -A1 -E 'panicked|ERROR' "$log" | tail -1 | cut -c1-160), see fuzz/$log"
    return 1
  fi
}
export -f run
export seconds bin
if [ $# -eq 0 ]; then
  set -- $(sed -n 's/^name = "\([a-z]*\)"$/\1/p' Cargo.toml)
fi
printf '%s\n' "$@" | xargs -P "${JOBS:-2}" -I{} bash -c 'run {}'
