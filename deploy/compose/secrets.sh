#!/usr/bin/env bash
# Writes .env with fresh secrets for `one` or `three`: secrets.sh one|three. What is there is never replaced.
set -euo pipefail
cd "$(dirname "$0")"

kind=${1:-}
case $kind in
  one | three) ;;
  *)
    echo "usage: secrets.sh one|three" >&2
    exit 2
    ;;
esac
file=$kind/.env
if [ -e "$file" ]; then
  echo "secrets: $PWD/$file is there already" >&2
  exit 1
fi

umask 077
hex() { openssl rand -hex 32; }
{
  echo "# Made by secrets.sh. Keep ENCRYPTION_KEY safe: without it providers' keys of projects cannot be read."
  echo "AUTH_TOKEN=$(hex)"
  echo "DASHBOARD_PASSWORD=$(hex)"
  echo "MANAGEMENT_TOKEN=$(hex)"
  echo "ENCRYPTION_KEY=$(openssl rand -base64 32)"
  if [ "$kind" = three ]; then
    echo "POSTGRES_PASSWORD=$(hex)"
    echo "REDIS_PASSWORD=$(hex)"
  fi
  echo "# Providers' keys, for clients that bring none of their own."
  echo "ANTHROPIC_API_KEY="
  echo "OPENAI_API_KEY="
  echo "GEMINI_API_KEY="
} >"$file.new"
# Nobody's that came first, and never half of one.
ln "$file.new" "$file"
rm "$file.new"
echo "secrets: wrote $PWD/$file"
