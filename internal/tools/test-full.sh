#!/usr/bin/env bash
# Everything that can be tested: all tests of guests that are built with LEAN=0;
# then of those that ship, with the race detector and fuzzing; that these come out
# as the same bytes in another folder; and that both kinds pass as many checks of
# the conformance suite, scenario by scenario. At last a short benchmark, which fails
# only if a ratio is far off its target. It stops at the first that fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly counts=dist/test/checks
rm -rf "$counts"

# tested NAME ARGUMENTS... runs the tests and keeps how many checks each
# conformance client passed under that name. What an earlier run left is removed.
tested() {
  local name=$1 client
  shift
  for client in client-js client-plugin; do
    rm -f "dist/test/conformance/$client.json"
  done
  internal/tools/test.sh "$@"
  mkdir -p "$counts/$name"
  for client in client-js client-plugin; do
    cp "dist/test/conformance/$client.json" "$counts/$name/"
  done
}

say() { printf '\ntest-full: %s\n' "$*"; }

say "with LEAN=0"
LEAN=0 ./build.sh
tested plain
say "what ships: the same bytes from another folder"
LEAN=1 ./build.sh
internal/tools/reproducible.sh
say "what ships: every test, the race detector everywhere, fuzzing"
tested lean --full
diff -r -u "$counts/plain" "$counts/lean" || {
  printf 'test-full: the guests that ship do not pass the same checks as those with LEAN=0\n' >&2
  exit 1
}
say "what ships: no ratio is far off its target"
internal/tools/bench.sh --quick --fail-above 2 --json dist/test/bench.json --only small,flight16,1mb,start,memory \
  --clients node/sdk,node/remora,chromium/sdk,chromium/remora,go/sdk,go/host
say "passed; with LEAN=0 and without, the same checks of the conformance suite"
