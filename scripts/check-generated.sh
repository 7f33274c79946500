#!/usr/bin/env bash
# What is generated from the code must be what is committed.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build -q -p weir --locked
stale() {
  echo "$1 is stale; run: make generated" >&2
  exit 1
}
target/debug/weir config schema | diff -u schema/weir.schema.json - || stale schema/weir.schema.json
target/debug/weir config reference | diff -u docs/configuration.md - || stale docs/configuration.md
target/debug/weir openapi | diff -u schema/openapi.json - || stale schema/openapi.json
# Where the dashboard's packages are there; else its own tests look.
if [ -d dashboard/node_modules ]; then
  (cd dashboard && npm run -s api -- --check)
fi
