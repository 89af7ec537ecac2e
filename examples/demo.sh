#!/usr/bin/env bash
# Builds remora, starts a small MCP server of its own, calls the same tools from
# a Go program (through the plugin), from Node (through the npm package) and from
# a plain Extism host (on Node), and prints what was called and how long it took.
# Then it serves a web page to go on with.
#
#   examples/demo.sh [--built]
#
# In a terminal the server and the page stay until Ctrl-C. Elsewhere the page is
# fetched once, and all of it ends. --built takes what build.sh has built before.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() {
  printf 'demo: %s\n' "$*" >&2
  exit 1
}

case "$*" in
  "") ./build.sh ;;
  --built) ;;
  *) fail "usage: examples/demo.sh [--built]" ;;
esac
internal/tools/npm-install.sh examples/node
internal/tools/npm-install.sh examples/web
printf 'build: dist/web\n'
npm --prefix examples/web run --silent build
printf 'build: dist/demo\n'
mkdir -p dist/demo
go build -o dist/demo/ ./cmd/remora ./examples/go/demo

# start COMMAND... starts a server, which says in its first line where it
# listens: that becomes $url. It is ended with this script in any case.
servers=()
stop() {
  [ "${#servers[@]}" -eq 0 ] || kill "${servers[@]}" 2>/dev/null || true
  wait
}
trap stop EXIT
url=
start() {
  local pipe=dist/demo/first-line line from
  rm -f "$pipe"
  mkfifo "$pipe"
  "$@" >"$pipe" &
  servers+=("$!")
  exec {from}<"$pipe"
  rm -f "$pipe"
  read -r -t 30 line <&"$from" || fail "$1 did not start"
  url=${line#listening on }
}

start dist/demo/remora demo-server --addr 127.0.0.1:0
server=$url
printf '\nthe MCP server listens on %s\n' "$server"
printf '\nGo, through the plugin:\n'
dist/demo/demo -rows dist/demo/go.tsv "$server"
printf '\nNode %s, through the npm package:\n' "$(node --version)"
node examples/node/demo.mjs --rows dist/demo/node.tsv "$server"
printf '\nExtism on Node, through the plugin, with no driver:\n'
node --no-warnings examples/node/extism.mjs --rows dist/demo/extism.tsv "$server"

printf '\n'
# On Node the core gets ready as a part of the first connect.
awk -F '\t' '
  function line(name, outcome, go, node, extism) {
    printf "%-10s  %-26s  %10s  %10s  %10s\n", name, outcome, go, node, extism
  }
  function cell(program) { return (program, $1) in took ? took[program, $1] : "-" }
  FILENAME != ARGV[ARGC - 1] { took[FILENAME, $1] = $3 " ms"; next }
  FNR == 1 { line("call", "outcome", "Go", "Node", "Extism") }
  { line($1, $2, $3 " ms", cell(ARGV[1]), cell(ARGV[2])) }
' dist/demo/node.tsv dist/demo/extism.tsv dist/demo/go.tsv
printf '%s\n' \
  "The first open on a machine compiles the plugin. Extism's simple exports connect anew for" \
  "each call and have no progress."

start node examples/web/serve.js --port 0
printf '\nA page to go on with, while this runs:\n  %s?url=%s\n' "$url" "$server"
if [ -t 0 ] && [ -t 1 ]; then
  printf 'Ctrl-C ends it.\n'
  trap 'exit 0' INT TERM
  wait -n || true
  fail "a server has ended"
fi
node --input-type=module --eval '
  const page = await fetch(process.argv[1]);
  const text = await page.text();
  const policy = page.headers.get("content-security-policy") ?? "";
  if (page.status !== 200 || !text.includes("<script") || !policy.includes("wasm-unsafe-eval")) {
    console.error(`demo: the page is not served as it should be (status ${page.status})`);
    process.exit(1);
  }
' "$url" || exit 1
printf 'It was fetched once; in a terminal it stays.\n'
