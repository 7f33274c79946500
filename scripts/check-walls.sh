#!/usr/bin/env bash
# The walls between the crates: what each must not know, however indirectly.
set -euo pipefail
cd "$(dirname "$0")/.."

status=0
options=()
forbid() { # crate, then what it must not depend on
  local crate=$1 tree dependency
  shift
  # Asked once and for all, so that a failing question is not taken for a good answer.
  tree=$(cargo tree --locked -q -e normal --prefix none -p "$crate" "${options[@]}")
  for dependency in "$@"; do
    if grep -q "^$dependency v" <<<"$tree"; then
      echo "$crate must not depend on $dependency" >&2
      status=1
    fi
  done
}

forbid weir-wire tokio hyper rusqlite sqlx axum
forbid weir-core tokio hyper rusqlite sqlx axum
forbid weir-store hyper axum weir-proxy
forbid weir-proxy rusqlite sqlx axum weir-store
forbid weir-admin weir-proxy hyper-rustls
forbid weir-events rusqlite sqlx axum weir-store weir-proxy weir-admin
forbid weir-mock weir-proxy weir-store
# Its library alone.
options=(--no-default-features)
forbid weir rusqlite sqlx axum clap redis weir-store weir-admin weir-events weir-mock
exit $status
