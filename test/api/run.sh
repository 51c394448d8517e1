#!/usr/bin/env bash
# Tries the HTTP API with requests that schemathesis makes from /openapi.json, valid and invalid, with a key and without:
# npm run test:api [examples per operation, 5 unless given]. It needs python3 with venv, and fetches schemathesis.
set -euo pipefail
cd "$(dirname "$0")/../.."
readonly KEY=api-test-0123456789
work=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$work"' EXIT

python3 -m venv "$work/python"
"$work/python/bin/pip" install --quiet --disable-pip-version-check schemathesis==4.32.5
npm run --silent build:server
mkdir "$work/run"
cp test/api/schemathesis.toml "$work/run"

# once NAME ARGUMENT…: a run against a server of its own.
once() {
  local name=$1 url=
  shift
  DATA_DIR="$work/$name-data" PORT=0 API_KEYS="test=$KEY" node dist/server.js >"$work/$name.log" 2>&1 &
  server=$!
  for _ in $(seq 100); do
    url=$(sed -n 's/.*Server listening at \(http[^"]*\)".*/\1/p' "$work/$name.log" | head -1)
    [ -n "$url" ] && break
    sleep 0.2
  done
  if [ -z "$url" ]; then
    cat "$work/$name.log"
    failed=1
    return
  fi
  printf '%s\n' "--- $name"
  (cd "$work/run" && "$work/python/bin/schemathesis" run "$url/openapi.json" --checks all --seed 1 \
    --phases examples,coverage,fuzzing --max-examples "$examples" "$@") || failed=1
  kill "$server"
  wait "$server" || true
}

examples=${1:-5}
failed=0
once 'with a key' --header "x-api-key: $KEY" --header "Authorization: Bearer $KEY"
once 'without a key'
exit "$failed"
