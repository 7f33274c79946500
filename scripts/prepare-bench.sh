#!/usr/bin/env bash
# Installs what the comparison needs besides Rust: nginx.
set -euo pipefail

if ! command -v nginx >/dev/null && [ ! -x /usr/sbin/nginx ]; then
  echo "prepare: installing nginx" >&2
  apt-get update -qq && apt-get install -y -qq nginx-light >/dev/null
fi
